"""The transformer under PolymerGPT: tokens and conditions in, logits of the next token out.

Shapes: B rows, T tokens, C width, V vocabulary, P conditions, K knots.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .polymer_conditions import CONDITIONS
from .polymer_tokens import PAD


@dataclass(frozen=True)
class Config:
    """The network's size; saved beside the weights."""

    vocab: int
    block: int = 80  # tokens, both specials included
    layers: int = 4
    heads: int = 4
    width: int = 128
    properties: int = len(CONDITIONS)
    knots: int = 16
    dropout: float = 0.1


class Attention(nn.Module):
    """Causal self-attention; with a cache it takes one new token at a time."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.qkv = nn.Linear(config.width, 3 * config.width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)

    def forward(self, x: Tensor, cache: Tensor | None = None, at: int = 0) -> Tensor:
        """x (B, T, C) -> (B, T, C); with a cache (2, block, B, heads, D) T is one, at `at`."""
        b, t, c = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, c // self.heads).unbind(2)
        if cache is not None:
            return self.out(self._one_token(q[:, 0], k[:, 0], v[:, 0], cache, at).view(b, 1, c))
        dropout = self.dropout if self.training else 0.0
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))  # (B, heads, T, D)
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(b, t, c))

    @staticmethod
    def _one_token(q: Tensor, k: Tensor, v: Tensor, cache: Tensor, at: int) -> Tensor:
        """q, k, v (B, heads, D). Time comes first in the cache: on a CPU this streams through
        memory once and takes half as long as torch's attention for a single query."""
        cache[0, at], cache[1, at] = k, v
        keys, values = cache[0, : at + 1], cache[1, : at + 1]
        scores = (keys * q).sum(-1, keepdim=True) * q.shape[-1] ** -0.5
        return (scores.softmax(0) * values).sum(0)


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


class Network(nn.Module):
    """Token and condition ids in, logits of the next token out."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab, config.width)
        self.places = nn.Embedding(config.block, config.width)
        # K knots per property and one more row that means "not asked for"
        self.levels = nn.Parameter(torch.zeros(config.properties, config.knots + 1, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, bias=False)
        self.head = nn.Linear(config.width, config.vocab, bias=False)
        self.head.weight = self.tokens.weight  # tied: fewer parameters, better at this size
        self.drop = nn.Dropout(config.dropout)
        self.apply(self._init)
        nn.init.normal_(self.levels, std=0.02)
        for name, weight in self.named_parameters():
            if name.endswith(("down.weight", "out.weight")):  # small at first, as in GPT-2
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * config.layers))

    @staticmethod
    def _init(module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)

    def condition(self, mixture: Tensor) -> Tensor:
        """mixture (B, P, K + 1), rows that sum to one -> (B, 1, C)."""
        return torch.einsum("bpk,pkc->bc", mixture, self.levels)[:, None]

    def forward(
        self, ids: Tensor, condition: Tensor, cache: list[Tensor] | None = None, at: int = 0
    ) -> Tensor:
        """ids (B, T), condition (B, 1, C) -> logits (B, T, V)."""
        places = torch.arange(at, at + ids.shape[1], device=ids.device)
        x = self.drop(self.tokens(ids) + self.places(places) + condition)
        for i, block in enumerate(self.blocks):
            x = block(x, None if cache is None else cache[i], at)
        return self.head(self.norm(x))

    def loss(self, ids: Tensor, mixture: Tensor) -> Tensor:
        """Mean cross entropy of the next token over ids (B, T), padding left out."""
        logits = self(ids[:, :-1], self.condition(mixture))
        return F.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten(), ignore_index=PAD)

    def new_cache(self, rows: int) -> list[Tensor]:
        """Empty keys and values for `rows` rows."""
        c = self.config
        shape = (2, c.block, rows, c.heads, c.width // c.heads)
        return [self.tokens.weight.new_zeros(shape) for _ in range(c.layers)]


def kept_rows(cache: list[Tensor], rows: Tensor, at: int) -> list[Tensor]:
    """The cache with only these rows; what is written so far (up to place `at`) is copied."""
    smaller = []
    for layer in cache:
        new = layer.new_empty((*layer.shape[:2], len(rows), *layer.shape[3:]))
        new[:, : at + 1] = layer[:, : at + 1, rows]
        smaller.append(new)
    return smaller
