"""Two readings of one request become one goal: where they agree, and who wins where not."""

from __future__ import annotations

import re
from math import isclose
from typing import Any

from ionwright.knowledge.records import Goal, Target

# what the network must be sure of before it alone refuses a request
SURE = 0.97


def combine(
    rules: Goal, tagger: Goal, confidence: float, text: str
) -> tuple[Goal, bool, tuple[Goal, ...]]:
    """The goal to act on, whether both readings are the same, and the other readings if not.

    The rules win every slot that they fill (measured, docs/lab-log.d/interpreter.md); the network
    fills some that they leave empty, and refuses by itself only when it is sure.
    """
    if same(rules, tagger):
        return rules, True, ()
    if "refuse" in (rules.intent, tagger.intent):
        return _refused(rules, tagger, confidence)
    if rules.intent == "help":
        return rules, tagger.intent == "help", () if tagger.intent == "help" else (tagger,)
    goal = _filled(rules, tagger, text)
    others = tuple(other for other in (tagger, rules) if not same(other, goal))
    return goal, False, others


def _refused(rules: Goal, tagger: Goal, confidence: float) -> tuple[Goal, bool, tuple[Goal, ...]]:
    if rules.intent == "refuse":
        # the other reading would act on it: it is not offered
        return rules, False, ()
    plain = not rules.targets and not rules.elements_excluded and rules.generator is None
    if confidence >= SURE and plain and rules.intent in ("design", "help"):
        return tagger, False, ()
    return rules, False, ()


def _filled(rules: Goal, tagger: Goal, text: str) -> Goal:
    update: dict[str, Any] = {}
    if tagger.intent == rules.intent:
        if rules.domain is None and tagger.domain is not None and rules.intent == "design":
            update["domain"] = tagger.domain
        missing = [t for t in tagger.targets if not _known(t, rules.targets)]
        if rules.intent == "design" and rules.not_understood and missing:
            update["targets"] = (*rules.targets, *missing)
    return rules.model_copy(update=update)


def _known(target: Target, targets: tuple[Target, ...]) -> bool:
    return any(target.property == other.property for other in targets)


def same(one: Goal, other: Goal) -> bool:
    """Whether two goals ask for the same, whatever the order."""
    slots = ("intent", "domain", "working_ion", "count", "generator")
    if any(getattr(one, slot) != getattr(other, slot) for slot in slots):
        return False
    lists = ("elements_required", "elements_excluded")
    if any(set(getattr(one, slot)) != set(getattr(other, slot)) for slot in lists):
        return False
    if {_plain(s) for s in one.subjects} != {_plain(s) for s in other.subjects}:
        return False
    return len(one.targets) == len(other.targets) and all(
        any(_equal(t, o) for o in other.targets) for t in one.targets
    )


def _plain(subject: str) -> str:
    return re.sub(r"\s+", "", subject).casefold()


def _equal(one: Target, other: Target) -> bool:
    if (one.property, one.op, one.unit) != (other.property, other.op, other.unit):
        return False
    first, second = _tuple(one.value), _tuple(other.value)
    return len(first) == len(second) and all(
        isclose(a, b, rel_tol=1e-3, abs_tol=1e-12) for a, b in zip(first, second, strict=True)
    )


def _tuple(value: float | tuple[float, float] | None) -> tuple[float, ...]:
    return () if value is None else value if isinstance(value, tuple) else (value,)
