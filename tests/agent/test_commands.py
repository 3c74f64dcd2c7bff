"""Conditions on the command line, and a tool's declaration as a command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.agent.commands import parse_condition
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Target


@pytest.mark.parametrize(
    ("text", "op", "value"),
    [
        ("ionic_conductivity>=1e-4", ">=", 1e-4),
        ("ionic_conductivity >= 0.1 mS/cm", ">=", 1e-4),
        ("ionic_conductivity<=1 S/m", "<=", 1e-2),
        ("ionic_conductivity=1e-5..1e-3 S/cm", "between", (1e-5, 1e-3)),
        ("ionic_conductivity max", "max", None),
    ],
)
def test_a_condition_is_read_in_canonical_units(text, op, value) -> None:
    target = parse_condition(text)
    assert (target.property, target.op, target.unit) == ("ionic_conductivity", op, "S/cm")
    assert target.value == (pytest.approx(value) if value else None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "conductivity",
        "colour>=3",
        "ionic_conductivity>=1 kg",
        "ionic_conductivity>=1e999",
        "ionic_conductivity=2..1",
        "ionic_conductivity>=1e-4 S/cm; rm -rf",
        "ionic_conductivity>=--1",
    ],
)
def test_a_condition_that_is_none_is_refused_in_words(text) -> None:
    with pytest.raises(InvalidRequest):
        parse_condition(text)


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_an_invalid_request(text: str) -> None:
    try:
        assert isinstance(parse_condition(text), Target)
    except InvalidRequest:
        pass
