"""Two readings of one request become one goal: where they agree, and who wins where not.

The thresholds and the slots that the network may fill were chosen on requests that the rules had
not been made for (docs/lab-log.md).
"""

from __future__ import annotations

import re
from math import isclose
from typing import Any

from ionwright.knowledge.records import Goal, Target

from .elements import names_ion
from .hazards import UNNAMED, is_reassuring
from .normalise import numbers_of
from .rules import read_by_rules
from .targets import find_properties

SURE = 0.9  # of another intent where the rules have found no word for one
SURER = 0.95  # of another intent than the one that a word stands for
ALARMED = 0.85  # of a hazard that the rules do not know
CERTAIN = 0.97  # that a request with a domain and targets is nothing for us


def combine(
    text: str, rules: Goal, tagger: Goal, confidence: float
) -> tuple[Goal, bool, tuple[Goal, ...]]:
    """The goal to act on, whether both readings are the same, and the other readings if not."""
    if same(rules, tagger):
        return rules, True, ()
    alarmed = tagger.intent == "refuse" and confidence >= ALARMED and not is_reassuring(text)
    if rules.intent == "refuse" or alarmed:
        # a reading that would act on it is not offered
        warnings = rules.warnings if rules.intent == "refuse" else (UNNAMED,)
        return Goal(intent="refuse", warnings=warnings), False, ()
    goal = rules
    if rules.intent != tagger.intent != "refuse" and confidence >= _needed(rules, tagger):
        goal = read_by_rules(text, tagger.intent)
    goal = _filled(text, goal, tagger)
    others = [other for other in (rules, tagger) if other.intent != "refuse"]
    return goal, False, tuple(other for other in others if not same(other, goal))


def _needed(rules: Goal, tagger: Goal) -> float:
    if rules.generator is not None or rules.intent in ("simulate", "characterize", "explain"):
        return 1.0  # their words are plain; who names a generator wants something made
    if tagger.intent == "help" and rules.domain is not None and rules.targets:
        return CERTAIN
    return SURE if rules.intent in ("design", "help") else SURER


def _filled(text: str, goal: Goal, tagger: Goal) -> Goal:
    """What the rules left empty and the network is better at."""
    if goal.intent != tagger.intent or goal.intent in ("help", "refuse"):
        return goal
    update: dict[str, Any] = {}
    if goal.working_ion is None and tagger.working_ion and names_ion(text, tagger.working_ion):
        update["working_ion"] = tagger.working_ion
    if goal.intent == "design" and not goal.targets and goal.generator != "superres":
        # a bare number may count or date anything: only with a word for the property
        named = {mention.key for mention in find_properties(text)}
        update["targets"] = tuple(t for t in tagger.targets if t.unit != "1" or t.property in named)
    return goal.model_copy(update=update)


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
    first, second = numbers_of(one), numbers_of(other)
    return len(first) == len(second) and all(
        isclose(a, b, rel_tol=1e-3, abs_tol=1e-12) for a, b in zip(first, second, strict=True)
    )
