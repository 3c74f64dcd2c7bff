"""What a request names that does not exist: elements and units that nobody knows."""

from __future__ import annotations

import re

from ionwright.knowledge.records import Goal

from .counts import impossible_count
from .elements import ONE
from .lexicon import lexicon

_FREE = re.compile(r"(?<![\w-])([A-Za-z]{3,})-(?:free|based|rich|containing|doped)(?!\w)")
_WITHOUT = re.compile(
    r"(?i:\b(?:contain(?:s|ing)?|without|free of|excluding|ohne)\s+(?:any\s+)?)"
    r"([a-z]{4,}(?:ium|inium|on|ine|ogen))\b"
)
_UNIT = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)?\s?([A-Za-zµΩ]+(?:/[A-Za-z]+[0-9]*)+)")
_HUGE = re.compile(r"(?<!\w)\d[\d.,]*[eE][-+]?\d{3,}(?: ?[A-Za-z/]+)?")
# words before "-free" and "-based" that are no elements and no mistakes
_FINE = frozenset(
    [
        "azide",
        "peroxide",
        "perchlorate",
        "solvent",
        "binder",
        "water",
        "lead",
        "carbon",
        "metal",
        "polymer",
        "solution",
        "halogen",
        "halide",
        "strain",
        "anode",
        "cobalt",
        "explosive",
        "sulfone",
        "nitrile",
        "ester",
        "ether",
        "carbonate",
        "perovskite",
        "dendrite",
        "lithium",
        "sodium",
        "fluorine",
        "plant",
        "bio",
        "computer",
        "physics",
        "data",
        "model",
        "organic",
        "silicon",
        "aqueous",
        "salt",
        "additive",
        "sulfide",
        "oxide",
        "toxin",
        "gas",
        "volt",
        "conflict",
        "cost",
        "care",
    ]
)


def not_understood(text: str, goal: Goal) -> list[str]:
    """Words that look like an element or a unit and are none."""
    found = []
    if goal.intent == "design":
        for match in (*_FREE.finditer(text), *_WITHOUT.finditer(text)):
            word = match.group(1)
            if not re.fullmatch(ONE, word) and word.lower() not in _FINE and not _named(word):
                found.append(word)
    found += [m.group(1) for m in _UNIT.finditer(text) if not _is_unit(m.group(), m.group(1))]
    found += [m.group() for m in _HUGE.finditer(text)]
    if goal.intent == "design" and (wrong := impossible_count(text)):
        found.append(wrong)
    return list(dict.fromkeys(found))


def _named(word: str) -> bool:
    lowered = word.lower()
    return lowered in lexicon()["classes"] or lowered in lexicon()["groups"]


def _is_unit(written: str, unit: str) -> bool:
    from .quantities import find_amounts
    from .units import compatible

    amounts = find_amounts(written)
    read = amounts[0].unit if amounts else ""
    return bool(read) and ("/" in read or bool(compatible(read)))
