"""A conversation without a browser: events in, messages out."""

import threading
import time
from pathlib import Path

import pytest

from ionwright.agent.settings import Settings
from ionwright.agent.ui import session as sessions
from ionwright.agent.ui import worker
from ionwright.agent.ui.app import _credentials, _listen
from ionwright.agent.ui.session import LONGEST, Session
from ionwright.knowledge.errors import Cancelled, InvalidRequest, IonwrightError, Refused
from ionwright.knowledge.records import Goal

GOAL = Goal(intent="design", domain="polymer_electrolyte").model_dump(mode="json")
STEP = {"tool": "rank", "arguments": {"count": 3}}


def answer(**extra) -> dict:
    empty = {"candidates": [], "ranking": [], "steps": [], "warnings": [], "run": "r"}
    return {"kind": "answer", "answer": {"goal": GOAL, **empty, **extra}}


@pytest.fixture
def script(monkeypatch):
    """Replaces the graph by a function of (request, ask, cancelled) that yields events."""

    def use(events) -> None:
        monkeypatch.setattr(worker, "events", events)

    return use


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(runs=tmp_path), tmp_path)


def text(message: dict) -> str:
    content = message["content"]
    return content if isinstance(content, str) else content.value


def play(session: Session, words: str) -> list[str]:
    assert session.take(words)
    for _ in session.work():
        pass
    return [text(m) for m in session.messages]


def test_steps_appear_as_they_happen(script, session):
    def events(request, ask, cancelled):
        yield {"kind": "run", "run": "r"}
        yield {"kind": "goal", "goal": GOAL, "alternatives": []}
        yield {"kind": "start", **STEP}
        yield {"kind": "progress", "what": "ranking", "done": 1, "total": 4}
        yield {"kind": "step", **STEP, "seconds": 1.5, "result": "3 ranked", "key": "k"}
        yield answer()

    script(events)
    assert session.take("three polymers")
    assert session.messages[-1]["metadata"]["title"] == "Waiting for a free place"
    seen = []
    for _ in session.work():
        seen.append([dict(m.get("metadata", {})) for m in session.messages])
    assert [len(s) for s in seen] == sorted(len(s) for s in seen)
    assert {"title": "Rank by the goal", "status": "pending"} in [m for s in seen for m in s]
    assert session.messages[2]["metadata"] == {
        "title": "Rank by the goal",
        "status": "done",
        "duration": 1.5,
        "log": "3 ranked",
    }
    assert not session.busy


def test_progress_is_a_share_in_the_title(script, session, monkeypatch):
    monkeypatch.setattr("ionwright.agent.ui.turn.REDRAW", 0)

    def events(request, ask, cancelled):
        yield {"kind": "start", **STEP}
        yield {"kind": "progress", "what": "ranking", "done": 1, "total": 4}
        yield {"kind": "progress", "what": "ranking", "done": 0, "total": 0}
        yield {"kind": "progress", "what": "ranking", "done": 3000, "total": 4000}

    script(events)
    session.take("x")
    titles = [session.messages[-1]["metadata"].copy() for _ in session.work()]
    assert "Rank by the goal · 25%" in [t["title"] for t in titles]
    assert "ranking: 3,000 of 4,000" in [t.get("log") for t in titles]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Refused("refused: explosives"), "Not worked on.</b> Explosives"),
        (InvalidRequest("count must be 1 to 10000"), "This cannot be done as asked"),
        (IonwrightError("disk full"), "The work failed"),
        (KeyError("secret detail"), "Something went wrong.</b> Unexpected KeyError"),
    ],
)
def test_errors_are_words(script, session, error, said):
    def events(request, ask, cancelled):
        yield {"kind": "run", "run": "r"}
        yield {"kind": "start", **STEP}
        raise error

    script(events)
    messages = play(session, "x")
    assert said in messages[-1]
    assert "Traceback" not in messages[-1] and "secret" not in messages[-1]
    assert session.messages[-2]["metadata"]["title"].endswith("not finished")
    assert not session.busy


def test_stop_takes_effect_within_two_seconds_even_if_the_run_does_not_look(script, session):
    entered, release = threading.Event(), threading.Event()

    def events(request, ask, cancelled):
        yield {"kind": "run", "run": "runs/one"}
        entered.set()
        release.wait(30)
        assert cancelled.is_set()
        raise Cancelled("stopped")

    script(events)
    session.take("x")
    threading.Timer(0.3, session.stop).start()
    began = time.monotonic()
    for _ in session.work():
        pass
    assert entered.is_set() and time.monotonic() - began < 2.3
    assert "Stopped" in text(session.messages[-1]) and "can be continued" in text(
        session.messages[-1]
    )
    assert [o["label"] for o in session.messages[-1]["options"]] == ["Continue this run"]
    release.set()


