"""Relaxing crystals with the embedded potential; the most promising first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.metadata import version
from itertools import zip_longest
from typing import Annotated

from pydantic import Field, JsonValue

from ionwright.generators.crystals.metrics import rmsd_to_relaxed, structure_sound
from ionwright.knowledge.crystals import crystal_candidate, structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.phases.library import is_known_phase
from ionwright.knowledge.phases.reference import shared_hull
from ionwright.knowledge.records import Candidate, Provenance, Target

from .base import ToolResult, tool
from .checks import passes
from .context import Context
from .predictors.potential import Energy, Failed, Potential, Relaxed, shared_potential
from .rank import chance_to_meet

SECONDS = 3.0  # one core's time for one relaxation to 0.1 eV/angstrom; 20-atom cells
SOFT = 0.3  # eV/atom: relaxing lowers fresh proposals by as much, so the pre-screen weighs softly
BATCH = 16  # relaxations between two looks at the clock
_OF_COMPOSITION = ("charge_balanced", "elements", "harmless", "no_alerts")


@tool(estimate=lambda count, **_: 8 + SECONDS * count)
def relax(
    ctx: Context,
    ids: list[str] = [],  # noqa: B006  # pydantic copies
    count: Annotated[int, Field(ge=1, le=10_000)] = 20,
    targets: list[Target] = [],  # noqa: B006
    fmax: Annotated[float, Field(gt=0, le=1)] = 0.1,
    steps: Annotated[int, Field(ge=1, le=2000)] = 200,
) -> ToolResult:
    """Relax crystals with the embedded potential; each is replaced by its relaxed form.

    If there are more than `count`, those are relaxed that promise most: the chance to meet the
    targets by the values at hand, less what a single point lies above the known phases. What was
    replaced, left out or failed carries the check "relaxed" as failed, with a note.

    Args:
        ids: crystals to relax; all of the run that passed the judge if left out.
        count: how many to relax at most.
        targets: what is asked of the crystals; only to choose among them.
        fmax: largest force to get below, in eV/angstrom.
        steps: of the optimizer, at most.
    """
    waiting, failed = _waiting(ctx, ids)
    potential = shared_potential(ctx.device)
    chosen, left = _promising(ctx, potential, waiting, count, targets)
    changed = [_set_aside(c, f"not relaxed: {count} others promise more") for c in left]
    relaxed = 0
    for start in range(0, len(chosen), BATCH):
        if start and ctx.out_of_time():
            changed += [_set_aside(c, "not relaxed: the time is used up") for c in chosen[start:]]
            break
        batch = chosen[start : start + BATCH]
        results = _relax(ctx, potential, batch, fmax, steps, (start, len(chosen)))
        for candidate, result in zip(batch, results, strict=True):
            if isinstance(result, Failed):
                failed[candidate.id] = result.reason
                continue
            relaxed += 1
            changed += _replaced(candidate, result, potential.weights, fmax)
    changed += [_set_aside(ctx.pool[i], f"relaxation failed: {failed[i]}") for i in failed]
    return ToolResult(
        text=f"{relaxed} relaxed, {len(left)} left out, {len(failed)} failed",
        candidates=tuple(changed),
        data={"relaxed": relaxed, "left_out": len(left), "failed": dict(failed)},
    )


def _waiting(ctx: Context, ids: Sequence[str]) -> tuple[list[Candidate], dict[str, str]]:
    """Crystals that can be relaxed and were not yet, and why others cannot, by id."""
    crystals = [c for c in ctx.chosen(ids) if c.material == "crystal"]
    if not crystals:
        raise InvalidRequest("no crystals to relax in this run: propose or name some first")
    waiting, failed = [], {}
    for candidate in crystals:
        if not passes(candidate) or candidate.checks.get("relaxed") is not None:
            continue
        try:
            structure_of(candidate)
            waiting.append(candidate)
        except InvalidRequest as error:
            failed[candidate.id] = str(error)
    return waiting, failed


def _promising(
    ctx: Context,
    potential: Potential,
    waiting: Sequence[Candidate],
    count: int,
    targets: Sequence[Target],
) -> tuple[list[Candidate], list[Candidate]]:
    """The `count` candidates that promise most, best first, and the others."""
    if len(waiting) <= count:
        return list(waiting), []
    structures = [structure_of(c) for c in waiting]
    points = potential.energies(structures, on_progress=ctx.progress)
    scores = [
        chance_to_meet(candidate, targets) * math.exp(-_rough_distance(candidate, point) / SOFT)
        for candidate, point in zip(waiting, points, strict=True)
    ]
    order = sorted(range(len(waiting)), key=lambda i: (-scores[i], waiting[i].id))
    ordered = _alternating([waiting[i] for i in order])
    return ordered[:count], ordered[count:]


def _alternating(candidates: Sequence[Candidate]) -> list[Candidate]:
    """New ones and known phases in turn, so that those whose energy is known leave room."""
    known = [c for c in candidates if is_known_phase(c)]
    new = [c for c in candidates if not is_known_phase(c)]
    return [c for pair in zip_longest(new, known) for c in pair if c is not None]


def _rough_distance(candidate: Candidate, point: Energy | Failed) -> float:
    """eV/atom above the known phases before relaxing; infinite where nothing can be said."""
    if isinstance(point, Failed):
        return math.inf
    composition = structure_of(candidate).composition
    try:
        energy = shared_hull().formation_energy(composition, point.energy_per_atom)
        return shared_hull().above(composition, energy).value
    except InvalidRequest:  # an element or composition that the hull does not cover
        return math.inf


def _relax(
    ctx: Context,
    potential: Potential,
    batch: Sequence[Candidate],
    fmax: float,
    steps: int,
    place: tuple[int, int],
) -> list[Relaxed | Failed]:
    def report(what: str, done: int, total: int) -> None:
        ctx.progress(what, place[0] + done, place[1])

    structures = [structure_of(candidate) for candidate in batch]
    return potential.relax(structures, fmax=fmax, steps=steps, on_progress=report)


def _set_aside(candidate: Candidate, why: str) -> Candidate:
    return candidate.with_checks(relaxed=False).with_notes(why)


def _replaced(old: Candidate, result: Relaxed, weights: str, fmax: float) -> list[Candidate]:
    """The old candidate, set aside, and the relaxed one."""
    moved = rmsd_to_relaxed(structure_of(old), result.structure)
    inputs: dict[str, JsonValue] = {
        "fmax": fmax,
        "steps": result.steps,
        "converged": result.converged,
        "energy_per_atom": round(result.energy_per_atom, 6),
        "rmsd": None if moved is None else round(moved, 4),
        "proposed_by": old.provenance.source,
    }
    origin = Provenance(
        source="tools/relax",
        version=version("ionwright"),
        weights=weights,
        inputs=inputs,
        parents=(old.id,),
        reference=old.provenance.reference,
    )
    checks = {key: value for key, value in old.checks.items() if key in _OF_COMPOSITION}
    new = crystal_candidate(
        result.structure, provenance=origin, name=old.name, checks=checks
    ).with_checks(relaxed=True, valid=structure_sound(result.structure))
    notes = list(old.notes)
    if not result.converged:
        notes.append(
            f"not fully relaxed after {result.steps} steps: "
            f"forces up to {result.max_force:.2g} eV/angstrom"
        )
    if new.id == old.id:  # it was relaxed already
        return [new.with_notes(*notes)]
    return [_set_aside(old, f"replaced by its relaxed form {new.id}"), new.with_notes(*notes)]
