"""Redox limits, states of charge and insertion sites of known electrodes."""

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Composition

from ionwright.knowledge.errors import InvalidRequest
from ionwright.tools.predictors.electrode_redox import ends_of, pair_of, redox_of
from ionwright.tools.predictors.electrode_states import (
    insertion_sites,
    orderings,
    states_of,
    with_enough_ions,
    with_ions,
    without_ions,
)
from tests.tools.predictors.electrode_crystals import (
    lithium_cobalt_oxide,
    olivine,
    quartz,
    spinel,
    titanium_disulfide,
)


@pytest.mark.parametrize(
    ("formula", "capacity", "moved"),
    [
        ("LiFePO4", 169.9, 1),
        ("LiCoO2", 273.8, 1),
        ("NaFePO4", 154.2, 1),
        ("Na3V2(PO4)3", 176.4, 3),
        ("Li2FeSiO4", 165.6, 1),  # iron stays at 3 in a silicate
        ("LiMn2O4", 148.2, 1),
        ("LiNi0.5Mn1.5O4", 146.7, 1),
        ("MgMn2O4", 270.5, 1),
        ("K2Fe2(CN)6", 154.9, 2),
        ("LiC6", 339.2, 1),
    ],
)
def test_ions_and_redox_centres_limit_what_leaves(formula, capacity, moved):
    ends = ends_of(Composition(formula))
    assert ends.is_discharged
    assert ends.pair.moved == pytest.approx(moved)
    assert ends.pair.capacity_grav == pytest.approx(capacity, abs=0.1)


@pytest.mark.parametrize(
    ("formula", "moved"), [("TiS2", 1), ("Li4Ti5O12", 3), ("LiTi2(PO4)3", 2), ("C6", 1)]
)
def test_hosts_without_room_for_oxidation_take_ions(formula, moved):
    ends = ends_of(Composition(formula), "Li")
    assert not ends.is_discharged
    assert ends.pair.moved == pytest.approx(moved)


@pytest.mark.parametrize("formula", ["Li3PS4", "Li3YCl6", "SiO2", "Fe", "Li2MnO3", "Li7La3Zr2O12"])
def test_what_is_no_electrode_is_refused_with_a_reason(formula):
    with pytest.raises(InvalidRequest, match="redox|anions"):
        ends_of(Composition(formula), "Li")


def test_unknown_ions_are_refused():
    with pytest.raises(InvalidRequest, match="allowed"):
        ends_of(Composition("LiFePO4"), "Rb")


def test_the_ion_that_was_chosen_is_told():
    ends = ends_of(Composition("NaLiFePO4F"))
    assert ends.pair.ion == "Li"
    assert "Li taken" in ends.notes[0]
    assert ends_of(Composition("NaLiFePO4F"), "Na").pair.ion == "Na"


def test_states_do_not_depend_on_the_amount_of_formula():
    one, many = redox_of(Composition("Na3V2P3O12")), redox_of(Composition("Na9V6P9O36"))
    assert one.state == pytest.approx(3)
    assert many.gives == pytest.approx(3 * one.gives)
    assert one.states() == many.states() == {"V": 3.0}


@pytest.mark.parametrize(
    ("formula", "element", "state"),
    [
        ("LiFeSO4F", "Fe", 2),
        ("Na3MnPCO7", "Mn", 2),
        ("CuS", "Cu", 2),
        ("LiVPO4F", "V", 3),
        ("Li2FeP2S6", "Fe", 2),
        ("Ni3TeO6", "Ni", 2),
        ("FeC2O4", "Fe", 2),
        ("KFe2(CN)6", "Fe", 2.5),
    ],
)
def test_charge_balance_knows_polyanions(formula, element, state):
    assert redox_of(Composition(formula)).states()[element] == pytest.approx(state)


def test_pairs_are_scaled_to_one_framework():
    pair = pair_of(Composition("Li3Co4O8"), Composition("LiCoO2"), "Li")
    assert pair.moved == pytest.approx(0.25)
    with pytest.raises(InvalidRequest, match="framework"):
        pair_of(Composition("CoO2"), Composition("LiMnO2"), "Li")
    with pytest.raises(InvalidRequest, match="framework"):
        pair_of(Composition("LiCoO2"), Composition("CoO2"), "Li")


@pytest.mark.parametrize("crystal", [lithium_cobalt_oxide, olivine, spinel])
def test_what_left_finds_its_way_back(crystal):
    states = states_of(crystal())
    assert states.charged.composition["Li"] == 0
    refilled = with_ions(states.charged, "Li", states.moved)
    assert StructureMatcher().fit(refilled, crystal())


def test_supercells_hold_proportionally_more():
    cell = olivine()
    cell.make_supercell([1, 1, 2])
    assert states_of(cell).moved == 2 * states_of(olivine()).moved


def test_insertion_into_a_layered_host_is_octahedral():
    sites = insertion_sites(titanium_disulfide(), "Li")
    assert any(np.allclose(site % 1, [0, 0, 0.5], atol=0.02) for site in sites)
    assert states_of(titanium_disulfide(), "Li").discharged.composition["Li"] == 1


def test_no_site_lies_on_an_atom():
    host = states_of(olivine()).charged
    for ion in ("Li", "Na"):
        for site in insertion_sites(host, ion):
            nearest = host.lattice.get_all_distances(site, host.frac_coords).min()
            assert nearest > 1.5


def test_orderings_are_distinct_and_the_first_keeps_ions_apart():
    cell = lithium_cobalt_oxide()
    cell.make_supercell([2, 2, 1])
    found = list(orderings(cell, "Li", 6, most=3))
    assert len(found) == 3
    assert all(one.composition["Li"] == 6 for one in found)
    assert not StructureMatcher().fit(found[0], found[1])
    again = list(orderings(cell, "Li", 6, most=3))
    assert [one == other for one, other in zip(found, again, strict=True)] == [True] * 3


def test_many_ions_are_ordered_greedily_in_bounded_time():
    cell = lithium_cobalt_oxide()
    cell.make_supercell([3, 3, 1])
    assert without_ions(cell, "Li", 13).composition["Li"] == 14


def test_too_many_ions_are_refused():
    with pytest.raises(InvalidRequest, match="not 5"):
        next(orderings(olivine(), "Li", 5))


def test_small_cells_grow_for_states_between_the_ends():
    cell = with_enough_ions(spinel().get_primitive_structure(), "Li")
    assert cell.composition["Li"] >= 4
    assert len(cell) <= 80


def test_no_electrode_no_states():
    with pytest.raises(InvalidRequest, match="redox"):
        states_of(quartz(), "Li")
