"""What the graph remembers between steps. Plain JSON only, so a checkpoint is small and safe."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

from ionwright.tools.context import Context

from .runs import RunFolder
from .settings import Settings


class Call(TypedDict):
    """One tool call that is to be made."""

    tool: str
    arguments: dict[str, Any]


class Step(TypedDict):
    """One tool call that was made; `key` names its stored result."""

    tool: str
    arguments: dict[str, Any]
    seconds: float
    result: str
    key: str


class State(TypedDict, total=False):
    """The state of a run. Candidates live in the stored results, found by the steps' keys."""

    words: str
    seed: int
    goal: dict[str, Any]
    alternatives: list[dict[str, Any]]  # other readings of the same words
    question: str | None  # asked back when the goal cannot be acted on
    calls: list[Call]  # still to be made in this round
    steps: Annotated[list[Step], operator.add]
    round: int
    warnings: Annotated[list[str], operator.add]
    ranking: list[dict[str, Any]]
    evidence: Annotated[list[dict[str, Any]], operator.add]  # citations
    message: str  # an answer in words for goals that need no candidates


@dataclass
class Deps:
    """What the nodes work with; handed to the graph for each run and never stored."""

    settings: Settings
    run: RunFolder
    ctx: Context
    count: int | None = None
    yes: bool = False
    interactive: bool = False
    replay: list[Call] | None = None  # the calls of a recorded run, made again in their order
