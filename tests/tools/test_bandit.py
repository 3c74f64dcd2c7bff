import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.knowledge.errors import InvalidRequest
from ionwright.tools.bandit import Bandit
from ionwright.tools.chemistries import PALETTES, chemistries, unsuited


def spent(rates: dict[str, float], seconds: dict[str, float], pulls: int = 300) -> dict[str, int]:
    rng = np.random.default_rng(0)
    bandit = Bandit(list(rates))
    chosen = dict.fromkeys(rates, 0)
    for _ in range(pulls):
        arm = bandit.choose(rng)
        chosen[arm] += 1
        hits = float(rng.binomial(10, rates[arm]))
        bandit.tell(arm, successes=hits, trials=10, seconds=10 * seconds[arm])
    return chosen


def test_every_arm_is_tried_and_the_better_one_gets_most():
    chosen = spent({"poor": 0.05, "good": 0.5}, {"poor": 1.0, "good": 1.0})
    assert chosen["poor"] >= 1
    assert chosen["good"] > 0.9 * 300


def test_a_slow_arm_must_earn_its_time():
    chosen = spent({"slow": 0.5, "fast": 0.3}, {"slow": 10.0, "fast": 0.1})
    assert chosen["fast"] > 0.9 * 300


def test_the_same_random_numbers_give_the_same_choices():
    assert spent({"a": 0.2, "b": 0.3}, {"a": 1.0, "b": 1.0}) == spent(
        {"a": 0.2, "b": 0.3}, {"a": 1.0, "b": 1.0}
    )


@given(
    st.sampled_from(list(PALETTES)),
    st.sampled_from(["Li", "Na", "Mg"]),
    st.sets(st.sampled_from(["Fe", "O", "P", "Cl", "Zr", "W"]), max_size=2),
    st.sets(st.sampled_from(["Co", "F", "Mn", "S"]), max_size=3),
)
def test_every_chemistry_has_what_is_required_and_nothing_excluded(domain, ion, required, excluded):
    try:
        found = chemistries(domain, ion, tuple(required), tuple(excluded))
    except InvalidRequest:
        return
    assert found
    for chemistry in found:
        assert ion in chemistry.elements
        assert not set(chemistry.elements) & excluded
        assert required <= set(chemistry.elements)


def test_what_cannot_be_is_refused():
    with pytest.raises(InvalidRequest, match="no cathode chemistry has Fe"):
        chemistries("cathode", "Na", ("Fe",), ("Fe",))


def test_an_element_of_no_palette_takes_the_metals_place():
    assert {c.metals for c in chemistries("cathode", "Li", ("Re",))} == {("Re",)}


def test_electrolytes_do_without_redox_metals_unless_they_are_asked_for():
    assert "Fe" in unsuited("solid_electrolyte") and "Zr" not in unsuited("solid_electrolyte")
    assert "Fe" not in unsuited("solid_electrolyte", ("Fe",))
    assert unsuited("cathode") == ()
