"""The whole interpreter: records, warnings, questions, bad input."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionwright.agent.embedded import Reading, interpret
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Goal


def test_demo_query():
    words = (
        "ten polymer electrolyte repeat units with ionic conductivity above 1e-4 S/cm, no fluorine"
    )
    reading = interpret(words)
    goal = reading.goal
    assert (goal.intent, goal.domain, goal.count) == ("design", "polymer_electrolyte", 10)
    assert goal.elements_excluded == ("F",)
    assert [(t.property, t.op, t.value) for t in goal.targets] == [
        ("ionic_conductivity", ">=", 1e-4)
    ]
    assert reading.question is None


def test_reading_survives_json():
    reading = interpret("cathode for Na-ion above 3 V")
    assert Reading.model_validate_json(reading.model_dump_json()) == reading
    assert Goal.model_validate_json(reading.goal.model_dump_json()) == reading.goal


def test_what_cannot_be_is_warned_of():
    warnings = interpret("cathode with an average voltage above 12 V").goal.warnings
    assert any("beyond 6 V, the highest plausible" in w for w in warnings)


def test_contradictions_are_warned_of():
    warnings = interpret("cathode, voltage >= 5 V and voltage <= 2 V").goal.warnings
    assert any("contradict" in w for w in warnings)
    both = interpret("cathode that contains cobalt but without cobalt").goal.warnings
    assert any("both required and excluded" in w for w in both)


def test_unknown_elements_and_units_are_listed_not_guessed():
    goal = interpret("unobtainium-free cathode above 3 V").goal
    assert "unobtainium" in goal.not_understood
    goal = interpret("cathode with at least 5 blorp/foo").goal
    assert goal.not_understood and not goal.targets


def test_question_only_when_nothing_can_be_done():
    assert interpret("something with more than 200 mAh/g").question
    assert interpret("Na cathode").question is None


@pytest.mark.parametrize("words", ["", "   \n\t ", "x" * 10_001, "a\x00b", "\x1b[31mred", "\ud800"])
def test_bad_input_is_named(words):
    with pytest.raises(InvalidRequest) as caught:
        interpret(words)
    assert len(str(caught.value)) > 20


_FIELD = st.sampled_from(
    [
        "cathode",
        "anode",
        "-free",
        "without",
        "Co",
        "F",
        "3.2",
        "V",
        "mAh/g",
        "+/-",
        "to",
        "between",
        "≥",
        "<",
        "1e-4",
        "S/cm",
        "±",
        ",",
        ".",
        ";",
        "no",
        "like",
        "LiFePO4",
        "[*]CCO[*]",
        "C1COC(=O)O1",
        "(",
        ")",
        "[",
        "]",
        "*",
        "#",
        "=",
        "ten",
        "a",
        "dozen",
        "of",
        "und",
        "ohne",
        "10^-4",
        "%",
        "°C",
        "K",
        "-",
        "−",
        "–",
        "/",
        "1,5",
        "1,000,000",
        "1e999",
        "10^9999",
        ".tif",
        "x.tiff",
        "vs",
        "EC",
        "PC",
        "poly(",
        "minus",
        "plus",
        "or",
        "better",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=80), st.lists(_FIELD, max_size=14).map(" ".join)))
def test_any_text_gives_a_reading_or_invalid_request(words):
    try:
        reading = interpret(words)
    except InvalidRequest:
        return
    assert isinstance(reading.goal, Goal)
    assert Goal.model_validate_json(reading.goal.model_dump_json()) == reading.goal
    for goal in (reading.goal, *reading.alternatives):
        if goal.intent in ("help", "refuse"):
            assert not goal.targets and not goal.subjects
