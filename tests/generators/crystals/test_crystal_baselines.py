"""The baselines: ions exchanged in known crystals, and random symmetric crystals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from ionwright.generators.crystals.base import CrystalGenerator, is_sound
from ionwright.generators.crystals.charge_balance import charge_balanced
from ionwright.generators.crystals.data import CrystalSet
from ionwright.generators.crystals.ion_exchange import (
    HOSTS,
    IonExchange,
    exchanged,
    partners,
    scaled,
)
from ionwright.generators.crystals.random_symmetric import RandomSymmetric, random_crystal
from ionwright.generators.crystals.wyckoff_cells import Orbit, WyckoffCrystal, decode
from ionwright.knowledge.errors import Damaged, InvalidRequest


def structures() -> list[Structure]:
    rock_salts = [
        WyckoffCrystal(225, (Orbit(metal, 0), Orbit(anion, 1)), a**3 / 8, ())
        for metal, anion, a in ((11, 17, 5.6), (12, 8, 4.2), (19, 9, 5.3))
    ]
    layered = [
        WyckoffCrystal(166, (Orbit(11, 1), Orbit(metal, 0), Orbit(8, 2, (0.27,))), 9.4, (5.1,))
        for metal in (27, 26, 24)
    ]
    return [decode(crystal) for crystal in rock_salts + layered]


@pytest.fixture(scope="module")
def hosts() -> CrystalSet:
    made = structures()
    sizes = [len(s) for s in made]
    unknown = np.full(len(made), np.nan)
    return CrystalSet(
        ids=np.array([f"host-{i}" for i in range(len(made))]),
        lattices=np.array([s.lattice.matrix for s in made]),
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        numbers=np.concatenate([s.atomic_numbers for s in made]).astype(np.uint8),
        frac_coords=np.concatenate([s.frac_coords for s in made]),
        spg_num=np.array([225] * 3 + [166] * 3, dtype=np.uint8),
        formation_energy_per_atom=unknown,
        energy_above_hull=unknown,
        band_gap=unknown,
    )


@pytest.fixture(scope="module")
def random_symmetric(hosts: CrystalSet) -> RandomSymmetric:
    made = RandomSymmetric()
    list(made.fit(hosts))
    return made


def test_lithium_replaces_sodium_more_often_than_tungsten_does() -> None:
    chances = partners(("Na", 1))
    assert chances["Na"] > chances["Li"] > 100 * chances.get("W", 0.0)
    assert "Mg" not in chances


def test_something_is_always_exchanged_and_nothing_merges() -> None:
    ions = {"Na": ("Na", 1), "Co": ("Co", 3), "O": ("O", -2)}
    for seed in range(30):
        new = exchanged(ions, np.random.default_rng(seed), {"Li"}, {"Fe"})
        if new is not None:
            assert "Li" in new.values() and "Fe" not in new.values()
            assert len(set(new.values())) == 3
            assert new != {element: element for element in new}


def test_exchanged_crystals_keep_symmetry_and_charge(hosts: CrystalSet) -> None:
    made = IonExchange(hosts).sample_structures(6, require_elements=["Li"], seed=1)
    for structure in made:
        assert structure is not None and is_sound(structure)
        assert "Li" in structure.composition
        assert charge_balanced(structure.composition) is not False
        assert SpacegroupAnalyzer(structure).get_space_group_number() in (166, 225)


def test_the_cell_follows_the_ions() -> None:
    sodium_chloride = structures()[0]
    potassium_iodide = sodium_chloride.copy()
    potassium_iodide.replace_species({"Na": "K", "Cl": "I"})
    assert scaled(potassium_iodide).volume > 1.3 * sodium_chloride.volume


def test_hosts_can_be_named(hosts: CrystalSet) -> None:
    made = IonExchange(hosts).sample(4, start_from=["NaFeO2"], seed=3)
    assert {parent for c in made for parent in c.provenance.parents} == {"host-4"}
    with pytest.raises(InvalidRequest, match="no host has the formula LiF"):
        IonExchange(hosts).sample(1, start_from=["LiF"])


def test_parents_are_named(hosts: CrystalSet) -> None:
    for candidate in IonExchange(hosts).sample(3, seed=4):
        assert candidate.provenance.parents[0].startswith("host-")
        assert str(candidate.provenance.weights).startswith("ion_exchange@")


def test_random_crystals_have_their_group_and_their_formula() -> None:
    made = random_crystal(194, {"Na": 2, "Cl": 2}, np.random.default_rng(0))
    assert made is not None and is_sound(made)
    assert made.composition.reduced_formula == "NaCl"
    # atoms placed at random may happen to have more symmetry, never less
    finder = SpacegroupAnalyzer(made, symprec=0.01)
    assert len(finder.get_point_group_operations()) >= 24


def test_random_crystals_follow_the_elements_asked_for(random_symmetric: RandomSymmetric) -> None:
    made = random_symmetric.sample_structures(
        5, require_elements=["Na"], exclude_elements=["Cl"], seed=2
    )
    built = [s for s in made if s is not None]
    assert built
    for structure in built:
        assert "Na" in structure.composition and "Cl" not in structure.composition
        assert charge_balanced(structure.composition) is not False


def test_elements_without_a_known_ion_give_counted_failures(
    random_symmetric: RandomSymmetric, hosts: CrystalSet
) -> None:
    for generator in (random_symmetric, IonExchange(hosts)):
        candidates = generator.sample(2, require_elements=["He"])
        assert [c.checks["valid"] for c in candidates] == [False, False]
        assert len({c.id for c in candidates}) == 2


def test_the_same_seed_gives_the_same_crystals(
    random_symmetric: RandomSymmetric, hosts: CrystalSet
) -> None:
    generators: tuple[CrystalGenerator, ...] = (random_symmetric, IonExchange(hosts))
    for generator in generators:
        many, few = generator.sample(3, seed=5), generator.sample(2, seed=5)
        assert [c.id for c in many[:2]] == [c.id for c in few]


def test_saved_and_loaded_they_are_the_same(
    random_symmetric: RandomSymmetric, hosts: CrystalSet, tmp_path: Path
) -> None:
    exchange = IonExchange(hosts)
    for generator in (random_symmetric, exchange):
        generator.save(tmp_path)
        loaded = type(generator).load(tmp_path)
        assert loaded.weights_id == generator.weights_id
        assert [c.id for c in loaded.sample(2)] == [c.id for c in generator.sample(2)]
    (tmp_path / HOSTS).write_bytes(b"broken")
    with pytest.raises(Damaged):
        IonExchange.load(tmp_path)


def test_without_anything_to_start_from_they_say_so() -> None:
    for generator in (IonExchange(), RandomSymmetric()):
        with pytest.raises(InvalidRequest, match="no (hosts|statistics)"):
            generator.sample(1)
