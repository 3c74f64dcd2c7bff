"""Materials that the shipped corpus knows by name: chemists' names, beyond any pattern."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

from ionwright.knowledge.corpus import fact_files
from ionwright.knowledge.store.words import STOPWORDS, name_key
from ionwright.knowledge.vocabulary import ELEMENTS

from .lexicon import domain_patterns, element_names, property_named
from .subjects import Subject

LONGEST = 7  # words of a name
_CASED = 3  # letters up to which a name counts only as it is written: "TEP", not "tep"
# classes whose names are ways of working, not materials
_ABSTRACT = frozenset(["method", "dataset", "predictor", "generative model", "interphase"])
_PARTS = frozenset(["electrode", "cell", "separator"])  # meant where they have a number: "C2325"
_WORD = re.compile(r"\S+")
_DIGIT = re.compile(r"[a-z].*\d|\d.*[a-z]", re.IGNORECASE)
_EDGES = ".,:;?!\"'"


def find_known(text: str) -> list[Subject]:
    """The longest names of the corpus in a cleaned text, in order, without overlap."""
    words = list(_WORD.finditer(text))
    found: list[Subject] = []
    for size in range(min(LONGEST, len(words)), 0, -1):
        for first in range(len(words) - size + 1):
            start, end = words[first].start(), words[first + size - 1].end()
            if not any(start < s.end and s.start < end for s in found):
                found += _named(text, start, end)
    return sorted(found, key=lambda subject: subject.start)


def _named(text: str, start: int, end: int) -> Iterator[Subject]:
    """The name that stands between two places, with or without what encloses it."""
    for edges in (_EDGES, _EDGES + "()"):
        name = text[start:end].strip(edges)
        exact = _names().get(name_key(name))
        if exact and (len(name) > _CASED or name in exact) and _is_telling(name):
            start += text[start:end].index(name)
            yield Subject(start, start + len(name), name, "name")
            return


@cache
def _names() -> dict[str, frozenset[str]]:
    """Key of a name -> its spellings."""
    spellings: dict[str, set[str]] = {}
    for name in _of_corpus():
        spellings.setdefault(name_key(name), set()).add(name)
    return {key: frozenset(several) for key, several in spellings.items()}


def _of_corpus() -> Iterator[str]:
    for file in fact_files():
        for line in file.read_text(encoding="utf-8").splitlines():
            fact = json.loads(line) if line.strip() else {}
            kind = fact.get("material_class", "method")
            names = [fact.get("subject"), *fact.get("names", ()), fact.get("formula")]
            if kind not in _ABSTRACT:
                yield from (n for n in names if n and (kind not in _PARTS or _DIGIT.search(n)))


def _is_telling(name: str) -> bool:
    """Whether a name is that of one material, not a plain word, an element or a property."""
    plain = name.casefold()
    word = name in ELEMENTS or plain in element_names() or plain in STOPWORDS
    kind = any(pattern.fullmatch(name) for pattern in domain_patterns().values())
    return len(name) > 1 and not (word or kind or property_named(name))
