"""Figures on lists of crystals: validity, uniqueness, novelty, coverage, distance to relaxed.

All take pymatgen's ordered structures; each says what it divides by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.phases.known import average_minimum_distances, is_known

from .fingerprints import fingerprints

if TYPE_CHECKING:
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core import Structure

SHORTEST = 0.5  # angstrom; CDVAE's measure
SMALLEST = 0.1  # angstrom^3, of the cell; CDVAE's measure
OVERLAP = (
    0.6  # of the sum of the atomic radii: nearer atoms are not bonded but on top of each other
)
DENSEST = 25.0  # g/cm3; osmium has 22.6
_ROOM = 1.0  # angstrom^3 per atom; diamond has 5.7
_RADIUS = 1.0  # angstrom, of elements without a tabulated one
_ALIKE = 0.3  # average minimum distances farther apart than this: never the same to the matcher

# Two crystals cover each other if both fingerprints are nearer than this. So strict that of 1,000
# crystals of the data, up to 20 atoms, a quarter is covered by 1,000 others: wider ones (1.0: 95 %)
# tell nothing apart.
COMPOSITION_CUTOFF = 0.6
STRUCTURE_CUTOFF = 0.5


def structure_valid(structure: Structure) -> bool:
    """CDVAE's validity (Xie et al. 2021): no distance below 0.5 angstrom, cell over 0.1 A^3."""
    if not np.isfinite(structure.lattice.matrix).all() or structure.volume < SMALLEST:
        return False
    return len(structure.get_neighbor_list(SHORTEST)[3]) == 0


def structure_sound(structure: Structure) -> bool:
    """A stricter validity: no two atoms on top of each other, no density beyond any material's.

    On top: nearer than 0.6 times the sum of their atomic radii (Slater 1964).
    """
    if not structure_valid(structure) or structure.volume < _ROOM * len(structure):
        return False
    if structure.density > DENSEST:
        return False
    radii = np.array([_radius(site.specie.symbol) for site in structure])
    centers, points, _, distances = structure.get_neighbor_list(2 * OVERLAP * radii.max())
    return bool(np.all(distances >= OVERLAP * (radii[centers] + radii[points])))


@cache
def _radius(symbol: str) -> float:
    from pymatgen.core import Element

    element = Element(symbol)
    return float(element.atomic_radius or element.atomic_radius_calculated or _RADIUS)


def first_alike(structures: Sequence[Structure]) -> list[int]:
    """For each crystal the index of the first that equals it; its own if there is none before.

    Equal by pymatgen's matcher (its default tolerances) within one reduced formula.
    """
    matcher = _matcher()
    firsts: list[int] = []
    groups: dict[str, list[tuple[int, np.ndarray]]] = defaultdict(list)
    for index, structure in enumerate(structures):
        own = average_minimum_distances(structure)
        group = groups[structure.composition.reduced_formula]
        near = (i for i, other in group if np.abs(own - other).max() < _ALIKE)
        first = next((i for i in near if matcher.fit(structures[i], structure)), index)
        if first == index:
            group.append((index, own))
        firsts.append(first)
    return firsts


def unique(structures: Sequence[Structure]) -> list[int]:
    """Indices of the different crystals, in order."""
    return [index for index, first in enumerate(first_alike(structures)) if index == first]


def uniqueness(structures: Sequence[Structure]) -> float:
    """Different crystals as a share of all."""
    return len(unique(structures)) / max(1, len(structures))


def novelty(structures: Sequence[Structure]) -> float:
    """Share of crystals that are not in the shipped table of known ones."""
    return sum(not is_known(s) for s in structures) / max(1, len(structures))


@cache
def _matcher() -> StructureMatcher:
    from pymatgen.analysis.structure_matcher import StructureMatcher

    return StructureMatcher()


@dataclass(frozen=True)
class Coverage:
    """Recall: share of the reference near a generated crystal. Precision: the other way round."""

    recall: float
    precision: float


def coverage(generated: Sequence[Structure], reference: Sequence[Structure]) -> Coverage:
    """CDVAE's COV-R and COV-P with this package's fingerprints.

    A crystal is covered if one single other is within both `COMPOSITION_CUTOFF` and
    `STRUCTURE_CUTOFF`. Recall grows with the number of generated crystals: compare equal numbers.
    """
    if not generated or not reference:
        return Coverage(0.0, 0.0)
    near = nearest(fingerprints(generated), fingerprints(reference))
    return Coverage(recall=float(near.any(axis=0).mean()), precision=float(near.any(axis=1).mean()))


def nearest(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Which fingerprints cover each other: (first, second), bool."""
    composition, structure = (_distances(a, b) for a, b in zip(first, second, strict=True))
    return (composition <= COMPOSITION_CUTOFF) & (structure <= STRUCTURE_CUTOFF)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0))


def rmsd_to_relaxed(structure: Structure, relaxed: Structure) -> float | None:
    """Root mean square displacement in angstrom after the cells are fitted to each other.

    By pymatgen's matcher without reduction to the primitive cell and with wide tolerances, times
    (volume per atom)^(1/3) of the relaxed crystal.

    Returns:
        None if relaxing changed the crystal beyond recognition.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher

    matcher = StructureMatcher(ltol=0.5, stol=1.0, angle_tol=15, primitive_cell=False)
    found = matcher.get_rms_dist(structure, relaxed)
    if found is None:
        return None
    return float(found[0]) * float(relaxed.volume / len(relaxed)) ** (1 / 3)
