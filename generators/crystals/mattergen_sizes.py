"""How many atoms a cell gets, and in which proportions: counts of the training set.

The published model draws the number of atoms from the data; ours also draws the anonymous formula,
such as 1:1:3, and leaves to the diffusion which elements these are. A small network that has seen
few crystals gets proportions wrong more often than anything else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .mattergen_batches import MAX_ATOMS, Cells
from .mattergen_network import KINDS, MASKED


def count_table(cells: Cells) -> np.ndarray:
    """(KINDS, MAX_ATOMS + 1) weight of the cells that hold an element, by number of atoms.

    The row of MASKED holds that of all cells.
    """
    table = np.zeros((KINDS, MAX_ATOMS + 1), dtype=np.float32)
    for kinds, count, weight in zip(cells.kinds, cells.counts, cells.weights, strict=True):
        table[[MASKED, *np.unique(kinds[:count])], count] += weight
    return table


def draw_sizes(
    table: np.ndarray, required: Sequence[int], n: int, rng: np.random.Generator
) -> np.ndarray:
    """Numbers of atoms (n,) of cells that hold the required elements.

    Given the number of atoms, elements are taken as independent of each other.
    """
    total = table[MASKED]
    chance = total / total.sum()
    for number in required:
        chance = chance * table[number] / np.maximum(total, 1e-9)
    chance[: len(required)] = 0
    if not chance.sum():  # never seen together: any size that has room
        chance = np.where(np.arange(MAX_ATOMS + 1) > len(required), total, 0)
    return rng.choice(MAX_ATOMS + 1, n, p=chance / chance.sum())


def formula_table(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """Anonymous formulas (P, MAX_ATOMS), atoms of each element, most first, and weights (P,)."""
    rows = np.zeros((len(cells), MAX_ATOMS), dtype=np.uint8)
    for row, kinds, count in zip(rows, cells.kinds, cells.counts, strict=True):
        found = np.sort(np.unique(kinds[:count], return_counts=True)[1])[::-1]
        row[: len(found)] = found
    formulas, places = np.unique(rows, axis=0, return_inverse=True)
    return formulas, np.bincount(places.ravel(), cells.weights).astype(np.float32)


def draw_formulas(
    formulas: np.ndarray,
    weights: np.ndarray,
    counts: np.ndarray,
    elements: tuple[int, int],
    rng: np.random.Generator,
) -> np.ndarray:
    """Anonymous formulas (n, MAX_ATOMS) for cells of these numbers of atoms.

    Args:
        formulas: as `formula_table` gives them; so `weights`.
        weights: (P,).
        counts: (n,) atoms in each cell.
        elements: least and greatest number of different elements.
        rng: of the draws.

    Returns:
        Where no formula of the training set fits, one that any proportions keep to.
    """
    variety = (formulas > 0).sum(1)
    fits = (variety >= elements[0]) & (variety <= elements[1])
    atoms = formulas.sum(1)
    drawn = np.zeros((len(counts), MAX_ATOMS), dtype=np.int64)
    for row, count in zip(drawn, counts, strict=True):
        chance = weights * (fits & (atoms == count))
        if chance.sum():
            row[:] = formulas[rng.choice(len(formulas), p=chance / chance.sum())]
        else:
            row[: elements[1]] = count
    return drawn


def given(required: Sequence[int], counts: np.ndarray) -> np.ndarray:
    """Kinds (n, most atoms) before the diffusion: one atom of each required element, the rest open.

    The diffusion then adds what goes with them, more of the same included: a draw from the
    crystals that hold these atoms.
    """
    kinds = np.full((len(counts), int(counts.max(initial=1))), MASKED, dtype=np.int64)
    kinds[:, : len(required)] = required
    return kinds
