"""How near a material lies to the training set, by the environments that its atoms have.

Only hashed environments of the training polymers are kept (bits and a hash of each polymer's
name), no structures and no labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

BITS = 512
NEIGHBOURS = 5
_BLOCK = 512


def fold(environments: Mapping[int, int], bits: int = BITS) -> np.ndarray:
    """The environments that occur, hashed into `bits` bits; uint8 (bits,) of 0 and 1."""
    folded = np.zeros(bits, dtype=np.uint8)
    # Fibonacci hashing: the low bits of the environments' own hashes are not evenly spread
    folded[[(key * 2654435761 % 2**32) * bits >> 32 for key in environments]] = 1
    return folded


def similarities(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Tanimoto similarity of bit vectors: (n, bits) and (m, bits) of 0 and 1 -> (n, m)."""
    left, right = left.astype(np.float32, copy=False), right.astype(np.float32, copy=False)
    both = left @ right.T
    either = left.sum(1)[:, None] + right.sum(1)[None, :] - both
    return both / np.maximum(either, 1)


@dataclass(frozen=True)
class Domain:
    """The training set as bits, and how near held-out polymers came to it.

    Attributes:
        packed: bits of the training polymers (m, BITS / 8), uint8.
        names: `psmiles_hash` of the training polymers (m,), int64.
        reference: sorted similarity of each training polymer to those of other scaffolds (101,),
            as percentiles.
    """

    packed: np.ndarray
    names: np.ndarray
    reference: np.ndarray

    @cached_property
    def _known(self) -> np.ndarray:
        return np.unpackbits(self.packed, axis=1).astype(np.float32)

    def similarity(self, bits: np.ndarray) -> np.ndarray:
        """Mean similarity to the five nearest training polymers; bits (n, BITS) -> (n,)."""
        near = [
            nearest_mean(similarities(bits[start : start + _BLOCK], self._known))
            for start in range(0, len(bits), _BLOCK)
        ]
        return np.concatenate(near) if near else np.zeros(0, dtype=np.float32)

    def score(self, similarity: np.ndarray) -> np.ndarray:
        """0-1: 1 where at least half of the held-out training polymers lay farther than this.

        Twice the share of polymers that, held out with their scaffold, lay at least as far from
        the rest of the training set; so 0.1 means "farther than 95 % of them".
        """
        share = np.interp(similarity, self.reference, np.linspace(0, 1, len(self.reference)))
        return np.clip(2 * share, 0, 1)

    def nearest(self, bits: np.ndarray, n: int = NEIGHBOURS) -> list[list[tuple[int, float]]]:
        """The `n` nearest training polymers of each row as (name hash, similarity), best first."""
        table = similarities(bits, self._known)
        order = np.argsort(-table, axis=1, kind="stable")[:, :n]
        return [
            [(int(self.names[column]), float(row[column])) for column in columns]
            for row, columns in zip(table, order, strict=True)
        ]


def nearest_mean(table: np.ndarray) -> np.ndarray:
    """Mean of the five largest entries of each row."""
    n = min(NEIGHBOURS, table.shape[1])
    return np.partition(table, -n, axis=1)[:, -n:].mean(axis=1)


def domain_of(bits: np.ndarray, names: Sequence[int], groups: Sequence[str]) -> Domain:
    """The domain of a training set; `groups` are held out together to find the reference."""
    kinds = np.unique(np.asarray(groups), return_inverse=True)[1]
    near = np.empty(len(bits), dtype=np.float32)
    for start in range(0, len(bits), _BLOCK):
        table = similarities(bits[start : start + _BLOCK], bits)
        table[kinds[start : start + _BLOCK, None] == kinds[None, :]] = 0
        near[start : start + _BLOCK] = nearest_mean(table)
    return Domain(
        packed=np.packbits(bits, axis=1),
        names=np.array(names, dtype=np.uint64).view(np.int64),
        reference=np.percentile(near, np.linspace(0, 100, 101)),
    )
