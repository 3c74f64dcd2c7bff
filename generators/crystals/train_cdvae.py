"""The exact recipe of the shipped weights.

    python -m ionwright.generators.crystals.train_cdvae --data PATH --out DIR
    python -m ionwright.generators.crystals.train_cdvae --data PATH --out DIR --perovskites

The second learns the perovskites of perov_5 alone, to compare with the published reconstruction; of
that set the part named "val" is learned, the one named "train" not being at hand. A run that was
stopped goes on where it was, and --steps may be changed until the learning rate begins to fall.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import torch

from ionwright.knowledge.crystals import structure_from_text
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.files import write_atomically

from .cdvae import CDVAE
from .cdvae_data import set_of
from .cdvae_training import Recipe
from .data import CrystalSet, read_crystals

log = logging.getLogger(__name__)
SAVE_EVERY = 200  # steps
LEGS: tuple[int, ...] = (
    4000,
    8000,
)  # the learning rate falls at the end of each, moments begin anew after it
PEROVSKITE_LEGS: tuple[int, ...] = (2400,)


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with tables of crystals")
    parser.add_argument("--cache", type=Path, help="folder that keeps the parsed tables")
    parser.add_argument("--out", type=Path, required=True, help="where weights are written")
    parser.add_argument("--perovskites", action="store_true", help="learn perov_5 alone")
    parser.add_argument("--steps", type=int, help="of a single leg, instead of the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    if arguments.perovskites:
        crystals = read_perovskites(arguments.data, "val")
        recipe, legs = replace(Recipe(), split=False), PEROVSKITE_LEGS
    else:
        crystals = read_crystals(arguments.data, cache=arguments.cache)
        recipe, legs = Recipe(), LEGS
    log.info("%s crystals", len(crystals))
    for steps in (arguments.steps,) if arguments.steps else legs:
        learn(crystals, arguments.out, steps, arguments.seed, recipe)


def read_perovskites(folder: Path, part: Literal["val", "test"]) -> CrystalSet:
    """A part of perov_5 (Castelli et al. 2012), as CDVAE's authors split it.

    Raises:
        InvalidRequest: if the folder does not hold it.
    """
    import pandas as pd

    tables = sorted(folder.rglob(f"perov_5/{part}.csv*"))
    if not tables:
        raise InvalidRequest(f"no perov_5/{part}.csv in {folder}: leave the perovskites out")
    texts = pd.read_csv(tables[0])["cif"]
    return set_of([structure_from_text(text, "cif") for text in texts])


def learn(crystals: CrystalSet, folder: Path, steps: int, seed: int, recipe: Recipe) -> CDVAE:
    """One training, taken up where it was left; the time it took is kept beside the weights."""
    # each leg begins from what is saved, so that a run that was stopped is no different
    model = CDVAE.load(folder) if (folder / "config.json").exists() else CDVAE()
    if model.step >= steps:
        return model
    notes = folder / "training.json"
    before = json.loads(notes.read_text())["cpu_seconds"] if notes.exists() else 0.0
    start = time.process_time()

    def keep() -> None:
        model.save(folder)
        seconds = round(before + time.process_time() - start)
        text = {"cpu_seconds": seconds, "step": model.step, "recipe": asdict(recipe)}
        write_atomically(notes, json.dumps(text, indent=2))

    for metrics in model.fit(crystals, steps=steps, seed=seed, recipe=recipe):
        log.info("%s", {k: round(v, 4) for k, v in metrics.items()})
        if metrics["step"] % SAVE_EVERY == 0:
            keep()
    keep()
    return model


if __name__ == "__main__":
    main()
