"""The nearest known materials of candidates, with what is known of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ionwright.knowledge.errors import Busy, Damaged, InvalidRequest, NotAvailable
from ionwright.knowledge.records import Candidate
from ionwright.knowledge.store.known import Known, nearest_known

from .base import ToolResult, tool
from .checks import passes
from .context import Context
from .search import stated

MOST_FACTS = 5  # values shown of one known material


@tool(estimate=lambda ids=(), **_: 2 + len(ids) / 500)
def find_known_materials(
    ctx: Context,
    ids: list[str] = [],  # noqa: B006  # pydantic copies
    count: Annotated[int, Field(ge=1, le=20)] = 3,
) -> ToolResult:
    """Find the known materials nearest to candidates, with their known values and sources.

    Molecules and polymers are compared by fingerprint, crystals by composition and structure, with
    the materials of the knowledge store.

    Args:
        ids: candidates; all of the run that passed the judge if left out.
        count: how many known materials for each candidate.
    """
    chosen = [c for c in ctx.chosen(ids) if passes(c)]
    try:
        store = ctx.knowledge()
    except (InvalidRequest, NotAvailable, Damaged, Busy) as error:
        # a comparison that cannot be made is no reason to lose the candidates
        return ToolResult(text=f"not compared: {error}", data={"known": {}})
    told: dict[str, Any] = {}
    noted = []
    for index, candidate in enumerate(chosen):
        if index % 50 == 0:
            ctx.progress("comparing with known materials", index, len(chosen))
        near = nearest_known(store, candidate, count)
        told[candidate.id] = [_shown(known) for known in near]
        noted.append(_noted(candidate, near))
    ctx.progress("comparing with known materials", len(chosen), len(chosen))
    same = sum(bool(near) and near[0]["similarity"] >= 1 for near in told.values())
    return ToolResult(
        text=f"{len(chosen)} compared with the knowledge store; {same} as good as there already",
        candidates=tuple(noted),
        data={"known": told},
    )


def _noted(candidate: Candidate, near: list[Known]) -> Candidate:
    if not near:
        return candidate
    best = near[0]
    return candidate.with_notes(
        f"nearest known: {best.name} ({best.measure} {best.similarity:.2f})"
    )


def _shown(known: Known) -> dict[str, Any]:
    return {
        "name": known.name,
        "similarity": known.similarity,
        "measure": known.measure,
        "same_structure": known.same_structure,
        "facts": [{**stated(f), "reference": str(f.reference)} for f in known.facts[:MOST_FACTS]],
    }
