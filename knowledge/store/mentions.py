"""What a query names: subjects that the store knows, classes of materials, properties."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ionwright.knowledge.vocabulary import vocabulary

from .words import STOPWORDS, formula_key, name_key, plain

LONGEST_NAME = 7  # words of a name
MOST_SYNONYMS = 4
_WORD = re.compile(r"[^\s?!;]+")

# words of a class, as people write them; the class itself is always one
CLASS_WORDS = {
    "layered oxide": ("layered oxides", "layered"),
    "prussian blue analogue": ("prussian blue", "prussian white", "hexacyanoferrate"),
    "disordered rocksalt": ("disordered rock salt", "drx", "disordered rock-salt"),
    "nasicon": ("nasicons", "nasicon-type"),
    "thiophosphate": ("thiophosphates",),
    "sulfide": ("sulfides", "sulphide", "sulphides"),
    "polymer": ("polymers", "polymer electrolyte", "polymer electrolytes"),
    "carbonate": ("carbonates",),
    "generative model": ("generative models", "generative", "generator"),
    "ionic liquid": ("ionic liquids",),
    "interphase": ("sei", "cei", "interphases", "solid electrolyte interphase"),
    "antiperovskite": ("anti-perovskite", "anti-perovskites"),
    "air": ("li-air", "lithium-air", "lithium-oxygen", "li-o2"),
    "other": (),
    "element": (),
    "method": (),
    "cell": (),
    "metal": (),
    "carbon": (),
    "electrode": (),
}


@dataclass(frozen=True)
class Mentions:
    """What was recognised in a query."""

    names: tuple[str, ...] = ()  # as written
    name_keys: frozenset[str] = frozenset()
    phrases: tuple[str, ...] = ()  # other names of the same, as they stand in texts
    classes: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()


def mentions_in(
    text: str, db: sqlite3.Connection, *, names: Sequence[str] = (), properties: Sequence[str] = ()
) -> Mentions:
    """The names, classes and properties in a text.

    Args:
        text: the query.
        db: records of the store, whose names are known.
        names: names that are known to be meant.
        properties: properties that are known to be meant.
    """
    clean = plain(text)
    found = {n: k for n in names for k in (_known(db, [name_key(n), formula_key(n)]),)}
    found.update(_named(clean, db))
    keys = frozenset(k for known in found.values() for k in known)
    return Mentions(
        names=tuple(n for n, known in found.items() if known),
        name_keys=keys,
        phrases=tuple(_synonyms(db, sorted(keys))),
        classes=tuple(_classes(clean.casefold())),
        properties=tuple(dict.fromkeys([*properties, *properties_in(clean)])),
    )


def _named(text: str, db: sqlite3.Connection) -> dict[str, list[str]]:
    """Known names in a text, longest first, without overlap."""
    words = [w.group().strip(".,:()\"'") for w in _WORD.finditer(text)]
    found: dict[str, list[str]] = {}
    taken: set[int] = set()
    for size in range(min(LONGEST_NAME, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            places = range(start, start + size)
            name = " ".join(words[start : start + size])
            if taken & set(places) or (size == 1 and name.casefold() in STOPWORDS):
                continue
            keys = [name_key(name), formula_key(name) if size == 1 else None]
            if known := _known(db, keys):
                found[name] = known
                taken |= set(places)
    return found


def _known(db: sqlite3.Connection, keys: Sequence[str | None]) -> list[str]:
    several = [k for key in keys if key for k in _variants(key)]
    marks = ",".join("?" * len(several))
    rows = db.execute(f"SELECT DISTINCT key FROM name WHERE key IN ({marks})", several)
    return [key for (key,) in rows]


def _synonyms(db: sqlite3.Connection, keys: list[str]) -> list[str]:
    """The names of what these keys name, the first few of each."""
    marks = ",".join("?" * len(keys))
    rows = db.execute(
        f"""
        SELECT json_extract(record, '$.names') FROM entry WHERE row IN (
          SELECT min(entry) FROM name WHERE key IN ({marks}) GROUP BY key)
        """,
        keys,
    ).fetchall()
    names = [n for (listed,) in rows for n in json.loads(listed or "[]")[:MOST_SYNONYMS]]
    return list(dict.fromkeys(n for n in names if len(n) > 1))


def _variants(key: str) -> Iterator[str]:
    yield key
    if key.endswith("s") and len(key) > 4 and not key.startswith("="):
        yield key[:-1]


def _classes(text: str) -> list[str]:
    """Classes of materials named in a lower-case text."""
    return [name for name, pattern in _class_patterns() if pattern.search(text)]


@cache
def _class_patterns() -> list[tuple[str, re.Pattern[str]]]:
    from typing import get_args

    from ionwright.knowledge.facts import MaterialClass

    patterns = []
    for name in get_args(MaterialClass):
        extra = CLASS_WORDS.get(name)
        words = list(extra) if extra is not None else [f"{name}s"]
        words += [name] if extra != () else []
        if words:
            either = "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))
            patterns.append((name, re.compile(rf"(?<![\w-])(?:{either})(?![\w])")))
    return patterns


def properties_in(text: str) -> list[str]:
    """Properties named in a text, in the order in which they stand."""
    found = _alias_pattern().finditer(plain(text).casefold())
    return list(dict.fromkeys(_property_aliases()[m.group()] for m in found))


# how questions tell a property without naming it
VERBS = {
    "reduction_potential": ("reduced", "reduces", "is reduced", "are reduced", "reduziert"),
    "oxidation_potential": ("oxidised", "oxidized", "oxidises", "oxidizes", "oxidiert"),
    "ionic_conductivity": ("conduct", "conducts", "conductive", "conducting", "leitet"),
    "melting_point": ("melt", "melts", "freeze", "freezes", "schmilzt"),
    "boiling_point": ("boil", "boils", "siedet"),
    "thickness": ("thick", "dick"),
    "viscosity": ("viscous", "runny"),
    "max_delta_volume": (
        "swell",
        "swells",
        "expand",
        "expands",
        "shrink",
        "shrinks",
        "schrumpft",
        "schwillt",
    ),
    "porosity": ("porous",),
    "tortuosity_factor": ("tortuous",),
    "capacity_grav": ("deliver", "delivers", "store", "stores"),
}


@cache
def _property_aliases() -> dict[str, str]:
    verbs = {verb: key for key, several in VERBS.items() for verb in several}
    nouns = {
        alias.casefold(): key
        for key, prop in vocabulary().items()
        for alias in (prop.label, *prop.aliases)
    }
    return {**verbs, **nouns}


@cache
def _alias_pattern() -> re.Pattern[str]:
    several = sorted(_property_aliases(), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, several))})(?!\w)")
