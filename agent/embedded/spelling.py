"""Misspelt words of the field, put right before the rules read them."""

from __future__ import annotations

import re
from functools import cache

from ionwright.knowledge.vocabulary import vocabulary

from .lexicon import class_elements, lexicon

_SHORTEST = 6
_MORE = (
    "cathode cathodes anode anodes electrolyte electrolytes additive additives solvent solvents "
    "polymer polymers microstructure microstructures interphase battery batteries sodium lithium "
    "suggest propose generate predict estimate compare simulate discharge measure explain without "
    "minimum maximum exceeding between around approximately conductor electrode electrodes monomer "
    "monomers tomogram candidates higher larger lowest highest kathode kathoden "
    "mindestens höchstens"
)


def corrected(text: str, kept: list[tuple[int, int]]) -> str:
    """The text with words one letter off replaced by the word meant, except inside `kept`."""

    def right(match: re.Match[str]) -> str:
        word = match.group()
        if any(match.start() < end and start < match.end() for start, end in kept):
            return word
        return meant(word.lower()) or word

    return re.sub(r"[A-Za-zäöüßÄÖÜ]{6,}", right, _in_full(text))


_SHORT = (
    (r"\bb4\b", "before"),
    (r"\b(?<=looking )4\b|\b4 (?=(?:a|my|the|our) )", "for "),
    (r"\b4(?= (?:li|na|k|mg|ca|zn|al|lithium|sodium|potassium|magnesium|zinc|calcium)\b)", "for"),
    (r"\b(?<=easy )2\b", "to"),
    (r"\bbtw(?= \d)", "between"),
    (r"(?<=\d) n (?=\d)", " and "),
    (r"\bhow'?s\b", "how is"),
)


def _in_full(text: str) -> str:
    """Shorthand of the phone written out: "b4", "4 na", "btw 2 n 3"."""
    for short, full in _SHORT:
        text = re.sub(short, full, text, flags=re.IGNORECASE)
    return text


@cache
def _right() -> frozenset[str]:
    """Whole words that the base model knows: "meeting" is not a misspelt "melting"."""
    from ionwright.knowledge.minilm import base_folder

    words = (base_folder() / "vocab.txt").read_text(encoding="utf-8").split()
    return frozenset(words) | {"nitriles", "silicone", "modules"}


@cache
def _known() -> dict[str, list[str]]:
    words = set(_MORE.split())
    for prop in vocabulary().values():
        words |= {w for alias in prop.aliases for w in re.split(r"[\s\-/]+", alias)}
    for names in lexicon()["elements"].values():
        words |= set(names)
    by_start: dict[str, list[str]] = {}
    for word in sorted(w for w in words if len(w) >= _SHORTEST and w.isalpha()):
        by_start.setdefault(word[0], []).append(word)
    return by_start


@cache
def meant(word: str) -> str | None:
    """The word of the field that a lower-case word is one letter off, None if there is none."""
    near = _known().get(word[:1], [])
    stem = re.sub(r"(?:s|es|n|en|e|er|d)$", "", word)
    if word in near or word in _right() or stem in class_elements() or word in class_elements():
        return None
    if any(w in (stem, stem + "e") for w in near):
        return None
    found = {w for w in near if abs(len(w) - len(word)) <= 1 and _one_off(word, w)}
    if len(found) > 1:  # a letter mistaken is likelier than one too many: "moleculer"
        found = {w for w in found if len(w) == len(word)}
    return found.pop() if len(found) == 1 else None


def _one_off(word: str, other: str) -> bool:
    """Whether one letter is added, dropped, changed, or two neighbours are swapped."""
    if len(word) < len(other):
        word, other = other, word
    place = next(
        (i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), len(other)
    )
    rest, tail = word[place + 1 :], other[place:]
    if len(word) == len(other):
        swapped = word[place : place + 2][::-1] == other[place : place + 2]
        return rest == tail[1:] or (swapped and word[place + 2 :] == other[place + 2 :])
    return rest == tail
