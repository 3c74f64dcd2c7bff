"""A crystal as its space group, occupied Wyckoff positions, lattice and free coordinates, and back.

The numbers of the lattice are the volume per atom and only those ratios and angles that the crystal
system leaves free, so whatever numbers are put in, the symmetry holds.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .wyckoff_positions import hall_number, lattice_centring, positions, settings

if TYPE_CHECKING:
    from pymatgen.core import Structure

ANGLES = ("alpha", "beta", "gamma")
# The numbers of a lattice besides the volume, by the last space group of each crystal system.
SHAPES: tuple[tuple[int, tuple[str, ...]], ...] = (
    (2, ("b/a", "c/a", *ANGLES)),
    (15, ("b/a", "c/a", "beta")),
    (74, ("b/a", "c/a")),
    (194, ("c/a",)),
    (230, ()),
)
Skeleton = tuple[int, tuple[tuple[int, int], ...]]  # space group; (element, position) of orbits
_DIGITS = 4  # of free coordinates, so that equal crystals are written equally


@dataclass(frozen=True)
class Orbit:
    """Atoms of one element on one Wyckoff position.

    Attributes:
        number: atomic number.
        place: of the position among those of its group, 0 for "a".
        free: values of the position's free coordinates.
    """

    number: int
    place: int
    free: tuple[float, ...] = ()


@dataclass(frozen=True)
class WyckoffCrystal:
    """A crystal by its symmetry.

    Attributes:
        spg_num: space group.
        orbits: sorted by `order_of`.
        volume: of the cell per atom, cubic angstrom.
        shape: the numbers that `shape_of(spg_num)` names: ratios, and angles in degrees.
    """

    spg_num: int
    orbits: tuple[Orbit, ...]
    volume: float
    shape: tuple[float, ...]

    @property
    def skeleton(self) -> Skeleton:
        """The crystal without its numbers."""
        return self.spg_num, tuple((orbit.number, orbit.place) for orbit in self.orbits)


def shape_of(spg_num: int) -> tuple[str, ...]:
    """Which ratios and angles a lattice of this space group leaves free."""
    return next(shape for last, shape in SHAPES if spg_num <= last)


@cache
def element_ranks() -> np.ndarray:
    """(119,) rank of each atomic number in the order of writing: by electronegativity."""
    from pymatgen.core import Element

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # noble gases have no electronegativity: last
        x = [Element.from_Z(z).X for z in range(1, 119)]
    order = np.lexsort((np.arange(118), np.nan_to_num(x, nan=9.0)))
    ranks = np.zeros(119, dtype=int)
    ranks[order + 1] = np.arange(118)
    return ranks


def order_of(orbit: Orbit) -> tuple[int, int, tuple[float, ...]]:
    """Orbits are written by electronegativity, then letter, then coordinates."""
    return int(element_ranks()[orbit.number]), orbit.place, orbit.free


def encode(structure: Structure, *, symprec: float = 0.05) -> WyckoffCrystal | None:
    """The crystal in its canonical setting: of all equivalent ones the first in order.

    Args:
        structure: ordered.
        symprec: distance in angstrom within which atoms count as symmetric.

    Returns:
        None if no space group is found.
    """
    found = _standard_cell(structure, symprec)
    if found is None:
        return None
    spg_num, cell, orbits = found
    skeletons = [
        sorted((int(element_ranks()[number]), places[place]) for number, place, _ in orbits)
        for _, _, places in settings(spg_num)
    ]
    first = min(skeletons)
    written = []
    for skeleton, (rotation, shift, places) in zip(skeletons, settings(spg_num), strict=True):
        if skeleton == first:
            other = np.linalg.inv(rotation).T @ cell
            moved = [(z, places[place], xyz @ rotation.T + shift) for z, place, xyz in orbits]
            written.append(_written(spg_num, other, moved))
    fitting = [crystal for crystal in written if crystal is not None]
    order = lambda crystal: ([order_of(orbit) for orbit in crystal.orbits], crystal.shape)
    return min(fitting, key=order, default=None)


def decode(crystal: WyckoffCrystal) -> Structure:
    """The primitive cell of a crystal.

    Raises:
        ValueError: if the lattice's angles belong to no cell.
    """
    from pymatgen.core import Element, Structure

    table = positions(crystal.spg_num)
    copies = len(lattice_centring(crystal.spg_num))
    numbers: list[int] = []
    coords = []
    for orbit in crystal.orbits:
        # the tables give all atoms of a primitive cell first, then their lattice translations
        size = table[orbit.place].multiplicity // copies
        coords.append(table[orbit.place].coords(np.array(orbit.free))[:size])
        numbers += [orbit.number] * size
    primitive = primitive_basis(crystal.spg_num)
    cell = primitive @ _cell(crystal, len(numbers) * copies)
    species = [Element.from_Z(number) for number in numbers]
    return Structure(cell, species, np.concatenate(coords) @ np.linalg.inv(primitive) % 1)


@cache
def primitive_basis(spg_num: int) -> np.ndarray:
    """(3, 3) vectors of a primitive cell, as rows, in units of the conventional cell."""

    centring = lattice_centring(spg_num)
    if len(centring) == 1:
        return np.eye(3)
    bases = {
        (1, 1, 0): [[0.5, 0.5, 0], [-0.5, 0.5, 0], [0, 0, 1]],
        (0, 1, 1): [[1, 0, 0], [0, 0.5, 0.5], [0, -0.5, 0.5]],
        (1, 1, 1): [[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]],
    }
    if len(centring) == 4:
        return np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    if len(centring) == 3:
        return np.array([[2, 1, 1], [-1, 1, 1], [-1, -2, 1]]) / 3
    key = tuple((centring[1] * 2).round().astype(int).tolist())
    return np.array(bases[key])


def primitive_size(spg_num: int, place: int) -> int:
    """Atoms of a Wyckoff position in the primitive cell."""
    return positions(spg_num)[place].multiplicity // len(lattice_centring(spg_num))


def _standard_cell(
    structure: Structure, symprec: float
) -> tuple[int, np.ndarray, list[tuple[int, int, np.ndarray]]] | None:
    """Space group, conventional cell, and element, position and atoms of each orbit."""
    import spglib

    given: Any = (structure.lattice.matrix, structure.frac_coords, structure.atomic_numbers)
    first = spglib.get_symmetry_dataset(given, symprec=symprec)
    if first is None:
        return None
    found = spglib.get_symmetry_dataset(
        given, symprec=symprec, hall_number=hall_number(first.number)
    )
    if found is None:
        return None
    place_of = dict(zip(found.mapping_to_primitive, found.wyckoffs, strict=True))
    orbit_of = dict(zip(found.mapping_to_primitive, found.crystallographic_orbits, strict=True))
    letters = [position.letter for position in positions(first.number)]
    atoms: dict[tuple[int, int, int], list[np.ndarray]] = {}
    for number, mapped, xyz in zip(
        found.std_types, found.std_mapping_to_primitive, found.std_positions, strict=True
    ):
        key = (int(number), letters.index(place_of[mapped]), int(orbit_of[mapped]))
        atoms.setdefault(key, []).append(xyz)
    orbits = [(number, place, np.array(xyz)) for (number, place, _), xyz in atoms.items()]
    return int(first.number), found.std_lattice, orbits


def _written(
    spg_num: int, cell: np.ndarray, orbits: list[tuple[int, int, np.ndarray]]
) -> WyckoffCrystal | None:
    """One setting in canonical form; None if the atoms do not fit the tables."""
    table = positions(spg_num)
    made, atoms = [], 0
    for number, place, xyz in orbits:
        if len(xyz) != table[place].multiplicity:
            return None
        values = table[place].free_values(xyz).round(_DIGITS) % 1
        if not len(values):
            return None
        made.append(Orbit(number, place, min(map(tuple, values.tolist()))))
        atoms += len(xyz)
    lengths = np.linalg.norm(cell, axis=1)
    unit = cell / lengths[:, None]
    angles = np.degrees(
        np.arccos(np.clip([unit[1] @ unit[2], unit[2] @ unit[0], unit[0] @ unit[1]], -1, 1))
    )
    known = {"b/a": lengths[1] / lengths[0], "c/a": lengths[2] / lengths[0]}
    known |= dict(zip(ANGLES, angles, strict=True))
    shape = tuple(round(float(known[name]), _DIGITS) for name in shape_of(spg_num))
    volume = round(abs(float(np.linalg.det(cell))) / atoms, _DIGITS)
    return WyckoffCrystal(spg_num, tuple(sorted(made, key=order_of)), volume, shape)


def _cell(crystal: WyckoffCrystal, atoms: int) -> np.ndarray:
    """(3, 3) vectors of the conventional cell that holds this many atoms."""
    from pymatgen.core import Lattice

    known = dict(zip(shape_of(crystal.spg_num), crystal.shape, strict=True))
    hexagonal = 143 <= crystal.spg_num <= 194
    angles = [known.get(name, 120.0 if hexagonal and name == "gamma" else 90.0) for name in ANGLES]
    ratios = [1.0, known.get("b/a", 1.0), known.get("c/a", 1.0)]
    cosines = np.cos(np.radians(angles))
    if 1 + 2 * cosines.prod() - (cosines**2).sum() < 1e-3:
        raise ValueError(f"no cell has the angles {angles}")
    shape = Lattice.from_parameters(*ratios, *angles)
    return shape.matrix * (crystal.volume * atoms / shape.volume) ** (1 / 3)
