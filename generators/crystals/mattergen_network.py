"""The score network of MatterGen: a small equivariant network on all pairs of atoms of a cell.

The published network is GemNet, which sees every neighbour and angle; ours is made for a CPU. Each
ordered pair of atoms is one edge, whose geometry is summed over the periodic images within a
cutoff: how many images lie at which distance (scalars), in which direction (vectors) and how those
directions spread (symmetric matrices). Beside them stand sines and cosines of the pair's
fractional difference, as in DiffCSP (Jiao et al. 2023): they vanish, or peak, where atoms of
symmetric crystals sit. Scalars pass through the layers; sums of vectors push the atoms, sums of
matrices strain the cell. So the outputs turn with the crystal and are blind to where it is shifted
and to the order and sense of its cell vectors; which reduced cell is taken matters a little.

Shapes: B crystals, N atoms (padded), K radial functions, C scalars or vectors of an
edge, H width, E edge width, Z kinds of atoms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MASKED = 0  # the kind of an atom that is not known yet
KINDS = 95  # masked, then atomic numbers 1 to 94
IMAGES = torch.tensor(list(product((-1, 0, 1), repeat=3)), dtype=torch.float32)  # (27, 3)


@dataclass(frozen=True)
class Config:
    """The size of the network; written into config.json beside the weights."""

    width: int = 192  # of what an atom knows
    edge: int = 64  # of what passes along a pair; most of the time goes there
    layers: int = 4
    radial: int = 16
    cutoff: float = 7.0  # angstrom
    times: int = 16  # frequencies that the time is written in

    @property
    def channels(self) -> int:
        """Scalars, and vectors, along an edge."""
        return self.radial + len(WAVES)


# Waves in fractional coordinates whose nodes are where atoms of symmetric crystals sit: halves,
# thirds, quarters ...
WAVES = (1, 2, 3, 4, 5, 6, 8, 12)


class Noisy(NamedTuple):
    """Crystals on the way between data and noise.

    Attributes:
        kinds: (B, N) atomic numbers, MASKED where unknown.
        frac: (B, N, 3) fractional coordinates.
        shape: (B, 3, 3) symmetric logarithm of the cell, without the part that `scale` gives.
        scale: (B,) edge in angstrom of a cube that holds N atoms at the mean density.
        real: (B, N) False where a row is padding.
        time: (B,) 0 is data, 1 is noise.
    """

    kinds: Tensor
    frac: Tensor
    shape: Tensor
    scale: Tensor
    real: Tensor
    time: Tensor

    @property
    def cell(self) -> Tensor:
        """(B, 3, 3) rows are cell vectors in angstrom, in the orientation that is symmetric."""
        return torch.linalg.matrix_exp(self.shape) * self.scale[:, None, None]


class Scores(NamedTuple):
    """What the network says of a noisy crystal.

    Attributes:
        logits: (B, N, Z) of each atom's kind.
        frac: (B, N, 3) score of the fractional coordinates times the noise's width.
        shape: (B, 3, 3) velocity of the cell's logarithm, in units of its spread.
    """

    logits: Tensor
    frac: Tensor
    shape: Tensor


class Geometry(NamedTuple):
    """All pairs, each summed over periodic images within the cutoff.

    Attributes:
        scalars: (B, N, N, C) soft counts of images by distance; then cosines of the waves.
        vectors: (B, N, N, 3, C) the counts times the unit vectors to the images; then sines.
        spreads: (B, N, N, 6, K) the counts times products of the unit vectors' components.
        cosines: (B, N, N, 3, W) of the waves along each axis.
        pairs: (B, N, N) 1 for pairs of real atoms, else 0.
    """

    scalars: Tensor
    vectors: Tensor
    spreads: Tensor
    cosines: Tensor
    pairs: Tensor


SYMMETRIC = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))  # order of a matrix's six components


def unfold(six: Tensor) -> Tensor:
    """(..., 6) components -> (..., 3, 3) symmetric matrices."""
    return six[..., [0, 3, 4, 3, 1, 5, 4, 5, 2]].unflatten(-1, (3, 3))


@torch.no_grad()
def geometry(noisy: Noisy, config: Config) -> Geometry:
    """What the edges know of where the atoms are."""
    cell = noisy.cell
    apart = noisy.frac[:, None, :, :] - noisy.frac[:, :, None, :]  # (B, N, N, 3) from i to j
    apart = apart - apart.round()
    images = IMAGES.to(cell) @ cell  # (B, 27, 3)
    away = (apart @ cell[:, None])[:, :, :, None, :] + images[:, None, None]  # (B, N, N, 27, 3)
    far = away.norm(dim=-1)
    pairs = (noisy.real[:, :, None] & noisy.real[:, None, :]).to(far)
    near = (far < config.cutoff) & (far > 1e-6) & (pairs > 0)[..., None]
    centres = torch.linspace(0.5, config.cutoff - 0.5, config.radial, device=far.device)
    width = float(centres[1] - centres[0])
    fade = 0.5 * (torch.cos(math.pi * far / config.cutoff) + 1) * near
    # bumps of four steps' width, in place of Gaussians: an exponential costs more than the rest
    bump = 1 - ((far[..., None] - centres) / (2 * width)) ** 2
    radial = bump.clamp_(min=0).square_() * fade[..., None]
    unit = away / far.clamp(min=1e-6)[..., None]
    spread = torch.stack([unit[..., a] * unit[..., b] for a, b in SYMMETRIC], -1)
    along = torch.cat([torch.ones_like(unit[..., :1]), unit, spread], -1)  # (B, N, N, 27, 10)
    sums = along.transpose(-1, -2) @ radial  # (B, N, N, 10, K)
    radial, vectors, spreads = sums.split((1, 3, 6), dim=3)
    turns = 2 * math.pi * apart[..., None] * torch.tensor(WAVES).to(far)  # (B, N, N, 3, W)
    there = pairs[..., None, None]
    cosines = turns.cos() * there
    scalars = torch.cat([radial.squeeze(3), cosines.mean(3)], -1)
    vectors = torch.cat([vectors, turns.sin() * there], -1)
    return Geometry(scalars, vectors, spreads, cosines, pairs)


class Layer(nn.Module):
    """One round of messages: scalars along every pair, vectors beside them."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width, edge, channels = config.width, config.edge, config.channels
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Linear(width, 2 * width)
        self.sender, self.receiver = nn.Linear(width, edge), nn.Linear(width, edge, bias=False)
        self.edge = nn.Linear(3 * channels, edge, bias=False)
        self.message = nn.Linear(edge, edge)
        self.force = nn.Linear(edge, channels)
        self.mix = nn.Linear(channels, 2 * channels, bias=False)
        self.update = nn.Sequential(
            nn.Linear(width + edge + channels, width), nn.SiLU(), nn.Linear(width, width)
        )

    def forward(
        self, h: Tensor, v: Tensor, edges: Geometry, context: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """h (B, N, H), v (B, N, 3, C), context (B, H) -> new h, new v, messages (B, N, N, E)."""
        gain, bias = self.modulate(context)[:, None].chunk(2, -1)
        x = self.norm(h) * (1 + gain) + bias
        # angles: what each end already knows of its surroundings, seen along the edge
        seen = (v[:, :, None] * edges.vectors).sum(-2), (v[:, None] * edges.vectors).sum(-2)
        inputs = torch.cat([edges.scalars, *seen], -1)
        m = self.sender(x)[:, None] + self.receiver(x)[:, :, None] + self.edge(inputs)
        m = F.silu(self.message(F.silu(m))) * edges.pairs[..., None]
        share = 1 / edges.pairs.sum(2).clamp(min=1)  # (B, N)
        received = m.sum(2) * share[..., None]
        pushed = (self.force(m)[..., None, :] * edges.vectors).sum(2) * share[
            ..., None, None
        ] ** 0.5
        v = v + pushed
        first, second = self.mix(v).chunk(2, -1)
        h = h + self.update(torch.cat([x, received, (first * second).sum(-2)], -1))
        return h, v, m


class Network(nn.Module):
    """Scores of kinds, coordinates and cell together."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width, edge, radial = config.width, config.edge, config.radial
        self.kind = nn.Embedding(KINDS, width)
        self.about = nn.Sequential(
            nn.Linear(2 * config.times + 5 + 2 * KINDS, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
        )
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.logits = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, KINDS))
        self.pair = nn.Linear(edge, config.channels + radial)  # force, stress of each pair
        self.even = nn.Linear(edge, len(WAVES))
        self.axis = nn.Sequential(  # forces from the atom's own vectors, for each axis apart
            nn.Linear(width + len(WAVES), edge), nn.SiLU(), nn.Linear(edge, 2 * config.channels)
        )
        self.whole = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, 2))
        # a score is a displacement over the noise: its size runs over decades with the time
        self.gain = nn.Linear(width, 2)
        nn.init.zeros_(self.gain.weight)
        nn.init.zeros_(self.gain.bias)

    def forward(self, noisy: Noisy, nudges: Nudges | None = None) -> Scores:
        """The scores of B crystals; `nudges` are the adapters' additions to each layer."""
        edges = geometry(noisy, self.config)
        context = self.about(self._facts(noisy))
        h = self.kind(noisy.kinds)
        v = torch.zeros_like(edges.vectors[:, :, 0])
        for number, layer in enumerate(self.layers):
            if nudges is not None:
                h = h + nudges(number, h)
            h, v, m = layer(h, v, edges, context)
        h = self.norm(h)
        logits = self.logits(h)
        return Scores(logits, *self._motions(noisy, edges, context, h, v, m))

    def _facts(self, noisy: Noisy) -> Tensor:
        """(B, 2 T + 5 + 2 Z) time, number of atoms, invariants of the cell, composition so far."""
        phase = noisy.time[:, None] * torch.arange(1, self.config.times + 1).to(noisy.time)
        phase = phase * math.pi
        trace = noisy.shape.diagonal(dim1=1, dim2=2).sum(-1)
        square = noisy.shape @ noisy.shape
        cube = (square * noisy.shape).sum((1, 2))
        count = noisy.real.sum(1).to(trace)
        more = torch.stack(
            [noisy.time, count.log(), trace, square.diagonal(dim1=1, dim2=2).sum(-1), cube], -1
        )
        amounts = F.one_hot(noisy.kinds, KINDS).to(trace) * noisy.real[..., None]
        amounts = amounts.sum(1)
        shares = amounts / count[:, None]
        return torch.cat([phase.sin(), phase.cos(), more, shares, amounts.clamp(max=1)], -1)

    def _motions(
        self, noisy: Noisy, edges: Geometry, context: Tensor, h: Tensor, v: Tensor, m: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Forces as steps in fractional coordinates, and the velocity of the cell's logarithm."""
        real = noisy.real[..., None].to(h)
        count = real.sum(1)  # (B, 1)
        radial = self.config.radial
        force, stress = self.pair(m).split((self.config.channels, radial), -1)
        pulls = (force[..., None, :] * edges.vectors).sum(2) / count[..., None, None] ** 0.5
        straight, waved = self._own_forces(edges, h, v, m, count)
        pull = pulls[..., :radial].sum(-1) + straight
        cell = noisy.cell
        size = torch.linalg.det(cell).clamp(min=1e-6) ** (1 / 3)
        harder, tighter = self.gain(context).exp()[..., None, None].unbind(1)  # (B, 1, 1) each
        frac = (pull @ torch.linalg.inv(cell)) * size[:, None, None]
        frac = frac + pulls[..., radial:].sum(-1) + waved
        frac = frac * harder * real
        # equal shifts of all atoms change nothing: the true score has none
        frac = (frac - frac.sum(1, keepdim=True) / count[:, None]) * real
        mean = torch.cat([(h * real).sum(1) / count, context], -1)
        own, even = self.whole(mean).unbind(-1)
        pressed = unfold((stress[..., None, :] * edges.spreads).sum((1, 2, 4)) / count**1.5)
        unit = torch.eye(3, device=cell.device)
        shape = own[:, None, None] * noisy.shape + even[:, None, None] * unit
        return frac, shape + tighter * pressed

    def _own_forces(
        self, edges: Geometry, h: Tensor, v: Tensor, m: Tensor, count: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(B, N, 3) twice, in space and in fractional coordinates, from the vectors of each atom.

        Their weights may differ from axis to axis, as a site may be fixed along one and free along
        another: they depend on what is even along that axis.
        """
        even = (self.even(m)[..., None, :] * edges.cosines).sum(2) / count[..., None, None]
        along = torch.cat([h[:, :, None].expand(-1, -1, 3, -1), even], -1)
        straight, waved = self.axis(along).chunk(2, -1)
        return (straight * v).sum(-1), (waved * v).sum(-1)


class Nudges:
    """Interface of what adapters add: called with the layer's number and its input."""

    def __call__(self, layer: int, h: Tensor) -> Tensor:
        """(B, N, H) to add to the input h of layer `layer`."""
        raise NotImplementedError
