"""Tests the shipped weights on the test split: metrics.json, card.md and the parity figure.

    python -m ionwright.tools.predictors.evaluate_polymer_transport --data md.csv \
        --weights FOLDER [--comparison FILE.json] [--figure FILE.png]
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ionwright.generators.weights import read_config, weights_id
from ionwright.knowledge.vocabulary import property_of

from .polymer_model import LOGARITHMIC, TARGETS, features_of, load_model
from .polymer_transport import PolymerTransport
from .scores import regression_scores, spearman
from .train_polymer_transport import SPLITS, Labelled, of_splits, read_labelled

DOMAIN_BINS = ((0.0, 0.3), (0.3, 0.7), (0.7, 1.01))


def test_data(data: Labelled, variant: str) -> dict[str, Labelled]:
    """What a variant has not seen: the test split, and for the judge the generator split too."""
    parts = {"test": of_splits(data, ("test",))}
    if variant == "judge":
        parts["generator"] = of_splits(data, ("generator",))
    return parts


class Scored:
    """Predictions of a labelled set in log10 units (transference number: plain, cut to 0-1)."""

    def __init__(self, predictor: PolymerTransport, data: Labelled) -> None:
        value, low, high, self.domain = predictor.predict_arrays(data.psmiles)
        self.value, self.low, self.high = (_logged(column) for column in (value, low, high))
        self.truth = np.where(LOGARITHMIC, data.labels, np.clip(data.labels, 0, 1))
        self.scaffolds = np.unique(np.array(data.scaffolds), return_inverse=True)[1]

    def coverage_range(self, index: int) -> list[float]:
        """90 % range of the coverage over draws of whole scaffolds: relatives err alike."""
        rng = np.random.default_rng(0)
        held = (self.truth >= self.low) & (self.truth <= self.high)
        hits = np.bincount(self.scaffolds, held[:, index])
        sizes = np.bincount(self.scaffolds)
        draws = rng.integers(0, len(sizes), (2000, len(sizes)))
        shares = hits[draws].sum(1) / sizes[draws].sum(1)
        return [float(share) for share in np.quantile(shares, [0.05, 0.95])]

    def scores(self, index: int, keep: np.ndarray | None = None) -> dict[str, float]:
        """Figures of one property, over all rows or some."""
        rows = slice(None) if keep is None else keep
        columns = (self.truth, self.value, self.low, self.high)
        return regression_scores(*(column[rows, index] for column in columns))

    def by_domain(self, index: int) -> list[dict[str, float]]:
        """Figures by domain score: error should grow and coverage stay as the score falls."""
        rows = []
        for low, high in DOMAIN_BINS:
            keep = (self.domain >= low) & (self.domain < high)
            if keep.any():
                figures = self.scores(index, keep)
                names = ("n", "mae", "coverage", "interval_width")
                rows.append({"from": low, "to": min(high, 1.0), **{k: figures[k] for k in names}})
        return rows


def _logged(values: np.ndarray) -> np.ndarray:
    return np.where(LOGARITHMIC, np.log10(np.where(LOGARITHMIC, values, 1.0)), values)


def figures_of(scored: Scored) -> dict[str, Any]:
    """All figures of all properties, rounded to what they are worth."""
    out = {}
    for index, key in enumerate(TARGETS):
        error = np.abs(scored.value[:, index] - scored.truth[:, index])
        out[key] = {
            **scored.scores(index),
            "coverage_range": scored.coverage_range(index),
            "scale": "log10" if LOGARITHMIC[index] else "plain",
            # negative: errors grow with distance
            "spearman_error_domain": spearman(error, scored.domain),
            "by_domain": scored.by_domain(index),
        }
    return _rounded(out)


def uncut_transference(folder: Path, data: Labelled) -> dict[str, float]:
    """Figures of the transference number before values, intervals and labels are cut to 0-1."""
    model, _ = load_model(folder)
    raw, index = model.predict(data.features()), TARGETS.index("transference_number")
    value = raw.value[:, index]
    half = model.calibration[index].half_width(raw.clues[:, index])
    return _rounded(regression_scores(data.labels[:, index], value, value - half, value + half))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value


def speed_of(predictor: PolymerTransport, psmiles: Sequence[str]) -> dict[str, float]:
    """Polymers per CPU second: features from fresh text, and prediction once they are known."""
    features_of.cache_clear()
    start = time.process_time()
    features = [features_of(text) for text in psmiles]
    middle = time.process_time()
    predictor.predict_features(features)
    end = time.process_time()
    return {
        "features_per_cpu_second": round(len(psmiles) / (middle - start)),
        "predictions_per_cpu_second": round(len(psmiles) / (end - middle)),
    }


def metrics_of(folder: Path, data: Labelled) -> dict[str, Any]:
    """The content of metrics.json."""
    predictor, config = PolymerTransport.load(folder), read_config(folder)
    sets = {
        name: Scored(predictor, part) for name, part in test_data(data, config["variant"]).items()
    }
    properties = figures_of(sets["test"])
    tested = of_splits(data, ("test",))
    properties["transference_number"]["uncut"] = uncut_transference(folder, tested)
    conductivity = properties["ionic_conductivity"]
    metrics: dict[str, Any] = {
        "weights": weights_id(folder.name, folder),
        "variant": config["variant"],
        "trained_on": f"splits {', '.join(config['splits'])}: {config['n_training']} polymers",
        "tested_on": f"split test: {len(tested.psmiles)} polymers of "
        f"{len(set(tested.scaffolds))} scaffolds, none of them seen",
        "headline": {
            "log10 conductivity MAE": round(conductivity["mae"], 3),
            "R2": round(conductivity["r2"], 2),
            "rank correlation": round(conductivity["spearman"], 2),
            "coverage of 90 % interval": round(conductivity["coverage"], 3),
            "n": int(conductivity["n"]),
        },
        "properties": properties,
        "speed": speed_of(predictor, of_splits(data, SPLITS["judge"]).psmiles),
        "hardware": f"one thread, {platform.machine()}, Python {platform.python_version()}",
    }
    if "generator" in sets:
        metrics["on_generator_split"] = figures_of(sets["generator"])
    return metrics


def card_of(metrics: dict[str, Any], config: dict[str, Any], comparison: dict[str, Any]) -> str:
    """The card, every number taken from the metrics and the comparison."""
    recipe = ", ".join(f"{key} {value}" for key, value in config["recipe"].items())
    module = "ionwright.tools.predictors.train_polymer_transport"
    parts = [
        f"# polymer_transport ({metrics['variant']})",
        _ABOUT,
        f"- trained on: {metrics['trained_on']}; LightGBM trees and one graph network for each of "
        f"five folds of scaffolds ({recipe}); {config['cpu_seconds']} CPU seconds",
        f"- recipe: `python -m {module} --data md.csv --variant {metrics['variant']} --out FOLDER`",
        f"- tested on: {metrics['tested_on']}",
        f"- speed: {metrics['speed']['features_per_cpu_second']} polymers per CPU second from text "
        f"to features, {metrics['speed']['predictions_per_cpu_second']} from features to values "
        f"({metrics['hardware']})",
        "\n## Test split\n",
        _table(metrics["properties"]),
    ]
    if "on_generator_split" in metrics:
        parts += ["\n## Generator split (unseen by this variant)\n"]
        parts += [_table(metrics["on_generator_split"])]
    parts += ["\n## By domain score (test split, conductivity)\n", _domain_table(metrics)]
    if comparison:
        parts += ["\n## What else was tried\n", _comparison_table(comparison)]
    return "\n".join([*parts, _LIMITS])


_ABOUT = """
Conductivity, cation transference number and diffusivities of a polymer with LiTFSI (1.5 mol per kg
of polymer) at 353 K, from the repeat unit alone. Learned from the molecular dynamics of htp_md
(TRI-AMDD/htp_md, MIT; Xie et al., Nat. Commun. 13, 3415, 2022): it predicts what that protocol
would give, not an experiment. Intervals are conformal: 90 % of the polymers of left-out scaffolds
lie within, with a width that follows the models' disagreement and the distance to the training set.
"""

_LIMITS = """
## Limits

