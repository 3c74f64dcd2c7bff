"""What the interpreter gives back."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from ionwright.knowledge.records import Goal


class Reading(BaseModel):
    """How a request was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    goal: Goal
    agreed: bool
    alternatives: tuple[Goal, ...] = ()
    question: str | None = None
    seconds: float
