"""Numbers with units in a request: decimals of both languages, powers of ten, words, ranges, ±."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .numbers import NUMBER, NUMBER_WORDS, read_number
from .text import is_german
from .units import read_unit

_RANGE = re.compile(
    r"\s*(?:-{1,2}|~|\.{2,3}|…|to|bis|through|till|until|up to|und|and|n|&)\s*", re.I
)
_LOOSE_RANGE = re.compile(r"^\s*(?:and|und|n|&)\s*$", re.I)
_TOLERANCE = re.compile(
    r"[\s,(]*(?:±|\+\s?/\s?-|\+-|plus[ /-]?(?:or[ -])?minus|give or take)\s*", re.I
)
_BETWEEN = re.compile(
    r"(?:between|zwischen|range(?:s)?(?: of)?|from|von|anywhere)\s*(?:about |etwa |roughly )?$",
    re.I,
)
_NUMBER = re.compile(rf"{NUMBER}|{NUMBER_WORDS}", re.IGNORECASE)


@dataclass(frozen=True)
class Amount:
    """A number or range with its unit ("" if none is written), at its place in the text."""

    start: int
    end: int
    low: float
    high: float | None
    unit: str

    @property
    def value(self) -> float | tuple[float, float]:
        """One number, or low and high of a range in rising order."""
        return (
            self.low if self.high is None else (min(self.low, self.high), max(self.low, self.high))
        )


def find_amounts(text: str) -> list[Amount]:
    """All numbers of a cleaned text, each with its unit, ranges and tolerances joined."""
    german = is_german(text)
    amounts: list[Amount] = []
    place = 0
    while match := _NUMBER.search(text, place):
        amount = _read_at(text, match, german)
        if amount is None:
            place = match.end()
            continue
        amounts.append(amount)
        place = max(amount.end, match.end())
    return amounts


def _read_at(text: str, match: re.Match[str], german: bool) -> Amount | None:
    first = read_number(match.group(), german)
    if first is None or re.match(r"[23]-?[Dd]\b", text[match.start() :]):
        return None
    if re.search(r"(?i)(?<!or )(?<!plus )(?<!plus/)\bminus $", text[: match.start()]):
        first = -first
    plus = re.match(r"\s?\+(?=\s?[A-Za-z°%])", text[match.end() :])
    unit, end = read_unit(text, match.end() + (plus.end() if plus else 0))
    if not unit and re.fullmatch(r"(?i)one|ein\w*|an?|couple", match.group().strip()):
        return None  # an article
    return (
        _with_tolerance(text, match.start(), first, unit, end, german)
        or _with_range(text, match.start(), first, unit, end, german)
        or Amount(match.start(), end, first, None, unit)
    )


def _second(text: str, place: int, german: bool) -> tuple[float, str, int] | None:
    match = _NUMBER.match(text[place:])  # cut off: the dots of "0.2..0.5" are not its own
    number = read_number(match.group(), german) if match else None
    if match is None or number is None:
        return None
    unit, end = read_unit(text, place + match.end())
    return number, unit, end


def _with_tolerance(
    text: str, start: int, middle: float, unit: str, end: int, german: bool
) -> Amount | None:
    sign = _TOLERANCE.match(text, end)
    second = _second(text, sign.end(), german) if sign else None
    if second is None:
        return None
    width, width_unit, end = second
    if width_unit == "%" and unit not in ("", "%"):
        width *= abs(middle) / 100
    elif unit and width_unit and width_unit != unit:
        width = _in_unit(width, width_unit, unit)
    return Amount(start, end, middle - width, middle + width, unit or width_unit)


def _with_range(
    text: str, start: int, low: float, unit: str, end: int, german: bool
) -> Amount | None:
    sign = _RANGE.match(text, end)
    if not sign or not sign.group().strip():
        return None
    if _LOOSE_RANGE.match(sign.group()) and not _BETWEEN.search(text[:start]):
        return None
    second = _second(text, sign.end(), german)
    if second is None:
        return None
    high, high_unit, end = second
    if unit and high_unit != unit:
        if not high_unit:
            return None
        low = _in_unit(low, unit, high_unit)
    if high < 0 <= low and sign.group().strip() == "-":
        return None
    return Amount(start, end, low, high, high_unit or unit)


def _in_unit(value: float, unit: str, wanted: str) -> float:
    from ionwright.knowledge.vocabulary import change_unit

    changed = change_unit(value, unit, wanted)
    return value if changed is None else changed
