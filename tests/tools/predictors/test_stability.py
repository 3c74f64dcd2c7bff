"""Stability says how far above known phases a crystal lies, with doubt, and what it rests on."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ionwright.knowledge.crystals import crystal_candidate
from ionwright.knowledge.records import Candidate, Provenance
from ionwright.tools.predictors.potential import Energy, Potential
from ionwright.tools.predictors.stability import ABOVE, Stability, assess, fit_band

MADE = Provenance(source="user", version="1")


def rock_salt(a: float, *symbols: str) -> Structure:
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(a), symbols, [[0, 0, 0], [0.5, 0.5, 0.5]]
    ).get_primitive_structure()


MGO, SALT, SQUEEZED = (
    rock_salt(4.24, "Mg", "O"),
    rock_salt(5.7, "Na", "Cl"),
    rock_salt(4.6, "Na", "Cl"),
)
RARE = rock_salt(6.0, "Na", "Li")
XENON = Structure(Lattice.cubic(15), ["Xe"], [[0, 0, 0]])


def candidate(structure: Structure) -> Candidate:
    return crystal_candidate(structure, provenance=MADE)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    return Stability.load(Potential(tmp_path_factory.mktemp("cache"), workers=1))


@pytest.fixture(scope="module")
def found(predictor):
    return predictor.predict([candidate(s) for s in (MGO, SALT, SQUEEZED, XENON, RARE)])


def test_textbook_salts_are_stable_and_squeezed_ones_are_not(found):
    (mgo, salt, squeezed), above = found[:3], 1
    assert mgo[0].value == pytest.approx(-3.06, abs=0.1)  # -601 kJ/mol measured: -3.12 eV/atom
    assert salt[0].value == pytest.approx(-2.11, abs=0.1)
    assert mgo[above].value < 0.1 and salt[above].value < 0.1
    assert squeezed[above].value > 0.2


def test_doubt_is_well_formed(found):
    for quantities in (found[0], found[1], found[2], found[4]):
        assert tuple(q.property for q in quantities) == Stability.properties
        for q in quantities:
            assert q.interval[0] <= q.value <= q.interval[1]
            assert q.std > 0 and 0 <= q.in_domain <= 1 and q.unit == "eV/atom"
        assert quantities[1].interval[0] >= 0


def test_the_record_says_what_it_rests_on(found):
    inputs = found[1][1].provenance.inputs
    assert inputs["lower_bound"] is True
    assert inputs["n_phases"] >= 1 and inputs["composition_known"] is True
    assert sum(share for _, share in inputs["decomposition"]) == pytest.approx(1, abs=0.01)
    assert "lower bound" in inputs["says"]
    assert "@" in found[1][1].provenance.weights


def test_an_uncharted_composition_is_less_in_domain(found):
    assert found[4][1].in_domain < found[1][1].in_domain


def test_what_cannot_be_computed_has_no_quantities(predictor, found):
    assert found[3] == []
    broken = Candidate(material="crystal", encoding="cif", data="data_x", provenance=MADE)
    polymer = Candidate(material="polymer", encoding="psmiles", data="[*]CC[*]", provenance=MADE)
    assert predictor.predict([broken, candidate(MGO), polymer])[::2] == [[], []]


def test_taking_the_composition_out_lowers_the_distance_and_widens_the_interval(predictor):
    point = predictor.potential.energies([SQUEEZED])[0]
    with_it = assess(predictor.hull, SQUEEZED, point)
    without = assess(predictor.hull, SQUEEZED, point, without_itself=True)
    assert with_it.known and not without.known
    assert without.distance.value < with_it.distance.value
    assert without.charted <= with_it.charted


def test_large_forces_count_against_the_domain(predictor):
    calm, wild = (
        assess(predictor.hull, SALT, Energy(-3.6, force, 0.0, ())) for force in (0.01, 5.0)
    )
    assert calm.calm == 1 and wild.calm == 0


def test_bands_hold_what_they_promise():
    generator = np.random.default_rng(0)
    clues = generator.uniform(0, 2, size=(4000, 1))
    errors = (generator.exponential(size=4000) - 0.3) * np.exp(clues[:, 0])
    band = fit_band(errors[:2000], clues[:2000])
    low, high, std = band.ends(np.zeros(2000), clues[2000:])
    inside = (errors[2000:] >= low) & (errors[2000:] <= high)
    assert inside.mean() == pytest.approx(0.9, abs=0.03)
    assert (high - low)[clues[2000:, 0] > 1.5].min() > (high - low)[clues[2000:, 0] < 0.5].max()
    assert (std > 0).all()


def test_evaluates(predictor, found):
    scores = predictor.evaluate([(candidate(MGO), {ABOVE: found[0][1].value, "density": 3.6})])
    assert scores[f"{ABOVE}.mae"] == pytest.approx(0)
    assert scores[f"{ABOVE}.coverage"] == 1
