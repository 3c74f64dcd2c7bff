"""Text as the lexical index sees it, and the keys under which names are found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from ionwright.knowledge.vocabulary import ELEMENTS

# inside a token: "1,3-dioxolane", "Li+", "e.g", "Na0.7", "poly(ethylene"
_TOKEN = re.compile(r"[^\W_]+(?:[-.,+/'()\[\]][^\W_]+)*\+?")
_PARTS = re.compile(r"[-/()\[\],]")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
_FORMULA = re.compile(r"(?:\(?[A-Z][a-z]?\)?\d*\.?\d*)+")

# words that say nothing about what is looked for
STOPWORDS = frozenset(
    """
    a about after all also an and any are as at be been before best between but by can could did do
    does for from had has have how i if in into is it its know known like list long made make many
    me more most much my need of on or our out over please published reported say should show so
    some such tell than that the their them then there these they this those to up us use used was
    we were what when where which who why will with would you your give find than literature
    measured value values according typical typically
    """.split()  # noqa: SIM905
)


def plain(text: str) -> str:
    """Text in one spelling: compatibility forms and dashes unified."""
    return unicodedata.normalize("NFKC", text).translate(_DASHES)


def tokens(text: str) -> list[str]:
    """The tokens of a text, lower-case; compounds are followed by their parts."""
    found = []
    for token in _TOKEN.findall(plain(text).lower()):
        found.append(token)
        parts = [p for p in _PARTS.split(token) if p]
        if len(parts) > 1:
            found += parts
    return found


def index_text(text: str) -> str:
    """What goes into the full-text index for a text."""
    return " ".join(_safe(t) for t in tokens(text))


def match_query(words: list[str]) -> str:
    """A full-text query that any of these words matches; empty if none says anything."""
    useful = dict.fromkeys(t for t in words if t not in STOPWORDS)
    return " OR ".join(f'"{_safe(t)}"' for t in useful)


def phrase_query(phrases: Iterable[str]) -> str:
    """A full-text query that any of these phrases matches, word after word."""
    several = dict.fromkeys(index_text(p) for p in phrases)
    return " OR ".join(f'"{p}"' for p in several if p)


def _safe(token: str) -> str:
    return token.replace("'", "").replace("(", "_").replace(")", "_").replace(",", "_")


def name_key(name: str) -> str:
    """One key for the spellings of a name; two letters or fewer keep their case (Co is not CO)."""
    bare = re.sub(r"[\s_\-]+", "", plain(name)).strip(".,;:")
    return bare if len(bare) <= 2 else bare.casefold()


@lru_cache(maxsize=100_000)
def formula_key(text: str) -> str | None:
    """The key of a chemical formula whatever its order and multiple, None if it is none."""
    bare = plain(text).strip()
    if (not any(c.isdigit() for c in bare) and len(bare) < 3) or not _FORMULA.fullmatch(bare):
        return None
    from pymatgen.core import Composition

    try:
        shares = Composition(bare).fractional_composition.items()
        amounts = sorted((e.symbol, round(float(share), 4)) for e, share in shares)
    except (ValueError, KeyError, AttributeError, ZeroDivisionError):
        return None
    if not amounts or any(symbol not in ELEMENTS for symbol, _ in amounts):
        return None  # "SEI" is read as if E were an element
    return "=" + "".join(f"{symbol}{amount:g}" for symbol, amount in amounts)


def keys_of(name: str) -> list[str]:
    """Every key under which a name is found."""
    formula = formula_key(name)
    return [name_key(name), *([formula] if formula else [])]
