"""How MatterGen learns: one loop for base and adapters, every draw fixed by seed and step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Generator, Tensor, nn

from ionwright.knowledge.errors import Damaged
from ionwright.knowledge.files import write_atomically

from .mattergen_batches import Cells, cells_on, stratified
from .mattergen_diffusion import Schedule, corrupt, losses
from .mattergen_network import Network, Nudges

CHECKPOINT = "checkpoint.safetensors"
MOMENTS = ("step", "exp_avg", "exp_avg_sq")
LossOf = Callable[[np.ndarray, Generator], dict[str, Tensor]]


@dataclass(frozen=True)
class Recipe:
    """Everything about a training that is not the data."""

    batch: int = 64
    learning_rate: float = 1e-3
    warmup: int = 300
    decay: float = 0.3  # share of the steps over which the rate falls to nothing
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.999  # of the weights that are kept, over steps
    kinds: float = 0.3  # weights of the three losses
    frac: float = 1.0
    shape: float = 1.0
    report_every: int = 200


@dataclass
class Progress:
    """Where a training stands: enough to go on exactly."""

    step: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)  # as trained
    average: dict[str, Tensor] = field(default_factory=dict)  # as kept
    moments: dict[str, Tensor] = field(default_factory=dict)


def train(
    module: nn.Module,
    loss_of: LossOf,
    cells: Cells,
    progress: Progress,
    *,
    steps: int,
    seed: int,
    recipe: Recipe,
) -> Iterator[dict[str, float]]:
    """Trains what of `module` wants gradients; at each yield it holds the averaged weights.

    Args:
        module: the network, or an adapter of a frozen one.
        loss_of: parts of the loss of the crystals with these indices, noised by the generator.
        cells: to draw from.
        progress: where to go on from; kept up to date at each yield.
        steps: where to stop.
        seed: of all draws.
        recipe: rates and weights.
    """
    if progress.weights:
        module.load_state_dict(progress.weights)
    parameters = dict(module.named_parameters())
    optimizer = _optimizer(parameters, progress, recipe)
    average = progress.average or {k: p.detach().clone() for k, p in parameters.items()}
    seen: list[dict[str, float]] = []
    while progress.step < steps:
        chosen = cells.drawn(recipe.batch, seed, progress.step)
        parts = loss_of(chosen, generator_at(seed, progress.step))
        for group in optimizer.param_groups:
            group["lr"] = rate(progress.step, steps, recipe)
        optimizer.zero_grad(set_to_none=True)
        total(parts, recipe).backward()
        nn.utils.clip_grad_norm_(parameters.values(), recipe.clip)
        optimizer.step()
        progress.step += 1
        _follow(average, parameters, progress.step, recipe.average)
        seen.append({key: float(part.detach()) for key, part in parts.items()})
        if progress.step % recipe.report_every == 0 or progress.step == steps:
            _keep(progress, module, optimizer, average, done=progress.step == steps)
            module.load_state_dict(average)
            yield {"step": float(progress.step), **_means(seen)}
            module.load_state_dict(progress.weights)
            seen = []
    module.load_state_dict(average)


def base_loss(network: Network, cells: Cells, schedule: Schedule, device: str) -> LossOf:
    """The loss of the unconditional model."""
    return conditional_loss(network, cells, schedule, device, lambda chosen, generator: None)


def conditional_loss(
    network: Network,
    cells: Cells,
    schedule: Schedule,
    device: str,
    nudges_of: Callable[[np.ndarray, Generator], Nudges | None],
) -> LossOf:
    """The loss with whatever adapters add, given the indices of the crystals."""

    def loss_of(chosen: np.ndarray, generator: Generator) -> dict[str, Tensor]:
        clean = cells_on(cells.batch(chosen, schedule), device)
        time = stratified(len(chosen), generator).to(device)
        noisy, target = corrupt(clean, time, schedule, generator)
        return losses(network(noisy, nudges_of(chosen, generator)), target, noisy.real)

    return loss_of


@torch.inference_mode()
def held_back(loss_of: LossOf, count: int, recipe: Recipe) -> dict[str, float]:
    """Losses on crystals that are not learned; the same noise every time."""
    if not count:
        return {}
    picked = np.random.default_rng(0).permutation(count)[: 8 * recipe.batch]
    batches = np.array_split(picked, math.ceil(len(picked) / recipe.batch))
    parts = [loss_of(batch, generator_at(0, number)) for number, batch in enumerate(batches)]
    found = _means([{k: float(v) for k, v in part.items()} for part in parts])
    return {f"held_back_{key}": value for key, value in found.items()}


def generator_at(seed: int, step: int) -> Generator:
    """The random numbers of one step of a training or sampling."""
    state = np.random.SeedSequence([seed, step]).generate_state(2)
    return Generator().manual_seed(int(state[0]) << 31 | int(state[1]) >> 1)


def total(parts: dict[str, Tensor], recipe: Recipe) -> Tensor:
    """The loss that is followed downhill."""
    weighted = [getattr(recipe, key) * part for key, part in parts.items()]
    return torch.stack(weighted).sum()


def rate(step: int, steps: int, recipe: Recipe) -> float:
    """The learning rate: linear up, level, and linear down over the last part of the steps."""
    up = (step + 1) / (min(recipe.warmup, steps // 10) + 1)
    down = (steps - step) / (recipe.decay * steps)
    return recipe.learning_rate * min(1.0, up, down)


def _optimizer(
    parameters: dict[str, nn.Parameter], progress: Progress, recipe: Recipe
) -> torch.optim.AdamW:
    """AdamW without decay on vectors; moments as a checkpoint left them."""
    matrices = [p for p in parameters.values() if p.dim() > 1]
    vectors = [p for p in parameters.values() if p.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.99))
    for name, parameter in parameters.items():
        moments = {key: progress.moments.get(f"{key}/{name}") for key in MOMENTS}
        if moments["step"] is not None:
            optimizer.state[parameter] = {k: v.clone() for k, v in moments.items() if v is not None}
    return optimizer


@torch.no_grad()
def _follow(
    average: dict[str, Tensor], parameters: dict[str, nn.Parameter], step: int, decay: float
) -> None:
    share = 1 - min(decay, (1 + step) / (10 + step))  # the first weights are soon forgotten
    for name, parameter in parameters.items():
        average[name].lerp_(parameter, share)


def _keep(
    progress: Progress,
    module: nn.Module,
    optimizer: torch.optim.AdamW,
    average: dict[str, Tensor],
    *,
    done: bool,
) -> None:
    progress.weights = {k: v.detach().clone() for k, v in module.state_dict().items()}
    progress.average = average
    progress.moments = {}
    for name, parameter in {} if done else dict(module.named_parameters()).items():
        for key, value in optimizer.state[parameter].items():
            progress.moments[f"{key}/{name}"] = value.detach().cpu().clone()


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def write_checkpoint(folder: Path, progress: Progress) -> None:
    """Writes what is needed to go on; a finished training leaves none."""
    file = folder / CHECKPOINT
    if not progress.moments:
        file.unlink(missing_ok=True)
        return
    tensors = {
        f"{part}/{key}": value.contiguous()
        for part in ("weights", "average", "moments")
        for key, value in getattr(progress, part).items()
    }
    write_atomically(file, save({**tensors, "step": torch.tensor(progress.step)}))


def read_checkpoint(folder: Path) -> Progress | None:
    """A training that was left off, if the folder holds one.

    Raises:
        Damaged: if the file is unreadable.
    """
    file = folder / CHECKPOINT
    if not file.exists():
        return None
    try:
        tensors = load(file.read_bytes())
        progress = Progress(step=int(tensors.pop("step")))
        for name, tensor in tensors.items():
            part, _, key = name.partition("/")
            getattr(progress, part)[key] = tensor
    except (OSError, ValueError, KeyError, AttributeError, SafetensorError) as error:
        raise Damaged(
            f"checkpoint damaged: {file}: {error}; delete it to go on from the weights beside it"
        ) from error
    return progress
