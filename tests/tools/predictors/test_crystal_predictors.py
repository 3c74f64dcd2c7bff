"""Conductivity, band gap, facts, plausibility and routes of crystals, with the shipped weights."""

import math

import numpy as np
import pytest
from pymatgen.core import Composition, Lattice, Structure

from ionwright.knowledge.crystals import crystal_candidate
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance
from ionwright.tools.predictors.band_gap import BandGap, kind_of
from ionwright.tools.predictors.crystal_facts import (
    CrystalFacts,
    element_notes,
    hazards,
    supply_risk,
)
from ionwright.tools.predictors.ion_conduction import IonConduction, activation_energy
from ionwright.tools.predictors.synthesis_routes import RecipeBook, amounts_of, suggest_route
from ionwright.tools.predictors.synthesizability import (
    plausibility_checks,
    plausibility_notes,
    scores_of,
    synthesizability,
)

MADE = Provenance(source="user", version="1")
LIF = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.03), ["Li", "F"], [[0, 0, 0], [0.5] * 3])
LICOO2 = Structure.from_spacegroup(
    "R-3m",
    Lattice.hexagonal(2.82, 14.05),
    ["Li", "Co", "O"],
    [[0, 0, 0], [0, 0, 0.5], [0, 0, 0.24]],
)
IRON = Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
BROKEN = Candidate(material="crystal", encoding="cif", data="no crystal", provenance=MADE)


def crystal(structure: Structure) -> Candidate:
    return crystal_candidate(structure, provenance=MADE)


def amounts(formula: str) -> dict[str, float]:
    return dict(Composition(formula).get_el_amt_dict())


@pytest.mark.parametrize("cls", [IonConduction, BandGap, CrystalFacts])
def test_batches_go_past_what_cannot_be_read_and_order_does_not_matter(cls):
    predictor = cls.shared()
    pair = [crystal(LICOO2), crystal(LIF)]
    first, nothing, second = predictor.predict([pair[0], BROKEN, pair[1]])
    assert nothing == []
    assert [q.property for q in first] == [q.property for q in second] == [*predictor.properties]
    other, one = predictor.predict(pair[::-1])
    assert [q.value for q in one] == pytest.approx([q.value for q in first], rel=1e-5)
    assert [q.value for q in other] == pytest.approx([q.value for q in second], rel=1e-5)
    for quantity in (*first, *second):
        if quantity.interval:
            assert quantity.interval[0] <= quantity.value <= quantity.interval[1]


def test_fast_conductors_come_out_faster():
    value, half, _ = IonConduction.shared().predict_compositions(
        [amounts("Li6PS5Cl"), amounts("Li10GeP2S12"), amounts("Li2CO3"), amounts("Li3PO4")]
    )
    assert min(value[:2]) > max(value[2:]) + 1
    assert (half > 0.5).all()  # also for crystals that were learned from


def test_conductivity_is_of_the_composition_whatever_the_cell():
    cells = [crystal(LICOO2), crystal(LICOO2 * (2, 1, 1))]
    one, other = IonConduction.shared().predict(cells)
    assert one[0].value == pytest.approx(other[0].value, rel=1e-4)
    assert one[0].interval == pytest.approx(other[0].interval, rel=1e-4)


def test_sodium_is_marked_as_a_transfer():
    sodium = LICOO2.copy()
    sodium.replace_species({"Li": "Na"})
    quantities = IonConduction.shared().predict([crystal(sodium)])[0]
    assert quantities[0].in_domain <= 0.1
    assert "transfer" in quantities[0].provenance.inputs
    low, high = quantities[0].interval
    assert math.log10(high / low) > 6


def test_no_ion_no_conductivity_and_no_other_temperature():
    predictor = IonConduction.shared()
    assert predictor.predict([crystal(IRON)]) == [[]]
    with pytest.raises(InvalidRequest, match="room temperature"):
        predictor.predict([crystal(LIF)], temperature=500)


def test_barrier_is_computed_and_says_its_dimensions():
    barrier = IonConduction.shared().predict([crystal(LICOO2)])[0][2]
    assert (barrier.method, barrier.interval) == ("computed", None)
    assert barrier.provenance.inputs["percolating"] == 2


def test_activation_energy_undoes_arrhenius():
    # sigma T = 10^5 exp(-0.3 eV / kT) at 298.15 K
    log = 5 - math.log10(298.15) - 0.3 / (8.617333e-5 * 298.15 * math.log(10))
    assert activation_energy(log, 5.0) == pytest.approx(0.3, abs=1e-6)


def test_missing_weights_are_said_to_be_damaged(tmp_path):
    for cls in (IonConduction, BandGap):
        with pytest.raises(Damaged):
            cls.load(tmp_path / "nothing")
    with pytest.raises(Damaged):
        RecipeBook.load(tmp_path)


