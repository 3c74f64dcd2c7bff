"""Weighing the potential's voltage against the learned model's, on electrodes that have both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .conformal import calibrate
from .electrode_redox import redox_of
from .electrode_table import Electrode
from .electrodes_relaxed import combined, disagreement, volume_clue
from .scores import regression_scores
from .tabular import deal

FOLDS = 5
FEWEST = 20  # relaxed electrodes from which a combination can be fitted


def read_labels(path: Path | None) -> dict[str, dict[str, Any]]:
    """What the potential said of rows of the table, by their key; failures left out."""
    if path is None:
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {line["key"]: line for line in lines if "failed" not in line}


@dataclass(frozen=True)
class Both:
    """Rows that the potential has relaxed: truth and what potential and trees say, each (n,)."""

    truth: np.ndarray
    learned: np.ndarray
    computed: np.ndarray
    change: np.ndarray
    computed_change: np.ndarray
    frameworks: list[str]

    def take(self, chosen: np.ndarray) -> Both:
        """Some of the rows."""
        return Both(
            self.truth[chosen],
            self.learned[chosen],
            self.computed[chosen],
            self.change[chosen],
            self.computed_change[chosen],
            [self.frameworks[i] for i in chosen],
        )


def both_of(
    rows: Sequence[Electrode], learned: np.ndarray, labels: dict[str, dict[str, Any]]
) -> Both:
    """The rows with labels; alloys, where nothing stays in place, are left out."""
    chosen = [
        i
        for i, row in enumerate(rows)
        if row.key in labels and not redox_of(row.pair.discharged).metallic
    ]
    found = [labels[rows[i].key] for i in chosen]
    return Both(
        np.array([rows[i].values["average_voltage"] for i in chosen]),
        learned[chosen],
        np.array([label["voltage"] for label in found]),
        np.array([rows[i].values["max_delta_volume"] for i in chosen]),
        np.array([label["volume_change"] for label in found]),
        [rows[i].framework for i in chosen],
    )


def fit_combination(both: Both) -> dict[str, Any]:
    """Share of the potential, constant, and calibrations.

    The potential is shifted by its median error; its share is that of least squares, between 0 and
    1. It becomes 1, and the learned voltage only tells the doubt, where both err the same way.
    """
    shift = float(np.median(both.truth - both.computed))
    apart = both.computed + shift - both.learned
    share = float(np.clip(apart @ (both.truth - both.learned) / (apart @ apart), 0, 1))
    value = both.learned + share * apart
    voltage = calibrate(value - both.truth, disagreement(both.learned, both.computed))
    volume = calibrate(both.computed_change - both.change, volume_clue(both.computed_change))
    return {
        "share": round(share, 3),
        "offset": round(share * shift, 4),
        "calibration": voltage.as_json(),
        "volume_calibration": volume.as_json(),
        "n": len(both.truth),
    }


def apply_combination(both: Both, combination: dict[str, Any]) -> np.ndarray:
    """Combined voltage and the ends of its interval, (n, 3)."""
    found = [
        combined(learned, computed, combination)
        for learned, computed in zip(both.learned, both.computed, strict=True)
    ]
    return np.array([(one.value, *(one.interval or ())) for one in found]).reshape(-1, 3)


def crossed(both: Both) -> np.ndarray:
    """Combined voltage and interval (n, 3), each row by a combination without its framework."""
    folds = deal(both.frameworks, FOLDS)
    found = np.zeros((len(both.truth), 3))
    for index in range(FOLDS):
        seen, new = np.flatnonzero(folds != index), np.flatnonzero(folds == index)
        found[new] = apply_combination(both.take(new), fit_combination(both.take(seen)))
    return found


def potential_figures(both: Both, together: np.ndarray) -> dict[str, Any]:
    """The learned model, the potential and their combination (n, 3) on the same rows."""
    value, low, high = together.T
    return {
        "learned": regression_scores(both.truth, both.learned),
        "potential": regression_scores(both.truth, both.computed),
        "combined": regression_scores(both.truth, value, low, high),
        "volume change": regression_scores(100 * both.change, 100 * both.computed_change),
        "volume change, median error": float(
            100 * np.median(np.abs(both.change - both.computed_change))
        ),
    }
