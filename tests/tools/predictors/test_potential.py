"""The potential keeps the laws of physics, its cache tells the truth, and failures stay alone."""

import sqlite3
import time

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ionwright.knowledge.errors import Cancelled
from ionwright.tools.predictors.potential import Energy, Failed, Potential, Relaxed


def rock_salt(a: float = 5.7) -> Structure:
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(a), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )


def shaken(seed: int = 0) -> Structure:
    structure = rock_salt()
    generator = np.random.default_rng(seed)
    for index in range(len(structure)):
        structure.translate_sites([index], 0.01 * generator.normal(size=3))
    return structure


@pytest.fixture(scope="module")
def potential(tmp_path_factory):
    return Potential(tmp_path_factory.mktemp("cache"), workers=1)


BAD = {
    "clash": Structure(Lattice.cubic(4), ["Na", "Cl"], [[0, 0, 0], [0.05, 0, 0]]),
    "isolated": Structure(Lattice.cubic(15), ["Xe"], [[0, 0, 0]]),
    "disordered": Structure(Lattice.cubic(4), [{"Na": 0.5, "K": 0.5}], [[0, 0, 0]]),
    "nan": Structure(Lattice.cubic(4), ["Na"], [[np.nan, 0, 0]]),
    "dense": Structure(Lattice.cubic(0.6), ["H"], [[0, 0, 0]]),
    "flat": Structure(Lattice.orthorhombic(9, 9, 0.4), ["Li"], [[0, 0, 0]]),
    "empty": Structure(Lattice.cubic(4), [], []),
}


def turned(structure: Structure) -> Structure:
    axis, angle = np.array([1.0, 2.0, 3.0]) / np.sqrt(14), 0.7
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return Structure(
        structure.lattice.matrix @ rotation.T, structure.species, structure.frac_coords
    )


def test_energy_does_not_depend_on_orientation_or_origin(potential):
    structure = shaken()
    moved = structure.copy()
    moved.translate_sites(range(len(moved)), [0.31, 0.17, 0.05])
    one, other, third = potential.energies([structure, turned(structure), moved])
    assert other.energy_per_atom == pytest.approx(one.energy_per_atom, abs=1e-5)
    assert third.energy_per_atom == pytest.approx(one.energy_per_atom, abs=1e-5)
    assert other.max_force == pytest.approx(one.max_force, abs=1e-4)


def test_energy_is_extensive(potential):
    structure = shaken()
    one, many = potential.energies([structure, structure * (2, 1, 1)])
    assert many.energy_per_atom == pytest.approx(one.energy_per_atom, abs=1e-5)
    assert len(many.magmoms) == 2 * len(one.magmoms)


def test_oxidation_states_do_not_matter(potential):
    marked = shaken().add_oxidation_state_by_element({"Na": 1, "Cl": -1})
    assert potential.energies([marked]) == potential.energies([shaken()])


def test_relaxing_lowers_energy_and_forces(potential):
    before = potential.energies([shaken()])[0]
    after = potential.relax([shaken()])[0]
    assert isinstance(after, Relaxed)
    assert after.converged
    assert after.max_force < 0.1 < before.max_force
    assert after.energy_per_atom < before.energy_per_atom
    assert after.structure.lattice.a == pytest.approx(5.69, rel=0.03)  # PBE
    assert [s.specie for s in after.structure] == [s.specie for s in shaken()]


def test_the_cell_stays_if_asked_for(potential):
    kept = potential.relax([shaken()], relax_cell=False)[0]
    np.testing.assert_allclose(kept.structure.lattice.matrix, shaken().lattice.matrix, atol=1e-9)


def test_bad_structures_do_not_stop_a_batch(potential):
    batch = [shaken(), *BAD.values(), rock_salt()]
    for results in (potential.energies(batch), potential.relax(batch)):
        assert [type(r) for r in results[1:-1]] == [Failed] * len(BAD)
        assert isinstance(results[0], Energy) and isinstance(results[-1], Energy)
        assert all(r.reason for r in results[1:-1])


def test_a_cell_that_flies_apart_is_a_failure(potential):
    wide = rock_salt(9.5)
    result = potential.relax([wide], steps=60)[0]
    assert isinstance(result, Failed) or result.structure.volume > wide.volume / 2.5


def test_the_cache_gives_the_same_numbers_faster(potential, tmp_path):
    structures = [shaken(seed) for seed in range(10, 13)]
    times = []
    fresh = Potential(tmp_path, workers=1)
    fresh.calculator()  # loads: that is not what is measured
    results = []
    for _ in range(2):
        start = time.perf_counter()
        results.append((fresh.relax(structures), fresh.energies(structures)))
        times.append(time.perf_counter() - start)
    assert results[0] == results[1]
    assert times[0] > 20 * times[1]


def test_the_cache_serves_another_process_without_the_network(potential):
    potential.energies([shaken()])
    other = Potential(potential._cache.path.parent, workers=1)
    assert other.energies([shaken()]) == potential.energies([shaken()])
    assert "_engine" not in other.__dict__


def test_settings_are_part_of_the_key(potential):
    few = potential.relax([shaken(5)], steps=1)[0]
    assert few.steps == 1 and not few.converged
    assert potential.relax([shaken(5)], steps=100)[0].converged


@pytest.mark.parametrize("value", ["{", "[]", "{}", '{"energy_per_atom": "x"}', b"\xff"])
def test_damaged_entries_are_computed_again(potential, value):
    expected = potential.energies([shaken()])
    with sqlite3.connect(potential._cache.path) as connection:
        connection.execute("UPDATE results SET value = ?", (value,))
    connection.close()
    assert potential.energies([shaken()]) == expected


def test_a_damaged_file_is_begun_anew(potential, tmp_path):
    (tmp_path / "potential.sqlite").write_bytes(b"no database" * 1000)
    other = Potential(tmp_path, workers=1)
    other.__dict__["_engine"] = potential._engine
    assert other.energies([shaken()]) == potential.energies([shaken()])
    assert other.energies([shaken()]) == potential.energies([shaken()])
    assert other._cache.get(["none"]) == {}


def test_a_folder_that_cannot_be_written_to_is_no_obstacle(potential, tmp_path):
    (tmp_path / "file").write_text("in the way")
    other = Potential(tmp_path / "file", workers=1)
    other.__dict__["_engine"] = potential._engine
    assert other.energies([rock_salt()]) == potential.energies([rock_salt()])


def test_a_stop_takes_effect_within_a_relaxation(potential):
    calls = []

    def stop(what, done, total):
        calls.append((what, done, total))
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        potential.relax([shaken(20)], on_progress=stop)
    assert calls == [("relaxing crystals", 0, 1)]


@pytest.mark.slow
def test_workers_give_what_one_process_gives_and_stop_at_once(potential, tmp_path):
    batch = [shaken(seed) for seed in range(4)] + [BAD["isolated"], rock_salt(9.5)]
    team = Potential(tmp_path / "a", workers=2)
    assert team.relax(batch, steps=5) == potential.relax(batch, steps=5)

    def stop(what, done, total):
        raise Cancelled("enough")

    start = time.perf_counter()
    with pytest.raises(Cancelled):
        Potential(tmp_path / "b", workers=2).relax(batch, on_progress=stop)
    assert time.perf_counter() - start < 2