def test_metals_have_no_gap_and_salts_a_wide_one():
    iron, salt = BandGap.shared().predict([crystal(IRON), crystal(LIF)])
    assert kind_of(iron[0].value) == "metal"
    assert kind_of(salt[0].value) == "insulator"
    assert "PBE" in salt[0].provenance.inputs["condition"]


def test_gap_of_a_turned_cell_is_the_same():
    turned = LIF.copy()
    turned.lattice = Lattice(LIF.lattice.matrix @ [[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    one, other = BandGap.shared().predict([crystal(LIF), crystal(turned)])
    assert one[0].value == pytest.approx(other[0].value, abs=0.05)


def test_density_of_known_crystals():
    salt = CrystalFacts.shared().predict([crystal(LIF)])[0][0]
    assert (salt.value, salt.method) == (pytest.approx(2.64, abs=0.03), "computed")
    scores = CrystalFacts.shared().evaluate([(crystal(LIF), {"density": 2.64})])
    assert scores["density.mae"] < 0.03


def test_supply_and_hazards():
    assert set(hazards(amounts("LiCoO2"))) == {"Co"}
    assert set(hazards(amounts("Li2CrO4"))) == {"Cr"}
    assert not hazards(amounts("LiCrO2"))
    iron, platinum = supply_risk(amounts("LiFePO4")), supply_risk(amounts("Li2PtO3"))
    assert iron.hhi_production < platinum.hhi_production
    assert platinum.scarcest[0] == "Pt"
    assert supply_risk({"Fe": 1}) == supply_risk({"Fe": 5})
    assert any(note.startswith("Co: ") for note in element_notes(LICOO2))


def test_known_compositions_score_above_nonsense():
    known = scores_of([amounts(f) for f in ("LiCoO2", "LiF", "Na2SO4", "MgO")])
    nonsense = scores_of([amounts(f) for f in ("LiF3Xe2", "Na7OCl9", "MgLi3F", "AuLiO9")])
    assert known.min() > nonsense.max()
    assert ((known >= 0) & (known <= 1)).all()


def test_synthesizability_keeps_places_of_what_cannot_be_read():
    found = synthesizability([crystal(LIF), BROKEN])
    assert found[1] is None
    assert 0 <= found[0] <= 1


def test_plausibility_checks():
    assert plausibility_checks(LICOO2) == {"charge_balanced": True, "smact_valid": True}
    odd = Structure(Lattice.cubic(4), ["Li", "Li", "F"], [[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0.5]])
    assert plausibility_checks(odd)["charge_balanced"] is False
    assert any("charge" in note for note in plausibility_notes(odd))


@pytest.mark.parametrize("formula", ["LiFePO4", "Li7La3Zr2O12", "Li6PS5Cl", "Na3V2(PO4)3"])
def test_precursors_bring_every_metal_and_nothing_foreign(formula):
    route = suggest_route(formula)
    wanted = set(amounts_of(formula))
    brought = set().union(*(amounts_of(one) for one in route.precursors))
    assert wanted - {"O"} <= brought
    assert brought <= wanted | {"O", "H", "C", "N"}
    assert route.distance == 0 and route.nearest[0].doi.startswith("10.")
    assert route.temperature_range[0] <= route.temperature <= route.temperature_range[1]
    assert "untested" in route.as_notes()[0]


def test_oxygen_stays_out_of_sulfides():
    assert all("O" not in amounts_of(one) for one in suggest_route("Li6PS5Cl").precursors)


def test_papers_can_be_left_out():
    book = RecipeBook.load()
    first = book.suggest(amounts_of("LiFePO4"))
    papers = frozenset(one.doi for one in first.nearest)
    again = book.suggest(amounts_of("LiFePO4"), exclude_dois=papers)
    assert not papers & {one.doi for one in again.nearest}


@pytest.mark.parametrize("text", ["", "hello", "Li(", "Xx2O", "Li)O", "()"])
def test_bad_formulas_are_refused(text):
    with pytest.raises(InvalidRequest):
        suggest_route(text)


@pytest.mark.parametrize("formula", ["LiFePO4", "Ca3(PO4)2", "Al2(SO4)3", "Li0.5CoO2", "Fe(CN)6"])
def test_fast_parser_agrees_with_pymatgen(formula):
    assert amounts_of(formula) == pytest.approx(amounts(formula))


def test_same_input_same_numbers():
    rows = [amounts("LiFePO4"), amounts("Li3PS4")]
    first = IonConduction.load().predict_compositions(rows)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(first, IonConduction.load().predict_compositions(rows), strict=True)
    )
