"""Generated words for targets: a property with a value, a verb, a bare value, a wish."""

from __future__ import annotations

from random import Random

from ionwright.knowledge.vocabulary import property_of

from . import words as w
from .pieces import Text, amount, tagged


def target(rng: Random, key: str, german: bool) -> Text:
    """One target: a property with a value, a verb, a bare value or a wish without a number."""
    kind = rng.random()
    ready = [entry for entry in w.WHOLE_ASKS if entry[0] == key]
    if kind < 0.10 and ready:
        _, words, op = rng.choice(ready)
        return rng.choice(["", "", "", "and "]) * 0 + tagged(words, "ASK", key, op)
    if kind < 0.22 and key not in ("molecular_weight", "formation_energy_per_atom"):
        return _wish(rng, key, german)
    verbs = [entry for entry in w.VERBS if entry[0] == key]
    if kind < 0.36 and verbs and not german:
        _, words, op = rng.choice(verbs)
        value, ranged = amount(rng, key, False)
        return words + tagged(value, "VAL", key, ranged or op)
    value, ranged = amount(rng, key, german)
    op = ranged or rng.choices([">=", "<=", "="], weights=_leaning(key))[0]
    bare = key in w.BARE_UNIT and rng.random() < 0.4
    return _valued(rng, key, op, value, german, bare)


def _leaning(key: str) -> list[int]:
    return {"higher": [6, 1, 2], "lower": [1, 6, 1], "near": [3, 3, 2]}[property_of(key).better]


def _wish(rng: Random, key: str, german: bool) -> Text:
    up = property_of(key).better != "lower"
    if rng.random() < 0.2:
        up = not up
    table = (w.HIGH_DE if up else w.LOW_DE) if german else (w.HIGH if up else w.LOW)
    before, _, after = rng.choice(table).partition("{p}")
    return before + tagged(name_of(rng, key, german), "ASK", key, "max" if up else "min") + after


def name_of(rng: Random, key: str, german: bool) -> str:
    """A noun for a property."""
    aliases = [
        a
        for a in property_of(key).aliases
        if not a.endswith(("s up", " by", " down"))
        and not a.startswith(("is ", "gets ", "resist", "withst"))
    ]
    early = aliases[:6]
    word = rng.choice(early if rng.random() < 0.5 else aliases)
    if german:
        words = [
            a
            for a in aliases
            if any(c in a for c in "äöü")
            or a.endswith(
                (
                    "ung",
                    "keit",
                    "ität",
                    "punkt",
                    "zahl",
                    "dichte",
                    "energie",
                    "größe",
                    "dicke",
                    "ial",
                )
            )
        ]
        word = rng.choice(words or early).capitalize()
    if key == "average_voltage" and rng.random() < 0.4 and not german:
        word = "voltage"
    return word


def _valued(rng: Random, key: str, op: str, value: str, german: bool, bare: bool) -> Text:
    anchored = tagged(value, "VAL", key, op)
    if op in (">=", "<=", "=") and rng.random() < 0.14:
        tail = rng.choice((w.AFTER_DE if german else w.AFTER)[op])
        ranked: Text = anchored + tail
    else:
        ranked = rng.choice((w.OPS_DE if german else w.OPS)[op]) + anchored
    if bare:
        return ranked
    name = name_of(rng, key, german)
    order = rng.random()
    if order < 0.16 and not german:
        return ranked + rng.choice([" ", " ", " of "]) + name
    link = (
        rng.choice([" ", " ", ": ", " of ", " is ", " should be ", " = ", " must be ", " "])
        if not german
        else rng.choice([" ", " ", ": ", " von "])
    )
    if link in (" of ", " von ") and ranked.words.startswith(
        ("of ", "von ", ">", "<", "≥", "≤", "=")
    ):
        link = " "
    lead = (
        rng.choice(["", "", "", "with a ", "with ", "a ", "whose "])
        if not german
        else rng.choice(["", "", "mit "])
    )
    return lead + name + link + ranked
