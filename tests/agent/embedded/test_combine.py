"""Which reading counts: the tagger's, unless something is to be refused or it is not sure of that."""

from ionwright.agent.embedded.combine import ALARMED, ALARMED_ANYWAY, combine, same
from ionwright.knowledge.records import Goal, Target

RULES = Goal(intent="design", domain="cathode", elements_required=("Mn", "Fe"))
TAGGER = Goal(intent="design", domain="cathode", elements_excluded=("Mn", "Fe"))
REFUSED = Goal(intent="refuse", warnings=("asks for an explosive",))
TEXT = "a cathode with Mn and Fe"
VOLTAGE = Target(property="average_voltage", op=">=", value=3.2)


def test_the_taggers_reading_counts_and_the_rules_stand_beside_it():
    assert combine(TEXT, RULES, TAGGER, 0.0) == (TAGGER, False, (RULES,))


def test_an_exclusion_that_the_rules_see_is_no_wish():
    rules = Goal(intent="design", domain="cathode", elements_excluded=("Ni",))
    tagger = Goal(intent="design", domain="cathode", elements_required=("Mn", "Ni"))
    goal, _, _ = combine(TEXT, rules, tagger, 0.0)
    assert (goal.elements_required, goal.elements_excluded) == (("Mn",), ("Ni",))
    both = rules.model_copy(update={"elements_required": ("Ni",)})
    goal, _, _ = combine(TEXT, both, tagger, 0.0)
    assert (goal.elements_required, goal.elements_excluded) == (("Mn", "Ni"), ("Ni",))


def test_agreement_does_not_depend_on_order_or_rounding():
    one = RULES.model_copy(update={"targets": (VOLTAGE,)})
    near = VOLTAGE.model_copy(update={"value": 3.2000001})
    other = one.model_copy(update={"elements_required": ("Fe", "Mn"), "targets": (near,)})
    assert same(one, other)
    assert combine(TEXT, one, other, 0.0) == (one, True, ())
    assert not same(one, one.model_copy(update={"count": 3}))


def test_either_reader_can_refuse_and_nothing_else_is_offered():
    assert combine(TEXT, REFUSED, TAGGER, 0.0) == (REFUSED, False, ())
    goal, agreed, others = combine(TEXT, RULES, TAGGER, ALARMED)
    assert (goal.intent, agreed, others) == ("refuse", False, ()) and goal.warnings
    assert combine(TEXT, REFUSED, Goal(intent="refuse"), 0.9)[1]


def test_a_bound_that_the_tagger_lost_is_found_again():
    both = VOLTAGE.model_copy(update={"op": "between", "value": (3.2, 3.6)})
    rules = Goal(intent="design", domain="cathode", targets=(both,))
    tagger = Goal(intent="design", domain="cathode", targets=(VOLTAGE,), count=2)
    assert combine(TEXT, rules, tagger, 0.0)[0].targets == (both,)
    other = both.model_copy(update={"value": (1.0, 2.0)})
    rules = rules.model_copy(update={"targets": (other,)})
    assert combine(TEXT, rules, tagger, 0.0)[0].targets == (VOLTAGE,)


def test_words_that_want_the_hazard_avoided_calm_the_tagger():
    text = "electrolyte salts that do not detonate"
    assert combine(text, RULES, Goal(intent="refuse"), 0.8) == (RULES, False, ())
    assert combine(text, RULES, TAGGER, ALARMED_ANYWAY)[0].intent == "refuse"


def test_a_refusal_that_is_not_sure_leaves_the_rules_reading():
    assert combine(TEXT, RULES, Goal(intent="refuse"), ALARMED / 2) == (RULES, False, ())
