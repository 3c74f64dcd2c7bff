"""Units as people write them ("mS cm^-1", "Wh per litre", "mah/g"), read into pint's spelling."""

from __future__ import annotations

import re
from functools import cache

_BASES: dict[str, str] = {}
for _name, _written in {
    "V": "V v volt volts Volt Volts",
    "mV": "mV mv millivolt millivolts Millivolt",
    "mA": "mA",
    "A": "A",
    "Ah": "Ah ah Amperestunden amp_hours amp_hour ampere_hours",
    "kAh": "kAh",
    "mAh": "mAh mah mAH MAh mAhs milliamp_hours milliamp_hour milliampere_hours milliamperes_hours",
    "Wh": "Wh wh WH watt_hours watt_hour Wattstunden",
    "mWh": "mWh",
    "kWh": "kWh kwh kilowatt_hours",
    "W": "W",
    "J": "J joule joules",
    "kJ": "kJ kj kilojoules kilojoule Kilojoule",
    "MJ": "MJ",
    "kcal": "kcal",
    "eV": "eV ev EV electronvolt electronvolts electron_volts electron_volt Elektronenvolt",
    "meV": "meV mev millielectronvolts milli_electron_volts Millielektronenvolt",
    "hartree": "Ha hartree Hartree",
    "S": "S siemens Siemens",
    "mS": "mS ms millisiemens Millisiemens milliSiemens milli_siemens",
    "uS": "uS us microsiemens micro_siemens Mikrosiemens",
    "nS": "nS",
    "g": "g gram grams gramme gramm Gramm",
    "kg": "kg kilogram kilograms kilo Kilogramm",
    "mg": "mg",
    "cm": "cm centimetre centimeter centimetres centimeters Zentimeter",
    "mm": "mm millimetre millimeter",
    "um": "um micron microns micrometre micrometer micrometres micrometers mikrometer Mikrometer",
    "nm": "nm nanometre nanometer nanometres nanometers Nanometer",
    "m": "m metre meter metres meters",
    "angstrom": "Å Å angstrom Angstrom angstroms",
    "L": "L l litre liter litres liters Liter ltr",
    "mL": "mL ml millilitre milliliter ccm cc",
    "dm": "dm",
    "K": "K kelvin Kelvin kelvins",
    "degC": "°C °c ºC degC deg.C degrees°C celsius Celsius",
    "degF": "°F Fahrenheit fahrenheit",
    "C": "C c",
    "mol": "mol mole moles Mol",
    "atom": "atom atoms Atom",
    "formula_unit": "f.u. fu formula-unit",
    "Pa": "Pa pa",
    "kPa": "kPa",
    "MPa": "MPa",
    "GPa": "GPa gpa Gpa gigapascal gigapascals Gigapascal",
    "mPa*s": "mPas mPa-s mpas",
    "mPa": "mPa mpa millipascal",
    "kbar": "kbar",
    "Mbar": "Mbar",
    "cP": "cP cp cps centipoise Centipoise cPs",
    "P": "poise",
    "s": "s sec second seconds Sekunde",
    "h": "h hr hour hours",
    "D": "D debye Debye debyes",
    "Da": "Da dalton Dalton amu",
    "%": "% vol% vol.% vol.-% Vol.-% wt% mol% at% percent per-cent pct Prozent prozent % pc",
    "ohm": "Ω ohm",
    # typed without their stroke
    "mAh/g": "mahg mahg-1 mAhg mAhg-1",
    "Wh/kg": "whkg whkg-1 Whkg Whkg-1",
    "Wh/L": "whl Whl",
    "S/cm": "scm scm-1 Scm Scm-1",
    "mS/cm": "mscm mscm-1 mScm mScm-1",
    "g/mol": "gmol gmol-1",
    "g/cm3": "gcm3 gcm-3",
    "mAh/cm3": "mahcm3 mahcm-3 mAhcm-3",
    "kJ/mol": "kjmol kJmol kJmol-1",
}.items():
    for _spelling in _written.split():
        _BASES[_spelling] = _name

