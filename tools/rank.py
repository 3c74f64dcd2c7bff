"""Ranking candidates by how surely they meet the targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue

from ionwright.knowledge.records import Candidate, Quantity, Target
from ionwright.knowledge.vocabulary import property_of

from .base import ToolResult, tool
from .checks import passes
from .context import Context

AIM_TOLERANCE = 0.05  # an "=" target without other doubt counts as met within 5 % (or 0.1 decade)
UNSUITED = 1e-6  # least chance, so that one hopeless target does not hide the order of the others
TOO_ALIKE = 0.9  # Tanimoto similarity above which two candidates are one idea


@tool
def rank(
    ctx: Context,
    targets: list[Target],
    count: Annotated[int, Field(ge=1, le=10_000)] = 10,
    ids: list[str] = [],  # noqa: B006  # pydantic copies
) -> ToolResult:
    """Rank candidates by the probability that they meet all targets.

    The score is the geometric mean, over targets, of the probability that the target is met given
    the value and its uncertainty (for "as high/low as possible": the share of candidates whose
    cautious bound is worse), times a factor from 0.5 (outside the predictor's domain) to 1.
    Candidates that fail a hard check or are near-copies of a better one are left out.

    Args:
        targets: what is asked of each property, in canonical units.
        count: how many to keep.
        ids: candidates to rank; all of the run if left out.
    """
    ctx.progress("ranking", 0, 1)
    eligible = [c for c in ctx.chosen(ids) if passes(c) and c.quantities]
    scored = sorted(_scores(eligible, targets), key=lambda pair: (-pair[0], pair[1].id))
    best = _diverse(scored, count)
    ranking: list[JsonValue] = [
        {"id": c.id, "score": round(score, 4), "met": {t.property: is_met(c, t) for t in targets}}
        for score, c in best
    ]
    meeting = sum(all(is_met(c, t) for t in targets) for _, c in scored)
    ctx.progress("ranking", 1, 1)
    return ToolResult(
        text=f"{len(ranking)} ranked; {meeting} of {len(eligible)} meet every target",
        data={"ranking": ranking, "eligible": len(eligible), "meeting": meeting},
    )


def is_met(candidate: Candidate, target: Target) -> bool:
    """Whether the candidate's value meets the target; wishes without a number are always met."""
    if target.value is None:
        return True
    quantity = candidate.quantity(target.property)
    if quantity is None:
        return False
    value, wanted = quantity.value, target.value
    if isinstance(wanted, tuple):
        return wanted[0] <= value <= wanted[1]
    if target.op == "=":
        return abs(_scale(value, target) - _scale(wanted, target)) <= _tolerance(target)
    return value >= wanted if target.op == ">=" else value <= wanted


def _scores(
    candidates: Sequence[Candidate], targets: Sequence[Target]
) -> list[tuple[float, Candidate]]:
    asked = [t for t in targets if t.op != "report"]
    bounds = {t.property: _sorted_bounds(candidates, t) for t in asked if t.value is None}
    scored = []
    for candidate in candidates:
        parts = [_desirability(candidate, target, bounds) for target in asked]
        mean = math.prod(parts) ** (1 / len(parts)) if parts else 1.0
        scored.append((mean * _domain_factor(candidate, asked), candidate))
    return scored


def _desirability(candidate: Candidate, target: Target, bounds: dict[str, list[float]]) -> float:
    quantity = candidate.quantity(target.property)
    if quantity is None:
        return 0.0
    if target.value is None:
        ordered = bounds[target.property]
        worse = sum(bound < _cautious(quantity, target) for bound in ordered)
        return (worse + 0.5) / len(ordered)
    return probability_met(quantity, target)


def chance_to_meet(candidate: Candidate, targets: Sequence[Target]) -> float:
    """Geometric mean of the chances that numeric targets are met for which a value is at hand."""
    found = [(candidate.quantity(t.property), t) for t in targets if t.value is not None]
    chances = [max(probability_met(q, t), UNSUITED) for q, t in found if q is not None]
    return math.prod(chances) ** (1 / len(chances)) if chances else 1.0


def probability_met(quantity: Quantity, target: Target) -> float:
    """P(the true value meets a numeric target), for a normal error on the property's scale."""
    mean, spread = _scale(quantity.value, target), _spread(quantity, target)
    if isinstance(target.value, tuple):
        low, high = (_scale(v, target) for v in target.value)
    else:
        wanted = _scale(target.value or 0.0, target)
        slack = _tolerance(target)
        low = {"<=": -math.inf, ">=": wanted, "=": wanted - slack}[target.op]
        high = {"<=": wanted, ">=": math.inf, "=": wanted + slack}[target.op]
    return _below(high, mean, spread) - _below(low, mean, spread)


def _below(bound: float, mean: float, spread: float) -> float:
    if spread == 0 or math.isinf(bound):
        return float(mean <= bound)
    return 0.5 * (1 + math.erf((bound - mean) / (spread * math.sqrt(2))))


def _scale(value: float, target: Target) -> float:
    if not property_of(target.property).log:
        return value
    return math.log10(value) if value > 0 else -math.inf


def _spread(quantity: Quantity, target: Target) -> float:
    if quantity.interval and property_of(target.property).log:
        low, high = (_scale(v, target) for v in quantity.interval)
        if math.isfinite(low):
            return (high - low) / (2 * 1.645)  # half of a 90 % interval is 1.645 standard errors
    return quantity.std or 0.0


def _tolerance(target: Target) -> float:
    if property_of(target.property).log:
        return 0.1
    return AIM_TOLERANCE * abs(target.value if isinstance(target.value, float) else 1.0)


def _cautious(quantity: Quantity, target: Target) -> float:
    """One standard error on the worse side, signed so that more is better."""
    mean, spread = _scale(quantity.value, target), _spread(quantity, target)
    return mean - spread if target.op == "max" else -(mean + spread)


def _sorted_bounds(candidates: Sequence[Candidate], target: Target) -> list[float]:
    found = (c.quantity(target.property) for c in candidates)
    return sorted(_cautious(q, target) for q in found if q is not None)


def _domain_factor(candidate: Candidate, targets: Sequence[Target]) -> float:
    found = [candidate.quantity(t.property) for t in targets]
    known = [q.in_domain for q in found if q is not None and q.in_domain is not None]
    return 0.5 + 0.5 * min(known, default=1.0)


def _diverse(
    scored: Sequence[tuple[float, Candidate]], count: int
) -> list[tuple[float, Candidate]]:
    from rdkit.DataStructs import BulkTanimotoSimilarity

    from ionwright.knowledge.convert import fingerprint

    kept: list[tuple[float, Candidate]] = []
    prints: list = []
    for score, candidate in scored:
        if len(kept) == count:
            break
        own = fingerprint(candidate)
        if own is not None and max(BulkTanimotoSimilarity(own, prints), default=0) > TOO_ALIKE:
            continue
        kept.append((score, candidate))
        prints += [own] if own is not None else []
    return kept
