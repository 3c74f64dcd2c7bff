"""Nearest neighbours in many crystals at once, images included: the graph that networks run on.

Every atom has the same number of neighbours, so edges are plain arrays (atoms, k) and sums over
neighbours need no scatter.

Shapes: A atoms of all crystals together, B crystals, N atoms in the largest, M images, k
neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    import numpy as np

IMAGES = 45  # translations tried for each pair, the shortest; enough for the reduced cells of MP
REACH = 3  # cells in each direction from which they are chosen
CLOSE = 1e-3  # angstrom; atoms of one place, where directions have no meaning


@dataclass(frozen=True)
class Neighbours:
    """The k nearest neighbours of each atom.

    Attributes:
        index: number of the neighbour among all atoms (A, k).
        vectors: from the atom to its neighbour, angstrom (A, k, 3).
        distances: angstrom (A, k), rising.
        weight: in 0..1 (A, k); falls to zero at the first neighbour that is left out, so that
            neither ties in distance nor a change of neighbours make a jump.
    """

    index: Tensor
    vectors: Tensor
    distances: Tensor
    weight: Tensor

    @property
    def directions(self) -> Tensor:
        """Unit vectors (A, k, 3); zero where two atoms are in one place."""
        return self.vectors / self.distances.clamp(min=CLOSE)[..., None]


@dataclass(frozen=True)
class Cells:
    """The lattices of a batch, with what a search for neighbours needs of them.

    Attributes:
        lattices: cell vectors as rows, angstrom (B, 3, 3).
        sizes: atoms in each crystal (B,).
        crystal: the crystal that each atom belongs to (A,).
        slot: its place among the atoms of its crystal (A,).
        images: the shortest lattice translations, itself first, in cell vectors (B, M, 3).
    """

    lattices: Tensor
    sizes: Tensor
    crystal: Tensor
    slot: Tensor
    images: Tensor


def cells_of(lattices: Tensor, sizes: Tensor, *, images: int = IMAGES) -> Cells:
    """Prepares lattices for `neighbours`; may be kept for as long as the lattices stay.

    Args:
        lattices: cell vectors as rows, best of the reduced cell, angstrom (B, 3, 3).
        sizes: atoms in each crystal (B,).
        images: translations tried for each pair; at least k + 1.
    """
    crystal = torch.repeat_interleave(torch.arange(len(sizes), device=sizes.device), sizes)
    first = torch.cumsum(sizes, 0) - sizes
    slot = torch.arange(len(crystal), device=sizes.device) - first[crystal]
    steps = range(-REACH, REACH + 1)
    grid = torch.tensor(list(product(steps, steps, steps)), dtype=lattices.dtype)
    grid = grid.to(lattices.device)
    lengths = (grid @ lattices).norm(dim=-1)
    shortest = lengths.topk(images, largest=False).indices
    return Cells(lattices, sizes, crystal, slot, grid[shortest])


@torch.no_grad()
def neighbours(frac_coords: Tensor, cells: Cells, k: int) -> Neighbours:
    """The k nearest neighbours of every atom, among all images of all atoms of its crystal.

    Exact where the translations of `cells` hold all those that matter: for reduced cells of
    ordinary shape. Vectors carry no gradient.

    Args:
        frac_coords: in cell vectors, wrapped or not (A, 3).
        cells: of the same atoms.
        k: neighbours an atom; less than the number of images.
    """
    b, n = len(cells.sizes), int(cells.sizes.max())
    padded = frac_coords.new_full((b, n, 3), torch.nan)
    padded[cells.crystal, cells.slot] = frac_coords
    between = padded[:, None, :, :] - padded[:, :, None, :]
    between = between - between.round()  # (B, N, N, 3)
    vectors = between @ cells.lattices[:, None]
    shifts = cells.images @ cells.lattices  # (B, M, 3)
    # |d + R|^2 = |d|^2 + 2 d.R + |R|^2, without a vector for each image
    square = 2 * vectors @ shifts[:, None].mT
    square += (vectors**2).sum(-1, keepdim=True) + (shifts**2).sum(-1)[:, None, None, :]
    square[:, range(n), range(n), 0] = torch.inf  # an atom is not its own neighbour
    square = square.nan_to_num(nan=torch.inf, posinf=torch.inf)[cells.crystal, cells.slot]
    near, place = square.flatten(1).topk(k + 1, largest=False)
    return _gathered(near, place, vectors, shifts, cells)


def _gathered(
    near: Tensor, place: Tensor, vectors: Tensor, shifts: Tensor, cells: Cells
) -> Neighbours:
    """Edges from what the search found: squares (A, k + 1) and places in (N, M), flattened."""
    order = place.div(shifts.shape[1], rounding_mode="floor")[:, :-1]
    image = place[:, :-1] % shifts.shape[1]
    of, slot = cells.crystal[:, None], cells.slot[:, None]
    found = vectors[of, slot, order] + shifts[of, image]
    distances = found.norm(dim=-1)
    first = torch.cumsum(cells.sizes, 0) - cells.sizes
    farthest = near[:, -1:].clamp(min=CLOSE**2).sqrt()
    weight = 1 - (distances / farthest).clamp(max=1) ** 6
    return Neighbours(first[of] + order, found, distances, weight)


def shortest_vectors(frac_steps: Tensor, lattices: Tensor) -> Tensor:
    """The shortest vector, angstrom, that differs from a step by whole cells.

    Args:
        frac_steps: differences of fractional coordinates (A, 3).
        lattices: of the crystal of each atom (A, 3, 3).
    """
    wrapped = frac_steps - frac_steps.round()
    steps = torch.tensor(list(product((-1.0, 0.0, 1.0), repeat=3)), dtype=lattices.dtype)
    images = wrapped[:, None, :] + steps.to(lattices.device)  # (A, 27, 3)
    vectors = images @ lattices
    nearest = (vectors**2).sum(-1).argmin(-1)
    return vectors[torch.arange(len(vectors)), nearest]


def reduced_cell(lattice: np.ndarray, frac_coords: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same crystal in its Niggli cell: lattice (3, 3), fractional coordinates (atoms, 3)."""
    import numpy as np
    import spglib

    reduced = spglib.niggli_reduce(lattice, eps=1e-5)
    if reduced is None:  # does not converge for some odd cells: the given one serves as well
        return lattice, frac_coords % 1
    return reduced, (frac_coords @ lattice @ np.linalg.inv(reduced)) % 1
