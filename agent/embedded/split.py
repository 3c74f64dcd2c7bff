"""Splits hand-written requests into a half for tuning and one that is only ever scored.

`python -m ionwright.agent.embedded.split pen_a.jsonl pen_b.jsonl ...` writes both halves. Nothing
of a request is printed, so that whoever tunes the interpreter does not see the second half.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

REQUESTS = Path(__file__).with_name("requests")


def split(requests: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Halves of each pen and style by the hash of the text, so that nobody chooses."""
    groups: dict[tuple[str, str], dict[str, dict[str, Any]]] = defaultdict(dict)
    for request in requests:
        groups[str(request["style"]), str(request["pen"])][_digest(request)] = request
    halves: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    # the odd one of a group goes to alternate halves, else small groups would all favour one half
    turn = 0
    for group in sorted(groups):
        for digest in sorted(groups[group]):
            halves[turn % 2].append(groups[group][digest])
            turn += 1
    return halves


def _digest(request: dict[str, Any]) -> str:
    return hashlib.sha256(" ".join(str(request["text"]).lower().split()).encode()).hexdigest()


def main(paths: list[str]) -> None:
    """Reads the pens' files, drops repeated texts, writes tuning.jsonl and untouched.jsonl."""
    lines = [line for path in paths for line in Path(path).read_text("utf-8").splitlines()]
    requests = list({_digest(r): r for r in map(json.loads, filter(str.strip, lines))}.values())
    REQUESTS.mkdir(exist_ok=True)
    for name, half in zip(("tuning", "untouched"), split(requests), strict=True):
        text = "".join(json.dumps(request, ensure_ascii=False) + "\n" for request in half)
        (REQUESTS / f"{name}.jsonl").write_text(text, encoding="utf-8")
        print(name, len(half), dict(Counter(str(request["pen"]) for request in half)))


if __name__ == "__main__":
    main(sys.argv[1:])
