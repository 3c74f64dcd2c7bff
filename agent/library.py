"""The `ingest` command: what goes into the knowledge store, what is in it, what leaves it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ionwright.knowledge.errors import InvalidRequest, IonwrightError
from ionwright.knowledge.ingest import Report, ingest
from ionwright.knowledge.ingest.ingest import summary
from ionwright.knowledge.ingest.table import parse_mapping

from .progress import Progress
from .settings import Settings
from .terminal import plain_table


def ingest_and_show(
    files: Sequence[Path],
    mapping: Sequence[str],
    *,
    listed: bool,
    remove: str | None,
    rebuild: bool,
    as_json: bool,
) -> None:
    """Does what the command's options say, and tells what became of it.

    Raises:
        InvalidRequest: if nothing is to be done, or a file or source does not exist.
        IonwrightError: if no file could be taken.
    """
    if not (files or listed or remove or rebuild):
        raise InvalidRequest("name files or folders, or say --list, --remove SOURCE or --rebuild")
    columns = parse_mapping(list(mapping))
    with Progress() as progress:
        ctx = Settings().context()
        ctx.on_progress = progress.update
        ctx.cancelled = threading.Event()
        progress.stop_sets(ctx.cancelled)
        store = ctx.knowledge()
        removed = store.remove(remove) if remove else None
        report = ingest(store, files, mapping=columns, on_progress=ctx.progress) if files else None
        indexed = store.rebuild(ctx.progress) if rebuild else None
    rows = [{**s.model_dump(), "entries": n} for s, n in store.sources()] if listed else None
    if as_json:
        done = {"removed": removed, "indexed": indexed, "sources": rows, **_as_json(report)}
        click.echo(json.dumps({k: v for k, v in done.items() if v is not None}))
    else:
        _show(removed, indexed, report, rows)
    if report and report.skipped and not (report.added or report.known):
        raise IonwrightError(f"none of {len(report.skipped)} files could be taken")


def _as_json(report: Report | None) -> dict[str, Any]:
    if report is None:
        return {}
    return {
        "added": [{**s.model_dump(), "entries": n} for s, n in report.added],
        "known": list(report.known),
        "skipped": [asdict(s) for s in report.skipped],
        "notes": list(report.notes),
    }


def _show(
    removed: int | None,
    indexed: int | None,
    report: Report | None,
    rows: list[dict[str, Any]] | None,
) -> None:
    if removed is not None:
        click.echo(f"removed {removed} entries")
    for line in summary(report) if report else ():
        click.echo(line)
    if indexed is not None:
        click.echo(f"indexed {indexed} entries")
    if rows is not None:
        click.echo(plain_table(rows))
