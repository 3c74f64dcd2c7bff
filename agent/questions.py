"""A search in plain words: what they say of names, properties and values becomes its arguments."""

from __future__ import annotations

from typing import Any

from ionwright.tools.base import tool_named

from .embedded import interpret
from .recipes.questions import search_arguments
from .settings import Settings


def understood(arguments: dict[str, Any]) -> dict[str, Any]:
    """A search's arguments, completed by what its words say; those that are given stay."""
    words = arguments.get("query", "")
    if not words.strip():
        return arguments
    goal = interpret(words).goal
    said = {**search_arguments(goal, words, list(goal.subjects)), "count": 10}
    filters = ("conditions", "elements_required", "elements_excluded", "working_ion")
    strict = any(arguments.get(name) for name in filters)  # what is given as such is held to
    return {**said, **arguments, "strict": strict}


def search_words(words: str, *, count: int) -> list[dict[str, Any]]:
    """The results of a search; as `ionwright.search`."""
    found: Any = tool_named("search")(
        Settings().context(),
        **understood({"query": words, "count": count}),
    ).data
    return list(found["results"])
