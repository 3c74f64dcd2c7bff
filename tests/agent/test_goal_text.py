"""A goal written as lines reads back as the same goal; wrong lines are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.agent.goal_text import is_goal_text, parse_goal, write_goal
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Goal, Target
from ionwright.knowledge.vocabulary import ELEMENTS, WORKING_IONS, property_of, vocabulary

numbers = st.floats(-1e12, 1e12, allow_nan=False)
elements = st.lists(st.sampled_from(sorted(ELEMENTS)), max_size=3, unique=True).map(tuple)
domains = st.sampled_from([None, "cathode", "microstructure", "interphase"])


@st.composite
def goals(draw: st.DrawFn) -> Goal:
    domain = draw(domains)
    material = domain if domain in ("microstructure", "interphase") else None

    def target(key: str) -> Target:
        op = draw(st.sampled_from([">=", "<=", "=", "between", "max", "min", "report"]))
        value = draw(numbers) if op in (">=", "<=", "=") else None
        if op == "between":
            value = tuple(sorted((draw(numbers), draw(numbers))))
        return Target(property=key, op=op, value=value, unit=property_of(key).unit_for(material))

    keys = draw(st.lists(st.sampled_from(sorted(vocabulary())), max_size=3, unique=True))
    return Goal(
        intent=draw(st.sampled_from(["design", "predict"])),
        domain=domain,
        working_ion=draw(st.sampled_from([None, *WORKING_IONS])),
        elements_required=draw(elements),
        elements_excluded=draw(elements),
        subjects=tuple(draw(st.lists(st.sampled_from(["LiFePO4", "EC", "[*]CCO[*]", "a.tif"])))),
        targets=tuple(target(key) for key in keys),
        count=draw(st.one_of(st.none(), st.integers(1, 10_000))),
        generator=draw(st.sampled_from([None, "polymer_gpt"])),
    )


@given(goals())
def test_a_goal_reads_back_as_itself(goal: Goal) -> None:
    text = write_goal(goal)
    assert is_goal_text(text)
    read = parse_goal(text)
    assert read.model_copy(update={"targets": ()}) == goal.model_copy(update={"targets": ()})
    for one, other in zip(read.targets, goal.targets, strict=True):
        assert (one.property, one.op, one.unit) == (other.property, other.op, other.unit)
        assert one.value == pytest.approx(other.value)


def test_other_units_are_converted() -> None:
    goal = parse_goal("intent: design\ndomain: interphase\ntarget: thickness <= 0.02 um\n")
    assert goal.targets == (Target(property="thickness", op="<=", value=20.0, unit="nm"),)


@pytest.mark.parametrize(
    "line",
    [
        "colour: red", "no colon", "domain: cathod", "working ion: Xx", "must contain: Unobtainium",
        "target: beauty >= 3", "target: average_voltage >= 3 kg", "target: average_voltage >> 3 V",
        "count: many", "count: -3", "intent: destroy",
    ],
)  # fmt: skip
def test_wrong_lines_are_told(line: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_goal(f"intent: design\n{line}\n")


def test_a_goal_without_intent_is_told() -> None:
    with pytest.raises(InvalidRequest, match="intent"):
        parse_goal("domain: cathode\n")
