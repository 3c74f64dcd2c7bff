"""Worker processes for the potential: one line of JSON in, one line of JSON out.

A process of our own kind, not `multiprocessing`: it starts from any script or notebook without a
guard around the main module, and a worker that dies takes one job with it, not the batch.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from .computable import Document

MOST_WORKERS = 8  # about 700 MB each
_BEAT = 0.2  # seconds between two looks at the stop button


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_jobs(
    jobs: Sequence[Document], workers: int, beat: Callable[[], None]
) -> Iterator[tuple[int, list[Document]]]:
    """Does jobs in worker processes; yields (index, results) as they are done.

    Args:
        jobs: as `Engine.run` takes them.
        workers: processes at once.
        beat: called several times a second; may raise to stop, which ends the workers at once.
    """
    todo: queue.SimpleQueue[tuple[int, Document]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, list[Document]]] = queue.SimpleQueue()
    for item in enumerate(jobs):
        todo.put(item)
    team = [Worker(todo, done) for _ in range(min(workers, len(jobs)))]
    try:
        for _ in jobs:
            yield _next(done, beat)
    finally:
        for worker in team:
            worker.stop()


def _next(done: queue.SimpleQueue[Any], beat: Callable[[], None]) -> tuple[int, list[Document]]:
    while True:
        beat()
        try:
            return done.get(timeout=_BEAT)
        except queue.Empty:
            continue


class Worker:
    """A process, and the thread that feeds it."""

    def __init__(self, todo: queue.SimpleQueue[Any], done: queue.SimpleQueue[Any]) -> None:
        self._todo, self._done = todo, done
        self._stopped = False
        self._process = _start()
        threading.Thread(target=self._feed, daemon=True).start()

    def stop(self) -> None:
        """Ends the process now."""
        self._stopped = True
        self._process.kill()
        self._process.wait()

    def _feed(self) -> None:
        while not self._stopped:
            try:
                index, job = self._todo.get_nowait()
            except queue.Empty:
                return
            self._done.put((index, self._ask(job)))

    def _ask(self, job: Document) -> list[Document]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        try:
            stdin.write(json.dumps(job) + "\n")
            stdin.flush()
            return json.loads(stdout.readline())
        except (OSError, ValueError):  # the process died: its memory ran out, or we ended it
            if not self._stopped:
                self._process = _start()
            reason = {"failed": "the worker process died", "lasting": False}
            return [reason for _ in job["structures"]]


def _start() -> subprocess.Popen[str]:
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **threads},
        text=True,
    )


def _serve(lines: IO[str], answers: IO[str]) -> None:
    from .potential_engine import Engine

    engine = Engine()
    for line in lines:
        results = engine.run(json.loads(line), lambda: None)
        answers.write(json.dumps(results) + "\n")
        answers.flush()


def main() -> None:
    """The worker: jobs on stdin, results on stdout, until stdin closes."""
    import torch

    torch.set_num_threads(1)
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not mix with answers
    _serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
