"""From words, numbers and units to targets in canonical units; used by every reader."""

from __future__ import annotations

import re

from ionwright.knowledge.records import Target
from ionwright.knowledge.vocabulary import change_unit, property_of

from .quantities import Amount
from .units import compatible

TEMPERATURES = ("glass_transition_temperature", "melting_point", "boiling_point", "flash_point")
# one word, several properties: the unit decides
_FAMILIES = (
    ("capacity_grav", "capacity_vol", "capacity"),
    ("energy_grav", "energy_vol"),
    ("energy_above_hull", "oxidation_potential"),
    ("migration_barrier", "activation_energy"),
    ("density", "energy_grav", "energy_vol"),
    ("particle_size", "thickness"),
    ("homo", "lumo"),
)
_DEFAULTS = {
    "V": "average_voltage",
    "mAh/g": "capacity_grav",
    "mAh/cm3": "capacity_vol",
    "Wh/kg": "energy_grav",
    "Wh/L": "energy_vol",
    "eV/atom": "energy_above_hull",
    "S/cm": "ionic_conductivity",
    "g/cm3": "density",
    "g/mol": "molecular_weight",
    "mPa.s": "viscosity",
    "D": "dipole_moment",
    "cm2/s": "li_diffusivity",
    "1/um": "surface_area_density",
}


def family_member(key: str, unit: str, domain: str | None, words: str = "stable") -> str | None:
    """The property of the same word that a value in this unit can be of; None if there is none."""
    if unit == "":
        return key
    fitting = compatible(unit)
    if key in ("capacity_grav", "capacity") and domain == "cell" and "capacity" in fitting:
        return "capacity"
    if key in fitting:
        return key
    if key == "energy_above_hull" and not re.search(r"(?i)stab", words):
        return None  # "stable up to 4.5 V" is a potential, "E_hull" never is
    for family in _FAMILIES:
        if key == family[0]:
            return next((other for other in family[1:] if other in fitting), None)
    return None


def unit_default(amount: Amount, domain: str | None, text: str) -> str | None:
    """The property meant by a number whose property is not named: "a 3.4 V cathode"."""
    if amount.unit in ("", "C", "K", "degC", "degF"):
        return None
    after = text[amount.end : amount.end + 22].lower()
    if re.match(
        r"\W*(?:pack|battery pack|charger|supply|adapter|system|socket|outlet|steckdose|e-bike|"
        r"cut-?off|limit\b|plug)",
        after,
    ):
        return None
    before = text[max(0, amount.start - 30) : amount.start].lower()
    if re.search(r"(?:charged|cycled|discharged|cut-?off|geladen)\s+(?:\w+\s+){0,2}$", before):
        return None
    if domain == "interphase" and "thickness" in compatible(amount.unit):
        return "thickness"
    if domain == "microstructure":
        if amount.unit == "%":
            return None
        if "particle_size" in compatible(amount.unit):
            return "particle_size"
    if re.fullmatch(r"[kMGm]?Pa|k?bar|Mbar", amount.unit):
        return None  # a pressure is of the dimension of an energy per volume, and never meant so
    for unit, key in _DEFAULTS.items():
        if change_unit(1.0, amount.unit, unit) is not None and amount.unit not in ("eV", "meV"):
            return _for_domain(key, domain)
    return None


def _for_domain(key: str, domain: str | None) -> str | None:
    if key == "average_voltage" and domain in (
        "liquid_electrolyte", "solid_electrolyte", "polymer_electrolyte", "additive",
    ):  # fmt: skip
        return "oxidation_potential" if domain != "additive" else "reduction_potential"
    return key


def make_target(
    key: str,
    op: str,
    value: float | tuple[float, float] | None,
    unit: str,
    domain: str | None = None,
) -> Target | None:
    """A target with its value in the canonical unit; None if the unit is of another kind."""
    material = domain if domain in ("microstructure", "interphase") else None
    canonical = property_of(key).unit_for(material)
    if value is None:
        return Target(property=key, op=op, unit=canonical)  # type: ignore[arg-type]
    written = unit or _assumed_unit(key, value, canonical)
    if written == "C":
        written = "degC"
    values = [change_unit(v, written, canonical) for v in _several(value)]
    if any(v is None or not abs(v) < 1e300 for v in values):
        return None
    numbers = sorted(_rounded(v) for v in values if v is not None)
    if key == "max_delta_volume":
        numbers = sorted(abs(v) for v in numbers)
    if len(numbers) == 2:
        pair = (numbers[0], numbers[1])
        return Target(property=key, op="between", value=pair, unit=canonical)
    if op not in (">=", "<=", "="):
        op = "="
    return Target(property=key, op=op, value=numbers[0], unit=canonical)  # type: ignore[arg-type]


def numbers_of(target: Target) -> tuple[float, ...]:
    """The value of a target, or both ends of its range; nothing where it has none."""
    return () if target.value is None else _several(target.value)


def _assumed_unit(key: str, value: float | tuple[float, float], canonical: str) -> str:
    """The unit of a bare number: the canonical one, percent for fractions above one."""
    if key in ("porosity", "transference_number", "inorganic_fraction"):
        return "%" if max(_several(value)) > 1 else canonical
    if key in TEMPERATURES:
        return "degC" if min(_several(value)) < 150 else canonical
    return canonical


def _several(value: float | tuple[float, float]) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,)


def _rounded(value: float) -> float:
    """Ten significant digits: conversions leave dust behind them."""
    return float(f"{value:.10g}")
