"""Proposing with a real generator (ion exchange) and the shipped library of known phases."""

import pytest

from ionwright.knowledge.convert import candidate_from_text, elements_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.phases.library import is_known_phase, phase_library
from ionwright.knowledge.records import Target
from ionwright.tools.context import Context
from ionwright.tools.propose import propose_crystals

VOLTAGE = Target(property="average_voltage", op=">=", value=3.0, unit="V")


def proposed(**changes):
    asked = {
        "domain": "cathode", "working_ion": "Na", "targets": [VOLTAGE], "n": 16, "keep": 8,
        "generators": ["ion_exchange"], "elements_excluded": ["Co"], "seed": 3,
    }  # fmt: skip
    return propose_crystals(Context(), **{**asked, **changes})


def test_new_ones_and_known_phases_are_kept_with_their_values():
    result = proposed()
    known = [is_known_phase(c) for c in result.candidates]
    assert len(known) == 8 and any(known) and not all(known)
    for candidate in result.candidates:
        assert "Na" in elements_of(candidate) and "Co" not in elements_of(candidate)
        assert candidate.quantity("average_voltage") is not None
        assert candidate.checks["valid"] and candidate.checks["charge_balanced"] is not False
    assert result.data["sampled"] == {"ion_exchange": 16}


def test_the_same_seed_proposes_the_same():
    assert [c.id for c in proposed().candidates] == [c.id for c in proposed().candidates]


def test_without_known_phases_all_are_new():
    assert not any(is_known_phase(c) for c in proposed(known=False).candidates)


def test_electrolytes_hold_no_redox_metal():
    sigma = Target(property="ionic_conductivity", op=">=", value=1e-6, unit="S/cm")
    result = proposed(domain="solid_electrolyte", working_ion="Li", targets=[sigma])
    assert result.candidates
    assert not any({"Fe", "Ni", "Mn", "V"} & elements_of(c) for c in result.candidates)


@pytest.mark.parametrize("name", ["polymer_gpt", "wizard"])
def test_a_generator_that_makes_no_crystals_is_refused(name):
    with pytest.raises(InvalidRequest, match="makes no crystals"):
        proposed(generators=[name])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("LiFePO4", "LiFePO4 (olivine)"),
        ("llzo", "Li7La3Zr2O12 (garnet, tetragonal)"),
        ("Na3V2(PO4)3", "Na3V2(PO4)3 (NASICON)"),
    ],
)
def test_formulas_and_abbreviations_stand_for_known_phases(text, name):
    candidate = candidate_from_text(text, version="1")
    assert candidate.material == "crystal" and candidate.name == name
    assert is_known_phase(candidate) and candidate.provenance.reference


@pytest.mark.parametrize("text", ["CCO", "CO", "FC1COC(=O)O1"])
def test_what_may_be_a_smiles_is_one(text):
    assert candidate_from_text(text, version="1").material == "molecule"


def test_a_formula_without_a_structure_asks_for_a_file():
    with pytest.raises(InvalidRequest, match="no structure of Li5Fe7O13 is carried.*CIF"):
        candidate_from_text("Li5Fe7O13", version="1")


def test_the_library_holds_what_people_ask_for():
    for formula in ("LiCoO2", "LiMn2O4", "NaFePO4", "Li6PS5Cl", "Li3YCl6", "V2O5", "C", "Si", "Li"):
        assert phase_library().of_formula(formula), formula
