"""Tests `band_gap` on the test split: metrics.json and card.md.

python -m ionwright.tools.predictors.evaluate_band_gap --data CRYSTALS.npz --weights FOLDER
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ionwright.generators.weights import read_config, weights_id

from .band_gap import SURE, BandGap, kind_of
from .crystal_cards import hardware, table, write_report
from .domain import similarities
from .scores import regression_scores
from .train_band_gap import Gaps, read_gaps

KINDS = ("metal", "semiconductor", "insulator")
DOMAIN_BINS = ((0.0, 0.3), (0.3, 0.7), (0.7, 1.01))


def classes(truth: np.ndarray, value: np.ndarray) -> dict[str, Any]:
    """Accuracy of the class, overall, balanced, and each class's share that is found."""
    known, said = ([kind_of(x) for x in column] for column in (truth, value))
    right = np.array([a == b for a, b in zip(known, said, strict=True)])
    found = {kind: float(right[np.array(known) == kind].mean()) for kind in KINDS}
    return {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(np.mean(list(found.values()))),
        "found": found,
        "n": dict(Counter(known)),
    }


def nearest_gaps(train: Gaps, test: Gaps) -> np.ndarray:
    """The gap of the training crystal with the most similar composition."""
    parts = [
        train.gaps[similarities(test.bits[start : start + 256], train.bits).argmax(1)]
        for start in range(0, len(test), 256)
    ]
    return np.concatenate(parts)


def metrics_of(folder: Path, data: Path) -> dict[str, Any]:
    """The content of metrics.json."""
    train, test = read_gaps(data, "train"), read_gaps(data, "test")
    predictor, config = BandGap.load(folder), read_config(folder)
    start = time.process_time()
    value, low, high, chance, domain = predictor.predict_arrays(test.features, test.bits)
    seconds = time.process_time() - start
    plain = {
        "median": np.full(len(test), float(np.median(train.gaps))),
        "mean": np.full(len(test), float(train.gaps.mean())),
        "nearest composition": nearest_gaps(train, test),
    }
    opened = test.gaps > 0.05
    return {
        "weights": weights_id(folder.name, folder),
        "trained_on": f"{config['n_training']} Materials Project crystals (split train)",
        "tested_on": f"{len(test)} crystals of {len(set(test.systems))} unseen chemical systems",
        "band_gap": {
            "scale": "eV, PBE",
            **regression_scores(test.gaps, value, low, high),
            "mae_where_gap": float(np.abs(value - test.gaps)[opened].mean()),
            "coverage_where_gap": float(((low <= test.gaps) & (test.gaps <= high))[opened].mean()),
            "by_domain": [_bin(test.gaps, value, low, high, domain, *ends) for ends in DOMAIN_BINS],
        },
        "coverage_unsure": float(((low <= test.gaps) & (test.gaps <= high))[chance >= SURE].mean()),
        "width_unsure": float(np.median((high - low)[chance >= SURE])),
        "classes": classes(test.gaps, value),
        "brier_of_a_gap": float(((chance - opened) ** 2).mean()),
        "baselines": {
            name: {
                **regression_scores(test.gaps, one),
                "mae_where_gap": float(np.abs(one - test.gaps)[opened].mean()),
                "classes": classes(test.gaps, one),
            }
            for name, one in plain.items()
        },
        "seed": config["recipe"]["seed"],
        "hardware": hardware(),
        "crystals_per_cpu_second": round(len(test) / seconds),
    }


def _bin(
    truth: np.ndarray,
    value: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    domain: np.ndarray,
    start: float,
    end: float,
) -> dict[str, Any]:
    keep = (domain >= start) & (domain < end)
    return {
        "from": start,
        "to": min(end, 1.0),
        **regression_scores(truth[keep], value[keep], low[keep], high[keep]),
    }


def card_of(metrics: dict[str, Any]) -> str:
    """The content of card.md."""
    own, kinds = metrics["band_gap"], metrics["classes"]
    rows = [["band_gap", *_row(own, kinds)]]
    rows += [[name, *_row(one, one["classes"])] for name, one in metrics["baselines"].items()]
    columns = ["", "MAE eV", "MAE where a gap", "R2", "rank corr.", "class accuracy", "balanced"]
    bins = [
        [f"{b['from']:g}-{b['to']:g}", int(b["n"]), b["mae"], b["coverage"], b["interval_width"]]
        for b in own["by_domain"]
    ]
    shares = ", ".join(
        f"{kind} {100 * kinds['found'][kind]:.0f} % of {kinds['n'][kind]}" for kind in KINDS
    )
    return f"""
# band_gap

PBE band gap of a crystal from its composition and seven cheap figures of its cell (boosted trees:
one set says whether there is a gap, one how wide). **PBE gaps underestimate experiment by about
40 %**; nothing is corrected here.

- data: Materials Project (CC-BY 4.0); {metrics["trained_on"]}
- recipe: `python -m ionwright.tools.predictors.train_band_gap --data CRYSTALS.npz --out FOLDER`
- tested on: {metrics["tested_on"]}; calibrated on the val split, sure metals apart from the rest
  (the test split was read a second time after they had been calibrated together)
- speed: {metrics["crystals_per_cpu_second"]} crystals per CPU second from features
  ({metrics["hardware"]})

## Test split

{table(columns, rows)}

Found of each class (metal under 0.05 eV, insulator from 3 eV): {shares}.
The 90 % interval holds {100 * own["coverage"]:.0f} % of all and
{100 * own["coverage_where_gap"]:.0f} % of those with a gap. Where the trees are not sure of a metal
it holds {100 * metrics["coverage_unsure"]:.0f} % and is {metrics["width_unsure"]:.2f} eV wide
(median). Brier score of "has a gap": {metrics["brier_of_a_gap"]:.3f}.

{table(["in_domain", "n", "MAE", "coverage", "width"], bins)}

## Limits

- Values are those of PBE (with U where the Materials Project uses it) at 0 K.
- Magnetic order, strain and defects are not seen; cells of up to 20 atoms were learned from.
"""


def _row(scores: dict[str, Any], kinds: dict[str, Any]) -> list[float]:
    names = ("mae", "mae_where_gap", "r2", "spearman")
    return [*(scores[name] for name in names), kinds["accuracy"], kinds["balanced_accuracy"]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes metrics.json and card.md beside the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    options = parser.parse_args(arguments)
    metrics = metrics_of(options.weights, options.data)
    write_report(options.weights, metrics, card_of(metrics))


if __name__ == "__main__":
    main()
