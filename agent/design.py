"""Running the graph: a request in, events as they happen, the answer at the end."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.records import Goal

from .runs import RunFolder
from .settings import Settings
from .state import Call, Deps

Event = dict[str, Any]
Ask = Callable[[Event], Any]  # shows an interrupt to the user, returns the decision
CONFIG: Any = {"configurable": {"thread_id": "run"}, "recursion_limit": 1000}
MODELS = ("embedded",)


@dataclass(frozen=True)
class Request:
    """What a caller asks for. Either words or a goal (a rerun, an edited goal card)."""

    words: str = ""
    goal: Goal | None = None
    count: int | None = None
    seed: int = 0
    model: str = "embedded"
    budget: float | None = None  # seconds
    out: Path | None = None
    yes: bool = False
    resume: Path | None = None
    replay: list[Call] | None = None
    settings: Settings = field(default_factory=lambda: Settings())

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise InvalidRequest(
                f"unknown model {self.model!r}; this version has: {', '.join(MODELS)}"
            )
        if self.count is not None and not 1 <= self.count <= 10_000:
            raise InvalidRequest(f"count must be 1 to 10000, not {self.count}")
        if self.budget is not None and not self.budget > 0:
            raise InvalidRequest(f"budget must be over 0 seconds, not {self.budget:g}")
        if not 0 <= self.seed < 2**63:
            raise InvalidRequest(f"seed must be 0 to 2^63 - 1, not {self.seed}")


def design(
    request: Request, *, ask: Ask | None = None, cancelled: threading.Event | None = None
) -> dict[str, Any]:
    """The answer document of the command-line contract.

    Raises:
        IonwrightError: as `events` does.
    """
    *_, last = events(request, ask=ask, cancelled=cancelled)
    return last["answer"]


def events(
    request: Request, *, ask: Ask | None = None, cancelled: threading.Event | None = None
) -> Iterator[Event]:
    """Runs the request and yields what happens; the last event carries the answer.

    Args:
        request: what to do.
        ask: called when a step needs the user's decision; None where nobody can be asked.
        cancelled: set it to stop; the run can be resumed.

    Raises:
        Refused: for hazardous goals.
        InvalidRequest: if the request is wrong or cannot be met by any material.
        NotAvailable: if nothing here can do it yet.
        Cancelled: if stopped.
    """
    run = _open_run(request)
    with run.owned(), _graph(run) as graph:
        deps = _deps(request, run, ask, cancelled)
        yield {"kind": "run", "run": str(run.path)}
        entry = _entry(graph, request, deps)
        while entry is not _FINISHED:
            yield from graph.stream(
                entry, CONFIG, context=deps, stream_mode="custom", durability="sync"
            )
            entry = _decision(graph, ask)
        from .nodes import answer

        final = answer(graph.get_state(CONFIG).values, deps)
        yield {"kind": "answer", "answer": final}


_FINISHED = object()


def _open_run(request: Request) -> RunFolder:
    if request.resume is None:
        return RunFolder.create(request.settings.runs, request.out)
    path = request.resume
    return RunFolder.existing(path if path.exists() else request.settings.runs / path)


@contextmanager
def _graph(run: RunFolder) -> Iterator[Any]:
    from langgraph.checkpoint.sqlite import SqliteSaver

    from .graph import build

    connection = sqlite3.connect(run.checkpoints, check_same_thread=False)
    try:
        yield build(SqliteSaver(connection))
    except sqlite3.DatabaseError as error:
        raise Damaged(
            f"checkpoints of {run.path} cannot be used ({error}); start the request anew, "
            "finished results in its folder stay readable"
        ) from error
    finally:
        connection.close()


def _deps(
    request: Request, run: RunFolder, ask: Ask | None, cancelled: threading.Event | None
) -> Deps:
    deadline = time.monotonic() + request.budget if request.budget else float("inf")
    ctx = request.settings.context(workspace=run.path, deadline=deadline)
    if cancelled is not None:
        ctx.cancelled = cancelled
    return Deps(
        settings=request.settings,
        run=run,
        ctx=ctx,
        count=request.count,
        yes=request.yes,
        interactive=ask is not None,
        replay=request.replay,
    )


def _entry(graph: Any, request: Request, deps: Deps) -> Any:
    """Where to start: at the beginning, where a resumed run stopped, or nowhere if it is done."""
    if request.resume is None:
        goal = {"goal": request.goal.model_dump(mode="json")} if request.goal else {}
        return {"words": request.words, "seed": request.seed, **goal}
    saved = graph.get_state(CONFIG)
    if not saved.values:
        raise InvalidRequest(f"nothing to resume in {deps.run.path}: it stopped before it began")
    if request.words and request.words != saved.values.get("words"):
        raise InvalidRequest(f"{deps.run.path} has another goal: leave the words out to resume it")
    for step in saved.values.get("steps", []):
        result = deps.run.result(step["key"])
        if result is None:
            raise Damaged(f"{deps.run.path} lacks the result of {step['tool']}; start it anew")
        deps.ctx.add(result.candidates)
    return None if saved.next else _FINISHED


def _decision(graph: Any, ask: Ask | None) -> Any:
    from langgraph.types import Command

    waiting = graph.get_state(CONFIG).interrupts
    if not waiting or ask is None:
        return _FINISHED
    return Command(resume=ask(waiting[0].value))


def product_version() -> str:
    """The installed version of Ionwright."""
    return version("ionwright")