- Carbonates, urethanes, ureas and esters with ether and amine spacers are what the data holds.
  Elsewhere `in_domain` falls to 0 and the interval is an extrapolation, no promise.
- The labels of the transference number count ion clusters and are negative for a third of the
  polymers; values, intervals and labels are cut to 0-1 here.
- Other salts, concentrations and temperatures are not covered. Chain length and tacticity are not
  seen.
"""


def _table(properties: dict[str, Any]) -> str:
    rows = [
        "| property | n | MAE | R2 | rank correlation | coverage (range) | interval width |",
        "|---|---|---|---|---|---|---|",
    ]
    for key, f in properties.items():
        low, high = f["coverage_range"]
        unit = f"log10 {property_of(key).unit}" if f["scale"] == "log10" else "1"
        rows.append(
            f"| {key} ({unit}) | {f['n']:.0f} | {f['mae']:.3f} | {f['r2']:.2f} | "
            f"{f['spearman']:.2f} | {f['coverage']:.3f} ({low:.2f}-{high:.2f}) | "
            f"{f['interval_width']:.2f} |"
        )
    return "\n".join([*rows, "", _RANGE, *_uncut(properties)])


_RANGE = "The range of the coverage is what other draws of as many scaffolds would give (90 %)."


def _uncut(properties: dict[str, Any]) -> list[str]:
    figures = properties["transference_number"].get("uncut")
    if not figures:
        return []
    return [
        "Before the cut to 0-1 the transference number has "
        f"MAE {figures['mae']:.3f}, R2 {figures['r2']:.2f}, rank correlation "
        f"{figures['spearman']:.2f}, coverage {figures['coverage']:.3f}."
    ]


def _domain_table(metrics: dict[str, Any]) -> str:
    rows = ["| in_domain | n | MAE | coverage | interval width |", "|---|---|---|---|---|"]
    rows += [
        f"| {r['from']:g}-{r['to']:g} | {r['n']:.0f} | {r['mae']:.3f} | {r['coverage']:.3f} | "
        f"{r['interval_width']:.2f} |"
        for r in metrics["properties"]["ionic_conductivity"]["by_domain"]
    ]
    return "\n".join(rows)


def _comparison_table(comparison: dict[str, Any]) -> str:
    rows = [
        "R2 on left-out scaffolds, five folds of the generator and judge splits:\n",
        "| approach | " + " | ".join(TARGETS) + " |",
        "|---" * (len(TARGETS) + 1) + "|",
    ]
    for name, scores in comparison["approaches"].items():
        rows.append(f"| {name} | " + " | ".join(f"{scores[k]['r2']:.3f}" for k in TARGETS) + " |")
    ceiling = comparison["noise"]["r2_ceiling"]
    rows.append(
        "| what the label noise allows, at least | "
        + " | ".join(f"{ceiling[k]:.3f}" for k in TARGETS)
        + " |"
    )
    deviation = comparison["noise"]["std"]["ionic_conductivity"]
    return "\n".join(rows) + (
        f"\n\nThe last line follows from the label noise, bounded from above by "
        f"{comparison['noise']['twins']} pairs of near-twins (conductivity: {deviation:.3f} in "
        "log10 units)."
    )


def draw(scored: Scored, path: Path) -> None:
    """Parity plots with the intervals of every tenth polymer."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(TARGETS), figsize=(20, 4.4), layout="constrained")
    for index, (key, axis) in enumerate(zip(TARGETS, axes, strict=True)):
        truth, value = scored.truth[:, index], scored.value[:, index]
        some = np.arange(0, len(truth), 10)
        ends = np.abs(np.stack([scored.low, scored.high])[:, some, index] - value[some])
        axis.errorbar(
            truth[some], value[some], ends, fmt="none", ecolor="0.75", elinewidth=0.8, zorder=1
        )
        dots = axis.scatter(
            truth, value, c=scored.domain, s=7, cmap="viridis", vmin=0, vmax=1, zorder=2
        )
        low, high = min(truth.min(), value.min()), max(truth.max(), value.max())
        axis.plot([low, high], [low, high], color="black", linewidth=0.8)
        figures, prop = scored.scores(index), property_of(key)
        unit = "" if prop.unit == "1" else f" / ({prop.unit})"
        name = f"log10 {prop.symbol}{unit}" if LOGARITHMIC[index] else prop.symbol
        axis.set(xlabel=f"simulated {name}", ylabel=f"predicted {name}")
        axis.set_title(
            f"{prop.label}\nR2 {figures['r2']:.2f}, MAE {figures['mae']:.3f}, "
            f"coverage {figures['coverage']:.2f}",
            fontsize=10,
        )
    figure.colorbar(dots, ax=axes[-1], label="in_domain")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=75)


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes metrics.json and card.md beside the weights, and the figure if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--comparison", type=Path)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    data = read_labelled(options.data)
    metrics = metrics_of(options.weights, data)
    comparison = json.loads(options.comparison.read_text()) if options.comparison else {}
    card = card_of(metrics, read_config(options.weights), comparison)
    (options.weights / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    (options.weights / "card.md").write_text(card)
    if options.figure:
        predictor = PolymerTransport.load(options.weights)
        draw(Scored(predictor, of_splits(data, ("test",))), options.figure)


if __name__ == "__main__":
    main()
