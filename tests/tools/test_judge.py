"""The judge says what is wrong with a candidate, by name."""

import pytest

from ionwright.knowledge.convert import candidate_from_text
from ionwright.knowledge.errors import NotAvailable
from ionwright.tools.checks import passes
from ionwright.tools.context import Context
from ionwright.tools.judge import judge


def judged(text: str, **rules):
    ctx = Context()
    ctx.add([candidate_from_text(text, version="1")])
    (candidate,) = judge(ctx, **rules).candidates
    return candidate


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("[*]CCO[*]", "novel"),
        ("[*]CC(C[O-])OCCSCCN[*]", "charge_balanced"),
        ("[*]CCOOCC(N=[N+]=[N-])CO[*]", "harmless"),
    ],
)
def test_what_is_wrong_is_named_and_excludes(text: str, check: str) -> None:
    candidate = judged(text)
    assert candidate.checks[check] is False
    assert not passes(candidate)


def test_elements_are_asked_and_forbidden() -> None:
    unit = "[*]CCOC(F)COCCSCCOCN[*]"
    assert judged(unit, elements_excluded=["F"]).checks["elements"] is False
    assert judged(unit, elements_required=["P"]).checks["elements"] is False
    assert judged(unit, elements_excluded=["Cl"], elements_required=["S"]).checks["elements"]


def test_protic_groups_are_noted_but_do_not_exclude() -> None:
    candidate = judged("[*]CCOCCSCCOCCNCCOCCCS[*]")
    assert any("protic" in note for note in candidate.notes)
    assert candidate.checks["harmless"]


def test_other_materials_are_refused_in_words() -> None:
    with pytest.raises(NotAvailable, match="cannot judge a molecule yet"):
        judged("O=C1OCCO1")
