"""Intervals that hold what they promise: conformal prediction scaled by expected difficulty.

Held-out errors are divided by a difficulty that depends on a few clues (spread of the models, the
network's own doubt, distance to the training set); the 90 % quantile of these ratios, times the
difficulty of a new material, is its interval (normalised conformal prediction; Papadopoulos 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

COVERAGE = 0.9


@dataclass(frozen=True)
class Calibration:
    """One property's difficulty and quantile.

    Attributes:
        weights: log-difficulty = weights[0] + clues @ weights[1:].
        quantile: half-width of the interval over difficulty.
        rms: root mean square error over difficulty: difficulty times this is a standard deviation.
    """

    weights: tuple[float, ...]
    quantile: float
    rms: float

    def difficulty(self, clues: np.ndarray) -> np.ndarray:
        """Expected absolute error, (n, clues) -> (n,)."""
        return np.exp(self.weights[0] + clues @ np.array(self.weights[1:]))

    def half_width(self, clues: np.ndarray) -> np.ndarray:
        """Half-width of the 90 % interval (n,)."""
        return self.quantile * self.difficulty(clues)

    def std(self, clues: np.ndarray) -> np.ndarray:
        """Standard deviation of the error (n,)."""
        return self.rms * self.difficulty(clues)

    def as_json(self) -> dict[str, Any]:
        """What `Calibration(**...)` takes."""
        return {"weights": list(self.weights), "quantile": self.quantile, "rms": self.rms}


def calibrate(errors: np.ndarray, clues: np.ndarray, *, coverage: float = COVERAGE) -> Calibration:
    """Fits the difficulty and takes the conformal quantile.

    A handful of weights fitted on thousands of errors leaves the errors as good as unseen.

    Args:
        errors: held-out errors (n,).
        clues: what may foretell their size (n, clues).
        coverage: share of new errors that the interval must hold.
    """
    weights = _laplace_fit(np.abs(errors), clues)
    scores = np.abs(errors) / np.exp(weights[0] + clues @ weights[1:])
    n = len(scores)
    level = min(1.0, np.ceil((n + 1) * coverage) / n)
    quantile = float(np.quantile(scores, level, method="higher"))
    rms = float(np.sqrt(np.mean(scores**2)))
    return Calibration(tuple(float(weight) for weight in weights), quantile, rms)


def _laplace_fit(sizes: np.ndarray, clues: np.ndarray, steps: int = 50) -> np.ndarray:
    """Weights w that minimise sum(log s + |error| / s), s = exp(X w), by Newton's method.

    The sum is convex in w. A small ridge keeps clues that say nothing at zero.
    """
    design = np.column_stack([np.ones(len(clues)), clues])
    ridge = np.diag([0.0] + [1e-3 * len(sizes)] * clues.shape[1])
    weights = np.zeros(design.shape[1])
    weights[0] = np.log(sizes.mean())
    for _ in range(steps):
        ratio = sizes * np.exp(-np.clip(design @ weights, -20, 20))
        slope = design.T @ (1 - ratio) + ridge @ weights
        curve = (design * ratio[:, None]).T @ design + ridge + 1e-6 * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights -= np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return weights
