"""Scores of read goals against annotated ones, by the guideline of docs/goals.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isclose
from typing import Any

Slots = dict[str, Any]
SLOTS = (
    "working_ion",
    "elements_required",
    "elements_excluded",
    "subjects",
    "targets",
    "count",
    "generator",
)


@dataclass
class Score:
    """Sums over requests; `row` gives the rates."""

    n: int = 0
    intent: int = 0
    domain: int = 0
    whole: int = 0
    hits: int = 0
    read: int = 0
    wanted: int = 0
    to_refuse: int = 0
    refused: int = 0
    falsely_refused: int = 0
    seconds: float = 0.0
    misses: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, goal: Slots, request: dict[str, Any], seconds: float = 0.0) -> bool:
        """Counts one request; returns whether all of it is right."""
        gold, also = request["gold"], request.get("also") or {}
        self.n += 1
        self.seconds += seconds
        wrong = []
        for slot in ("intent", "domain"):
            right = goal.get(slot) in [gold.get(slot), *also.get(slot, [])]
            setattr(self, slot, getattr(self, slot) + right)
            wrong += [] if right else [slot]
        for slot in SLOTS:
            wanted = _nearest(goal, [gold.get(slot), *also.get(slot, [])], slot)
            read, want = parts(goal.get(slot), slot), parts(wanted, slot)
            hits = sum(any(_same(one, other) for other in want) for one in read)
            self.hits, self.read = self.hits + hits, self.read + len(read)
            self.wanted += len(want)
            wrong += [] if hits == len(read) == len(want) else [slot]
        for slot in wrong:
            self.misses[slot] += 1
        self.to_refuse += gold["intent"] == "refuse"
        self.refused += gold["intent"] == "refuse" and goal["intent"] == "refuse"
        self.falsely_refused += gold["intent"] != "refuse" and goal["intent"] == "refuse"
        self.whole += not wrong
        return not wrong

    def row(self) -> dict[str, float | int]:
        """Rates of everything counted so far."""
        n = max(self.n, 1)
        return {
            "n": self.n,
            "intent": round(self.intent / n, 4),
            "domain": round(self.domain / n, 4),
            "slot_f1": round(2 * self.hits / max(self.read + self.wanted, 1), 4),
            "whole": round(self.whole / n, 4),
            "to_refuse": self.to_refuse,
            "refused": self.refused,
            "falsely_refused": self.falsely_refused,
            "ms": round(1000 * self.seconds / n, 1),
        }


def parts(value: Any, slot: str) -> list[Any]:
    """The single facts of a slot: each element, each target, one value."""
    if value is None:
        return []
    if slot == "targets":
        return [(t["property"], t["op"], _numbers(t.get("value"))) for t in value]
    if slot == "subjects":
        return list(dict.fromkeys(str(one).casefold() for one in value))
    return list(value) if isinstance(value, list | tuple) else [value]


def _numbers(value: Any) -> tuple[float, ...]:
    if value is None:
        return ()
    return tuple(float(v) for v in value) if isinstance(value, list | tuple) else (float(value),)


def _same(one: Any, other: Any) -> bool:
    if not isinstance(one, tuple):
        return bool(one == other)
    if one[:2] != other[:2] or len(one[2]) != len(other[2]):
        return False
    return all(
        isclose(a, b, rel_tol=2e-3, abs_tol=1e-12) for a, b in zip(one[2], other[2], strict=True)
    )


def _nearest(goal: Slots, accepted: Iterable[Any], slot: str) -> Any:
    """Of several accepted values the one that shares most with what was read."""
    read = parts(goal.get(slot), slot)

    def overlap(value: Any) -> float:
        want = parts(value, slot)
        hits = sum(any(_same(one, other) for other in want) for one in read)
        return hits - 0.5 * (len(want) - hits) - 0.5 * (len(read) - hits)

    options = list(accepted)
    return max(options, key=overlap) if options else None
