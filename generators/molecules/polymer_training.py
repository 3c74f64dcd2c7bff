"""How PolymerGPT is trained: two phases, each a cosine schedule, every draw fixed by seed and step.

Phase one reads all unlabelled polymers and the "generator" split of the labelled ones, with the SA
score as the only condition. Phase two reads the labelled ones alone, with all conditions, each
polymer in any of its ways of writing. The judge and test splits are never read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.files import write_atomically

from ..device import has_fast_bf16
from .metrics import sa_score
from .polymer_batches import Corpus, flattening_weights, labelled_values
from .polymer_conditions import CONDITIONS, Knots
from .polymer_data import ImaginedPolymer, LabelledPolymer, PolymerData
from .polymer_network import Config, Network
from .polymer_tokens import Tokenizer, build_vocabulary

if TYPE_CHECKING:
    from .polymer_gpt import PolymerGPT


@dataclass(frozen=True)
class Recipe:
    """Everything about a training that is not the data."""

    batch: int = 128
    pretrain_share: float = 0.75  # of all steps; none where there is nothing unlabelled
    learning_rates: tuple[float, float] = (2e-3, 8e-4)  # at the top of each phase
    warmup: int = 100
    weight_decay: float = 0.1
    forget: float = 0.15  # share of conditions hidden
    flatten: float = 0.5  # how far rare conductivities are favoured (0 = as they come)
    least_count: int = 20  # a token rarer than this is not learned
    knots: int = 16
    hard_threshold: float | None = None  # class labels, as published, instead of knots
    imagined_share: float = 0.75  # of the rows of phase two, where there are imagined polymers
    held_back: float = 0.05  # share of the generator split for the loss that is shown
    shift: bool = True
    guidance: float = 1.0
    report_every: int = 50


def train(
    model: PolymerGPT,
    data: Iterable[Any] | PolymerData,
    *,
    steps: int,
    seed: int,
    recipe: Recipe | None,
) -> Iterator[dict[str, float]]:
    """The body of `PolymerGPT.fit`."""
    recipe = recipe or Recipe()
    data = data if isinstance(data, PolymerData) else PolymerData(list(data), [])
    phases, check = _prepare(model, data, recipe, seed)
    borders = _borders(steps, bool(data.unlabelled), recipe)
    network = model.network
    assert network is not None
    optimizer = _optimizer(model, recipe)
    bf16 = has_fast_bf16(model.device)
    while model.step < steps:
        step = model.step
        phase = int(step >= borders[0])
        if step == borders[0]:  # a new phase starts with fresh moments
            model.optimizer_state = {}
            optimizer = _optimizer(model, recipe)
        rng = np.random.default_rng([seed, step])
        torch.manual_seed(int(rng.integers(2**31)))  # dropout
        ids, mixture = phases[phase].draw(recipe.batch, rng, model.knots, recipe.forget)
        start, stop = (0, borders[0]) if phase == 0 else (borders[0], steps)
        rate = _rate(step - start, stop - start, recipe.learning_rates[phase], recipe.warmup)
        for group in optimizer.param_groups:
            group["lr"] = rate
        network.train()
        with torch.autocast(model.device.split(":")[0], torch.bfloat16, enabled=bf16):
            loss = network.loss(ids.to(model.device), mixture.to(model.device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        network.eval()
        model.step += 1
        if model.step % recipe.report_every == 0 or model.step == steps:
            # a finished training needs no moments
            model.optimizer_state = _moments(network, optimizer) if model.step < steps else {}
            yield {
                "step": float(model.step),
                "phase": float(phase + 1),
                "loss": float(loss.detach()),
                "held_back_loss": _held_back_loss(model, check),
            }


def _borders(steps: int, unlabelled: bool, recipe: Recipe) -> tuple[int, int]:
    return (round(steps * recipe.pretrain_share) if unlabelled else 0), steps


def _rate(step: int, steps: int, top: float, warmup: int) -> float:
    warmup = min(warmup, steps // 10)
    if step < warmup:
        return top * (step + 1) / (warmup + 1)
    return top * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))))


def _prepare(
    model: PolymerGPT, data: PolymerData, recipe: Recipe, seed: int
) -> tuple[tuple[Corpus, Corpus], Corpus]:
    """Vocabulary, knots, network (all kept if they are there), and the encoded polymers."""
    labelled = data.of("generator")
    if len(labelled) < 10:
        raise InvalidRequest(
            f"{len(labelled)} labelled polymers on the generator split; at least 10 are needed"
        )
    order = np.random.default_rng([seed, 2**31]).permutation(len(labelled))
    n_check = max(1, int(len(labelled) * recipe.held_back))
    check, train_rows = (
        [labelled[i] for i in order[:n_check]],
        [labelled[i] for i in order[n_check:]],
    )
    values = labelled_values(train_rows, [sa_score(p.psmiles) for p in train_rows])
    free = np.full((len(data.unlabelled), len(CONDITIONS)), np.nan)
    free[:, CONDITIONS.index("sa_score")] = [sa_score(p) for p in data.unlabelled]
    if model.network is None:
        _build(model, train_rows, data.unlabelled, values, free, recipe, seed)
    tokenizer, block = model.tokenizer, model.network.config.block  # type: ignore[union-attr]
    assert tokenizer is not None
    names = [p.psmiles for p in train_rows]

    def corpus(polymers: list[str], v: np.ndarray, w: np.ndarray | None = None) -> Corpus:
        return Corpus.of(polymers, v, tokenizer, block, w, shift=recipe.shift)

    blind = values.copy()
    blind[:, :2] = np.nan
    pretraining = corpus(names + data.unlabelled, np.concatenate([blind, free]))
    tuning = corpus(*_tuning(names, values, data.imagined, recipe))
    held = labelled_values(check, [sa_score(p.psmiles) for p in check])
    return (pretraining, tuning), corpus([p.psmiles for p in check], held)


def _tuning(
    names: list[str], values: np.ndarray, imagined: list[ImaginedPolymer], recipe: Recipe
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Rows of phase two: polymers, scaled values, weights; the imagined ones have their share."""
    weights = flattening_weights(values[:, 0], recipe.flatten)
    if not imagined:
        return names, values, weights
    others = labelled_values(imagined, [sa_score(p.psmiles) for p in imagined])
    more = flattening_weights(others[:, 0], recipe.flatten)
    share = recipe.imagined_share
    weights = np.concatenate([(1 - share) * weights / weights.sum(), share * more / more.sum()])
    return names + [p.psmiles for p in imagined], np.concatenate([values, others]), weights


