"""How CDVAE is trained: its loss, and steps of which every draw is fixed by seed and number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from torch.nn import functional as F

from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.files import write_atomically

from .cdvae_data import Batch, batch_of, fit_to_learn, reduced, training_weights
from .cdvae_latent import Starts
from .cdvae_network import Network
from .cdvae_noise import Noise, centred, moved, way_back
from .data import CrystalSet

if TYPE_CHECKING:
    from .cdvae import CDVAE

STARTS = 2048  # training crystals whose latent vectors are kept with the weights


@dataclass(frozen=True)
class Recipe:
    """Everything about a training that is not the data; weights of losses mostly the paper's."""

    batch: int = 64
    learning_rate: float = 1e-3
    warmup: int = 200
    decay: float = 0.3  # share of the steps over which the learning rate falls
    weight_decay: float = 1e-4
    clip: float = 2.0
    average: float = 0.999  # of the weights that are kept, over steps
    kl: float = 0.01
    coords: float = 10.0
    kinds: float = 1.0
    shape: float = 10.0
    composition: float = 0.3
    size: float = 1.0
    properties: float = 1.0
    report_every: int = 200
    split: bool = True  # learn the train split of chemical systems; otherwise all crystals


def losses(network: Network, noise: Noise, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
    """The parts of the loss, each a mean over crystals or atoms.

    Half of the squared error of displacements over the noise, cross entropies of elements and
    number of atoms, negative log likelihood of the composition, squared errors of the standardised
    lattice and properties, and the latent's divergence from the unit normal distribution.
    """
    cells, device = batch.cells, batch.numbers.device

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng).to(device)

    mean, log_var = network.encode(batch)
    z = mean + normal(*mean.shape) * (0.5 * log_var).exp()
    heads = network.heads
    spread = (torch.arange(len(z)) + torch.rand(len(z), generator=rng)) / len(z)
    time = spread[torch.randperm(len(z), generator=rng)].to(device)
    sigma = noise.of_coords(time)[cells.crystal][:, None]
    steps = sigma * centred(normal(len(batch.numbers), 3), cells)
    x = moved(batch.frac_coords, steps, cells)
    numbers = _noisy_kinds(batch, noise.of_kinds(time), rng)
    back, logits = network.decoder(numbers, x, cells, z, time)
    wanted = way_back(batch.frac_coords, x, cells) / sigma
    shapes = (batch.shapes - network.shape_mean) / network.shape_std
    values = (batch.properties - network.property_mean) / network.property_std
    known = ~values.isnan()
    errors = torch.where(known, heads.property(z) - values.nan_to_num(), 0)
    return {
        "kl": 0.5 * (mean**2 + log_var.exp() - log_var - 1).sum(-1).mean(),
        "coords": 0.5 * (back - wanted).square().sum(-1).mean(),
        "kinds": F.cross_entropy(logits, batch.numbers),
        "shape": F.mse_loss(heads.shapes(z, cells.sizes), shapes),
        "composition": heads.composition.loss(z, batch.numbers, cells),
        "size": F.cross_entropy(heads.size(z), cells.sizes),
        "properties": errors.square().sum() / known.sum().clamp(min=1),
    }


def _noisy_kinds(batch: Batch, chance: Tensor, rng: torch.Generator) -> Tensor:
    """Atomic numbers, each with this chance (B,) replaced by that of any atom of its crystal."""
    cells = batch.cells
    of = cells.crystal.cpu()
    first = torch.arange(len(of)) - cells.slot.cpu()
    other = first + (torch.rand(len(of), generator=rng) * cells.sizes.cpu()[of]).long()
    changed = torch.rand(len(of), generator=rng) < chance.cpu()[of]
    numbers = batch.numbers.cpu()
    return torch.where(changed, numbers[other], numbers).to(batch.numbers.device)


def total(parts: dict[str, Tensor], recipe: Recipe) -> Tensor:
    """The weighted sum of the parts."""
    return torch.stack([getattr(recipe, name) * part for name, part in parts.items()]).sum()


def train(
    model: CDVAE, data: CrystalSet, *, steps: int, seed: int, recipe: Recipe
) -> Iterator[dict[str, float]]:
    """The body of `CDVAE.fit`."""
    crystals, held = _prepared(data, recipe)
    network = model.network or _built(model, crystals, seed)
    weights = training_weights(crystals)
    optimizer = _optimizer(model, network, recipe)
    averaged = model.training_state.averaged or _floats(network)
    sums: dict[str, float] = {}
    network.train()
    while model.step < steps:
        rng = np.random.default_rng([seed, model.step])
        batch = batch_of(crystals, rng.choice(len(crystals), recipe.batch, p=weights), model.device)
        parts = losses(network, model.noise, batch, _torch_rng(rng))
        for group in optimizer.param_groups:
            group["lr"] = _rate(model.step, steps, recipe)
        optimizer.zero_grad(set_to_none=True)
        total(parts, recipe).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
        optimizer.step()
        model.step += 1
        _average(averaged, network, min(recipe.average, model.step / (10 + model.step)))
        for name, part in parts.items():
            sums[name] = sums.get(name, 0.0) + float(part.detach())
        if model.step % recipe.report_every == 0 or model.step == steps:
            model.training_state = TrainingState(averaged, _moments(network, optimizer))
            if (
                model.step == steps
            ):  # what is kept is the average; a finished training needs no more
                network.load_state_dict(averaged, strict=False)
                model.training_state = TrainingState({}, {})
                model.starts = _starts(network, crystals, weights, seed)
            since = model.step % recipe.report_every or recipe.report_every
            shown = {name: value / since for name, value in sums.items()}
            yield {"step": float(model.step), **shown, **_held_back(model, held)}
            sums = {}
            network.train()


