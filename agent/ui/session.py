"""A conversation of one browser page: its messages, and what the buttons below them do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ionwright.knowledge.errors import InvalidRequest, IonwrightError

from ..design import Request
from ..goal_text import is_goal_text, parse_goal
from ..settings import Settings
from . import views
from .downloads import prepare
from .turn import Message, Offer, Turn, said
from .worker import Worker

LONGEST = 10_000  # characters of a goal


@dataclass
class Session:
    """The state of one page; nothing in it is shared with another.

    Attributes:
        messages: the conversation, in the form of `gr.Chatbot`.
        offers: what the buttons below the last message do, by the value that the page sends back.
        downloads: the files of the newest answer by label.
    """

    settings: Settings
    files: Path
    messages: list[Message] = field(default_factory=list)
    offers: dict[str, Offer] = field(default_factory=dict)
    downloads: dict[str, Path] = field(default_factory=dict)
    busy: bool = False
    _next: Offer | None = None
    _turn: Turn | None = None
    _last: Worker | None = None

    def take(self, words: str) -> bool:
        """Notes what the user typed, unless busy; a text that is too long is answered at once."""
        words = words.strip()
        if self.busy or not words:
            return False
        if len(words) > LONGEST:
            self._say_as_user(f"{words[:200]} ...")
            text = f"a goal may have up to {LONGEST:,} characters, this one has {len(words):,}"
            self.messages.append(said(views.notice("wrong", "Too long", text)))
            return True
        try:
            request = self._request(words)
        except InvalidRequest as error:
            self._say_as_user(words)
            self.messages.append(said(views.notice("wrong", "Not a goal yet", str(error))))
            return False  # what was typed stays, to be mended
        self._begin(words, Offer(words, request))
        return True

    def _request(self, words: str) -> Request:
        if is_goal_text(words):
            return Request(goal=parse_goal(words), settings=self.settings)
        return Request(words=words, settings=self.settings)

    def choose(self, key: str) -> str:
        """Notes which button below a message was pressed; one that is gone does nothing.

        Returns:
            text to be changed by the user before it is sent, "" if there is none.
        """
        offer = self.offers.get(key)
        if self.busy or offer is None:
            return ""
        if not offer.draft:
            self._begin(offer.label, offer)
        return offer.draft

    def work(self) -> Iterator[None]:
        """Does what was noted; yields whenever the messages may have changed."""
        offer, self._next = self._next, None
        if offer is None or self._turn is not None:
            return
        before = self.messages[:-1]  # without the note that it waits for its place
        self._turn = turn = Turn(offer, after=self._last)
        try:
            for _ in turn.follow():
                self.messages = before + turn.messages
                yield
        finally:
            turn.worker.stop()  # where the page has gone, nobody waits for the answer
            self._last, self._turn, self.busy = turn.worker, None, False
        self._finish(turn)
        yield

    def stop(self) -> None:
        """Stops what is at work; what still waits for its place is dropped."""
        if self._turn is not None:
            self._turn.worker.stop()
        elif self._next is not None:
            self._next, self.busy = None, False
            self.messages[-1] = said(views.notice("stopped", "Stopped", "It had not begun."))

    def clear(self) -> None:
        """Begins a new conversation; what is at work goes on and stays in view."""
        if not self.busy:
            self.messages, self.offers, self.downloads = [], {}, {}

    def _begin(self, words: str, offer: Offer) -> None:
        self._say_as_user(words)
        waiting = {"title": "Waiting for a free place", "status": "pending"}
        self.messages.append({"role": "assistant", "content": "", "metadata": waiting})
        self._next, self.busy = offer, True

    def _say_as_user(self, words: str) -> None:
        for message in self.messages:
            message.pop("options", None)
        self.offers = {}
        self.messages.append({**said(views.words(words)), "role": "user"})

    def _finish(self, turn: Turn) -> None:
        self.offers = {f"{len(self.messages)}-{i}": offer for i, offer in enumerate(turn.offers)}
        if self.offers:
            options: list[Any] = [{"value": k, "label": o.label} for k, o in self.offers.items()]
            self.messages[-1]["options"] = options
        if turn.answer is not None:
            self._offer_files(turn.answer)

    def _offer_files(self, answer: dict[str, Any]) -> None:
        try:
            self.downloads = prepare(answer, self.files) or self.downloads
        except (OSError, IonwrightError) as error:
            text = f"the downloads could not be prepared ({error}); the run folder holds the files"
            self.messages.append(said(views.notice("wrong", "No downloads", text)))
