"""Scores the interpreter on hand-written requests: `ionwright bench interpreter`.

Halves were drawn by a hash of the text. `tuning` was looked at while the interpreter was made;
`untouched` was not, and only its totals are ever printed. `voices` and `untouched_voices` are
halves of a later set in deliberately difficult voices; `fresh` are the developers' own.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, get_args

from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Goal

from .interpret import interpret
from .rules import read_by_rules
from .scoring import Score
from .tagger import load_tagger, read_by_tagger
from .text import clean

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
FROZEN = HERE / "weights" / "frozen"
Which = Literal["tuning", "untouched", "fresh", "voices", "untouched_voices"]
Row = dict[str, Any]


def run(which: Which = "untouched") -> dict[str, Any]:
    """One row per approach and, for the combined one, per style.

    Returns:
        which half, and rows of approach, style, n, intent, domain, slot_f1, whole, refusals, ms;
        the combined rows also have the
        share on which both readers agreed and how often that was wrong.
    """
    requests = read_requests(which)
    load_tagger()
    interpret("a warm-up request for a cathode above 3 V")
    rows = [_measured(name, requests, reader) for name, reader in _readers().items()]
    return {"which": which, "rows": rows + _combined(requests)}


def read_requests(which: Which) -> list[Row]:
    """The annotated requests of one half."""
    text = (HERE / "requests" / f"{which}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _readers() -> dict[str, Callable[[str], Goal]]:
    readers: dict[str, Callable[[str], Goal]] = {"rules": read_by_rules, "tagger": read_by_tagger}
    if FROZEN.exists():  # only in a checkout: the heads of the comparison are not installed
        readers["heads on frozen MiniLM"] = lambda text: read_by_tagger(text, FROZEN)
    return readers


def _measured(name: str, requests: list[Row], reader: Callable[[str], Goal]) -> Row:
    score = Score()
    for request in requests:
        start = perf_counter()
        goal = reader(clean(request["text"]))
        score.add(goal.model_dump(mode="json"), request, perf_counter() - start)
    return {"approach": name, "style": "all", **score.row()}


def _combined(requests: list[Row]) -> list[Row]:
    whole, agreed, asked = Score(), Score(), 0
    by_style: dict[str, Score] = {}
    for request in requests:
        start = perf_counter()
        reading = interpret(request["text"])
        goal, seconds = reading.goal.model_dump(mode="json"), perf_counter() - start
        whole.add(goal, request, seconds)
        by_style.setdefault(request["style"], Score()).add(goal, request, seconds)
        asked += reading.question is not None
        if reading.agreed:
            agreed.add(goal, request, seconds)
    total = {
        "approach": "combined", "style": "all", **whole.row(),
        "agreed": round(agreed.n / len(requests), 4),
        "agreed_wrong": agreed.n - agreed.whole,
        "asked": asked,
        "misses": dict(whole.misses),
    }  # fmt: skip
    styles = [
        {"approach": "combined", "style": style, **score.row()}
        for style, score in sorted(by_style.items())
    ]
    return [total, *styles]


def main() -> None:
    """Scores one half and writes it to results.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=get_args(Which))
    parser.add_argument("--write", action="store_true", help="keep the result in results.json")
    arguments = parser.parse_args()
    result = run(arguments.which)
    if arguments.write:
        kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
        write_atomically(RESULTS, json.dumps({**kept, arguments.which: result["rows"]}, indent=1))
    for row in result["rows"]:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
