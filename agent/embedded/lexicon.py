"""The words of the field as compiled patterns, from `lexicon.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from ionwright.knowledge.vocabulary import ELEMENTS, vocabulary


@cache
def lexicon() -> dict[str, Any]:
    """The tables of `lexicon.toml`, read once."""
    text = (files("ionwright.agent.embedded") / "lexicon.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def any_of(patterns: list[str] | tuple[str, ...], flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """One pattern for any of these as whole words; longer ones are tried first."""
    ordered = sorted(set(patterns), key=len, reverse=True)
    return re.compile(rf"(?<![\w]) ?(?:{'|'.join(ordered)})(?!\w)".replace(" ?", "", 1), flags)


@cache
def element_names() -> dict[str, str]:
    """Lower-case name -> symbol, English and German."""
    return {name: symbol for symbol, names in lexicon()["elements"].items() for name in names}


@cache
def class_elements() -> dict[str, tuple[str, ...]]:
    """Class word -> the elements it stands for, classes and groups."""
    tables = {**lexicon()["classes"], **lexicon()["groups"]}
    return {word: tuple(symbols) for word, symbols in tables.items()}


def symbol_of(word: str) -> str | None:
    """The symbol of an element named or abbreviated, None if there is no such element.

    Lower-case symbols are read only where no English word is meant ("co", "fe", not "in", "as").
    """
    bare = word.strip(" .,;:()'\"")
    if bare in ELEMENTS:
        return bare
    lowered = bare.lower()
    if lowered in element_names():
        return element_names()[lowered]
    if lowered.capitalize() in ELEMENTS and len(lowered) == 2 and lowered not in _ENGLISH:
        return lowered.capitalize()
    return None


_ENGLISH = frozenset(
    [
        "in",
        "as",
        "at",
        "be",
        "he",
        "no",
        "ac",
        "pm",
        "am",
        "re",
        "la",
        "os",
        "es",
        "pa",
        "po",
        "ho",
        "th",
        "i",
        "y",
        "u",
        "b",
        "c",
        "k",
    ]
)


@cache
def domain_patterns() -> dict[str, re.Pattern[str]]:
    """Domain -> the words that name it."""
    return {name: any_of(words) for name, words in lexicon()["domains"].items()}


@cache
def generator_patterns() -> dict[str, re.Pattern[str]]:
    """Generator -> what people write for it."""
    named = {**lexicon()["generators"], **lexicon()["other_generators"]}
    return {name: any_of(words) for name, words in named.items()}


@cache
def alias_pattern() -> re.Pattern[str]:
    """Any alias of any property; hyphens and spaces are one, a plural s is allowed."""
    aliases = {alias for prop in vocabulary().values() for alias in prop.aliases}
    ordered = sorted(aliases, key=len, reverse=True)
    body = "|".join(_loose(alias) for alias in ordered)
    return re.compile(rf"(?<![\w])(?:{body})(?:s|en|n)?(?![\w+])", re.IGNORECASE)


@cache
def _alias_keys() -> dict[str, str]:
    return {
        _flat(alias): key
        for key, prop in reversed(list(vocabulary().items()))
        for alias in prop.aliases
    }


def property_named(words: str) -> str | None:
    """The property whose alias these words are, plural or not."""
    flat = _flat(words)
    for ending in ("", "s", "en", "n"):
        if ending and not flat.endswith(ending):
            continue
        key = _alias_keys().get(flat[: len(flat) - len(ending)] if ending else flat)
        if key:
            return key
    return None


def _loose(alias: str) -> str:
    return r"[\s\-_]*".join(re.escape(part) for part in re.split(r"[\s\-]+", alias))


def _flat(words: str) -> str:
    return re.sub(r"[\s\-]+", "", words.lower())
