"""Requests marked by hand, varied: other materials, elements, numbers and counts in their marks."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from ..lexicon import lexicon, symbol_of
from ..text import is_german
from . import words as w
from .pieces import Span, Text, amount, element, lowered, material, misspelt
from .requests import Example


def varied(rng: Random, example: Example) -> Example:
    """The same sentence with some of its marked words exchanged, now and then misspelt."""
    german = is_german(example.text)
    text, place = Text(), 0
    for span in sorted(example.spans, key=lambda span: span.start):
        words = example.text[span.start : span.end]
        new = _exchanged(rng, span, words, german) if rng.random() < 0.5 else None
        marked = Text(new or words, [replace(span, start=0, end=len(new or words))])
        text = text + example.text[place : span.start] + marked
        place = span.end
    text += example.text[place:]
    if rng.random() < 0.08:
        text = lowered(text)
    if rng.random() < 0.12:
        text = misspelt(rng, text)
    return replace(example, text=text.words, spans=tuple(text.spans))


def _exchanged(rng: Random, span: Span, words: str, german: bool) -> str | None:
    """Other words of the same kind, None where none would fit the sentence."""
    if span.tag == "SUBJ":
        endings = "|".join(lexicon()["subjects"]["files"])
        is_file = re.search(rf"\.(?:{endings})$", words, re.IGNORECASE)
        return rng.choice(w.FILES) if is_file else material(rng)
    if span.tag in ("REQ", "EXC"):
        return element(rng, german)[0] if symbol_of(words) else None
    if span.tag == "COUNT":
        return str(rng.randint(2, 40)) if words.isdigit() else None
    if span.tag == "VAL":
        return _other_value(rng, span, words, german)
    return None


def _other_value(rng: Random, span: Span, words: str, german: bool) -> str | None:
    if re.fullmatch(r"[\d.,]+", words):  # its unit stands with another number
        return None
    for _ in range(4):
        value, ranged = amount(rng, span.property, german)
        if bool(ranged) == (span.op == "between"):
            return value
    return None
