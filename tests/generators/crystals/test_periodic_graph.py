"""The neighbour search agrees with pymatgen's and knows no cell borders."""

import numpy as np
import pytest
import torch
from pymatgen.core import Lattice, Structure

from ionwright.generators.crystals.periodic_graph import (
    cells_of,
    neighbours,
    reduced_cell,
    shortest_vectors,
)

K = 12


def crystals(count: int = 12) -> list[Structure]:
    rng = np.random.default_rng(3)
    made = []
    for _ in range(count):
        size = int(rng.integers(1, 9))
        lattice = Lattice.from_parameters(*rng.uniform(3, 9, 3), *rng.uniform(65, 115, 3))
        matrix, coords = reduced_cell(lattice.matrix, rng.random((size, 3)))
        made.append(Structure(Lattice(matrix), ["H"] * size, coords))
    return made


def graph_of(structures: list[Structure]):
    lattices = torch.tensor(np.array([s.lattice.matrix for s in structures]))
    sizes = torch.tensor([len(s) for s in structures])
    coords = torch.tensor(np.concatenate([s.frac_coords for s in structures]))
    return neighbours(coords, cells_of(lattices, sizes), K)


def test_distances_are_those_of_pymatgen():
    structures = crystals()
    found = graph_of(structures).distances.numpy()
    row = 0
    for structure in structures:
        centre, _, _, distances = structure.get_neighbor_list(15)
        for atom in range(len(structure)):
            expected = np.sort(distances[centre == atom])[:K]
            assert found[row] == pytest.approx(expected, abs=1e-4)
            row += 1


def test_vectors_lead_to_the_neighbour():
    structures = crystals(4)
    graph = graph_of(structures)
    coords = np.concatenate([s.frac_coords for s in structures])
    cells = np.concatenate([[s.lattice.matrix] * len(s) for s in structures])
    reached = np.einsum("ai,aij->aj", coords, cells)[:, None] + graph.vectors.numpy()
    back = np.einsum("aki,aij->akj", reached, np.linalg.inv(cells))
    steps = back - coords[graph.index.numpy()]
    assert steps == pytest.approx(steps.round(), abs=1e-6)


def test_moving_all_atoms_across_the_border_changes_nothing():
    structures = crystals(3)
    moved = [s.copy() for s in structures]
    for structure in moved:
        structure.translate_sites(range(len(structure)), [0.37, 0.61, 0.93])
    first, second = graph_of(structures), graph_of(moved)
    assert torch.allclose(first.distances, second.distances, atol=1e-6)
    assert torch.allclose(first.weight, second.weight, atol=1e-6)


def test_weight_is_zero_where_a_shell_is_cut():
    # in a cubic lattice 6 neighbours are followed by a shell of 12, which K = 12 cuts
    weight = graph_of([Structure(Lattice.cubic(3.0), ["H"], [[0, 0, 0]])]).weight[0]
    assert (weight[:6] > 0.8).all()
    assert weight[6:].abs().max() < 1e-4


def test_shortest_vector_in_a_skewed_cell():
    lattice = Lattice.from_parameters(4, 4, 4, 60, 60, 60)
    step = [0.45, 0.45, 0.45]
    found = shortest_vectors(torch.tensor([step]), torch.tensor(lattice.matrix[None]).float())
    expected, _ = lattice.get_distance_and_image([0, 0, 0], step)
    assert float(found.norm()) == pytest.approx(expected, abs=1e-5)
