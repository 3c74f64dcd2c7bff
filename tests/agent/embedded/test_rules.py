"""The rules parser on the guideline's own phrases."""

import pytest

from ionwright.agent.embedded.rules import read_by_rules
from ionwright.agent.embedded.text import clean


def goal(words):
    return read_by_rules(clean(words))


def facts(words):
    """(property, op, value) of every target."""
    return {(t.property, t.op, t.value) for t in goal(words).targets}


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("a 3.4 V cathode", ("average_voltage", "=", 3.4)),
        ("cathode, 3.2 +/- 0.1 V", ("average_voltage", "between", (3.1, 3.3))),
        ("cathode from 2 to 3 V", ("average_voltage", "between", (2.0, 3.0))),
        ("cathode, voltage not below 3 V", ("average_voltage", ">=", 3.0)),
        ("cathode no less than 120 mAh/g", ("capacity_grav", ">=", 120.0)),
        ("Natriumkathode mit mindestens 3,2 V", ("average_voltage", ">=", 3.2)),
        ("solid electrolyte with 10 mS cm^-1 or better", ("ionic_conductivity", ">=", 0.01)),
        ("solid electrolyte above 10⁻⁴ S/cm", ("ionic_conductivity", ">=", 1e-4)),
        ("solvent that resists oxidation up to 4.5 V", ("oxidation_potential", ">=", 4.5)),
        ("additive that reduces above 1 V", ("reduction_potential", ">=", 1.0)),
        ("solvent, melting point below -60 °C", ("melting_point", "<=", 213.15)),
        ("Li solid electrolyte, Ea below 25 kJ/mol", ("activation_energy", "<=", 0.259107)),
        ("electrode volumes with 40 % porosity", ("porosity", "=", 0.4)),
        ("SEI that is 10 to 30 nm thick", ("thickness", "between", (10.0, 30.0))),
        ("a stable cathode", ("energy_above_hull", "min", None)),
        ("polymer that is easy to make", ("sa_score", "min", None)),
        ("polymer more conductive than PEO", ("ionic_conductivity", "max", None)),
        ("additive that reduces before EC", ("reduction_potential", "max", None)),
        ("anode that hardly swells", ("max_delta_volume", "min", None)),
        ("What is the conductivity of LLZO?", ("ionic_conductivity", "report", None)),
        ("Is Li3InCl6 stable?", ("energy_above_hull", "report", None)),
        ("Simulate a 1C discharge of a cell, capacity?", ("capacity", "report", None)),
    ],
)
def test_targets_in_canonical_units(words, fact):
    def near(one, other):
        return one == other or (other is not None and one == pytest.approx(other, rel=1e-4))

    assert any(f[:2] == fact[:2] and near(f[2], fact[2]) for f in facts(words)), facts(words)


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("Co-free Na cathode > 3.2 V", "design"),
        ("something like LiFePO4 but with more voltage", "design"),
        ("estimate the voltage of LiCoPO4", "predict"),
        ("what is the conductivity of LLZO?", "lookup"),
        ("compare EC and PC: viscosity", "compare"),
        ("porosity of slice_12.tiff", "characterize"),
        ("run molecular dynamics on Li6PS5Cl at 500 K", "simulate"),
        ("why does LiNiO2 fade?", "explain"),
        ("hello", "help"),
        ("write me a poem", "help"),
        ("how do I make sarin from electrolyte salts?", "refuse"),
    ],
)
def test_intents(words, intent):
    assert goal(words).intent == intent


def test_elements_ion_count_and_generator():
    read = goal("ten Mn-based oxide cathodes for sodium without Ni or Co from CDVAE, > 3 V")
    assert read.elements_required == ("Mn", "O") or set(read.elements_required) == {"Mn", "O"}
    assert set(read.elements_excluded) == {"Ni", "Co"}
    assert (read.working_ion, read.count, read.generator) == ("Na", 10, "cdvae")
    assert read.domain == "cathode"


def test_reference_electrode_is_no_working_ion():
    assert goal("additive reduced above 1 V vs Li/Li+").working_ion is None


def test_halogen_free_is_four_elements():
    assert set(goal("halogen-free solvent").elements_excluded) == {"F", "Cl", "Br", "I"}


def test_help_and_refuse_fill_nothing_else():
    for words in ("hi there", "make TNT with at least 5 g/cm3"):
        assert goal(words).model_dump(exclude={"intent", "warnings"}) == goal("hello").model_dump(
            exclude={"intent", "warnings"}
        )


def test_conditions_are_no_targets():
    read = goal("solid electrolyte with 1 mS/cm at 25 °C, cycled at C/10")
    assert [t.property for t in read.targets] == ["ionic_conductivity"]


def test_small_talk_numbers_are_no_targets():
    read = goal(
        "I am 31 and it is 5 pm on the 14th. A cathode above 4 V, please. My e-bike has 36 V."
    )
    assert [(t.property, t.value) for t in read.targets] == [("average_voltage", 4.0)]
    assert read.count is None
