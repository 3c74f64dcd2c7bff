"""Trains `insertion_electrode`: the exact recipe behind the shipped weights.

    python -m ionwright.tools.predictors.train_insertion_electrode \
        --table mp_insertion_electrodes.csv --crystals crystals.npz --out FOLDER \
        [--held-out held_out.json]

The table is the Materials Project's; the crystals (see generators/crystals/data.py) add hull
voltages of further pairs of compositions. The test split is left out of everything. Held-out
voltages are written for `combine_insertion_electrode`. Deterministic on one thread.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ionwright.generators.crystals.data import load_set

from .conformal import Calibration, calibrate
from .domain import domain_of
from .electrode_hull_pairs import Extra, hull_pairs
from .electrode_model import (
    LEAST_CHANGE,
    MODES,
    OUTPUTS,
    ElectrodeModel,
    Question,
    assemble,
    bits_of_pairs,
    masked,
    table_with_clues,
)
from .electrode_table import Electrode, of_splits, read_table
from .tabular import Recipe, deal, fit_boosters
from .trees import Forest, forest_from_lightgbm

FOLDS = 5
MEMBERS = 4
LARGE = Recipe(trees=500, leaves=24, rate=0.04, rows=0.8, columns=0.3, members=MEMBERS)
SMALL = Recipe(trees=250, leaves=16, rate=0.04, rows=0.8, columns=0.3, members=MEMBERS)
ROBUST = Recipe(
    trees=250, leaves=16, rate=0.05, rows=0.8, columns=0.3, members=MEMBERS, objective="l1"
)
RECIPES = {
    "hull_voltage": LARGE,
    "charged_excess": SMALL,
    "discharged_excess": SMALL,
    "charged_excess_known": ROBUST,
    "discharged_excess_known": ROBUST,
    "log_volume_change": SMALL,
}
TYPICAL_VOLUME = 12.0  # A^3 for each atom of a pair that has no crystal; the trees do not look


def questions_of(rows: Sequence[Electrode], mode: str = "both") -> list[Question]:
    """The rows as questions, with the energies above the hull that the mode knows."""
    return [
        Question(
            row.pair,
            row.volume,
            row.values["stability_charge"] if mode in ("charged", "both") else None,
            row.values["stability_discharge"] if mode in ("discharged", "both") else None,
        )
        for row in rows
    ]


def labels_of(rows: Sequence[Electrode]) -> dict[str, np.ndarray]:
    """What each output is to learn, (n,)."""
    charged = np.array([row.charged_excess for row in rows])
    discharged = np.array([row.discharged_excess for row in rows])
    change = np.array([row.values["max_delta_volume"] for row in rows])
    return {
        "hull_voltage": np.array([row.hull_voltage for row in rows]),
        "charged_excess": charged,
        "discharged_excess": discharged,
        "charged_excess_known": charged,
        "discharged_excess_known": discharged,
        "log_volume_change": np.log(change + LEAST_CHANGE),
    }


@dataclass(frozen=True)
class Learned:
    """Forests of all outputs as one, and what was added to the labels of each."""

    forest: Forest
    shifts: tuple[float, ...]


def fit(table: np.ndarray, labels: dict[str, np.ndarray], extra: Extra) -> Learned:
    """All outputs; the extra pairs teach the hull voltage alone."""
    volumes = [TYPICAL_VOLUME * float(pair.discharged.num_atoms) for pair in extra.pairs]
    more = [Question(pair, v) for pair, v in zip(extra.pairs, volumes, strict=True)]
    boosters, shifts = [], []
    for output in OUTPUTS:
        rows, wanted = masked(table, output), labels[output]
        if output == "hull_voltage" and more:
            rows = np.vstack([rows, masked(table_with_clues(more), output)])
            wanted = np.concatenate([wanted, extra.voltages])
        shifts.append(float(wanted.mean()))
        boosters += fit_boosters(rows, wanted - shifts[-1], RECIPES[output])
    return Learned(forest_from_lightgbm(boosters), tuple(shifts))


def outputs_of(learned: Learned, table: np.ndarray) -> np.ndarray:
    """What the forests say, (n, OUTPUTS, members)."""
    out = learned.forest.predict(table).astype(float).reshape(len(table), len(OUTPUTS), MEMBERS)
    return out + np.array(learned.shifts)[None, :, None]


def cross_fit(rows: Sequence[Electrode], extra: Extra) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (n, OUTPUTS, members) and similarities (n,) of rows whose framework was held out."""
    frameworks = [row.framework for row in rows]
    folds = deal([*frameworks, *extra.frameworks], FOLDS)
    own, other = folds[: len(rows)], folds[len(rows) :]
    table, labels = table_with_clues(questions_of(rows)), labels_of(rows)
    bits = bits_of_pairs([row.pair for row in rows])
    outputs = np.zeros((len(rows), len(OUTPUTS), MEMBERS))
    similarity = np.zeros(len(rows))
    for index in range(FOLDS):
        seen, new = own != index, own == index
        kept = np.flatnonzero(other != index)
        part = Extra([extra.pairs[i] for i in kept], extra.voltages[kept])
        learned = fit(table[seen], {key: column[seen] for key, column in labels.items()}, part)
        outputs[new] = outputs_of(learned, table[new])
        names = [name for name, here in zip(frameworks, seen, strict=True) if here]
        domain = domain_of(bits[seen], np.zeros(seen.sum()).tolist(), names)
        similarity[new] = domain.similarity(bits[new])
    return outputs, similarity


