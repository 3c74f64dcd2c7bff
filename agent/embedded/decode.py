"""From marked spans and sentence labels to a goal.

Spans of the text are copied and normalised with the code that the rules use, so no number, element
or material can be invented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ionwright.knowledge.records import Goal, Target
from ionwright.knowledge.vocabulary import ELEMENTS, property_of

from .elements import elements_in
from .labels import OPS, PROPERTIES
from .lexicon import generator_patterns, property_named
from .normalise import TEMPERATURES, make_target
from .numbers import read_number
from .quantities import Amount, find_amounts
from .spelling import meant
from .subjects import find_subjects
from .targets import REPORTING, find_properties, once
from .units import compatible


@dataclass(frozen=True)
class Tagged:
    """A span that the network marked, with its scores for property and op, and how sure it is."""

    start: int
    end: int
    tag: str
    properties: tuple[float, ...]
    ops: tuple[float, ...]
    sure: float = 1.0


@dataclass(frozen=True)
class Tags:
    """All that the network says about a request."""

    intent: str
    domain: str | None
    working_ion: str | None
    generator: str | None
    spans: tuple[Tagged, ...]
    alarm: float  # probability that it should be refused


def decode(text: str, tags: Tags) -> Goal:
    """Spans and labels to a goal; what is not an element, a number or a unit is dropped."""
    if tags.intent in ("help", "refuse"):
        return Goal(intent=tags.intent)  # type: ignore[arg-type]
    found = {tag: _words_of(text, tags, tag) for tag in ("SUBJ", "REQ", "EXC", "COUNT")}
    design = tags.intent == "design"
    return Goal(
        intent=tags.intent,  # type: ignore[arg-type]
        domain=tags.domain,  # type: ignore[arg-type]
        working_ion=tags.working_ion,
        elements_required=_elements(found["REQ"]) if design else (),
        elements_excluded=_elements(found["EXC"]) if design else (),
        subjects=tuple(dict.fromkeys(_trimmed(s) for s in found["SUBJ"] if len(_trimmed(s)) > 1)),
        targets=() if tags.intent == "explain" else once(_targets(text, tags)),
        count=_count(found["COUNT"]) if design else None,
        generator=_generator(text, tags) if design else None,
    )


def _words_of(text: str, tags: Tags, tag: str) -> list[str]:
    """The words of all spans of one tag: materials and counts whole, the surest count first."""
    known: list[tuple[int, int]] = []
    if tag == "SUBJ":
        known = [(s.start, s.end) for s in find_subjects(text)]
    elif tag == "COUNT":
        known = [(a.start, a.end) for a in find_amounts(text) if not a.unit and a.high is None]
    words = []
    spans = sorted(tags.spans, key=lambda span: -span.sure) if tag == "COUNT" else tags.spans
    for span in spans:
        if span.tag == tag:
            touched = [(s, e) for s, e in known if s < span.end and span.start < e]
            start, end = touched[0] if touched else _whole_words(text, span)
            words.append(text[start:end])
    return words


def _targets(text: str, tags: Tags) -> list[Target]:
    """What is asked of properties, in the order of the text."""
    amounts = find_amounts(text)
    read: list[tuple[float, Target]] = []
    for span in tags.spans:
        target = None
        if span.tag == "ASK" or (span.tag == "VAL" and tags.intent in REPORTING):
            target = _asked(text, span, tags)
        elif span.tag == "VAL" and (amount := _amount_at(text, span, amounts)):
            target = _valued(text, span, amount, tags, amounts)
        if target:
            read.append((span.sure, target))
    return [target for _, target in read if _counts(target, read)]


_CERTAIN = 0.9  # how sure of two bounds that contradict each other one must be to tell both


def _counts(target: Target, read: list[tuple[float, Target]]) -> bool:
    """Whether a target stands beside the others of its property, or gives way to them.

    A wish gives way to a number ("high conductivity, above 1 mS/cm"); of numbers that make no
    range together the surest is kept ("Tg below 220 K, and 1 mS/cm at 333 K").
    """
    rivals = [
        (sure, t) for sure, t in read if t.property == target.property and t.value is not None
    ]
    if target.value is None:
        return not rivals
    both = len(rivals) == 2 and {t.op for _, t in rivals} == {">=", "<="}
    joined = both and len(once([t for _, t in rivals])) == 1
    contradicting = both and min(sure for sure, _ in rivals) > _CERTAIN
    return joined or contradicting or target == max(rivals, key=lambda rival: rival[0])[1]


def _whole_words(text: str, span: Tagged) -> tuple[int, int]:
    """Word pieces at the ends of a span are completed to words, as far as letters and digits go."""
    start, end = span.start, span.end
    if span.tag in ("SUBJ", "REQ", "EXC", "ASK"):
        while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
            start -= 1
        while span.tag in ("REQ", "EXC") and end < len(text) and text[end].isalpha():
            end += 1
        while (
            span.tag == "SUBJ"
            and end < len(text)
            and re.match(r"[\w\]()=#.](?!\s|$)|[\w\])]", text[end:])
        ):
            end += 1
    return start, end


def _trimmed(words: str) -> str:
    words = words.strip(" ,;:?!'\"")
    words = words[:-1] if words.endswith(".") else words
    for opening, closing in ("()", "[]"):
        if words.endswith(closing) and words.count(closing) > words.count(opening):
            words = words[:-1]
        if words.startswith(opening) and words.count(opening) > words.count(closing):
            words = words[1:]
    return words


def _elements(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(symbol for word in words for symbol in _symbols(word)))


def _symbols(word: str) -> list[str]:
    """Elements of a marked word; here "v" is vanadium and "nickle" is misspelt."""
    bare = word.strip(" .,;:")
    if bare.upper() in ELEMENTS and len(bare) == 1:
        return [bare.upper()]
    spellings = (word, bare.removesuffix("s"), meant(bare.lower()) or "")
    return next(filter(None, map(elements_in, spellings)), [])


def _count(words: list[str]) -> int | None:
    for written in words:
        if re.fullmatch(
            r"(?i)(?:just |only |nur )?(?:a |an )?(?:single|one|ein\w*)", written.strip()
        ):
            return 1
        value = read_number(re.sub(r"(?i)^an?\s+", "", written.strip()))
        if value is not None and value == int(value) and 1 <= value <= 10_000:
            return int(value)
    return None


def _generator(text: str, tags: Tags) -> str | None:
    """The generator that the network names, else the one whose name stands in the text."""
    patterns = generator_patterns()
    if tags.generator and patterns[tags.generator].search(text):
        return tags.generator
    return next((name for name, pattern in patterns.items() if pattern.search(text)), None)


def _amount_at(text: str, span: Tagged, amounts: list[Amount]) -> Amount | None:
    """The number of the text that shares most with a span."""
    touched = [a for a in amounts if a.start < span.end and span.start < a.end]
    if touched:
        return max(touched, key=lambda a: min(a.end, span.end) - max(a.start, span.start))
    alone = find_amounts(text[span.start : span.end])
    return alone[0] if alone else None


def _asked(text: str, span: Tagged, tags: Tags) -> Target:
    reporting = tags.intent in REPORTING
    start, end = _whole_words(text, span)
    key = _asked_key(text[start:end], span, tags)
    op = "report" if reporting else _best_op(span, ("max", "min"))
    unit = property_of(key).unit_for(_material(tags))
    return Target(property=key, op=op, unit=unit)  # type: ignore[arg-type]


def _material(tags: Tags) -> str | None:
    return tags.domain if tags.domain in ("microstructure", "interphase") else None


def _valued(
    text: str, span: Tagged, amount: Amount, tags: Tags, amounts: list[Amount]
) -> Target | None:
    unit = amount.unit
    key = _best_key(span, compatible(unit) if unit else frozenset(PROPERTIES))
    if key is None or (unit in ("K", "C", "degC") and key not in TEMPERATURES):
        return None
    if not unit and property_of(key).unit != "1":
        after = [a for a in amounts if a.start >= amount.end and key in compatible(a.unit)]
        if after:  # "over 200 but below 300 mAh/g"
            unit = after[0].unit
        elif not re.search(r"[<>=≤≥:~]\s*$", text[: amount.start]) and key not in {
            mention.key for mention in find_properties(text)
        }:
            return None  # a bare number needs a word for its property, or "key = number"
    return make_target(key, _best_op(span, (">=", "<=", "=")), amount.value, unit, tags.domain)


def _asked_key(words: str, span: Tagged, tags: Tags) -> str:
    """The property that a word names; the network's choice where the vocabulary lacks it."""
    named = property_named(words.strip())
    guessed: str = _best_key(span, frozenset(PROPERTIES)) or PROPERTIES[0]
    if (
        named is None
        or tags.domain == "cell"
        or (guessed == "capacity" and named == "capacity_grav")
    ):
        return guessed
    return named


def _best_key(span: Tagged, allowed: frozenset[str]) -> str | None:
    options = [
        (score, key)
        for key, score in zip(PROPERTIES, span.properties, strict=True)
        if key in allowed
    ]
    return max(options)[1] if options else None


def _best_op(span: Tagged, allowed: tuple[str, ...]) -> str:
    options = [(score, op) for op, score in zip(OPS, span.ops, strict=True) if op in allowed]
    return max(options)[1]
