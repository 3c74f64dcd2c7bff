"""MatterGen's score network: what must not change its answer, and what must turn with it."""

from __future__ import annotations

import pytest
import torch

from ionwright.generators.crystals.mattergen_batches import symmetric_log
from ionwright.generators.crystals.mattergen_network import (
    KINDS,
    Config,
    Network,
    Noisy,
    Scores,
    geometry,
)

ATOMS = 5


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    made = Network(Config(width=32, edge=24, layers=2)).double()
    torch.nn.init.normal_(made.gain.weight, std=0.1)  # starts at zero, where it hides mistakes
    return made


@pytest.fixture(scope="module")
def noisy() -> Noisy:
    generator = torch.Generator().manual_seed(1)
    square = 0.2 * torch.randn(3, 3, 3, generator=generator).double()
    return Noisy(
        kinds=torch.randint(0, KINDS, (3, ATOMS), generator=generator),
        frac=torch.rand(3, ATOMS, 3, generator=generator).double(),
        shape=(square + square.transpose(1, 2)) / 2,
        scale=torch.full((3,), (ATOMS * 15.0) ** (1 / 3)).double(),
        real=torch.ones(3, ATOMS, dtype=torch.bool),
        time=torch.tensor([0.1, 0.5, 0.9]).double(),
    )


def close(found: Scores, expected: Scores) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-7)


@torch.inference_mode()
def test_shifting_all_atoms_changes_nothing(network: Network, noisy: Noisy) -> None:
    shifted = noisy._replace(frac=(noisy.frac + torch.tensor([0.3, 0.77, 0.123])) % 1)
    close(network(shifted), network(noisy))


@torch.inference_mode()
def test_scores_follow_the_order_of_atoms(network: Network, noisy: Noisy) -> None:
    order = torch.tensor([3, 0, 4, 1, 2])
    mixed = noisy._replace(kinds=noisy.kinds[:, order], frac=noisy.frac[:, order])
    expected = network(noisy)
    close(
        network(mixed),
        Scores(expected.logits[:, order], expected.frac[:, order], expected.shape),
    )


@torch.inference_mode()
def test_scores_turn_with_the_crystal(network: Network, noisy: Noisy) -> None:
    # orientation is gone from the symmetric cell; what is left of turning is to name its axes anew
    whole = torch.tensor([[0, 1, 0], [0, 0, -1], [1, 0, 0]]).double()
    renamed = noisy._replace(frac=noisy.frac @ whole, shape=whole.T @ noisy.shape @ whole)
    expected = network(noisy)
    close(
        network(renamed),
        Scores(expected.logits, expected.frac @ whole, whole.T @ expected.shape @ whole),
    )
    sheared = noisy._replace(shape=whole.T @ noisy.shape @ whole)  # the cell turned, not the atoms
    assert not torch.allclose(network(sheared).logits, expected.logits)


@torch.inference_mode()
def test_padding_changes_nothing(network: Network, noisy: Noisy) -> None:
    expected = network(noisy)
    wide = noisy._replace(
        kinds=torch.cat([noisy.kinds, torch.full((3, 2), 8)], 1),
        frac=torch.cat([noisy.frac, torch.full((3, 2, 3), 0.4).double()], 1),
        real=torch.cat([noisy.real, torch.zeros(3, 2, dtype=torch.bool)], 1),
    )
    found = network(wide)
    close(Scores(found.logits[:, :ATOMS], found.frac[:, :ATOMS], found.shape), expected)
    assert (found.frac[:, ATOMS:] == 0).all()


@torch.inference_mode()
def test_distances_do_not_depend_on_which_cell_describes_the_lattice() -> None:
    """As long as the 27 images of a cell reach as far as the cutoff."""
    cell = torch.diag(torch.tensor([8.0, 8.5, 9.0])).double()
    sheared = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 1]]).double() @ cell
    frac = torch.rand(1, ATOMS, 3, generator=torch.Generator().manual_seed(2)).double()
    moved = frac @ cell @ torch.linalg.inv(sheared)
    shapes = torch.from_numpy(symmetric_log(torch.stack([cell, sheared]).numpy()))
    config = Config(cutoff=4.0)
    first, second = (
        geometry(
            Noisy(
                kinds=torch.tensor([[3, 8, 8, 26, 15]]),
                frac=where,
                shape=shape[None],
                scale=torch.ones(1).double(),
                real=torch.ones(1, ATOMS, dtype=torch.bool),
                time=torch.tensor([0.5]).double(),
            ),
            config,
        )
        for where, shape in zip((frac, moved % 1), shapes, strict=True)
    )
    distances = slice(0, config.radial)
    torch.testing.assert_close(first.scalars[..., distances], second.scalars[..., distances])
    trace = first.spreads[..., :3, :].sum(-2), second.spreads[..., :3, :].sum(-2)
    torch.testing.assert_close(*trace)


@torch.inference_mode()
def test_the_atoms_share_no_common_push(network: Network, noisy: Noisy) -> None:
    assert network(noisy).frac.sum(1).abs().max() < 1e-10
