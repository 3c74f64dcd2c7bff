"""The whole agent on one screen: interpret, plan, act, check, report.

Nodes are functions from the state to an update of it (nodes.py). The plan comes from the recipe
of the goal's domain; every tool call is a step of its own, with a checkpoint after it.
"""

from __future__ import annotations

from typing import Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from . import nodes
from .state import Deps, State


def build(checkpointer: BaseCheckpointSaver) -> CompiledStateGraph[State, Deps, State, State]:
    """The compiled graph, remembering every step in `checkpointer`."""
    graph = StateGraph(State, context_schema=Deps)
    graph.add_node("interpret", nodes.interpret)
    graph.add_node("plan", nodes.plan)
    graph.add_node("act", nodes.act)
    graph.add_node("check", nodes.check)
    graph.add_node("report", nodes.report)

    graph.add_edge(START, "interpret")
    graph.add_conditional_edges("interpret", _after_interpret)
    graph.add_conditional_edges("plan", _while_calls_remain)
    graph.add_conditional_edges("act", _while_calls_remain)
    graph.add_conditional_edges("check", _after_check)
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer)


def _after_interpret(state: State) -> Literal["plan", "report"]:
    return "report" if state.get("question") or state.get("message") else "plan"


def _while_calls_remain(state: State) -> Literal["act", "check"]:
    return "act" if state["calls"] else "check"


def _after_check(state: State) -> Literal["plan", "report"]:
    return "plan" if state["round"] >= 0 else "report"