def _build(
    model: PolymerGPT,
    labelled: list[LabelledPolymer],
    unlabelled: list[str],
    values: np.ndarray,
    free: np.ndarray,
    recipe: Recipe,
    seed: int,
) -> None:
    names = [p.psmiles for p in labelled]
    least = recipe.least_count if unlabelled else 1
    model.tokenizer = Tokenizer(build_vocabulary(names + unlabelled, least))
    sa = np.concatenate([values[:, 2], free[:, 2]]) if len(free) else values[:, 2]
    columns = [values[:, 0], values[:, 1], sa]
    model.knots = {
        key: Knots.of(column, recipe.knots) for key, column in zip(CONDITIONS, columns, strict=True)
    }
    if recipe.hard_threshold is not None:
        model.knots["ionic_conductivity"] = Knots.classes(
            values[:, 0], math.log10(recipe.hard_threshold), recipe.knots
        )
    torch.manual_seed(seed)
    size = {"knots": recipe.knots, **model.size}
    model.network = Network(Config(vocab=len(model.tokenizer.vocabulary), **size)).to(model.device)
    model.guidance = recipe.guidance


def _optimizer(model: PolymerGPT, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW without decay on vectors and condition tables; moments as left by a checkpoint."""
    network = model.network
    assert network is not None
    named = dict(network.named_parameters())
    decayed = [p for name, p in named.items() if p.dim() == 2]
    rest = [p for name, p in named.items() if p.dim() != 2]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98))
    for name, parameter in named.items():
        moments = {k: model.optimizer_state.get(f"{k}/{name}") for k in _MOMENTS}
        if moments["step"] is not None:
            optimizer.state[parameter] = {k: v.clone() for k, v in moments.items() if v is not None}
    return optimizer


_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
CHECKPOINT = "checkpoint.safetensors"


def _moments(network: torch.nn.Module, optimizer: torch.optim.AdamW) -> dict[str, torch.Tensor]:
    found = {}
    for name, parameter in network.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            found[f"{key}/{name}"] = value.detach().cpu().clone()
    return found


@torch.inference_mode()
def _held_back_loss(model: PolymerGPT, check: Corpus) -> float:
    """Loss on polymers not trained on, all conditions known; the same draw every time."""
    network = model.network
    assert network is not None
    ids, mixture = check.draw(128, np.random.default_rng(0), model.knots, forget=0.0)
    return float(network.loss(ids.to(model.device), mixture.to(model.device)))


def write_checkpoint(model: PolymerGPT, folder: Path) -> None:
    """Writes what is needed to go on exactly: fp32 weights, moments, step.

    A finished training has no moments and leaves no checkpoint.
    """
    file = folder / CHECKPOINT
    if not model.optimizer_state:
        file.unlink(missing_ok=True)
        return
    assert model.network is not None
    tensors = {f"model/{k}": v for k, v in model.network.state_dict().items() if "head" not in k}
    tensors |= {f"optimizer/{k}": v for k, v in model.optimizer_state.items()}
    tensors["step"] = torch.tensor(model.step)
    write_atomically(file, save({k: v.contiguous() for k, v in tensors.items()}))


def read_checkpoint(model: PolymerGPT, folder: Path) -> None:
    """Takes up a training that was left off, if the folder holds one.

    Raises:
        Damaged: if the file is unreadable.
    """
    file = folder / CHECKPOINT
    if not file.exists():
        return
    assert model.network is not None
    try:
        tensors = load(file.read_bytes())
        weights = _below("model/", tensors)
        model.network.load_state_dict(weights, strict=False)
        model.step = int(tensors["step"])
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise Damaged(
            f"checkpoint damaged: {file}: {error}; delete it to go on from the weights beside it"
        ) from error
    model.optimizer_state = _below("optimizer/", tensors)


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
