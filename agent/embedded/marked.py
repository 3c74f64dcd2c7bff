"""Requests with their slots marked in the text: what writers by hand give the tagger to learn from.

A line of a file is JSON: `marked` is the request with spans such as `{SUBJ|LLZO}`,
`{EXC|cobalt}`, `{COUNT|five}`, `{VAL average_voltage >=|3.2 V}`, `{ASK porosity report|porosity}`,
beside `intent`, `domain`, `working_ion`, `generator`, `style`, `pen`. The goal follows from the
marks through the normalisers that the readers use; `targets` is given where they cannot read it.
`python -m ionwright.agent.embedded.marked FILE` shows the goal of every line and what is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ionwright.knowledge.files import write_atomically

from .decode import Tagged, Tags, decode
from .labels import DOMAINS, GENERATORS, INTENTS, IONS, OPS, PROPERTIES, TAGS
from .lexicon import generator_patterns
from .scoring import SLOTS
from .synthetic import Example
from .synthetic.pieces import Span
from .text import clean

FOLDER = Path(__file__).with_name("requests") / "marked"
_MARK = re.compile(r"\{([A-Z]+)((?: [^|{}\s]+)*)\|([^{}]+)\}")
_SURE, _NEVER = 0.0, -99.0


class BadMark(ValueError):
    """A line whose marks break the rules of this format."""


def read_marked(path: Path) -> list[dict[str, Any]]:
    """The rows of one file; empty lines are left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def examples(folder: Path = FOLDER) -> list[Example]:
    """All marked requests of a folder, ready for training."""
    return [example_of(row) for path in sorted(folder.glob("*.jsonl")) for row in read_marked(path)]


def example_of(row: dict[str, Any]) -> Example:
    """Text, labels and spans of one row.

    Raises:
        BadMark: if a label or a mark is none of those allowed.
    """
    text, spans = _unmarked(row["marked"])
    labels = (
        ("intent", INTENTS),
        ("domain", DOMAINS),
        ("working_ion", IONS),
        ("generator", (None, *generator_patterns())),
    )
    for slot, allowed in labels:
        if row.get(slot) not in allowed:
            raise BadMark(f"{slot} {row.get(slot)!r}: allowed are {', '.join(map(str, allowed))}")
    generator = row["generator"] if row["generator"] in GENERATORS else None  # others by words
    return Example(clean(text), row["intent"], row["domain"], row["working_ion"], generator, spans)


def _unmarked(marked: str) -> tuple[str, tuple[Span, ...]]:
    text, place, spans = "", 0, []
    for match in _MARK.finditer(marked):
        text += marked[place : match.start()]
        place = match.end()
        tag, said, words = match.group(1), match.group(2).split(), match.group(3)
        spans.append(Span(len(text), len(text) + len(words), tag, *_checked(tag, said)))
        text += words
    text += marked[place:]
    if "{" in text or "}" in text:
        raise BadMark(f"a brace is left over in {text!r}")
    return text, tuple(spans)


def _checked(tag: str, said: list[str]) -> list[str]:
    if tag not in TAGS:
        raise BadMark(f"{tag}: allowed are {', '.join(TAGS)}")
    if tag not in ("VAL", "ASK"):
        if said:
            raise BadMark(f"{tag} takes no property")
        return []
    ops = OPS[:4] if tag == "VAL" else OPS[4:]
    if len(said) != 2 or said[0] not in PROPERTIES or said[1] not in ops:
        raise BadMark(
            f"{tag} {' '.join(said)}: wanted is a property key and one of {', '.join(ops)}"
        )
    return said


def gold_of(row: dict[str, Any]) -> dict[str, Any]:
    """The goal that a row means, as JSON."""
    example = example_of(row)
    goal = decode(example.text, tags_of(example)).model_dump(mode="json")
    goal["generator"] = row["generator"]
    if row.get("targets") is not None:
        goal["targets"] = [
            {"property": key, "op": op, "value": value} for key, op, value in row["targets"]
        ]
    return goal


def tags_of(example: Example) -> Tags:
    """What a network that makes no mistake would say."""
    spans = tuple(
        Tagged(
            s.start, s.end, s.tag, _one_of(PROPERTIES, s.property), _one_of(OPS, s.op)
        )
        for s in example.spans
    )  # fmt: skip
    slots = (example.intent, example.domain, example.working_ion, example.generator)
    return Tags(*slots, spans, float(example.intent == "refuse"))


def _one_of(names: tuple[str, ...], name: str) -> tuple[float, ...]:
    return tuple(_SURE if one == name else _NEVER for one in names)


def problems(row: dict[str, Any]) -> list[str]:
    """What in a row does not hold together; the normalisers must read what is marked."""
    example, goal = example_of(row), gold_of(row)
    found = []
    marked = sorted({s.property for s in example.spans if s.property})
    read = sorted({t["property"] for t in goal["targets"]})
    if row.get("targets") is None and marked != read and row["intent"] != "explain":
        found.append(f"targets marked {marked}, read {read}: give the right ones in `targets`")
    for tag, slot in (("REQ", "elements_required"), ("EXC", "elements_excluded")):
        if any(s.tag == tag for s in example.spans) and not goal[slot]:
            found.append(f"{tag} marked, but no element read (only designs have elements)")
    if any(s.tag == "COUNT" for s in example.spans) and goal["count"] is None:
        found.append("COUNT marked, but no number read (only designs have a count)")
    return found


def _shown(goal: dict[str, Any]) -> str:
    parts = [f"{goal['intent']}/{goal['domain']}/{goal['working_ion']}"]
    parts += [f"+{e}" for e in goal["elements_required"]]
    parts += [f"-{e}" for e in goal["elements_excluded"]]
    parts += [f"'{s}'" for s in goal["subjects"]]
    parts += [f"{t['property']} {t['op']} {t['value']}" for t in goal["targets"]]
    parts += [f"{slot}={goal[slot]}" for slot in ("count", "generator") if goal[slot]]
    return "; ".join(parts)


def _report(path: Path) -> Iterator[str]:
    bad = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            yield f"{number}: {_shown(gold_of(row))}"
            wrong = problems(row)
        except (ValueError, KeyError, TypeError) as error:
            wrong = [repr(error)]
        bad += bool(wrong)
        yield from (f"   PROBLEM in line {number}: {one}" for one in wrong)
    yield f"{number} lines, {bad} with problems"


def request_of(row: dict[str, Any], pen: str) -> dict[str, Any]:
    """The row as a request with its goal written out, as the test sets hold it."""
    goal = gold_of(row)
    slots = ("intent", "domain", *SLOTS)
    return {
        "text": _unmarked(row["marked"])[0],
        "style": row["style"],
        "pen": pen,
        "gold": {slot: goal[slot] for slot in slots},
    }


def main() -> None:
    """Checks a file, or writes it as a test set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--requests", type=Path, help="write the goals out into this test set")
    parser.add_argument("--pen", default="own", help="who wrote them")
    arguments = parser.parse_args()
    if arguments.requests is None:
        for line in _report(arguments.file):
            print(line)
        return
    requests = [request_of(row, arguments.pen) for row in read_marked(arguments.file)]
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in requests)
    write_atomically(arguments.requests, lines)


if __name__ == "__main__":
    main()
