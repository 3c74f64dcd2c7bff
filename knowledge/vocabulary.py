"""The property vocabulary: keys, units, plausible ranges and the words people use for them."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from tokenize import TokenError
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict

from .errors import InvalidRequest

Material = Literal["crystal", "molecule", "polymer", "microstructure", "interphase", "cell"]

ELEMENTS = tuple(
    """
    H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br
    Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho
    Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu
    """.split()  # noqa: SIM905
)
WORKING_IONS = ("Li", "Na", "K", "Mg", "Ca", "Zn", "Al")


class Property(BaseModel):
    """One property: how it is named, in which unit it travels, and what values are plausible."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    label: str
    symbol: str
    unit: str
    unit_of: dict[str, str] = {}
    materials: tuple[Material, ...]
    better: Literal["higher", "lower", "near"]
    range: tuple[float, float]
    log: bool = False
    aliases: tuple[str, ...] = ()

    def unit_for(self, material: str | None) -> str:
        """The canonical unit, which for a few properties depends on the kind of material."""
        return self.unit_of.get(material or "", self.unit)

    @property
    def units(self) -> frozenset[str]:
        """Every unit in which a value of this property may travel."""
        return frozenset((self.unit, *self.unit_of.values()))


@cache
def vocabulary() -> MappingProxyType[str, Property]:
    """All properties by key, read once from `properties.toml`."""
    text = (files("ionwright.knowledge") / "properties.toml").read_text(encoding="utf-8")
    entries = {key: Property(key=key, **entry) for key, entry in tomllib.loads(text).items()}
    return MappingProxyType(entries)


def property_of(key: str) -> Property:
    """The property with this key.

    Raises:
        InvalidRequest: if there is none; the message lists the keys.
    """
    try:
        return vocabulary()[key]
    except KeyError:
        allowed = ", ".join(sorted(vocabulary()))
        raise InvalidRequest(f"unknown property {key!r}; allowed: {allowed}") from None


@cache
def _registry():  # type: ignore[no-untyped-def]  # pint's registry class is built at run time
    import pint

    # pint spells these differently from the field, or not at all
    registry: pint.UnitRegistry = pint.UnitRegistry(
        autoconvert_offset_to_baseunit=True, cache_folder=None
    )
    registry.define("atom = 1 = atoms")
    registry.define("formula_unit = 1 = fu = f.u.")
    return registry


_SPELLINGS = (
    ("Å", "angstrom"),
    ("Å", "angstrom"),
    ("µ", "u"),
    ("μ", "u"),
    ("²", "2"),
    ("³", "3"),
    ("⁻¹", "^-1"),
    ("⁻²", "^-2"),
    ("⁻³", "^-3"),
    ("−", "-"),
    ("·", "*"),
    ("°C", "degC"),
    ("°", "deg"),
    ("mPa.s", "mPa*s"),
)


def convert(value: float, unit: str, key: str, *, material: str | None = None) -> float:
    """`value` in `unit`, in the property's canonical unit.

    Molar energies (kJ/mol, kcal/mol) count as energies per particle where the property is in eV.

    Raises:
        InvalidRequest: if the unit is unknown or of another dimension.
    """
    target = property_of(key).unit_for(material)
    changed = change_unit(value, unit, target)
    if changed is None:
        raise InvalidRequest(
            f"cannot read {value:g} {unit!r} as {property_of(key).label}: "
            f"give it in {target} or a unit of that kind"
        )
    return changed


def change_unit(value: float, unit: str, wanted: str) -> float | None:
    """`value` in the wanted unit, None if the units are unknown or of different kinds."""
    if unit == wanted:
        return value
    line = _scale_and_offset(unit, wanted)
    return None if line is None else value * line[0] + line[1]


def readable_as(unit: str, wanted: str) -> bool:
    """Whether a value in `unit` can be given in the wanted unit."""
    return unit == wanted or _scale_and_offset(unit, wanted) is not None


# factors joined by signs: anything else would be arithmetic for pint to evaluate
_FACTOR = r"[^\W\d_][^\W\d]*(?:\^?[-⁻]?[1-6¹²³])?"
_UNIT = re.compile(rf"%|1|(?:1/)?°?{_FACTOR}(?:\s?[*/·. ]\s?{_FACTOR}\.?){{0,5}}")


@cache
def _scale_and_offset(unit: str, wanted: str) -> tuple[float, float] | None:
    # every conversion we know is a line; two points of it are asked of pint once
    zero, hundred = (_by_pint(value, unit, wanted) for value in (0.0, 100.0))
    if zero is None or hundred is None:
        return None
    return float(f"{(hundred - zero) / 100:.12g}"), zero


def _by_pint(value: float, unit: str, wanted: str) -> float | None:
    import pint

    if not _UNIT.fullmatch(unit):
        return None
    try:
        quantity = _registry().Quantity(value, _pint_spelling(unit))
        target = _registry().Unit(_pint_spelling(wanted))
        if target.is_compatible_with("eV") and quantity.is_compatible_with("J/mol"):
            quantity = quantity / _registry().Quantity(1, "avogadro_constant")
        return float(quantity.to(target).magnitude)
    except (pint.PintError, AttributeError, TypeError, ValueError, AssertionError, TokenError):
        return None


def _pint_spelling(unit: str) -> str:
    for ours, theirs in _SPELLINGS:
        unit = unit.replace(ours, theirs)
    unit = re.sub(r"(?<=[A-Za-z])(?=[-\d])", "^", unit)
    return "dimensionless" if unit in ("", "1") else "percent" if unit == "%" else unit
