"""Tests the shipped weights on the test split of the table: metrics.json and card.md.

    python -m ionwright.tools.predictors.evaluate_insertion_electrode \
        --table mp_insertion_electrodes.csv --weights FOLDER [--labels labels.jsonl]
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ionwright.generators.weights import read_config
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.vocabulary import WORKING_IONS

from .electrode_combination import apply_combination, both_of, potential_figures, read_labels
from .electrode_features import VOLUMES, names
from .electrode_model import MODES, ElectrodeModel, Question, load_model, table_with_clues
from .electrode_redox import ANIONS, ends_of, redox_of
from .electrode_table import Electrode, of_splits, read_table
from .scores import regression_scores
from .train_insertion_electrode import questions_of

USUAL = 0.5  # volume change above which the ends are hardly one framework
RIDGE = 3.0


def truth_of(rows: Sequence[Electrode], key: str = "average_voltage") -> np.ndarray:
    """A column of the table (n,)."""
    return np.array([row.values[key] for row in rows])


def is_usual(row: Electrode) -> bool:
    """Whether it is what candidates are: one of the seven ions, and a framework with anions."""
    return row.pair.ion in WORKING_IONS and not redox_of(row.pair.discharged).metallic


def chemistry(row: Electrode) -> tuple[str, str, str]:
    """Ion, most abundant redox element and most abundant anion: what the plain baseline knows."""
    redox = redox_of(row.pair.discharged)
    framework = row.pair.framework
    anions = sorted((-framework[el], el.symbol) for el in framework if el.symbol in ANIONS)
    return row.pair.ion, (redox.elements or ("-",))[0], anions[0][1] if anions else "-"


def by_chemistry(
    train: Sequence[Electrode], test: Sequence[Electrode], key: str, average: Callable
) -> np.ndarray:
    """The baseline: average over the training rows of the same chemistry; coarser if there are
    fewer than three."""
    known: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for row in train:
        for depth in range(4):
            known[chemistry(row)[:depth]].append(row.values[key])
    return np.array(
        [
            average(next(v for d in (3, 2, 1, 0) if len(v := known[chemistry(row)[:d]]) > 2))
            for row in test
        ]
    )


def linear(train: Sequence[Electrode], test: Sequence[Electrode]) -> np.ndarray:
    """Voltages of a ridge regression on the features of the formulas alone."""
    hidden = [names().index(name) for name in VOLUMES]
    tables = [
        np.delete(table_with_clues(questions_of(rows, "formulas")), hidden, axis=1)
        for rows in (train, test)
    ]
    mean, spread = tables[0].mean(0), tables[0].std(0) + 1e-6
    known, new = ((table - mean) / spread for table in tables)
    labels = truth_of(train)
    gram = known.T @ known + RIDGE * np.eye(known.shape[1])
    return new @ np.linalg.solve(gram, known.T @ (labels - labels.mean())) + labels.mean()


def voltage_figures(
    model: ElectrodeModel, train: Sequence[Electrode], test: Sequence[Electrode]
) -> dict[str, Any]:
    """Baselines, and the model in each mode, over all rows and over the usual ones."""
    truth, usual = truth_of(test), np.array([is_usual(row) for row in test])
    lithium = np.array([row.pair.ion == "Li" for row in test]) & usual
    parts = {"all": np.ones(len(test), dtype=bool), "usual": usual, "lithium": lithium}
    baselines = {
        "mean of the chemistry": by_chemistry(train, test, "average_voltage", np.mean),
        "ridge on the formulas": linear(train, test),
    }
    found: dict[str, Any] = {
        name: {part: regression_scores(truth[keep], value[keep]) for part, keep in parts.items()}
        for name, value in baselines.items()
    }
    for mode in MODES:
        answer = model.predict(questions_of(test, mode))
        columns = truth, answer.voltage, answer.voltage_low, answer.voltage_high
        found[mode] = {
            part: regression_scores(*(column[keep] for column in columns))
            for part, keep in parts.items()
        }
    return found


def volume_figures(
    model: ElectrodeModel, train: Sequence[Electrode], test: Sequence[Electrode]
) -> dict[str, Any]:
    """Errors of the volume change in percent, where it is below and above `USUAL`."""
    truth = truth_of(test, "max_delta_volume")
    answer = model.predict(questions_of(test, "formulas"))
    plain = by_chemistry(train, test, "max_delta_volume", np.median)
    keep = truth < USUAL
    columns = (truth, answer.change, answer.change_low, answer.change_high)
    return {
        "model": regression_scores(*(100 * column[keep] for column in columns)),
        "median of the chemistry": regression_scores(100 * truth[keep], 100 * plain[keep]),
        "coverage of all": float(
            ((truth >= answer.change_low) & (truth <= answer.change_high)).mean()
        ),
        "median error of all": float(100 * np.median(np.abs(answer.change - truth))),
        "rows above": int((~keep).sum()),
    }


def capacity_figures(test: Sequence[Electrode]) -> dict[str, Any]:
    """What the redox limit of the discharged formula says, against the table."""
    rows = []
    for row in (row for row in test if is_usual(row)):
        try:
            ends = ends_of(row.pair.discharged, row.pair.ion)
        except InvalidRequest:
            continue
        if ends.is_discharged:
            emptied = float(row.pair.charged[row.pair.ion] == 0)
            ratio = ends.pair.moved / row.pair.moved
            rows.append((ratio, emptied, *(row.values[f"capacity_{k}"] for k in ("grav", "vol"))))
    ratio, emptied, grav, vol = np.array(rows).T
    full = emptied > 0
    same = [row.pair.capacity_grav / row.values["capacity_grav"] - 1 for row in test]
    return {
        "convention": float(np.abs(same).max()),
        "n": len(rows),
        "n_usual": sum(map(is_usual, test)),
        "mae_grav": float(np.abs(ratio * grav - grav).mean()),
        "mae_vol": float(np.abs(ratio * vol - vol).mean()),
        "median_grav": float(np.median(np.abs(ratio * grav - grav))),
        "n_emptied": int(full.sum()),
        "mae_grav_emptied": float(np.abs(ratio * grav - grav)[full].mean()),
        "mae_vol_emptied": float(np.abs(ratio * vol - vol)[full].mean()),
        "exact_emptied": float((np.abs(ratio - 1) < 0.02)[full].mean()),
    }


def discharged_alone(model: ElectrodeModel, test: Sequence[Electrode]) -> dict[str, float]:
    """Voltage where the charged end, too, is the product's own guess."""
    questions, truth = [], []
    for row in (row for row in test if is_usual(row)):
        try:
            ends = ends_of(row.pair.discharged, row.pair.ion)
        except InvalidRequest:
            continue
        if ends.is_discharged:
            questions.append(Question(ends.pair, row.volume))
            truth.append(row.values["average_voltage"])
    answer = model.predict(questions)
    columns = (answer.voltage, answer.voltage_low, answer.voltage_high)
    return regression_scores(np.array(truth), *columns)


