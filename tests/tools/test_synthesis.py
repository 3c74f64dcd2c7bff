from ionwright.knowledge.convert import candidate_from_text
from ionwright.tools.context import Context
from ionwright.tools.synthesis import suggest_synthesis


def noted(formula: str) -> tuple[str, ...]:
    ctx = Context()
    ctx.add([candidate_from_text(formula, version="1")])
    return suggest_synthesis(ctx).candidates[0].notes


def test_a_route_names_precursors_temperature_and_recipes():
    text = " ".join(noted("LiFePO4"))
    assert "route" in text and "°C" in text and "10." in text and "untested" in text
    assert "HHI" in text


def test_an_element_has_no_route():
    assert not any("route" in note for note in noted("Si"))