def calibrations_of(
    rows: Sequence[Electrode], outputs: np.ndarray, similarity: np.ndarray
) -> dict[str, Calibration]:
    """Of the voltage in each mode, and of the volume change, on held-out rows."""
    voltages = np.array([row.values["average_voltage"] for row in rows])
    found, raw = {}, None
    for mode in MODES:
        raw = assemble(questions_of(rows, mode), outputs, similarity)
        found[mode] = calibrate(raw.voltage.mean(1) - voltages, raw.clues[0])
    assert raw is not None
    error = raw.log_change.mean(1) - labels_of(rows)["log_volume_change"]
    return {**found, "volume_change": calibrate(error, raw.clues[1])}


def held_out_scores(rows: Sequence[Electrode], outputs: np.ndarray) -> dict[str, float]:
    """MAE of the voltage in each mode, V, and of the volume change, over all held-out rows."""
    truth = np.array([row.values["average_voltage"] for row in rows])
    scores, raw = {}, None
    for mode in MODES:
        raw = assemble(questions_of(rows, mode), outputs, np.zeros(len(rows)))
        scores[f"voltage_mae.{mode}"] = float(np.abs(raw.voltage.mean(1) - truth).mean())
    assert raw is not None
    change = np.exp(raw.log_change.mean(1)) - LEAST_CHANGE
    real = np.array([row.values["max_delta_volume"] for row in rows])
    error, usual = np.abs(change - real), real < 0.5
    scores["volume_change_mae"] = float(error[usual].mean())
    scores["volume_change_median"] = float(np.median(error))
    return scores


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains and writes the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--crystals", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, default=None)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    start = time.process_time()
    rows = of_splits(read_table(options.table), "train", "val")
    extra = hull_pairs(load_set(options.crystals))
    outputs, similarity = cross_fit(rows, extra)
    table, bits = table_with_clues(questions_of(rows)), bits_of_pairs([row.pair for row in rows])
    learned = fit(table, labels_of(rows), extra)
    model = ElectrodeModel(
        learned.forest,
        MEMBERS,
        learned.shifts,
        domain_of(bits, list(range(len(rows))), [row.framework for row in rows]),
        calibrations_of(rows, outputs, similarity),
    )
    config = {
        "name": "insertion_electrode",
        "n_training": len(rows),
        "n_extra": len(extra.pairs),
        "recipes": {output: vars(recipe) for output, recipe in RECIPES.items()},
        "held_out": held_out_scores(rows, outputs),
        "combination": None,
        "cpu_seconds": round(time.process_time() - start),
    }
    model.save(options.out, config)
    if options.held_out:
        raw = assemble(questions_of(rows, "formulas"), outputs, similarity)
        voltages = zip(rows, raw.voltage.mean(1).tolist(), strict=True)
        options.held_out.write_text(json.dumps({row.key: v for row, v in voltages}))
    print(json.dumps(config["held_out"], indent=1))


if __name__ == "__main__":
    main()
