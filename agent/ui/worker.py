"""A request at work in a thread of its own, so that the page can always answer and stop it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from ionwright.knowledge.errors import Cancelled

from ..design import Event, Request, events

TICK = 0.2  # seconds between two looks at the stop button
PATIENCE = 1.2  # seconds that a stopped run may take to say so itself


class Asked(Exception):
    """The run needs the user's decision; it is kept and goes on once there is one."""

    def __init__(self, question: Event) -> None:
        super().__init__(question["ask"])
        self.question = question


class Worker:
    """Runs a request; what happens comes out of `events`."""

    def __init__(
        self, request: Request, *, decision: Any = None, after: Worker | None = None
    ) -> None:
        """Starts at once.

        Args:
            request: what to do.
            decision: the user's answer to the question at which the run waits.
            after: a stopped run that may still hold the same folder; waited for first.
        """
        self.cancelled = threading.Event()
        self._items: queue.SimpleQueue[Event | Exception | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, args=(request, decision, after))
        self._thread.daemon = True
        self._thread.start()

    def stop(self) -> None:
        """Asks the run to stop at its next safe point."""
        self.cancelled.set()

    def events(self) -> Iterator[Event]:
        """The events as they happen; ends soon after `stop`, whatever the run is busy with.

        Raises:
            Asked: if the run needs a decision.
            Cancelled: if stopped.
            IonwrightError: as `ionwright.agent.design.events` does.
        """
        give_up = float("inf")
        while True:
            if self.cancelled.is_set():
                give_up = min(give_up, time.monotonic() + PATIENCE)
            if time.monotonic() >= give_up:
                raise Cancelled("stopped by the user")
            try:
                item = self._items.get(timeout=TICK)
            except queue.Empty:
                continue
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item

    def _run(self, request: Request, decision: Any, after: Worker | None) -> None:
        def ask(question: Event) -> Any:
            if decision is None:
                raise Asked(question)
            return decision

        if after is not None:
            after._thread.join()
        try:
            for event in events(request, ask=ask, cancelled=self.cancelled):
                self._items.put(event)
        except Exception as error:  # noqa: BLE001  # handed over, raised again in `events`
            self._items.put(error)
        self._items.put(None)
