"""How the Wyckoff transformer is trained: one schedule, every draw fixed by seed and step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ionwright.generators.molecules.polymer_conditions import Knots, scale
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.files import write_atomically

from .data import CrystalSet
from .wyckoff_data import Written, write_set
from .wyckoff_network import PAD, Condition, Config, Network
from .wyckoff_tokens import COLUMNS, ELEMENTS, Bins, steps_of

if TYPE_CHECKING:
    from .wyckoff_ar import WyckoffAR

CONDITIONS = ("energy_above_hull", "formation_energy_per_atom", "band_gap")
WORKING_IONS = (3, 11, 12, 13, 19, 20, 30)
ANIONS = (7, 8, 9, 15, 16, 17, 34, 35, 53)
CHECKPOINT = "checkpoint.safetensors"
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
_SORTED = 8  # batches whose rows are sorted by length, so that little is padding


@dataclass(frozen=True)
class Recipe:
    """Everything about a training that is not the data."""

    batch: int = 64
    learning_rate: float = 2.5e-3
    warmup: int = 150
    weight_decay: float = 0.1
    forget: float = 0.5  # how often a property is hidden
    show_some: float = 0.35  # how often some of the elements are told, and
    show_all: float = 0.25  # how often all, with the word that there are no others
    working_ion: float = 2.0  # weight of crystals with a working ion and an anion
    unstable: float = 0.3  # weight of crystals more than 0.1 eV/atom above the hull
    unknown: float = 0.7  # weight of crystals whose energy is not known
    report_every: int = 200
    check: int = 1000  # crystals of the val split that the held-back loss is taken on


@dataclass(frozen=True)
class Corpus:
    """Crystals as steps, ready to be drawn from.

    Attributes:
        steps: of each crystal, (T, len(COLUMNS) + 2).
        elements: (n, ELEMENTS) 1 where an element occurs.
        values: (n, P) properties on the scale of their knots, nan where unknown.
        weights: (n,) how often each is drawn, relatively.
    """

    steps: list[np.ndarray]
    elements: np.ndarray
    values: np.ndarray
    weights: np.ndarray

    def batch(
        self, rows: np.ndarray, knots: dict[str, Knots], rng: np.random.Generator, recipe: Recipe
    ) -> tuple[Tensor, Tensor, Condition]:
        """Steps (B, T, columns), answers (B, T, 2) and what the rows are told."""
        longest = max(len(self.steps[row]) for row in rows)
        table = np.zeros((len(rows), longest, len(COLUMNS) + 2), dtype=np.int64)
        table[..., len(COLUMNS) :] = PAD
        for at, row in enumerate(rows):
            table[at, : len(self.steps[row])] = self.steps[row]
        steps, answers = np.split(table, [len(COLUMNS)], axis=-1)
        hidden = rng.random((len(rows), len(CONDITIONS))) < recipe.forget
        values = np.where(hidden, np.nan, self.values[rows])
        told, only = _told(self.elements[rows], rng, recipe)
        return torch.from_numpy(steps), torch.from_numpy(answers), asked(values, knots, told, only)


def asked(
    values: np.ndarray, knots: dict[str, Knots], elements: np.ndarray, only: np.ndarray
) -> Condition:
    """A condition from scaled values (B, P), nan = not asked for, and elements (B, ELEMENTS)."""
    mixtures = [knots[key].mixture(values[:, i]) for i, key in enumerate(CONDITIONS)]
    return Condition(
        torch.from_numpy(np.stack(mixtures, axis=1)),
        torch.from_numpy(elements.astype(np.float32)),
        torch.from_numpy(only.astype(np.float32)),
    )


def _told(
    elements: np.ndarray, rng: np.random.Generator, recipe: Recipe
) -> tuple[np.ndarray, np.ndarray]:
    """Nothing, some elements, or all of them and the word that there are no others."""
    chance = rng.random(len(elements))
    only = chance < recipe.show_all
    some = chance < recipe.show_all + recipe.show_some
    share = rng.random((len(elements), 1))
    shown = np.where(only[:, None], True, some[:, None] & (rng.random(elements.shape) < share))
    return elements * shown, only


def corpus_of(written: Written, crystals: CrystalSet, bins: Bins, recipe: Recipe) -> Corpus:
    """The written crystals with their properties and weights."""
    columns = [getattr(crystals, key)[written.rows] for key in CONDITIONS]
    elements = np.zeros((len(written.crystals), ELEMENTS), dtype=bool)
    for row, crystal in enumerate(written.crystals):
        elements[row, [orbit.number for orbit in crystal.orbits]] = True
    hull = columns[0]
    weights = np.where(np.isnan(hull), recipe.unknown, np.where(hull > 0.1, recipe.unstable, 1.0))
    battery = elements[:, WORKING_IONS].any(1) & elements[:, ANIONS].any(1)
    return Corpus(
        [steps_of(crystal, bins) for crystal in written.crystals],
        elements,
        np.stack(columns, axis=1),
        weights * np.where(battery, recipe.working_ion, 1.0),
    )


def train(
    model: WyckoffAR,
    data: CrystalSet,
    *,
    steps: int,
    seed: int,
    recipe: Recipe | None,
    cache: Path | None,
) -> Iterator[dict[str, float]]:
    """The body of `WyckoffAR.fit`."""
    recipe = recipe or Recipe()
    corpus, check = _prepare(model, data, recipe, seed, cache)
    network, knots = model.network, model.knots
    assert network is not None
    optimizer = _optimizer(model, recipe)
    while model.step < steps:
        rows, rng = _rows(corpus, recipe.batch, seed, model.step)
        torch.manual_seed(int(rng.integers(2**31)))  # dropout
        inputs, answers, told = corpus.batch(rows, knots, rng, recipe)
        for group in optimizer.param_groups:
            group["lr"] = _rate(model.step, steps, recipe)
        network.train()
        # fp32: batches differ in length, and bf16 kernels are prepared anew for every shape
        condition = network.condition(told.to(model.device))
        parts = network.losses(inputs.to(model.device), answers.to(model.device), condition)
        # per answer: a batch holds crystals of like length, and their sums differ tenfold
        loss = torch.stack(list(parts.values())).sum() / (answers[..., 0] != PAD).sum()
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
                "loss": float(loss.detach()),
                **held_back(model, check),
            }


@torch.inference_mode()
def held_back(
    model: WyckoffAR,
    check: Corpus,
    told: Recipe = Recipe(forget=1.0, show_some=0.0, show_all=0.0),
) -> dict[str, float]:
    """Nats per crystal on crystals not trained on, by kind of answer and in all.

    Args:
        model: in training or trained.
        check: the crystals.
        told: a recipe whose `forget`, `show_some` and `show_all` say what is told; here nothing.
    """
    network = model.network
    assert network is not None
    totals: dict[str, float] = {}
    order = np.argsort([len(steps) for steps in check.steps])
    for rows in np.array_split(order, max(1, len(order) // 128)):
        rng = np.random.default_rng(0)
        inputs, answers, asked_for = check.batch(rows, model.knots, rng, told)
        condition = network.condition(asked_for.to(model.device))
        parts = network.losses(inputs.to(model.device), answers.to(model.device), condition)
        for kind, loss in parts.items():
            totals[kind] = totals.get(kind, 0.0) + float(loss)
    found = {f"held_back_{kind}": total / len(order) for kind, total in totals.items()}
    return {**found, "held_back_loss": sum(found.values())}


def _prepare(
    model: WyckoffAR, data: CrystalSet, recipe: Recipe, seed: int, cache: Path | None
) -> tuple[Corpus, Corpus]:
    """Bins, knots, network (all kept if they are there), and the crystals as steps."""
    written = write_set(data, cache=cache)
    parts = [data.split(row) for row in written.rows]
    train_part, val_part = (_part(written, parts, name) for name in ("train", "val"))
    if len(train_part.crystals) < 10:
        raise InvalidRequest(
            f"{len(train_part.crystals)} crystals on the train split that can be written by their "
            "symmetry; at least 10 are needed"
        )
    if model.network is None:
        torch.manual_seed(seed)
        model.bins = Bins.of(train_part.crystals)
        model.knots = _knots(data, train_part)
        model.network = Network(Config(**model.size)).to(model.device)
    assert model.bins is not None
    corpus = corpus_of(train_part, data, model.bins, recipe)
    model.seen = np.asarray(corpus.elements.any(0))
    chosen = np.random.default_rng(0).permutation(len(val_part.crystals))[: recipe.check]
    checked = Written(tuple(val_part.crystals[i] for i in chosen), val_part.rows[chosen])
    return corpus, corpus_of(checked if len(chosen) else train_part, data, model.bins, recipe)


def _part(written: Written, parts: Sequence[str], name: str) -> Written:
    chosen = [i for i, part in enumerate(parts) if part == name]
    return Written(tuple(written.crystals[i] for i in chosen), written.rows[chosen])


def _knots(data: CrystalSet, written: Written) -> dict[str, Knots]:
    knots = {}
    for key in CONDITIONS:
        column = getattr(data, key)[written.rows]
        known = [scale(key, value) for value in column[~np.isnan(column)]]
        knots[key] = Knots.of(np.array(known or [0.0]), Config().knots)
    return knots


def _rows(
    corpus: Corpus, batch: int, seed: int, step: int
) -> tuple[np.ndarray, np.random.Generator]:
    """The rows of this step and the random numbers that go on from them."""
    together = np.random.default_rng([seed, 1, step // _SORTED])
    shares = corpus.weights / corpus.weights.sum()
    drawn = together.choice(len(shares), batch * _SORTED, p=shares)
    lengths = np.array([len(corpus.steps[row]) for row in drawn])
    parts = drawn[np.argsort(lengths, kind="stable")].reshape(_SORTED, batch)
    return parts[together.permutation(_SORTED)[step % _SORTED]], np.random.default_rng(
        [seed, 2, step]
    )


def _rate(step: int, steps: int, recipe: Recipe) -> float:
    warmup = min(recipe.warmup, steps // 10)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / (warmup + 1)
    turn = math.pi * (step - warmup) / (steps - warmup)
    return recipe.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(turn)))


def _optimizer(model: WyckoffAR, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW without decay on vectors; moments as left by a checkpoint."""
    network = model.network
    assert network is not None
    named = dict(network.named_parameters())
    groups = [
        {
            "params": [p for p in named.values() if p.dim() == 2],
            "weight_decay": recipe.weight_decay,
        },
        {"params": [p for p in named.values() if p.dim() != 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98))
    for name, parameter in named.items():
        moments = {key: model.optimizer_state.get(f"{key}/{name}") for key in _MOMENTS}
        if moments["step"] is not None:
            optimizer.state[parameter] = {k: v.clone() for k, v in moments.items() if v is not None}
    return optimizer


def _moments(network: Network, optimizer: torch.optim.AdamW) -> dict[str, Tensor]:
    found = {}
    for name, parameter in network.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            found[f"{key}/{name}"] = value.detach().cpu().clone()
    return found


def write_checkpoint(model: WyckoffAR, folder: Path) -> None:
    """Writes what is needed to go on exactly: fp32 weights, moments, step.

    A finished training has no moments and leaves no checkpoint.
    """
    file = folder / CHECKPOINT
    if not model.optimizer_state:
        file.unlink(missing_ok=True)
        return
    assert model.network is not None
    tensors = {f"model/{k}": v for k, v in model.network.state_dict().items()}
    tensors |= {f"optimizer/{k}": v for k, v in model.optimizer_state.items()}
    tensors["step"] = torch.tensor(model.step)
    write_atomically(file, save({k: v.contiguous() for k, v in tensors.items()}))


def read_checkpoint(model: WyckoffAR, folder: Path) -> None:
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
        weights = {k.removeprefix("model/"): v for k, v in tensors.items() if k[:6] == "model/"}
        model.network.load_state_dict(weights)
        model.step = int(tensors["step"])
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise Damaged(
            f"checkpoint damaged: {file}: {error}; delete it to go on from the weights beside it"
        ) from error
    model.optimizer_state = {
        k.removeprefix("optimizer/"): v for k, v in tensors.items() if k.startswith("optimizer/")
    }
