"""At which threshold does a periodic network connect a crystal end to end, and in how many ways?

Edges join nodes of one cell and carry the lattice translation they cross. A loop whose
translations do not cancel runs through the whole crystal. In a minimum spanning tree the path
between two nodes never exceeds the edge that closes it, so that each closing edge tells the
lowest threshold at which its loop exists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEVER = np.inf


@dataclass(frozen=True)
class Network:
    """A periodic network.

    Attributes:
        n: nodes in the cell.
        first: node at which an edge starts (edges,).
        second: node at which it ends (edges,).
        image: translation from the cell of the first to that of the second (edges, 3), int.
        weight: threshold at which the edge is there (edges,).
    """

    n: int
    first: np.ndarray
    second: np.ndarray
    image: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Percolation:
    """Thresholds (3,) for 1, 2 and 3 dimensions (inf: never) and a node on the first path."""

    thresholds: tuple[float, float, float]
    node: int | None


def percolation(network: Network) -> Percolation:
    """The lowest thresholds at which one connected part spans 1, 2 and 3 dimensions."""
    if not len(network.first):
        return Percolation((NEVER,) * 3, None)
    position = _positions(network)
    winding = position[network.first] + network.image - position[network.second]
    loops = np.flatnonzero(np.any(winding != 0, axis=1))
    if not len(loops):
        return Percolation((NEVER,) * 3, None)
    loops = loops[np.argsort(network.weight[loops], kind="stable")]
    levels = np.unique(network.weight[loops])
    thresholds = [_lowest(network, winding, loops, levels, rank) for rank in (1, 2, 3)]
    return Percolation((thresholds[0], thresholds[1], thresholds[2]), int(network.first[loops[0]]))


def _positions(network: Network) -> np.ndarray:
    """Cell in which each node lies (n, 3) when walked to along the minimum spanning forest."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components
    from scipy.sparse.csgraph import minimum_spanning_tree as spanning_tree

    order = np.argsort(network.weight, kind="stable")
    pair = network.first * network.n + network.second
    _, unique = np.unique(pair[order], return_index=True)  # of parallel edges the lowest
    kept = order[unique]
    kept = kept[network.first[kept] != network.second[kept]]
    rank = np.empty(len(network.weight))
    rank[order] = np.arange(1, len(order) + 1)  # distinct and above 0: a sparse graph drops zeros
    ends = (network.first[kept], network.second[kept])
    tree = spanning_tree(coo_array((rank[kept], ends), shape=(network.n, network.n)).tocsr())
    edge_of = order[tree.tocoo().data.astype(int) - 1]
    number, labels = connected_components(tree, directed=False)
    step: dict[tuple[int, int], np.ndarray] = {}
    for edge in edge_of:
        a, b = int(network.first[edge]), int(network.second[edge])
        step[a, b], step[b, a] = network.image[edge], -network.image[edge]
    position = np.zeros((network.n, 3), dtype=int)
    roots = np.unique(labels, return_index=True)[1]
    for root in roots[np.bincount(labels, minlength=number) > 1]:
        walk, parents = breadth_first_order(tree, root, directed=False)
        for node in walk[1:]:
            parent = int(parents[node])
            position[node] = position[parent] + step[parent, int(node)]
    return position


def _lowest(
    network: Network, winding: np.ndarray, loops: np.ndarray, levels: np.ndarray, rank: int
) -> float:
    """The lowest of the levels at which a connected part has loops of this rank, by bisection."""
    low, high = 0, len(levels)
    while low < high:
        middle = (low + high) // 2
        if _rank(network, winding, loops, levels[middle]) >= rank:
            high = middle
        else:
            low = middle + 1
    return float(levels[low]) if low < len(levels) else NEVER


def _rank(network: Network, winding: np.ndarray, loops: np.ndarray, level: float) -> int:
    """The highest rank of the loops of one connected part at this threshold."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    there = network.weight <= level
    ends = (network.first[there], network.second[there])
    graph = coo_array((np.ones(int(there.sum())), ends), shape=(network.n, network.n))
    _, labels = connected_components(graph, directed=False)
    present = loops[network.weight[loops] <= level]
    parts = labels[network.first[present]]
    best = 0
    for part in np.unique(parts):
        vectors = np.unique(winding[present[parts == part]], axis=0)
        best = max(best, int(np.linalg.matrix_rank(vectors)))
    return best
