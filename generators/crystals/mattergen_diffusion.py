"""The noise of MatterGen and the way back from it, apart from the network.

Three processes share one time, 0 (data) to 1 (noise):
- kinds of atoms are masked one by one, each with probability t squared (absorbing D3PM): what a
  crystal is made of is settled while it is still unsettled where the atoms are;
- fractional coordinates get wrapped normal noise of exploding width, narrower in larger cells;
- the logarithm of the symmetric cell goes, variance preserved, to a normal around a cube at the
  mean density. The published model noises the symmetric cell itself; its logarithm keeps the
  volume positive.

Source: Zeni et al., Nature 2025, arXiv:2312.03687, appendix A; the masked loss as in D3PM
(Austin et al. 2021). Shapes as in `mattergen_network`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from .mattergen_network import KINDS, MASKED, Noisy, Scores

WRAPS = 4  # periodic images on each side in the wrapped normal
FARTHEST = 4.0  # spreads of the cell's logarithm; predictions beyond are cut


@dataclass(frozen=True)
class Schedule:
    """How wide the noise is; `volume` and `spread` come from the training cells.

    Attributes:
        volume: of an atom, geometric mean, in cubic angstrom.
        spread: of the logarithm of the cell, standard deviation of a diagonal component.
        narrow, wide: width of the coordinate noise at t = 0 and 1, for one atom in the cell.
    """

    volume: float = 19.0
    spread: float = 0.2
    narrow: float = 0.01
    wide: float = 1.0

    def width(self, time: Tensor, count: Tensor) -> Tensor:
        """(B,) standard deviation of the fractional coordinates."""
        return self.narrow * (self.wide / self.narrow) ** time * count ** (-1 / 3)

    def masked(self, time: Tensor) -> Tensor:
        """(B,) probability that an atom's kind is hidden."""
        return time**2

    def scale(self, count: Tensor) -> Tensor:
        """(B,) edge in angstrom of the cube that `count` atoms fill at the mean density."""
        return (count * self.volume) ** (1 / 3)


class Target(NamedTuple):
    """What the network should say of a noisy crystal; `hidden` marks the masked atoms."""

    kinds: Tensor
    hidden: Tensor
    frac: Tensor
    shape: Tensor


def wrapped_score(apart: Tensor, width: Tensor) -> Tensor:
    """Score of a wrapped normal times its width.

    Args:
        apart: displacement from the mean, any real number; period 1.
        width: standard deviation, broadcast over `apart`.
    """
    images = torch.arange(-WRAPS, WRAPS + 1, device=apart.device)
    away = ((apart - apart.round())[..., None] + images) / width[..., None]
    return -(torch.softmax(-0.5 * away**2, -1) * away).sum(-1)


def symmetric_noise(count: int, generator: Generator, device: torch.device) -> Tensor:
    """(B, 3, 3) symmetric normal matrices, the same in every orientation."""
    square = torch.randn(count, 3, 3, generator=generator).to(device)
    return (square + square.transpose(1, 2)) / 2


def angle(time: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 1, 1) shares of signal and of noise in the cell's logarithm."""
    turn = time[:, None, None] * (math.pi / 2)
    return turn.cos(), turn.sin()


def count_of(noisy: Noisy) -> Tensor:
    """(B,) real atoms, as floats."""
    return noisy.real.sum(1).to(noisy.frac)


def centred(motion: Tensor, real: Tensor) -> Tensor:
    """Motions (B, N, 3) of real atoms without their mean, which moves nothing."""
    motion = motion * real[..., None]
    mean = motion.sum(1, keepdim=True) / real.sum(1)[:, None, None]
    return (motion - mean) * real[..., None]


def corrupt(
    clean: Noisy, time: Tensor, schedule: Schedule, generator: Generator
) -> tuple[Noisy, Target]:
    """Crystals at `time` (B,) on the way to noise, and what the network should say of them."""
    device = clean.frac.device
    hidden = (
        torch.rand(clean.kinds.shape, generator=generator).to(device)
        < schedule.masked(time)[:, None]
    )
    hidden &= clean.real
    width = schedule.width(time, count_of(clean))[:, None, None]
    shift = width * torch.randn(clean.frac.shape, generator=generator).to(device)
    noise = symmetric_noise(len(time), generator, device)
    signal, share = angle(time)
    start = clean.shape / schedule.spread
    noisy = clean._replace(
        kinds=clean.kinds.masked_fill(hidden, MASKED),
        frac=(clean.frac + shift) % 1,
        shape=(signal * start + share * noise) * schedule.spread,
        time=time,
    )
    # the true score has no common shift, so its noise there is not to be learned
    score = centred(wrapped_score(shift, width), clean.real)
    return noisy, Target(clean.kinds, hidden, score, signal * noise - share * start)


