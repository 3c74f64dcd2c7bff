"""The exact recipe of the shipped weights.

    python -m ionwright.generators.molecules.train_polymer_gpt --data PATH --out DIR

Three stages, each saved, so that a stopped run goes on where it was:
1. learn: pre-training on unlabelled polymers, then the labelled "generator" split;
2. imagine: the model writes polymers over a range of conditions and temperatures, known ones are
   dropped, a predictor fitted on the "generator" split labels the rest;
3. widen: the second phase again, on labelled and imagined polymers together.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch

from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Target

from .baselines import FragmentRecombination
from .polymer_data import (
    ImaginedPolymer,
    PolymerData,
    is_known,
    load_polymers,
    save_known,
)
from .polymer_gpt import PolymerGPT
from .polymer_labels import Labeller
from .polymer_training import Recipe

log = logging.getLogger(__name__)
LEARN = Recipe(pretrain_share=5 / 7)
LEARN_STEPS = 2800
WIDEN = Recipe(pretrain_share=0.0, imagined_share=0.8)
WIDEN_STEPS = 1200
# What is asked of the model in stage two: conductivity from (S/cm), guidance.
ASKED = [(value, w) for value in (4e-5, 8e-5, 1.23e-4, 1.8e-4, 2.5e-4) for w in (1.0, 1.5, 2.0)]
ROUNDS = 4  # of 1,000 polymers for each of these
TEMPERATURE = 1.15  # of the shipped sampler: fewer repeats, hardly fewer hits
LONGEST = 74  # characters of an imagined polymer
SAVE_EVERY = 200  # steps


def main() -> None:
    """Reads the command line and runs the three stages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds htp_md/")
    parser.add_argument("--out", type=Path, required=True, help="where weights are written")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ship", action="store_true", help="also write the parts shipped beside")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    data = load_polymers(arguments.data)
    log.info("%s labelled, %s unlabelled", len(data.labelled), len(data.unlabelled))
    if arguments.ship:
        _ship_parts(data)
    start = time.process_time()
    learned = arguments.out / "learned"
    _stage(learned, data, LEARN, LEARN_STEPS, arguments.seed)
    model = PolymerGPT.load(learned)  # as saved: from here a run that was stopped is no different
    data = replace(data, unlabelled=[], imagined=_imagined(arguments.out, model, data))
    model = _stage(arguments.out / "widened", data, WIDEN, WIDEN_STEPS, arguments.seed + 1, model)
    model.sampling_temperature = TEMPERATURE
    model.save(arguments.out)
    seconds = round(time.process_time() - start)
    recipe = {"learn": asdict(LEARN), "widen": asdict(WIDEN), "imagined": len(data.imagined)}
    write_atomically(
        arguments.out / "training.json", json.dumps({"cpu_seconds": seconds, **recipe}, indent=2)
    )
    log.info("saved to %s after %s CPU seconds", arguments.out, seconds)


def _stage(
    folder: Path,
    data: PolymerData,
    recipe: Recipe,
    steps: int,
    seed: int,
    start: PolymerGPT | None = None,
) -> PolymerGPT:
    """One training, taken up where it was left; `start` gives the first weights."""
    if (folder / "config.json").exists():
        model = PolymerGPT.load(folder)
    else:
        model = start or PolymerGPT()
        model.step = 0
    for metrics in model.fit(data, steps=steps, seed=seed, recipe=recipe):
        log.info("%s %s", folder.name, {k: round(v, 4) for k, v in metrics.items()})
        if metrics["step"] % SAVE_EVERY == 0:
            model.save(folder)
    model.save(folder)
    return model


def _imagined(folder: Path, model: PolymerGPT, data: PolymerData) -> list[ImaginedPolymer]:
    """New polymers with predicted labels; kept in a file, so that they are made once."""
    file = folder / "imagined.json"
    if file.exists():
        return [ImaginedPolymer(*row) for row in json.loads(file.read_text(encoding="utf-8"))]
    found = sorted(_written(model))
    log.info("%s new polymers imagined", len(found))
    labelled = Labeller(data.of("generator")).label(found)
    rows = [(p.psmiles, p.ionic_conductivity, p.transference_number) for p in labelled]
    write_atomically(file, json.dumps(rows))
    return labelled


def _written(model: PolymerGPT) -> set[str]:
    found: set[str] = set()
    for turn in range(ROUNDS):
        seed = 1000 + 100 * turn
        batches = [model.sample(1000, seed=seed, sampling_temperature=1.15)]
        for i, (value, w) in enumerate(ASKED):
            target = Target(property="ionic_conductivity", op=">=", value=value, unit="S/cm")
            batches.append(
                model.sample(
                    1000, [target], seed=seed + i + 1, guidance=w, sampling_temperature=1.2
                )
            )
        found |= {c.data for batch in batches for c in batch if c.checks["valid"]}
    return {text for text in found if len(text) <= LONGEST and not is_known(text)}


def _ship_parts(data: PolymerData) -> None:
    """Hashes of the known polymers and the pieces of the baseline, beside the weights."""
    save_known(data.known())
    fragments = FragmentRecombination()
    list(fragments.fit(data))
    fragments.save(FragmentRecombination.weights)


if __name__ == "__main__":
    main()
