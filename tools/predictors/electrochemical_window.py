"""Electrochemical window of a crystal, and what it does with metals and electrodes.

Thermodynamics at 0 K: where the crystal would neither take up nor give off the working ion, by the
energies of the embedded potential and the reference hull. Nothing is said of kinetics: a crystal
may last outside of its window when the products block further reaction. A phase that is missing on
the hull can only narrow the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.phases.reference import Hull, shared_hull
from ionwright.knowledge.records import Candidate, Provenance, Quantity
from ionwright.knowledge.vocabulary import WORKING_IONS

from .base import Predictor
from .grand_potential import Reaction, Surroundings
from .potential import Energy, Potential, shared_potential
from .scores import regression_scores

if TYPE_CHECKING:
    from pymatgen.core import Composition

ENERGY_ERROR = 0.05  # eV/atom, of the potential on new crystals
REFERENCE_ERROR = (
    0.2  # V, 90 % of 26 published limits lie nearer (evaluate_electrochemical_window.py)
)
_NINETY = 1.645  # standard errors


class ElectrochemicalWindow(Predictor):
    """Oxidation and reduction limit against the metal of the working ion (V).

    The ion is the first of Li, Na, K, Mg, Ca, Zn, Al in the crystal; lithium if it has none of
    them, and then it has no oxidation limit. Intervals: the crystal's energy moved by its error,
    widened by that of the reference phases.
    """

    name = "electrochemical_window"
    properties = ("oxidation_potential", "reduction_potential")
    materials = ("crystal",)
    condition = "thermodynamic, 0 K, against the metal of the working ion"
    version = "1"
    seconds = 0.4
    weights = Path(__file__).parent / "weights" / "electrochemical_window"  # card and figures

    def __init__(self, potential: Potential, hull: Hull) -> None:
        self._potential = potential
        self._hull = hull

    @classmethod
    def load(cls) -> Self:
        """With the embedded potential and the shipped hull."""
        return cls(shared_potential(), shared_hull())

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """Quantities of each crystal; none if its energy cannot be computed.

        The products beyond each limit are in the provenance. The temperature changes nothing.
        """
        structures = {i: s for i, c in enumerate(candidates) if (s := _structure(c)) is not None}
        points = self._potential.energies(list(structures.values()))
        rows: list[list[Quantity]] = [[] for _ in candidates]
        for (index, structure), point in zip(structures.items(), points, strict=True):
            if isinstance(point, Energy):
                rows[index] = self._quantities(structure.composition, point.energy_per_atom)
        return rows

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Scores as `property.figure` in V."""
        predicted = self.predict([candidate for candidate, _ in labelled])
        scores: dict[str, float] = {}
        for key in self.properties:
            rows = [
                (labels[key], q.value, *(q.interval or ()))
                for (_, labels), quantities in zip(labelled, predicted, strict=True)
                for q in quantities
                if q.property == key and key in labels
            ]
            if rows:
                figures = regression_scores(*zip(*rows, strict=True))  # type: ignore[arg-type]
                scores.update({f"{key}.{name}": figure for name, figure in figures.items()})
        return scores

    def reaction_with(self, candidate: Candidate, other: str) -> Reaction:
        """The reaction with a metal ("Li") or an electrode ("LiCoO2") that gains most.

        Raises:
            InvalidRequest: if the crystal's energy cannot be computed, or the other is no formula.
        """
        from pymatgen.core import Composition

        try:
            partner = Composition(other)
        except ValueError as error:
            raise InvalidRequest(f"{other!r} is no formula; write Li or LiCoO2") from error
        structure = structure_of(candidate)
        (point,) = self._potential.energies([structure])
        if not isinstance(point, Energy):
            raise InvalidRequest(f"no energy of {candidate.id}: {point.reason}")
        composition = structure.composition
        energy = self._hull.formation_energy(composition, point.energy_per_atom)
        others = [el.symbol for el in partner]
        return Surroundings(self._hull, composition, energy, others).reaction(partner)

    def _quantities(self, composition: Composition, energy_per_atom: float) -> list[Quantity]:
        ion = working_ion(composition)
        try:
            energy = self._hull.formation_energy(composition, energy_per_atom)
            windows = [
                Surroundings(self._hull, composition, energy + shift, [ion]).window(ion)
                for shift in (0.0, -_NINETY * ENERGY_ERROR, _NINETY * ENERGY_ERROR)
            ]
        except InvalidRequest:  # an element that the hull does not cover
            return []
        inputs = {"reference": self._hull.above(composition, energy).n_phases}
        found = []
        if windows[0].oxidation is not None:
            values = [w.oxidation for w in windows if w.oxidation is not None]
            products = windows[0].oxidized
            found.append(self._quantity(self.properties[0], values, ion, products, inputs))
        values = [w.reduction for w in windows]
        found.append(self._quantity(self.properties[1], values, ion, windows[0].reduced, inputs))
        return found

    def _quantity(
        self,
        key: str,
        values: Sequence[float],
        ion: str,
        products: Sequence[str],
        inputs: dict[str, int],
    ) -> Quantity:
        """From the value and those for lower and higher energy of the crystal."""
        low, high = min(values) - REFERENCE_ERROR, max(values) + REFERENCE_ERROR
        return Quantity(
            property=key,
            value=round(values[0], 4),
            unit="V",
            interval=(round(max(low, 0.0), 4), round(high, 4)),
            method="computed",
            reference_electrode=f"{ion}/{ion}+",
            provenance=Provenance(
                source=f"tools/predictors/{self.name}",
                version=self.version,
                weights=self._potential.weights,
                inputs={
                    "condition": self.condition,
                    "products_beyond": list(products),
                    "known_phases": inputs["reference"],
                },
                reference="10.1021/acsami.5b07517",
            ),
        )


def working_ion(composition: Composition) -> str:
    """The first of the working ions that is in the crystal; Li if none is."""
    symbols = {el.symbol for el in composition}
    return next((ion for ion in WORKING_IONS if ion in symbols), "Li")


def _structure(candidate: Candidate):  # type: ignore[no-untyped-def]  # pymatgen's Structure or None
    if candidate.material != "crystal":
        return None
    try:
        return structure_of(candidate)
    except InvalidRequest:
        return None
