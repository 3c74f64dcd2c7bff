"""Latent vectors before they are decoded: what they stand for, which to take, how to better them.

The heads cost next to nothing beside the decoder, so requirements are met here: many vectors are
drawn and only those are decoded whose composition fits.

Shapes: B vectors, D numbers of each, Z elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ionwright.knowledge.records import Target
from ionwright.knowledge.vocabulary import ELEMENTS as SYMBOLS

from .cdvae_data import PROPERTIES
from .cdvae_network import ELEMENTS, Network

TRIES = 20  # rounds of drawing vectors before a requirement counts as not met
ROUND = 2048  # vectors drawn in one
BANNED_SHARE = 0.15  # of the atoms: a vector that means so much of a banned element is not taken
OPTIMIZER_STEPS = 200
OPTIMIZER_RATE = 0.03
TETHER = 0.05  # price of a squared distance from the start, in squared standard deviations


@dataclass(frozen=True)
class Wish:
    """Elements asked for, by atomic number."""

    required: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()

    @classmethod
    def of(cls, required: Sequence[str], excluded: Sequence[str]) -> Wish:
        """From symbols."""
        return cls(
            tuple(SYMBOLS.index(symbol) + 1 for symbol in required),
            tuple(SYMBOLS.index(symbol) + 1 for symbol in excluded),
        )


@dataclass(frozen=True)
class Plan:
    """What is decided before atoms are placed.

    Attributes:
        sizes: atoms in the cell (B,).
        counts: atoms of each element (B, Z).
        shapes: lattices as `lattice_of` takes them (B, 7).
    """

    sizes: Tensor
    counts: Tensor
    shapes: Tensor


@torch.no_grad()
def plan(network: Network, z: Tensor, wish: Wish) -> Plan:
    """The most likely size, the composition nearest to the predicted one, and the lattice."""
    sizes, counts = contents(network, z, wish)
    return Plan(sizes, counts, network.shapes(z, sizes))


@torch.no_grad()
def contents(network: Network, z: Tensor, wish: Wish) -> tuple[Tensor, Tensor]:
    """Atoms in the cell (B,), and of each element (B, Z), none of the excluded ones."""
    logits = network.heads.size(z)
    logits[:, 0] = -torch.inf  # a crystal has atoms
    sizes = logits.argmax(-1)
    shares = network.heads.composition(z).softmax(-1)
    shares[:, [0, *wish.excluded]] = 0
    return sizes, apportioned(shares / shares.sum(-1, keepdim=True).clamp(min=1e-9), sizes)


@torch.no_grad()
def fits(network: Network, z: Tensor, wish: Wish) -> Tensor:
    """Whether vectors mean the required elements and little of the excluded ones (B,)."""
    _, counts = contents(network, z, wish)
    meant = network.heads.composition(z).softmax(-1)
    there = (counts[:, list(wish.required)] > 0).all(-1)
    return there & (meant[:, list(wish.excluded)].sum(-1) < BANNED_SHARE)


def apportioned(shares: Tensor, sizes: Tensor) -> Tensor:
    """Whole numbers of atoms (B, Z) with these shares, by largest remainders."""
    quota = shares * sizes[:, None]
    counts = quota.floor()
    left = (sizes - counts.sum(-1)).round()
    order = (quota - counts).argsort(dim=-1, descending=True).argsort(dim=-1)
    return (counts + (order < left[:, None])).long()


def atoms_of(counts: Tensor) -> Tensor:
    """Atomic numbers, rising, of all crystals one after the other: (B, Z) -> (A,)."""
    kinds = torch.arange(ELEMENTS, device=counts.device).repeat(len(counts))
    return torch.repeat_interleave(kinds, counts.flatten())


def draw_fitting(
    network: Network, draw: Callable[[int], Tensor], n: int, wish: Wish
) -> tuple[Tensor, Tensor]:
    """`n` latent vectors (n, D) with the wished elements as far as they are found, and which (n,).

    Args:
        network: with its heads.
        draw: gives this many vectors from the prior.
        n: how many.
        wish: elements required and excluded.
    """
    asked = bool(wish.required or wish.excluded)
    found: list[Tensor] = []
    for _ in range(TRIES if asked else 1):
        z = draw(max(n, ROUND) if asked else n)
        found.append(z[fits(network, z, wish)] if asked else z)
        if sum(map(len, found)) >= n:
            break
    fitting = torch.cat(found)[:n]
    rest = draw(n - len(fitting))
    return torch.cat([fitting, rest]), torch.arange(n) < len(fitting)


def shortfall(network: Network, z: Tensor, targets: Sequence[Target]) -> Tensor:
    """How far predicted properties are from the targets, in standard deviations (B,).

    "max" and "min" have no end: their shortfall falls on below zero.
    """
    values = network.heads.property(z)
    total = z.new_zeros(len(z))
    for target in targets:
        i = PROPERTIES.index(target.property)
        value = values[:, i]
        low, high = _limits(target)
        if target.op in ("max", "min"):
            total = total + (value if target.op == "min" else -value)
        for limit, sign in ((low, 1), (high, -1)):
            if limit is not None:
                scaled = (limit - network.property_mean[i]) / network.property_std[i]
                total = total + (sign * (scaled - value)).relu()
    return total


def _limits(target: Target) -> tuple[float | None, float | None]:
    if isinstance(target.value, tuple):
        return target.value
    value = target.value
    return {">=": (value, None), "<=": (None, value), "=": (value, value)}.get(
        target.op, (None, None)
    )


def optimized(network: Network, start: Tensor, targets: Sequence[Target]) -> Tensor:
    """Latent vectors (B, D) moved down the gradient of the shortfall, tethered to their start.

    Without the tether they leave the region that the decoder knows, and the predicted property is
    met by no crystal.
    """
    z = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([z], lr=OPTIMIZER_RATE)
    for _ in range(OPTIMIZER_STEPS):
        price = shortfall(network, z, targets) + TETHER * (z - start).square().sum(-1)
        optimizer.zero_grad()
        price.sum().backward()
        optimizer.step()
    return z.detach()
