"""What is measured of one generator of crystals: cheap figures on all samples, relaxing some."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ionwright.generators.base import Generator
from ionwright.generators.crystals import metrics
from ionwright.generators.crystals.base import CrystalGenerator
from ionwright.generators.crystals.charge_balance import composition_valid
from ionwright.knowledge.convert import elements_of
from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.phases.known import is_known
from ionwright.knowledge.phases.reference import Hull
from ionwright.knowledge.records import Candidate, Target
from ionwright.tools.generate import batch_seed
from ionwright.tools.predictors.base import predictor_for
from ionwright.tools.predictors.potential import Failed, Potential, Relaxed
from ionwright.tools.rank import is_met

if TYPE_CHECKING:
    from pymatgen.core import Structure

BATCH = 50  # samples between two looks at the clock
STABLE = (0.0, 0.05, 0.1)  # eV/atom above the hull
FMAX, STEPS = 0.1, 300  # of a relaxation
ELEMENTS = ("Li", "O")  # that are asked to occur
IMPLAUSIBLE = 0.1  # eV/atom below every known phase: the potential or the hull is rather wrong
ASKED = {  # what generators are asked to follow, as far as they can
    "energy_above_hull": Target(property="energy_above_hull", op="<=", value=0.05, unit="eV/atom"),
    "formation_energy_per_atom": Target(
        property="formation_energy_per_atom", op="<=", value=-1.5, unit="eV/atom"
    ),
    "band_gap": Target(property="band_gap", op=">=", value=3.0, unit="eV"),
    "average_voltage": Target(property="average_voltage", op=">=", value=3.5, unit="V"),
    "ionic_conductivity": Target(property="ionic_conductivity", op=">=", value=1e-4, unit="S/cm"),
}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Judge:
    """What stability is judged by."""

    potential: Potential
    hull: Hull
    on_progress: Progress


@dataclass(frozen=True)
class Samples:
    """What a generator wrote.

    Attributes:
        candidates: all of them, in order.
        cpu_seconds: that it took.
    """

    candidates: list[Candidate]
    cpu_seconds: float

    @property
    def structures(self) -> list[Structure | None]:
        """None for what is no crystal at all."""
        return [_structure(candidate) for candidate in self.candidates]


def _structure(candidate: Candidate) -> Structure | None:
    try:
        return structure_of(candidate)
    except InvalidRequest:
        return None


def draw(
    model: Generator,
    n: int,
    seed: int,
    budget: float,
    conditions: Sequence[Target] = (),
    **options: Any,
) -> Samples:
    """Up to `n` samples; no new batch is begun after `budget` CPU seconds."""
    candidates: list[Candidate] = []
    start = time.process_time()
    while len(candidates) < n and time.process_time() - start < budget:
        wanted = min(BATCH, n - len(candidates))
        own = batch_seed(seed, len(candidates))
        candidates += model.sample(wanted, conditions, seed=own, **options)
    return Samples(candidates, time.process_time() - start)


def cheap_figures(
    structures: Sequence[Structure | None], reference: Sequence[Structure]
) -> tuple[dict[str, Any], list[Structure]]:
    """Figures that need no energies, and the sound different crystals in the order of sampling.

    Shares are of all samples, but `unique` of the sound ones and `novel` of the different ones.
    Coverage is None without a reference.
    """
    n = max(1, len(structures))
    built = [s for s in structures if s is not None]
    published = [s for s in built if metrics.structure_valid(s)]
    balanced = [s for s in built if composition_valid(s.composition)]
    sound = [s for s in published if metrics.structure_sound(s)]
    different = [sound[i] for i in metrics.unique(sound)]
    cover = metrics.coverage(sound, reference) if reference else None
    row = {
        "valid_structure": len(published) / n,
        "valid_composition": len(balanced) / n,
        "sound": len(sound) / n,
        "unique": len(different) / max(1, len(sound)),
        "novel": metrics.novelty(different),
        "coverage_recall": cover.recall if cover else None,
        "coverage_precision": cover.precision if cover else None,
    }
    return {key: _rounded(value) for key, value in row.items()}, different


def stability_figures(
    different: Sequence[Structure], relaxed: int, share: float, generation: float, judge: Judge
) -> dict[str, Any]:
    """Figures of the first `relaxed` sound different crystals, relaxed.

    Args:
        different: sound different crystals.
        relaxed: how many of them to relax.
        share: of all samples that are sound and different.
        generation: CPU seconds for one sample.
        judge: of stability.
    """
    chosen = list(different[:relaxed])
    start = time.process_time()
    results = judge.potential.relax(chosen, fmax=FMAX, steps=STEPS, on_progress=judge.on_progress)
    seconds = (time.process_time() - start) / max(1, len(chosen))
    pairs = [(s, r) for s, r in zip(chosen, results, strict=True) if isinstance(r, Relaxed)]
    heights = np.array([_height(judge.hull, r) for _, r in pairs])
    novel = np.array([not is_known(r.structure) for _, r in pairs], dtype=bool)
    firsts = metrics.unique([r.structure for _, r in pairs])
    once = np.isin(np.arange(len(pairs)), firsts)
    hits = int((once & novel & (heights <= STABLE[-1])).sum())
    low, high = wilson(hits, len(chosen))
    moved = [metrics.rmsd_to_relaxed(s, r.structure) for s, r in pairs]
    known = [m for m in moved if m is not None]
    row = {
        "relaxed": len(chosen),
        "failed": sum(isinstance(r, Failed) for r in results),
        "converged": _share(sum(r.converged for _, r in pairs), len(chosen)),
        "rmsd": _rounded(np.mean(known)) if known else None,
        "changed_beyond_match": len(moved) - len(known),
        **{f"stable_{limit:g}": _share((heights <= limit).sum(), len(chosen)) for limit in STABLE},
        "implausibly_low": _share((heights < -IMPLAUSIBLE).sum(), len(chosen)),
        "novel_relaxed": _share(novel.sum(), len(pairs)),
        "sun": _rounded(share * hits / max(1, len(chosen))),
        "sun_interval": [_rounded(share * low), _rounded(share * high)],
        "cpu_seconds_per_relaxation": _rounded(seconds),
        "cpu_seconds_per_sun": _cost(hits, len(chosen), share, generation, seconds),
    }
    return row


def _height(hull: Hull, result: Relaxed) -> float:
    """eV/atom above the known phases, negative below them; infinite where there is no hull."""
    composition = result.structure.composition
    try:
        energy = hull.formation_energy(composition, result.energy_per_atom)
        distance = hull.above(composition, energy)
    except InvalidRequest:
        return math.inf
    return distance.value - distance.below


def _cost(
    hits: int, tried: int, share: float, generation: float, relaxation: float
) -> float | None:
    """CPU seconds for one stable, unique, novel crystal: sampling and relaxing what leads to it."""
    if not hits or not share:
        return None
    return round(tried / hits * (generation / share + relaxation), 1)


def condition_figures(
    model: Generator, free: Sequence[Candidate], n: int, seed: int, budget: float
) -> dict[str, dict[str, Any]]:
    """For each property that can be asked and re-measured: how often it is met, asked and not.

    The predictor of the property measures all sound samples as they were written; shares are of
    all samples. Elements that must occur are asked of every generator of crystals.
    """
    found = {}
    if isinstance(model, CrystalGenerator):
        asked = draw(model, n, seed, budget, require_elements=ELEMENTS).candidates
        found["elements"] = {
            "asked": " and ".join(ELEMENTS),
            "met": _share(_holding(asked), len(asked)),
            "met_unasked": _share(_holding(free[:n]), len(free[:n])),
            "n": len(asked),
        }
    for key in model.conditions:
        target = ASKED.get(key)
        if target is None or not _measurable(key):
            continue
        asked = draw(model, n, seed, budget, [target]).candidates
        found[key] = {
            "asked": str(target),
            "met": _share(_meeting(asked, target), len(asked)),
            "met_unasked": _share(_meeting(free[:n], target), len(free[:n])),
            "n": len(asked),
        }
    return found


def _holding(candidates: Sequence[Candidate]) -> int:
    """Sound crystals with the asked elements."""
    return sum(elements_of(c) >= set(ELEMENTS) for c in _sound(candidates))


def _sound(candidates: Sequence[Candidate]) -> list[Candidate]:
    pairs = [(c, _structure(c)) for c in candidates]
    return [c for c, structure in pairs if structure and metrics.structure_sound(structure)]


def _measurable(key: str) -> bool:
    try:
        predictor_for(key, "crystal")
    except InvalidRequest:
        return False
    return True


def _meeting(candidates: Sequence[Candidate], target: Target) -> int:
    sound = _sound(candidates)
    rows = predictor_for(target.property, "crystal").shared().predict(sound)
    return sum(is_met(c.with_quantities(row), target) for c, row in zip(sound, rows, strict=True))


def wilson(hits: int, n: int, z: float = 1.645) -> tuple[float, float]:
    """The 90 % interval of a share (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = share + z**2 / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


def _share(count: Any, n: int) -> float:
    return _rounded(int(count) / max(1, n))


def _rounded(value: Any) -> Any:
    return None if value is None else round(float(value), 4)
