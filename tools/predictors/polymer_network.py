"""A small message-passing network on the endless chain of a polymer.

The graph is one repeat unit whose two ends are bonded to each other: the chain has no first atom,
and means over its atoms are the same for a shifted, reversed or doubled unit. Sums of neighbours'
messages follow GINE (Hu et al., "Strategies for Pre-training Graph Neural Networks", 2020); every
layer also tells each atom the mean of all atoms. Mean, mean over the backbone and maximum, beside
the descriptors, give each property's value and the logarithm of its variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .polymer_features import (
    AROMATIC,
    BACKBONE,
    CHARGE,
    DEGREE,
    HYDROGENS,
    IN_RING,
    NUMBER,
    Chain,
)

# element, heavy neighbours, hydrogens, charge + 2, aromatic, in a ring, on the backbone
ATOM_KINDS = (11, 5, 5, 5, 2, 2, 2)
BOND_KINDS = 4
_ELEMENTS = (6, 7, 8, 9, 16, 15, 14, 17, 35, 5)
_PLACE = np.array([_ELEMENTS.index(n) if n in _ELEMENTS else 10 for n in range(37)])


@dataclass(frozen=True)
class Graph:
    """One repeat unit: `atoms` (n, 7) kinds; `bonds` (directed bonds, 3): from, to, kind."""

    atoms: np.ndarray
    bonds: np.ndarray


@dataclass(frozen=True)
class Batch:
    """Graphs laid one behind the other: `owner` (atoms,) says which graph an atom belongs to."""

    atoms: Tensor
    bonds: Tensor
    owner: Tensor
    n: int


@dataclass(frozen=True)
class NetConfig:
    descriptors: int
    targets: int
    hidden: int = 64
    layers: int = 4
    dropout: float = 0.1
    head_dropout: float = 0.2


def graph_of(chain: Chain) -> Graph:
    """The unit's atoms and bonds; bonds to the next unit lead back to this one."""
    raw = chain.atoms
    atoms = np.column_stack(
        [
            _PLACE[np.minimum(raw[:, NUMBER], len(_PLACE) - 1)],
            np.minimum(raw[:, DEGREE], 4),
            np.minimum(raw[:, HYDROGENS], 4),
            np.clip(raw[:, CHARGE] + 2, 0, 4),
            raw[:, [AROMATIC, IN_RING, BACKBONE]],
        ]
    )
    bonds = chain.bonds.copy()
    bonds[:, 0] %= chain.n
    return Graph(atoms, bonds)


def batch_of(graphs: Sequence[Graph]) -> Batch:
    """Joins graphs into one."""
    sizes = np.array([len(graph.atoms) for graph in graphs])
    starts = np.cumsum(sizes) - sizes
    bonds = np.concatenate([graph.bonds for graph in graphs]).astype(np.int64)
    bonds[:, :2] += np.repeat(starts, [len(graph.bonds) for graph in graphs])[:, None]
    return Batch(
        atoms=torch.from_numpy(np.concatenate([graph.atoms for graph in graphs]).astype(np.int64)),
        bonds=torch.from_numpy(bonds),
        owner=torch.from_numpy(np.repeat(np.arange(len(graphs)), sizes)),
        n=len(graphs),
    )


class PolymerNet(nn.Module):
    """Graph and descriptors -> value and log-variance of each standardised property."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.hidden
        self.atom = nn.ModuleList(nn.Embedding(kinds, width) for kinds in ATOM_KINDS)
        self.layers = nn.ModuleList(_Layer(width, config.dropout) for _ in range(config.layers))
        read = 3 * width + config.descriptors
        self.head = nn.Sequential(
            nn.LayerNorm(read),
            nn.Linear(read, 2 * width),
            nn.SiLU(),
            nn.Dropout(config.head_dropout),
            nn.Linear(2 * width, 2 * config.targets),
        )

    def forward(self, batch: Batch, descriptors: Tensor) -> tuple[Tensor, Tensor]:
        """Two (n, targets) tensors: value and log-variance, in standardised units."""
        hidden = torch.stack([table(batch.atoms[:, i]) for i, table in enumerate(self.atom)]).sum(0)
        weight = _per_graph(torch.ones(len(hidden), 1), batch)
        for layer in self.layers:
            hidden = layer(hidden, batch, weight)
        on_backbone = batch.atoms[:, 6:].float()
        backbone = _per_graph(hidden * on_backbone, batch) / _per_graph(on_backbone, batch)
        highest = torch.zeros(batch.n, hidden.shape[1]).scatter_reduce(
            0, batch.owner[:, None].expand_as(hidden), hidden, "amax", include_self=False
        )
        mean = _per_graph(hidden, batch) / weight
        out = self.head(torch.cat([mean, backbone, highest, descriptors], dim=1))
        value, log_variance = out.chunk(2, dim=1)
        return value, log_variance.clamp(-4, 3)


class _Layer(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.bond = nn.Embedding(BOND_KINDS, width)
        self.whole = nn.Linear(width, width)
        self.update = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
        )

    def forward(self, hidden: Tensor, batch: Batch, weight: Tensor) -> Tensor:
        source, target, kind = batch.bonds.unbind(1)
        message = torch.relu(hidden[source] + self.bond(kind))
        heard = torch.zeros_like(hidden).index_add(0, target, message)
        everyone = self.whole(_per_graph(hidden, batch) / weight)
        return hidden + self.update(hidden + heard + everyone[batch.owner])


def _per_graph(values: Tensor, batch: Batch) -> Tensor:
    return torch.zeros(batch.n, values.shape[1]).index_add(0, batch.owner, values)
