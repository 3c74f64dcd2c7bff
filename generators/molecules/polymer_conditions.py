"""What a polymer generator can be asked for, and how a target becomes numbers for the network.

A property's value becomes a mixture of knots: quantiles of the training values (logarithmic where
the vocabulary says so), linear in between. One knot more means "not asked for". Two knots with a
hard step are the class labels of the published model; many are levels; interpolated they are
continuous.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import canonical_psmiles
from ionwright.knowledge.records import Candidate, Provenance, Target
from ionwright.knowledge.vocabulary import property_of

CONDITIONS = ("ionic_conductivity", "transference_number", "sa_score")
# Where a draw for "as high as possible" starts: the best few per cent of the training polymers.
_EXTREME = 0.97
# A sampled polymer scatters about what was asked for and falls back to the mean, so for ">= v" the
# condition is drawn from the upper part of the training values beyond v.
_BEYOND = 0.5
_NEAR = 0.02  # half width of "=", as a share of the training range
_TINY = 1e-30  # a limit of zero on a logarithmic scale


@dataclass(frozen=True)
class Knots:
    """Sorted training quantiles of one property, on its own scale (log10 where logarithmic).

    Attributes:
        values: K knots of the mixture.
        sample: quantiles of the training values, finer, from which conditions are drawn.
        hard: two classes instead of interpolation (for comparisons).
    """

    values: tuple[float, ...]
    sample: tuple[float, ...]
    hard: bool = False

    @classmethod
    def of(cls, scaled: np.ndarray, k: int) -> Knots:
        """`k` quantile knots of scaled training values."""
        values = np.quantile(scaled, np.linspace(0, 1, k))
        return cls(tuple(values.tolist()), _fine(scaled))

    @classmethod
    def classes(cls, scaled: np.ndarray, threshold: float, k: int) -> Knots:
        """Two classes, below and from the threshold, as the published model has them."""
        values = [threshold - 1.0, *[threshold] * (k - 1)]
        return cls(tuple(values), _fine(scaled), hard=True)

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Knots:
        """What was saved in a config."""
        return cls(tuple(fields["values"]), tuple(fields["sample"]), bool(fields["hard"]))

    def mixture(self, scaled: np.ndarray) -> np.ndarray:
        """(N,) scaled values, NaN = not asked for -> (N, K + 1) float32, rows that sum to one."""
        k = len(self.values)
        knots = np.asarray(self.values)
        values = np.nan_to_num(scaled)
        if self.hard:
            place = (values >= knots[1]).astype(float)
        else:
            place = np.interp(values, knots, np.arange(k))
        low = np.minimum(place.astype(int), k - 2)
        share = place - low
        out = np.zeros((len(place), k + 1), dtype=np.float32)
        rows = np.arange(len(place))
        out[rows, low] = 1 - share
        out[rows, low + 1] += share
        missing = np.isnan(scaled)
        out[missing] = 0
        out[missing, k] = 1
        return out


def _fine(scaled: np.ndarray) -> tuple[float, ...]:
    return tuple(np.quantile(scaled, np.linspace(0, 1, 257)).tolist())


def scale(key: str, value: float) -> float:
    """A value on the scale that the network sees: log10 for logarithmic properties."""
    return float(np.log10(max(value, _TINY))) if property_of(key).log else float(value)


def draw_conditions(
    knots: dict[str, Knots], targets: Sequence[Target], n: int, seed: int
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Scaled condition values for `n` rows and notes on what lies outside the training values.

    ">=" and "<=" draw from training values beyond the limit (their outer half), "between" within,
    "=" around the value, "max" and "min" from the outermost 3 per cent. A property that is not
    asked for, or only to be reported, is NaN. Two targets on one property intersect.
    """
    drawn: dict[str, np.ndarray] = {}
    notes: list[str] = []
    for i, (key, known) in enumerate(knots.items()):
        asked = [target for target in targets if target.property == key and target.op != "report"]
        if not asked:
            drawn[key] = np.full(n, np.nan)
            continue
        low, high = _window(key, known, asked)
        if low > known.sample[-1] or high < known.sample[0]:
            side = "above" if low > known.sample[-1] else "below"
            notes.append(f"{asked[0]}: {side} all training values; asked for the nearest instead")
        # one stream for each property: the first rows do not depend on how many there are
        drawn[key] = _draw(known, low, high, n, np.random.default_rng([seed, i]))
    return drawn, notes


def _window(key: str, known: Knots, asked: Sequence[Target]) -> tuple[float, float]:
    """The interval that all targets on one property share."""
    sample = np.asarray(known.sample)
    low, high = -np.inf, np.inf
    for target in asked:
        a, b = _limits(key, target, sample)
        low, high = max(low, a), min(high, b)
    return (low, high) if low <= high else (high, low)


def _limits(key: str, target: Target, sample: np.ndarray) -> tuple[float, float]:
    if target.op == "max":
        return float(np.quantile(sample, _EXTREME)), np.inf
    if target.op == "min":
        return -np.inf, float(np.quantile(sample, 1 - _EXTREME))
    if isinstance(target.value, tuple):
        return scale(key, target.value[0]), scale(key, target.value[1])
    value = scale(key, float(target.value or 0.0))
    if target.op == "=":
        width = _NEAR * (sample[-1] - sample[0])
        return value - width, value + width
    beyond = np.sort(sample[sample >= value] if target.op == ">=" else sample[sample <= value])
    if not len(beyond):
        return (value, np.inf) if target.op == ">=" else (-np.inf, value)
    if target.op == ">=":
        return float(np.quantile(beyond, _BEYOND)), np.inf
    return -np.inf, float(np.quantile(beyond, 1 - _BEYOND))


def _draw(known: Knots, low: float, high: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draws from the training values within a window, uniform where there are none."""
    sample = np.asarray(known.sample)
    low, high = np.clip([low, high], sample[0], sample[-1])
    places = np.interp([low, high], sample, np.arange(len(sample)))
    at = rng.uniform(places[0], places[1], n)
    return np.interp(at, np.arange(len(sample)), sample)


def polymer_candidate(text: str, origin: Provenance, notes: Sequence[str] = ()) -> Candidate:
    """A candidate in canonical form where the text is a repeat unit, as written where not."""
    try:
        data, valid = canonical_psmiles(text), True
    except InvalidRequest:
        data, valid = text, False
    return Candidate(
        material="polymer",
        encoding="psmiles",
        data=data,
        checks={"valid": valid},
        notes=tuple(notes),
        provenance=origin,
    )


def check_counts(n: int, seed: int) -> None:
    """Refuses a negative number of samples or a negative seed."""
    if n < 0 or seed < 0:
        raise InvalidRequest(f"cannot sample {n} polymers with seed {seed}; give numbers from 0")
