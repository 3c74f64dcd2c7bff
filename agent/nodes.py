"""The nodes of the graph: functions from the state to an update of it."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from ionwright.knowledge.errors import InvalidRequest, NotAvailable, Refused
from ionwright.knowledge.records import Candidate, Citation, Goal
from ionwright.tools.base import ToolResult, tool_named

from . import report as rendering
from .answers import answer_text, known_beside
from .embedded import interpret as read_words
from .recipes import HELP, is_question, recipe_for
from .runs import call_key
from .state import Call, Deps, State, Step

DONE = -1  # the round after which nothing more is planned


def interpret(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    """Words to a goal; a goal that is given (a rerun, an edited card) is taken as it is."""
    deps = runtime.context
    if state.get("goal"):
        goal, alternatives, question = Goal.model_validate(state["goal"]), [], None
    else:
        reading = read_words(state["words"])
        goal, question = reading.goal, reading.question
        alternatives = [g.model_dump(mode="json") for g in reading.alternatives]
    if deps.count is not None:
        goal = goal.model_copy(update={"count": deps.count})
    shown = goal.model_dump(mode="json")
    runtime.stream_writer({"kind": "goal", "goal": shown, "alternatives": alternatives})
    if goal.intent == "refuse":
        raise Refused(f"refused: {'; '.join(goal.warnings) or 'this goal is hazardous'}")
    return {
        "goal": shown,
        "alternatives": alternatives,
        "question": question,
        "message": HELP if goal.intent == "help" else "",
        "round": 0,
        "warnings": list(goal.warnings),
    }


def plan(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    """The calls of the next round, from the recipe of the goal's domain."""
    deps = runtime.context
    if deps.replay is not None:
        return {"calls": deps.replay, "round": state["round"] + 1}
    goal, warnings = _confirmed(state, deps)
    recipe = recipe_for(goal, state.get("words", ""))
    if state["round"] == 0:
        recipe.check(goal)
    calls = recipe.calls(
        goal,
        words=state.get("words", ""),
        round=state["round"],
        seed=state["seed"],
        settings=deps.settings,
    )
    runtime.stream_writer(
        {"kind": "plan", "round": state["round"] + 1, "calls": [c["tool"] for c in calls]}
    )
    return {
        "goal": goal.model_dump(mode="json"),
        "calls": calls,
        "round": state["round"] + 1,
        "warnings": warnings,
    }


