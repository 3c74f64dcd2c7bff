"""The rules parser: a request in words becomes a Goal by lexicon and grammar alone."""

from __future__ import annotations

import re

from ionwright.knowledge.records import Goal

from .counts import read_count
from .elements import excluded_elements, required_elements, working_ion
from .hazards import is_hazardous
from .intents import read_domain, read_intent
from .lexicon import generator_patterns
from .quantities import Amount, find_amounts
from .subjects import Subject, find_subjects
from .targets import Mention, Scene, find_properties, read_targets
from .text import unspoken


def read_by_rules(text: str) -> Goal:
    """The goal of a cleaned request."""
    subjects = find_subjects(text)
    smiles = tuple(s.text for s in subjects if s.kind == "smiles")
    if is_hazardous(text, smiles):
        return Goal(intent="refuse")
    bare = unspoken(text, [(s.start, s.end) for s in subjects])
    generator, bare = _take_generator(bare)
    count, place = read_count(bare)
    bare = unspoken(bare, [place])
    mentions = find_properties(bare)
    amounts = find_amounts(bare)
    intent = read_intent(
        text, subjects, properties=len(mentions), targets=_has_numbers(mentions, amounts)
    )
    if intent == "help":
        return Goal(intent="help")
    return _assemble(text, bare, intent, subjects, count, generator, mentions, amounts)


def _assemble(
    text: str,
    bare: str,
    intent: str,
    subjects: list[Subject],
    count: int | None,
    generator: str | None,
    mentions: list[Mention],
    amounts: list[Amount],
) -> Goal:
    domain = read_domain(bare, intent, subjects)
    targets, left = read_targets(Scene(bare, intent, domain, mentions, amounts))
    excluded, required = _elements(bare, intent, mentions)
    return Goal(
        intent=intent,
        domain=domain,
        working_ion=working_ion(text if intent == "design" else _bare_ion(text, subjects)),
        elements_required=tuple(required),
        elements_excluded=tuple(excluded),
        subjects=_kept(subjects, intent, text),
        targets=targets,
        count=count if intent == "design" else None,
        generator=generator,
        not_understood=tuple(left),
    )


def _take_generator(text: str) -> tuple[str | None, str]:
    for name, pattern in generator_patterns().items():
        if match := pattern.search(text):
            return name, unspoken(text, [match.span()])
    return None, text


def _has_numbers(mentions: list[Mention], amounts: list[Amount]) -> bool:
    from .units import compatible

    return any(
        a.unit not in ("", "C", "K", "degC", "%") and compatible(a.unit) for a in amounts
    ) or (bool(mentions) and any(a.unit in ("K", "degC", "%", "C") for a in amounts))


def _elements(text: str, intent: str, mentions: list[Mention]) -> tuple[list[str], list[str]]:
    if intent != "design":
        return [], []
    text = unspoken(text, [(m.start, m.end) for m in mentions])
    excluded, spans = excluded_elements(text)
    required = required_elements(unspoken(text, spans))
    return excluded, [symbol for symbol in required if symbol not in excluded]


def _bare_ion(text: str, subjects: list[Subject]) -> str:
    return unspoken(text, [(s.start, s.end) for s in subjects if s.kind != "salt"])


_HOST = re.compile(
    r"(?i)(?:for|with|in|of|f\.|host|dissolv\w+|electrolytes?|plus|\+|/)\s*(?:\w+\s+)?$"
)


def _kept(subjects: list[Subject], intent: str, text: str) -> tuple[str, ...]:
    kept = []
    for subject in subjects:
        if intent == "design" and subject.kind == "salt":
            lead = text[max(0, subject.start - 20) : subject.start]
            if not re.search(r"(?i)like|similar|than|replac\w+|instead of|from|variants? of", lead):
                continue
        kept.append(subject.text)
    return tuple(dict.fromkeys(kept))
