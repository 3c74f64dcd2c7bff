"""Latent vectors before they are decoded: what they stand for, which to take, how to better them.

The heads cost next to nothing beside the decoder, so requirements are met here: many vectors are
drawn and those are decoded whose composition fits.

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

TRIES = 8  # rounds of drawing vectors before required elements are forced in
ROUND = 2048  # vectors drawn in one
NEAR = 64  # training crystals that count as alike
BLUR = 0.7  # standard deviations of noise added
OPTIMIZER_STEPS = 200
OPTIMIZER_RATE = 0.03
TETHER = 0.05  # price of a squared distance from the start, in squared standard deviations


@dataclass(frozen=True)
class Starts:
    """Latent vectors of training crystals, between which new ones are drawn.

    Attributes:
        means: of their latent distributions (M, D).
        spread: the usual standard deviation of these (D,).
    """

    means: Tensor
    spread: Tensor

    @classmethod
    def none(cls, latent: int) -> Starts:
        """Of an untrained model."""
        return cls(torch.zeros(0, latent), torch.ones(latent))

    def between(self, n: int, rng: torch.Generator) -> Tensor:
        """Points near the middle between a crystal and one of its neighbours, blurred (n, D)."""
        device, m = self.means.device, len(self.means)
        near = min(NEAR, m - 1)
        first = self.means[torch.randint(m, (n,), generator=rng).to(device)]
        alike = torch.cdist(first, self.means).topk(near + 1, largest=False).indices
        chosen = torch.randint(min(1, near), near + 1, (n, 1), generator=rng).to(device)
        second = self.means[alike.gather(1, chosen)[:, 0]]
        part = 0.3 + 0.2 * torch.rand(n, 1, generator=rng)
        noise = torch.randn(n, len(self.spread), generator=rng)
        return torch.lerp(first, second, part.to(device)) + BLUR * self.spread * noise.to(device)


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
    """The most likely size, the composition written for it, and the lattice."""
    sizes = _sizes(network, z)
    counts = network.heads.composition.write(z, sizes, wish.excluded, wish.required)
    return Plan(sizes, counts, network.shapes(z, sizes))


@torch.no_grad()
def fits(network: Network, z: Tensor, wish: Wish) -> Tensor:
    """Whether vectors mean the required elements without being forced to (B,)."""
    counts = network.heads.composition.write(z, _sizes(network, z), wish.excluded)
    return (counts[:, list(wish.required)] > 0).all(-1)


def _sizes(network: Network, z: Tensor) -> Tensor:
    logits = network.heads.size(z)
    logits[:, 0] = -torch.inf  # a crystal has atoms
    return logits.argmax(-1)


def atoms_of(counts: Tensor) -> Tensor:
    """Atomic numbers, rising, of all crystals one after the other: (B, Z) -> (A,)."""
    kinds = torch.arange(ELEMENTS, device=counts.device).repeat(len(counts))
    return torch.repeat_interleave(kinds, counts.flatten())


def draw_fitting(network: Network, draw: Callable[[int], Tensor], n: int, wish: Wish) -> Tensor:
    """`n` latent vectors (n, D), those first whose composition holds what is required.

    What is not found in TRIES rounds is filled up with any: there the elements are forced into
    the composition when it is written.

    Args:
        network: with its heads.
        draw: gives this many vectors from the prior.
        n: how many.
        wish: elements required and excluded.
    """
    if not wish.required:
        return draw(n)
    found = [draw(0)]
    for _ in range(TRIES):
        z = draw(max(n, ROUND))
        found.append(z[fits(network, z, wish)])
        if sum(map(len, found)) >= n:
            break
    fitting = torch.cat(found)[:n]
    return torch.cat([fitting, draw(n - len(fitting))])


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


@torch.no_grad()
def preference(network: Network, z: Tensor, targets: Sequence[Target], wish: Wish) -> Tensor:
    """What to decode first, by rising value (B,): the wished elements, then the least shortfall."""
    return shortfall(network, z, targets) + 1e6 * ~fits(network, z, wish)
