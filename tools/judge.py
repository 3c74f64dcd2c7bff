"""Judging candidates: valid, novel, without forbidden elements or alarming groups."""

from __future__ import annotations

from typing import Annotated

from ionwright.generators.molecules.polymer_data import is_known
from ionwright.knowledge.convert import elements_of, formal_charge
from ionwright.knowledge.errors import NotAvailable
from ionwright.knowledge.records import Candidate, Element

from .base import Flag, ToolResult, tool
from .checks import passes
from .context import Context
from .predictors.alerts import lithium_notes, structural_alerts

FAILED = {  # what is said of candidates that fail a check; the last one does not exclude
    "valid": "invalid",
    "novel": "already known",
    "charge_balanced": "charged",
    "elements": "with the wrong elements",
    "harmless": "with hazardous groups",
    "no_alerts": "with structural alerts",
}


@tool(estimate=lambda ids, **_: 1 + len(ids) / 1000)
def judge(
    ctx: Context,
    ids: list[str] = [],  # noqa: B006  # pydantic copies
    elements_excluded: Annotated[list[Element], Flag("--exclude")] = [],  # noqa: B006
    elements_required: Annotated[list[Element], Flag("--require")] = [],  # noqa: B006
) -> ToolResult:
    """Check candidates for validity, novelty, charge, elements and structural alerts.

    Novel means: not among the polymers that the generators were trained on, labelled or not.

    Args:
        ids: candidates to judge; all of the run if left out.
        elements_excluded: symbols of elements that must not occur.
        elements_required: symbols of elements that must occur.
    """
    chosen = ctx.chosen(ids)
    judged = []
    for index, candidate in enumerate(chosen):
        if index % 100 == 0:
            ctx.progress("judging", index, len(chosen))
        judged.append(_judge_polymer(candidate, set(elements_excluded), set(elements_required)))
    ctx.progress("judging", len(chosen), len(chosen))
    passed = [c for c in judged if passes(c)]
    counts = {check: sum(c.checks.get(check) is False for c in judged) for check in FAILED}
    failures = ", ".join(f"{n} {FAILED[check]}" for check, n in counts.items() if n)
    return ToolResult(
        text=f"{len(passed)} of {len(judged)} pass" + (f" ({failures})" if failures else ""),
        candidates=tuple(judged),
        data={"judged": len(judged), "passed": len(passed), "failed": dict(counts)},
    )


def _judge_polymer(candidate: Candidate, excluded: set[str], required: set[str]) -> Candidate:
    if candidate.material != "polymer":
        raise NotAvailable(f"cannot judge a {candidate.material} yet; can judge polymers")
    if candidate.checks.get("valid") is False:
        return candidate
    elements = elements_of(candidate)
    alerts = structural_alerts(candidate.data)
    hazards = [a for a in alerts if a.kind == "energetic"]
    return candidate.with_checks(
        valid=True,
        novel=not is_known(candidate.data),
        charge_balanced=formal_charge(candidate) == 0,
        elements=not (elements & excluded) and required <= elements,
        harmless=not hazards,
        no_alerts=not alerts,
    ).with_notes(*(f"{a.kind} group: {a.name}" for a in (*alerts, *lithium_notes(candidate.data))))
