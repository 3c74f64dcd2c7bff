"""One goal of a conversation: the run's events become the messages that tell of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ionwright.knowledge.errors import (
    Cancelled,
    InvalidRequest,
    IonwrightError,
    NotAvailable,
    Refused,
)
from ionwright.knowledge.records import Goal

from ..design import Event, Request
from ..goal_text import write_goal
from . import views
from .worker import Asked, Worker

Message = dict[str, Any]
TITLES = {
    "generate": "Propose materials",
    "judge": "Check them",
    "predict": "Predict properties",
    "rank": "Rank by the goal",
}
REDRAW = 0.25  # seconds between two pictures of the same progress
log = logging.getLogger("ionwright.ui")


@dataclass(frozen=True)
class Offer:
    """Something that can be done next: a button's label, and the request that it stands for."""

    label: str
    request: Request
    decision: Any = None  # the answer to the question at which the run waits
    draft: str = ""  # text to change before it is sent; nothing runs until then


def said(html: str) -> Message:
    """A message of the assistant."""
    content = gr.HTML(html, container=False, padding=False, apply_default_css=False)
    return {"role": "assistant", "content": content}


class Turn:
    """Follows a request and keeps the messages that the page shows for it.

    Attributes:
        messages: in the form of `gr.Chatbot`.
        offers: what the user can choose from once nothing more will come.
        answer: the answer document, once there is one.
    """

    def __init__(self, offer: Offer, *, after: Worker | None = None) -> None:
        self.request = offer.request
        self.messages: list[Message] = []
        self.offers: list[Offer] = []
        self.answer: dict[str, Any] | None = None
        self.run: Path | None = offer.request.resume
        self._drawn = 0.0
        self.worker = Worker(offer.request, decision=offer.decision, after=after)

    def follow(self) -> Iterator[None]:
        """Yields whenever the messages may have changed; ends when nothing more will come."""
        try:
            for event in self.worker.events():
                self._show(event)
                if self._worth_showing(event):
                    yield
        except Asked as asked:
            self._ask(asked.question)
        except IonwrightError as error:
            self._fail(*_in_words(error))
            if not isinstance(error, Refused | InvalidRequest | NotAvailable):
                self._offer_to_continue()
        except Exception as error:  # an edge: words for the user, the traceback in the log
            log.exception("a run failed unexpectedly")
            words = f"unexpected {type(error).__name__}; the details are in the server's log"
            self._fail("wrong", "Something went wrong", words)
            self._offer_to_continue()
        yield

    def _worth_showing(self, event: Event) -> bool:
        """Whether to draw now; progress that comes faster than the eye is left for later."""
        now = time.monotonic()
        if event["kind"] == "progress" and now - self._drawn < REDRAW:
            return False
        self._drawn = now
        return True

    def _show(self, event: Event) -> None:
        match event["kind"]:
            case "run":
                self.run = Path(event["run"])
            case "goal" if event["goal"]["intent"] not in ("help", "refuse"):
                self._say(views.goal_card(event["goal"], event["alternatives"]))
            case "plan" if event["round"] > 1:
                text = "Too few candidates meet the goal so far: looking at more."
                self._say(views.notice("info", f"Round {event['round']}", text))
            case "start":
                self._open(event["tool"], event["arguments"])
            case "progress":
                self._progress(event)
            case "step":
                self._close(event)
            case "answer":
                self.answer = event["answer"]
                self._say(views.answer_card(event["answer"]))

    def _say(self, html: str) -> None:
        self.messages.append(said(html))

    def _open(self, tool: str, arguments: dict[str, Any]) -> None:
        title = TITLES.get(tool, tool.replace("_", " ").capitalize())
        metadata = {"title": title, "status": "pending"}
        self.messages.append({**said(views.arguments(arguments)), "metadata": metadata})

    def _progress(self, event: Event) -> None:
        step, done, total = self._pending(), event["done"], event["total"]
        if step is None or not total:
            return
        bare = step["metadata"]["title"].partition(" · ")[0]
        share = min(1.0, done / total)
        log_line = f"{event['what']}: {done:,} of {total:,}"
        step["metadata"] |= {"title": f"{bare} · {share:.0%}", "log": log_line}

    def _close(self, event: Event) -> None:
        step = self._pending()
        if step is None:
            return
        bare = step["metadata"]["title"].partition(" · ")[0]
        step["metadata"] = {
            "title": bare,
            "status": "done",
            "duration": max(event["seconds"], 0.1),
            "log": event["result"],
        }

    def _pending(self) -> Message | None:
        last = self.messages[-1] if self.messages else {}
        return last if last.get("metadata", {}).get("status") == "pending" else None

    def _fail(self, kind: str, title: str, text: str) -> None:
        step = self._pending()
        if step is not None:
            bare = step["metadata"]["title"].partition(" · ")[0]
            step["metadata"] = {"title": f"{bare} · not finished", "status": "done"}
        self._say(views.notice(kind, title, text))

    def _ask(self, question: Event) -> None:
        """Offers the choices; the run waits in its folder and holds nothing meanwhile."""
        again = Request(resume=self.run, settings=self.request.settings)
        if question["ask"] == "long":
            minutes = max(1, round(question["seconds"] / 60))
            text = f"{TITLES.get(question['tool'], question['tool'])}: about {minutes} min. Go on?"
            self._say(views.notice("info", "This takes a while", text))
            self.offers = [Offer("Go on", again, True)]
            return
        text = "Which one is meant? Nothing has been computed yet."
        self._say(views.notice("info", "Two ways to read this", text))
        first = views.reading_label(question["alternatives"][0], question["goal"])
        others = [(g, views.reading_label(question["goal"], g)) for g in question["alternatives"]]
        self.offers = [
            Offer(label or "this reading", again, goal)
            for goal, label in [(question["goal"], first), *others]
        ]
        draft = write_goal(Goal.model_validate(question["goal"]))
        self.offers.append(Offer("Edit the goal", again, draft=draft))

    def _offer_to_continue(self) -> None:
        if self.run is not None:
            again = Request(resume=self.run, settings=self.request.settings)
            self.offers = [Offer("Continue this run", again)]


def _in_words(error: IonwrightError) -> tuple[str, str, str]:
    """Kind, title and text of the message for an error."""
    match error:
        case Refused():
            return "refused", "Not worked on", str(error).removeprefix("refused: ")
        case Cancelled():
            text = "What was finished is kept: the run can be continued at any time."
            return "stopped", "Stopped", text
        case InvalidRequest():
            return "wrong", "This cannot be done as asked", str(error)
        case NotAvailable():
            return "info", "Not available yet", str(error)
        case _:
            return "wrong", "The work failed", str(error)
