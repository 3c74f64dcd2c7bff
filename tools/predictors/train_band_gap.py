"""Trains `band_gap`: the exact recipe behind the shipped weights.

    python -m ionwright.tools.predictors.train_band_gap --data CRYSTALS.npz --out FOLDER

The data is what `generators.crystals.data.save_set` wrote; crystals with a gap are used. Trained
on the train split (by chemical system), calibrated on val; the test split is not read.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ionwright.generators.crystals.data import CrystalSet, Split, load_set

from .band_gap import METAL, SURE, clues_of, features_of, half_width, probability
from .conformal import calibrate
from .scores import regression_scores
from .tabular import Recipe, deal, fit_model, held_out

GATE = Recipe(trees=250, leaves=24, rate=0.05, least=10, members=2, objective="binary")
WIDTH = Recipe(trees=400, leaves=31, rate=0.05, least=10, members=3)
FOLDS = 4


@dataclass(frozen=True)
class Gaps:
    """Features (n, columns), domain bits, PBE gaps (eV) and chemical systems of a split."""

    features: np.ndarray
    bits: np.ndarray
    gaps: np.ndarray
    systems: list[str]

    def __len__(self) -> int:
        return len(self.gaps)


def read_gaps(path: Path, split: Split) -> Gaps:
    """The crystals of a split whose gap is known."""
    crystals = load_set(path)
    known = np.isfinite(crystals.band_gap)
    part: CrystalSet = crystals.where(lambda i: bool(known[i]) and crystals.split(i) == split)
    features, bits = features_of([part.structure(i) for i in range(len(part))])
    systems = ["-".join(map(str, sorted(part.elements(i)))) for i in range(len(part))]
    return Gaps(features, bits, part.band_gap.astype(float), systems)


def train(data: Gaps, held: Gaps, out: Path) -> dict[str, Any]:
    """Trains both sets of trees, calibrates on the held crystals and saves."""
    folds = deal(data.systems, FOLDS)
    open_gap = (data.gaps >= METAL).astype(float)
    # the second trees must read what the first say of crystals they have not seen
    unseen = held_out(data.features, open_gap, data.bits, folds, replace(GATE, members=1))
    placeholder = calibrate(unseen.value - open_gap, unseen.clues)
    gate = fit_model(data.features, open_gap, data.bits, data.systems, GATE, placeholder)
    columns = np.column_stack([data.features, probability(unseen.value)]).astype(np.float32)
    shift = float(data.gaps.mean())
    rows = probability(unseen.value) > SURE  # sure metals teach the width nothing
    width = fit_model(
        columns[rows],
        data.gaps[rows] - shift,
        data.bits[rows],
        [s for s, keep in zip(data.systems, rows, strict=True) if keep],
        WIDTH,
        placeholder,
    )
    chance = probability(gate.predict(held.features, held.bits).value)
    raw = width.predict(np.column_stack([held.features, chance]).astype(np.float32), held.bits)
    value = np.where(chance < 0.5, 0.0, np.maximum(raw.value + shift, 0.0))
    unsure = chance >= SURE
    clues = clues_of(raw.clues, chance)
    calibration = calibrate((value - held.gaps)[unsure], clues[unsure])
    half = half_width(calibration, raw.clues, chance)
    scores = regression_scores(held.gaps, value, np.maximum(value - half, 0), value + half)
    config = {"n_training": len(data), "shift": shift, "validation": scores}
    gate.save(
        out.with_name(f"{out.name}_gate"),
        {"name": "band_gap gate", "recipe": asdict(GATE), **config},
    )
    replace(width, calibration=calibration).save(
        out, {"name": "band_gap width", "recipe": asdict(WIDTH), **config}
    )
    return config


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains and writes a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    start = time.process_time()
    config = train(read_gaps(options.data, "train"), read_gaps(options.data, "val"), options.out)
    print(json.dumps(config, indent=1), f"{time.process_time() - start:.0f} CPU seconds")


if __name__ == "__main__":
    main()
