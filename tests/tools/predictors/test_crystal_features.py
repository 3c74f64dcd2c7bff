"""Element figures, oxidation states, percolation and the bond valence landscape."""

import numpy as np
import pytest
from pymatgen.core import Composition, Lattice, Structure

from ionwright.knowledge.errors import InvalidRequest
from ionwright.tools.predictors.bond_valence import landscape
from ionwright.tools.predictors.crystal_features import (
    anions_of,
    composition_features,
    composition_names,
    oxidation_states,
    structure_features,
)
from ionwright.tools.predictors.percolation import Network, percolation

LIF = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.03), ["Li", "F"], [[0, 0, 0], [0.5] * 3])
# layered LiCoO2: fast in the layers, closed across them
LICOO2 = Structure.from_spacegroup(
    "R-3m",
    Lattice.hexagonal(2.82, 14.05),
    ["Li", "Co", "O"],
    [[0, 0, 0], [0, 0, 0.5], [0, 0, 0.24]],
)


def amounts(formula: str) -> dict[str, float]:
    return dict(Composition(formula).get_el_amt_dict())


@pytest.mark.parametrize(
    ("formula", "states"),
    [
        ("LiFePO4", {"Li": 1, "Fe": 2, "P": 5, "O": -2}),
        ("LiCoO2", {"Li": 1, "Co": 3, "O": -2}),
        ("Li6PS5Cl", {"Li": 1, "P": 5, "S": -2, "Cl": -1}),
        ("Li2SO4", {"Li": 1, "S": 6, "O": -2}),
        ("Fe3O4", {"Fe": 8 / 3, "O": -2}),
    ],
)
def test_oxidation_states_balance(formula, states):
    found, charge = oxidation_states(amounts(formula))
    assert found == pytest.approx(states)
    assert charge == 0


def test_what_cannot_balance_keeps_its_charge():
    assert abs(oxidation_states(amounts("Li5O"))[1]) > 0.1


def test_sulfur_is_an_anion_in_a_sulfide_only():
    assert anions_of(amounts("Li3PS4")) == ["S"]
    assert anions_of(amounts("Li2SO4")) == ["O"]


def test_composition_features_do_not_depend_on_scale_or_order():
    table = composition_features([amounts("LiFePO4"), {"O": 8, "P": 2, "Fe": 2, "Li": 2}])
    assert table.shape == (2, len(composition_names()))
    assert np.isfinite(table).all()
    assert table[0] == pytest.approx(table[1], abs=1e-4)


def test_structure_features_of_a_supercell_and_a_turned_cell_are_the_same():
    turned = LIF.copy()
    turned.lattice = Lattice(LIF.lattice.matrix @ [[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    features = structure_features(LIF, "Li")
    assert structure_features(LIF * (2, 1, 1), "Li") == pytest.approx(features, abs=1e-3)
    assert structure_features(turned, "Li") == pytest.approx(features, abs=1e-3)
    assert features[7] == pytest.approx(4.03 / 2, abs=1e-3)  # Li-F
    assert features[8] == 6  # octahedral


def chain(*images: tuple[int, int, int]) -> Network:
    n = len(images)
    return Network(2, np.zeros(n, int), np.ones(n, int), np.array(images), np.arange(1.0, n + 1))


def test_percolation_counts_dimensions():
    # two sites joined twice, the second time round the cell: one dimension at the second edge
    assert percolation(chain((0, 0, 0), (1, 0, 0))).thresholds == (2, np.inf, np.inf)
    assert percolation(chain((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))).thresholds == (2, 3, 4)


def test_parallel_loops_are_one_dimension_and_apart_ones_do_not_add():
    assert percolation(chain((0, 0, 0), (1, 0, 0), (2, 0, 0))).thresholds[1] == np.inf
    apart = Network(2, np.array([0, 1]), np.array([0, 1]), np.eye(3, dtype=int)[:2], np.ones(2))
    assert percolation(apart).thresholds == (1, np.inf, np.inf)


def test_a_closed_cluster_does_not_percolate():
    assert percolation(chain((0, 0, 0))).thresholds[0] == np.inf


def test_layered_oxide_opens_in_two_dimensions_first():
    found = landscape(LICOO2, "Li")
    assert found.barriers[0] == pytest.approx(found.barriers[1], abs=0.1)
    assert found.barriers[2] > found.barriers[1] + 1
    assert found.dimensionality() == 2


def test_landscape_ignores_supercells_and_the_ions_already_there():
    whole = landscape(LICOO2, "Li").barriers
    emptied = LICOO2.copy()
    emptied.replace_species({"Li": {"Li": 0.5}})
    assert landscape(LICOO2 * (2, 1, 1), "Li").barriers[0] == pytest.approx(whole[0], abs=0.15)
    # half the lithium: cobalt is counted higher, the path stays
    assert landscape(emptied, "Li").dimensionality() == 2


def test_landscape_says_what_it_has_no_parameters_for():
    metal = Structure(Lattice.cubic(3), ["Li", "Al"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(InvalidRequest, match="without anions"):
        landscape(metal, "Li")
    with pytest.raises(InvalidRequest, match="no bond valence parameters for Rb"):
        landscape(LIF, "Rb")
