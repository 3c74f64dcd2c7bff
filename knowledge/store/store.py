"""The knowledge store: sources and entries, kept in SQLite, with their vectors in Chroma as well.

SQLite is the truth: an entry is there before Chroma is told, and a source is `ready` only when both
have all of it. What a killed process left half-done is finished when the store is next written to.
Many processes may read; one at a time writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout

from ionwright.knowledge.entries import Entry, Source, with_id
from ionwright.knowledge.errors import Busy, Damaged, InvalidRequest
from ionwright.knowledge.facts import Fact

from .vectors import Vectors
from .words import index_text, keys_of, match_query

_SOURCE = (
    "INTO source (id, kind, title, location, doi, year, state) "
    "VALUES (:id, :kind, :title, :location, :doi, :year,"
)
Stored = tuple[list[str], np.ndarray, list[str]]  # ids, vectors (N, 384), records as JSON
Encoder = Callable[[Sequence[str]], np.ndarray]  # texts to unit vectors (N, 384)
Progress = Callable[[str, int, int], None]
SCHEMA = "2"
BATCH = 256  # entries between two looks at the stop button
WAIT = 60.0  # seconds to wait for another writer
_INF = float("inf")


def silent(what: str, done: int, total: int) -> None:
    """The default: nobody watches."""


class KnowledgeStore:
    """Sources and their entries, with everything needed to find them."""

    def __init__(self, folder: Path, *, encoder: Encoder | None = None, server: str = "") -> None:
        """Opens the store of a folder; makes it if there is none.

        Args:
            folder: where the records lie.
            encoder: texts to vectors; the packaged MiniLM if left out.
            server: address of a Chroma server; a Chroma folder of our own if empty.

        Raises:
            InvalidRequest: if the folder cannot be written.
            Damaged: if the records cannot be read.
        """
        self.folder = folder
        self._encoder = encoder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidRequest(
                f"cannot make the knowledge folder {folder}: {error.strerror}; "
                "set IONWRIGHT_KNOWLEDGE to one that can be written"
            ) from error
        self._lock = FileLock(folder / ".lock")
        self.vectors = Vectors(server or folder / "vectors")
        self.db = self._connect()
        self._frequencies: dict[str, int] = {}  # by word; the size they were counted at by ""

    def close(self) -> None:
        """Closes the records; the store must not be used afterwards."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(N, 384) unit vectors."""
        if self._encoder is None:
            from ionwright.knowledge.minilm import SentenceEncoder

            self._encoder = SentenceEncoder.shared()
        return self._encoder(texts)

    # --- writing ---

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the store for this writer and finishes what an earlier one left half-done.

        Raises:
            Busy: if another process goes on writing.
        """
        try:
            with self._lock.acquire(timeout=WAIT):
                self._finish_interrupted()
                yield
        except Timeout as error:
            raise Busy(
                f"another process is writing to {self.folder}: wait for it to end, then try again"
            ) from error

    def add(
        self,
        source: Source,
        entries: Sequence[Entry],
        *,
        vectors: np.ndarray | None = None,
        on_progress: Progress = silent,
    ) -> int:
        """Adds a source with its entries, whole or not at all, and tells how many are new.

        A source that is already there is left as it is. Entries of a known id are passed over.

        Args:
            source: where the entries come from.
            entries: what was read from it.
            vectors: (N, 384), if they are known already.
            on_progress: what, done, total; also where a stop takes effect.
        """
        if self.has(source.id):
            return 0
        named = [with_id(entry, source.id, place) for place, entry in enumerate(entries)]
        ready = self._encoded(named, on_progress) if vectors is None else vectors
        with self.writing():
            if self.has(source.id):
                return 0
            with self.db:
                self.db.execute(f"INSERT {_SOURCE} 'adding')", source.model_dump())
                added = [
                    entry.id
                    for entry, vector in zip(named, ready, strict=True)
                    if self._insert(source, entry, vector)
                ]
            self.vectors.mark(source.id, removed=False)
            self._publish(source.id)
        return len(added)

    def remove(self, source: str) -> int:
        """Removes a source with all its entries, and tells how many those were.

        Raises:
            InvalidRequest: if there is no such source.
        """
        with self.writing():
            if not self.has(source):
                raise InvalidRequest(f"no source {source!r} in the store: see `ingest --list`")
            with self.db:
                self.db.execute("UPDATE source SET state = 'removing' WHERE id = ?", (source,))
            self.vectors.mark(source, removed=True)
            return self._erase(source)

    def rebuild(self, on_progress: Progress = silent) -> int:
        """Makes the dense index anew from the records, and tells how many entries it holds."""
        with self.writing():
            self.vectors.clear()
            total, done = len(self), 0
            for ids, vectors, records in self._stored():
                on_progress("indexing", done, total)
                self.vectors.add(ids, vectors, records)
                done += len(ids)
            on_progress("indexing", done, total)
        return done

    def _encoded(self, entries: list[Entry], on_progress: Progress) -> np.ndarray:
        parts = []
        for start in range(0, len(entries), BATCH):
            on_progress("reading", start, len(entries))
            parts.append(self.encode([searched_text(e) for e in entries[start : start + BATCH]]))
        on_progress("reading", len(entries), len(entries))
        return np.concatenate(parts) if parts else np.zeros((0, 384), np.float32)

    def _insert(self, source: Source, entry: Entry, vector: np.ndarray) -> bool:
        year = entry.reference.year if entry.reference and entry.reference.year else source.year
        cursor = self.db.execute(
            "INSERT OR IGNORE INTO entry (id, source, record, year, vector) VALUES (?, ?, ?, ?, ?)",
            (
                entry.id,
                source.id,
                entry.model_dump_json(exclude_defaults=True),
                year,
                vector.astype(np.float16).tobytes(),
            ),
        )
        if not cursor.rowcount:
            return False
        row = cursor.lastrowid
        self.db.execute(
            "INSERT INTO words (rowid, text, names) VALUES (?, ?, ?)",
            (row, index_text(f"{source.title} {entry.text}"), index_text(" ".join(entry.names))),
        )
        subjects = {k for f in entry.facts for n in (f.subject, f.formula) if n for k in keys_of(n)}
        keys = {key for name in entry.names for key in keys_of(name)} | subjects
        self.db.executemany(
            "INSERT OR IGNORE INTO name (key, entry, subject) VALUES (?, ?, ?)",
            [(key, row, key in subjects) for key in keys if key],
        )
        self.db.executemany(
            "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(row, *_columns(fact)) for fact in entry.facts],
        )
        self.db.executemany(
            "INSERT OR IGNORE INTO element VALUES (?, ?)",
            [(row, symbol) for fact in entry.facts for symbol in fact.elements],
        )
        return True

    def _publish(self, source: str) -> None:
        """Gives the vectors of a source to Chroma, then calls the source ready."""
        for ids, vectors, records in self._stored(source):
            self.vectors.add(ids, vectors, records)
        with self.db:
            self.db.execute("UPDATE source SET state = 'ready' WHERE id = ?", (source,))

    def _erase(self, source: str) -> int:
        rows = self.db.execute("SELECT row, id FROM entry WHERE source = ?", (source,)).fetchall()
        self.vectors.remove([i for _, i in rows])
        with self.db:
            self.db.executemany("DELETE FROM words WHERE rowid = ?", [(row,) for row, _ in rows])
            self.db.execute("DELETE FROM source WHERE id = ?", (source,))
        return len(rows)

    def _finish_interrupted(self) -> None:
        halves = self.db.execute("SELECT id, state FROM source WHERE state <> 'ready'").fetchall()
        for source, state in halves:
            if state == "adding":
                self._publish(source)
            else:
                self._erase(source)

    def _stored(self, source: str | None = None) -> Iterator[Stored]:
        where, values = ("WHERE source.id = ?", (source,)) if source else ("", ())
        cursor = self.db.execute(
            f"""
            SELECT entry.id, vector, json_object(
              'source', json_object('id', source.id, 'kind', kind, 'title', title,
                                    'location', location, 'doi', doi, 'year', source.year),
              'entry', json(record))
            FROM entry JOIN source ON source.id = entry.source {where} ORDER BY row
            """,
            values,
        )
        while rows := cursor.fetchmany(BATCH * 4):
            vectors = np.frombuffer(b"".join(v for _, v, _ in rows), dtype=np.float16)
            shaped = vectors.reshape(len(rows), -1).astype(np.float32)
            yield [i for i, _, _ in rows], shaped, [record for _, _, record in rows]

    def pull(self, on_progress: Progress = silent) -> int:
        """Makes this store and those of others on the same server one; tells what changed here.

        What others removed leaves, what others added comes; what the server has lost it gets again.
        """
        if not self.vectors.shared:
            return 0
        with self.writing():
            removed = self.vectors.removed()
            known = [s.id for s, _ in self.sources() if s.id in removed]
            gone = sum(self._erase(source) for source in known)
            theirs = self.vectors.ids()
            ours = {i for (i,) in self.db.execute("SELECT id FROM entry")}
            missing = sorted(theirs - ours)
            for start in range(0, len(missing), BATCH):
                on_progress("taking over", start, len(missing))
                self._take_over(self.vectors.records(missing[start : start + BATCH]))
            for (source,) in self._sources_of(sorted(ours - theirs)):
                self._publish(source)
        return len(missing) + gone

    def _take_over(self, records: list[tuple[str, np.ndarray]]) -> None:
        with self.db:
            for record, vector in records:
                told = json.loads(record)
                source = Source.model_validate(told["source"])
                self.db.execute(f"INSERT OR IGNORE {_SOURCE} 'ready')", source.model_dump())
                self._insert(source, Entry.model_validate(told["entry"]), vector)

    def _sources_of(self, ids: list[str]) -> list[tuple[str]]:
        query = "SELECT DISTINCT source FROM entry WHERE id IN (SELECT value FROM json_each(?))"
        return self.db.execute(query, (json.dumps(ids),)).fetchall()

    # --- reading ---

    def __len__(self) -> int:
        return int(self.db.execute("SELECT count(*) FROM entry").fetchone()[0])

    def frequency(self, word: str) -> int:
        """In about how many entries a word stands; counted once for every thousand entries."""
        size = len(self) // 1000
        if self._frequencies.get("", -1) != size:
            self._frequencies = {"": size}
        if word not in self._frequencies:
            query = "SELECT count(*) FROM words WHERE words MATCH ?"
            row = self.db.execute(query, (match_query([word]),)).fetchone()
            self._frequencies[word] = int(row[0])
        return self._frequencies[word]

    def has(self, source: str) -> bool:
        """Whether a source is there, whole."""
        row = self.db.execute("SELECT state FROM source WHERE id = ?", (source,)).fetchone()
        return row is not None and row[0] == "ready"

    def with_doi(self, doi: str) -> Source | None:
        """The source with this DOI, if it is there."""
        return next(iter(self._sources("WHERE doi = ?", (doi.lower(),))), None)

    def sources(self) -> list[tuple[Source, int]]:
        """All sources with the number of their entries, oldest first."""
        counts = dict(self.db.execute("SELECT source, count(*) FROM entry GROUP BY source"))
        return [(s, counts.get(s.id, 0)) for s in self._sources("ORDER BY added, rowid", ())]

    def entries(self, rows: Iterable[int]) -> dict[int, tuple[Entry, Source]]:
        """The entries of these rows with their sources."""
        wanted = list(rows)
        marks = ",".join("?" * len(wanted))
        found = self.db.execute(
            f"SELECT row, source, record FROM entry WHERE row IN ({marks})", wanted
        ).fetchall()
        names = {s for _, s, _ in found}
        marks = ",".join("?" * len(names))
        sources = {s.id: s for s in self._sources(f"WHERE id IN ({marks})", tuple(names))}
        return {
            row: (Entry.model_validate_json(record), sources[source])
            for row, source, record in found
        }

    def rows_of(self, ids: Sequence[str]) -> dict[str, int]:
        """Row numbers by entry id."""
        marks = ",".join("?" * len(ids))
        return dict(self.db.execute(f"SELECT id, row FROM entry WHERE id IN ({marks})", ids))

    def _sources(self, clause: str, values: tuple[Any, ...]) -> list[Source]:
        columns = "id, kind, title, location, doi, year"
        rows = self.db.execute(f"SELECT {columns} FROM source {clause}", values)
        return [
            Source.model_validate(dict(zip(columns.split(", "), row, strict=True))) for row in rows
        ]

    def _connect(self) -> sqlite3.Connection:
        path = self.folder / "knowledge.sqlite"
        try:
            # one connection is used by the threads of one process in turn
            db = sqlite3.connect(path, check_same_thread=False, timeout=WAIT)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA foreign_keys = ON")
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                with self._lock.acquire(timeout=WAIT):
                    text = files("ionwright.knowledge.store") / "schema.sql"
                    db.executescript(text.read_text(encoding="utf-8"))
                    with db:
                        db.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (SCHEMA,))
            kept = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        except sqlite3.OperationalError as error:
            raise InvalidRequest(
                f"cannot open the knowledge store {path}: {error}; set IONWRIGHT_KNOWLEDGE to a "
                "folder that can be written"
            ) from error
        except sqlite3.DatabaseError as error:
            raise Damaged(
                f"the knowledge store {path} is damaged ({error}): move it away and ingest again"
            ) from error
        if kept is None or kept[0] != SCHEMA:
            raise Damaged(f"{path} was made by another version: move it away and ingest again")
        return db


def searched_text(entry: Entry) -> str:
    """The text whose meaning is searched: a fact's other names belong to it."""
    names = [n for n in entry.names if n not in entry.text][:3]
    return f"{', '.join(names)}: {entry.text}" if names else entry.text


def _columns(fact: Fact) -> tuple[Any, ...]:
    low = high = None
    if fact.value is not None:
        low, high = fact.bounds()
        low, high = (-_INF if fact.op == "<=" else low), (_INF if fact.op == ">=" else high)
    return (
        fact.domain,
        fact.material_class,
        fact.working_ion,
        fact.property,
        low,
        high,
        fact.temperature,
        fact.reference.software is not None,
    )
