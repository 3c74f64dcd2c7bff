"""Written numbers: "3,2", "1,000", "2x10^-4", "10⁻³", "two hundred", "a quarter of", "Dutzend"."""

from __future__ import annotations

import re

_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = (
    r"10(?:\s(?:to the|hoch)(?: power(?: of)?)?\s(?:minus\s?|-)?\d+"
    r"|\s?(?:\^|\*\*)\s?[({]?\s?[-+]?\d+[)}]?|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
)
_PLAIN = r"(?:\d{1,3}(?:[,'.]\d{3})+(?![\d,.]\d)|\d+(?:[.,]\d+)?|\.\d+)"
# a sign counts only where no word or number touches it, else "3-4" would hold a -4
NUMBER = (
    rf"(?<![\w.,^])(?:(?<![\w)%°\]])[-+])?"
    rf"(?:{_PLAIN}\s?[x*·]\s?{_POWER}|{_POWER}|{_PLAIN}e[-+]?\d+|{_PLAIN})(?![\d])"
)

_ONES = {
    word: value
    for value, words in enumerate(
        (
            "zero null",
            "one ein eine einen eins einer",
            "two zwei zwo couple",
            "three drei",
            "four vier",
            "five fünf fuenf",
            "six sechs",
            "seven sieben",
            "eight acht",
            "nine neun",
            "ten zehn",
            "eleven elf",
            "twelve zwölf zwoelf dozen dutzend",
            "thirteen dreizehn",
            "fourteen vierzehn",
            "fifteen fünfzehn fuenfzehn",
            "sixteen sechzehn",
            "seventeen siebzehn",
            "eighteen achtzehn",
            "nineteen neunzehn",
            "twenty zwanzig",
        )
    )
    for word in words.split()
}
_TENS = {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "dreißig": 30,
    "dreissig": 30,
    "vierzig": 40,
    "fünfzig": 50,
    "fuenfzig": 50,
    "sechzig": 60,
    "siebzig": 70,
    "achtzig": 80,
    "neunzig": 90,
}
_SCALES = {"hundred": 100, "hundert": 100, "thousand": 1000, "tausend": 1000}
_PARTS = {
    "half": 1 / 2,
    "halb": 1 / 2,
    "halbe": 1 / 2,
    "halbes": 1 / 2,
    "third": 1 / 3,
    "quarter": 1 / 4,
    "viertel": 1 / 4,
    "fifth": 1 / 5,
    "tenth": 1 / 10,
    "zehntel": 1 / 10,
    "hundredth": 1 / 100,
}
_WORDS = {**_ONES, **_TENS, **_SCALES}
_WORD = "|".join(sorted((*_WORDS, *_PARTS), key=len, reverse=True))
NUMBER_WORDS = (
    rf"\b(?:(?:a|an|one|ein|eine|einem|einer)\s+)?(?:{_WORD})"
    rf"(?:(?:[\s-]+(?:and\s+|a\s+|an\s+|point\s+)*(?:{_WORD}))*)\b"
    rf"(?:\s+of\s+an?\b|\s+an?\b(?=\s+(?:volt|percent|eV|V)\b))?"
)


def read_number(written: str, german: bool = False) -> float | None:
    """The value of a written number, None if it is none."""
    written = re.sub(
        r"(?i)\s(?:to the|hoch)(?: power(?: of)?)?\s(minus\s?|-)?(?=\d)",
        lambda m: "^-" if m.group(1) else "^",
        written,
    )
    compact = re.sub(r"\s+", "", written)
    if re.search(r"\d", compact):
        return _read_digits(compact, german)
    return read_words(written)


def _read_digits(compact: str, german: bool) -> float | None:
    power = re.search(
        r"(?:^|[x*·+-])10(?:(?:\^|\*\*)[({]?([-+]?\d+)[)}]?|([⁻⁺]?[⁰¹²³⁴-⁹]+))$", compact
    )
    exponent, mantissa = 0, compact
    if power:
        exponent = int((power.group(1) or power.group(2)).translate(_SUPER))
        mantissa = compact[: power.start()] or "1"
        if mantissa in "+-":
            mantissa += "1"
    elif with_e := re.search(r"e([-+]?\d+)$", compact, re.IGNORECASE):
        exponent, mantissa = int(with_e.group(1)), compact[: with_e.start()]
    if abs(exponent) > 300:
        return None
    try:
        return float(f"{_decimal(mantissa, german)}e{exponent}")
    except ValueError:
        return None


def _decimal(digits: str, german: bool) -> str:
    grouped = re.fullmatch(r"[-+]?[1-9]\d{0,2}((?:[,'.]\d{3})+)", digits)
    if grouped:
        marks = set(re.sub(r"\d", "", grouped.group(1)))
        several = len(re.sub(r"\d", "", grouped.group(1))) > 1
        if marks <= {",", "'"} and (several or not german or "'" in marks):
            return re.sub(r"[,']", "", digits)
        if marks == {"."} and (several or german):
            return digits.replace(".", "")
    return digits.replace("'", "").replace(",", ".")


def read_words(written: str) -> float | None:
    """The value of number words: "two hundred and fifty", "a quarter of", "half a dozen"."""
    total = current = 0.0
    part = 1.0
    seen = False
    decimals = ""
    for word in re.split(r"[\s-]+", written.lower()):
        if word == "point":
            decimals = "."
        elif decimals and word in _ONES:
            decimals += str(_ONES[word])
        elif word in _PARTS:
            part, seen = part * _PARTS[word], True
        elif word in _SCALES:
            current, seen = (current or 1) * _SCALES[word], True
            if _SCALES[word] == 1000:
                total, current = total + current, 0.0
        elif word in _WORDS:
            # "a dozen", "one score": the article before a number is not a number
            lone = current == 1 and _WORDS[word] in (12, 20, 2)
            current, seen = (_WORDS[word] if lone else current + _WORDS[word]), True
    if not seen:
        return None
    if decimals.strip("."):
        current += float(decimals)
    value = total + current
    return (value or 1.0) * part if part != 1.0 else value
