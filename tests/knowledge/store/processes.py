"""Programs that the tests run as processes of their own: a writer, readers.

python -m tests.knowledge.store.processes write FOLDER N   adds N sources, a line after each
python -m tests.knowledge.store.processes read FOLDER      searches until stdin closes
"""

from __future__ import annotations

import hashlib
import sys
import threading
from pathlib import Path

import numpy as np

from ionwright.knowledge.entries import Entry, Source
from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.search import search

PER_SOURCE = 40


def encode(texts):  # type: ignore[no-untyped-def]
    """Random unit vectors that depend on the text alone: quick, and enough to find it again."""
    seeds = [int.from_bytes(hashlib.sha256(t.encode()).digest()[:4]) for t in texts]
    rows = np.array([np.random.default_rng(s).normal(size=384) for s in seeds], dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def source(number: int) -> tuple[Source, list[Entry]]:
    made = Source(id=f"source-{number}", kind="text", title=f"Source {number}", location="test")
    texts = (
        f"Passage {i} of source {number} is about topic{number}x{i}." for i in range(PER_SOURCE)
    )
    return made, [Entry(text=text) for text in texts]


def write(folder: Path, n: int) -> None:
    store = KnowledgeStore(folder, encoder=encode)
    for number in range(n):
        store.add(*source(number))
        print(number, flush=True)


def read(folder: Path) -> None:
    store = KnowledgeStore(folder, encoder=encode)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    searches = 0
    while not stop.is_set() or searches == 0:
        for hit in search(store, "passage about topic0x3", k=5):
            assert hit.entry.text
        searches += 1
    print(searches, flush=True)


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    write(Path(folder), int(rest[0])) if what == "write" else read(Path(folder))
