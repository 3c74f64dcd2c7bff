"""The figures in CDVAE's card: generation, reconstruction, quality against steps, latent search.

    python -m ionwright.generators.crystals.measure_cdvae --data PATH --perov DIR --out metrics.json

Crystals of the val split choose (steps, prior), those of the test split are read once, at the end.
`--perov` holds a second model, trained on perovskites alone. `--only PART` measures one part and
leaves the others in the file as they are.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Target

from .cdvae import CDVAE, Prior
from .cdvae_data import PROPERTIES, fit_to_learn
from .cdvae_noise import Schedule
from .charge_balance import composition_valid
from .data import CrystalSet, Split, read_crystals
from .metrics import structure_sound, structure_valid, uniqueness
from .train_cdvae import read_perovskites

if TYPE_CHECKING:
    from pymatgen.core import Structure

log = logging.getLogger(__name__)
PUBLISHED = {
    "source": "Xie et al. 2022, arXiv:2110.06197, tables 1 and 2; GPU, full training sets",
    "mp_20": {"structure_valid": 1.0, "composition_valid": 0.867, "match_rate": 0.4543},
    "perov_5": {"match_rate": 0.9752, "rms": 0.0156},
}
SCHEDULES = tuple(Schedule(*row) for row in ((20, 0), (80, 0), (40, 1), (80, 1), (160, 2)))
PARTS = ("priors", "steps", "generation", "latent_search", "test", "perov_5")


def main() -> None:
    """Reads the command line, measures part by part and writes after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with tables of crystals")
    parser.add_argument("--cache", type=Path, help="folder that keeps the parsed tables")
    parser.add_argument("--weights", type=Path, help="the shipped ones if left out")
    parser.add_argument("--perov", type=Path, help="weights trained on perov_5")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=500, help="crystals generated")
    parser.add_argument("--held-out", type=int, default=300, help="crystals reconstructed")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    model = CDVAE.load(arguments.weights)
    found = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    found |= about(model, arguments.seed)
    crystals = read_crystals(arguments.data, cache=arguments.cache)
    crystals = crystals.where(lambda i: fit_to_learn(crystals, i))
    for part in arguments.only:
        found[part] = measured(part, model, crystals, arguments)
        log.info("%s %s", part, found[part])
        write_atomically(arguments.out, json.dumps(found, indent=2))


def about(model: CDVAE, seed: int) -> dict[str, Any]:
    """What was measured, with what, and what is published of others."""
    return {
        "weights": model.weights_id,
        "seed": seed,
        "hardware": f"one thread of a {platform.machine()} server CPU, shared with other work",
        "chosen": {"prior": model.prior, "schedule": asdict(model.schedule)},
        "published": PUBLISHED,
    }


def measured(part: str, model: CDVAE, crystals: CrystalSet, arguments: argparse.Namespace) -> Any:
    """One part of the figures."""
    seed, held_out = arguments.seed, arguments.held_out
    if part in ("priors", "generation"):
        known = by_formula(crystals, "train")
        if part == "generation":
            return generation(model, arguments.n, known, seed)
        priors: tuple[Prior, ...] = ("normal", "between")
        return {p: generation(model, 200, known, seed + 1, prior=p) for p in priors}
    if part == "steps":
        val = drawn(crystals, "val", 100, seed)
        return [steps_row(model, schedule, val, seed) for schedule in SCHEDULES]
    if part == "latent_search":
        return latent_search(model, seed)
    if part == "test":
        test = drawn(crystals, "test", held_out, seed)
        rebuilt = reconstruction(model, test.structures, seed)
        return {"reconstruction": rebuilt, "properties": property_errors(model, test)}
    perovskites = read_perovskites(arguments.data, "test")
    structures = [perovskites.structure(i) for i in range(min(held_out, len(perovskites)))]
    return reconstruction(CDVAE.load(arguments.perov), structures, seed)


class Drawn:
    """Some crystals of a split, with their properties (n, P)."""

    def __init__(self, crystals: CrystalSet, chosen: Sequence[int]) -> None:
        part = crystals.take(chosen)
        self.structures = [part.structure(i) for i in range(len(part))]
        self.properties = np.stack([getattr(part, key) for key in PROPERTIES], axis=1)


def drawn(crystals: CrystalSet, split: Split, n: int, seed: int) -> Drawn:
    """At most `n` crystals of a split."""
    there = [i for i in range(len(crystals)) if crystals.split(i) == split]
    order = np.random.default_rng(seed).permutation(len(there))[:n]
    return Drawn(crystals, [there[i] for i in order])


def by_formula(crystals: CrystalSet, split: Split) -> Callable[[str], list[Structure]]:
    """What gives the crystals of a split that have a reduced formula."""
    from pymatgen.core import Composition, Element

    places: dict[str, list[int]] = defaultdict(list)
    for i in range(len(crystals)):
        if crystals.split(i) == split:
            numbers = crystals.numbers[crystals.offsets[i] : crystals.offsets[i + 1]]
            kinds, counts = np.unique(numbers, return_counts=True)
            symbols = [Element.from_Z(int(z)).symbol for z in kinds]
            places[Composition(dict(zip(symbols, counts, strict=True))).reduced_formula].append(i)
    return lambda formula: [crystals.structure(i) for i in places.get(formula, [])]


