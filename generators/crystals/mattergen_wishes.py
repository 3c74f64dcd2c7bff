"""From what a person asks for to values that an adapter can be shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ionwright.knowledge.records import Target

from .mattergen_adapters import Code, scaled

EXTREME = 0.03  # share of the training values that "max" and "min" draw from


def draw_values(
    code: Code, targets: Sequence[Target], n: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[str]]:
    """Values (n,) that meet all targets on one property, and notes on what cannot be met.

    Ranges draw from the training values inside them, so that likely values stay likely; "=" is
    taken at its word; "max" and "min" draw from the outermost training values.
    """
    sample = np.asarray(code.sample)
    low, high = -np.inf, np.inf
    for target in targets:
        least, most = _limits(code.key, target, sample)
        low, high = max(low, least), min(high, most)
    if low > high:
        low, high = high, low
    inside = sample[(sample >= low) & (sample <= high)]
    notes = []
    if low > sample[-1] or high < sample[0]:
        notes.append(f"{code.key}: nothing like what was asked is in the training data")
    if not len(inside):
        inside = np.clip([low, high], sample[0], sample[-1])
    drawn = rng.choice(inside, n)
    return _unscaled(code.key, drawn), notes


def _limits(key: str, target: Target, sample: np.ndarray) -> tuple[float, float]:
    if target.op == "max":
        return float(np.quantile(sample, 1 - EXTREME)), np.inf
    if target.op == "min":
        return -np.inf, float(np.quantile(sample, EXTREME))
    if target.value is None:
        return -np.inf, np.inf
    ends = scaled(key, np.atleast_1d(np.asarray(target.value, dtype=float)))
    low, high = float(ends[0]), float(ends[-1])
    if target.op == ">=":
        return low, np.inf
    return (-np.inf, high) if target.op == "<=" else (low, high)


def _unscaled(key: str, values: np.ndarray) -> np.ndarray:
    logarithmic = scaled(key, np.array([10.0]))[0] == 1.0
    return 10.0**values if logarithmic else values
