"""Units and aliases of the vocabulary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.vocabulary import (
    change_unit,
    convert,
    property_of,
    readable_as,
    vocabulary,
)


@pytest.mark.parametrize(
    ("value", "unit", "key", "expected"),
    [
        (10, "mS/cm", "ionic_conductivity", 0.01),
        (0.3, "S/m", "ionic_conductivity", 0.003),
        (1.44, "MJ/kg", "energy_grav", 400.0),
        (25, "kJ/mol", "activation_energy", 0.2591067),
        (-50, "degC", "glass_transition_temperature", 223.15),
        (2500, "cm2/cm3", "surface_area_density", 0.25),
        (40, "%", "porosity", 0.4),
        (0.2, "Ah/g", "capacity_grav", 200.0),
        (25, "meV/atom", "energy_above_hull", 0.025),
        (3600, "kg/m3", "density", 3.6),
        (1, "cP", "viscosity", 1.0),
        (1, "mA*h/g", "capacity_grav", 1.0),
    ],
)
def test_conversions(value, unit, key, expected):
    assert convert(value, unit, key) == pytest.approx(expected, rel=1e-5)


def test_unit_depends_on_the_material():
    assert convert(1, "um", "thickness") == pytest.approx(1000)
    assert convert(1, "um", "thickness", material="microstructure") == 1


@pytest.mark.parametrize("unit", ["V", "blorp", "1/0", "", "(", "K" * 50])
def test_wrong_units_are_named(unit):
    with pytest.raises(InvalidRequest, match="give it in"):
        convert(1.0, unit, "density")
    assert not readable_as(unit, "g/cm3")


@given(st.text(max_size=12))
def test_any_unit_converts_or_is_none(unit):
    value = change_unit(1.0, unit, "V")
    assert value is None or isinstance(value, float)


def test_unknown_property_lists_the_known():
    with pytest.raises(InvalidRequest, match="average_voltage"):
        property_of("colour")


def test_aliases_are_lower_case_and_of_one_property_only():
    seen = {}
    for key, prop in vocabulary().items():
        for alias in prop.aliases:
            assert alias == alias.lower(), alias
            assert seen.setdefault(alias, key) == key, alias
