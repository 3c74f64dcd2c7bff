"""Writes the generated parts of README and docs: tables from the registries and result files.

Run `make docs` after a change; a test compares what is written with what would be.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ionwright.agent import catalog
from ionwright.agent.cli import cli
from ionwright.tools.benchmarks import crystal_report

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SECTION = re.compile(r"(<!-- generated: (?P<name>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
COMMANDS = [
    "interpret",
    "design",
    "search",
    "ingest",
    "generate",
    "predict",
    "rerun",
    "train",
    "bench",
    "chat",
]


def markdown_table(rows: Iterable[dict[str, Any]]) -> str:
    """Rows as a Markdown table; the keys of all rows are the columns."""
    rows = list(rows)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(row.get(c)) for c in columns) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{k} {_cell(v)}" for k, v in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def command_help() -> str:
    """The help of every command, as it prints itself."""
    runner = CliRunner()
    texts = []
    for name in [None, *COMMANDS]:
        arguments = [name] if name else []
        shown = runner.invoke(
            cli, [*arguments, "--help"], prog_name="ionwright", terminal_width=100
        )
        texts.append(f"$ ionwright {name or ''}".rstrip() + f" --help\n{shown.output.strip()}")
    return "```text\n" + "\n\n".join(texts) + "\n```"


def result_table(path: str) -> str:
    """The rows of a committed result file, and how they were measured."""
    result = json.loads((ROOT / path).read_text(encoding="utf-8"))
    how = [f"{k} {_cell(v)}" for k, v in result.items() if k in ("n", "seed", "judge", "hardware")]
    return f"{markdown_table(result['rows'])}\n\nMeasured with {'; '.join(how)}."


def interpreter_table() -> str:
    """The untouched requests, one row per set and approach."""
    text = (ROOT / "agent/embedded/results.json").read_text(encoding="utf-8")
    sets = {
        "untouched": "main set",
        "untouched_voices": "difficult voices",
        "untouched_people": "24 people",
    }
    rows = [
        {"requests": name, **{k: v for k, v in row.items() if k not in ("style", "misses")}}
        for which, name in sets.items()
        for row in reversed(json.loads(text).get(which, []))
        if row["style"] == "all"
    ]
    return markdown_table(rows)


def knowledge_table() -> str:
    """Search and answers on both halves, then speed by number of entries."""
    path = ROOT / "docs/results/knowledge.json"
    halves = json.loads(path.read_text(encoding="utf-8"))
    rows = [{"questions": h, **row} for h in ("untouched", "tuning") for row in halves.get(h, [])]
    found = markdown_table(row for row in rows if "entries" not in row)
    timed = markdown_table(
        {k: v for k, v in row.items() if k != "questions"} for row in rows if "entries" in row
    )
    return f"{found}\n\n{timed}"


SECTIONS: dict[str, Callable[[], str]] = {
    "commands": command_help,
    "generators": lambda: markdown_table(catalog.generator_rows()),
    "predictors": lambda: markdown_table(catalog.predictor_rows()),
    "tools": lambda: markdown_table(catalog.tool_rows()),
    "properties": lambda: markdown_table(catalog.property_rows()),
    "polymer-benchmark": lambda: result_table("docs/results/polymers.json"),
    "crystal-benchmark": lambda: crystal_report.markdown(ROOT / "docs/results/crystals.json"),
    "speed": lambda: result_table("docs/results/speed.json"),
    "knowledge-benchmark": lambda: knowledge_table(),
    "interpreter-benchmark": lambda: interpreter_table(),
}


def rendered(text: str) -> str:
    """A page with its generated sections filled in."""
    return SECTION.sub(lambda m: f"{m[1]}{SECTIONS[m['name']]()}\n{m[3]}", text)


def main() -> None:
    """Rewrites the pages that have changed."""
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        after = rendered(before)
        if after != before:
            page.write_text(after, encoding="utf-8")
            print(f"written: {page.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
