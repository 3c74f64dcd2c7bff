"""The exact recipe of the shipped base weights.

    python -m ionwright.generators.crystals.train_mattergen --data PATH --out DIR

A run that was stopped goes on where it was saved.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path

import torch

from ionwright.knowledge.files import write_atomically

from .mattergen import MatterGen
from .mattergen_training import Recipe

log = logging.getLogger(__name__)


def main() -> None:
    """Reads the command line and trains the base model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of tables, or one .npz")
    parser.add_argument("--out", type=Path, required=True, help="where weights are written")
    parser.add_argument("--steps", type=int, default=MatterGen.recipe_steps)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    recipe = Recipe()
    data = MatterGen.read_data(arguments.data)
    there = (arguments.out / "config.json").exists()
    model = MatterGen.load(arguments.out) if there else MatterGen()
    start, first = time.process_time(), model.step
    for metrics in model.fit(data, steps=arguments.steps, seed=arguments.seed, recipe=recipe):
        seconds = time.process_time() - start
        log.info("%s", {"cpu_s": round(seconds), **{k: round(v, 4) for k, v in metrics.items()}})
        model.save(arguments.out)
    per_step = (time.process_time() - start) / max(model.step - first, 1)
    report = {
        "cpu_seconds": round(per_step * model.step),
        "parameters": sum(p.numel() for p in model.network.parameters()),
        "recipe": asdict(recipe),
    }
    write_atomically(arguments.out / "training.json", json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
