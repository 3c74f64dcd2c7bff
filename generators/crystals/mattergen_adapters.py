"""Adapters: small modules that turn the frozen base network towards a property.

As in the paper (Zeni et al. 2025, appendix B), each layer gets an addition that depends on the
wanted value and starts at zero, so an untrained adapter changes nothing. Ours also see the layer's
input, through a narrow waist. Guidance without a classifier: the scores with an adapter are pressed
beyond those without, and several properties add up.

Shapes: B crystals, N atoms, H width, G numbers of a code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from ionwright.generators.weights import load_weights, save_weights
from ionwright.knowledge.errors import Damaged
from ionwright.knowledge.vocabulary import property_of

from .mattergen_batches import Cells
from .mattergen_diffusion import ScoreOf
from .mattergen_network import KINDS, Config, Network, Noisy, Nudges, Scores

CHEMICAL_SYSTEM, SPACE_GROUP = "chemical_system", "space_group"
Kind = Literal["elements", "group", "number"]
WAVES = 8  # frequencies that a number's rank is written in
GROUPS = 231  # space group numbers, from 1
TINY = 1e-30  # least value on a logarithmic scale


@dataclass(frozen=True)
class Code:
    """How what is wanted becomes numbers for the adapter.

    Attributes:
        key: property key of the vocabulary, or CHEMICAL_SYSTEM or SPACE_GROUP.
        sample: of a number, sorted quantiles of the training values on the property's own scale.
    """

    key: str
    sample: tuple[float, ...] = ()

    @classmethod
    def of(cls, key: str, labels: np.ndarray) -> Code:
        """The code of a property with these training labels."""
        if kind_of(key) != "number":
            return cls(key)
        return cls(key, tuple(np.quantile(scaled(key, labels), np.linspace(0, 1, 257)).tolist()))

    @property
    def size(self) -> int:
        """Numbers in an encoded label."""
        return {"elements": KINDS + 1, "group": GROUPS, "number": 2 * WAVES + 1}[kind_of(self.key)]

    def numbers(self, values: np.ndarray) -> Tensor:
        """(B,) values in the vocabulary's unit -> (B, 2 WAVES + 1), by rank in the training."""
        rank = np.interp(scaled(self.key, values), self.sample, np.linspace(0, 1, len(self.sample)))
        turns = np.pi * rank[:, None] * np.arange(1, WAVES + 1)
        code = np.concatenate([rank[:, None], np.sin(turns), np.cos(turns)], 1)
        return torch.from_numpy(code).float()


def kind_of(key: str) -> Kind:
    """Whether a property is a set of elements, a space group or a number."""
    if key == CHEMICAL_SYSTEM:
        return "elements"
    return "group" if key == SPACE_GROUP else "number"


def scaled(key: str, values: np.ndarray) -> np.ndarray:
    """Values on the scale that is learned: log10 where the vocabulary says so."""
    return np.log10(np.maximum(values, TINY)) if property_of(key).log else np.asarray(values)


def group_code(numbers: np.ndarray) -> Tensor:
    """(B,) space group numbers -> (B, GROUPS)."""
    return F.one_hot(torch.from_numpy(np.asarray(numbers, dtype=np.int64)), GROUPS).float()


def elements_code(kinds: Tensor, *, exact: Tensor) -> Tensor:
    """(B, any) atomic numbers, 0 for none, -> (B, KINDS + 1); `exact` (B,): these and no others."""
    code = torch.zeros(len(kinds), KINDS + 1)
    code.scatter_(1, kinds.long(), 1.0)
    code[:, 0] = 0
    code[:, -1] = exact.float()
    return code


def some_elements(kinds: Tensor, generator: Generator) -> Tensor:
    """Codes of crystals (B, N) in training: half of them whole, half an open part of the system."""
    exact = torch.rand(len(kinds), generator=generator) < 0.5
    code = elements_code(kinds, exact=exact)
    chance = torch.rand(code[:, :-1].shape, generator=generator)
    part = code[:, :-1] * (chance < 0.5)
    first = (chance * code[:, :-1]).argmax(1, keepdim=True)  # never an empty part
    part.scatter_(1, first, 1.0)
    return torch.cat([torch.where(exact[:, None], code[:, :-1], part), code[:, -1:]], 1)


