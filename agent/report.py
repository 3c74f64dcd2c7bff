"""The answer, rendered from the records: run.json, candidates.jsonl, report.md and report.html."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from ionwright.knowledge.crystals import crystal_summary
from ionwright.knowledge.phases.library import is_known_phase
from ionwright.knowledge.records import Candidate, Citation, Goal, Quantity
from ionwright.knowledge.vocabulary import property_of
from ionwright.tools.export import drawing, structure_file

from .answers import source_lines
from .runs import RunFolder

NOUNS = {"polymer": "repeat unit", "crystal": "crystal", "molecule": "molecule"}
SHOWN_PROPERTIES = 4  # columns of values in a table, asked-for ones first


def write(answer: dict[str, Any], run: RunFolder) -> None:
    """Writes the run folder of the command-line contract; run.json comes last."""
    candidates = [Candidate.model_validate(c) for c in answer["candidates"]]
    lines = "".join(c.model_dump_json() + "\n" for c in candidates)
    run.write(run.path / "candidates.jsonl", lines)
    for rank, candidate in enumerate(candidates, 1):
        for suffix, content in (structure_file(candidate), ("svg", drawing(candidate))):
            run.write(run.path / "structures" / f"{rank:03d}-{candidate.id}.{suffix}", content)
    view = view_of(answer)
    run.write(run.path / "report.md", _templates().get_template("report.md.jinja").render(view))
    run.write(run.path / "report.html", _templates().get_template("report.html.jinja").render(view))
    run.write_record({**answer, "version": version("ionwright"), "platform": platform.platform()})


def view_of(answer: dict[str, Any]) -> dict[str, Any]:
    """What the templates and the terminal show: the records, in words."""
    goal = Goal.model_validate(answer["goal"]) if answer["goal"] else None
    candidates = [Candidate.model_validate(c) for c in answer["candidates"]]
    keys = shown_properties(goal, candidates)
    scores = {entry["id"]: entry for entry in answer["ranking"]}
    return {
        "answer": answer,
        "goal_lines": goal_lines(goal) if goal else [],
        "columns": [heading(key, candidates) for key in keys],
        "rows": [
            {
                "rank": rank,
                "candidate": candidate,
                "title": title_of(candidate),
                "body": body_of(candidate),
                "drawing": drawing(candidate),
                "values": [format_quantity(candidate.quantity(key)) for key in keys],
                "score": scores.get(candidate.id, {}).get("score"),
                "met": scores.get(candidate.id, {}).get("met", {}),
            }
            for rank, candidate in enumerate(candidates, 1)
        ],
        "noun": NOUNS.get(candidates[0].material, "material") if candidates else "material",
        "conditions": _conditions(candidates),
        "sources": source_lines(
            answer.get("message", ""),
            [Citation.model_validate(e) for e in answer.get("evidence", [])],
        ),
        "version": version("ionwright"),
    }


def title_of(candidate: Candidate) -> str:
    """What a candidate is called in a table: its name, else its SMILES."""
    return candidate.name or candidate.data


def body_of(candidate: Candidate) -> str:
    """What a candidate is, in a line: its SMILES; of a crystal symmetry, size and origin."""
    if candidate.encoding != "cif" or candidate.checks.get("valid") is False:
        return candidate.data if candidate.encoding != "cif" else ""
    return f"{crystal_summary(candidate.data)}; {origin_of(candidate)}"


def origin_of(candidate: Candidate) -> str:
    """Whether a crystal is a known phase, the user's own, or who proposed it."""
    if is_known_phase(candidate):
        return "known phase"
    if candidate.provenance.source == "user":
        return "your own"
    proposer = candidate.provenance.inputs.get("proposed_by") or candidate.provenance.source
    return f"proposed by {str(proposer).rpartition('/')[2]}"


def shown_properties(goal: Goal | None, candidates: list[Candidate]) -> list[str]:
    """The properties to show: those asked for, then what most have, intervals first."""
    asked = [t.property for t in goal.targets] if goal else []
    first = candidates[0].quantities if candidates else ()
    shared = [
        q
        for q in first
        if sum(c.quantity(q.property) is not None for c in candidates) * 2 > len(candidates)
    ]
    carried = [q.property for q in sorted(shared, key=lambda q: q.interval is None)]
    return list(dict.fromkeys([*asked, *carried]))[: max(SHOWN_PROPERTIES, len(set(asked)))]


def goal_lines(goal: Goal) -> list[tuple[str, str]]:
    """The goal as label and words, only what it holds."""
    lines = [
        ("intent", goal.intent),
        ("domain", (goal.domain or "").replace("_", " ")),
        ("working ion", goal.working_ion or ""),
        ("subjects", ", ".join(goal.subjects)),
        ("must contain", ", ".join(goal.elements_required)),
        ("must not contain", ", ".join(goal.elements_excluded)),
        ("targets", "; ".join(str(t) for t in goal.targets)),
        ("count", str(goal.count or "")),
        ("generator", goal.generator or ""),
        ("assumed", "; ".join(goal.assumptions)),
        ("not understood", "; ".join(goal.not_understood)),
        ("warnings", "; ".join(goal.warnings)),
    ]
    return [(label, text) for label, text in lines if text]


def format_quantity(quantity: Quantity | None) -> str:
    """Value and 90 % interval to the digits that the interval justifies."""
    if quantity is None:
        return "unknown"
    show = _digits(quantity)
    if quantity.interval is None:
        exact = quantity.method == "computed"
        return show(quantity.value) + ("" if exact else " (interval unknown)")
    return f"{show(quantity.value)} ({show(quantity.interval[0])} to {show(quantity.interval[1])})"


def _digits(quantity: Quantity) -> Any:
    if property_of(quantity.property).log:
        return lambda value: f"{value:.1e}"
    return lambda value: f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def heading(key: str, candidates: list[Candidate]) -> str:
    """A column's heading: label and unit."""
    unit = next((q.unit for c in candidates if (q := c.quantity(key))), property_of(key).unit)
    label = property_of(key).label
    return label if unit == "1" else f"{label} / {unit}"


def _conditions(candidates: list[Candidate]) -> list[str]:
    """What the values are and hold for, said once below the table."""
    labels: dict[str, list[str]] = {}
    for key in dict.fromkeys(q.property for c in candidates for q in c.quantities):
        origins = dict.fromkeys(_origin(q) for c in candidates if (q := c.quantity(key)))
        labels.setdefault(" or ".join(origins), []).append(property_of(key).label)
    return [f"{', '.join(names)}: {origin}" for origin, names in labels.items()]


def _origin(quantity: Quantity) -> str:
    source = quantity.provenance.weights or quantity.provenance.source
    condition = quantity.provenance.inputs.get("condition")
    kelvin = f"{quantity.temperature:g} K" if quantity.temperature else None
    bound = "a lower bound" if quantity.provenance.inputs.get("lower_bound") else None
    holds = condition or kelvin or bound
    return f"{quantity.method} by {source}" + (
        f" for {holds}" if holds != bound else f", {bound}" if bound else ""
    )


def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("ionwright.agent", "templates"),
        autoescape=select_autoescape(["html.jinja"], default_for_string=False),
        trim_blocks=True,
        lstrip_blocks=True,
    )
