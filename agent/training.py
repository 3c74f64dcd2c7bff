"""`ionwright train`: fit a generator on the user's data, with progress, checkpoints and resume."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import click
from rich.console import Console

from ionwright.generators.base import Generator, generator_class
from ionwright.knowledge.errors import Cancelled, InvalidRequest

from .progress import Progress

SAVE_EVERY = 60.0  # seconds of training that a kill may cost


def train(name: str, data: Path, *, steps: int | None, seed: int, out: Path) -> None:
    """Trains and saves a generator; the same command goes on where a stopped one was.

    Raises:
        InvalidRequest: if the generator cannot be trained or the data cannot be read.
        Cancelled: after Ctrl-C; the weights so far are saved.
    """
    made = generator_class(name)
    with Console(stderr=True).status(f"reading {data}"):
        rows = made.read_data(data)
    model = made.load(out) if (out / "config.json").exists() else made()
    total = steps or made.recipe_steps
    if model.step >= total:
        raise InvalidRequest(f"{out} is trained for {model.step} steps already: ask for more")
    stopped, last = _fit(model, rows, total, seed, out)
    figures = ", ".join(f"{key} {value:.4g}" for key, value in last.items())
    if stopped:
        raise Cancelled(f"stopped; saved in {out} ({figures}); the same command goes on")
    click.echo(f"saved in {out}: {figures}", err=True)


def _fit(
    model: Generator, rows: object, total: int, seed: int, out: Path
) -> tuple[bool, dict[str, float]]:
    cancelled = threading.Event()
    last: dict[str, float] = {}
    saved = time.monotonic()
    with Progress() as progress:
        progress.stop_sets(cancelled)
        for last in model.fit(rows, steps=total, seed=seed):  # type: ignore[arg-type]
            progress.update(f"training {model.name}", int(last["step"]), total)
            if cancelled.is_set():
                break
            if time.monotonic() - saved > SAVE_EVERY:
                model.save(out)
                saved = time.monotonic()
    model.save(out)
    return cancelled.is_set(), last
