"""Stiffness from the potential: order and size of textbook moduli, failures stay alone."""

import pytest
from pymatgen.core import Lattice, Structure

from ionwright.knowledge.crystals import crystal_candidate
from ionwright.knowledge.records import Provenance
from ionwright.tools.predictors.elasticity import Elasticity, bulk_modulus
from ionwright.tools.predictors.potential import Failed, Potential

MADE = Provenance(source="user", version="1")


def cubic(group: str, a: float, *symbols: str) -> Structure:
    places = {"Fm-3m": [[0, 0, 0], [0.5, 0.5, 0.5]], "Fd-3m": [[0, 0, 0]], "Im-3m": [[0, 0, 0]]}
    return Structure.from_spacegroup(
        group, Lattice.cubic(a), symbols, places[group]
    ).get_primitive_structure()


DIAMOND = cubic("Fd-3m", 3.57, "C")
PERICLASE = cubic("Fm-3m", 4.21, "Mg", "O")
SALT = cubic("Fm-3m", 5.64, "Na", "Cl")
XENON = Structure(Lattice.cubic(15), ["Xe"], [[0, 0, 0]])


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    return Elasticity.load(Potential(tmp_path_factory.mktemp("cache"), workers=1))


def test_moduli_are_of_the_right_size_and_order(predictor):
    found = bulk_modulus([DIAMOND, XENON, PERICLASE, SALT], potential=predictor.potential)
    assert isinstance(found[1], Failed)
    diamond, _, periclase, salt = found
    assert diamond > periclase > salt
    assert salt == pytest.approx(24, rel=0.4)  # GPa, measured
    assert periclase == pytest.approx(160, rel=0.4)


def test_does_not_depend_on_the_cell(predictor):
    one, many = bulk_modulus([SALT, SALT * (2, 1, 1)], potential=predictor.potential)
    assert many == pytest.approx(one, rel=0.1)


def test_predicts_with_doubt_and_leaves_out_what_fails(predictor):
    asked = [crystal_candidate(s, provenance=MADE) for s in (SALT, XENON)]
    quantities, none = predictor.predict(asked)
    assert none == []
    (quantity,) = quantities
    assert quantity.property == "bulk_modulus" and quantity.unit == "GPa"
    assert quantity.interval[0] < quantity.value < quantity.interval[1]
    assert quantity.std > 0 and 0 <= quantity.in_domain <= 1
    scores = predictor.evaluate([(asked[0], {"bulk_modulus": 24.0})])
    assert scores["bulk_modulus.n"] == 1
