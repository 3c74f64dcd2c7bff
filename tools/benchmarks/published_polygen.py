"""The published polymer transformer, run for comparison only.

Weights and vocabulary are those of TRI-AMDD/PolyGen (CC0; Yang et al. 2024, Khajeh et al. 2025): a
minGPT of 144,720 parameters, 157,008 numbers with its causal masks. This is a small implementation
of its forward pass and of its way of sampling: five class tokens in front, top 40, temperature 1,
no cache.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ionwright.knowledge.errors import Damaged, InvalidRequest

FOLDER = "polygen"
_LAYERS, _HEADS, _BLOCK = 3, 3, 64
_CLASSES = {"low": 8, "high": 9}  # tokens of the class labels
_LABELS, _TOP = 5, 40  # repetitions of the label, top-k
_ROWS = 250


class PublishedPolyGen:
    """Writes SMILES with [Cu] and [Au] as chain ends, as the published checkpoint does."""

    def __init__(self, folder: Path) -> None:
        """Reads `10000.pt` and `vocab.txt`.

        Raises:
            InvalidRequest: if the folder lacks them.
            Damaged: if they do not fit together.
        """
        self.tokens = _read_vocabulary(folder / "vocab.txt")
        try:
            self.state: dict[str, Tensor] = torch.load(
                folder / "10000.pt", weights_only=True, map_location="cpu"
            )
        except OSError as error:
            raise InvalidRequest(f"no published checkpoint in {folder}: {error}") from error
        if self.state["transformer.wte.weight"].shape[0] != len(self.tokens):
            raise Damaged(f"{folder}: vocabulary and checkpoint are of different size")

    @torch.inference_mode()
    def sample(self, n: int, *, label: str = "high", seed: int = 0) -> list[str]:
        """`n` texts for the class "high" or "low" conductivity, as written."""
        generator = torch.Generator().manual_seed(seed)
        texts: list[str] = []
        while len(texts) < n:
            rows = min(_ROWS, n - len(texts))
            ids = torch.full((rows, _LABELS), _CLASSES[label])
            for _ in range(_BLOCK):
                logits = self._logits(ids[:, -_BLOCK:])[:, -1]
                best = logits.topk(_TOP)
                chosen = torch.multinomial(best.values.softmax(-1), 1, generator=generator)
                ids = torch.cat([ids, best.indices.gather(1, chosen)], dim=1)
            texts += [self._decode(row) for row in ids.tolist()]
        return texts

    def _decode(self, ids: list[int]) -> str:
        words = [self.tokens[i] for i in ids[_LABELS:]]
        start = words.index("[CLS]") + 1 if "[CLS]" in words else 0
        stop = words.index("[SEP]") if "[SEP]" in words else len(words)
        return "".join(words[start:stop])

    def _logits(self, ids: Tensor) -> Tensor:
        """ids (B, T) -> (B, T, V)."""
        s = self.state
        x = s["transformer.wte.weight"][ids] + s["transformer.wpe.weight"][: ids.shape[1]]
        for layer in range(_LAYERS):
            x = self._block(x, f"transformer.h.{layer}.")
        x = self._norm(x, "transformer.ln_f")
        return x @ s["lm_head.weight"].T

    def _block(self, x: Tensor, name: str) -> Tensor:
        b, t, c = x.shape
        qkv = self._linear(self._norm(x, name + "ln_1"), name + "attn.c_attn")
        q, k, v = qkv.view(b, t, 3, _HEADS, c // _HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self._linear(y.transpose(1, 2).reshape(b, t, c), name + "attn.c_proj")
        inner = self._linear(self._norm(x, name + "ln_2"), name + "mlp.c_fc")
        return x + self._linear(F.gelu(inner, approximate="tanh"), name + "mlp.c_proj")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self.state[name + ".weight"], self.state[name + ".bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self.state[name + ".weight"], self.state[name + ".bias"]
        return F.layer_norm(x, x.shape[-1:], weight, bias)


def _read_vocabulary(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except OSError as error:
        raise InvalidRequest(f"no published vocabulary: {error}") from error


def parameters(model: PublishedPolyGen) -> int:
    """How many numbers were trained: attention masks are not."""
    trained = [v for k, v in model.state.items() if not k.endswith(".attn.bias")]
    return sum(math.prod(value.shape) for value in trained)
