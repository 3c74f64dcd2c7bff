"""The corpus that comes with Ionwright: facts as JSON lines, and their vectors.

`python -m ionwright.tools.corpus` writes everything here except `facts/`, which is written by hand.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np

from ionwright.knowledge.entries import Entry, Source, entry_of
from ionwright.knowledge.errors import Damaged
from ionwright.knowledge.facts import Fact

VECTORS = "vectors.safetensors"


def folder() -> Traversable:
    """Where the corpus lies."""
    return files("ionwright.knowledge.corpus")


def fact_files() -> list[Traversable]:
    """All files of facts, in a fixed order."""
    found = [*folder().iterdir(), *(folder() / "facts").iterdir()]
    return sorted((f for f in found if f.name.endswith(".jsonl")), key=lambda f: f.name)


def read_facts() -> list[Fact]:
    """All facts of the corpus, each once."""
    lines = [line for f in fact_files() for line in f.read_text(encoding="utf-8").splitlines()]
    facts = (Fact.model_validate(json.loads(line)) for line in lines if line.strip())
    return list({fact.id: fact for fact in facts}.values())


def corpus_source() -> Source:
    """The corpus as a source; its id changes with its content."""
    digest = hashlib.sha256()
    for file in fact_files():
        digest.update(file.read_bytes())
    return Source(
        id=f"corpus-{digest.hexdigest()[:12]}",
        kind="corpus",
        title="Ionwright corpus",
        location="knowledge/corpus",
    )


def corpus_entries() -> list[Entry]:
    """One entry for each fact."""
    return [entry_of(fact) for fact in read_facts()]


def corpus_vectors(entries: list[Entry]) -> np.ndarray | None:
    """(N, 384) vectors of these entries as shipped; None if some are missing.

    Raises:
        Damaged: if the file is there but cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    file = folder() / VECTORS
    if not file.is_file():
        return None
    try:
        kept = load(file.read_bytes())
        ids = kept["ids"].tobytes().decode().split("\n")
        known = dict(zip(ids, kept["vectors"], strict=True))
    except (SafetensorError, KeyError, ValueError) as error:
        raise Damaged(f"the corpus's {VECTORS} cannot be read ({error}): reinstall") from error
    if any(entry.id not in known for entry in entries):
        return None
    return np.stack([known[entry.id] for entry in entries]).astype(np.float32)


def pack_vectors(entries: list[Entry], vectors: np.ndarray) -> bytes:
    """The file of `corpus_vectors`: float16 vectors and their ids."""
    from safetensors.numpy import save

    ids = np.frombuffer("\n".join(e.id for e in entries).encode(), dtype=np.uint8)
    return save({"ids": ids, "vectors": vectors.astype(np.float16)})
