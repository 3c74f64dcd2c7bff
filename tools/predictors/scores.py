"""How well predictions agree with labels: one set of figures for every predictor and benchmark."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ionwright.knowledge.records import Candidate, Quantity


def spearman(left: np.ndarray, right: np.ndarray) -> float:
    """Rank correlation; ties share their mean rank. NaN where one side is constant."""
    first, second = _ranks(left), _ranks(right)
    if len(first) < 2 or first.std() == 0 or second.std() == 0:
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def regression_scores(
    truth: np.ndarray,
    predicted: np.ndarray,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> dict[str, float]:
    """MAE, RMSE, R2, rank correlation, n; with interval ends also coverage and median width.

    Figures that need more than the given rows (R2 of one row) are NaN.
    """
    truth, predicted = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    n = len(truth)
    scores: dict[str, float] = {"n": float(n)}
    if n == 0:
        return scores
    error = predicted - truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    scores["mae"] = float(np.abs(error).mean())
    scores["rmse"] = float(np.sqrt((error**2).mean()))
    scores["r2"] = 1 - float((error**2).sum()) / spread if spread > 0 else math.nan
    scores["spearman"] = spearman(truth, predicted)
    if low is not None and high is not None:
        scores["coverage"] = float(((truth >= low) & (truth <= high)).mean())
        scores["interval_width"] = float(np.median(np.asarray(high) - np.asarray(low)))
    return scores


def agreement(
    key: str,
    predicted: Sequence[Sequence[Quantity]],
    labelled: Sequence[tuple[Candidate, dict[str, float]]],
) -> dict[str, float]:
    """Scores of a predictor's first quantity against the labels of one property, where both are."""
    rows = [
        (labels[key], quantities[0].value)
        for (_, labels), quantities in zip(labelled, predicted, strict=True)
        if quantities and key in labels
    ]
    table = np.array(rows, dtype=float).reshape(-1, 2)
    return {f"{key}.{name}": value for name, value in regression_scores(*table.T).items()}
