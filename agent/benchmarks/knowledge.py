"""Measures the knowledge store: `ionwright bench knowledge`.

Questions written by hand over the corpus and the sample documents beside this file, in halves by a
hash of their text; of the untouched half only totals are ever printed. `voices_tuning` and
`voices_test` ask for values of entries drawn at random, by any of their names and in differing
voices. Then speed, memory and the rate of ingest at a number of entries.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from math import isclose
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, get_args

import numpy as np

from ionwright.knowledge.corpus import corpus_entries
from ionwright.knowledge.entries import Entry, Hit, Source
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.ingest import ingest
from ionwright.knowledge.records import Citation, Goal, Target
from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.library import open_library
from ionwright.knowledge.store.search import LANES, Filters, Lane, search
from ionwright.tools.context import Context
from ionwright.tools.predict import predict as predict_tool
from ionwright.tools.search import search as search_tool

from ..answers import answer_text, known_beside
from ..embedded import interpret
from ..recipes import is_question
from ..recipes.questions import predictable, search_arguments

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "docs" / "results" / "knowledge.json"
WAYS: dict[str, tuple[Lane, ...]] = {
    "dense only": ("dense",),
    "lexical only": ("lexical",),
    "dense + lexical": ("dense", "lexical"),
    "hybrid with facts": LANES,
}
Half = Literal["tuning", "untouched"]
Part = Literal["tuning", "untouched", "voices_tuning", "voices_test"]
Row = dict[str, Any]
DEPTH = 50  # ranks looked at for the reciprocal rank


def run(
    part: Part = "untouched", sizes: Sequence[int] = (10_000,), folder: Path | None = None
) -> dict[str, Any]:
    """Quality rows by way of searching, then speed rows by number of entries.

    Args:
        part: which questions.
        sizes: numbers of entries at which speed is measured; none if empty.
        folder: where the stores are made; a temporary one if left out.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        rows = quality(part, place / "library")
        rows += [speed(n, place / f"speed-{n}") for n in sizes]
    return {"part": part, "rows": rows}


def quality(part: Part, folder: Path) -> list[Row]:
    """recall@5, MRR and, for the whole, the share of exact answers."""
    store = open_library(folder)
    ingest(store, [HERE / "documents"])
    questions = read_questions(part)
    rows = [_found(name, lanes, store, questions) for name, lanes in WAYS.items()]
    rows[-1] |= _answered(folder, questions)
    return rows


def read_questions(part: Part) -> list[Row]:
    """The questions of one half, or of a file of their own."""
    halved = part in get_args(Half)
    path = HERE / "questions" / f"{'questions' if halved else part}.jsonl"
    questions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [q for q in questions if not halved or half_of(q["question"]) == part]


def half_of(question: str) -> Half:
    """Which half a question is in."""
    return "untouched" if hashlib.sha256(question.encode()).digest()[0] % 2 else "tuning"


def _found(name: str, lanes: Sequence[Lane], store: KnowledgeStore, questions: list[Row]) -> Row:
    recalls, ranks, times = [], [], []
    for question in questions:
        goal = interpret(question["question"]).goal
        arguments = search_arguments(goal, question["question"], list(goal.subjects))
        start = perf_counter()
        hits = search(
            store,
            arguments["query"],
            names=arguments["names"],
            properties=arguments["properties"],
            domain=arguments["domain"],
            filters=_filters(arguments),
            k=DEPTH,
            lanes=lanes,
            strict=False,
        )
        times.append(perf_counter() - start)
        good = [rank for rank, hit in enumerate(hits, 1) if is_relevant(hit, question)]
        recalls.append(bool(good) and good[0] <= 5)
        ranks.append(1 / good[0] if good else 0.0)
    return {
        "way": name,
        "n": len(questions),
        "recall@5": round(float(np.mean(recalls)), 4),
        "MRR": round(float(np.mean(ranks)), 4),
        "p95 ms": round(float(np.percentile(times, 95)) * 1e3, 1),
    }


def _filters(arguments: dict[str, Any]) -> Filters:
    return Filters(
        targets=tuple(Target.model_validate(t) for t in arguments["conditions"]),
        working_ion=arguments["working_ion"],
        elements_required=tuple(arguments["elements_required"]),
        elements_excluded=tuple(arguments["elements_excluded"]),
    )


def is_relevant(hit: Hit, question: Row) -> bool:
    """Whether an entry is one of those that answer the question."""
    return any(_fits(hit.entry, wanted) for wanted in question["relevant"])


def _fits(entry: Entry, wanted: dict[str, str]) -> bool:
    if "phrase" in wanted:
        return wanted["phrase"] in entry.text
    doi = entry.reference.doi if entry.reference else None
    if wanted.get("doi", doi) != doi:
        return False
    named = {key: value for key, value in wanted.items() if key in ("subject", "property")}
    return any(all(getattr(f, k) == v for k, v in named.items()) for f in entry.facts)


