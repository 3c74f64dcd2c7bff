"""Stiffness of crystals from the potential: bulk modulus by a Birch-Murnaghan fit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from ionwright.generators.weights import read_config
from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance, Quantity

from .base import Predictor
from .potential import Energy, Failed, Potential, Progress, Relaxed, shared_potential
from .scores import agreement

if TYPE_CHECKING:
    from pymatgen.core import Structure

STRAINS = tuple(np.linspace(-0.03, 0.03, 7))  # of the lengths
SOFTEST, STIFFEST = 0.1, 600.0  # GPa; what lies outside is a failed fit
COMPUTED_DOMAIN = 0.5  # the factor rests on cubic binaries and elements
FOLDER = Path(__file__).parent / "weights" / "elasticity"


def bulk_modulus(
    structures: Sequence[Structure],
    *,
    potential: Potential | None = None,
    on_progress: Progress | None = None,
) -> list[float | Failed]:
    """Bulk moduli in GPa, in the order of the structures.

    Each crystal is relaxed, then its cell is scaled evenly and atoms are kept at their fractions:
    where atoms would move under pressure the modulus comes out too high.

    Args:
        structures: ordered crystals.
        potential: the shared one if left out.
        on_progress: what, done, total; may raise `Cancelled`.
    """
    potential = potential or shared_potential()
    relaxed = potential.relax(structures, fmax=0.05, steps=300, on_progress=on_progress)
    sound = [one for one in relaxed if isinstance(one, Relaxed)]
    scaled = [_scaled(one.structure, strain) for one in sound for strain in STRAINS]
    points = iter(potential.energies(scaled, on_progress))
    results: list[float | Failed] = []
    for one in relaxed:
        if isinstance(one, Failed):
            results.append(one)
            continue
        energies = [next(points) for _ in STRAINS]
        results.append(_fit(one, [e for e in energies if isinstance(e, Energy)]))
    return results


def _scaled(structure: Structure, strain: float) -> Structure:
    copy = structure.copy()
    return copy.scale_lattice(structure.volume * (1 + strain) ** 3)


def _fit(relaxed: Relaxed, energies: Sequence[Energy]) -> float | Failed:
    from pymatgen.analysis.eos import EOS, EOSError

    if not relaxed.converged or len(energies) < len(STRAINS):
        return Failed("the relaxation did not converge: no energy-volume curve")
    volumes = [relaxed.structure.volume * (1 + strain) ** 3 for strain in STRAINS]
    totals = [e.energy_per_atom * len(relaxed.structure) for e in energies]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            modulus = float(EOS("birch_murnaghan").fit(volumes, totals).b0_GPa)
        except (EOSError, RuntimeError, ValueError, np.linalg.LinAlgError) as error:
            return Failed(f"no energy-volume curve fits: {error}")
    if not SOFTEST < modulus < STIFFEST:
        return Failed(f"the energy-volume curve has no minimum (fit gives {modulus:.3g} GPa)")
    return modulus


class Elasticity(Predictor):
    """Bulk modulus of the relaxed crystal."""

    name = "elasticity"
    properties = ("bulk_modulus",)
    materials = ("crystal",)
    condition = "0 K, the cell scaled evenly"
    version = "1"

    def __init__(self, potential: Potential, calibration: dict[str, float]) -> None:
        self.potential = potential
        self._calibration = calibration

    @classmethod
    def load(cls, potential: Potential | None = None) -> Self:
        """With the shared potential, unless another is given.

        Raises:
            Damaged: if the calibration is missing.
        """
        return cls(potential or shared_potential(), read_config(FOLDER))

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """The bulk modulus of each candidate; none if it has no energy-volume curve."""
        structures = [_structure(candidate) for candidate in candidates]
        found = iter(bulk_modulus([s for s in structures if s], potential=self.potential))
        values = [next(found) if structure else None for structure in structures]
        return [[self._quantity(v)] if isinstance(v, float) else [] for v in values]

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Agreement with known moduli (`bulk_modulus`, GPa)."""
        predicted = self.predict([candidate for candidate, _ in labelled])
        return agreement("bulk_modulus", predicted, labelled)

    def _quantity(self, fitted: float) -> Quantity:
        """The potential is too soft on average: its modulus times a measured factor."""
        value = fitted * self._calibration["stiffer"]
        spread = self._calibration["spread"]
        return Quantity(
            property="bulk_modulus",
            value=value,
            unit="GPa",
            std=value * self._calibration["relative_std"],
            interval=(value / spread, value * spread),
            in_domain=COMPUTED_DOMAIN,
            method="computed",
            provenance=Provenance(
                source=f"tools/predictors/{self.name}",
                version=self.version,
                weights=self.potential.weights,
                inputs={"fit": "Birch-Murnaghan", "as_fitted": round(fitted, 3)},
                reference="10.1038/s42256-023-00716-3",
            ),
        )


def _structure(candidate: Candidate) -> Structure | None:
    try:
        return structure_of(candidate)
    except InvalidRequest:
        return None
