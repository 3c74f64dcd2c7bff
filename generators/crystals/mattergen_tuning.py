"""How an adapter is trained: labelled crystals in, a frozen base, one module out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Generator

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.vocabulary import property_of

from .data import CrystalSet
from .mattergen_adapters import Adapter, Code, Wish, Wishes, codes_of, kind_of
from .mattergen_batches import BATTERY_WEIGHT, Cells, cells_of, is_battery_relevant
from .mattergen_diffusion import Schedule
from .mattergen_network import Network
from .mattergen_tables import FEWEST, labels_in, usable
from .mattergen_training import Progress, Recipe, conditional_loss, held_back, train

TUNING = Recipe(learning_rate=3e-3, warmup=50, average=0.99, weight_decay=0.0, report_every=100)


def tune(
    network: Network,
    schedule: Schedule,
    key: str,
    data: CrystalSet,
    labels: np.ndarray | None,
    *,
    steps: int,
    seed: int,
    recipe: Recipe,
) -> tuple[Adapter, Iterator[dict[str, float]]]:
    """An adapter for one property, and the training that it gets as its metrics are read.

    Arguments and errors as in `MatterGen.finetune`.
    """
    if kind_of(key) == "number":
        property_of(key)
    values = labels_in(data, key) if labels is None else labels
    crystals, known = usable(data, values, "train")
    if len(crystals) < FEWEST:
        raise InvalidRequest(
            f"{len(crystals)} labelled crystals of at most 20 atoms to learn {key!r} from; "
            f"at least {FEWEST} are needed"
        )
    torch.manual_seed(seed)
    device = next(network.parameters()).device
    adapter = Adapter(Code.of(key, known), network.config).to(device)
    battery = [is_battery_relevant(crystals.elements(i)) for i in range(len(crystals))]
    cells = cells_of(crystals, np.where(battery, BATTERY_WEIGHT, 1.0))
    check_set, check_known = usable(data, values, "val")
    check = cells_of(check_set)
    losses = [
        conditional_loss(network, part, schedule, str(device), _nudges(adapter, part, labelled))
        for part, labelled in ((cells, known), (check, check_known))
    ]

    def rows() -> Iterator[dict[str, float]]:
        network.requires_grad_(False)
        try:
            progress = Progress()
            training = train(
                adapter, losses[0], cells, progress, steps=steps, seed=seed, recipe=recipe
            )
            for metrics in training:
                yield {**metrics, **held_back(losses[1], len(check), recipe)}
        finally:
            network.requires_grad_(True)

    return adapter, rows()


def _nudges(
    adapter: Adapter, cells: Cells, labels: np.ndarray
) -> Callable[[np.ndarray, Generator], Wishes]:
    def nudges_of(chosen: np.ndarray, generator: Generator) -> Wishes:
        code = codes_of(adapter.code, cells, labels, chosen, generator)
        return Wishes([Wish(adapter, code.to(next(adapter.parameters()).device))])

    return nudges_of
