"""Opening the store that people use: the shipped corpus is put in when it is new or changed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Lock

from platformdirs import user_data_path

from ionwright.knowledge.corpus import corpus_entries, corpus_source, corpus_vectors
from ionwright.knowledge.errors import InvalidRequest

from .store import KnowledgeStore, Progress, silent


def default_folder() -> Path:
    """The user's own store, where none is named."""
    return user_data_path("ionwright", appauthor=False) / "knowledge"


def open_library(
    folder: Path | None = None, *, server: str = "", on_progress: Progress = silent
) -> KnowledgeStore:
    """The store of a folder with the current corpus in it.

    Args:
        folder: where the records lie; the user's own store if left out.
        server: address of a Chroma server; a Chroma folder beside the records if empty.
        on_progress: what, done, total, while the corpus is put in.
    """
    store = KnowledgeStore(folder or default_folder(), server=server)
    store.pull(on_progress)
    source = corpus_source()
    if not store.has(source.id):
        entries = corpus_entries()
        _remove_older(store, source.id)
        store.add(source, entries, vectors=corpus_vectors(entries), on_progress=on_progress)
    return store


def _remove_older(store: KnowledgeStore, current: str) -> None:
    for source, _ in store.sources():
        if source.kind == "corpus" and source.id != current:
            with suppress(InvalidRequest):  # another process was quicker
                store.remove(source.id)


_OPEN: dict[tuple[Path, str], KnowledgeStore] = {}
_OPENING = Lock()


def shared_library(
    folder: Path | None = None, *, server: str = "", on_progress: Progress = silent
) -> KnowledgeStore:
    """The store of a folder, opened once in this process."""
    key = ((folder or default_folder()).resolve(), server)
    with _OPENING:
        if key not in _OPEN:
            _OPEN[key] = open_library(key[0], server=server, on_progress=on_progress)
        return _OPEN[key]