def losses(scores: Scores, target: Target, real: Tensor) -> dict[str, Tensor]:
    """Mean errors of the three processes.

    Returns:
        kinds: cross entropy (nat) of a masked atom; frac: squared error of the scaled score;
        shape: of the cell's velocity. Each is a mean over crystals, then over their atoms.
    """
    entropy = F.cross_entropy(scores.logits.transpose(1, 2), target.kinds.long(), reduction="none")
    hidden = target.hidden.to(entropy)
    kinds = (entropy * hidden).sum(1) / hidden.sum(1).clamp(min=1)
    frac = ((scores.frac - target.frac) ** 2).sum((1, 2)) / real.sum(1) / 3
    shape = ((scores.shape - target.shape) ** 2).sum((1, 2)) / 6
    return {"kinds": kinds.mean(), "frac": frac.mean(), "shape": shape.mean()}


@dataclass(frozen=True)
class Sampler:
    """How noise is led back to crystals.

    Attributes:
        steps: of the predictor; each costs one pass of the network.
        corrections: Langevin steps after each of them; each one more pass.
        push: size of a Langevin step, in variances of the noise at that time.
        sharpness: factor on the logits of the kinds; above 1 the likelier kinds are favoured.
        churn: noise put back into the cell at each step; 1 as in training, 0 none.
    """

    steps: int = 100
    corrections: int = 1
    push: float = 0.1
    sharpness: float = 1.0
    churn: float = 1.0


class Limits(NamedTuple):
    """What may come of noise.

    Attributes:
        allowed: (B or 1, Z) kinds that may occur.
        formula: (B, any) atoms of each element, most first: the largest numbers that are kept to.
    """

    allowed: Tensor
    formula: Tensor


ScoreOf = Callable[[Noisy], Scores]


def start(
    kinds: Tensor, real: Tensor, schedule: Schedule, generator: Generator, device: torch.device
) -> Noisy:
    """Pure noise for cells of these sizes; kinds that are given stay as they are (B, N)."""
    count = real.sum(1).float()
    frac = torch.rand(*kinds.shape, 3, generator=generator)
    shape = symmetric_noise(len(kinds), generator, device) * schedule.spread
    ones = torch.ones(len(kinds), device=device)
    scale = schedule.scale(count).to(device)
    return Noisy(kinds.to(device), frac.to(device), shape, scale, real.to(device), ones)


@torch.inference_mode()
def denoise(
    score_of: ScoreOf,
    noisy: Noisy,
    schedule: Schedule,
    sampler: Sampler,
    generator: Generator,
    limits: Limits,
) -> Noisy:
    """Leads noise back to crystals: one predictor step and some corrections at each time.

    Args:
        score_of: the network, with whatever guidance.
        noisy: at time 1, from `start`.
        schedule: of the training.
        sampler: number and size of steps.
        generator: of the random numbers.
        limits: what may come of it.
    """
    times = torch.linspace(1, 0, sampler.steps + 1).tolist()
    for now, then in pairwise(times):
        scores = score_of(noisy)
        noisy = predict(noisy, scores, now, then, schedule, sampler, generator, limits)
        for _ in range(sampler.corrections if then > 0 else 0):
            noisy = correct(noisy, score_of(noisy), schedule, sampler, generator)
    return noisy


