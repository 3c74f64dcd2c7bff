"""Progress on stderr, and Ctrl-C as a stop button: the first stops cleanly, the second at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class Progress:
    """Progress bars where stderr is a terminal; nothing where it is a file or a pipe."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._tasks: dict[str, Any] = {}
        self._before: Any = None

    def update(self, what: str, done: int, total: int) -> None:
        """Moves the bar of this piece of work."""
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total, visible=done < total)

    def stop_sets(self, cancelled: threading.Event) -> None:
        """Ctrl-C sets `cancelled`; a second one interrupts at once."""
        if threading.current_thread() is not threading.main_thread():
            return

        def stop(number: int, frame: FrameType | None) -> None:
            if cancelled.is_set():
                raise KeyboardInterrupt
            cancelled.set()
            self.console.print("stopping ... (Ctrl-C again to stop at once)")

        self._before = signal.signal(signal.SIGINT, stop)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Takes the bars away while the user is asked something."""
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
