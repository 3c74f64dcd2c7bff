import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ionwright.knowledge.phases.literature import published_cells, substituted, without

ROCK_SALT = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(4.2), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_published_cell_is_a_plausible_crystal():
    cells = list(published_cells())
    assert len({cell.id for cell in cells}) == len(cells) > 90
    for cell in cells:
        for structure in cell.orderings:
            distances = structure.distance_matrix + 9 * np.eye(len(structure))
            assert distances.min() > 1.35, cell.id
            assert 0.3 < structure.density < 13, cell.id


def test_substitution_keeps_the_sites_and_scales_the_cell():
    larger = substituted(ROCK_SALT, "Mg=Ba")
    assert larger.composition.reduced_formula == "BaO"
    assert larger.volume > ROCK_SALT.volume
    np.testing.assert_allclose(larger.frac_coords, ROCK_SALT.frac_coords)


def test_an_element_is_taken_away():
    assert substituted(ROCK_SALT, "O=").composition.reduced_formula == "Mg"


def test_removals_are_distinct_by_symmetry():
    one = without(ROCK_SALT, "Mg", 1)
    two = without(ROCK_SALT, "Mg", 2)
    assert len(one) == 1  # all four are alike
    assert len(two) == 1  # and any two of four are neighbours in the same way
    assert two[0].composition.reduced_formula == "MgO2"