class Adapter(nn.Module):
    """The additions that one property makes to each layer."""

    def __init__(self, code: Code, config: Config, *, waist: int = 64, inner: int = 96) -> None:
        super().__init__()
        self.code, self.size = code, {"waist": waist, "inner": inner}
        first = nn.Linear(code.size, inner)
        if kind_of(code.key) != "number":  # few ones among many zeros: as a table of embeddings
            nn.init.normal_(first.weight)
        self.encode = nn.Sequential(first, nn.SiLU(), nn.Linear(inner, inner), nn.LayerNorm(inner))
        self.down = nn.ModuleList(
            nn.Linear(config.width + inner, waist) for _ in range(config.layers)
        )
        self.up = nn.ModuleList(nn.Linear(waist, config.width) for _ in range(config.layers))
        for up in self.up:
            assert isinstance(up, nn.Linear)
            nn.init.zeros_(up.weight)
            nn.init.zeros_(up.bias)

    def forward(self, layer: int, h: Tensor, inner: Tensor) -> Tensor:
        """h (B, N, H) and the encoded label (B, G) -> (B, N, H)."""
        both = torch.cat([h, inner[:, None].expand(-1, h.shape[1], -1)], -1)
        return self.up[layer](F.silu(self.down[layer](both)))

    def save(self, folder: Path, about: dict[str, Any]) -> None:
        """Writes the weights (fp16) with what `load` needs to know."""
        config = {**about, "code": asdict(self.code), "size": self.size}
        save_weights(folder, self.state_dict(), config)

    @classmethod
    def load(cls, folder: Path, config: Config) -> Adapter:
        """Reads what `save` wrote.

        Raises:
            Damaged: if it does not fit.
        """
        tensors, about = load_weights(folder)
        try:
            known = {f.name: about["code"][f.name] for f in fields(Code)}
            adapter = cls(Code(known["key"], tuple(known["sample"])), config, **about["size"])
            adapter.load_state_dict(tensors)
        except (KeyError, TypeError, RuntimeError) as error:
            raise Damaged(f"adapter damaged: {folder}: {error}; train it again") from error
        return adapter.eval()


class Wish(NamedTuple):
    """What is asked of the rows of one batch: an adapter and its encoded labels (B, code size)."""

    adapter: Adapter
    code: Tensor
    rows: slice = slice(None)


class Wishes(Nudges):
    """The additions of several wishes, each to its own rows."""

    def __init__(self, wishes: Sequence[Wish]) -> None:
        self.parts = [(wish, wish.adapter.encode(wish.code)) for wish in wishes]

    def __call__(self, layer: int, h: Tensor) -> Tensor:
        """See Nudges."""
        added = torch.zeros_like(h)
        for wish, inner in self.parts:
            added[wish.rows] = added[wish.rows] + wish.adapter(layer, h[wish.rows], inner)
        return added


def guided(network: Network, wishes: Sequence[Wish], guidance: float) -> ScoreOf:
    """Scores pressed towards the wishes: base + guidance * sum(with wish - base).

    The network sees every crystal once without and once with each wish, in one pass.
    """
    if not wishes:
        return network

    def score_of(noisy: Noisy) -> Scores:
        rows, times = len(noisy.time), len(wishes) + 1
        wide = Noisy(*(tensor.repeat(times, *[1] * (tensor.dim() - 1)) for tensor in noisy))
        placed = [
            Wish(wish.adapter, wish.code, slice(rows * i, rows * (i + 1)))
            for i, wish in enumerate(wishes, start=1)
        ]
        return Scores(*(_pressed(s, times, guidance) for s in network(wide, Wishes(placed))))

    return score_of


def _pressed(scores: Tensor, times: int, guidance: float) -> Tensor:
    base, *turned = scores.chunk(times)
    return base + guidance * torch.stack([each - base for each in turned]).sum(0)


def codes_of(
    code: Code, cells: Cells, labels: np.ndarray, chosen: np.ndarray, generator: Generator
) -> Tensor:
    """Encoded labels of the crystals with these indices, as training shows them."""
    kind = kind_of(code.key)
    if kind == "elements":
        return some_elements(torch.from_numpy(cells.kinds[chosen]), generator)
    return group_code(labels[chosen]) if kind == "group" else code.numbers(labels[chosen])
