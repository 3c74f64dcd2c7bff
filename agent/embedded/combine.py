"""Two readings of one request become one goal.

The tagger has seen the rules' reading, and learned where to follow it; so its word counts. Where
the rules read the same, the goal can be acted on at once. The threshold was chosen on requests that
neither was made for (docs/lab-log.md).
"""

from __future__ import annotations

import re
from math import isclose

from ionwright.knowledge.records import Goal, Target

from .hazards import UNNAMED, is_reassuring
from .normalise import numbers_of

ALARMED = 0.75  # probability of a hazard above which a request is refused
ALARMED_ANYWAY = 0.95  # the same where the words say that the hazard is to be avoided


def combine(
    text: str, rules: Goal, tagger: Goal, alarm: float
) -> tuple[Goal, bool, tuple[Goal, ...]]:
    """The goal to act on, whether both readings are the same, and the other reading if not.

    Args:
        text: the cleaned request.
        rules: the goal that the rules read.
        tagger: the goal that the tagger read.
        alarm: the tagger's probability that the request should be refused.
    """
    named = rules.intent == "refuse"
    alarmed = alarm >= (ALARMED_ANYWAY if is_reassuring(text) else ALARMED)
    if named or alarmed:
        # a reading that would act on it is not offered
        goal = rules if named else Goal(intent="refuse", warnings=(UNNAMED,))
        return goal, named and alarmed, ()
    tagger = _bounded(_polarised(tagger, rules), rules)
    if tagger.intent == "refuse" or same(rules, tagger):
        return rules, tagger.intent != "refuse", ()
    return tagger, False, (rules,)


def _polarised(tagger: Goal, rules: Goal) -> Goal:
    """The tagger's goal with the elements that the rules see excluded.

    Where rules find an exclusion they are hardly ever wrong; the tagger now and then takes it for
    a wish, and does not tell what is said both ways.
    """
    barred = set(rules.elements_excluded) - set(rules.elements_required)
    both = set(rules.elements_excluded) & set(rules.elements_required)
    told = {*tagger.elements_required, *tagger.elements_excluded}
    required = [e for e in tagger.elements_required if e not in barred]
    excluded = [*tagger.elements_excluded, *(e for e in tagger.elements_required if e in barred)]
    return tagger.model_copy(
        update={
            "elements_required": tuple(dict.fromkeys([*required, *sorted(both & told)])),
            "elements_excluded": tuple(dict.fromkeys([*excluded, *sorted(both & told)])),
        }
    )


def _bounded(tagger: Goal, rules: Goal) -> Goal:
    """The tagger's goal with both bounds where it lost one that the rules see."""
    ranges = {t.property: t for t in rules.targets if t.op == "between"}

    def whole(target: Target) -> Target:
        wider = ranges.get(target.property)
        if wider is None or target.op not in (">=", "<="):
            return target
        ends = numbers_of(wider)
        lost = any(isclose(numbers_of(target)[0], end, rel_tol=1e-6) for end in ends)
        return wider if lost else target

    targets = [whole(t) for t in tagger.targets]
    other = {">=": "<=", "<=": ">="}
    for bound in rules.targets:  # bounds that contradict each other stand apart
        rivals = (t for t in rules.targets if t.property == bound.property)
        first = next((t for t in rivals if t.op == other.get(bound.op)), None)
        if first is None:
            continue
        if any(_equal(t, first) for t in targets) and not any(_equal(t, bound) for t in targets):
            targets.append(bound)
    return tagger.model_copy(update={"targets": tuple(targets)})


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