# "_" stands for a space, a hyphen or nothing
_BASE = "|".join(
    re.escape(base).replace("_", "[ -]?") for base in sorted(_BASES, key=len, reverse=True)
)
_JOINED = {base.replace("_", ""): name for base, name in _BASES.items()}
_EXPONENT = r"(?:\^?\s?[({]?[-⁻+]?\s?[1-4][)}]?|[⁻⁺]?[¹²³⁴])"
_FACTOR = re.compile(
    rf"({_BASE})({_EXPONENT})?(?![A-Za-zäöüß0-9]|-(?:based|rich|free|containing|doped|ion|frei|haltig))"
)
_WORDY = re.compile(r"\s*(?:degrees?|grad|deg)\.?\s*(celsius|c|kelvin|k|fahrenheit|f)?\b", re.I)
_DIVIDED = re.compile(r"\s*(?:/|\bper\b|\bpro\b|\bje\b|\ban?\b)\s*(?:the\s|cubic\s)?", re.I)
_TIMES = re.compile(r"\s?[*·.]\s?|\s")
_PER_ATOM = re.compile(r"at\b\.?")
_SUPER = str.maketrans("¹²³⁴⁻⁺", "1234-+")
_REFERENCE = re.compile(
    r"\s*\(?\s*(?:vs\.?|versus|against|gegen)\s*(?:the\s)?(?:Li|Na|K|Mg|Ca|Zn|Al|SHE|NHE|Ag|lithium|"
    r"sodium|natrium)\b(?:\s?/\s?(?:Li|Na|K|Mg|Ca|Zn|Al|AgCl)(?:\d?\+{1,3})?)?(?:\s?metal)?\+?\)?",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"\s?(?:per|/)\s?(um|micron|micrometre|micrometer|nm|cm|mm|m)\b(\^?-1)?", re.I
)
_INVERSE = re.compile(r"\s?/\s?(?=[a-z])", re.I)


def read_unit(text: str, place: int) -> tuple[str, int]:
    """The unit that starts at `place` (after a number) in pint's spelling, and where it ends.

    A reference electrode behind a potential belongs to the unit's span. "" if there is no unit.
    """
    if wordy := _WORDY.match(text, place):
        letter = (wordy.group(1) or "c")[0].lower()
        return {"c": "degC", "k": "K", "f": "degF"}[letter], wordy.end()
    gap = re.compile(r"[\s-]?\s?(?:of an? |an? )?").match(text, place)
    start = gap.end() if gap else place
    if whole := re.compile(r"\s1/(um|nm|cm|mm|m)(?![a-z])").match(text, place):
        return f"1/{whole.group(1)}", whole.end()
    if lead := _INVERSE.match(text, place):
        inverse = _factor(text, lead.end())
        if inverse and inverse[0] in ("um", "nm", "cm", "mm", "m"):
            return f"1/{inverse[0]}", inverse[2]
    first = _factor(text, start)
    if first is None:
        return "", place
    return _rest(text, first)


def _rest(text: str, first: tuple[str, int, int]) -> tuple[str, int]:
    name, exponent, end = first
    factors = [(name, exponent)]
    while following := _next(text, end, exponent_needed=True):
        name, exponent, end = following
        factors.append((name, exponent))
    if len(factors) == 1 and factors[0][1] == 1 and factors[0][0] in ("V", "mV"):
        reference = _REFERENCE.match(text, end)
        end = reference.end() if reference else end
    return _spell(factors), end


def _next(text: str, end: int, *, exponent_needed: bool) -> tuple[str, int, int] | None:
    divided = _DIVIDED.match(text, end)
    if divided:
        if short := _PER_ATOM.match(text, divided.end()):
            return "atom", -1, short.end()
        found = _factor(text, divided.end())
        if found and not (re.search(r"\ban?\b", divided.group()) and found[0] in ("A", "V")):
            cubic = 3 if "cubic" in divided.group().lower() else 1
            return found[0], -abs(found[1] * cubic), found[2]
        return None
    times = _TIMES.match(text, end)
    found = _factor(text, times.end()) if times else None
    if found and (found[1] < 0 or (times and times.group().strip()) or found[0] in ("h", "s")):
        return found
    return None


def _factor(text: str, place: int) -> tuple[str, int, int] | None:
    match = _FACTOR.match(text, place)
    if not match:
        return None
    power = re.sub(r"[\s^(){}]", "", (match.group(2) or "").translate(_SUPER))
    written = match.group(1)
    name = _JOINED.get(written) or _JOINED[re.sub("[ -]", "", written)]
    return name, int(power) if power else 1, match.end()


def _spell(factors: list[tuple[str, int]]) -> str:
    if factors == [("%", 1)]:
        return "%"
    if factors in ([("s", 1), ("cm", -1)], [("s", 1), ("m", -1)]):
        factors = [("S", 1), factors[1]]  # siemens typed in lower case
    over = [(name, power) for name, power in factors if power > 0]
    under = [(name, -power) for name, power in factors if power < 0]
    top = "*".join(_powered(*factor) for factor in over) or "1"
    return "/".join([top, *(_powered(*factor) for factor in under)])


def _powered(name: str, power: int) -> str:
    return name if power == 1 else f"{name}{power}"


@cache
def compatible(unit: str) -> frozenset[str]:
    """The keys of all properties that a value in this unit could be of.

    A bare number can be any property without a unit, a percentage any fraction besides.
    """
    from ionwright.knowledge.vocabulary import readable_as, vocabulary

    if unit == "":
        return frozenset(k for k, p in vocabulary().items() if p.unit in ("1",))
    if unit == "C":
        unit = "degC"
    return frozenset(key for key, prop in vocabulary().items() if readable_as(unit, prop.unit))
