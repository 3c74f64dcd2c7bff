"""Windows agree with pymatgen's grand potential, with what is published, and with physics."""

from __future__ import annotations

import pytest
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition, Element, Lattice, Structure

from ionwright.knowledge.crystals import crystal_candidate
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.phases.library import phase_library
from ionwright.knowledge.phases.reference import Hull, make_points, shared_hull
from ionwright.knowledge.records import Candidate, Provenance
from ionwright.tools.predictors.electrochemical_window import ElectrochemicalWindow, working_ion
from ionwright.tools.predictors.grand_potential import Surroundings

ORIGIN = Provenance(source="test", version="1")


def known(formula: str) -> Surroundings:
    composition = Composition(formula)
    energy = shared_hull().known(composition)
    assert energy is not None
    return Surroundings(shared_hull(), composition, energy, ["Li"])


@pytest.mark.parametrize("formula", ["Li3PO4", "Li7P3S11", "LiFePO4", "Li4GeS4", "LiNbO3"])
def test_pymatgen_finds_the_same_window(formula: str) -> None:
    crystal = known(formula)
    window = crystal.window("Li")
    composition = Composition(formula)
    energy = shared_hull().known(composition) * composition.num_atoms
    elements = [el.symbol for el in composition]
    diagram = PhaseDiagram([*shared_hull().entries(elements), PDEntry(composition, energy)])
    profile = diagram.get_element_profile(Element("Li"), composition)
    steady = next(i for i, step in enumerate(profile) if abs(step["evolution"]) < 1e-3)
    assert window.reduction == pytest.approx(-profile[steady]["chempot"], abs=2e-3)
    assert window.oxidation == pytest.approx(-profile[steady + 1]["chempot"], abs=2e-3)


def test_simple_salts_have_the_voltage_of_their_formation_energy() -> None:
    window = known("LiF").window("Li")
    assert window.reduction == 0
    assert window.reduced == ()
    assert window.oxidation == pytest.approx(-2 * shared_hull().known("LiF"), abs=1e-3)
    assert window.oxidized == ("F2",)


def toy(*points: tuple[str, float]) -> Hull:
    formulas, energies = zip(*points, strict=True)
    hull_points = make_points(formulas, energies, ["database"] * len(points))
    return Hull(hull_points, {"Li": -2.0, "O": -5.0, "Mg": -1.5})


def test_two_electrons_halve_the_voltage() -> None:
    lithium = Surroundings(toy(("Li2O", -2.0)), Composition("Li2O"), -2.0).window("Li")
    magnesium = Surroundings(toy(("MgO", -3.0)), Composition("MgO"), -3.0).window("Mg")
    assert lithium.oxidation == pytest.approx(3.0)  # 6 eV for two ions of one charge
    assert magnesium.oxidation == pytest.approx(3.0)  # 6 eV for one ion of two charges


def test_a_lower_energy_widens_the_window_and_above_the_hull_it_stays() -> None:
    hull = toy(("Li2O", -2.0), ("LiO2", -0.9))
    windows = [
        Surroundings(hull, Composition("Li2O2"), energy).window("Li")
        for energy in (-1.7, -1.6, -1.2, -1.0)
    ]
    assert windows[0].oxidation > windows[1].oxidation
    assert windows[0].reduction < windows[1].reduction
    assert windows[2] == windows[3]


def test_the_best_reaction_is_found() -> None:
    hull = toy(("Li2O", -2.0), ("MgO", -3.0))
    reaction = Surroundings(hull, Composition("Li2O"), -2.0, ["Mg"]).reaction(Composition("Mg"))
    # Li2O + Mg -> MgO + 2 Li gains 0 eV: 6 - 6; with a stronger oxide it gains
    assert reaction.energy == pytest.approx(0)
    strong = toy(("Li2O", -2.0), ("MgO", -4.0))
    reaction = Surroundings(strong, Composition("Li2O"), -2.0, ["Mg"]).reaction(Composition("Mg"))
    assert reaction.energy == pytest.approx(-2 / 4)  # eV for the four atoms of Li2O + Mg
    assert reaction.share == pytest.approx(3 / 4)
    assert set(reaction.products) == {"MgO", "Li"}


def test_lithium_reduces_sulfides_but_not_its_own_salts() -> None:
    assert known("Li7P3S11").reaction(Composition("Li")).energy < -0.3
    for salt in ("LiF", "LiCl", "Li2O", "Li3N"):
        assert known(salt).reaction(Composition("Li")).energy == pytest.approx(0, abs=1e-4)


@pytest.fixture(scope="module")
def predictor() -> ElectrochemicalWindow:
    return ElectrochemicalWindow.load()


def phase(formula: str) -> Candidate:
    return phase_library().of_formula(formula)[0].candidate(source="test", version="1")


def test_known_electrolytes_come_near_what_is_published(predictor) -> None:
    published = {"Li3PS4": (1.71, 2.31), "Li6PS5Cl": (1.71, 2.01), "Li3YCl6": (0.62, 4.21)}
    rows = predictor.predict([phase(formula) for formula in published])
    for (reduction, oxidation), quantities in zip(published.values(), rows, strict=True):
        found = {q.property: q for q in quantities}
        assert found["reduction_potential"].value == pytest.approx(reduction, abs=0.3)
        assert found["oxidation_potential"].value == pytest.approx(oxidation, abs=0.3)
        for quantity in quantities:
            assert quantity.interval[0] <= quantity.value <= quantity.interval[1]
            assert quantity.reference_electrode == "Li/Li+"
            assert quantity.provenance.inputs["products_beyond"]


def test_bad_crystals_have_no_values_and_stop_nobody(predictor) -> None:
    clash = Structure(Lattice.cubic(12), ["Xe"], [[0, 0, 0]])
    bad = crystal_candidate(clash, provenance=ORIGIN)
    broken = Candidate(material="crystal", encoding="cif", data="data_x", provenance=ORIGIN)
    other = Candidate(material="molecule", encoding="smiles", data="CCO", provenance=ORIGIN)
    rows = predictor.predict([bad, broken, other, phase("Li3PS4")])
    assert [len(row) for row in rows] == [0, 0, 0, 2]


def test_without_a_working_ion_there_is_only_reduction(predictor) -> None:
    (row,) = predictor.predict([phase("TiO2")])
    assert [q.property for q in row] == ["reduction_potential"]
    assert row[0].value > 0.3


def test_sodium_is_measured_against_sodium(predictor) -> None:
    (row,) = predictor.predict([phase("Na2S")])
    assert {q.reference_electrode for q in row} == {"Na/Na+"}
    assert working_ion(Composition("NaLiF2")) == "Li"


def test_reactions_with_named_electrodes(predictor) -> None:
    reaction = predictor.reaction_with(phase("Li3PS4"), "CoO2")
    assert reaction.energy < -0.1
    assert reaction.products
    with pytest.raises(InvalidRequest, match="no formula"):
        predictor.reaction_with(phase("Li3PS4"), "graphite?")


def test_scores(predictor) -> None:
    scores = predictor.evaluate([(phase("Li3PS4"), {"oxidation_potential": 2.31})])
    assert scores["oxidation_potential.n"] == 1
    assert scores["oxidation_potential.mae"] < 0.3
