"""The dense index: Chroma, in a folder of its own or on a server."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import numpy as np

from ionwright.knowledge.errors import Damaged, InvalidRequest, NotAvailable

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

NAME = "ionwright"
MARKS = "ionwright-removed"  # on a server: ids of sources that somebody removed
# at the defaults one entry in a hundred is not found by its own vector
HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}
BATCH = 1000
TRIES, PAUSE = 6, 0.05  # a reader may meet the moment in which a writer swaps its files

T = TypeVar("T")


class Vectors:
    """Nearest neighbours of a vector among the entries."""

    def __init__(self, place: Path | str) -> None:
        """Opens nothing yet.

        Args:
            place: folder of a store of our own, or the address of a Chroma server (http://...).
        """
        self._place = place
        self._collection: Collection | None = None

    @property
    def shared(self) -> bool:
        """Whether others may write to it: it lies on a server."""
        return not isinstance(self._place, Path)

    def add(self, ids: Sequence[str], vectors: np.ndarray, records: Sequence[str] = ()) -> None:
        """Adds or replaces entries.

        Args:
            ids: of the entries.
            vectors: (N, 384).
            records: what others need to have the entries as well; only a server keeps them.
        """
        for start in range(0, len(ids), BATCH):
            batch = slice(start, start + BATCH)
            self._open().upsert(
                ids=list(ids[batch]),
                embeddings=vectors[batch].astype(np.float32),
                documents=list(records[batch]) if self.shared and records else None,
            )

    def ids(self) -> set[str]:
        """The ids of all entries."""
        return set(self._again(lambda collection: collection.get(include=[])["ids"]))

    def mark(self, source: str, *, removed: bool) -> None:
        """Tells the others on a server that a source was removed, or is there again."""
        if self.shared:
            marks = self._client().get_or_create_collection(MARKS, embedding_function=None)
            if removed:
                marks.upsert(ids=[source], embeddings=[[1.0]])
            else:
                marks.delete(ids=[source])

    def removed(self) -> set[str]:
        """The sources that somebody on the server removed."""
        marks = self._client().get_or_create_collection(MARKS, embedding_function=None)
        return set(marks.get(include=[])["ids"])

    def records(self, ids: Sequence[str]) -> list[tuple[str, np.ndarray]]:
        """Record and vector (384,) of entries, where they were kept."""

        def ask(collection: Collection) -> Any:
            return collection.get(ids=list(ids), include=["documents", "embeddings"])

        found = self._again(ask)
        pairs = zip(found["documents"], found["embeddings"], strict=True)
        return [(record, np.asarray(vector)) for record, vector in pairs if record]

    def remove(self, ids: Sequence[str]) -> None:
        """Removes entries; those that are not there are passed over."""
        for start in range(0, len(ids), BATCH):
            self._open().delete(ids=list(ids[start : start + BATCH]))

    def clear(self) -> None:
        """Removes everything, also what is damaged."""
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.errors import ChromaError, NotFoundError

        self._collection = None
        try:
            self._client().delete_collection(NAME)
        except NotFoundError:
            pass
        except (ChromaError, Damaged):
            if not isinstance(self._place, Path):
                raise
            SharedSystemClient.clear_system_cache()
            shutil.rmtree(self._place)

    def __len__(self) -> int:
        return self._again(lambda collection: collection.count())

    def nearest(
        self, vector: np.ndarray, n: int, among: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Ids and cosine similarities of the n nearest entries, best first.

        Args:
            vector: (384,) of unit length.
            n: how many.
            among: only these entries.
        """
        if among is not None and not among:
            return []

        def ask(collection: Collection) -> Any:
            return collection.query(
                query_embeddings=vector[None].astype(np.float32),
                n_results=n,
                ids=list(among) if among is not None else None,
                include=["distances"],
            )

        found = self._again(ask)
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [(i, 1.0 - float(distance)) for i, distance in pairs]

    def _again(self, ask: Callable[[Collection], T]) -> T:
        from chromadb.errors import ChromaError

        for attempt in range(TRIES):
            try:
                return ask(self._open())
            except (ChromaError, Damaged) as error:
                if attempt == TRIES - 1:
                    raise NotAvailable(
                        f"the vector index at {self._place} does not answer ({error}); "
                        "`ionwright ingest --rebuild` makes it anew from the records"
                    ) from error
                self._collection = None
                time.sleep(PAUSE * 2**attempt)
        raise AssertionError("unreachable")

    def _open(self) -> Collection:
        if self._collection is None:
            self._collection = self._client().get_or_create_collection(
                NAME, embedding_function=None, configuration={"hnsw": HNSW}
            )
        return self._collection

    def _client(self) -> Any:
        import chromadb
        from chromadb.config import Settings
        from chromadb.errors import ChromaError

        settings = Settings(anonymized_telemetry=False)
        if isinstance(self._place, Path):
            self._place.mkdir(parents=True, exist_ok=True)
            try:
                return chromadb.PersistentClient(self._place, settings=settings)
            # on a damaged folder chromadb fails at its own cleaning up, with an AttributeError
            except (ChromaError, AttributeError, ValueError, RuntimeError) as error:
                raise Damaged(f"{self._place} cannot be opened") from error
        url = urlsplit(self._place)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise InvalidRequest(
                f"cannot read the address {self._place!r} of a Chroma server: write it as "
                "http://host:8000"
            )
        try:
            return chromadb.HttpClient(
                host=url.hostname,
                port=url.port or (443 if url.scheme == "https" else 8000),
                ssl=url.scheme == "https",
                settings=settings,
            )
        except ValueError as error:  # what chromadb raises when nobody answers
            raise NotAvailable(
                f"no Chroma server answers at {self._place} ({error}): start one with "
                "`chroma run --path FOLDER`, or leave the address out for a store of your own"
            ) from error
