"""Written numbers: "3,2", "1,000", "2x10^-4", "10⁻³", "two hundred", "a quarter of", "Dutzend"."""

from __future__ import annotations

import re

_DIGITS = {
    word: value
    for value, words in enumerate(
        (
            "one eins",
            "two zwei",
            "three drei",
            "four vier",
            "five fünf",
            "six sechs",
            "seven sieben",
            "eight acht",
            "nine neun",
        ),
        1,
    )
    for word in words.split()
}
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_TO_THE = r"\s(?:to the|hoch)(?: power(?: of)?)?\s(?:minus\s?|-)?(?:\d+|{digits})\b"
_POWER = (
    rf"(?:(?:10|\bten|\bzehn){_TO_THE.format(digits='|'.join(_DIGITS))}"
    r"|10\s?(?:\^|\*\*)\s?[({]?\s?[-+]?\d+[)}]?|10[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
)
_PLAIN = r"(?:\d{1,3}(?:[,'.]\d{3})+(?![\d,.]\d)|\d{1,2} \d{3}(?![\d.,])|\d+(?:[.,]\d+)?|\.\d+)"
# "2 1/2", "2½", "3 and a half"
_MIXED = (
    r"(?:\d+\s[1-9]/[2-9](?![\d/])|\d*\s?[½¼¾⅓⅔]"
    r"|\d+\s(?:and|und)\s(?:an?|one|ein|eine)\s(?:half|quarter|third|halb\w*|viertel|drittel))"
)
# a sign counts only where no word or number touches it, else "3-4" would hold a -4
NUMBER = (
    rf"(?<![\w.,^])(?:(?<![\w)%°\]])[-+])?"
    rf"(?:{_MIXED}|{_PLAIN}\s?[x*·]\s?{_POWER}|{_PLAIN}\s?[x*·]\s?10[-⁻]\d{{1,2}}|{_POWER}|{_PLAIN}e[-+]?\d+|{_PLAIN})(?![\d])"
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
            "twelve zwölf zwoelf",
            "thirteen dreizehn",
            "fourteen vierzehn",
            "fifteen fünfzehn fuenfzehn",
            "sixteen sechzehn",
            "seventeen siebzehn",
            "eighteen achtzehn",
            "nineteen neunzehn",
            "twenty",
        )
    )
    for word in words.split()
}
_TENS = {
    "zwanzig": 20,
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
_SCALES = {
    "dozen": 12,
    "dutzend": 12,
    "hundred": 100,
    "hundert": 100,
    "thousand": 1000,
    "tausend": 1000,
}
# German compounds: "fünfundzwanzig", "zweihundert"
_COMPOUNDS = {
    f"{one}und{ten}": value + more
    for ten, value in _TENS.items()
    for one, more in _ONES.items()
    if 0 < more < 10 and not ten.endswith("ty") and one not in ("eine", "einen", "eins", "einer")
} | {
    f"{one}hundert{ten}": 100 * value + more
    for one, value in (*_ONES.items(), ("", 1))
    if 0 < value < 10
    for ten, more in (*_TENS.items(), ("", 0))
    if not ten.endswith("ty")
}
_HALVES = {
    "anderthalb": 1.5,
    "eineinhalb": 1.5,
    "zweieinhalb": 2.5,
    "dreieinhalb": 3.5,
    "viereinhalb": 4.5,
}
_PARTS = {
    "half": 1 / 2,
    "halb": 1 / 2,
    "halbe": 1 / 2,
    "halbes": 1 / 2,
    "third": 1 / 3,
    "quarter": 1 / 4,
    "viertel": 1 / 4,
    "fifth": 1 / 5,
    "drittel": 1 / 3,
    "tenth": 1 / 10,
    "zehntel": 1 / 10,
    "hundredth": 1 / 100,
}
_PARTS |= {
    f"{part}s": 1 / n for part, n in (("third", 3), ("quarter", 4), ("fifth", 5), ("tenth", 10))
}
_WORDS = {**_ONES, **_TENS, **_SCALES, **_COMPOUNDS, **_HALVES}
_WORD = "|".join(sorted((*_WORDS, *_PARTS), key=len, reverse=True))
# "two hundred and fifty", "two and a half"; "two and three" are two numbers
_NEXT = (
    rf"(?:[\s-]+(?:an?\s+)?|(?:(?<=hundred)|(?<=thousand)|(?<=hundert))\s(?:and|und)\s+|\spoint\s)(?:{_WORD})"
    rf"|\s(?:and|und)\s(?:an?|one|ein|eine)?\s?(?:{'|'.join(_PARTS)})"
)
NUMBER_WORDS = (
    rf"\b(?:(?:a|an|one|ein|eine|einem|einer)\s+)?(?:point\s)?(?:{_WORD})(?:{_NEXT})*\b"
    rf"(?:\s+of\s+an?\b|\s+an?\b(?=\s+(?:volt|percent|eV|V)\b))?"
)


def read_number(written: str, german: bool = False) -> float | None:
    """The value of a written number, None if it is none."""
    mixed = re.fullmatch(
        r"(\d*)\s?([½¼¾⅓⅔]|(?<=\s)[1-9]/[2-9]|(?:and|und)\s[a-z ]+)", written.strip()
    )
    if mixed:
        return _read_mixed(*mixed.groups())
    if power := _WRITTEN_POWER.search(written):
        sign = "-" if power.group(1) else ""
        digits = _DIGITS.get(power.group(2).lower(), power.group(2))
        written = f"{written[: power.start()]}10^{sign}{digits}"
    compact = re.sub(r"\s+", "", written)
    if re.search(r"\d", compact):
        return _read_digits(compact, german)
    return read_words(written)


_WRITTEN_POWER = re.compile(
    r"(?i)(?:10|ten|zehn)\s(?:to the|hoch)(?: power(?: of)?)?\s(minus\s?|-)?(\w+)$"
)
_SIGNS = {"½": 1 / 2, "¼": 1 / 4, "¾": 3 / 4, "⅓": 1 / 3, "⅔": 2 / 3}


def _read_mixed(whole: str, part: str) -> float | None:
    """A whole number and a part: ("2", "1/2"), ("", "½"), ("3", "and a half")."""
    if "/" in part:
        over, under = part.split("/")
        value: float | None = int(over) / int(under)
    else:
        value = _SIGNS.get(part) or read_words(part)
    return None if value is None else int(whole or 0) + value


def _read_digits(compact: str, german: bool) -> float | None:
    power = re.search(
        r"(?:^|[x*·+-])10(?:(?:\^|\*\*)[({]?([-+]?\d+)[)}]?|([⁻⁺]?[⁰¹²³⁴-⁹]+)|(?<=[x*·]10)([-⁻]\d+))$",
        compact,
    )
    exponent, mantissa = 0, compact
    if power:
        exponent = int((power.group(1) or power.group(2) or power.group(3)).translate(_SUPER))
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
    decimals, joined = "", False
    for word in re.split(r"[\s-]+", written.lower()):
        joined = joined or word in ("and", "und")
        if word == "point":
            decimals = "."
        elif decimals and word in _ONES:
            decimals, seen = decimals + str(_ONES[word]), True
        elif word in _PARTS:
            if current and joined:  # "two and a half"
                current += _PARTS[word]
            elif current:  # "three quarters"
                current *= _PARTS[word]
            else:  # "half a dozen"
                part *= _PARTS[word]
            seen = True
        elif word in _SCALES:
            current, seen = (current or 1) * _SCALES[word], True
            if _SCALES[word] == 1000:
                total, current = total + current, 0.0
        elif word in _TENS and 0 < current < 10:  # "two-fifty"
            current = 100 * current + _TENS[word]
        elif word in _WORDS:
            # "a couple": the article before a number is not a number
            lone = current == 1 and _WORDS[word] == 2
            current, seen = (_WORDS[word] if lone else current + _WORDS[word]), True
    if not seen:
        return None
    if decimals.strip("."):
        current += float(decimals)
    value = total + current
    return (value or 1.0) * part if part != 1.0 else value
