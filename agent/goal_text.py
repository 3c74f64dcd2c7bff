"""A goal as lines that people can edit, and back: one form for the terminal and the chat.

intent: design
domain: cathode
must not contain: Co
target: average_voltage >= 3.2 V
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Goal, Target
from ionwright.tools.base import explain_validation

from .commands import parse_condition

_ONE = {
    "intent": "intent",
    "domain": "domain",
    "working ion": "working_ion",
    "count": "count",
    "generator": "generator",
}
_MANY = {
    "materials": "subjects",
    "must contain": "elements_required",
    "must not contain": "elements_excluded",
}
_KINDS = ("microstructure", "interphase")  # domains whose units differ


def write_goal(goal: Goal) -> str:
    """Every slot on a line, empty ones too, so that they can be filled in."""
    slots = goal.model_dump()
    lines = [f"{label}: {slots[slot] or ''}" for label, slot in _ONE.items()]
    lines += [f"{label}: {'; '.join(slots[slot])}" for label, slot in _MANY.items()]
    lines += [f"target: {_condition(target)}" for target in goal.targets] or ["target: "]
    return "".join(line.rstrip() + "\n" for line in lines)


def is_goal_text(text: str) -> bool:
    """Whether a text is a goal in this form rather than words."""
    return text.lstrip().startswith("intent:")


def parse_goal(text: str) -> Goal:
    """The goal that edited lines say.

    Raises:
        InvalidRequest: for a line or value that cannot be; the message says what is allowed.
    """
    slots: dict[str, Any] = {}
    conditions = []
    for line in filter(str.strip, text.splitlines()):
        label, said = (part.strip() for part in line.partition(":")[::2])
        if label == "target":
            conditions += [said] if said else []
        elif label in _ONE:
            slots[_ONE[label]] = said or None
        elif label in _MANY:
            slots[_MANY[label]] = tuple(filter(None, map(str.strip, said.split(";"))))
        else:
            allowed = ", ".join([*_ONE, *_MANY, "target"])
            raise InvalidRequest(f"cannot read the line {line.strip()!r}; lines begin: {allowed}")
    domain = slots.get("domain")
    material = domain if domain in _KINDS else None
    targets = tuple(parse_condition(condition, material) for condition in conditions)
    try:
        return Goal.model_validate({**slots, "targets": targets})
    except ValidationError as error:
        raise InvalidRequest(f"the goal cannot be: {explain_validation(error)}") from error


def _condition(target: Target) -> str:
    unit = "" if target.unit == "1" else f" {target.unit}"
    if isinstance(target.value, tuple):
        return f"{target.property} = {target.value[0]!r}..{target.value[1]!r}{unit}"
    if target.value is None:
        return f"{target.property} {target.op}"
    return f"{target.property} {target.op} {target.value!r}{unit}"
