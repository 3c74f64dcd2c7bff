"""The networks of CDVAE: encoder, heads on the latent vector, and the decoder that gives scores.

Encoder and decoder are built of one kind of layer. Messages along the edges of a graph of nearest
neighbours carry scalars; summed with the edges' directions they become vectors, and the vectors of
both ends, seen along the edge, tell the next layer of angles. What comes out as scalars is the
same however the crystal is turned, shifted or numbered, what comes out as vectors turns with it.

Shapes: A atoms, B crystals, k neighbours, H width, C vectors of an atom, Z elements, P properties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .cdvae_data import MAX_ATOMS, PROPERTIES, Batch
from .periodic_graph import Cells, Neighbours, neighbours

ELEMENTS = 95  # logits are by atomic number; nothing has number 0
SHAPE = 7  # numbers that describe a lattice
TIMES = 16  # bumps that describe the strength of the noise
WAVES = 3  # of an edge's fractional coordinates


@dataclass(frozen=True)
class Config:
    """Size of the networks; kept beside the weights."""

    width: int = 128
    vectors: int = 16
    latent: int = 128
    encoder_layers: int = 2
    decoder_layers: int = 4
    neighbours: int = 18  # with what follows them left out, a shell is mostly whole
    radial: int = 24
    reach: float = 8.0  # angstrom, of the radial functions


class Layer(nn.Module):
    """One round of messages between neighbours, then an update of each atom."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        h, c = config.width, config.vectors
        self.norm = nn.LayerNorm(h)
        self.receiver, self.sender = nn.Linear(h, h), nn.Linear(h, h, bias=False)
        self.edge = nn.Linear(config.radial + 6 * WAVES + 2 * c, h, bias=False)
        self.direct = nn.Linear(h, c, bias=False)
        self.mix = nn.Linear(c, 2 * c, bias=False)
        self.update = nn.Sequential(nn.Linear(2 * h + 2 * c, h), nn.SiLU(), nn.Linear(h, h + c))

    def forward(
        self, h: Tensor, v: Tensor, graph: Neighbours, known: Tensor, context: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scalars h (A, H) and vectors v (A, 3, C) after this round.

        `known` (A, k, E) is what does not change of the edges; `context` (A, H) is added.
        """
        x = self.norm(h + context)
        u = graph.directions
        seen = (v[graph.index] * u[..., None]).sum(-2)  # the neighbour's vectors along the edge
        edge = self.edge(torch.cat([known, u @ v, seen], -1))
        message = F.silu(edge + self.receiver(x)[:, None] + self.sender(x)[graph.index])
        one = torch.ones_like(graph.weight)[..., None]
        weights = torch.cat([one, u], -1) * graph.weight[..., None]
        summed = weights.mT @ message / 4  # (A, 4, H): a scalar part and a vector part
        v = v + self.direct(summed[:, 1:])
        left, right = self.mix(v).chunk(2, -1)
        lengths = (left**2).sum(1).add(1e-6).sqrt()
        features = torch.cat([x, summed[:, 0], lengths, (left * right).sum(1)], -1)
        change, gate = self.update(features).split([h.shape[1], v.shape[2]], -1)
        return h + change, v + gate[:, None] * left


class Body(nn.Module):
    """Layers on a graph: from what atoms are at first to scalars (A, H) and vectors (A, 3, C).

    Each layer sees of an edge its length and its place in the cell, as waves that are the same for
    all images; vectors begin as the cell's own, so that directions along them can be told.
    """

    centres: Tensor

    def __init__(self, config: Config, layers: int) -> None:
        super().__init__()
        self.config = config
        self.cell = nn.Linear(3, config.vectors, bias=False)
        self.layers = nn.ModuleList(Layer(config) for _ in range(layers))
        centres = torch.linspace(0, config.reach, config.radial)
        self.register_buffer("centres", centres, persistent=False)

    def forward(
        self, h: Tensor, frac_coords: Tensor, cells: Cells, contexts: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """`contexts` holds what each layer adds to the scalars (A, H)."""
        graph = neighbours(frac_coords, cells, self.config.neighbours)
        step = self.config.reach / (self.config.radial - 1)
        radial = torch.exp(-0.5 * ((graph.distances[..., None] - self.centres) / step) ** 2)
        offsets = frac_coords[graph.index] - frac_coords[:, None]
        phases = [2 * torch.pi * m * offsets for m in range(1, WAVES + 1)]
        known = torch.cat([radial, *map(torch.sin, phases), *map(torch.cos, phases)], -1)
        edges = cells.lattices / cells.lattices.norm(dim=-1, keepdim=True)
        v = self.cell(edges.mT)[cells.crystal]
        for layer, context in zip(self.layers, contexts, strict=True):
            h, v = layer(h, v, graph, known, context)
        return h, v


class Encoder(nn.Module):
    """A crystal's latent distribution: mean and log variance (B, D)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        h, d = config.width, config.latent
        self.kind = nn.Embedding(ELEMENTS, h)
        self.body = Body(config, config.encoder_layers)
        self.atom = nn.Sequential(nn.Linear(h, 2 * h), nn.SiLU())
        self.whole = nn.Sequential(
            nn.Linear(2 * h + SHAPE + MAX_ATOMS + 1, 2 * h), nn.SiLU(), nn.Linear(2 * h, 2 * d)
        )

    def forward(self, batch: Batch, shapes: Tensor) -> tuple[Tensor, Tensor]:
        """`shapes` (B, 7) are the standardised lattices."""
        h = self.kind(batch.numbers)
        nothing = [torch.zeros_like(h)] * len(self.body.layers)
        h, _ = self.body(h, batch.frac_coords, batch.cells, nothing)
        pooled = mean_of(self.atom(h), batch.cells)
        size = F.one_hot(batch.cells.sizes, MAX_ATOMS + 1).to(pooled)
        mean, log_var = self.whole(torch.cat([pooled, shapes, size], -1)).chunk(2, -1)
        return mean, log_var.clamp(-12, 4)


class Writer(nn.Module):
    """Writes a composition atom by atom, heaviest first.

    A head that gives shares of elements is unsure between, say, the lanthanides, and rounding its
    shares puts all of them in one crystal; one atom after the other is a choice each time.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        h = 2 * config.width
        self.start = nn.Linear(config.latent + MAX_ATOMS + 1, h)
        self.written = nn.Linear(ELEMENTS + MAX_ATOMS + 1, h, bias=False)
        self.next = nn.Sequential(nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, ELEMENTS))

    def forward(self, about: Tensor, counts: Tensor, left: Tensor) -> Tensor:
        """Logits of the next element (R, Z).

        Args:
            about: what `begin` made of latent vector and size (R, 2H).
            counts: atoms of each element written so far (R, Z).
            left: atoms still to be written, this one included (R,).
        """
        state = torch.cat([counts / 4, F.one_hot(left, MAX_ATOMS + 1)], -1)
        return self.next(about + self.written(state.to(about)))

    def begin(self, z: Tensor, sizes: Tensor) -> Tensor:
        """What stays the same while a crystal's atoms are written (B, 2H)."""
        return self.start(torch.cat([z, F.one_hot(sizes, MAX_ATOMS + 1).to(z)], -1))

    def loss(self, z: Tensor, numbers: Tensor, cells: Cells) -> Tensor:
        """Negative log likelihood of each crystal's composition, mean over crystals."""
        of = cells.crystal
        order = torch.argsort(of * ELEMENTS - numbers)  # within each crystal, heaviest first
        kinds = F.one_hot(numbers[order], ELEMENTS)
        before = kinds.cumsum(0) - kinds
        counts = before - before[cells.slot == 0][of]
        last = numbers[order].roll(1).masked_fill(cells.slot == 0, ELEMENTS)
        left = cells.sizes[of] - cells.slot
        logits = self(self.begin(z, cells.sizes)[of], counts, left)
        logits = logits.masked_fill(_heavier(last), -torch.inf)
        return F.cross_entropy(logits, numbers[order], reduction="sum") / len(cells.sizes)

    @torch.no_grad()
    def write(
        self, z: Tensor, sizes: Tensor, excluded: Sequence[int] = (), forced: Sequence[int] = ()
    ) -> Tensor:
        """The likeliest next atom, again and again: counts of each element (B, Z).

        Args:
            z: latent vectors (B, D).
            sizes: atoms in each crystal (B,).
            excluded: atomic numbers never written.
            forced: atomic numbers that each crystal gets, as far as it has atoms.
        """
        about = self.begin(z, sizes)
        counts = torch.zeros(len(z), ELEMENTS, dtype=torch.long, device=z.device)
        last = torch.full_like(sizes, ELEMENTS)
        for done in range(int(sizes.max()) if len(sizes) else 0):
            left = (sizes - done).clamp(min=0)
            banned = _heavier(last) | _too_early(counts, left, forced)
            banned[:, [0, *excluded]] = True
            logits = self(about, counts, left).masked_fill(banned, -torch.inf)
            last = torch.where(left > 0, logits.argmax(-1), last)
            counts += F.one_hot(last.clamp(max=ELEMENTS - 1), ELEMENTS) * (left > 0)[:, None]
        return counts


def _heavier(last: Tensor) -> Tensor:
    """What is heavier than the last element written (R,), and so comes too late: (R, Z) bool."""
    return torch.arange(ELEMENTS, device=last.device) > last[:, None]


def _too_early(counts: Tensor, left: Tensor, forced: Sequence[int]) -> Tensor:
    """What may not be written while forced elements are missing: (R, Z) bool.

    Nothing lighter than the heaviest of them, and nothing else once there is room for no more.
    """
    kinds = torch.arange(ELEMENTS, device=counts.device)
    wanted = torch.zeros_like(counts, dtype=torch.bool)
    wanted[:, list(forced)] = True
    missing = wanted & (counts == 0)
    heaviest = (missing * kinds).amax(-1, keepdim=True)
    number = missing.sum(-1)
    urgent = (number > 0) & (left <= number)
    return (kinds < heaviest) | ((kinds != heaviest) & urgent[:, None])


class Heads(nn.Module):
    """What the latent vector says of the crystal as a whole."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        d, h = config.latent, 2 * config.width
        self.size = _head(d, h, MAX_ATOMS + 1)
        self.shape = _head(d + MAX_ATOMS + 1, h, SHAPE)
        self.composition = Writer(config)
        self.property = _head(d, h, len(PROPERTIES))

    def shapes(self, z: Tensor, sizes: Tensor) -> Tensor:
        """Standardised lattices (B, 7) of cells with this many atoms."""
        return self.shape(torch.cat([z, F.one_hot(sizes, MAX_ATOMS + 1).to(z)], -1))


class Decoder(nn.Module):
    """Scores of noisy coordinates and logits of true elements, given the latent vector."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        h, layers = config.width, config.decoder_layers
        self.kind = nn.Embedding(ELEMENTS, h)
        self.start = nn.Linear(config.latent + TIMES, h)
        self.contexts = nn.Linear(h, layers * h)
        self.body = Body(config, layers)
        self.gate = nn.Linear(h, config.vectors)
        self.out = nn.Linear(config.vectors, 1, bias=False)
        self.element = nn.Sequential(nn.Linear(2 * h, h), nn.SiLU(), nn.Linear(h, ELEMENTS))

    def forward(
        self, numbers: Tensor, frac_coords: Tensor, cells: Cells, z: Tensor, time: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What moves the atoms back, and what they are.

        Args:
            numbers: noisy atomic numbers (A,).
            frac_coords: noisy coordinates (A, 3).
            cells: the lattices.
            z: latent vectors (B, D).
            time: 1 for the strongest noise, 0 for the weakest (B,).

        Returns:
            Displacements over the noise's standard deviation, in sum zero for each crystal
            (A, 3), and logits of the elements (A, Z).
        """
        about = F.silu(self.start(torch.cat([z, _waves(time)], -1)))
        contexts = self.contexts(about)[cells.crystal].chunk(len(self.body.layers), -1)
        h, v = self.body(self.kind(numbers), frac_coords, cells, list(contexts))
        moved = self.out(v * self.gate(h)[:, None])[..., 0]
        logits = self.element(torch.cat([h, about[cells.crystal]], -1))
        return moved - mean_of(moved, cells)[cells.crystal], logits


class Network(nn.Module):
    """Everything of CDVAE that is learned, with the scales of lattices and properties."""

    shape_mean: Tensor
    shape_std: Tensor
    property_mean: Tensor
    property_std: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.heads = Encoder(config), Heads(config)
        self.decoder = Decoder(config)
        for name, size in (("shape", SHAPE), ("property", len(PROPERTIES))):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_std", torch.ones(size))

    def encode(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, D) of the latent vectors."""
        return self.encoder(batch, (batch.shapes - self.shape_mean) / self.shape_std)

    def shapes(self, z: Tensor, sizes: Tensor) -> Tensor:
        """Lattices (B, 7), as `lattice_of` takes them, of cells with this many atoms."""
        return self.heads.shapes(z, sizes) * self.shape_std + self.shape_mean

    def properties(self, z: Tensor) -> Tensor:
        """Properties (B, P) in their units."""
        return self.heads.property(z) * self.property_std + self.property_mean


def _waves(time: Tensor) -> Tensor:
    """Bumps along the scale of noise (B, TIMES)."""
    centres = torch.linspace(0, 1, TIMES, device=time.device)
    return torch.exp(-0.5 * ((time[:, None] - centres) * (TIMES - 1)) ** 2)


def _head(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
        nn.Linear(hidden, outputs),
    )


def mean_of(values: Tensor, cells: Cells) -> Tensor:
    """Means over the atoms of each crystal: (A, F) -> (B, F)."""
    total = values.new_zeros(len(cells.sizes), values.shape[1])
    total = total.index_add(0, cells.crystal, values)
    return total / cells.sizes[:, None]