def predict(
    noisy: Noisy,
    scores: Scores,
    now: float,
    then: float,
    schedule: Schedule,
    sampler: Sampler,
    generator: Generator,
    limits: Limits,
) -> Noisy:
    """One step back in time; the step to 0 ends at the mean of what is left to know."""
    device, count = noisy.frac.device, count_of(noisy)
    before, after = (noisy.time * 0 + t for t in (now, then))
    wide = schedule.width(before, count)[:, None, None]
    narrow = schedule.width(after, count)[:, None, None] if then > 0 else wide * 0
    back = (wide**2 - narrow**2) / wide * scores.frac
    again = narrow * (wide**2 - narrow**2).sqrt() / wide
    noise = torch.randn(noisy.frac.shape, generator=generator).to(device)
    chance = 1 - float(schedule.masked(after)[0] / schedule.masked(before)[0])
    kinds = reveal(noisy, scores.logits * sampler.sharpness, chance, generator, limits)
    return noisy._replace(
        kinds=kinds,
        frac=(noisy.frac + back + again * noise) % 1,
        shape=_cell_back(noisy, scores.shape, before, after, schedule, sampler, generator),
        time=after,
    )


def reveal(
    noisy: Noisy, logits: Tensor, chance: float, generator: Generator, limits: Limits
) -> Tensor:
    """Kinds (B, N) after each masked atom has shown its own with probability `chance`.

    Atoms show one after the other, so that the numbers of atoms stay within the formula.
    """
    logits = logits.masked_fill(~limits.allowed[:, None], -torch.inf)
    uniform = torch.rand(*noisy.kinds.shape, KINDS, generator=generator).to(logits)
    scores = logits - (-uniform.clamp(1e-20, 1 - 1e-7).log()).log()  # the largest is a fair draw
    lucky = torch.rand(noisy.kinds.shape, generator=generator).to(logits) < chance
    shown = lucky & (noisy.kinds == MASKED) & noisy.real
    kinds = noisy.kinds.clone()
    amounts = F.one_hot(kinds * noisy.real, KINDS).sum(1)
    amounts[:, MASKED] = 0
    for atom in shown.any(0).nonzero()[:, 0].tolist():
        possible = scores[:, atom].masked_fill(~has_room(amounts, limits.formula), -torch.inf)
        drawn = torch.where(shown[:, atom], possible.argmax(-1), kinds[:, atom])
        kinds[:, atom] = drawn
        amounts.scatter_add_(1, drawn[:, None], shown[:, atom, None].long())
    return kinds


def has_room(amounts: Tensor, formula: Tensor) -> Tensor:
    """Of which kinds (B, Z) there can be one atom more, if an anonymous formula is to be kept.

    Sorted, the amounts must not exceed the sorted formula; one more of a kind takes the first place
    among those of the same amount.
    """
    place = (amounts[:, None, :] > amounts[:, :, None]).sum(-1)
    return amounts + 1 <= F.pad(formula, (0, amounts.shape[1])).gather(1, place)


def _cell_back(
    noisy: Noisy,
    velocity: Tensor,
    before: Tensor,
    after: Tensor,
    schedule: Schedule,
    sampler: Sampler,
    generator: Generator,
) -> Tensor:
    signal, share = angle(before)
    later_signal, later_share = angle(after)
    x = noisy.shape / schedule.spread
    clean = (signal * x - share * velocity).clamp(-FARTHEST, FARTHEST)
    noise = share * x + signal * velocity
    ratio = (signal / later_signal.clamp(min=1e-6)) ** 2
    fresh = sampler.churn * later_share / share * (1 - ratio).clamp(min=0).sqrt()
    kept = (later_share**2 - fresh**2).clamp(min=0).sqrt()
    new = symmetric_noise(len(x), generator, x.device)
    return (later_signal * clean + kept * noise + fresh * new) * schedule.spread


def correct(
    noisy: Noisy, scores: Scores, schedule: Schedule, sampler: Sampler, generator: Generator
) -> Noisy:
    """One Langevin step of coordinates and cell at the time where they are."""
    device, push = noisy.frac.device, sampler.push
    width = schedule.width(noisy.time, count_of(noisy))[:, None, None]
    noise = torch.randn(noisy.frac.shape, generator=generator).to(device)
    frac = noisy.frac + width * (push * scores.frac + math.sqrt(2 * push) * noise)
    signal, share = angle(noisy.time)
    x = noisy.shape / schedule.spread
    pull = share * x + signal * scores.shape  # the predicted noise; its negative is the score
    new = symmetric_noise(len(x), generator, device)
    x = x + share * (math.sqrt(2 * push) * new - push * pull)
    return noisy._replace(frac=frac % 1, shape=x * schedule.spread)
