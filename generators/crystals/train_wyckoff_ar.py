"""The exact recipe of the shipped weights.

    python -m ionwright.generators.crystals.train_wyckoff_ar --data PATH --out DIR

One training on the train split; the state with the lowest loss on the val split is kept. A run that
was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path

import torch

from ionwright.generators.weights import read_config
from ionwright.knowledge.files import write_atomically

from .wyckoff_ar import WyckoffAR
from .wyckoff_training import Recipe

log = logging.getLogger(__name__)
SAVE_EVERY = 200  # steps


def main() -> None:
    """Reads the command line, trains, keeps the best."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of tables, or one .npz")
    parser.add_argument("--out", type=Path, required=True, help="where weights are written")
    parser.add_argument("--cache", type=Path, help="file that keeps the crystals as written")
    parser.add_argument("--steps", type=int, default=WyckoffAR.recipe_steps)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    data = WyckoffAR.read_data(arguments.data)
    last, best = arguments.out / "last", arguments.out / "best"
    model = WyckoffAR.load(last) if (last / "config.json").exists() else WyckoffAR()
    history = _history(arguments.out)
    recipe, start = Recipe(), time.process_time()
    spent = history[-1]["cpu_seconds"] if history else 0.0
    for metrics in model.fit(
        data, steps=arguments.steps, seed=arguments.seed, recipe=recipe, cache=arguments.cache
    ):
        metrics["cpu_seconds"] = round(spent + time.process_time() - start, 1)
        log.info("%s", {key: round(value, 3) for key, value in metrics.items()})
        history.append(metrics)
        if metrics["held_back_loss"] <= min(row["held_back_loss"] for row in history):
            model.save(best)
        if metrics["step"] % SAVE_EVERY == 0 or metrics["step"] == arguments.steps:
            model.save(last)
            write_atomically(arguments.out / "training.json", _report(history, recipe))
    (best / "checkpoint.safetensors").unlink(missing_ok=True)
    log.info("best: step %s", read_config(best)["step"])


def _history(folder: Path) -> list[dict[str, float]]:
    """What an earlier run reported up to where it was saved."""
    file = folder / "training.json"
    return json.loads(file.read_text(encoding="utf-8"))["history"] if file.exists() else []


def _report(history: list[dict[str, float]], recipe: Recipe) -> str:
    return json.dumps({"recipe": asdict(recipe), "history": history}, indent=1)


if __name__ == "__main__":
    main()
