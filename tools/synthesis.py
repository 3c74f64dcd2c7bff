"""How a crystal might be made and what speaks against it: notes from published data."""

from __future__ import annotations

from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate

from .base import ToolResult, tool
from .checks import passes
from .context import Context
from .predictors.crystal_facts import element_notes
from .predictors.synthesis_routes import suggest_route
from .predictors.synthesizability import plausibility_notes, synthesizability

FAR = 0.5  # distance of compositions from which on a recipe is hardly related
UNHEARD_OF = "no published recipe is near this composition"


@tool(estimate=lambda ids=(), **_: 4 + len(ids) / 5)
def suggest_synthesis(
    ctx: Context,
    ids: list[str] = [],  # noqa: B006  # pydantic copies
) -> ToolResult:
    """Note how crystals might be made, how likely that is, and what is known of their elements.

    The route comes from the nearest text-mined recipes (precursors, firing temperature, DOI) and is
    untested. The likelihood is that of a classifier that tells known crystals from decoys. Supply
    and hazards of the elements stand beside.

    Args:
        ids: crystals; all of the run that passed the judge if left out.
    """
    chosen = [c for c in ctx.chosen(ids) if c.material == "crystal" and passes(c)]
    noted = []
    for index, candidate in enumerate(chosen):
        ctx.progress("looking up recipes", index, len(chosen))
        noted.append(candidate.with_notes(*_notes(candidate)))
    ctx.progress("looking up recipes", len(chosen), len(chosen))
    routes = sum(any("route" in note for note in c.notes) for c in noted)
    return ToolResult(
        text=f"{len(noted)} crystals, {routes} with a suggested route", candidates=tuple(noted)
    )


def _notes(candidate: Candidate) -> list[str]:
    structure = structure_of(candidate)
    notes: list[str] = []
    if len(structure.composition) > 1:  # an element is bought, not fired
        notes += _route(structure.composition.reduced_formula)
    chance = synthesizability([candidate])[0]
    if chance is not None:
        notes.append(f"looks like a known crystal rather than a decoy: {chance:.2f} (0 to 1)")
    return [*notes, *plausibility_notes(structure), *element_notes(structure)]


def _route(formula: str) -> tuple[str, ...]:
    try:
        route = suggest_route(formula)
    except InvalidRequest:  # no recipe holds these elements
        return (UNHEARD_OF,)
    return route.as_notes() if route.distance <= FAR else (UNHEARD_OF,)
