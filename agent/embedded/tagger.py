"""The tagger at work: spans and sentence labels of a request, decoded into a Goal.

It copies spans of the text and normalises them with the code that the rules use, so it cannot
invent a number, an element or a material.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ionwright.knowledge.records import Goal, Target
from ionwright.knowledge.vocabulary import property_of

from .elements import elements_in
from .labels import BIO, DOMAINS, GENERATORS, INTENTS, IONS, OPS, PROPERTIES, encode
from .lexicon import generator_patterns, property_named
from .normalise import TEMPERATURES, make_target
from .numbers import read_number
from .quantities import find_amounts
from .subjects import find_subjects
from .targets import REPORTING, once
from .units import compatible

if TYPE_CHECKING:
    import torch

    from .network import Tagger

FOLDER = Path(__file__).with_name("weights")


@dataclass(frozen=True)
class Tagged:
    """A span that the network marked, with its scores for property and op."""

    start: int
    end: int
    tag: str
    properties: tuple[float, ...]
    ops: tuple[float, ...]


@dataclass(frozen=True)
class Tags:
    """All that the network says about a request."""

    intent: str
    domain: str | None
    working_ion: str | None
    generator: str | None
    spans: tuple[Tagged, ...]
    confidence: float


@cache
def load_tagger(folder: Path = FOLDER) -> Tagger:
    """The network with its weights, adapters merged; loaded once.

    Raises:
        Damaged: if the weights are missing or damaged.
    """
    from ionwright.generators.weights import load_weights
    from ionwright.knowledge.errors import Damaged

    from .network import Config, Tagger, load_base

    trained, config = load_weights(folder)
    tagger = load_base(Tagger(Config(rank=int(config["rank"]))))
    try:
        tagger.load_state_dict(trained, strict=False)
    except RuntimeError as error:
        raise Damaged(f"weights in {folder} do not fit this version: reinstall") from error
    return tagger.merge().eval()


def read_tags(text: str, folder: Path = FOLDER) -> Tags:
    """Runs the network on a cleaned request."""
    import torch

    ids, shapes, offsets = encode(text)
    tagger = load_tagger(folder)
    with torch.inference_mode():
        scores = tagger(
            torch.tensor([ids]), torch.tensor([shapes]), torch.ones(1, len(ids), dtype=torch.bool)
        )
    best = {
        name: int(scores[name][0].argmax()) for name in ("intent", "domain", "ion", "generator")
    }
    return Tags(
        intent=INTENTS[best["intent"]],
        domain=DOMAINS[best["domain"]],
        working_ion=IONS[best["ion"]],
        generator=GENERATORS[best["generator"]],
        spans=tuple(_spans(scores, offsets)),
        confidence=float(scores["intent"][0].softmax(-1).max()),
    )


def _spans(scores: dict[str, torch.Tensor], offsets: list[tuple[int, int]]) -> list[Tagged]:
    labels = [BIO[i] for i in scores["tag"][0].argmax(-1).tolist()]
    spans: list[Tagged] = []
    place = 0
    while place < len(labels):
        label = labels[place]
        if label == "O" or offsets[place][0] == offsets[place][1]:
            place += 1
            continue
        end = place + 1
        while end < len(labels) and labels[end] == f"I-{label[2:]}":
            end += 1
        inside = slice(place, end)
        properties = scores["property"][0][inside].log_softmax(-1).mean(0)
        ops = scores["op"][0][inside].log_softmax(-1).mean(0)
        spans.append(
            Tagged(
                offsets[place][0],
                offsets[end - 1][1],
                label[2:],
                tuple(properties.tolist()),
                tuple(ops.tolist()),
            )
        )
        place = end
    return spans


def read_by_tagger(text: str, folder: Path = FOLDER) -> Goal:
    """The goal of a cleaned request by the network alone."""
    return decode(text, read_tags(text, folder))


def decode(text: str, tags: Tags) -> Goal:
    """Spans and labels to a goal; what is not an element, a number or a unit is dropped."""
    if tags.intent in ("help", "refuse"):
        return Goal(intent=tags.intent)  # type: ignore[arg-type]
    found: dict[str, list[str]] = {"SUBJ": [], "REQ": [], "EXC": [], "COUNT": []}
    targets: list[Target] = []
    whole = _wholes(text)
    for span in tags.spans:
        start, end = _snapped(text, span, whole)
        words = text[start:end]
        if span.tag in found:
            found[span.tag].append(words)
        elif target := _target(words, span, tags):
            targets.append(target)
    design = tags.intent == "design"
    excluded = _elements(found["EXC"]) if design else ()
    return Goal(
        intent=tags.intent,  # type: ignore[arg-type]
        domain=tags.domain,  # type: ignore[arg-type]
        working_ion=tags.working_ion,
        elements_required=tuple(e for e in _elements(found["REQ"]) if e not in excluded)
        if design
        else (),
        elements_excluded=excluded,
        subjects=tuple(dict.fromkeys(_trimmed(s) for s in found["SUBJ"] if len(_trimmed(s)) > 1)),
        targets=() if tags.intent == "explain" else once(targets),
        count=_count(found["COUNT"]) if design else None,
        generator=_generator(text, tags) if design else None,
    )


def _wholes(text: str) -> dict[str, list[tuple[int, int]]]:
    """Numbers with units, and materials, as the normalisers see them."""
    materials = [(s.start, s.end) for s in find_subjects(text)]
    return {"VAL": [(a.start, a.end) for a in find_amounts(text)], "SUBJ": materials}


def _snapped(text: str, span: Tagged, wholes: dict[str, list[tuple[int, int]]]) -> tuple[int, int]:
    """The number or material that a span touches, else the span completed to whole words."""
    touched = [(s, e) for s, e in wholes.get(span.tag, []) if s < span.end and span.start < e]
    return touched[0] if touched else _whole_words(text, span)


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
    return tuple(dict.fromkeys(symbol for word in words for symbol in elements_in(word)))


def _count(words: list[str]) -> int | None:
    for written in words:
        if re.search(r"(?i)\b(?:single|one|ein\w*)\b", written):
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


def _target(words: str, span: Tagged, tags: Tags) -> Target | None:
    reporting = tags.intent in REPORTING
    material = tags.domain if tags.domain in ("microstructure", "interphase") else None
    if span.tag == "ASK" or reporting:
        key = _asked_key(words, span, tags)
        op = "report" if reporting else _best_op(span, ("max", "min"))
        return Target(property=key, op=op, unit=property_of(key).unit_for(material))  # type: ignore[arg-type]
    amounts = find_amounts(words)
    if not amounts:
        return None
    amount = amounts[0]
    numbers = frozenset(key for key in PROPERTIES if property_of(key).unit == "1")
    fitting = _best_key(span, compatible(amount.unit) if amount.unit else numbers)
    if fitting is None or (amount.unit in ("K", "C", "degC") and fitting not in TEMPERATURES):
        return None
    return make_target(
        fitting, _best_op(span, (">=", "<=", "=")), amount.value, amount.unit, tags.domain
    )


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
