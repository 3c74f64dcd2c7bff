"""The figures in MatterGen's card: samples, quality against steps, conditions.

    python -m ionwright.generators.crystals.measure_mattergen --out metrics.json

What can be measured again without a label is measured again: elements, formula, space group,
density. Energies are for the benchmark, which relaxes.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ionwright.knowledge.files import write_atomically

from . import metrics
from .charge_balance import composition_valid
from .mattergen import MatterGen
from .mattergen_adapters import CHEMICAL_SYSTEM, SPACE_GROUP
from .mattergen_diffusion import Sampler

if TYPE_CHECKING:
    from pymatgen.core import Structure

log = logging.getLogger(__name__)
SAMPLERS = (
    Sampler(steps=25, corrections=0),
    Sampler(steps=50, corrections=0),
    Sampler(steps=50, corrections=1),
    Sampler(steps=100, corrections=0),
    Sampler(steps=100, corrections=1),
    Sampler(steps=200, corrections=1),
)
SYSTEMS = (("Li", "P", "S"), ("Na", "Mn", "O"), ("Li", "Fe", "O"), ("Mg", "Ti", "S"))
GROUPS = (225, 62, 166, 12)
PUBLISHED = {
    "source": "Zeni et al. 2025, trained on MP-20, judged by DFT, on GPUs",
    "sun": 0.2227,
    "rmsd": 0.110,
}


def main() -> None:
    """Reads the command line and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, help="the shipped ones if left out")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=300, help="crystals of the main row")
    parser.add_argument("--few", type=int, default=96, help="crystals of every other row")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    model = MatterGen.load(arguments.weights)
    found = measured(model, arguments.n, arguments.few, arguments.seed)
    write_atomically(arguments.out, json.dumps(found, indent=2))


def measured(model: MatterGen, n: int, few: int, seed: int) -> dict[str, Any]:
    """All figures, by part."""
    return {
        "weights": model.weights_id,
        "seed": seed,
        "hardware": f"one thread of {platform.processor() or platform.machine()}",
        "published": PUBLISHED,
        "generation": row(*timed(model, n, seed)),
        "steps": [with_sampler(model, sampler, few, seed + 1) for sampler in SAMPLERS],
        "elements": [system_row(model, system, few // 2, seed + 2) for system in SYSTEMS],
        "space_group": [group_row(model, group, few // 2, seed + 3) for group in GROUPS],
    }


def timed(
    model: MatterGen, n: int, seed: int, **options: Any
) -> tuple[list[Structure | None], float]:
    """Samples, and the CPU seconds they took."""
    start = time.process_time()
    made = model.sample_structures(n, seed=seed, **options)
    return made, time.process_time() - start


def row(made: Sequence[Structure | None], seconds: float) -> dict[str, float]:
    """Shares: validity of all samples, uniqueness of the sound ones, novelty of the unique ones."""
    n = len(made)
    built = [s for s in made if s is not None]
    neutral = [composition_valid(s.composition) for s in built]
    sound = [metrics.structure_sound(s) for s in built]
    good = [s for s, fine in zip(built, sound, strict=True) if fine]
    different = [good[i] for i in metrics.unique(good)]
    found = {
        "n": n,
        "structure_valid": sum(map(metrics.structure_valid, built)) / n,
        "structure_sound": sum(sound) / n,
        "composition_valid": sum(neutral) / n,
        "both": sum(a and b for a, b in zip(sound, neutral, strict=True)) / n,
        "unique": len(different) / max(1, len(good)),
        "novel": metrics.novelty(different),
        "symmetric": float(np.mean([group_of(s) > 2 for s in built])),
        "density": float(np.median([s.density for s in built])),
        "cpu_seconds_per_sample": seconds / n,
    }
    log.info("%s", found)
    return {key: round(value, 4) for key, value in found.items()}


def with_sampler(model: MatterGen, sampler: Sampler, n: int, seed: int) -> dict[str, float]:
    """Figures of another sampler, with its network passes."""
    own, model.sampler = (
        model.sampler,
        replace(model.sampler, steps=sampler.steps, corrections=sampler.corrections),
    )
    try:
        found = row(*timed(model, n, seed))
    finally:
        model.sampler = own
    return {"steps": sampler.steps, "corrections": sampler.corrections, **found}


def system_row(model: MatterGen, system: Sequence[str], n: int, seed: int) -> dict[str, Any]:
    """What comes of requiring elements, and of asking for a chemical system.

    `asked` is the share that is exactly this system where the elements are required but others are
    not forbidden, `without_adapter` the same with one atom of each given and no adapter.
    """
    wanted = set(system)
    shares = {}
    adapters = model.adapters
    for name, used in (("asked", adapters), ("without_adapter", {})):
        model.adapters = used
        made, _ = timed(model, n, seed, require_elements=system)
        shares[name] = float(np.mean([_symbols(s) == wanted for s in made]))
        shares[f"{name}_holds_all"] = float(np.mean([_symbols(s) >= wanted for s in made]))
    model.adapters = adapters
    inside = row(*timed(model, n, seed, chemical_system=system))
    steered = CHEMICAL_SYSTEM in adapters
    return {"system": "-".join(system), "adapter": steered, **shares, "exactly_these": inside}


def group_row(model: MatterGen, group: int, n: int, seed: int) -> dict[str, Any]:
    """Share of samples in the space group that was asked for, and without asking."""
    free, _ = timed(model, n, seed)
    share = {"free": float(np.mean([group_of(s) == group for s in free]))}
    if SPACE_GROUP in model.adapters:
        made, _ = timed(model, n, seed, space_group=group)
        share["asked"] = float(np.mean([group_of(s) == group for s in made]))
    return {"space_group": group, "n": n, **share}


def group_of(structure: Structure | None) -> int:
    """Space group number at a tolerance for unrelaxed samples; 0 where there is none."""
    if structure is None:
        return 0
    try:
        return structure.get_space_group_info(symprec=0.2)[1]
    except Exception:  # noqa: BLE001  # spglib's wrapper raises several kinds of errors
        return 0


def _symbols(structure: Structure | None) -> set[str]:
    return {e.symbol for e in structure.composition} if structure is not None else set()


if __name__ == "__main__":
    main()
