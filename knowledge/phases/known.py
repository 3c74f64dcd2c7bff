"""Which crystals are known: a small table of fingerprints instead of the structures themselves.

A crystal is known if one of the same reduced formula lies near it by its average minimum distances
(Widdowson et al., MATCH 87, 529, 2022): for k = 1, 2, ... the distance from an atom to its k-th
neighbour, averaged over all atoms; here once for neighbours of the same element and once for the
others, so that a swap of two elements is seen. They do not depend on the choice of cell and change
little when atoms move little, so a slightly distorted copy is still recognised.
`generators/crystals/build_known.py` writes the table and measures how often this is right.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.errors import Damaged
from ionwright.knowledge.files import write_atomically

if TYPE_CHECKING:
    from pymatgen.core import Composition, Structure

NEIGHBOURS = 8  # like and unlike ones, each
REACH = 3.0  # (volume per atom)^(1/3); what is farther away counts as being there
TOLERANCE = 0.06  # largest difference of two averages, in units of (volume per atom)^(1/3)
SOURCES = "Materials Project, OQMD, Alexandria, AFLOW (CC-BY 4.0) and publications"
TABLE = Path(__file__).parent / "known_crystals.npz"
_STEP = 0.012  # of the stored distances: one byte reaches 3.06


def average_minimum_distances(structure: Structure) -> np.ndarray:
    """Mean distance of an atom to its 1st ... 8th like, then unlike neighbour: (16,), no unit.

    In units of (volume per atom)^(1/3), so that a uniform strain changes nothing.
    """
    return neighbour_distances(structure).mean(axis=0)


def neighbour_distances(structure: Structure) -> np.ndarray:
    """As `average_minimum_distances`, for each atom: (atoms, 16)."""
    unit = (structure.volume / len(structure)) ** (1 / 3)
    centers, points, _, distances = structure.get_neighbor_list(REACH * unit)
    numbers = np.array(structure.atomic_numbers)
    like = numbers[centers] == numbers[points]
    return np.hstack(
        [_nearest(centers[m], distances[m] / unit, len(structure)) for m in (like, ~like)]
    )


def _nearest(centers: np.ndarray, distances: np.ndarray, n: int) -> np.ndarray:
    """The first distances of each of `n` centers, ascending; REACH where there are too few."""
    order = np.lexsort((distances, centers))
    centers, distances = centers[order], distances[order]
    rank = np.arange(len(centers)) - np.searchsorted(centers, centers)
    nearest = np.full((n, NEIGHBOURS), REACH)
    nearest[centers[rank < NEIGHBOURS], rank[rank < NEIGHBOURS]] = distances[rank < NEIGHBOURS]
    return nearest


def formula_hash(composition: Composition) -> int:
    """64 bits that stand for a reduced formula."""
    digest = hashlib.sha256(composition.reduced_formula.encode()).digest()
    return int.from_bytes(digest[:8], "big")


@dataclass(frozen=True)
class KnownCrystals:
    """Fingerprints of many crystals, sorted by the hash of the formula.

    Attributes:
        formulas: `formula_hash` (n,), uint64, ascending.
        distances: average minimum distances in steps of 0.012 (n, 16), uint8.
    """

    formulas: np.ndarray
    distances: np.ndarray

    def __len__(self) -> int:
        return len(self.formulas)

    def nearest(self, structure: Structure) -> float | None:
        """Largest difference of distances to the nearest known crystal of the same formula.

        Without unit (see `average_minimum_distances`); None if no such formula is known.
        """
        rows = self._rows(structure.composition)
        if rows.start == rows.stop:
            return None
        own = average_minimum_distances(structure)
        return float(np.abs(self.distances[rows] * _STEP - own).max(axis=1).min())

    def has_formula(self, composition: Composition) -> bool:
        """Whether any crystal of this reduced formula is known."""
        rows = self._rows(composition)
        return rows.start < rows.stop

    def _rows(self, composition: Composition) -> slice:
        wanted = np.uint64(formula_hash(composition))
        low, high = (
            int(np.searchsorted(self.formulas, wanted, side)) for side in ("left", "right")
        )
        return slice(low, high)


def is_known(structure: Structure, tolerance: float = TOLERANCE) -> bool:
    """Whether a crystal of this formula and nearly this structure is in the shipped table."""
    distance = known_crystals().nearest(structure)
    return distance is not None and distance <= tolerance


@cache
def known_crystals() -> KnownCrystals:
    """The shipped table.

    Raises:
        Damaged: if it is missing or cannot be read.
    """
    return load_known(TABLE)


def pack(hashes: np.ndarray, distances: np.ndarray) -> KnownCrystals:
    """The table of crystals with these formula hashes (n,) and distances (n, 16), sorted."""
    order = np.argsort(hashes, kind="stable")
    steps = np.clip(np.round(distances[order] / _STEP), 0, 255).astype(np.uint8)
    return KnownCrystals(formulas=hashes[order].astype(np.uint64), distances=steps)


def save_known(path: Path, known: KnownCrystals) -> None:
    """Writes a table as compressed arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, formulas=known.formulas, distances=known.distances)
    write_atomically(path, buffer.getvalue())


def load_known(path: Path) -> KnownCrystals:
    """Reads what `save_known` wrote.

    Raises:
        Damaged: if it is missing or cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return KnownCrystals(formulas=arrays["formulas"], distances=arrays["distances"])
    except (OSError, ValueError, KeyError) as error:
        raise Damaged(f"table of known crystals: {error}; reinstall ionwright") from error