def test_a_stopped_run_can_be_continued(script, session):
    asked = []

    def events(request, ask, cancelled):
        asked.append(request)
        yield {"kind": "run", "run": "runs/one"}
        if request.resume is None:
            raise Cancelled("stopped")
        yield answer(message="done")

    script(events)
    play(session, "x")
    key = session.messages[-1]["options"][0]["value"]
    session.choose("nonsense")
    assert not session.busy
    session.choose(key)
    assert "options" not in session.messages[1]
    for _ in session.work():
        pass
    assert asked[1].resume == Path("runs/one")
    assert "done" in text(session.messages[-1])


def test_what_is_stopped_while_it_waits_never_starts(script, session):
    script(lambda *_, **__: pytest.fail("no run was to start"))
    session.take("x")
    session.stop()
    assert not session.busy and "It had not begun" in text(session.messages[-1])
    assert list(session.work()) == []


def test_a_page_that_goes_stops_its_run(script, session):
    ended = threading.Event()

    def events(request, ask, cancelled):
        yield {"kind": "goal", "goal": GOAL, "alternatives": []}
        cancelled.wait(10)
        ended.set()
        raise Cancelled("stopped")

    script(events)
    session.take("x")
    working = session.work()
    next(working)
    working.close()
    assert ended.wait(2)


def test_two_readings_are_offered_and_the_chosen_one_is_taken(script, session):
    other = {**GOAL, "count": 5}
    decisions = []

    def events(request, ask, cancelled):
        yield {"kind": "run", "run": "runs/one"}
        if request.resume is None:
            yield {"kind": "goal", "goal": GOAL, "alternatives": [other]}
        decisions.append(ask({"ask": "goal", "goal": GOAL, "alternatives": [other]}))
        yield answer(message="done")

    script(events)
    messages = play(session, "some polymers")
    assert "can also be read as" in messages[1]
    options = session.messages[-1]["options"]
    assert [o["label"] for o in options] == ["count: not said", "count: 5", "Edit the goal"]
    session.choose(options[1]["value"])
    for _ in session.work():
        pass
    assert decisions == [other] and "done" in text(session.messages[-1])


def test_a_goal_can_be_edited_before_anything_runs(script, session):
    requests = []

    def events(request, ask, cancelled):
        requests.append(request)
        yield {"kind": "run", "run": "runs/one"}
        if request.goal is None:
            ask({"ask": "goal", "goal": GOAL, "alternatives": [{**GOAL, "count": 5}]})
        yield answer(message="done")

    script(events)
    play(session, "some polymers")
    draft = session.choose(session.messages[-1]["options"][-1]["value"])
    assert "domain: polymer_electrolyte" in draft and not session.busy
    assert not session.take(draft.replace("count:", "count: several"))
    assert "count" in text(session.messages[-1]) and len(requests) == 1
    play(session, draft.replace("count:", "count: 7"))
    assert requests[-1].goal == Goal.model_validate({**GOAL, "count": 7})
    assert "done" in text(session.messages[-1])


def test_a_long_step_is_done_only_when_allowed(script, session):
    def events(request, ask, cancelled):
        yield {"kind": "run", "run": "runs/one"}
        assert ask({"ask": "long", "tool": "generate", "seconds": 600})
        yield answer(message="done")

    script(events)
    assert "about 10 min" in play(session, "x")[-1]
    session.choose(session.messages[-1]["options"][0]["value"])
    for _ in session.work():
        pass
    assert "done" in text(session.messages[-1])


def test_a_question_is_asked_back(script, session):
    script(lambda request, ask, cancelled: iter([answer(question="For which ion?")]))
    assert "For which ion?" in play(session, "x")[-1]


def test_too_long_a_text_is_answered_without_a_run(script, session):
    script(lambda *_: pytest.fail("no run was to start"))
    assert session.take("x" * (LONGEST + 1))
    assert not session.busy and "10,001" in text(session.messages[-1])
    assert len(text(session.messages[0])) < 300


def test_nothing_is_taken_while_busy_or_when_empty(session):
    assert not session.take("   ")
    assert session.take("a") and not session.take("b")
    session.clear()
    assert len(session.messages) == 2


def test_downloads_that_cannot_be_made_are_said(script, session, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sessions, "prepare", full)
    script(lambda request, ask, cancelled: iter([answer()]))
    assert "No space left" in play(session, "x")[-1]


@pytest.mark.parametrize("auth", ["", "name", "name:", ":word"])
def test_credentials_need_both_parts(auth):
    with pytest.raises(InvalidRequest, match="USER:PASSWORD"):
        _credentials(auth)


def test_credentials_may_hold_colons():
    assert _credentials("a:b:c") == ("a", "b:c")
    assert _credentials(None) is None


def test_a_port_in_use_is_said_in_words():
    with _listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(InvalidRequest, match=f"port {port}: .*--port"):
            _listen("127.0.0.1", port)
