"""The noise of CDVAE and the annealed Langevin dynamics that takes it away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .cdvae_network import Decoder, mean_of
from .periodic_graph import Cells, shortest_vectors


@dataclass(frozen=True)
class Noise:
    """Standard deviations at time 1 (strongest) and 0; geometric between, as in the paper.

    At 3 angstrom atoms are anywhere in most cells, so the paper's 10 would spend half of the
    levels on nothing.
    """

    coords_max: float = 3.0  # angstrom
    coords_min: float = 0.04
    kinds_max: float = 5.0  # weight of the crystal's composition against the atom's own element
    kinds_min: float = 0.01

    def of_coords(self, time: Tensor) -> Tensor:
        """Standard deviation of the coordinates in angstrom."""
        return self.coords_min * (self.coords_max / self.coords_min) ** time

    def of_kinds(self, time: Tensor) -> Tensor:
        """Chance that an atom's element is drawn from the composition."""
        weight = self.kinds_min * (self.kinds_max / self.kinds_min) ** time
        return weight / (1 + weight)


@dataclass(frozen=True)
class Schedule:
    """How noise is taken away.

    Attributes:
        levels: of noise, from the strongest down.
        corrections: Langevin steps at each level, before the step to the next.
        step: of the former, in units of the squared standard deviation (1 in the paper).
    """

    levels: int = 80
    corrections: int = 1
    step: float = 0.3

    @property
    def evaluations(self) -> int:
        """Of the decoder, for one batch."""
        return self.levels * (1 + self.corrections)


def centred(values: Tensor, cells: Cells) -> Tensor:
    """Vectors (A, 3) less their mean in each crystal: a shift of the whole is no change."""
    return values - mean_of(values, cells)[cells.crystal]


def moved(frac_coords: Tensor, steps: Tensor, cells: Cells) -> Tensor:
    """Fractional coordinates after steps in angstrom (A, 3), wrapped."""
    inverse = torch.linalg.inv(cells.lattices)[cells.crystal]
    return (frac_coords + (steps[:, None] @ inverse)[:, 0]) % 1


def way_back(clean: Tensor, noisy: Tensor, cells: Cells) -> Tensor:
    """The shortest displacements, angstrom, from noisy to clean coordinates, without a shift."""
    return centred(shortest_vectors(clean - noisy, cells.lattices[cells.crystal]), cells)


@torch.inference_mode()
def anneal(
    decoder: Decoder,
    noise: Noise,
    schedule: Schedule,
    z: Tensor,
    cells: Cells,
    numbers: Tensor,
    draw: Callable[[], Tensor],
    *,
    start: Tensor,
    swap: bool = True,
) -> tuple[Tensor, Tensor]:
    """Coordinates and elements from noise, by annealed Langevin dynamics.

    At each level some Langevin steps, x += a s^2 score + sqrt(2 a) s e, then the step to the next
    level that keeps the noise at its standard deviation (Song et al. 2021, eq. 46-47), and in the
    end one to where the score points. Elements of a crystal change places, by what the decoder
    thinks each atom is, while their numbers are kept.

    Args:
        decoder: the network.
        noise: that it was trained with.
        schedule: levels and steps.
        z: latent vectors (B, D).
        cells: lattices and sizes.
        numbers: atomic numbers to begin with (A,).
        draw: gives normal random numbers (A, 3).
        start: fractional coordinates to begin with (A, 3).
        swap: whether elements change places.

    Returns:
        Fractional coordinates (A, 3) and atomic numbers (A,).
    """
    x, times = start, torch.linspace(1, 0, schedule.levels, device=z.device)
    sigmas = noise.of_coords(times)
    for i, time in enumerate(times):
        sigma, at = sigmas[i], time.expand(len(z))
        for _ in range(schedule.corrections):
            back, _ = decoder(numbers, x, cells, z, at)
            shake = (2 * schedule.step) ** 0.5 * centred(draw(), cells)
            x = moved(x, sigma * (schedule.step * back + shake), cells)
        back, logits = decoder(numbers, x, cells, z, at)
        if swap:
            numbers = placed(logits, numbers, cells)
        if i + 1 == len(times):
            return moved(x, sigma * back, cells), numbers
        following = sigmas[i + 1]
        share = 1 - (following / sigma) ** 2
        shake = following * share**0.5 * centred(draw(), cells)
        x = moved(x, sigma * share * back + shake, cells)
    raise ValueError("a schedule needs at least one level")


def placed(logits: Tensor, numbers: Tensor, cells: Cells) -> Tensor:
    """The same elements in each crystal, on the atoms where the logits (A, Z) like them best."""
    scores = logits.log_softmax(-1).cpu().numpy()
    kinds = numbers.cpu().numpy()
    result = kinds.copy()
    ends = np.cumsum(cells.sizes.cpu().numpy())
    for first, end in zip(np.concatenate([[0], ends[:-1]]), ends, strict=True):
        here = kinds[first:end]
        atoms, slots = linear_sum_assignment(-scores[first:end][:, here])
        result[first + atoms] = here[slots]
    return torch.from_numpy(result).to(numbers.device)
