"""The transformer under WyckoffAR: steps and conditions in, scores of the answers out.

Shapes: B rows, T steps, C width, P conditions, K knots, E elements.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .wyckoff_positions import GROUPS, positions
from .wyckoff_tokens import ASKS, BINS, COLUMNS, ELEMENTS, ORBIT, PLACES, SCALE_OF, SCALES, SPG

PAD = -100  # an answer that is not asked for
_WAVES = 8


@dataclass(frozen=True)
class Config:
    """The network's size; saved beside the weights."""

    block: int = 96  # steps
    layers: int = 4
    heads: int = 4
    width: int = 96
    place_width: int = 24  # of what is learned of each Wyckoff position by itself
    properties: int = 3
    knots: int = 16
    dropout: float = 0.1


@dataclass(frozen=True)
class Condition:
    """What the rows of a batch are asked for.

    Attributes:
        mixture: (B, P, K + 1) knots of each property; the last means "not asked for".
        elements: (B, E) elements that are to occur, as 0 and 1.
        only: (B,) 1 where no other elements are to occur.
    """

    mixture: Tensor
    elements: Tensor
    only: Tensor

    def rows(self, kept: list[int]) -> Condition:
        """What these rows are asked for."""
        return Condition(self.mixture[kept], self.elements[kept], self.only[kept])

    def to(self, device: str) -> Condition:
        """On a device."""
        return Condition(self.mixture.to(device), self.elements.to(device), self.only.to(device))


class Attention(nn.Module):
    """Causal self-attention; with a cache it takes one new step at a time."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.qkv = nn.Linear(config.width, 3 * config.width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)

    def forward(self, x: Tensor, cache: Tensor | None = None, at: int = 0) -> Tensor:
        """x (B, T, C) -> (B, T, C); with a cache (2, B, heads, block, D) T is one, at `at`."""
        b, t, c = x.shape
        qkv = self.qkv(x).view(b, t, 3, self.heads, c // self.heads)
        q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))  # (B, heads, T, D)
        if cache is not None:
            cache[0, :, :, at], cache[1, :, :, at] = k[:, :, 0], v[:, :, 0]
            k, v = cache[0, :, :, : at + 1], cache[1, :, :, : at + 1]
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=cache is None)
        return self.out(y.transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    """Attention and a feed-forward net, each on a normalised input and added to the stream."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, bias=False)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.width, bias=False)
        self.up = nn.Linear(config.width, 4 * config.width, bias=False)
        self.down = nn.Linear(4 * config.width, config.width, bias=False)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cache: Tensor | None = None, at: int = 0) -> Tensor:
        """x (B, T, C) -> (B, T, C)."""
        x = x + self.drop(self.attention(self.norm1(x), cache, at))
        return x + self.drop(self.down(F.gelu(self.up(self.norm2(x)))))


class Elements(nn.Module):
    """A vector for each element: learned, plus a linear map of what chemistry knows of it.

    The latter lets elements that are rare in the data borrow from their neighbours.
    """

    facts: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("facts", torch.from_numpy(element_facts()))
        self.own = nn.Embedding(ELEMENTS, width)
        self.known = nn.Linear(self.facts.shape[1], width, bias=False)

    def forward(self) -> Tensor:
        """The table (E, C); row 0 means "none"."""
        return self.own.weight + self.known(self.facts)


class Places(nn.Module):
    """A vector for each Wyckoff position of every group, from what it has in common with others."""

    size: Tensor
    site: Tensor
    letter: Tensor
    freedom: Tensor
    of_group: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        listed = [(0, 0, 0, 0)]
        of_group = torch.zeros(GROUPS + 1, PLACES, dtype=torch.long)
        for spg_num in range(1, GROUPS + 1):
            for place, position in enumerate(positions(spg_num)):
                of_group[spg_num, place] = position.index
                bits = sum(1 << axis for axis in position.free)
                listed.append((position.multiplicity, position.site + 1, place, bits))
        size, site, letter, freedom = torch.tensor(listed).T
        sizes = {int(value): i for i, value in enumerate(size.unique())}
        named = {"size": torch.tensor([sizes[int(value)] for value in size]), "site": site}
        for name, values in {**named, "letter": letter, "freedom": freedom}.items():
            self.register_buffer(name, values.clone(), persistent=False)
        self.register_buffer("of_group", of_group, persistent=False)
        self.tables = nn.ModuleDict(
            {
                name: nn.Embedding(int(getattr(self, name).max()) + 1, config.width)
                for name in ("size", "site", "letter", "freedom")
            }
        )
        self.own = nn.Embedding(len(listed), config.place_width)
        self.lift = nn.Linear(config.place_width, config.width, bias=False)

    def forward(self) -> Tensor:
        """The table (all positions + 1, C); row 0 means "none"."""
        shared = [table(getattr(self, name)) for name, table in self.tables.items()]
        table = self.lift(self.own.weight) + torch.stack(shared).sum(0)
        return torch.cat([torch.zeros_like(table[:1]), table[1:]])


