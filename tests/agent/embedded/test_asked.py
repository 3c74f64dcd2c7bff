"""Questions for a value in many forms, and designs that are phrased as questions."""

import pytest

from ionwright.agent.embedded import interpret
from ionwright.agent.embedded.asked import asked_properties, named_things
from ionwright.agent.embedded.phrases import told_properties

QUESTIONS = [
    ("water mp", "water", "melting_point"),
    ("LATP bulk sigma?", "LATP", "ionic_conductivity"),
    ("remind me how fast Na+ moves in NASICON", "NASICON", "ionic_conductivity"),
    ("does anyone know the flash point of DMC", "DMC", "flash_point"),
    ("at what voltage does LFP sit", "LFP", "average_voltage"),
    ("capacity of graphite pls", "graphite", "capacity_grav"),
    ("how high is the dielectric constant of PC at 25C", "PC", "dielectric_constant"),
    ("is the band gap of LiF really above 10 eV?", "LiF", "band_gap"),
    ("Wie zähflüssig ist Propylencarbonat?", "Propylencarbonat", "viscosity"),
    ("naphthalene in debye?", "naphthalene", "dipole_moment"),
    ("Li3ErCl6 is said to beat 1 mS/cm. Is that so?", "Li3ErCl6", "ionic_conductivity"),
    ("what is manganese(II) oxide good for in mAh/g", "manganese(II) oxide", "capacity_grav"),
]
DESIGNS = [
    "which cathode works above 4 V and swells by less than 5 %?",
    "can you find five solvents with a flash point above 100 °C?",
    "any polymer that beats PEO in conductivity?",
    "is there an additive that is reduced before EC?",
    "what could replace LiPF6 with a higher conductivity?",
    "which solid electrolytes like LLZO have more than 1 mS/cm?",
]


@pytest.mark.parametrize(("words", "subject", "key"), QUESTIONS)
def test_values_are_looked_up(words, subject, key):
    goal = interpret(words).goal
    assert goal.intent == "lookup"
    assert goal.subjects == (subject,)
    assert key in [t.property for t in goal.targets]
    assert {t.op for t in goal.targets} == {"report"}


@pytest.mark.parametrize("words", DESIGNS)
def test_designs_remain_designs(words):
    assert interpret(words).goal.intent in ("design", "compare")


@pytest.mark.parametrize(
    "words",
    [
        "predict the flash point of DMC",
        "how high would the voltage of LiCoPO4 be?",
        "is NaCrO2 stable?",
    ],
)
def test_predictions_remain_predictions(words):
    assert interpret(words).goal.intent == "predict"


def test_why_is_explained():
    assert interpret("why is the conductivity of LLZO so high?").goal.intent == "explain"


def test_the_longest_name_counts():
    things = named_things("the molar mass of phenyl disulfide and of 18C6")
    assert [s.text for s in things] == ["phenyl disulfide", "18C6"]


def test_short_names_keep_their_case():
    assert [s.text for s in named_things("is TEP as thin as tmp?")] == ["TEP"]


def test_words_of_a_name_are_no_property():
    words = "how is the viscosity of ε-caprolactone"
    assert asked_properties(words, named_things(words)) == ["viscosity"]


def test_narrower_phrases_win():
    assert told_properties("how fast does the anion diffuse") == ["anion_diffusivity"]
    assert told_properties("does it leak electrons, in S/cm") == ["electronic_conductivity"]
