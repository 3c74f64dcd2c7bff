"""MatterGen's noise: its marginals, its scores, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Generator

from ionwright.generators.crystals.mattergen_diffusion import (
    Limits,
    Sampler,
    Schedule,
    centred,
    corrupt,
    denoise,
    reveal,
    start,
    symmetric_noise,
    wrapped_score,
)
from ionwright.generators.crystals.mattergen_network import KINDS, MASKED, Noisy, Scores

SCHEDULE = Schedule(volume=15.0, spread=0.3)
MANY = 4000


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def cells(count: int, atoms: int = 4) -> Noisy:
    return Noisy(
        kinds=torch.tensor([3, 8, 8, 26, 15])[:atoms].repeat(count, 1),
        frac=torch.full((count, atoms, 3), 0.25),
        shape=torch.diag(torch.tensor([0.3, -0.3, 0.1])).repeat(count, 1, 1),
        scale=SCHEDULE.scale(torch.full((count,), float(atoms))),
        real=torch.ones(count, atoms, dtype=torch.bool),
        time=torch.zeros(count),
    )


@pytest.mark.parametrize("time", [0.1, 0.5, 0.9])
def test_atoms_are_masked_with_the_probability_of_their_time(time: float) -> None:
    noisy, target = corrupt(cells(MANY), torch.full((MANY,), time), SCHEDULE, seeded())
    share = (noisy.kinds == MASKED).float().mean()
    assert share == pytest.approx(time**2, abs=4 * np.sqrt(0.25 / (4 * MANY)))
    assert torch.equal(noisy.kinds == MASKED, target.hidden)
    shown = ~target.hidden
    assert torch.equal(noisy.kinds[shown], target.kinds[shown])


@pytest.mark.parametrize("time", [0.0, 0.4])
def test_coordinates_spread_as_the_schedule_says(time: float) -> None:
    noisy, _ = corrupt(cells(MANY), torch.full((MANY,), time), SCHEDULE, seeded())
    away = (noisy.frac - 0.25 + 0.5) % 1 - 0.5
    width = SCHEDULE.width(torch.tensor([time]), torch.tensor([4.0]))
    assert float(away.std() / width) == pytest.approx(1, abs=0.02)


def test_coordinates_are_uniform_in_the_end() -> None:
    noisy, _ = corrupt(cells(MANY), torch.ones(MANY), SCHEDULE, seeded())
    counts = torch.histc(noisy.frac, 10, 0, 1) / noisy.frac.numel()
    assert (counts - 0.1).abs().max() < 0.006


def test_the_cell_ends_as_a_cube_at_the_mean_density() -> None:
    noisy, _ = corrupt(cells(MANY), torch.ones(MANY), SCHEDULE, seeded())
    assert noisy.shape.mean(0).abs().max() < 0.03
    diagonal = noisy.shape.diagonal(dim1=1, dim2=2)
    assert float(diagonal.std()) == pytest.approx(SCHEDULE.spread, rel=0.03)
    volume = torch.linalg.det(noisy.cell)
    assert float(volume.log().mean()) == pytest.approx(np.log(4 * 15.0), abs=0.05)
    assert (volume > 0).all()


def test_symmetric_noise_has_no_favoured_direction() -> None:
    noise = symmetric_noise(40_000, seeded(), torch.device("cpu"))
    turn = torch.linalg.qr(torch.randn(3, 3, generator=seeded(1)))[0]
    turned = turn @ noise @ turn.T
    assert torch.equal(noise, noise.transpose(1, 2))
    assert turned.var(0) == pytest.approx(noise.var(0), abs=0.03)


def test_the_wrapped_score_is_the_gradient_of_the_log_density() -> None:
    at = torch.linspace(-0.5, 0.5, 41, dtype=torch.float64, requires_grad=True)
    for width in (0.05, 0.3, 0.7):
        images = torch.arange(-20, 21)
        density = torch.exp(-0.5 * ((at[:, None] + images) / width) ** 2).sum(1)
        (slope,) = torch.autograd.grad(density.log().sum(), at)
        ours = wrapped_score(at.detach(), torch.tensor(width, dtype=torch.float64))
        torch.testing.assert_close(ours, width * slope, atol=1e-5, rtol=1e-4)


def test_a_common_shift_is_not_to_be_learned() -> None:
    real = torch.tensor([[True, True, False]])
    out = centred(torch.randn(1, 3, 3, generator=seeded()), real)
    assert out.sum(1).abs().max() < 1e-6
    assert (out[0, 2] == 0).all()


def perfect(clean: Noisy) -> object:
    """Scores of a data set that holds one crystal alone."""

    def score_of(noisy: Noisy) -> Scores:
        logits = torch.full((*noisy.kinds.shape, KINDS), -30.0)
        logits.scatter_(2, clean.kinds[..., None], 30.0)
        width = SCHEDULE.width(noisy.time, noisy.real.sum(1))[:, None, None]
        turn = noisy.time[:, None, None] * (np.pi / 2)
        x, x0 = noisy.shape / SCHEDULE.spread, clean.shape / SCHEDULE.spread
        noise = (x - turn.cos() * x0) / turn.sin()
        return Scores(
            logits,
            wrapped_score(noisy.frac - clean.frac, width),
            turn.cos() * noise - turn.sin() * x0,
        )

    return score_of


@pytest.mark.parametrize("corrections", [0, 1])
def test_true_scores_lead_back_to_the_crystal(corrections: int) -> None:
    clean = cells(3)
    clean = clean._replace(frac=torch.rand(3, 4, 3, generator=seeded(5)))
    noise = start(clean.kinds * 0, clean.real, SCHEDULE, seeded(1), torch.device("cpu"))
    limits = Limits(torch.ones(1, KINDS, dtype=torch.bool), torch.full((3, 4), 4))
    sampler = Sampler(steps=60, corrections=corrections)
    made = denoise(perfect(clean), noise, SCHEDULE, sampler, seeded(2), limits)  # type: ignore[arg-type]
    assert torch.equal(made.kinds, clean.kinds)
    away = made.frac - clean.frac
    assert (away - away.round()).abs().max() < 0.01
    torch.testing.assert_close(made.shape, clean.shape, atol=0.02, rtol=0)


def test_reveal_never_shows_what_is_not_allowed() -> None:
    noisy = cells(50)._replace(kinds=torch.full((50, 4), MASKED))
    allowed = torch.zeros(1, KINDS, dtype=torch.bool)
    allowed[0, [3, 8]] = True
    logits = torch.zeros(50, 4, KINDS)
    logits[..., 92] = 50.0
    kinds = reveal(noisy, logits, 1.0, seeded(), Limits(allowed, torch.full((50, 4), 4)))
    assert set(kinds.unique().tolist()) == {3, 8}


def test_reveal_draws_as_the_logits_say() -> None:
    noisy = cells(MANY)._replace(kinds=torch.full((MANY, 4), MASKED))
    logits = torch.full((MANY, 4, KINDS), -30.0)
    logits[..., 3], logits[..., 8] = np.log(0.3), np.log(0.7)
    limits = Limits(torch.ones(1, KINDS, dtype=torch.bool), torch.full((MANY, 4), 4))
    kinds = reveal(noisy, logits, 0.5, seeded(), limits)
    shown = kinds != MASKED
    assert float(shown.float().mean()) == pytest.approx(0.5, abs=0.02)
    assert float((kinds[shown] == 3).float().mean()) == pytest.approx(0.3, abs=0.02)


def test_reveal_keeps_to_the_anonymous_formula() -> None:
    noisy = cells(300)._replace(kinds=torch.tensor([[26, 0, 0, 0]]).repeat(300, 1))
    formula = torch.tensor([[4, 0, 0, 0], [3, 1, 0, 0], [2, 1, 1, 0]]).repeat(100, 1)
    allowed = torch.ones(1, KINDS, dtype=torch.bool)
    allowed[0, MASKED] = False
    logits = torch.zeros(300, 4, KINDS)
    for chance in (0.4, 0.4, 1.0):
        kinds = reveal(noisy, logits, chance, seeded(), Limits(allowed, formula))
        noisy = noisy._replace(kinds=kinds)
    for row, wanted in zip(noisy.kinds, formula, strict=True):
        amounts = sorted(row.unique(return_counts=True)[1].tolist(), reverse=True)
        assert amounts == [number for number in wanted.tolist() if number]
    assert (noisy.kinds[:, 0] == 26).all()