class Network(nn.Module):
    """Steps in, the state before each answer out; heads turn states into scores of answers."""

    waves: Tensor
    scale_of_ask: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config, width = config, config.width
        self.elements, self.positions = Elements(width), Places(config)
        self.groups = nn.Embedding(GROUPS + 1, width)
        self.values = nn.Embedding(1 + len(SCALES) * BINS, width, padding_idx=0)
        self.register_buffer("waves", _waves(), persistent=False)
        self.wave = nn.Linear(self.waves.shape[1], width, bias=False)
        self.asks = nn.Embedding(len(ASKS), width)
        self.of_which = nn.Linear(2 * width, width, bias=False)
        self.places = nn.Embedding(config.block, width)
        # K knots per property and one more row that means "not asked for"
        self.levels = nn.Parameter(torch.zeros(config.properties, config.knots + 1, width))
        self.wanted = nn.Linear(width, width, bias=False)
        self.only = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width, bias=False)
        self.group_head = nn.Linear(width, GROUPS + 1)
        self.number_head = nn.Linear(width, width, bias=False)
        self.number_bias = nn.Parameter(torch.zeros(ELEMENTS))
        self.place_head = nn.Sequential(
            nn.Linear(2 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.value_head = nn.Linear(width, len(SCALES) * BINS)
        self.drop = nn.Dropout(config.dropout)
        scales = torch.tensor([SCALE_OF.get(name, 0) for name in ASKS])
        self.register_buffer("scale_of_ask", scales, persistent=False)
        self._start()

    def _start(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02 if isinstance(module, nn.Linear) else 0.05)
        nn.init.normal_(self.levels, std=0.02)
        with torch.no_grad():
            self.values.weight[0] = 0
        for name, weight in self.named_parameters():
            if name.endswith(("down.weight", "out.weight")):  # small at first, as in GPT-2
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * self.config.layers))

    def condition(self, asked: Condition) -> Tensor:
        """What is asked for as one vector for each row (B, 1, C)."""
        properties = torch.einsum("bpk,pkc->bc", asked.mixture, self.levels)
        elements = self.wanted(asked.elements @ self.elements())
        return (properties + elements + asked.only[:, None] * self.only)[:, None]

    def forward(
        self, steps: Tensor, condition: Tensor, cache: list[Tensor] | None = None, at: int = 0
    ) -> Tensor:
        """steps (B, T, len(COLUMNS)), condition (B, 1, C) -> states (B, T, C)."""
        column = dict(zip(COLUMNS, steps.unbind(-1), strict=True))
        elements, table = self.elements(), self.positions()
        has_orbit = (column["number"] > 0)[..., None]
        x = self.groups(column["spg_num"]) + F.embedding(column["number"], elements) * has_orbit
        x = x + F.embedding(column["position"], table)
        x = x + self.values(column["value"]) + self.wave(self.waves[column["value"]])
        asked = torch.cat(
            [
                F.embedding(column["ask_number"], elements),
                F.embedding(column["ask_position"], table),
            ],
            -1,
        )
        x = (
            x
            + self.asks(column["ask"])
            + self.of_which(asked) * (column["ask_number"] > 0)[..., None]
        )
        places = torch.arange(at, at + steps.shape[1], device=steps.device)
        x = self.drop(x + self.places(places) + condition)
        for i, block in enumerate(self.blocks):
            x = block(x, None if cache is None else cache[i], at)
        return self.norm(x)

    def group_scores(self, state: Tensor) -> Tensor:
        """(N, C) -> (N, GROUPS + 1)."""
        return self.group_head(state)

    def number_scores(self, state: Tensor) -> Tensor:
        """(N, C) -> (N, E): elements; 0 is "no further orbit"."""
        return self.number_head(state) @ self.elements().T + self.number_bias

    def place_scores(self, state: Tensor, spg_num: Tensor, number: Tensor) -> Tensor:
        """Positions of each row's group for an orbit of this element (N, PLACES)."""
        element = F.embedding(number, self.elements())
        wanted = self.place_head(torch.cat([state, element], -1))
        keys = F.embedding(self.positions.of_group[spg_num], self.positions())
        return (keys @ wanted[..., None])[..., 0]

    def value_scores(self, state: Tensor, ask: Tensor) -> Tensor:
        """(N, C) -> (N, BINS) on the scale of what is asked."""
        scores = self.value_head(state).view(-1, len(SCALES), BINS)
        return scores[torch.arange(len(scores), device=state.device), self.scale_of_ask[ask]]

    def losses(self, steps: Tensor, answers: Tensor, condition: Tensor) -> dict[str, Tensor]:
        """Cross entropies in nats of all answers of each kind.

        Args:
            steps: (B, T, len(COLUMNS)).
            answers: (B, T, 2), PAD where nothing is asked.
            condition: (B, 1, C).
        """
        state = self(steps, condition)
        asks, spg_num = steps[..., COLUMNS.index("ask")], steps[..., COLUMNS.index("spg_num")]
        first, second = answers.unbind(-1)
        there = first != PAD
        is_group, is_orbit = there & (asks == SPG), there & (asks == ORBIT)
        is_value, is_place = there & (asks > ORBIT), is_orbit & (first > 0)
        places = self.place_scores(state[is_place], spg_num[is_place], first[is_place])
        unknown = self.positions.of_group[spg_num[is_place]] == 0
        places = places.float().masked_fill(unknown, -torch.inf)
        pairs = {
            "group": (self.group_scores(state[is_group]), first[is_group]),
            "element": (self.number_scores(state[is_orbit]), first[is_orbit]),
            "place": (places, second[is_place]),
            "number": (self.value_scores(state[is_value], asks[is_value]), first[is_value]),
        }
        return {
            kind: F.cross_entropy(scores.float(), right, reduction="sum")
            for kind, (scores, right) in pairs.items()
        }

    def new_cache(self, rows: int) -> list[Tensor]:
        """Empty keys and values for `rows` rows."""
        c = self.config
        shape = (2, rows, c.heads, c.block, c.width // c.heads)
        return [self.groups.weight.new_zeros(shape) for _ in range(c.layers)]


def element_facts() -> np.ndarray:
    """(E, F) electronegativity, radii, place in the periodic table, oxidation states."""
    from pymatgen.core import Element

    facts = np.zeros((ELEMENTS, 4 + 18 + 7 + 13), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some elements lack a value, which then is 0
        for number in range(1, ELEMENTS):
            element = Element.from_Z(number)
            numbers = (element.X / 2, element.atomic_radius, element.average_ionic_radius)
            facts[number, :3] = np.nan_to_num([float(value or 0) for value in numbers])
            facts[number, 3] = float(element.is_lanthanoid)
            facts[number, 4 + element.group - 1] = 1
            facts[number, 22 + element.row - 1] = 1 if element.row <= 7 else 0
            for state in element.common_oxidation_states:
                facts[number, 29 + min(max(state, -4), 8) + 4] = 1
    return facts


def _waves() -> Tensor:
    """(values + 1, 2 * waves): sines and cosines, so that near bins look alike from the start."""
    bins = torch.arange(BINS) / BINS
    table = [torch.zeros(1, 2 * _WAVES)]
    for scale in SCALES:
        turns = bins if scale == "coordinate" else bins / 2  # only coordinates are periodic
        angles = 2 * math.pi * turns[:, None] * torch.arange(1, _WAVES + 1)
        table.append(torch.cat([angles.sin(), angles.cos()], 1))
    return torch.cat(table)