@dataclass(frozen=True)
class TrainingState:
    """What an unfinished training needs beside the network: averaged weights, moments."""

    averaged: dict[str, Tensor]
    moments: dict[str, Tensor]


@torch.no_grad()
def _starts(network: Network, crystals: CrystalSet, weights: np.ndarray, seed: int) -> Starts:
    """Encodes as many crystals as are shipped, drawn like those that were learned."""
    network.eval()
    n = min(STARTS, len(crystals))
    rng = np.random.default_rng([seed, 2**31])
    chosen = rng.choice(len(crystals), n, replace=False, p=weights)
    device = network.shape_mean.device.type
    parts = [batch_of(crystals, chosen[i : i + 64], device) for i in range(0, n, 64)]
    means, log_vars = zip(*(network.encode(part) for part in parts), strict=True)
    return Starts(torch.cat(means), (0.5 * torch.cat(log_vars)).exp().mean(0))


def _prepared(data: CrystalSet, recipe: Recipe) -> tuple[CrystalSet, CrystalSet]:
    """The crystals of the train split to learn from, and a few of the val split to look at."""
    usable = reduced(data.where(lambda i: fit_to_learn(data, i)))
    parts = np.array([usable.split(i) if recipe.split else "train" for i in range(len(usable))])
    train_part, val = np.flatnonzero(parts == "train"), np.flatnonzero(parts == "val")
    if not len(train_part):
        raise InvalidRequest("no crystal of 2 to 20 atoms on the train split to learn from")
    return usable.take(train_part.tolist()), usable.take(val[:128].tolist())


def _built(model: CDVAE, crystals: CrystalSet, seed: int) -> Network:
    torch.manual_seed(seed)
    network = Network(model.config).to(model.device)
    batch = batch_of(crystals, range(len(crystals)), model.device)
    values = batch.properties.cpu().numpy()
    network.shape_mean, network.shape_std = batch.shapes.mean(0), batch.shapes.std(0) + 1e-3
    if len(crystals) > 1 and np.isfinite(values).any(0).all():
        network.property_mean = torch.tensor(np.nanmean(values, 0), device=model.device)
        network.property_std = torch.tensor(np.nanstd(values, 0) + 1e-3, device=model.device)
    model.network = network
    return network


def _rate(step: int, steps: int, recipe: Recipe) -> float:
    """Level after the warm-up, falling to zero over the last part: `steps` can be settled late."""
    warm = min(1.0, (step + 1) / (min(recipe.warmup, steps // 10) + 1))
    left = (steps - step) / max(1.0, recipe.decay * steps)
    return recipe.learning_rate * min(warm, left, 1.0)


def _torch_rng(rng: np.random.Generator) -> torch.Generator:
    return torch.Generator().manual_seed(int(rng.integers(2**31)))


def _floats(network: Network) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in network.named_parameters()}


@torch.no_grad()
def _average(averaged: dict[str, Tensor], network: Network, decay: float) -> None:
    for name, parameter in network.named_parameters():
        averaged[name].lerp_(parameter, 1 - decay)


@torch.no_grad()
def _held_back(model: CDVAE, held: CrystalSet) -> dict[str, float]:
    """The losses on crystals that are not learned, with the same draws every time."""
    if not len(held) or model.network is None:
        return {}
    model.network.eval()
    batch = batch_of(held, range(len(held)), model.device)
    parts = losses(model.network, model.noise, batch, torch.Generator().manual_seed(0))
    return {f"held_back_{name}": float(value) for name, value in parts.items()}


_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
CHECKPOINT = "checkpoint.safetensors"


def _optimizer(model: CDVAE, network: Network, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW with the moments that a checkpoint left."""
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    moments = model.training_state.moments
    for name, parameter in network.named_parameters():
        if f"step/{name}" in moments:
            optimizer.state[parameter] = {k: moments[f"{k}/{name}"].clone() for k in _MOMENTS}
    return optimizer


def _moments(network: Network, optimizer: torch.optim.AdamW) -> dict[str, Tensor]:
    return {
        f"{key}/{name}": value.detach().cpu().clone()
        for name, parameter in network.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def write_checkpoint(model: CDVAE, folder: Path) -> None:
    """Writes what is needed to go on exactly; a finished training leaves no checkpoint."""
    file = folder / CHECKPOINT
    if not model.training_state.moments or model.network is None:
        file.unlink(missing_ok=True)
        return
    groups = {
        "model": model.network.state_dict(),
        "averaged": model.training_state.averaged,
        "moments": model.training_state.moments,
    }
    tensors = {
        f"{g}/{k}": v.cpu().contiguous() for g, part in groups.items() for k, v in part.items()
    }
    write_atomically(file, save({**tensors, "step": torch.tensor(model.step)}))


def read_checkpoint(model: CDVAE, folder: Path) -> None:
    """Takes up a training that was left off, if the folder holds one.

    Raises:
        Damaged: if the file is unreadable.
    """
    file = folder / CHECKPOINT
    if not file.exists() or model.network is None:
        return
    try:
        tensors = load(file.read_bytes())
        model.network.load_state_dict(_below("model/", tensors))
        model.step = int(tensors["step"])
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise Damaged(
            f"checkpoint damaged: {file}: {error}; delete it to go on from the weights beside it"
        ) from error
    averaged = {k: v.to(model.device) for k, v in _below("averaged/", tensors).items()}
    model.training_state = TrainingState(averaged, _below("moments/", tensors))


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
