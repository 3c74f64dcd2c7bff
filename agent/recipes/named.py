"""Named materials: predict what is asked, with what is known of it beside."""

from __future__ import annotations

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Goal

from ..settings import Settings
from ..state import Call
from .questions import search_arguments


class NamedMaterials:
    """The recipe for predictions on subjects that the user names."""

    def check(self, goal: Goal) -> None:
        """Raises `InvalidRequest` when no material is named."""
        if not goal.subjects:
            raise InvalidRequest("name a material: a repeat unit such as [*]CCO[*] or a name (PEO)")

    def calls(
        self, goal: Goal, *, words: str, round: int, seed: int, settings: Settings
    ) -> list[Call]:
        """What is known of the subjects, and one prediction call for all of them."""
        properties = [t.property for t in goal.targets]
        return [
            Call(tool="search", arguments=search_arguments(goal, words, list(goal.subjects))),
            Call(
                tool="predict",
                arguments={"inputs": list(goal.subjects), "properties": properties},
            ),
        ]
