"""Accessibility score and molar mass against known values."""

import pytest

from ionwright.generators.molecules import metrics
from ionwright.knowledge.errors import InvalidRequest
from ionwright.tools.predictors.composition import molar_mass
from ionwright.tools.predictors.synthetic_accessibility import sa_score


@pytest.mark.parametrize(
    ("text", "material", "expected"),
    [
        ("O", "molecule", 18.015),
        ("C1COC(=O)O1", "molecule", 88.062),
        ("[*]CCO[*]", "polymer", 44.053),
        ("[*]CC(F)(F)[*]", "polymer", 64.034),
        ("[*]CC[*]", "polymer", 14.027),  # the chain's period is one CH2
    ],
)
def test_molar_mass(text, material, expected):
    assert molar_mass(text, material) == pytest.approx(expected, abs=0.01)


def test_molar_mass_of_a_doubled_unit_is_that_of_one():
    assert molar_mass("[*]CCOCCO[*]", "polymer") == molar_mass("[*]CCO[*]", "polymer")


def test_easy_molecules_score_lower_than_hard_ones():
    aspirin = sa_score("CC(=O)Oc1ccccc1C(=O)O", "molecule")
    morphine = sa_score("CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5", "molecule")
    assert 1 <= aspirin < 2 < 4 < morphine <= 10


def test_a_polymer_is_scored_as_its_unit_with_hydrogen_ends():
    assert sa_score("[*]CCO[*]", "polymer") == sa_score("CCO", "molecule")


@pytest.mark.parametrize("unit", ["[*]CCO[*]", "[*]CC(C)OC(=O)O[*]", "[*]=CC=[*]"])
def test_generators_and_predictor_score_alike(unit):
    assert sa_score(unit, "polymer") == pytest.approx(metrics.sa_score(unit))


@pytest.mark.parametrize("function", [molar_mass, sa_score])
@pytest.mark.parametrize(
    ("text", "material"), [("[*]CC[*]", "molecule"), ("CCO", "polymer"), ("", "molecule")]
)
def test_what_cannot_be_read_is_refused(function, text, material):
    with pytest.raises(InvalidRequest):
        function(text, material)
