"""Figures on crystals: what is valid, the same, near, and how far relaxing moves the atoms."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ionwright.generators.crystals import metrics
from ionwright.generators.crystals.fingerprints import (
    composition_fingerprint,
    fingerprints,
    structure_fingerprint,
)

FCC = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
HOLES = [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5, 0.5, 0.5]]


def rock_salt(cation: str = "Li", anion: str = "F", a: float = 4.03) -> Structure:
    return Structure(Lattice.cubic(a), [cation] * 4 + [anion] * 4, FCC + HOLES)


def perovskite(a_site: str = "Sr", b_site: str = "Ti", a: float = 3.94) -> Structure:
    coords = [[0] * 3, [0.5] * 3, [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    return Structure(Lattice.cubic(a), [a_site, b_site, "O", "O", "O"], coords)


def cesium_chloride(cation: str = "Li", anion: str = "F", a: float = 2.5) -> Structure:
    return Structure(Lattice.cubic(a), [cation, anion], [[0] * 3, [0.5] * 3])


def test_validity_is_as_published() -> None:
    assert metrics.structure_valid(rock_salt())
    assert not metrics.structure_valid(rock_salt(a=0.9))  # 0.45 angstrom apart
    assert not metrics.structure_valid(Structure(Lattice.cubic(0.4), ["Li"], [[0, 0, 0]]))
    assert not metrics.structure_valid(Structure(Lattice.cubic(np.nan), ["Li"], [[0, 0, 0]]))


@pytest.mark.parametrize(
    ("structure", "sound"),
    [
        (rock_salt(), True),
        (rock_salt(a=2.2), False),  # 1.1 angstrom: valid as published, yet no crystal
        (cesium_chloride("Os", "Os", a=2.4), False),  # 45 g/cm3
        (Structure(Lattice.cubic(3), ["H", "H"], [[0] * 3, [0.25, 0, 0]]), True),  # H2, 0.75
    ],
)
def test_stricter_validity(structure: Structure, sound: bool) -> None:
    assert metrics.structure_valid(structure)
    assert metrics.structure_sound(structure) is sound


def test_the_same_crystal_in_other_cells_is_one() -> None:
    crystal = rock_salt()
    moved = crystal.copy().translate_sites(range(8), [0.13, 0.2, 0.3])
    rattled = (crystal * (2, 1, 1)).perturb(0.03)
    others = [cesium_chloride(), rock_salt("Na", "Cl", 5.6), rock_salt(a=4.2)]
    crystals = [crystal, moved, crystal.get_primitive_structure(), rattled, *others]
    assert metrics.first_alike(crystals) == [0, 0, 0, 0, 4, 5, 0]  # the matcher scales volumes
    assert metrics.unique(crystals) == [0, 4, 5]
    assert metrics.uniqueness(crystals) == pytest.approx(3 / 7)
    assert metrics.uniqueness([]) == 0


def test_swapped_elements_are_another_crystal() -> None:
    assert metrics.first_alike([perovskite("Sr", "Ti"), perovskite("Ti", "Sr")]) == [0, 1]


def test_fingerprints_do_not_see_the_choice_of_cell() -> None:
    crystal = perovskite()
    other = crystal * (1, 2, 1)
    other = Structure(other.lattice, other.species, other.frac_coords + 0.37)
    assert np.allclose(structure_fingerprint(crystal), structure_fingerprint(other), atol=1e-6)
    assert np.allclose(
        composition_fingerprint(crystal.composition), composition_fingerprint(other.composition)
    )
    swelled = crystal.copy().apply_strain(0.05, inplace=False)
    assert np.allclose(structure_fingerprint(crystal), structure_fingerprint(swelled), atol=1e-6)


def test_similar_elements_are_nearer_than_unlike_ones() -> None:
    salt, alike, unlike = fingerprints(
        [rock_salt("Na", "Cl"), rock_salt("K", "Br"), rock_salt("Ti", "N")]
    )[0]
    assert np.linalg.norm(salt - alike) < 0.6 * np.linalg.norm(salt - unlike)


def test_coverage_counts_both_ways() -> None:
    reference = [
        rock_salt("Na", "Cl", 5.6),
        rock_salt("Ti", "N", 4.2),
        cesium_chloride("Cs", "I", 4.6),
    ]
    found = metrics.coverage([rock_salt("K", "Cl", 6.3), rock_salt("K", "Cl", 6.2)], reference)
    assert found.precision == 1.0
    assert found.recall == pytest.approx(1 / 3)
    assert metrics.coverage([], reference) == metrics.Coverage(0.0, 0.0)


def test_rmsd_is_the_length_of_the_steps() -> None:
    crystal = perovskite() * (2, 2, 1)
    chance = np.random.default_rng(0)
    steps = chance.normal(size=(len(crystal), 3))
    steps *= 0.1 / np.linalg.norm(steps, axis=1, keepdims=True)
    moved = Structure(
        crystal.lattice, crystal.species, crystal.cart_coords + steps, coords_are_cartesian=True
    )
    assert metrics.rmsd_to_relaxed(moved, crystal) == pytest.approx(0.1, rel=0.1)
    assert metrics.rmsd_to_relaxed(crystal, crystal.copy()) == pytest.approx(0, abs=1e-6)
    assert metrics.rmsd_to_relaxed(crystal, rock_salt()) is None
