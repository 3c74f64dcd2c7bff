"""Hints: what lists and rules know stands at the right tokens."""

from ionwright.agent.embedded.hints import HINTS, hint_rows
from ionwright.agent.embedded.labels import encode
from ionwright.agent.embedded.rules import read_by_rules

WORDS = "Cobalt-free sodium cathode above 3.2 V, like NaFeO2, the highest density you find"


def hints_at(words: str, text: str = WORDS) -> set[str]:
    offsets = encode(text).offsets
    rows = hint_rows(text, offsets, read_by_rules(text))
    start = text.index(words)
    inside = [i for i, (a, b) in enumerate(offsets) if a < start + len(words) and start < b]
    return {HINTS[h] for i in inside for h in rows[i]}


def test_numbers_carry_unit_direction_and_the_rules_target():
    found = hints_at("3.2")
    assert {"number", "number with unit", "number >=", "unit of average_voltage"} <= found
    assert {"rules: average_voltage", "rules: >="} <= found
    assert "unit of porosity" not in found


def test_elements_materials_and_wishes():
    assert {"element", "rules: excluded"} <= hints_at("Cobalt")
    assert {"material: formula", "rules: material"} <= hints_at("NaFeO2")
    assert {"word for density", "word max", "rules: density", "rules: max"} <= hints_at("density")


def test_the_first_token_tells_of_the_whole():
    row = hint_rows(WORDS, encode(WORDS).offsets, read_by_rules(WORDS))[0]
    names = {HINTS[h] for h in row}
    assert names == {
        "rules: intent design", "rules: domain cathode", "rules: ion Na", "rules: generator None",
    }  # fmt: skip
