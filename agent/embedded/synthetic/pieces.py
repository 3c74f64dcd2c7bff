"""Building blocks: text with tagged spans, numbers, units, properties, elements, names."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from ionwright.knowledge.vocabulary import property_of

from ..lexicon import lexicon
from ..numbers import read_number
from . import words as w

TAGS = ("SUBJ", "REQ", "EXC", "COUNT", "VAL", "ASK")


@dataclass
class Span:
    """A tagged stretch of text; VAL and ASK carry a property and an op."""

    start: int
    end: int
    tag: str
    property: str = ""
    op: str = ""


@dataclass
class Text:
    """Words with spans; adding keeps the spans in place."""

    words: str = ""
    spans: list[Span] = field(default_factory=list)

    def __add__(self, other: Text | str) -> Text:
        other = other if isinstance(other, Text) else Text(other)
        shift = len(self.words)
        moved = [Span(s.start + shift, s.end + shift, s.tag, s.property, s.op) for s in other.spans]
        return Text(self.words + other.words, [*self.spans, *moved])

    def __radd__(self, other: str) -> Text:
        return Text(other) + self


def tagged(words: str, tag: str, key: str = "", op: str = "") -> Text:
    """Words that are one span."""
    return Text(words, [Span(0, len(words), tag, key, op)])


def joined(pieces: list[Text], separator: str, last: str | None = None) -> Text:
    """Pieces in a row, with another word before the last one if given."""
    whole = Text()
    for place, piece in enumerate(pieces):
        if place:
            whole += last if last is not None and place == len(pieces) - 1 else separator
        whole += piece
    return whole


def filled(template: str, **parts: Text | str) -> Text:
    """A template such as "{ask} {role} with {targets}" with its parts put in."""
    whole = Text()
    rest = template
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        whole = whole + before + parts.get(name, "")
    return whole + rest


def number(rng: Random, key: str, german: bool) -> str:
    """A number that suits the property, in one of many spellings."""
    low, high, style = w.RANGES.get(key, (1, 100, "int"))
    if style == "power":
        return _power(rng, low, high)
    value = rng.uniform(low, high)
    digits = {"int": 0, "one": 1, "two": 2, "three": 3}[style]
    written = f"{value:.{rng.choice([digits, max(digits - 1, 0)])}f}"
    if style == "int" and rng.random() < 0.5 and value > 20:
        written = str(int(round(value, -1)) or 10)
    if german and rng.random() < 0.85:
        written = written.replace(".", ",")
    return written


def _power(rng: Random, low: float, high: float) -> str:
    exponent = rng.randint(int(low), int(high))
    mantissa = rng.choice(["", "", str(rng.randint(1, 9)), f"{rng.uniform(1, 9):.1f}"])
    e = f"{mantissa or '1'}e{exponent}"
    power = rng.choice(
        [f"10^{exponent}", f"10^{exponent}", f"10⁻{str(-exponent).translate(w.SUPER)}"]
    )
    times = rng.choice([" x ", "x", " × ", "*", "·"])
    return rng.choice(
        [
            e,
            e,
            e.upper() if rng.random() < 0.2 else e,
            f"{mantissa}{times}{power}" if mantissa else power,
        ]
    )


def amount(rng: Random, key: str, german: bool) -> tuple[str, str]:
    """A value with its unit as text, and "between" for ranges, else ""."""
    units = w.UNITS["fraction" if key in w.FRACTIONS else property_of(key).unit]
    unit, scaled = rng.choice(units)
    unit = unit.strip()
    one = _scaled(rng, key, scaled, german)
    gap = (
        rng.choice([" ", " ", " ", ""])
        if (unit and not unit[0].isalpha()) or rng.random() < 0.8
        else ""
    )
    gap = " " if unit[:1].isalpha() and len(unit) > 3 else gap if unit else ""
    kind = rng.random()
    if kind < 0.16:
        two = _scaled(rng, key, scaled, german)
        one, two = sorted((one, two), key=lambda digits: read_number(digits, german) or 0.0)
        link = rng.choice(["-", "–", " - ", " to ", " to ", " bis " if german else " to "])
        middle = gap + unit if rng.random() < 0.15 and len(unit) < 7 else ""
        return f"{one}{middle}{link}{two}{gap}{unit}", "between"
    if kind < 0.22 and scaled != "power":
        width = number(rng, "tolerance", german)
        sign = rng.choice([" +/- ", " ± ", "±", "+/-", " plus or minus ", " plus/minus "])
        return f"{one}{sign}{width}{gap}{unit}", "between"
    return f"{one}{gap}{unit}", ""


def _scaled(rng: Random, key: str, scaled: str, german: bool) -> str:
    if not scaled:
        if rng.random() < 0.04:
            return rng.choice(
                [
                    "two",
                    "three",
                    "five",
                    "ten",
                    "twenty",
                    "fifty",
                    "a hundred",
                    "half",
                    "two hundred",
                ]
            )
        return number(rng, key, german)
    return number(rng, scaled, german)


def element(rng: Random, german: bool) -> tuple[str, str]:
    """An element as a word and its symbol."""
    symbol = (
        rng.choices(w.COMMON, weights=w.COMMON_WEIGHTS)[0]
        if rng.random() < 0.85
        else rng.choice(list(lexicon()["elements"]))
    )
    names = lexicon()["elements"].get(symbol, [symbol.lower()])
    if rng.random() < 0.45:
        return symbol, symbol
    name = names[-1] if german and len(names) > 1 else names[0]
    return (name.capitalize() if german or rng.random() < 0.05 else name), symbol


def material(rng: Random) -> str:
    """A particular material: a formula, a name, an abbreviation or a SMILES."""
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(w.FORMULAS) if rng.random() < 0.6 else _made_up(rng)
    if kind < 0.6:
        return rng.choice(w.ABBREVIATIONS)
    if kind < 0.85:
        return rng.choice(w.NAMES)
    return rng.choice(w.SMILES)


def _made_up(rng: Random) -> str:
    ion = rng.choice(["Li", "Na", "K", "Mg", "Ca", "Zn", "Li", "Na"])
    metals = rng.sample(
        ["Fe", "Mn", "Co", "Ni", "V", "Cr", "Ti", "Zr", "Al", "Y", "In", "Ge", "Sn", "Nb", "Sc"],
        rng.choice([1, 1, 2]),
    )
    anion = rng.choice(
        [
            "O2",
            "O4",
            "PO4",
            "(PO4)3",
            "S2",
            "Cl6",
            "F3",
            "SiO4",
            "SO4F",
            "PO4F",
            "(PO4)2F3",
            "P2O7",
            "S4",
            "Cl4",
            "Br6",
            "O3",
            "Se2",
        ]
    )
    counts = ["", "", "2", "3", "0.5", "0.8", "1.5", "0.33"]
    middle = "".join(metal + rng.choice(counts) for metal in metals)
    return f"{ion}{rng.choice(['', '', '2', '3', '0.7'])}{middle}{anion}"


def misspelt(rng: Random, text: Text) -> Text:
    """One letter dropped, doubled or swapped somewhere outside the tagged spans."""
    free = [
        i for i in range(1, len(text.words) - 1)
        if text.words[i - 1 : i + 2].isalpha()
        and not any(s.start <= i < s.end for s in text.spans if s.tag != "ASK")
    ]  # fmt: skip
    if not free:
        return text
    place = rng.choice(free)
    letter = text.words[place]
    new = rng.choice(["", letter * 2, rng.choice("aeinrst")])
    shift = len(new) - 1
    spans = [
        Span(
            s.start + (shift if s.start > place else 0),
            s.end + (shift if s.end > place else 0),
            s.tag,
            s.property,
            s.op,
        )
        for s in text.spans
    ]
    return Text(text.words[:place] + new + text.words[place + 1 :], spans)


def small_talk(rng: Random) -> str:
    """A sentence with numbers that mean nothing to a goal."""
    sentence = rng.choice(w.SMALL_TALK)
    for mark, low, high in (("{y}", 1985, 2025), ("{n}", 11, 420), ("{m}", 2, 12)):
        while mark in sentence:
            sentence = sentence.replace(mark, str(rng.randint(low, high)), 1)
    return sentence


def lowered(text: Text) -> Text:
    """All in lower case, as typed on a phone."""
    words = text.words.lower()
    return Text(words, text.spans) if len(words) == len(text.words) else text
