"""Judging candidates: valid, novel, without forbidden elements or alarming groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Annotated

from ionwright.generators.molecules.polymer_data import is_known
from ionwright.knowledge.convert import elements_of, formal_charge
from ionwright.knowledge.errors import NotAvailable
from ionwright.knowledge.records import Candidate, Element

from .base import Flag, ToolResult, tool
from .checks import passes
from .context import Context
from .judge_crystals import judge_crystals
from .predictors.alerts import lithium_notes, structural_alerts

FAILED = {  # what is said of candidates that fail a check; no_alerts alone excludes nothing
    "valid": "invalid",
    "novel": "already known",
    "charge_balanced": "charged",
    "elements": "with the wrong elements",
    "harmless": "with hazardous groups or elements",
    "unique": "repeated",
    "no_alerts": "with alerts",
}


@tool(estimate=lambda ids, **_: 1 + len(ids) / 200)
def judge(
    ctx: Context,
    ids: list[str] = [],  # noqa: B006  # pydantic copies
    elements_excluded: Annotated[list[Element], Flag("--exclude")] = [],  # noqa: B006
    elements_required: Annotated[list[Element], Flag("--require")] = [],  # noqa: B006
) -> ToolResult:
    """Check candidates for validity, novelty, charge, elements, alerts and repeats.

    Novel means: not among the polymers or crystals that the generators were trained on. Crystals
    are also compared with each other.

    Args:
        ids: candidates to judge; all of the run if left out.
        elements_excluded: symbols of elements that must not occur.
        elements_required: symbols of elements that must occur.
    """
    chosen = ctx.chosen(ids)
    excluded, required = frozenset(elements_excluded), frozenset(elements_required)
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in chosen:
        groups[candidate.material].append(candidate)
    found: dict[str, Candidate] = {}
    for material, group in groups.items():
        judged_group = _judge_of(material)(group, excluded, required, ctx.progress)
        found.update((candidate.id, candidate) for candidate in judged_group)
    judged = [found[candidate.id] for candidate in chosen]
    passed = [c for c in judged if passes(c)]
    counts = {check: sum(c.checks.get(check) is False for c in judged) for check in FAILED}
    failures = ", ".join(f"{n} {FAILED[check]}" for check, n in counts.items() if n)
    return ToolResult(
        text=f"{len(passed)} of {len(judged)} pass" + (f" ({failures})" if failures else ""),
        candidates=tuple(judged),
        data={"judged": len(judged), "passed": len(passed), "failed": dict(counts)},
    )


Progress = Callable[[str, int, int], None]
Judge = Callable[[Sequence[Candidate], frozenset[str], frozenset[str], Progress], list[Candidate]]


def _judge_of(material: str) -> Judge:
    judges: dict[str, Judge] = {"polymer": _judge_polymers, "crystal": judge_crystals}
    if material not in judges:
        raise NotAvailable(f"cannot judge a {material} yet; can judge polymers and crystals")
    return judges[material]


def _judge_polymers(
    candidates: Sequence[Candidate],
    excluded: frozenset[str],
    required: frozenset[str],
    on_progress: Progress,
) -> list[Candidate]:
    judged = []
    for index, candidate in enumerate(candidates):
        if index % 100 == 0:
            on_progress("judging", index, len(candidates))
        judged.append(_judge_polymer(candidate, excluded, required))
    on_progress("judging", len(candidates), len(candidates))
    return judged


def _judge_polymer(
    candidate: Candidate, excluded: frozenset[str], required: frozenset[str]
) -> Candidate:
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
