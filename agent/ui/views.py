"""What the chat shows, as HTML rendered from the records. Templates escape whatever they are given.

Only drawings and plots, which are made here from numbers and parsed structures, go in unescaped.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader
from markupsafe import Markup

from ionwright.knowledge.records import Candidate, Citation, Goal, Quantity, Target
from ionwright.knowledge.vocabulary import property_of
from ionwright.tools.export import drawing

from ..answers import cited_numbers
from ..report import body_of, format_quantity, goal_lines, shown_properties, view_of
from .plots import axis_of, axis_svg, interval_svg, superscripts, target_lines

MOST_ROWS = 50  # in the page; the downloads hold all
MOST_PLOTS = 2
DRAWING = (232, 84)  # px; repeat units are long and flat
EXTRAPOLATED = 0.1  # a domain score below this is worth a word in the table
_DOUBTS = ("assumed", "not understood", "warnings")  # lines of a goal with a style of their own


def goal_card(goal: dict[str, Any], alternatives: list[dict[str, Any]]) -> str:
    """The understood goal, what is in doubt about it, and other readings of the same words."""
    lines = goal_lines(Goal.model_validate(goal))
    others = [goal_lines(Goal.model_validate(other)) for other in alternatives]
    return _render(
        "goal.html",
        lines=[line for line in lines if line[0] not in _DOUBTS],
        doubts=[line for line in lines if line[0] in _DOUBTS],
        readings=[_difference(lines, other) for other in others],
    )


def reading_label(goal: dict[str, Any], other: dict[str, Any]) -> str:
    """What is different in another reading, in one line."""
    lines = (goal_lines(Goal.model_validate(g)) for g in (goal, other))
    words = "; ".join(f"{label}: {text}" for label, text in _difference(*lines))
    return words.replace(">=", "≥").replace("<=", "≤")


def answer_card(answer: dict[str, Any]) -> str:
    """The answer: what was found, the ranked table with drawings and plots, and its conditions."""
    view = view_of({**answer, "candidates": answer["candidates"][:MOST_ROWS]})
    goal = Goal.model_validate(answer["goal"]) if answer["goal"] else None
    rows = view["rows"]
    keys = shown_properties(goal, [row["candidate"] for row in rows])
    columns = [_column(key, goal, rows, may_plot=i < MOST_PLOTS) for i, key in enumerate(keys)]
    return _render(
        "answer.html",
        lead=_lead(answer, goal),
        message=answer.get("message", ""),
        sources=_sources(answer),
        question=answer.get("question", ""),
        warnings=[w for w in answer["warnings"] if goal is None or w not in goal.warnings],
        noun=view["noun"],
        columns=columns,
        rows=[_row(row, columns) for row in rows],
        left_out=len(answer["candidates"]) - len(rows),
        conditions=view["conditions"],
        ranked=any(row["met"] for row in rows),
        dashed=any(c["axis"] and target_lines(c["target"]) for c in columns),
    )


def _sources(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The sources that the message points to, with their passages; links to DOIs alone."""
    evidence = [Citation.model_validate(e) for e in answer.get("evidence", [])]
    shown = []
    for number in cited_numbers(answer.get("message", ""), evidence):
        citation = evidence[number - 1]
        reference = citation.reference or citation.source
        doi = re.search(r"https://doi\.org/10\.\S+$", reference)
        shown.append({
            "number": number, "reference": reference, "page": citation.page,
            "text": citation.text, "link": doi.group() if doi else None,
        })  # fmt: skip
    return shown


def words(text: str) -> str:
    """What the user wrote, as it was written."""
    return _render("words.html", text=text)


def arguments(given: dict[str, Any]) -> str:
    """What a tool was called with, in short."""
    shown = {k.replace("_", " "): _short(v) for k, v in given.items() if v not in (None, [], "")}
    return _render("arguments.html", given=shown)


def head(purpose: str, parts: list[tuple[str, bool]]) -> str:
    """The head of the page: name, what it is for, what is ready and what is not."""
    return _render("head.html", purpose=purpose, parts=parts)


def welcome() -> str:
    """What stands in an empty conversation, above the examples."""
    return _render("welcome.html")


def notice(kind: str, title: str, text: str) -> str:
    """A short message in a box; `kind` is info, stopped, wrong or refused."""
    return _render("notice.html", kind=kind, title=title, text=text[:1].upper() + text[1:])


