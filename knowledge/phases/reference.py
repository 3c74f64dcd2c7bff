"""The reference hull: how far a crystal lies above what is known to be stable.

Three kinds of points make it: phases of the Materials Project, the height of its hull at the
composition of phases that are not stable (known even where the phases that make the hull there are
not in our set), and measured formation energies of compounds that are missing. What nobody has
entered cannot compete, so every distance is a lower bound.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.vocabulary import ELEMENTS

if TYPE_CHECKING:
    from pymatgen.analysis.phase_diagram import PDEntry
    from pymatgen.core import Composition

POINTS = Path(__file__).with_name("hull.csv.gz")
ENERGIES = Path(__file__).with_name("elements.json")
SAME = 1e-6  # atomic fraction; and the smallest share of a phase that is named
Kind = Literal["database", "hull", "experiment"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_KIND: dict[str, int] = {kind: index for index, kind in enumerate(KINDS)}
_PART = re.compile(r"([A-Z][a-z]?)(\d*)")
_COLUMN = {symbol: column for column, symbol in enumerate(ELEMENTS)}


@dataclass(frozen=True)
class HullDistance:
    """How far above the known phases a composition's energy lies.

    Attributes:
        value: eV/atom, at least 0; a lower bound, since phases may be unknown.
        n_phases: known compounds in the chemical system.
        decomposition: what it would fall apart into, (formula, share of the atoms), largest first;
            "hull at X" where the phases that make the database's hull at X are not in the set.
        below: eV/atom below every known phase; above 0 it rather shows an error of the energy, or
            a phase that is missing here, than a discovery.
        lower_bound: always; said so that nobody forgets.
    """

    value: float
    n_phases: int
    decomposition: tuple[tuple[str, float], ...]
    below: float = 0.0
    lower_bound: bool = True

    def __str__(self) -> str:
        if self.below:
            return f"below every known phase here by {self.below:.3f} eV/atom ({self._basis})"
        return f">= {self.value:.3f} eV/atom above the hull ({self._basis})"

    @property
    def _basis(self) -> str:
        return f"lower bound, {self.n_phases} known phases in the system"


@dataclass(frozen=True)
class Points:
    """Points that the hull is laid under.

    Attributes:
        formulas: without brackets, "Na3V2P3O12" (n,).
        fractions: of each element's atoms, in the order of `ELEMENTS` (n, elements).
        energies: formation energies, eV/atom (n,).
        kinds: index into `KINDS` (n,).
    """

    formulas: np.ndarray
    fractions: np.ndarray
    energies: np.ndarray
    kinds: np.ndarray

    def where(self, chosen: Any) -> Points:
        """The chosen points (mask or indices)."""
        return Points(
            self.formulas[chosen], self.fractions[chosen], self.energies[chosen], self.kinds[chosen]
        )

    def at(self, fractions: np.ndarray) -> np.ndarray:
        """Which points have this composition, (n,) bool."""
        return np.abs(self.fractions - fractions).max(axis=1, initial=0) < SAME


class Hull:
    """The lower convex hull of known phases.

    Args:
        points: of compounds; the elements themselves lie at 0.
        element_energies: eV/atom of each element on the scale of the potential's energies.
    """

    def __init__(self, points: Points, element_energies: Mapping[str, float]) -> None:
        self.points = points
        self.element_energies = dict(element_energies)
        self._system = lru_cache(maxsize=512)(self._find_system)

    def formation_energy(self, composition: Composition | str, energy_per_atom: float) -> float:
        """From the potential's total energy to the formation energy, both eV/atom.

        Raises:
            InvalidRequest: for an element without a reference.
        """
        shares = _shares(composition)
        unknown = sorted(set(shares) - set(self.element_energies))
        if unknown:
            raise InvalidRequest(f"no reference energy of {', '.join(unknown)}")
        return energy_per_atom - sum(x * self.element_energies[el] for el, x in shares.items())

    def above(
        self,
        composition: Composition | str,
        formation_energy_per_atom: float,
        *,
        without_itself: bool = False,
    ) -> HullDistance:
        """The distance above the hull of all known phases of the chemical system.

        Args:
            composition: of the crystal.
            formation_energy_per_atom: eV.
            without_itself: leaves out known phases of the same composition.
        """
        from scipy.optimize import linprog

        shares = _shares(composition)
        system = self._system(frozenset(shares))
        columns = [_COLUMN[el] for el in shares]
        if without_itself:
            system = system.where(~system.at(_row(shares)))
        table = np.vstack([system.fractions[:, columns], np.eye(len(shares))])
        energies = np.concatenate([system.energies, np.zeros(len(shares))])
        found = linprog(energies, A_eq=table.T, b_eq=list(shares.values()), method="highs")
        if found.x is None:
            raise InvalidRequest(f"no hull at {composition}: {found.message}")
        distance = formation_energy_per_atom - float(found.fun)
        compounds = (system.fractions > 0).sum(axis=1) > 1
        return HullDistance(
            value=max(distance, 0.0),
            n_phases=len(set(system.formulas[compounds])),
            decomposition=_decomposition(system, list(shares), found.x),
            below=max(-distance, 0.0),
        )

    def known(self, composition: Composition | str) -> float | None:
        """Formation energy (eV/atom) of the lowest known phase of a composition, if any."""
        shares = _shares(composition)
        system = self._system(frozenset(shares))
        same = system.at(_row(shares)) & (system.kinds != _KIND["hull"])
        return float(system.energies[same].min()) if same.any() else None

    def entries(self, elements: Iterable[str]) -> list[PDEntry]:
        """Elements and known phases of a chemical system for pymatgen's phase diagrams.

        Energies are formation energies. `attribute` is "element" or the kind of point.
        """
        from pymatgen.analysis.phase_diagram import PDEntry
        from pymatgen.core import Composition

        symbols = [el for el in elements if el in _COLUMN]
        found = [PDEntry(Composition(el), 0.0, attribute="element") for el in symbols]
        system = self._system(frozenset(symbols))
        for formula, energy, kind in zip(
            system.formulas, system.energies, system.kinds, strict=True
        ):
            composition = Composition(formula)
            total = float(energy) * composition.num_atoms
            name = _label(formula, kind)
            found.append(PDEntry(composition, total, name=name, attribute=KINDS[kind]))
        return found

    def _find_system(self, elements: frozenset[str]) -> Points:
        """The points that contain no other elements."""
        others = ~_bits(np.isin(ELEMENTS, list(elements)))
        return self.points.where(((self._elements & others) == 0).all(axis=1))

    @cached_property
    def _elements(self) -> np.ndarray:
        """The elements of each point as bits (n, bytes)."""
        return _bits(self.points.fractions > 0)


@cache
def shared_hull() -> Hull:
    """The shipped hull.

    Raises:
        Damaged: if its files are missing or cannot be read.
    """
    try:
        points = read_points(POINTS)
        energies = json.loads(ENERGIES.read_text(encoding="utf-8"))["energy_per_atom"]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"reference hull damaged: {error}; reinstall ionwright") from error
    return Hull(points, {str(el): float(energy) for el, energy in energies.items()})


def read_points(path: Path) -> Points:
    """Points of a table with the columns formula, formation_energy_per_atom and kind."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
    formulas, energies, kinds = zip(*(row[:3] for row in rows[1:]), strict=True)
    return make_points(formulas, [float(e) for e in energies], kinds)


