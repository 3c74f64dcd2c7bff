"""Checking and cleaning of a request. Cleaning keeps every character's place."""

from __future__ import annotations

import re
import unicodedata

from ionwright.knowledge.errors import InvalidRequest

MAX_CHARACTERS = 10_000
_SAME_PLACE = str.maketrans(
    {
        **dict.fromkeys("−–—‐‑‒―", "-"),
        **dict.fromkeys("\t\r\xa0\u2009\u202f\u2007\u200a\u2002\u2003", " "),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("’‘‛`´", "'"),
        **dict.fromkeys("µμ", "u"),
        **dict.fromkeys("×✕", "x"),
        "≧": "≥",
        "≦": "≤",
        "⩾": "≥",
        "⩽": "≤",
        "∼": "~",
        "≈": "~",
        "％": "%",
        "℃": "C",
        "ϵ": "ε",
    }
)
_GERMAN = re.compile(
    r"\b(der|die|das|ein|eine|einen|und|oder|mit|ohne|für|fuer|von|bitte|ich|mir|ist|wie|was|über|"
    r"unter|mindestens|höchstens|kein|keine|suche|auf|bis|nach|bei|sind|welche|warum|zwischen)\b",
    re.IGNORECASE,
)


def check(words: str) -> str:
    """The request itself, if there is something in it that can be read.

    Raises:
        InvalidRequest: if it is empty, too long or not text.
    """
    if not isinstance(words, str):
        raise InvalidRequest(f"a request is text, not {type(words).__name__}")
    if not words.strip():
        raise InvalidRequest("the request is empty: say in plain words what you are looking for")
    if len(words) > MAX_CHARACTERS:
        raise InvalidRequest(
            f"the request has {len(words):,} characters, allowed are {MAX_CHARACTERS:,}: "
            "shorten it to the goal itself"
        )
    for place, character in enumerate(words):
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t":
            raise InvalidRequest(
                f"the request holds the control character U+{ord(character):04X} at place {place}: "
                "give plain text, not binary data"
            )
    return words


def clean(words: str) -> str:
    """The same text with one spelling of dashes, spaces, quotes and signs; same length."""
    return words.translate(_SAME_PLACE)


def is_german(text: str) -> bool:
    """Whether the words, or the umlauts, are mostly German."""
    return len(_GERMAN.findall(text)) + 2 * bool(re.search("[äöüß]", text, re.IGNORECASE)) >= 2


def unspoken(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with these spans blanked out, so that they are not read twice."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return "".join(characters)
