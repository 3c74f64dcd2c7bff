"""What word lists and rules make of a request: hints that the tagger reads beside the words.

From the lists: a number with the properties that its unit allows and the way its comparing word
points, a word for a property, a material, an element. From the rules: where each slot of the goal
that they read stands in the text. Lists know spellings that no small network has seen, and rules
carry far in tidy requests; the network learns when they mislead.
"""

from __future__ import annotations

import re
from functools import cache
from math import isclose
from typing import get_args

from ionwright.knowledge.records import Goal, Target

from .directions import comparator, direction
from .elements import ONE, elements_in
from .labels import DOMAINS, GENERATORS, INTENTS, IONS, OPS, PROPERTIES
from .normalise import make_target, numbers_of
from .quantities import Amount, find_amounts
from .subjects import Kind, find_subjects
from .targets import Mention, find_properties
from .units import compatible

_KINDS: tuple[str, ...] = get_args(Kind)
HINTS: tuple[str, ...] = (
    *(f"unit of {key}" for key in PROPERTIES),
    *(f"word for {key}" for key in PROPERTIES),
    *(f"number {op}" for op in OPS[:4]),
    *(f"word {op}" for op in OPS[4:6]),
    *(f"material: {kind}" for kind in _KINDS),
    "number", "number with unit", "element",
    *(f"rules: {key}" for key in PROPERTIES),
    *(f"rules: {op}" for op in OPS),
    "rules: required", "rules: excluded", "rules: material", "rules: count",
    *(f"rules: intent {intent}" for intent in INTENTS),
    *(f"rules: domain {domain}" for domain in DOMAINS),
    *(f"rules: ion {ion}" for ion in IONS),
    *(f"rules: generator {name}" for name in GENERATORS),
)  # fmt: skip
_Found = list[tuple[int, int, str]]
_PLACE = {name: place for place, name in enumerate(HINTS)}
FIRST_OF_RULES = next(place for place, name in enumerate(HINTS) if name.startswith("rules: "))


def hint_rows(text: str, offsets: list[tuple[int, int]], rules: Goal) -> list[list[int]]:
    """The indices of the hints of each token; those of the whole request are at the first one."""
    rows: list[list[int]] = [[] for _ in offsets]
    for start, end, hint in [*_from_lists(text), *_from_rules(text, rules)]:
        for row, (first, last) in zip(rows, offsets, strict=True):
            if first < end and start < last and first < last:
                row.append(_PLACE[hint])
    rows[0] += [_PLACE[hint] for hint in _of_whole(rules)]
    return rows


def _of_whole(rules: Goal) -> list[str]:
    generator = rules.generator if rules.generator in GENERATORS else None
    return [
        f"rules: intent {rules.intent}",
        f"rules: domain {rules.domain}",
        f"rules: ion {rules.working_ion}",
        f"rules: generator {generator}",
    ]


def _from_lists(text: str) -> _Found:
    found: _Found = []
    for amount in find_amounts(text):
        found += [(amount.start, amount.end, name) for name in _of_amount(text, amount)]
    for mention in find_properties(text):
        found.append((mention.start, mention.end, f"word for {mention.key}"))
        if way := direction(text, mention.start, mention.end, mention.key):
            found.append((mention.start, mention.end, f"word {way}"))
    found += [(s.start, s.end, f"material: {s.kind}") for s in find_subjects(text)]
    found += [(*match.span(), "element") for match in _element().finditer(text)]
    return found


def _from_rules(text: str, rules: Goal) -> _Found:
    """Where the slots of the rules' goal stand in the text; a goal itself holds no places."""
    found: _Found = []
    for subject in rules.subjects:
        found += [(*m.span(), "rules: material") for m in re.finditer(re.escape(subject), text)]
    for match in _element().finditer(text):
        symbols = set(elements_in(match.group()))
        if symbols & set(rules.elements_required):
            found.append((*match.span(), "rules: required"))
        if symbols & set(rules.elements_excluded):
            found.append((*match.span(), "rules: excluded"))
    amounts, mentions = find_amounts(text), find_properties(text)
    for target in rules.targets:
        places: list[Amount] | list[Mention]
        if target.value is None:
            places = [m for m in mentions if m.key == target.property]
        else:
            places = [a for a in amounts if _gives(a, target, rules.domain)]
        for place in places:
            found += [
                (place.start, place.end, f"rules: {said}") for said in (target.property, target.op)
            ]
    found += [
        (a.start, a.end, "rules: count") for a in amounts if rules.count and a.low == rules.count
    ]
    return found


def _gives(amount: Amount, target: Target, domain: str | None) -> bool:
    """Whether a number is the value, or an end of the range, of a target."""
    read = make_target(target.property, target.op, amount.value, amount.unit, domain)
    if read is None:
        return False
    return all(
        any(isclose(end, value, rel_tol=1e-6) for value in numbers_of(target))
        for end in numbers_of(read)
    )


def _of_amount(text: str, amount: Amount) -> list[str]:
    way = "between" if amount.high is not None else _way(text, amount)
    names = ["number", f"number {way}"]
    if amount.unit:
        names += ["number with unit", *(f"unit of {key}" for key in compatible(amount.unit))]
    return names


def _way(text: str, amount: Amount) -> str:
    # the property is not known yet: any whose better direction is up
    return comparator(text, amount.start, amount.end, "average_voltage")


@cache
def _element() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){ONE}(?!\w)")
