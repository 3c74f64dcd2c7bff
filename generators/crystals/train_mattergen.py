"""The exact recipe of the shipped weights: the base model, then its adapters.

    python -m ionwright.generators.crystals.train_mattergen --data PATH --out DIR

A run that was stopped goes on where it was saved; adapters that are there are not trained again.
Labels that the crystals of --data do not carry come from tables: --table average_voltage=FILE.csv
(columns cif and average_voltage).
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from ionwright.knowledge.files import write_atomically

from .data import CrystalSet
from .mattergen import MatterGen
from .mattergen_adapters import CHEMICAL_SYSTEM, SPACE_GROUP
from .mattergen_tables import read_table
from .mattergen_training import Recipe
from .mattergen_tuning import TUNING

log = logging.getLogger(__name__)
ADAPTERS = (  # of what the crystals themselves tell
    CHEMICAL_SYSTEM,
    "energy_above_hull",
    "formation_energy_per_atom",
    "band_gap",
    SPACE_GROUP,
)
ADAPTER_STEPS = 400


def main() -> None:
    """Reads the command line, trains the base model, then the adapters."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of tables, or one .npz")
    parser.add_argument("--out", type=Path, required=True, help="where weights are written")
    parser.add_argument("--table", nargs="*", default=[], help="PROPERTY=FILE.csv of more labels")
    parser.add_argument("--steps", type=int, default=MatterGen.recipe_steps)
    parser.add_argument("--adapter-steps", type=int, default=ADAPTER_STEPS)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    data = MatterGen.read_data(arguments.data)
    model = base(data, arguments.out, arguments.steps, arguments.seed)
    tables = dict(item.split("=", 1) for item in arguments.table)
    for key in (*ADAPTERS, *tables):
        if key not in model.adapters:
            table = read_table(Path(tables[key]), key) if key in tables else (data, None)
            rows = model.finetune(key, *table, steps=arguments.adapter_steps, seed=arguments.seed)
            seconds = logged(key, rows)
            model.save(arguments.out)
            note(arguments.out, key, {"cpu_seconds": seconds, "steps": arguments.adapter_steps})


def base(data: CrystalSet, out: Path, steps: int, seed: int) -> MatterGen:
    """The base model, from where it was left."""
    model = MatterGen.load(out) if (out / "config.json").exists() else MatterGen()
    start, first = time.process_time(), model.step
    if first >= steps:
        return model
    for metrics in model.fit(data, steps=steps, seed=seed, recipe=Recipe()):
        seconds = time.process_time() - start
        log.info("%s", {"cpu_s": round(seconds), **{k: round(v, 4) for k, v in metrics.items()}})
        model.save(out)
    per_step = (time.process_time() - start) / (model.step - first)
    facts = {
        "cpu_seconds": round(per_step * model.step),
        "parameters": sum(p.numel() for p in model.network.parameters()),
        "recipe": asdict(Recipe()),
        "adapter_recipe": asdict(TUNING),
        "last": {k: round(v, 4) for k, v in metrics.items()},
    }
    note(out, "base", facts)
    return model


def logged(key: str, rows: Iterator[dict[str, float]]) -> int:
    """Runs an adapter's training; its CPU seconds."""
    start = time.process_time()
    for metrics in rows:
        log.info("%s %s", key, {k: round(v, 4) for k, v in metrics.items()})
    return round(time.process_time() - start)


def note(out: Path, part: str, facts: dict[str, object]) -> None:
    """Adds facts of one part to training.json."""
    file = out / "training.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    write_atomically(file, json.dumps({**known, part: facts}, indent=2))


if __name__ == "__main__":
    main()
