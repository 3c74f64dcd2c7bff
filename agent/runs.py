"""A run folder: what was asked, every step's result by content of its call, and the answer.

A result is on disk before the graph's checkpoint, so a killed process never runs a finished tool
twice. One process owns the folder at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout
from pydantic import ValidationError

from ionwright.knowledge.errors import Busy, Damaged, InvalidRequest, IonwrightError
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Candidate
from ionwright.tools.base import ToolResult


class RunFolder:
    """Paths and results of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "run.json"
        self.checkpoints = path / "checkpoints.sqlite"

    @classmethod
    def create(cls, parent: Path, path: Path | None = None) -> RunFolder:
        """A new folder, named by the clock under `parent` unless `path` is given.

        Raises:
            InvalidRequest: if it cannot be written, or already holds a run.
        """
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        run = cls(path or parent / f"{stamp}-{uuid4().hex[:6]}")
        if run.record.exists() or run.checkpoints.exists():
            raise InvalidRequest(
                f"{run.path} already holds a run: choose another folder, or continue it with "
                f"--resume {run.path}"
            )
        try:
            (run.path / "results").mkdir(parents=True, exist_ok=True)
            probe = run.path / ".probe"
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            raise InvalidRequest(
                f"cannot write to {run.path}: {error.strerror}; choose a folder with --out"
            ) from error
        return run

    @classmethod
    def existing(cls, path: Path) -> RunFolder:
        """The folder of an earlier run.

        Raises:
            InvalidRequest: if there is no run in it.
        """
        run = cls(path)
        if not run.checkpoints.is_file():
            raise InvalidRequest(f"no run to resume in {path}: it has no checkpoints.sqlite")
        return run

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Holds the folder for this process.

        Raises:
            Busy: if another process holds it.
        """
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Busy(
                f"another process is working in {self.path}: wait for it or use another --out"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def result(self, key: str) -> ToolResult | None:
        """The stored result of a call, or None if it has not finished.

        Raises:
            Damaged: if the stored result cannot be read.
        """
        path = self._result_path(key)
        if not path.exists():
            return None
        try:
            return ToolResult.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise Damaged(f"stored result {path} is damaged: delete it and resume") from error

    def store(self, key: str, result: ToolResult) -> None:
        """Stores the result of a call."""
        self.write(self._result_path(key), result.model_dump_json())

    def write(self, path: Path, content: bytes | str) -> None:
        """Writes a file of the run, whole or not at all.

        Raises:
            IonwrightError: if the disk is full or the folder has gone.
        """
        try:
            write_atomically(path, content)
        except OSError as error:
            raise IonwrightError(
                f"cannot write {path}: {error.strerror}; what was finished is kept, "
                f"free the space and continue with --resume {self.path}"
            ) from error

    def write_record(self, record: dict[str, Any]) -> None:
        """Writes run.json."""
        self.write(self.record, json.dumps(record, indent=2, ensure_ascii=False))

    def _result_path(self, key: str) -> Path:
        return self.path / "results" / f"{key}.json"


def call_key(tool: str, version: str, arguments: dict[str, Any], pool: Sequence[Candidate]) -> str:
    """The content of a call: same tool, version, arguments and candidates give the same key."""
    candidates = [c.model_dump(mode="json", exclude=_UNTIMED) for c in pool]
    content = json.dumps([tool, version, arguments, candidates], sort_keys=True)
    return f"{tool}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


# when a record was made does not change what it says
_UNTIMED: Any = {"provenance": {"created"}, "quantities": {"__all__": {"provenance": {"created"}}}}


def read_record(path: Path) -> dict[str, Any]:
    """A run.json, checked for what a rerun needs.

    Raises:
        InvalidRequest: if it is not there or not a run record.
    """
    path = path / "run.json" if path.is_dir() else path
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequest(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InvalidRequest(f"{path} is not a run record (not JSON)") from error
    if not isinstance(record, dict) or not {"goal", "steps", "candidates"} <= record.keys():
        raise InvalidRequest(f"{path} is not a run record: it needs goal, steps and candidates")
    return record
