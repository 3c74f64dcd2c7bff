"""The figures in WyckoffAR's card: samples beside those of the two baselines, on the same data.

    python -m ionwright.generators.crystals.measure_wyckoff_ar --data PATH --out metrics.json

Energies are for the benchmark, which relaxes. The data are needed for the hosts of the ion exchange
and for the test split that coverage is taken on.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Target

from . import metrics
from .base import CrystalGenerator
from .charge_balance import charge_balanced, composition_valid
from .data import CrystalSet
from .ion_exchange import IonExchange
from .random_symmetric import RandomSymmetric
from .wyckoff_ar import WyckoffAR
from .wyckoff_data import write_set
from .wyckoff_training import CONDITIONS, Recipe, corpus_of, held_back

if TYPE_CHECKING:
    from pymatgen.core import Structure

log = logging.getLogger(__name__)
SYMPREC = 0.1  # angstrom
TOLD = 600  # test crystals that the surprise is taken on
LARGEST = 40  # atoms, of test crystals that coverage is taken on


def main() -> None:
    """Reads the command line and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of tables, or one .npz")
    parser.add_argument("--weights", type=Path, help="the shipped ones if left out")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="rows that start so; others stay as they are")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    data = CrystalGenerator.read_data(arguments.data)
    reference = _reference(data, arguments.n)
    model, exchange = WyckoffAR.load(arguments.weights), IonExchange()
    list(exchange.fit(data))
    lithium = ["Li", "O"]
    stable = [Target(property="energy_above_hull", op="<=", value=0.02, unit="eV/atom")]
    runs: dict[str, tuple[CrystalGenerator, dict[str, Any]]] = {
        "wyckoff_ar": (model, {}),
        "wyckoff_ar, asked for stability": (model, {"conditions": stable}),
        "wyckoff_ar, charges free": (model, {"balance_charges": False}),
        "ion_exchange": (exchange, {}),
        "random_symmetric": (RandomSymmetric.load(), {}),
        "wyckoff_ar, with Li and O": (model, {"require_elements": lithium}),
        "ion_exchange, with Li and O": (exchange, {"require_elements": lithium}),
    }
    rows: dict[str, dict[str, float]] = {}
    if arguments.only and arguments.out.exists():
        rows = json.loads(arguments.out.read_text(encoding="utf-8"))["rows"]
    nats = nats_per_crystal(model, data)
    for name in (name for name in runs if name.startswith(arguments.only)):
        generator, options = runs[name]
        start = time.process_time()
        made = generator.sample_structures(arguments.n, seed=arguments.seed, **options)
        seconds = time.process_time() - start
        rows[name] = {"samples_per_cpu_second": arguments.n / seconds, **figures(made, reference)}
        log.info("%s %s", name, rows[name])
        report = {
            "n": arguments.n,
            "seed": arguments.seed,
            "hardware": f"{platform.processor() or platform.machine()}, one thread",
            "weights": model.weights_id,
            "temperatures": model.temperatures,
            "guidance": model.guidance,
            "rows": rows,
            "test_nats_per_crystal": nats,
        }
        write_atomically(arguments.out, json.dumps(report, indent=1))


def figures(made: list[Structure | None], reference: list[Structure]) -> dict[str, float]:
    """Shares of all samples; uniqueness and what follows of those that are valid."""
    n = len(made)
    valid = [s for s in made if s is not None and metrics.structure_valid(s)]
    sound = [s for s in valid if metrics.structure_sound(s)]
    different = [valid[i] for i in metrics.unique(valid)]
    covered = metrics.coverage(different, reference)
    kept = [_keeps_group(s) for s in sound if "spg_num" in s.properties]
    return {
        "valid": len(valid) / n,
        "sound": len(sound) / n,
        "group_kept": float(np.mean(kept)) if kept else float("nan"),
        "smact_valid": sum(composition_valid(s.composition) for s in valid) / n,
        "charge_balanced": sum(charge_balanced(s.composition) is not False for s in valid) / n,
        "unique": len(different) / max(1, len(valid)),
        "novel": metrics.novelty(different),
        "valid_unique_novel": len(different) * metrics.novelty(different) / n,
        "coverage_recall": covered.recall,
        "coverage_precision": covered.precision,
        "mean_atoms": float(np.mean([len(s) for s in valid])),
        "mean_elements": float(np.mean([len(s.composition) for s in valid])),
        "mean_density": float(np.mean([s.density for s in valid])),
    }


def nats_per_crystal(model: WyckoffAR, data: CrystalSet) -> dict[str, float]:
    """Surprise at crystals of the test split of which all is known, by what the model is told."""
    rows = [
        i
        for i in np.random.default_rng(1).permutation(len(data)).tolist()
        if data.split(i) == "test" and all(not np.isnan(getattr(data, k)[i]) for k in CONDITIONS)
    ]
    chosen = data.take(rows[:TOLD])
    assert model.bins is not None
    corpus = corpus_of(write_set(chosen), chosen, model.bins, Recipe())
    found = {"nothing told": held_back(model, corpus)["held_back_loss"]}
    for i, key in enumerate(CONDITIONS):
        others = np.arange(len(CONDITIONS)) != i
        only = replace(corpus, values=np.where(others, np.nan, corpus.values))
        told = Recipe(forget=0.0, show_some=0.0, show_all=0.0)
        found[key] = held_back(model, only, told)["held_back_loss"]
    all_elements = Recipe(forget=1.0, show_some=0.0, show_all=1.0)
    found["elements"] = held_back(model, corpus, all_elements)["held_back_loss"]
    return {"crystals": float(len(corpus.steps)), **found}


def _keeps_group(structure: Structure) -> bool:
    """Whether the space group that was written is found again."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    found = SpacegroupAnalyzer(structure, symprec=SYMPREC).get_space_group_number()
    return bool(found == structure.properties["spg_num"])


def _reference(data: CrystalSet, n: int) -> list[Structure]:
    """Up to `n` crystals of the test split."""
    rows = [
        i
        for i in np.random.default_rng(0).permutation(len(data)).tolist()
        if data.split(i) == "test" and data.sizes[i] <= LARGEST
    ]
    return [data.structure(i) for i in rows[:n]]


if __name__ == "__main__":
    main()