def _answered(folder: Path, questions: list[Row]) -> Row:
    """Of the questions for a value: how many answers hold it with its unit and its citation."""
    asked = [q for q in questions if q.get("value") is not None]
    missed = [q["question"] for q in asked if not is_answered(folder, q)]
    times = []
    for question in questions:
        start = perf_counter()
        _answer(folder, question["question"])
        times.append(perf_counter() - start)
    return {
        "n values": len(asked),
        "exact": round(1 - len(missed) / max(1, len(asked)), 4),
        "answer p95 ms": round(float(np.percentile(times, 95)) * 1e3, 1),
    }


def is_answered(folder: Path, question: Row) -> bool:
    """Whether a line of the answer states the value, in its unit, and cites its source.

    Where the value is asked to be predicted and can be, the prediction counts as well as what is
    known and told beside it.
    """
    goal = interpret(question["question"]).goal
    if able := predictable(goal) if goal.intent == "predict" else []:
        made = predict_tool(Context(), inputs=able).candidates
        values = [q.value for c in made for q in c.quantities if q.unit == question["unit"]]
        if any(isclose(v, w, rel_tol=1e-3) for v in values for w in question["value"]):
            return True
    text, evidence = _answer(folder, question["question"])
    for number, citation in enumerate(evidence, 1):
        if f"[{number}]" not in text:
            continue
        for fact in citation.facts:
            right = any(_same(fact.get("value"), value) for value in question["value"])
            if (
                right
                and fact.get("unit") == question["unit"]
                and any(_cites(citation, wanted) for wanted in question["relevant"])
            ):
                return True
    return False


def _cites(citation: Citation, wanted: dict[str, str]) -> bool:
    return "doi" not in wanted or (citation.reference or "").endswith(wanted["doi"])


def _answer(folder: Path, words: str) -> tuple[str, list[Citation]]:
    goal: Goal = interpret(words).goal
    beside = goal.intent == "predict" and bool(goal.subjects) and not is_question(goal, words)
    if not beside and not is_question(goal, words):
        return "", []
    found: Any = search_tool(
        Context(library=folder), **search_arguments(goal, words, list(goal.subjects))
    ).data["results"]
    evidence = [Citation.model_validate(result) for result in found]
    tell = known_beside if beside else answer_text
    return tell(goal, evidence, words), evidence


def _same(one: Any, other: Any) -> bool:
    first, second = (v if isinstance(v, list) else [v] for v in (one, other))
    if None in first or len(first) != len(second):
        return False
    return all(isclose(a, b, rel_tol=1e-6) for a, b in zip(first, second, strict=True))


def speed(n: int, folder: Path) -> Row:
    """Time of a search, rate of ingest and memory at n entries.

    The entries are the corpus's, over and over with other numbers and random vectors; the words
    and the queries are real.
    """
    store = KnowledgeStore(folder)
    rng = np.random.default_rng(0)
    start = perf_counter()
    for number, entries in enumerate(_many(n)):
        vectors = rng.normal(size=(len(entries), 384)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        made = Source(id=f"made-{number}", kind="text", title="made", location="made")
        store.add(made, entries, vectors=vectors)
    taken = perf_counter() - start
    queries = [q["question"] for q in read_questions("tuning")]
    search(store, queries[0])  # the encoder and the index are read at first use
    times = []
    for query in queries:
        start = perf_counter()
        search(store, query)
        times.append(perf_counter() - start)
    return {
        "way": "hybrid with facts",
        "entries": n,
        "n": len(times),
        "p50 ms": round(float(np.percentile(times, 50)) * 1e3, 1),
        "p95 ms": round(float(np.percentile(times, 95)) * 1e3, 1),
        "indexed per s": round(n / taken),
        "encoded per s": round(_encoding_rate(store)),
        "peak MB": round(_peak_megabytes()),
        "disk MB": round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20),
    }


def _many(n: int, size: int = 2000) -> Iterator[list[Entry]]:
    corpus = corpus_entries()
    for start in range(0, n, size):
        yield [
            corpus[i % len(corpus)].model_copy(
                update={"id": f"e{i}", "text": f"{corpus[i % len(corpus)].text} Sample {i}."}
            )
            for i in range(start, min(n, start + size))
        ]


def _encoding_rate(store: KnowledgeStore) -> float:
    texts = [entry.text for entry in corpus_entries()[:256]]
    start = perf_counter()
    store.encode(texts)
    return len(texts) / (perf_counter() - start)


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    """Measures and keeps the result in knowledge.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=get_args(Part))
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="entries, such as 10000")
    parser.add_argument("--write", action="store_true", help="keep the result in docs/results")
    arguments = parser.parse_args()
    result = run(arguments.part, arguments.sizes)
    if arguments.write:
        kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
        before = [] if arguments.sizes else kept.get(arguments.part, [])
        timed = [row for row in before if "entries" in row]  # stay, as they were not measured anew
        rows = [*result["rows"], *timed]
        write_atomically(RESULTS, json.dumps({**kept, arguments.part: rows}, indent=1))
    for row in result["rows"]:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