def _short(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    words = [str(Target.model_validate(v)) if isinstance(v, dict) else str(v) for v in values]
    more = f" and {len(words) - 5} more" if len(words) > 5 else ""
    return ", ".join(words[:5]) + more


def _difference(
    lines: list[tuple[str, str]], others: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """The lines of another reading that differ; what it lacks is shown as not said."""
    ours, theirs = dict(lines), dict(others)
    labels = [label for label in {**ours, **theirs} if label not in _DOUBTS]
    return [(k, theirs.get(k, "not said")) for k in labels if ours.get(k) != theirs.get(k)]


def _column(
    key: str, goal: Goal | None, rows: list[dict[str, Any]], *, may_plot: bool
) -> dict[str, Any]:
    target = next((t for t in goal.targets if t.property == key), None) if goal else None
    asked = target is not None or goal is None or not goal.targets
    quantities = [row["candidate"].quantity(key) for row in rows]
    plotted = may_plot and asked and any(q and q.interval for q in quantities)
    axis = axis_of(quantities, target) if plotted else None
    return {
        "key": key,
        "label": property_of(key).label,
        "unit": next((_shown_unit(q.unit) for q in quantities if q), ""),
        "target": target,
        "axis": axis,
        "axis_svg": Markup(axis_svg(axis, target)) if axis else "",
    }


def _row(row: dict[str, Any], columns: list[dict[str, Any]]) -> dict[str, Any]:
    candidate: Candidate = row["candidate"]
    return {
        "rank": row["rank"],
        "name": candidate.name,
        "data": body_of(candidate),
        "notes": candidate.notes,
        "drawing": Markup(drawing(candidate, *DRAWING)),
        "cells": [_cell(candidate.quantity(c["key"]), c, row["met"]) for c in columns],
        "score": row["score"],
        "met": [(property_of(key).label, ok) for key, ok in row["met"].items()],
    }


def _cell(quantity: Quantity | None, column: dict[str, Any], met: dict[str, bool]) -> dict:
    axis = column["axis"]
    ok = met.get(column["key"], True)
    plot = interval_svg(quantity, axis, column["target"], ok) if axis else ""
    value, _, interval = superscripts(format_quantity(quantity)).partition(" (")
    return {
        "value": value,
        "unit": column["unit"] if quantity else "",
        "interval": interval.rstrip(")"),
        "plot": Markup(plot),
        "label": column["label"],
        "extrapolated": bool(
            quantity and quantity.in_domain is not None and quantity.in_domain < EXTRAPOLATED
        ),
    }


def _shown_unit(unit: str) -> str:
    """A unit as it is written in print; nothing for a mere number."""
    return "" if unit == "1" else re.sub(r"(?<=m)[23]", lambda d: "²³"[int(d[0]) - 2], unit)


def _lead(answer: dict[str, Any], goal: Goal | None) -> str:
    n = len(answer["candidates"])
    if answer.get("message") or answer.get("question") or goal is None:
        return ""
    if goal.intent != "design":
        return f"Predicted values for {_count(n, 'material')}" if n else ""
    if not n:
        return "No candidate passed the checks"
    if not any(t.value is not None for t in goal.targets):
        return f"{_count(n, 'candidate')}, best first"
    met = sum(all(entry["met"].values()) for entry in answer["ranking"])
    if not met:
        return f"{_count(n, 'candidate')}; none meets every target"
    surely = sum(_surely_meets(Candidate.model_validate(c), goal) for c in answer["candidates"])
    share = "all meet" if met == n > 1 else f"{met} meet{'s' if met == 1 else ''}"
    whole = f"{'all' if surely == n > 1 else surely or 'none'} of them with the whole 90 % interval"
    return f"{_count(n, 'candidate')}: {share} every target, {whole}"


def _surely_meets(candidate: Candidate, goal: Goal) -> bool:
    """Whether both ends of every interval meet their targets."""
    numbers = [t for t in goal.targets if t.value is not None]
    return all(_interval_meets(candidate.quantity(t.property), t) for t in numbers)


def _interval_meets(quantity: Quantity | None, target: Target) -> bool:
    if quantity is None or quantity.interval is None:
        return False
    low, high = quantity.interval
    wanted = target.value
    if isinstance(wanted, tuple):
        return wanted[0] <= low and high <= wanted[1]
    if wanted is None or target.op == "=":
        return False
    return low >= wanted if target.op == ">=" else high <= wanted


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


@cache
def _templates() -> Environment:
    def source(name: str) -> str:
        return (files("ionwright.agent.ui") / name).read_text(encoding="utf-8")

    templates = Environment(
        autoescape=True, loader=FunctionLoader(source), trim_blocks=True, lstrip_blocks=True
    )
    templates.filters["in_print"] = lambda text: text.replace(">=", "≥").replace("<=", "≤")
    return templates


def _render(name: str, **values: Any) -> str:
    return _templates().get_template(name).render(values)