def act(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    """Makes the next call, unless its result is already stored."""
    deps, call = runtime.context, state["calls"][0]
    _ask_before_long(call, deps)
    deps.ctx.on_progress = lambda what, done, total: runtime.stream_writer(
        {"kind": "progress", "what": what, "done": done, "total": total}
    )
    started = time.monotonic()
    runtime.stream_writer({"kind": "start", "tool": call["tool"], "arguments": call["arguments"]})
    key, result = run_call(call, deps)
    step = Step(
        tool=call["tool"],
        arguments=call["arguments"],
        seconds=round(time.monotonic() - started, 3),
        result=result.text,
        key=key,
    )
    runtime.stream_writer({"kind": "step", **step})
    update: dict[str, Any] = {"calls": state["calls"][1:], "steps": [step]}
    if "ranking" in result.data:
        update["ranking"] = result.data["ranking"]
    if "results" in result.data:
        update["evidence"] = result.data["results"]
    return update


def check(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    """Enough candidates that meet the goal? Else another round, while budget is left."""
    deps, goal = runtime.context, Goal.model_validate(state["goal"])
    if deps.replay is not None or goal.intent != "design" or _asks(state):
        return {"round": DONE}
    wanted = goal.count or deps.settings.count
    ranking = state.get("ranking", [])
    met = sum(all(entry["met"].values()) for entry in ranking)
    runtime.stream_writer({"kind": "check", "wanted": wanted, "met": met})
    if met >= wanted:
        return {"round": DONE}
    short = f"{met} of {wanted} candidates meet every target"
    if deps.ctx.out_of_time():
        return {"round": DONE, "warnings": [f"{short}; the time budget is used up"]}
    if state["round"] >= deps.settings.max_rounds:
        return {"round": DONE, "warnings": [f"{short} after {state['round']} rounds"]}
    return {}


def report(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    """Renders the answer from the records into the run folder."""
    deps = runtime.context
    rendering.write(answer(state, deps), deps.run)
    return {}


def answer(state: State, deps: Deps) -> dict[str, Any]:
    """The answer document of the command-line contract, as it stands in this state."""
    goal = state.get("goal") or {}
    ranking = state.get("ranking", [])
    chosen = [deps.ctx.pool[entry["id"]] for entry in ranking if entry["id"] in deps.ctx.pool]
    if goal.get("intent") in ("predict", "compare"):
        chosen = list(deps.ctx.pool.values())
    steps = [{k: v for k, v in step.items() if k != "key"} for step in state.get("steps", [])]
    evidence = list({e["id"]: e for e in state.get("evidence", [])}.values())
    message = state.get("message") or _told(goal, evidence, state.get("words", ""))
    return {
        "goal": goal,
        "candidates": [c.model_dump(mode="json") for c in chosen],
        "ranking": ranking,
        "evidence": evidence,
        "steps": steps,
        "warnings": list(dict.fromkeys(state.get("warnings", []))),
        "run": str(deps.run.path),
        **({"message": message} if message else {}),
        **({"question": state["question"]} if state.get("question") else {}),
    }


def _asks(state: State) -> bool:
    return is_question(Goal.model_validate(state["goal"]), state.get("words", ""))


def _told(goal: dict[str, Any], evidence: list[dict[str, Any]], words: str) -> str:
    understood = Goal.model_validate(goal) if goal else None
    citations = [Citation.model_validate(e) for e in evidence]
    if understood is not None and understood.intent == "predict" and not is_question(understood):
        return known_beside(understood, citations, words)
    if understood is None or not is_question(understood, words):
        return ""
    return answer_text(understood, citations, words)


def run_call(call: Call, deps: Deps) -> tuple[str, ToolResult]:
    """The key and result of a call, from the store if it finished before; fills the pool."""
    tool = tool_named(call["tool"])
    key = call_key(call["tool"], version("ionwright"), call["arguments"], _inputs(call, deps))
    result = deps.run.result(key)
    if result is None:
        result = tool(deps.ctx, **call["arguments"])
        deps.run.store(key, result)
    deps.ctx.add(result.candidates)
    return key, result


def _inputs(call: Call, deps: Deps) -> list[Candidate]:
    """The candidates that a call reads from the pool, which are part of its content."""
    fields = tool_named(call["tool"]).arguments.model_fields
    if "ids" in fields:
        return deps.ctx.chosen(call["arguments"].get("ids", []))
    named = call["arguments"].get("inputs") or deps.ctx.pool
    return [deps.ctx.pool[i] for i in named if i in deps.ctx.pool]


def _confirmed(state: State, deps: Deps) -> tuple[Goal, list[str]]:
    """The goal, confirmed or edited by the user where two readings differ."""
    goal = Goal.model_validate(state["goal"])
    if not state.get("alternatives") or state["round"] > 0 or deps.yes:
        return goal, []
    if not deps.interactive:
        return goal, ["the words can be read in more than one way; the goal shows the one taken"]
    edited = interrupt(
        {"ask": "goal", "goal": state["goal"], "alternatives": state["alternatives"]}
    )
    return Goal.model_validate(edited), []


def _ask_before_long(call: Call, deps: Deps) -> None:
    seconds = tool_named(call["tool"]).seconds(call["arguments"])
    if deps.yes or seconds <= deps.settings.ask_above:
        return
    if not deps.interactive:
        raise InvalidRequest(
            f"{call['tool']} would take about {seconds / 60:.0f} minutes: say --yes to allow it, "
            "or ask for fewer candidates"
        )
    if not interrupt({"ask": "long", "tool": call["tool"], "seconds": seconds}):
        raise NotAvailable(f"{call['tool']} was not approved; nothing was changed")
