"""Ranking: the surer a candidate meets the targets, the higher it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.knowledge.records import Candidate, Provenance, Quantity, Target
from ionwright.tools.checks import HARD_CHECKS
from ionwright.tools.context import Context
from ionwright.tools.rank import is_met, rank

ORIGIN = Provenance(source="test", version="1")
UNITS = {"ionic_conductivity": "S/cm", "sa_score": "1"}
# repeat units that differ enough not to count as copies of each other
POLYMERS = ["[*]CCO[*]", "[*]CC(C#N)[*]", "[*][Si](C)(C)O[*]", "[*]CC(F)(F)[*]"]


def candidate(psmiles: str, value: float, factor: float = 2.0, **fields) -> Candidate:
    """A polymer whose conductivity lies within a factor of the value in 90 % of cases."""
    quantity = Quantity(
        property="ionic_conductivity",
        value=value,
        unit="S/cm",
        interval=(value / factor, value * factor),
        method="predicted",
        provenance=ORIGIN,
        **fields,
    )
    return Candidate(
        material="polymer",
        encoding="psmiles",
        data=psmiles,
        quantities=(quantity,),
        checks={"valid": True, "novel": True},
        provenance=ORIGIN,
    )


def ranked(candidates, *targets, count=10):
    ctx = Context()
    ctx.add(candidates)
    result = rank(ctx, targets=list(targets), count=count)
    return [(entry["id"], entry["score"], entry["met"]) for entry in result.data["ranking"]]


def asks(op: str, value=None) -> Target:
    return Target(property="ionic_conductivity", op=op, value=value, unit="S/cm")


def test_the_more_conductive_comes_first_when_asked_for_at_least() -> None:
    poor, good = candidate(POLYMERS[0], 1e-5), candidate(POLYMERS[1], 1e-3)
    (first, high, met), (second, low, unmet) = ranked([poor, good], asks(">=", 1e-4))
    assert (first, second) == (good.id, poor.id)
    assert high > 0.99 and low < 0.01
    assert met == {"ionic_conductivity": True} and unmet == {"ionic_conductivity": False}


def test_a_value_on_the_line_is_as_likely_as_not_to_meet_it() -> None:
    ((_, score, _),) = ranked([candidate(POLYMERS[0], 1e-4)], asks(">=", 1e-4))
    assert score == pytest.approx(0.5, abs=1e-3)


def test_of_two_equal_values_the_surer_wins() -> None:
    sure = candidate(POLYMERS[0], 3e-4, factor=1.5)
    doubtful = candidate(POLYMERS[1], 3e-4, factor=30)
    assert ranked([doubtful, sure], asks(">=", 1e-4))[0][0] == sure.id
    assert ranked([doubtful, sure], asks("max"))[0][0] == sure.id


def test_outside_the_domain_counts_half() -> None:
    inside = candidate(POLYMERS[0], 1e-3, in_domain=1.0)
    outside = candidate(POLYMERS[1], 1e-3, in_domain=0.0)
    (_, whole, _), (_, half, _) = ranked([inside, outside], asks(">=", 1e-4))
    assert half == pytest.approx(whole / 2, rel=1e-3)


@pytest.mark.parametrize("check", HARD_CHECKS)
def test_a_failed_hard_check_excludes(check: str) -> None:
    failed = candidate(POLYMERS[0], 1e-3).with_checks(**{check: False})
    assert ranked([failed], asks("max")) == []


def test_near_copies_are_one_idea() -> None:
    twin_a = candidate("[*]CCCCCCCCCCO[*]", 1e-3)
    twin_b = candidate("[*]CCCCCCCCCCCO[*]", 1e-3)
    assert len(ranked([twin_a, twin_b], asks("max"))) == 1


def test_a_missing_value_never_meets_a_number() -> None:
    target = Target(property="sa_score", op="<=", value=3, unit="1")
    assert not is_met(candidate(POLYMERS[0], 1e-3), target)
    assert ranked([candidate(POLYMERS[0], 1e-3)], target)[0][1] == 0


@given(
    st.lists(st.floats(1e-8, 1e-1), min_size=1, max_size=4),
    st.sampled_from([asks("max"), asks("min"), asks(">=", 1e-4), asks("between", (1e-5, 1e-3))]),
)
def test_scores_are_ordered_and_within_bounds(values, target) -> None:
    pool = [candidate(p, v) for p, v in zip(POLYMERS, values, strict=False)]
    scores = [score for _, score, _ in ranked(pool, target)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
