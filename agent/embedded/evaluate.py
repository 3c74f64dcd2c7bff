"""Scores the interpreter on hand-written requests: `ionwright bench interpreter`.

`tuning` and `untouched` are halves by a hash of the text, `voices` and `untouched_voices` those of
a later set in deliberately difficult voices; `untouched_people` are 24 persons, ten requests each.
Of the untouched ones only totals are ever printed. `fresh` are the developers' own; `development`
chose between ways of training. None of them is in the training set (`requests/marked`).
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
from .marked import read_marked, request_of
from .rules import read_by_rules
from .scoring import Score
from .tagger import FOLDER, load_tagger, read_by_tagger
from .text import clean

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
FROZEN = HERE / "weights" / "frozen"
Which = Literal[
    "tuning",
    "untouched",
    "fresh",
    "voices",
    "untouched_voices",
    "development",
    "untouched_people",
]
Row = dict[str, Any]


def run(which: Which | Path = "untouched", weights: Path = FOLDER) -> dict[str, Any]:
    """One row per approach and, for the combined one, per style.

    Args:
        which: a set by name, or a file of marked requests.
        weights: folder of the tagger's weights.

    Returns:
        which half, and rows of approach, style, n, intent, domain, slot_f1, whole, refusals, ms;
        the combined rows also have the
        share on which both readers agreed and how often that was wrong.
    """
    requests = read_requests(which)
    load_tagger(weights)
    interpret("a warm-up request for a cathode above 3 V", weights)
    rows = [_measured(name, requests, reader) for name, reader in _readers(weights).items()]
    return {"which": str(which), "rows": rows + _combined(requests, weights)}


def read_requests(which: Which | Path) -> list[Row]:
    """The annotated requests of one set."""
    if isinstance(which, Path):
        return [request_of(row, which.stem) for row in read_marked(which)]
    text = (HERE / "requests" / f"{which}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _readers(weights: Path) -> dict[str, Callable[[str], Goal]]:
    readers: dict[str, Callable[[str], Goal]] = {
        "rules": read_by_rules,
        "tagger": lambda text: read_by_tagger(text, weights),
    }
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


def _combined(requests: list[Row], weights: Path) -> list[Row]:
    whole, agreed, asked = Score(), Score(), 0
    by_style: dict[str, Score] = {}
    for request in requests:
        start = perf_counter()
        reading = interpret(request["text"], weights)
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
    """Scores one set and writes it to results.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    sets = ", ".join(get_args(Which))
    parser.add_argument("which", help=f"{sets}, or a file of marked requests")
    parser.add_argument("--weights", type=Path, default=FOLDER, help="weights of the tagger")
    parser.add_argument("--write", action="store_true", help="keep the result in results.json")
    arguments = parser.parse_args()
    named = arguments.which in get_args(Which)
    result = run(arguments.which if named else Path(arguments.which), arguments.weights)
    if arguments.write and named:
        kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
        write_atomically(RESULTS, json.dumps({**kept, arguments.which: result["rows"]}, indent=1))
    for row in result["rows"]:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