def measure(table: Path, weights: Path, labels: Path | None) -> dict[str, Any]:
    """All figures."""
    rows = read_table(table)
    train, test = of_splits(rows, "train", "val"), of_splits(rows, "test")
    model, config = load_model(weights)
    start = time.process_time()
    answer = model.predict(questions_of(test, "formulas"))
    speed = len(test) / (time.process_time() - start)
    figures = {
        "n_test": len(test),
        "n_frameworks": len({row.framework for row in test}),
        "n_training": config["n_training"],
        "voltage": voltage_figures(model, train, test),
        "voltage from the discharged crystal alone": discharged_alone(model, test),
        "volume_change": volume_figures(model, train, test),
        "capacity": capacity_figures(test),
        "by_domain": _by_domain(answer.domain, np.abs(answer.voltage - truth_of(test))),
        "per_second": speed,
        "hardware": f"{platform.machine()}, Python {platform.python_version()}, one thread",
        "seed": 0,
    }
    if labels and config["combination"]:
        both = both_of(test, answer.voltage, read_labels(labels))
        figures["potential, test"] = potential_figures(
            both, apply_combination(both, config["combination"])
        )
    return figures


def _by_domain(domain: np.ndarray, error: np.ndarray) -> list[dict[str, float]]:
    bins = ((0.0, 0.3), (0.3, 0.7), (0.7, 1.01))
    rows = [(low, high, (domain >= low) & (domain < high)) for low, high in bins]
    return [
        {"from": low, "to": min(high, 1.0), "n": int(keep.sum()), "mae": float(error[keep].mean())}
        for low, high, keep in rows
        if keep.any()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes metrics.json and card.md beside the weights."""
    from .electrode_card import card_of

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--labels", type=Path, default=None)
    options = parser.parse_args(arguments)
    figures = measure(options.table, options.weights, options.labels)
    config = read_config(options.weights)
    keys = ("held_out", "held_out_potential", "combination", "cpu_seconds")
    training = {key: config.get(key) for key in keys}
    text = json.dumps({**figures, "training": training}, indent=1)
    (options.weights / "metrics.json").write_text(text + "\n", encoding="utf-8")
    (options.weights / "card.md").write_text(card_of(figures, config), encoding="utf-8")


if __name__ == "__main__":
    main()
