"""How many atoms a cell gets: counts of the training set, by element."""

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


def given(required: Sequence[int], counts: np.ndarray) -> np.ndarray:
    """Kinds (n, most atoms) before the diffusion: one atom of each required element, the rest open.

    The diffusion then adds what goes with them, more of the same included: a draw from the
    crystals that hold these atoms.
    """
    kinds = np.full((len(counts), int(counts.max(initial=1))), MASKED, dtype=np.int64)
    kinds[:, : len(required)] = required
    return kinds
