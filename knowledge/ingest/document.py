"""What a reader makes of a file, and the cutting of text into passages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ionwright.knowledge.entries import Entry, SourceKind

LONGEST = 1000  # characters of a passage: about what the sentence vectors read
OVERLAP = 150  # characters said again at the start of the next passage
SHORTEST = 30  # a passage with less text says nothing
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>{}|\\^`\[\]]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9(])")


class Unreadable(Exception):
    """A file that cannot be read; the message is the reason. The other files are not affected."""


@dataclass(frozen=True)
class Document:
    """A file that was read."""

    kind: SourceKind
    title: str
    entries: tuple[Entry, ...]
    doi: str | None = None
    year: int | None = None
    notes: tuple[str, ...] = field(default=())


def find_doi(text: str) -> str | None:
    """The first DOI in a text, lower-case."""
    found = _DOI.search(text)
    return found.group().rstrip(".,;:)'").lower() if found else None


def tidy(text: str) -> str:
    """Text without control characters, with hyphenated line ends joined and blanks single."""
    text = _CONTROL.sub(" ", text)
    text = re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", text)
    return re.sub(r"[^\S\n]+", " ", re.sub(r"\n{3,}", "\n\n", text)).strip()


def passages(text: str) -> Iterator[str]:
    """A text cut at sentence ends into passages that overlap a little."""
    current = ""
    for sentence in _pieces(" ".join(text.split())):
        if current and len(current) + len(sentence) + 1 > LONGEST:
            yield current
            current = _tail(current)
        current = f"{current} {sentence}".strip()
    if len(current) >= SHORTEST:
        yield current


def _pieces(text: str) -> Iterator[str]:
    """Sentences; an endless one is cut at blanks, and where there are none anywhere."""
    for sentence in _SENTENCE.split(text):
        rest = sentence
        while len(rest) > LONGEST:
            cut = rest.rfind(" ", 1, LONGEST)
            cut = cut if cut > 0 else LONGEST
            yield rest[:cut]
            rest = rest[cut:].lstrip()
        yield rest


def _tail(text: str) -> str:
    """The last words of a passage, to begin the next one with."""
    tail = text[-OVERLAP:]
    return tail[tail.find(" ") + 1 :] if " " in tail else ""
