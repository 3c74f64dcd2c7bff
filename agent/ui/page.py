"""The page: head, conversation, downloads and the line to type in."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import gradio as gr

from ..settings import Settings
from . import views
from .session import LONGEST, Session
from .status import readiness


def _own(name: str) -> str:
    return (files("ionwright.agent.ui") / name).read_text(encoding="utf-8")


CSS = _own("style.css")
HEAD = f"<style>{_own('narrow.css')}</style><script>{_own('page.js')}</script>"
AT_ONCE = 2  # runs at the same time; others wait for their turn
PURPOSE = (
    "Say what a battery material should do. Ionwright proposes new ones, predicts their "
    "properties with their uncertainty, and ranks them."
)
EXAMPLES = (
    "Ten polymer electrolyte repeat units with ionic conductivity above 1e-4 S/cm, no fluorine",
    "Five cobalt-free sodium cathodes above 3 V that swell less than 8 %",
    "Compare LiFePO4 with LiCoO2",
    "Finde 8 Polymere für Lithium-Elektrolyte mit Leitfähigkeit über 0,1 mS/cm",
    "Is Na3V2(PO4)3 stable?",
    "What can you do?",
)
DOWNLOADS = 5
PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def build(settings: Settings, folder: Path) -> gr.Blocks:
    """The page. Files for download are put into `folder`."""
    sessions: dict[str, Session] = {}  # one for each open page

    def mine(request: gr.Request) -> Session:
        return sessions.setdefault(str(request.session_hash), Session(settings, folder))

    def take(words: str, request: gr.Request) -> list[Any]:
        session = mine(request)
        taken = session.take(words)
        return [
            session.messages,
            _box_state(session, words="" if taken else None),
            *_hidden(session),
        ]

    def take_example(event: gr.SelectData, request: gr.Request) -> list[Any]:
        return take(event.value["text"], request)

    def choose(event: gr.SelectData, request: gr.Request) -> list[Any]:
        session = mine(request)
        draft = session.choose(str(event.value))
        return [session.messages, _box_state(session, words=draft or None), *_hidden(session)]

    def work(request: gr.Request) -> Iterator[list[Any]]:
        session = mine(request)
        for _ in session.work():
            yield [session.messages, *[gr.skip()] * (1 + DOWNLOADS)]
        yield [session.messages, _box_state(session), *_buttons(session)]

    def stop(request: gr.Request) -> list[Any]:
        session = mine(request)
        session.stop()
        if session.busy:  # the run itself says when it has stopped
            return [gr.skip()] * (2 + DOWNLOADS)
        return [session.messages, _box_state(session), *_buttons(session)]

    def clear(request: gr.Request) -> list[Any]:
        session = mine(request)
        session.clear()
        return [session.messages, _box_state(session), *_hidden(session, always=True)]

    def leave(request: gr.Request) -> None:
        gone = sessions.pop(str(request.session_hash), None)
        if gone is not None:
            gone.stop()

    with gr.Blocks(title="Ionwright", fill_height=True, analytics_enabled=False) as page:
        head = views.head(PURPOSE, readiness(settings))
        gr.HTML(head, container=False, padding=False, apply_default_css=False)
        chat = _chat()
        with gr.Column(elem_id="iw-foot", scale=0):
            with gr.Row(elem_id="iw-downloads"):
                buttons = [gr.DownloadButton(visible=False, size="sm") for _ in range(DOWNLOADS)]
            box = _box()
        shown = [chat, box, *buttons]
        quick: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, **PRIVATE}
        slow: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": AT_ONCE, **PRIVATE}
        for event, taker, given in (
            (box.submit, take, [box]),
            (chat.example_select, take_example, None),
            (chat.option_select, choose, None),
        ):
            event(taker, given, shown, **quick).then(work, None, shown, **slow)
        box.stop(stop, None, shown, show_progress="hidden", queue=False, **PRIVATE)
        chat.clear(clear, None, shown, queue=False, **PRIVATE)
        page.unload(leave)
    return page


def theme() -> gr.themes.Base:
    """Colours of the page; fonts are the reader's own, so that none is fetched."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )


def _chat() -> gr.Chatbot:
    return gr.Chatbot(
        show_label=False,
        label="conversation",
        elem_id="iw-chat",
        container=False,
        scale=1,
        height="auto",
        layout="panel",
        autoscroll=False,
        render_markdown=False,  # what people write is shown as they wrote it
        latex_delimiters=[],
        allow_tags=False,
        buttons=[],
        placeholder=views.welcome(),
        examples=[{"text": words} for words in EXAMPLES],
    )


def _box() -> gr.Textbox:
    return gr.Textbox(
        show_label=False,
        label="your goal",
        container=False,
        placeholder="Your goal in plain words, then Enter",
        lines=1,
        max_lines=14,  # a goal that is edited has some ten lines
        max_length=LONGEST,
        autofocus=True,
        submit_btn=True,
        stop_btn=False,
        elem_id="iw-box",
    )


def _box_state(session: Session, *, words: str | None = None) -> Any:
    state: dict[str, Any] = {
        "submit_btn": not session.busy,
        "stop_btn": "Stop" if session.busy else False,
    }
    return gr.update(**state) if words is None else gr.update(value=words, **state)


def _buttons(session: Session) -> list[Any]:
    made = [
        gr.update(visible=True, label=label, value=str(path))
        for label, path in session.downloads.items()
    ]
    return made + [gr.update(visible=False)] * (DOWNLOADS - len(made))


def _hidden(session: Session, *, always: bool = False) -> list[Any]:
    return [gr.update(visible=False) if session.busy or always else gr.skip()] * DOWNLOADS
