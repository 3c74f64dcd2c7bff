"""Training rows of the polymer transformer: which polymer, which way of writing, which conditions.

Each draw is a function of the seed and the step alone, so that a resumed training goes on exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ionwright.knowledge.psmiles import variants_of

from .polymer_conditions import CONDITIONS, Knots, scale
from .polymer_data import ImaginedPolymer, LabelledPolymer
from .polymer_tokens import PAD, Tokenizer

_POOL = 6  # rows drawn for each row used: those of like length go together, so little is padding


@dataclass
class Corpus:
    """Encoded polymers: every way of writing each one, its scaled conditions, its weight."""

    ways: list[list[list[int]]]
    values: np.ndarray  # (N, P) scaled, NaN = not known
    weights: np.ndarray  # (N,) sums to one

    def __len__(self) -> int:
        return len(self.ways)

    @classmethod
    def of(
        cls,
        polymers: Sequence[str],
        values: np.ndarray,
        tokenizer: Tokenizer,
        block: int,
        weights: np.ndarray | None = None,
        *,
        shift: bool = True,
    ) -> Corpus:
        """Encodes polymers; those too long or with unknown tokens are left out."""
        ways, kept = [], []
        for i, polymer in enumerate(polymers):
            texts = variants_of(polymer) if shift else [polymer]
            rows = [ids for text in texts if (ids := tokenizer.encode(text)) and len(ids) <= block]
            if rows:
                ways.append(rows)
                kept.append(i)
        weight = np.ones(len(polymers)) if weights is None else weights
        return cls(ways, values[kept], weight[kept] / weight[kept].sum())

    def draw(
        self, size: int, rng: np.random.Generator, knots: dict[str, Knots], forget: float
    ) -> tuple[Tensor, Tensor]:
        """A batch: ids (B, T) and condition mixtures (B, P, K + 1).

        Args:
            size: B.
            rng: where chance comes from.
            knots: of each property.
            forget: share of known conditions that are hidden, so that the model learns to write
                without them as well.
        """
        pool = rng.choice(len(self), size * _POOL, p=self.weights)
        rows = [self.ways[i][rng.integers(len(self.ways[i]))] for i in pool]
        order = np.argsort([len(row) for row in rows], kind="stable")
        start = rng.integers(len(order) - size + 1)
        chosen = order[start : start + size]
        values = self.values[pool[chosen]].copy()
        # hide each property by itself, and now and then all of them
        hide = rng.random(values.shape) < forget
        hide |= rng.random((size, 1)) < forget
        values[hide] = np.nan
        return padded([rows[i] for i in chosen]), mixtures(values, knots)


def mixtures(values: np.ndarray, knots: dict[str, Knots]) -> Tensor:
    """(B, P) scaled values, NaN = not asked for -> (B, P, K + 1)."""
    columns = [knots[key].mixture(values[:, i]) for i, key in enumerate(CONDITIONS)]
    return torch.from_numpy(np.stack(columns, axis=1))


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of ids as one tensor (B, T)."""
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])


def labelled_values(
    polymers: Sequence[LabelledPolymer | ImaginedPolymer], sa: Sequence[float]
) -> np.ndarray:
    """(N, P) scaled condition values of labelled polymers, measured or predicted."""
    rows = [
        (
            scale("ionic_conductivity", polymer.ionic_conductivity),
            polymer.transference_number,
            score,
        )
        for polymer, score in zip(polymers, sa, strict=True)
    ]
    return np.asarray(rows, dtype=float).reshape(-1, len(CONDITIONS))


def flattening_weights(values: np.ndarray, power: float, bins: int = 20) -> np.ndarray:
    """Weights that favour rare values: one over the histogram's count, to a power (0 = as is)."""
    counts, edges = np.histogram(values, bins=bins)
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, bins - 1)
    return (1.0 / counts[place]) ** power
