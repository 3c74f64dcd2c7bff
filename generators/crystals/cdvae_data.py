"""Crystals as CDVAE reads them: reduced cells, batches of graphs, lattices as seven numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .data import CrystalSet
from .periodic_graph import Cells, cells_of, reduced_cell

if TYPE_CHECKING:
    from pymatgen.core import Structure

PROPERTIES = ("formation_energy_per_atom", "energy_above_hull", "band_gap")
MAX_ATOMS = 20
VOLUMES = (5.0, 90.0)  # cubic angstrom per atom; what lies outside is gas, or a damaged entry
NOBLE = frozenset({2, 10, 18, 36, 54, 86})
WORKING_IONS = frozenset({3, 11, 12, 13, 19, 20, 30})
ANIONS = frozenset({7, 8, 9, 15, 16, 17, 34, 35, 53})
ANGLES = (25.0, 155.0)  # degrees of a cell that is built from numbers


@dataclass(frozen=True)
class Batch:
    """Several crystals side by side.

    Attributes:
        numbers: atomic numbers (A,).
        frac_coords: (A, 3).
        cells: their lattices and sizes.
        properties: in the order of PROPERTIES, nan where unknown (B, P).
    """

    numbers: Tensor
    frac_coords: Tensor
    cells: Cells
    properties: Tensor

    @property
    def shapes(self) -> Tensor:
        """Lattices as seven numbers each (B, 7)."""
        return lattice_numbers(self.cells.lattices, self.cells.sizes)


def batch_of(
    crystals: CrystalSet, chosen: Sequence[int] | np.ndarray, device: str = "cpu"
) -> Batch:
    """The crystals with these indices; their cells should be reduced."""
    part = crystals.take([int(i) for i in chosen])
    values = np.stack([getattr(part, key) for key in PROPERTIES], axis=1)
    lattices = torch.tensor(part.lattices, dtype=torch.float32, device=device)
    return Batch(
        numbers=torch.tensor(part.numbers.astype(np.int64), device=device),
        frac_coords=torch.tensor(part.frac_coords, dtype=torch.float32, device=device),
        cells=cells_of(lattices, torch.tensor(part.sizes, device=device)),
        properties=torch.tensor(values, dtype=torch.float32, device=device),
    )


def reduced(crystals: CrystalSet) -> CrystalSet:
    """The same crystals in their Niggli cells."""
    lattices, coords = crystals.lattices.copy(), crystals.frac_coords.copy()
    for i in range(len(crystals)):
        sites = slice(crystals.offsets[i], crystals.offsets[i + 1])
        lattices[i], coords[sites] = reduced_cell(lattices[i], coords[sites])
    return replace(crystals, lattices=lattices, frac_coords=coords)


def set_of(structures: Sequence[Structure]) -> CrystalSet:
    """Structures, in reduced primitive or given cells, as a set without properties."""
    unknown = np.full(len(structures), np.nan)
    sizes = [len(structure) for structure in structures]
    made = CrystalSet(
        ids=np.array([s.composition.reduced_formula for s in structures]),
        lattices=np.array([s.lattice.matrix for s in structures]).reshape(-1, 3, 3),
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(int),
        numbers=np.array([z for s in structures for z in s.atomic_numbers], dtype=np.uint8),
        frac_coords=np.concatenate([s.frac_coords for s in structures])
        if structures
        else np.zeros((0, 3)),
        spg_num=np.zeros(len(structures), dtype=np.uint8),
        **dict.fromkeys(PROPERTIES, unknown),
    )
    return reduced(made)


def structures_of(numbers: Tensor, frac_coords: Tensor, cells: Cells) -> list[Structure | None]:
    """Crystals out of a batch; None where a number is not finite."""
    from pymatgen.core import Lattice, Structure

    sizes = cells.sizes.tolist()
    kinds, coords = numbers.cpu().split(sizes), frac_coords.cpu().double().split(sizes)
    made: list[Structure | None] = []
    for cell, z, x in zip(cells.lattices.cpu().double(), kinds, coords, strict=True):
        whole = bool(cell.isfinite().all() and x.isfinite().all())
        made.append(Structure(Lattice(cell.numpy()), z.tolist(), x.numpy()) if whole else None)
    return made


def fit_to_learn(crystals: CrystalSet, index: int) -> bool:
    """Whether a crystal is small and dense enough, and made of atoms that bond."""
    size = int(crystals.sizes[index])
    if not 1 < size <= MAX_ATOMS or crystals.elements(index) & NOBLE:
        return False
    volume = abs(float(np.linalg.det(crystals.lattices[index]))) / size
    return VOLUMES[0] < volume < VOLUMES[1]


def training_weights(crystals: CrystalSet) -> np.ndarray:
    """How often each crystal is drawn (n,), in sum one: stable battery chemistry more often."""
    weights = np.ones(len(crystals))
    for i in range(len(crystals)):
        elements = crystals.elements(i)
        anions = bool(elements & ANIONS)
        weights[i] = 4.0 if anions and elements & WORKING_IONS else 1.0 if anions else 0.4
    above = crystals.energy_above_hull
    weights[np.isnan(above)] *= 0.6
    weights[above > 0.1] *= 0.4
    return weights / weights.sum()


def lattice_numbers(lattices: Tensor, sizes: Tensor) -> Tensor:
    """Lattices (B, 3, 3) as log volume per atom, three log lengths over the cube root of the
    cell's volume, and three angles in radians from a right one: (B, 7), the same however turned.
    """
    volumes = torch.linalg.det(lattices).abs()
    lengths = lattices.norm(dim=-1)
    unit = lattices / lengths[..., None]
    pairs = ((1, 2), (0, 2), (0, 1))
    cosines = torch.stack([(unit[:, i] * unit[:, j]).sum(-1) for i, j in pairs], -1)
    angles = torch.arccos(cosines.clamp(-0.999, 0.999)) - torch.pi / 2
    edges = torch.log(lengths / volumes[:, None] ** (1 / 3))
    return torch.cat([torch.log(volumes / sizes)[:, None], edges, angles], -1)


def lattice_of(numbers: Tensor, sizes: Tensor) -> Tensor:
    """Lattices (B, 3, 3) with these volumes, edges and angles; nearly flat ones are opened."""
    low, high = (torch.pi * angle / 180 for angle in ANGLES)
    cos = torch.cos((numbers[:, 4:] + torch.pi / 2).clamp(low, high))
    alpha, beta, gamma = cos.unbind(-1)
    sine = (1 - gamma**2).sqrt()
    across = (alpha - beta * gamma) / sine
    upward = (1 - beta**2 - across**2).clamp(min=0.05).sqrt()
    zero, one = torch.zeros_like(sine), torch.ones_like(sine)
    rows = (one, zero, zero, gamma, sine, zero, beta, across, upward)
    lattice = torch.stack(rows, -1).unflatten(-1, (3, 3)) * numbers[:, 1:4].exp()[..., None]
    wanted = numbers[:, 0].exp() * sizes
    scale = (wanted / torch.linalg.det(lattice)) ** (1 / 3)
    return lattice * scale[:, None, None]
