"""Equilibria of a crystal with its surroundings: with an open ion, with a metal, with an electrode.

All are linear programs over the known phases of the chemical system and the crystal itself: the
least energy that given amounts of the elements can have. The price of one more ion in it is the
chemical potential, so minus that over the charge is the voltage against the metal (Richards et al.,
Chem. Mater. 28, 266, 2016; Zhu et al., ACS Appl. Mater. Interfaces 7, 23685, 2015).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.phases.reference import Hull

if TYPE_CHECKING:
    from pymatgen.core import Composition

CHARGES = {"Li": 1, "Na": 1, "K": 1, "Mg": 2, "Ca": 2, "Zn": 2, "Al": 3}
_STEP = 1e-3  # ions for each atom of the crystal that are added or removed
_TRACE = 1e-9  # atoms; less of a phase is rounding
_STEADY = 1e-6  # V; what is reduced below that is not reduced at all
_HULL = "hull at "


@dataclass(frozen=True)
class Equilibrium:
    """The phases of least energy for given amounts of elements.

    Attributes:
        energy: formation energy, eV for all the atoms.
        potentials: chemical potential of each element against the pure element, eV.
        atoms: of each phase, by its name.
    """

    energy: float
    potentials: dict[str, float]
    atoms: dict[str, float]


@dataclass(frozen=True)
class Window:
    """Where a crystal neither takes up nor gives off ions, in V against the metal of the ion.

    Attributes:
        reduction: below it ions are taken up; 0 if it stands even the metal.
        oxidation: above it ions are given off; None if it has none to give.
        reduced: what forms below.
        oxidized: what forms above.
    """

    reduction: float
    oxidation: float | None
    reduced: tuple[str, ...]
    oxidized: tuple[str, ...]


@dataclass(frozen=True)
class Reaction:
    """The reaction of two phases that gains most.

    Attributes:
        energy: eV for each atom of both together, 0 or negative.
        share: of the atoms that come from the first phase.
        products: names, most first; empty if nothing is gained.
    """

    energy: float
    share: float
    products: tuple[str, ...]


class Surroundings:
    """A crystal among the known phases of its elements and some more.

    Args:
        hull: of known phases.
        composition: of the crystal.
        energy: its formation energy, eV/atom. What lies above the hull counts as on it: its own
            decay is a matter of `energy_above_hull`.
        others: symbols of further elements.
    """

    def __init__(
        self, hull: Hull, composition: Composition, energy: float, others: Sequence[str] = ()
    ) -> None:
        self.composition = composition
        self.name = composition.reduced_formula
        elements = dict.fromkeys([*(el.symbol for el in composition), *others])
        self.elements = list(elements)
        entries = hull.entries(self.elements)
        # at a point of the database's hull the phase is not in our set, but its formula is known
        self._names = [entry.name.removeprefix(_HULL) for entry in entries] + [self.name]
        rows = [self._fractions(entry.composition) for entry in entries]
        self._table = np.array([*rows, self._fractions(composition)])
        energies = [entry.energy / entry.composition.num_atoms for entry in entries]
        self._energies = np.array([*energies, energy])

    def window(self, ion: str) -> Window:
        """The electrochemical window; the ion must be among the elements here."""
        own = dict(zip(self.elements, self._fractions(self.composition), strict=True))
        more = self.equilibrium({**own, ion: own[ion] + _STEP})
        reduction = self._voltage(more, ion)
        reduced = self._products(more) if reduction > _STEADY else ()
        if own[ion] <= _STEP:
            return Window(reduction, None, reduced, ())
        less = self.equilibrium({**own, ion: own[ion] - _STEP})
        return Window(reduction, self._voltage(less, ion), reduced, self._products(less))

    def reaction(self, other: Composition) -> Reaction:
        """What the crystal does with another phase, whose elements must be among those here.

        Both start at their least energy, so that what one of them does alone is not counted.
        """
        from scipy.optimize import linprog

        first, second = self._fractions(self.composition), self._fractions(other)
        start = [self._least(first), self._least(second)]
        # unknowns: atoms of each phase, then the shares of the two reactants
        balance = np.hstack([self._table.T, -np.array([first, second]).T])
        total = np.concatenate([np.zeros(len(self._energies)), [1.0, 1.0]])[None]
        found = linprog(
            np.concatenate([self._energies, [-start[0], -start[1]]]),
            A_eq=np.vstack([balance, total]),
            b_eq=np.concatenate([np.zeros(len(first)), [1.0]]),
            method="highs",
        )
        gain = min(float(found.fun), 0.0)
        if gain > -1e-6:
            return Reaction(0.0, 0.0, ())
        return Reaction(gain, float(found.x[-2]), _most(self._atoms(found.x[:-2])))

    def equilibrium(self, amounts: Mapping[str, float]) -> Equilibrium:
        """The phases of least energy that these amounts (atoms of each element) can form.

        Raises:
            InvalidRequest: for amounts that no phases add up to.
        """
        from scipy.optimize import linprog

        wanted = [amounts.get(element, 0.0) for element in self.elements]
        found = linprog(self._energies, A_eq=self._table.T, b_eq=wanted, method="highs")
        if found.x is None:
            raise InvalidRequest(f"no equilibrium of {dict(amounts)}: {found.message}")
        return Equilibrium(
            energy=float(found.fun),
            potentials=dict(zip(self.elements, found.eqlin.marginals.tolist(), strict=True)),
            atoms=self._atoms(found.x),
        )

    def _atoms(self, amounts: np.ndarray) -> dict[str, float]:
        """Atoms of each phase that is there, by name."""
        atoms: dict[str, float] = {}
        for index in np.flatnonzero(amounts > _TRACE):
            name = self._names[index]
            atoms[name] = atoms.get(name, 0.0) + float(amounts[index])
        return atoms

    def _least(self, fractions: np.ndarray) -> float:
        return self.equilibrium(dict(zip(self.elements, fractions, strict=True))).energy

    def _fractions(self, composition: Composition) -> np.ndarray:
        return np.array([composition.get_atomic_fraction(element) for element in self.elements])

    def _products(self, equilibrium: Equilibrium) -> tuple[str, ...]:
        others = {name: n for name, n in equilibrium.atoms.items() if name != self.name}
        return _most(others)

    @staticmethod
    def _voltage(equilibrium: Equilibrium, ion: str) -> float:
        return max(-equilibrium.potentials[ion] / CHARGES[ion], 0.0)


def _most(atoms: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(atoms, key=lambda name: -atoms[name]))