def make_points(formulas: Sequence[str], energies: Sequence[float], kinds: Sequence[str]) -> Points:
    """Points from formulas without brackets."""
    fractions = np.zeros((len(formulas), len(ELEMENTS)))
    for row, formula in zip(fractions, formulas, strict=True):
        for symbol, count in _PART.findall(formula):
            row[_COLUMN[symbol]] += float(count or 1)
    return Points(
        formulas=np.array(formulas, dtype=str),
        fractions=fractions / fractions.sum(axis=1, keepdims=True),
        energies=np.array(energies, dtype=float),
        kinds=np.array([_KIND[kind] for kind in kinds], dtype=int),
    )


def _shares(composition: Composition | str) -> dict[str, float]:
    """Atomic fraction of each element.

    Raises:
        InvalidRequest: for what is no composition.
    """
    from pymatgen.core import Composition

    try:
        amounts = Composition(composition).element_composition
    except ValueError as error:
        raise InvalidRequest(f"{composition!r} is no formula; write LiFePO4") from error
    unknown = sorted({el.symbol for el in amounts} - set(_COLUMN))
    if unknown or not amounts:
        raise InvalidRequest(f"unknown elements: {', '.join(unknown) or 'none given'}")
    return {el.symbol: n / amounts.num_atoms for el, n in amounts.items()}


def _row(amounts: Mapping[str, float]) -> np.ndarray:
    row = np.zeros(len(ELEMENTS))
    for symbol, amount in amounts.items():
        row[_COLUMN[symbol]] += amount
    return row / row.sum()


def _bits(present: np.ndarray) -> np.ndarray:
    return np.packbits(present, axis=-1)


def _decomposition(
    system: Points, elements: list[str], shares: np.ndarray
) -> tuple[tuple[str, float], ...]:
    names = [*zip(system.formulas, system.kinds, strict=True), *((el, 0) for el in elements)]
    named = np.flatnonzero(shares > SAME)
    parts = [(_label(*names[index]), float(shares[index])) for index in named]
    return tuple(sorted(parts, key=lambda part: -part[1]))


def _label(formula: str, kind: int) -> str:
    from pymatgen.core import Composition

    composition = Composition(str(formula))
    pretty = str(formula) if composition.is_element else composition.reduced_formula
    return f"hull at {pretty}" if KINDS[kind] == "hull" else pretty
