"""Computing electrodes with the embedded potential: both ends relaxed, for the finalists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Target, WorkingIon

from .base import ToolResult, tool
from .checks import passes
from .context import Context
from .predictors.potential import Failed
from .rank import chance_to_meet

if TYPE_CHECKING:
    from .predictors.electrodes_relaxed import ComputedElectrode

SECONDS = 8.0  # one core's time for one electrode: its ends of 20 to 40 atoms relaxed
BATCH = 4  # electrodes between two looks at the clock


@tool(estimate=lambda count, **_: 8 + SECONDS * count)
def compute_electrodes(
    ctx: Context,
    ids: list[str] = [],  # noqa: B006  # pydantic copies
    count: Annotated[int, Field(ge=1, le=1000)] = 10,
    working_ion: WorkingIon | None = None,
    targets: list[Target] = [],  # noqa: B006
) -> ToolResult:
    """Compute voltage, capacity and volume change of electrodes with the embedded potential.

    The working ion is taken out of (or put into) each crystal as far as its redox metals allow,
    both ends are relaxed, and the learned screen's values are replaced by the computed ones.

    Args:
        ids: electrodes to compute; all of the run that passed the judge if left out.
        count: how many at most; those that promise most by the values at hand.
        working_ion: symbol of the mobile ion; what each crystal holds if left out.
        targets: what is asked of the electrodes; only to choose among them.
    """
    chosen = _promising(ctx, ids, count, targets)
    done: list[Candidate] = []
    failed: dict[str, str] = {}
    for start in range(0, len(chosen), BATCH):
        if start and ctx.out_of_time():
            break
        batch = chosen[start : start + BATCH]
        done += _computed(ctx, batch, working_ion, failed, (start, len(chosen)))
    ctx.progress("computing electrodes", len(chosen), len(chosen))
    left = len(chosen) - len(done) - len(failed)
    return ToolResult(
        text=f"{len(done)} electrodes computed, {len(failed)} failed"
        + (f", {left} left for want of time" if left else ""),
        candidates=tuple(done),
        data={"computed": len(done), "failed": dict(failed)},
    )


def _promising(ctx: Context, ids: list[str], count: int, targets: list[Target]) -> list[Candidate]:
    crystals = [c for c in ctx.chosen(ids) if c.material == "crystal" and passes(c)]
    if not crystals and not ctx.pool:
        raise InvalidRequest("no crystals to compute in this run: propose or name some first")
    electrodes = [c for c in crystals if ids or c.quantity("average_voltage") is not None]
    ordered = sorted(electrodes, key=lambda c: (-chance_to_meet(c, targets), c.id))
    return ordered[:count]


def _computed(
    ctx: Context,
    batch: list[Candidate],
    working_ion: str | None,
    failed: dict[str, str],
    place: tuple[int, int],
) -> list[Candidate]:
    from .predictors.electrodes_relaxed import with_potential

    ctx.progress("computing electrodes", *place)
    results = with_potential(
        batch, working_ion, on_progress=lambda *_: ctx.progress("computing electrodes", *place)
    )
    done = []
    for candidate, result in zip(batch, results, strict=True):
        if isinstance(result, Failed):
            failed[candidate.id] = result.reason
        else:
            done.append(candidate.with_quantities(result.quantities).with_notes(*_ends(result)))
    return done


def _ends(result: ComputedElectrode) -> list[str]:
    """What is to be said of the two ends."""
    ends = (("charged", result.charged_above_hull), ("discharged", result.discharged_above_hull))
    said = [f"{name} end: {distance}" for name, distance in ends if distance is not None]
    return said if result.ends.converged else [*said, "an end is not fully relaxed"]