def generation(
    model: CDVAE,
    n: int,
    known: Callable[[str], list[Structure]],
    seed: int,
    **options: Any,
) -> dict[str, float]:
    """Shares of `n` crystals: validity of all, uniqueness and novelty of those that were made."""
    start = time.process_time()
    structures = model.sample_structures(n, seed=seed, **options)
    seconds = time.process_time() - start
    made = [s for s in structures if s is not None]
    compositions = [composition_valid(s.composition) for s in made]
    sound = [structure_sound(s) for s in made]
    row = {
        "n": n,
        "made": len(made),
        "structure_valid": sum(map(structure_valid, made)) / n,
        "structure_sound": sum(sound) / n,
        "composition_valid": sum(compositions) / n,
        "both_valid": sum(a and b for a, b in zip(compositions, sound, strict=True)) / n,
        "unique": uniqueness(made),
        "new_formula": sum(not known(s.composition.reduced_formula) for s in made) / len(made),
        "novel": sum(not _is_one_of(s, known) for s in made) / len(made),
        "cpu_seconds_per_sample": seconds / n,
        "samples_per_cpu_second": n / seconds,
    }
    return {key: round(value, 4) for key, value in row.items()}


def _is_one_of(structure: Structure, known: Callable[[str], list[Structure]]) -> bool:
    from pymatgen.analysis.structure_matcher import StructureMatcher

    alike = known(structure.composition.reduced_formula)
    return any(StructureMatcher().fit(structure, other) for other in alike)


def reconstruction(
    model: CDVAE, structures: Sequence[Structure], seed: int, schedule: Schedule | None = None
) -> dict[str, float]:
    """Match rate and rms displacement, with the matcher's tolerances as published.

    rms is in units of (volume per atom)^(1/3), over those that match.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher

    start = time.process_time()
    made = model.reconstruct(structures, seed=seed, schedule=schedule)
    seconds = time.process_time() - start
    matcher = StructureMatcher(stol=0.5, ltol=0.3, angle_tol=10)
    pairs = list(zip(structures, made, strict=True))
    rms = [None if b is None else matcher.get_rms_dist(a, b) for a, b in pairs]
    matched = [float(found[0]) for found in rms if found is not None]
    formulas = [b is not None and a.composition == b.composition for a, b in pairs]
    row = {
        "n": len(structures),
        "match_rate": len(matched) / len(structures),
        "rms": float(np.mean(matched)) if matched else float("nan"),
        "same_composition": float(np.mean(formulas)),
        "same_size": float(np.mean([b is not None and len(a) == len(b) for a, b in pairs])),
        "cpu_seconds_per_crystal": seconds / len(structures),
    }
    return {key: round(value, 4) for key, value in row.items()}


def steps_row(model: CDVAE, schedule: Schedule, val: Drawn, seed: int) -> dict[str, float]:
    """Reconstruction of val crystals with one schedule."""
    found = reconstruction(model, val.structures, seed, schedule)
    return {"evaluations": schedule.evaluations, "levels": schedule.levels, **found}


def latent_search(model: CDVAE, seed: int, n: int = 60) -> dict[str, Any]:
    """What the property head says of crystals asked for, decoded and encoded again.

    The judge is the model itself, so this shows whether decoding keeps what the search found, not
    whether it is true.
    """
    targets = {
        "none": [],
        "formation_energy_per_atom <= -2": [
            Target(property="formation_energy_per_atom", op="<=", value=-2.0, unit="eV/atom")
        ],
        "band_gap >= 3": [Target(property="band_gap", op=">=", value=3.0, unit="eV")],
    }
    rows = {}
    for name, conditions in targets.items():
        made = model.sample_structures(n, conditions=conditions, seed=seed, prior="between")
        values = model.predict_properties([s for s in made if s is not None])
        rows[name] = {
            "n": n,
            "formation_energy_per_atom <= -2": round(float((values[:, 0] <= -2).mean()), 4),
            "band_gap >= 3": round(float((values[:, 2] >= 3).mean()), 4),
            "composition_valid": round(
                float(np.mean([s is not None and composition_valid(s.composition) for s in made])),
                4,
            ),
        }
    return rows


def property_errors(model: CDVAE, test: Drawn) -> dict[str, dict[str, float]]:
    """Mean absolute errors of the property head, beside those of guessing the mean."""
    predicted = model.predict_properties(test.structures)
    network = model.network
    assert network is not None
    rows = {}
    for i, key in enumerate(PROPERTIES):
        true = test.properties[:, i]
        known = ~np.isnan(true)
        guess = float(network.property_mean[i])
        rows[key] = {
            "n": int(known.sum()),
            "mae": round(float(np.abs(predicted[known, i] - true[known]).mean()), 4),
            "mae_of_the_mean": round(float(np.abs(guess - true[known]).mean()), 4),
        }
    return rows


if __name__ == "__main__":
    main()
