"""Results of costly calculations on disk, shared by all processes of a user."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_path

LIMIT = 300_000  # rows kept, about 1 GB of relaxed crystals; the oldest go first
_BUSY = 30.0  # seconds to wait for another process that is writing
_MANY = 500  # keys asked for at once; SQLite takes a limited number of variables
_T = TypeVar("_T")


def default_folder() -> Path:
    """Where results are kept if no folder is named; may be deleted at any time."""
    return user_cache_path("ionwright", appauthor=False)


class ResultCache:
    """JSON documents by key in one SQLite file.

    A cache must never be the reason that work fails: what cannot be read is as good as not there,
    a damaged file is begun anew, and a folder that cannot be written to keeps nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The documents that are there and can be read, by key."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(keys), _MANY):
            nothing: list[tuple[str, str]] = []
            rows = self._try(_selection(keys[start : start + _MANY]), nothing)
            found.update({key: _document(value) for key, value in rows})
        return {key: document for key, document in found.items() if document}

    def put(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        """Keeps documents; of several of the same key the last."""
        rows = [(key, json.dumps(document)) for key, document in documents.items()]

        def insert(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO results VALUES (?, ?)", rows)
            connection.execute(
                "DELETE FROM results WHERE rowid <= (SELECT max(rowid) FROM results) - ?", (LIMIT,)
            )
            connection.commit()

        self._try(insert, None)

    def _try(self, action: Callable[[sqlite3.Connection], _T], otherwise: _T) -> _T:
        """Runs an action; a connection for each use costs 1 ms and is safe in every thread."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_BUSY)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, value TEXT)"
                )
                return action(connection)
        except (OSError, sqlite3.OperationalError):  # read-only folder, full disk, locked too long
            return otherwise
        except sqlite3.DatabaseError:
            self._begin_anew()
            return otherwise

    def _begin_anew(self) -> None:
        for end in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)


def _selection(keys: Sequence[str]) -> Callable[[sqlite3.Connection], list[tuple[str, str]]]:
    query = f"SELECT key, value FROM results WHERE key IN ({','.join('?' * len(keys))})"
    return lambda connection: connection.execute(query, list(keys)).fetchall()


def _document(text: str | bytes) -> dict[str, Any]:
    """What a row holds; empty if it is damaged."""
    try:
        document = json.loads(text)
    except (ValueError, TypeError):
        return {}
    return document if isinstance(document, dict) else {}
