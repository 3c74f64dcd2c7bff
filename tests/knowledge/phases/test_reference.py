"""The hull is a lower convex hull, says what it rests on, and knows textbook phases."""

import time

import numpy as np
import pytest
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition

from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.phases import reference
from ionwright.knowledge.phases.reference import Hull, make_points, shared_hull


def small_hull() -> Hull:
    points = make_points(
        ["Li2O", "Fe2O3", "FeO", "FeLiO2", "FeLi5O4", "FeS2"],
        [-2.0, -1.6, -1.3, -1.9, -1.98, -0.5],
        ["database", "database", "experiment", "database", "hull", "database"],
    )
    return Hull(points, {"Li": -1.9, "Fe": -8.5, "O": -4.9, "S": -4.1})


@pytest.mark.parametrize("formula", ["LiFeO2", "Li3FeO3", "LiFe5O8", "Fe3O4", "LiO2", "Fe9O"])
def test_agrees_with_pymatgens_phase_diagram(formula):
    hull = small_hull()
    diagram = PhaseDiagram(hull.entries(["Li", "Fe", "O"]))
    composition = Composition(formula)
    trial = PDEntry(composition, 0.5 * composition.num_atoms)
    expected = diagram.get_e_above_hull(trial, allow_negative=True)
    assert hull.above(formula, 0.5).value == pytest.approx(expected, abs=1e-6)


def test_a_phase_on_the_hull_lies_at_zero_and_is_its_own_decomposition():
    found = small_hull().above("Li2O", -2.0)
    assert found.value == found.below == 0
    assert found.decomposition == (("Li2O", pytest.approx(1.0)),)
    assert found.lower_bound


def test_distances_follow_the_energy():
    one, other = (small_hull().above("Li3FeO3", energy).value for energy in (-1.0, -1.1))
    assert one - other == pytest.approx(0.1)


def test_what_lies_below_is_said_and_not_called_a_negative_distance():
    found = small_hull().above("Li2O", -2.3)
    assert found.value == 0
    assert found.below == pytest.approx(0.3)
    assert "below every known phase here" in str(found)
    assert "lower bound" in str(found)


def test_without_itself_leaves_the_same_composition_out():
    hull = small_hull()
    with_it, without = hull.above("Li4O2", -1.0), hull.above("Li4O2", -1.0, without_itself=True)
    assert with_it.value == pytest.approx(1.0)
    assert without.value == 0 and without.below == pytest.approx(1.0)
    assert dict(without.decomposition) == pytest.approx({"Li": 2 / 3, "O": 1 / 3})


def test_more_phases_never_bring_a_crystal_closer():
    hull = shared_hull()
    fewer = Hull(hull.points.where(np.arange(len(hull.points.energies)) % 2 == 0), {})
    for formula in ("LiNiPO4", "Na2FeSiO4", "Li3YCl6", "K2MnF6", "CaMn2O4"):
        known, part = hull.above(formula, -1.0), fewer.above(formula, -1.0)
        assert known.value - known.below >= part.value - part.below - 1e-6


def test_counts_compounds_of_the_system_only():
    assert small_hull().above("Li2O", 0).n_phases == 1
    assert small_hull().above("LiFeO2", 0).n_phases == 5
    assert small_hull().above("S", 0).n_phases == 0


def test_decomposition_is_named_in_order_and_whole():
    found = small_hull().above("Li7FeO5", 0.0)
    assert dict(found.decomposition) == pytest.approx(
        {"hull at Li5FeO4": 10 / 13, "Li2O": 3 / 13}, abs=1e-6
    )
    shares = [share for _, share in found.decomposition]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)


def test_formation_energy_is_the_energy_minus_that_of_the_elements():
    hull = small_hull()
    assert hull.formation_energy("Li2O", -4.9) == pytest.approx(-4.9 + (2 * 1.9 + 4.9) / 3)
    with pytest.raises(InvalidRequest, match="Na"):
        hull.formation_energy("NaO", -1.0)


@pytest.mark.parametrize("text", ["", "water", "Xx2O", "Am2O3"])
def test_refuses_what_is_no_formula(text):
    with pytest.raises(InvalidRequest):
        shared_hull().above(text, 0.0)


def test_known_phases():
    hull = shared_hull()
    assert hull.known("LiFePO4") == pytest.approx(-2.46, abs=0.1)
    assert hull.known("Li4Fe4(PO4)4") == hull.known("LiFePO4")
    assert hull.known("Li17FePO4") is None


@pytest.mark.parametrize(
    "formula", ["Li2O", "NaCl", "LiFePO4", "Al2O3", "MgO", "LiF", "ZnO", "K2O"]
)
def test_textbook_compounds_hold_together(formula):
    found = shared_hull().above(formula, 0.0)
    assert found.value > 0.5  # far below the elements
    assert found.n_phases >= 1


def test_salt_does_not_react_but_thermite_does():
    mixed = shared_hull().above("Al2Fe2O3", -1.7 * 5 / 7)  # iron oxide beside aluminium
    assert mixed.value > 0.5
    assert {"Fe", "Al2O3"} & {name for name, _ in mixed.decomposition} or mixed.n_phases > 5


def test_fast_and_the_same_every_time():
    hull = shared_hull()
    first = hull.above("Na3V2(PO4)3", -2.5)
    start = time.process_time()
    assert [hull.above("Na3V2(PO4)3", -2.5) for _ in range(20)] == [first] * 20
    assert (time.process_time() - start) / 20 < 0.05


def test_entries_serve_a_phase_diagram_with_an_open_element():
    from pymatgen.analysis.phase_diagram import GrandPotentialPhaseDiagram
    from pymatgen.core import Element

    entries = shared_hull().entries(["Li", "P", "S"])
    assert {entry.attribute for entry in entries} >= {"element", "database"}
    assert GrandPotentialPhaseDiagram(entries, {Element("Li"): -2.0}).stable_entries


def test_damaged_tables_are_named(tmp_path, monkeypatch):
    (tmp_path / "hull.csv.gz").write_bytes(b"no table")
    monkeypatch.setattr(reference, "POINTS", tmp_path / "hull.csv.gz")
    shared_hull.cache_clear()
    with pytest.raises(Damaged, match="reinstall"):
        shared_hull()
    monkeypatch.undo()
    assert shared_hull().above("Li2O", 0.0).value > 0
