"""What people see in a terminal: the goal, the steps as they happen, the ranked table."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ionwright.knowledge.errors import InvalidRequest, IonwrightError, NotAvailable
from ionwright.knowledge.records import Candidate, Citation, Goal
from ionwright.tools.base import ToolResult

from .answers import source_lines
from .design import Event, Request, events, product_version
from .goal_text import parse_goal, write_goal
from .progress import Progress
from .report import (
    body_of,
    format_quantity,
    goal_lines,
    heading,
    shown_properties,
    title_of,
    view_of,
)
from .runs import read_record
from .state import Call


def run_and_show(request: Request, as_json: bool) -> None:
    """Runs a request; events go to stderr, the answer to stdout."""
    answer = _run(request)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer)
    if answer.get("question"):
        raise InvalidRequest(answer["question"])
    if answer["goal"].get("intent") == "design" and answer.get("message"):
        raise NotAvailable(f"no generator for this yet; the answer is in {answer['run']}")
    if answer["goal"].get("intent") == "design" and not answer["candidates"]:
        raise IonwrightError(f"no candidate passed the checks; the run is in {answer['run']}")


def rerun_and_compare(record_path: Path, as_json: bool, out: Path | None) -> None:
    """Makes a recorded run's calls again and compares the candidates.

    Raises:
        IonwrightError: if the candidates differ.
    """
    record = read_record(record_path)
    calls = [Call(tool=s["tool"], arguments=s["arguments"]) for s in record["steps"]]
    goal = Goal.model_validate(record["goal"])
    answer = _run(Request(goal=goal, replay=calls, out=out))
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer)
    before = [c["id"] for c in record["candidates"]]
    after = [c["id"] for c in answer["candidates"]]
    if before != after:
        same = len(set(before) & set(after))
        raise IonwrightError(
            f"the rerun differs: {same} of {len(before)} candidates are the same (recorded with "
            f"version {record.get('version', 'unknown')}, {_weights(record)}; now with "
            f"{product_version()}, {_weights(answer)}); see {answer['run']}"
        )
    click.echo(f"reproduced: all {len(before)} candidates are the same", err=True)


def _weights(record: dict[str, Any]) -> str:
    """The weights that made the candidates of a run, in words."""
    used = {c["provenance"]["weights"] for c in record["candidates"]} - {None}
    return " and ".join(sorted(used)) or "no weights"


def _run(request: Request) -> dict[str, Any]:
    cancelled = threading.Event()
    interactive = sys.stdin.isatty() and sys.stderr.isatty()
    with Progress() as progress:

        def ask(question: Event) -> Any:
            with progress.paused():
                return _ask(question)

        progress.stop_sets(cancelled)
        for event in events(request, ask=ask if interactive else None, cancelled=cancelled):
            if event["kind"] == "answer":
                return event["answer"]
            if event["kind"] == "progress":
                progress.update(event["what"], event["done"], event["total"])
            else:
                _narrate(event, progress.console)
    raise AssertionError("a run ends with an answer or an error")


def _narrate(event: Event, console: Console) -> None:
    match event["kind"]:
        case "run":
            console.print(f"run {event['run']}", style="dim", highlight=False)
        case "goal":
            for label, text in goal_lines(Goal.model_validate(event["goal"])):
                console.print(f"{label:>16}  {text}", highlight=False, markup=False)
        case "plan":
            console.print(f"round {event['round']}: {', '.join(event['calls'])}", style="bold")
        case "step":
            console.print(
                f"  {event['tool']:<10} {event['seconds']:6.1f} s  {event['result']}",
                highlight=False,
                markup=False,
            )
        case "check":
            console.print(f"  {event['met']} of {event['wanted']} meet the goal", highlight=False)


def _ask(question: Event) -> Any:
    if question["ask"] == "long":
        minutes = question["seconds"] / 60
        return click.confirm(f"{question['tool']} takes about {minutes:.0f} min. Go on?", err=True)
    click.echo("These words can be read in more than one way:", err=True)
    readings = [question["goal"], *question["alternatives"]]
    for number, goal in enumerate(readings, 1):
        click.echo(f"[{number}]", err=True)
        for label, text in goal_lines(Goal.model_validate(goal)):
            click.echo(f"{label:>16}  {text}", err=True)
    allowed = [*map(str, range(1, len(readings) + 1)), "e"]
    choice = click.prompt(
        "Which one (e: edit the first)", type=click.Choice(allowed), default="1", err=True
    )
    if choice == "e":
        return _edited(Goal.model_validate(question["goal"])).model_dump(mode="json")
    return readings[int(choice) - 1]


def _edited(goal: Goal) -> Goal:
    """The goal as the user leaves it in the editor; asked again until it can be read."""
    text = write_goal(goal)
    while True:
        text = click.edit(text) or text  # None when nothing was changed
        try:
            return parse_goal(text)
        except InvalidRequest as error:
            click.echo(str(error), err=True)
            click.confirm("Edit again?", default=True, abort=True, err=True)


def _show(answer: dict[str, Any]) -> None:
    if answer.get("message"):
        click.echo(answer["message"])
        evidence = [Citation.model_validate(e) for e in answer.get("evidence", [])]
        for line in source_lines(answer["message"], evidence):
            click.echo(line)
    view = view_of(answer)
    if view["rows"]:
        table = Table("", "material", *view["columns"], "score", "meets")
        for row in view["rows"]:
            met = row["met"].values()
            table.add_row(
                str(row["rank"]),
                _named(row["candidate"]),
                *row["values"],
                "" if row["score"] is None else f"{row['score']:.2f}",
                f"{sum(met)}/{len(met)}" if met else "",
            )
        _print(table)
        click.echo("values with their 90 % interval; " + "; ".join(view["conditions"]))
    for warning in answer["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    if answer["candidates"]:
        click.echo(f"report: {answer['run']}/report.html", err=True)


def _named(candidate: Candidate) -> str:
    more = body_of(candidate)
    return title_of(candidate) if more == title_of(candidate) else f"{title_of(candidate)}\n{more}"


def _print(table: Table) -> None:
    width = None if sys.stdout.isatty() else 200  # a pipe has no width; do not cut the values
    Console(width=width, highlight=False, markup=False).print(table)


def found_lines(result: ToolResult) -> str:
    """The entries that a search found, as plain text."""
    lines = []
    found: Any = result.data.get("results", [])
    for number, entry in enumerate(found, 1):
        page = f", p. {entry['page']}" if entry.get("page") else ""
        lines.append(f"[{number}] {entry['text']}\n    {entry['reference']}{page}")
    return "\n".join([*lines, result.text])


def result_table(result: ToolResult) -> str:
    """A tool's candidates with their values, as plain text."""
    candidates = list(result.candidates)
    headings = {key: heading(key, candidates) for key in shown_properties(None, candidates)}
    rows = [
        {
            "material": title_of(c),
            **{headings[key]: format_quantity(c.quantity(key)) for key in headings},
            **({"valid": c.checks["valid"]} if "valid" in c.checks else {}),
        }
        for c in candidates
    ]
    failed = result.data.get("failed")
    lines = [plain_table(rows), result.text]
    for failure in failed if isinstance(failed, list) else []:
        if isinstance(failure, dict):
            lines.append(f"failed: {failure['input']}: {failure['reason']}")
    return "\n".join(lines)


def plain_table(rows: list[dict[str, Any]]) -> str:
    """Rows as aligned text; the keys of all rows are the columns."""
    if not rows:
        return "none"
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in [columns, *cells]) for i in range(len(columns))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in [columns, *cells]
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(
            f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in value.items()
        )
    return f"{value:.4g}" if isinstance(value, float) else str(value)
