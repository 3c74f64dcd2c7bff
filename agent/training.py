"""`ionwright train`: fit a generator on the user's data, with progress, checkpoints and resume."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import click

from ionwright.generators.base import generator_class
from ionwright.knowledge.errors import Cancelled, InvalidRequest

from .progress import Progress


def train(name: str, data: Path, *, steps: int | None, seed: int, out: Path) -> None:
    """Trains and saves a generator; Ctrl-C saves what there is and says how to go on.

    Raises:
        InvalidRequest: if the generator cannot be trained or the data cannot be read.
        Cancelled: after a stop; the weights so far are saved.
    """
    made: Any = generator_class(name)
    if not hasattr(made, "recipe_steps"):
        raise InvalidRequest(f"generator {name!r} has nothing to train")
    model = made.load(out) if (out / "config.json").exists() else made()
    total = steps or made.recipe_steps
    cancelled = threading.Event()
    last: dict[str, float] = {}
    with Progress() as progress:
        progress.stop_sets(cancelled)
        for last in model.fit(made.read_data(data), steps=total, seed=seed):
            progress.update(f"training {name}", int(last["step"]), total)
            if cancelled.is_set():
                break
    model.save(out)
    figures = ", ".join(f"{key} {value:.4g}" for key, value in last.items())
    if cancelled.is_set():
        raise Cancelled(
            f"stopped; weights so far are in {out} ({figures}); the same command goes on"
        )
    click.echo(f"saved to {out}: {figures}", err=True)
