"""The judge of crystals: what it finds wrong, what it leaves open, and who equals whom."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from ionwright.knowledge.crystals import crystal_candidate
from ionwright.knowledge.errors import Cancelled
from ionwright.knowledge.records import Candidate, Provenance
from ionwright.tools.checks import passes
from ionwright.tools.context import Context
from ionwright.tools.judge import judge

ORIGIN = Provenance(source="test", version="1")
FCC = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
HOLES = [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5, 0.5, 0.5]]


def rock_salt(cation: str, anion: str, a: float) -> Structure:
    return Structure(Lattice.cubic(a), [cation] * 4 + [anion] * 4, FCC + HOLES)


def judged(*structures: Structure, **rules) -> list[Candidate]:
    ctx = Context()
    ctx.add([crystal_candidate(s, provenance=ORIGIN) for s in structures])
    return list(judge(ctx, **rules).candidates)


@pytest.mark.parametrize(
    ("structure", "check"),
    [
        (rock_salt("Ca", "F", 5.2), "charge_balanced"),
        (rock_salt("Na", "Cl", 2.6), "valid"),
        (rock_salt("Pu", "O", 5.0), "harmless"),
        (rock_salt("Tc", "N", 4.4), "harmless"),
    ],
)
def test_what_is_wrong_is_named_and_excludes(structure: Structure, check: str) -> None:
    (candidate,) = judged(structure)
    assert candidate.checks[check] is False
    assert not passes(candidate)
    assert candidate.notes


def test_a_known_crystal_is_named_as_such_and_may_stay() -> None:
    (candidate,) = judged(rock_salt("Na", "Cl", 5.64))
    assert candidate.checks["novel"] is False
    assert any(note.startswith("known: among") for note in candidate.notes)
    assert passes(candidate)


def test_toxic_elements_are_noted_but_do_not_exclude() -> None:
    (candidate,) = judged(rock_salt("Cd", "S", 5.4))
    assert "toxic element: cadmium" in candidate.notes
    assert candidate.checks["no_alerts"] is False
    assert candidate.checks["harmless"]


def test_charge_is_left_open_where_it_means_nothing() -> None:
    (candidate,) = judged(rock_salt("Li", "Hg", 6.0))
    assert candidate.checks["charge_balanced"] is None


def test_elements_are_asked_and_forbidden() -> None:
    salt = rock_salt("K", "Br", 6.6)
    assert judged(salt, elements_excluded=["Br"])[0].checks["elements"] is False
    assert judged(salt, elements_required=["Na"])[0].checks["elements"] is False
    assert judged(salt, elements_required=["K"])[0].checks["elements"]


def test_repeats_point_to_the_first() -> None:
    salt = rock_salt("K", "Br", 6.6)
    twin = (salt * (1, 2, 1)).translate_sites([0], [0.004, 0, 0])
    first, second, other = judged(salt, twin, rock_salt("K", "I", 7.1))
    assert (first.checks["unique"], second.checks["unique"], other.checks["unique"]) == (
        True,
        False,
        True,
    )
    assert f"the same crystal as {first.id}" in second.notes


def test_what_was_replaced_is_left_alone() -> None:
    salt = rock_salt("K", "Br", 6.6)
    old = crystal_candidate(salt, provenance=ORIGIN, checks={"relaxed": False})
    new = crystal_candidate(rock_salt("K", "Br", 6.7), provenance=ORIGIN)
    ctx = Context()
    ctx.add([old, new])
    result = judge(ctx)
    assert result.candidates[0] == old
    assert result.candidates[1].checks["unique"]


def test_unreadable_crystals_do_not_stop_the_batch() -> None:
    broken = Candidate(
        material="crystal", encoding="cif", data="data_x\nnothing", provenance=ORIGIN
    )
    ctx = Context()
    ctx.add([broken, crystal_candidate(rock_salt("K", "Br", 6.6), provenance=ORIGIN)])
    first, second = judge(ctx).candidates
    assert first.checks == {"valid": False}
    assert second.checks["valid"]


def test_the_stop_button_works() -> None:
    ctx = Context()
    ctx.add([crystal_candidate(rock_salt("K", "Br", 6.6), provenance=ORIGIN)])
    ctx.cancelled.set()
    with pytest.raises(Cancelled):
        judge(ctx)


def test_materials_are_judged_side_by_side() -> None:
    from ionwright.knowledge.convert import candidate_from_text

    polymer = candidate_from_text("[*]CCO[*]", version="1")
    salt = crystal_candidate(rock_salt("K", "Br", 6.6), provenance=ORIGIN)
    ctx = Context()
    ctx.add([polymer, salt])
    assert [c.material for c in judge(ctx).candidates] == ["polymer", "crystal"]
