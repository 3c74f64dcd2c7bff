"""What a tool is given besides its arguments: candidates so far, device, progress, stop button."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ionwright.knowledge.errors import Cancelled, InvalidRequest
from ionwright.knowledge.records import Candidate

if TYPE_CHECKING:
    from ionwright.knowledge.store import KnowledgeStore


def _silent(what: str, done: int, total: int) -> None:
    """The default: nobody watches."""


@dataclass
class Context:
    """Hidden from language models. One for each run."""

    workspace: Path = field(default_factory=Path.cwd)
    library: Path | None = None  # folder of the knowledge store; the user's own if None
    chroma: str = ""  # address of a Chroma server
    addresses: Mapping[str, str] = field(default_factory=dict)  # of online sources, by name
    mp_api_key: str = ""
    device: str = "cpu"
    pool: dict[str, Candidate] = field(default_factory=dict)
    may_read_files: bool = False  # only a person at the command line may name files
    on_progress: Callable[[str, int, int], None] = _silent
    cancelled: threading.Event = field(default_factory=threading.Event)
    deadline: float = float("inf")  # on time.monotonic()

    def progress(self, what: str, done: int, total: int) -> None:
        """Reports progress; this is also where a stop takes effect.

        Raises:
            Cancelled: if the stop button was pressed.
        """
        if self.cancelled.is_set():
            raise Cancelled(f"stopped by the user during: {what}")
        self.on_progress(what, done, total)

    def knowledge(self) -> KnowledgeStore:
        """The knowledge store, opened at first use and kept open."""
        from ionwright.knowledge.store.library import shared_library

        return shared_library(self.library, server=self.chroma, on_progress=self.progress)

    def out_of_time(self) -> bool:
        """Whether the budget of the run is used up."""
        return time.monotonic() >= self.deadline

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Puts candidates into the pool; a newer record replaces the older of the same id."""
        self.pool.update((candidate.id, candidate) for candidate in candidates)

    def chosen(self, ids: Sequence[str]) -> list[Candidate]:
        """The candidates with these ids, or all of them when none is named.

        Raises:
            InvalidRequest: for an id that is not in the pool.
        """
        if not ids:
            return list(self.pool.values())
        unknown = [i for i in ids if i not in self.pool]
        if unknown:
            raise InvalidRequest(
                f"no candidate {', '.join(unknown[:3])} in this run; it has {len(self.pool)}"
            )
        return [self.pool[i] for i in ids]
