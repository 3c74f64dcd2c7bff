"""Records are frozen, survive a JSON round trip, and refuse what makes no sense."""

import pytest
from hypothesis import given
from pydantic import ValidationError

from ionwright.knowledge.records import Candidate, Goal, Provenance, Quantity, Target
from ionwright.knowledge.vocabulary import vocabulary
from tests.strategies import candidates, goals, quantities

ORIGIN = Provenance(source="test", version="1")


def conductivity(**fields):
    given_ = {
        "property": "ionic_conductivity",
        "value": 1e-4,
        "unit": "S/cm",
        "method": "predicted",
        "provenance": ORIGIN,
    }
    return Quantity(**{**given_, **fields})


@given(candidates)
def test_candidate_survives_json(candidate: Candidate) -> None:
    assert Candidate.model_validate_json(candidate.model_dump_json()) == candidate


@given(goals)
def test_goal_survives_json(goal: Goal) -> None:
    assert Goal.model_validate_json(goal.model_dump_json()) == goal


@given(quantities())
def test_quantity_survives_json(quantity: Quantity) -> None:
    assert Quantity.model_validate_json(quantity.model_dump_json()) == quantity


def test_same_material_has_the_same_id_whatever_else_it_carries() -> None:
    bare = Candidate(material="polymer", encoding="psmiles", data="[*]CCO[*]", provenance=ORIGIN)
    rich = bare.with_quantities([conductivity()]).with_checks(valid=True).with_notes("a note")
    assert bare.id == rich.id
    other = Candidate(material="molecule", encoding="smiles", data="[*]CCO[*]", provenance=ORIGIN)
    assert other.id != bare.id


def test_a_foreign_id_is_refused() -> None:
    with pytest.raises(ValidationError, match="does not belong"):
        Candidate(
            id="polymer-0", material="polymer", encoding="psmiles", data="C", provenance=ORIGIN
        )


@pytest.mark.parametrize(
    "fields",
    [
        {"value": float("nan")},
        {"value": float("inf")},
        {"unit": "mS/cm"},
        {"std": 0.0},
        {"std": -1.0},
        {"interval": (2.0, 1.0)},
        {"in_domain": 1.5},
        {"property": "colour"},
        {"method": "guessed"},
        {"surprise": 1},
    ],
)
def test_a_quantity_that_makes_no_sense_is_refused(fields) -> None:
    with pytest.raises((ValidationError, ValueError)):
        conductivity(**fields)


def test_a_new_quantity_replaces_the_old_one_of_the_same_source() -> None:
    candidate = Candidate(material="polymer", encoding="psmiles", data="C", provenance=ORIGIN)
    twice = candidate.with_quantities([conductivity()]).with_quantities([conductivity(value=2e-4)])
    assert [q.value for q in twice.quantities] == [2e-4]


@pytest.mark.parametrize(
    ("op", "value"),
    [(">=", None), ("between", 3.0), ("between", (2.0, 1.0)), ("max", 1.0), ("=", (1.0, 2.0))],
)
def test_a_target_whose_value_does_not_fit_its_op_is_refused(op, value) -> None:
    with pytest.raises(ValidationError):
        Target(property="average_voltage", op=op, value=value, unit="V")


def test_records_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        conductivity().value = 1.0


def test_vocabulary_covers_the_contract() -> None:
    contract = """average_voltage capacity_grav capacity_vol energy_grav energy_vol max_delta_volume
    energy_above_hull formation_energy_per_atom band_gap ionic_conductivity activation_energy
    migration_barrier density bulk_modulus homo lumo oxidation_potential reduction_potential
    sa_score molecular_weight viscosity dielectric_constant transference_number porosity
    tortuosity_factor surface_area_density particle_size thickness inorganic_fraction capacity"""
    assert set(contract.split()) <= vocabulary().keys()
