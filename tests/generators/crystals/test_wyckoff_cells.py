"""Crystals by their symmetry: the tables of Wyckoff positions, and crystals written and read back."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from ionwright.generators.crystals.wyckoff_cells import decode, encode, primitive_basis
from ionwright.generators.crystals.wyckoff_positions import (
    GROUPS,
    hall_number,
    lattice_centring,
    positions,
    settings,
)

POINT = np.array([0.1234, 0.2718, 0.4142])


def crystal(
    spg_num: int, lattice: Lattice, species: list[str], coords: list[list[float]]
) -> Structure:
    return Structure.from_spacegroup(spg_num, lattice, species, coords)


CRYSTALS = {
    "rock salt": (225, crystal(225, Lattice.cubic(4.2), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])),
    "spinel": (
        227,
        crystal(
            227,
            Lattice.cubic(8.24),
            ["Li", "Mn", "O"],
            [[1 / 8, 1 / 8, 1 / 8], [1 / 2, 1 / 2, 1 / 2], [0.2625, 0.2625, 0.2625]],
        ),
    ),
    "olivine": (
        62,
        crystal(
            62,
            Lattice.orthorhombic(10.33, 6.01, 4.69),
            ["Li", "Fe", "P", "O", "O", "O"],
            [
                [0, 0, 0],
                [0.2822, 0.25, 0.9747],
                [0.0948, 0.25, 0.4182],
                [0.0968, 0.25, 0.7428],
                [0.4571, 0.25, 0.206],
                [0.1656, 0.0465, 0.2848],
            ],
        ),
    ),
    "layered": (
        166,
        crystal(
            166,
            Lattice.hexagonal(2.82, 14.05),
            ["Li", "Co", "O"],
            [[0, 0, 0.5], [0, 0, 0], [0, 0, 0.2604]],
        ),
    ),
    "zinc blende": (
        216,
        crystal(216, Lattice.cubic(5.4), ["Zn", "S"], [[0, 0, 0], [0.25, 0.25, 0.25]]),
    ),
    "monoclinic": (
        14,
        crystal(
            14,
            Lattice.monoclinic(5.15, 5.21, 5.32, 99.2),
            ["Zr", "O", "O"],
            [[0.276, 0.041, 0.208], [0.07, 0.33, 0.345], [0.442, 0.755, 0.479]],
        ),
    ),
}


@pytest.mark.parametrize("name", CRYSTALS)
def test_written_and_read_back_is_the_same_crystal(name: str) -> None:
    spg_num, structure = CRYSTALS[name]
    written = encode(structure)
    assert written is not None and written.spg_num == spg_num
    read = decode(written)
    assert len(read) == len(structure.get_primitive_structure())
    assert StructureMatcher(ltol=0.01, stol=0.01, angle_tol=1).fit(structure, read)


@pytest.mark.parametrize("name", CRYSTALS)
def test_however_a_crystal_is_given_it_is_written_in_the_same_way(name: str) -> None:
    structure = CRYSTALS[name][1]
    moved = structure.copy()
    moved.translate_sites(range(len(moved)), [0.21, 0.4, 0.73])
    moved.make_supercell([[0, 1, 0], [1, 0, 0], [0, 0, 2]])
    first, second = encode(structure), encode(moved)
    assert first is not None and second is not None
    assert first.skeleton == second.skeleton
    assert first.volume == pytest.approx(second.volume, abs=1e-3)


def test_sodium_chloride_is_written_alike_whichever_ion_is_at_the_origin() -> None:
    at_origin, at_middle = (
        crystal(225, Lattice.cubic(5.6), species, [[0, 0, 0], [0.5, 0.5, 0.5]])
        for species in (["Na", "Cl"], ["Cl", "Na"])
    )
    assert encode(at_origin) == encode(at_middle)


def test_any_numbers_keep_the_symmetry() -> None:
    written = encode(CRYSTALS["olivine"][1])
    assert written is not None
    rng = np.random.default_rng(0)
    for _ in range(3):
        orbits = tuple(
            type(orbit)(orbit.number, orbit.place, tuple(rng.random(len(orbit.free))))
            for orbit in written.orbits
        )
        other = type(written)(written.spg_num, orbits, 14.0, (1.3, 0.7))
        found = SpacegroupAnalyzer(decode(other), symprec=0.01).get_space_group_number()
        assert found == 62


def test_centred_cells_hold_whole_primitive_ones() -> None:
    for spg_num in range(1, GROUPS + 1):
        copies = len(lattice_centring(spg_num))
        basis = primitive_basis(spg_num)
        assert np.linalg.det(basis) * copies == pytest.approx(1.0)
        for position in positions(spg_num):
            first = position.coords(POINT[: len(position.free)])[: position.multiplicity // copies]
            wrapped = (first @ np.linalg.inv(basis) % 1).round(5) % 1
            assert len(np.unique(wrapped, axis=0)) == len(first)


@pytest.mark.parametrize("spg_num", [2, 14, 62, 122, 166, 194, 216, 227])
def test_equivalent_settings_map_positions_onto_positions(spg_num: int) -> None:
    table = positions(spg_num)
    for rotation, shift, places in settings(spg_num):
        for place, position in zip(places, table, strict=True):
            atoms = position.coords(POINT[: len(position.free)]) @ rotation.T + shift
            assert table[place].multiplicity == position.multiplicity
            assert len(table[place].free_values(atoms))


def test_tables_and_spglib_speak_of_the_same_settings() -> None:
    assert [hall_number(n) for n in (1, 14, 62, 166, 227)] == [1, 81, 292, 458, 526]
    assert len({position.site for n in range(1, 231) for position in positions(n)}) == 32
