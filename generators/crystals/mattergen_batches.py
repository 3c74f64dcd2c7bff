"""Crystals as padded arrays in reduced cells, drawn in batches of similar size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.vocabulary import ELEMENTS, WORKING_IONS

from .data import CrystalSet
from .mattergen_diffusion import Schedule
from .mattergen_network import Noisy

MAX_ATOMS = 20
HIGHEST_HULL = 0.1  # eV/atom; less stable crystals are not learned
UNKNOWN_WEIGHT = 0.5  # of crystals whose stability is not known
BATTERY_WEIGHT = 3.0  # of crystals with a working ion and an anion
ANIONS = ("N", "O", "F", "P", "S", "Cl", "Se", "Br", "I")
MOST_ROUNDS = 100  # of shortening cell vectors; a few are enough for sensible cells
POOL = 16  # batches drawn together, sorted by size, then cut: little padding, no bias


@dataclass(frozen=True)
class Cells:
    """Crystals ready to be learned.

    Attributes:
        kinds: (n, MAX_ATOMS) atomic numbers, 0 behind the last atom.
        frac: (n, MAX_ATOMS, 3).
        logs: (n, 3, 3) symmetric logarithm of the cell in angstrom.
        counts: (n,) atoms.
        weights: (n,) how often each is drawn, relative.
    """

    kinds: np.ndarray
    frac: np.ndarray
    logs: np.ndarray
    counts: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.counts)

    def schedule(self) -> Schedule:
        """The noise that fits these cells: their mean volume and the spread of their shapes."""
        logs_volume = np.trace(self.logs, axis1=1, axis2=2) - np.log(self.counts)
        volume = float(np.exp(np.average(logs_volume, weights=self.weights)))
        scale = np.log(self.counts * volume) / 3
        rest = self.logs - scale[:, None, None] * np.eye(3)
        square = np.average((rest**2).sum((1, 2)), weights=self.weights)
        return Schedule(volume=volume, spread=float(np.sqrt(square / 6)))

    def batch(self, chosen: np.ndarray, schedule: Schedule) -> Noisy:
        """Clean crystals, padded to the largest of them."""
        most = int(self.counts[chosen].max())
        count = torch.from_numpy(self.counts[chosen]).float()
        scale = schedule.scale(count)
        logs = torch.from_numpy(self.logs[chosen]).float()
        return Noisy(
            kinds=torch.from_numpy(self.kinds[chosen, :most]).long(),
            frac=torch.from_numpy(self.frac[chosen, :most]).float(),
            shape=logs - scale.log()[:, None, None] * torch.eye(3),
            scale=scale,
            real=torch.arange(most)[None] < count[:, None],
            time=torch.zeros(len(chosen)),
        )

    def drawn(self, size: int, seed: int, step: int) -> np.ndarray:
        """The crystals of batch `step`: by weight, of similar sizes within a batch."""
        rng = np.random.default_rng([seed, step // POOL])
        share = self.weights / self.weights.sum()
        pool = rng.choice(len(self), size * POOL, p=share)
        pool = pool[np.argsort(self.counts[pool], kind="stable")]
        return np.split(pool, POOL)[rng.permutation(POOL)[step % POOL]]


def cells_of(crystals: CrystalSet, weights: Sequence[float] | np.ndarray | None = None) -> Cells:
    """Crystals of at most MAX_ATOMS atoms in reduced cells; `weights` as in Cells.

    Raises:
        InvalidRequest: if one is larger.
    """
    n, counts = len(crystals), crystals.sizes.astype(np.int64)
    if n and counts.max() > MAX_ATOMS:
        raise InvalidRequest(f"{counts.max()} atoms in a cell; at most {MAX_ATOMS} here")
    lattices = crystals.lattices.reshape(n, 3, 3)
    compact = reduced(lattices)
    turn = lattices @ np.linalg.inv(compact)
    owner = np.repeat(np.arange(n), counts)
    place = np.arange(len(owner)) - np.repeat(crystals.offsets[:-1], counts)
    kinds = np.zeros((n, MAX_ATOMS), dtype=np.uint8)
    frac = np.zeros((n, MAX_ATOMS, 3), dtype=np.float32)
    kinds[owner, place] = crystals.numbers
    frac[owner, place] = np.einsum("si,sij->sj", crystals.frac_coords, turn[owner]) % 1
    share = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    return Cells(kinds, frac, symmetric_log(compact), counts, share)


def symmetric_log(cells: np.ndarray) -> np.ndarray:
    """The logarithm of the symmetric polar part of cells (n, 3, 3): they without orientation."""
    values, vectors = np.linalg.eigh(cells @ cells.swapaxes(1, 2))
    return (vectors * (0.5 * np.log(values))[:, None]) @ vectors.swapaxes(1, 2)


def reduced(cells: np.ndarray) -> np.ndarray:
    """Minkowski-reduced cells (n, 3, 3) of the same lattices: the shortest vectors there are."""
    cells = cells.copy()
    steps = np.array(list(product((-1, 0, 1), repeat=2)))  # (9, 2)
    for _ in range(MOST_ROUNDS):
        before = cells.copy()
        for i in range(3):
            others = np.delete(cells, i, axis=1)
            moved = cells[:, i, None] + steps @ others  # (n, 9, 3)
            length = np.linalg.norm(moved, axis=2)
            length[:, 4] -= 1e-6  # stay, unless it gets shorter
            cells[:, i] = np.take_along_axis(moved, length.argmin(1)[:, None, None], 1)[:, 0]
        if np.array_equal(before, cells):
            break
    return cells


def learnable(crystals: CrystalSet) -> tuple[CrystalSet, np.ndarray]:
    """What the base model learns: small enough and, where known, stable enough; with weights."""
    hull = crystals.energy_above_hull
    sizes = crystals.sizes
    chosen = [
        i for i in range(len(crystals)) if sizes[i] <= MAX_ATOMS and not hull[i] > HIGHEST_HULL
    ]
    kept = crystals.take(chosen)
    weights = np.where(np.isnan(kept.energy_above_hull), UNKNOWN_WEIGHT, 1.0)
    battery = np.array([is_battery_relevant(kept.elements(i)) for i in range(len(kept))])
    return kept, weights * np.where(battery, BATTERY_WEIGHT, 1.0)


def is_battery_relevant(numbers: frozenset[int]) -> bool:
    """Whether a working ion and an anion are among these elements."""
    symbols = {ELEMENTS[number - 1] for number in numbers}
    return bool(symbols & set(WORKING_IONS)) and bool(symbols & set(ANIONS))


def cells_on(clean: Noisy, device: str) -> Noisy:
    """The same crystals on another device."""
    return Noisy(*(tensor.to(device) for tensor in clean))


def stratified(count: int, generator: torch.Generator) -> Tensor:
    """(B,) times in 0..1, one in each of B equal parts, shuffled."""
    order = torch.randperm(count, generator=generator)
    return (order + torch.rand(count, generator=generator)) / count
