"""Named materials: predict what is asked, for one or for several side by side."""

from __future__ import annotations

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Goal

from ..settings import Settings
from ..state import Call


class NamedMaterials:
    """The recipe for predictions on subjects that the user names."""

    def check(self, goal: Goal) -> None:
        """Raises `InvalidRequest` when no material is named."""
        if not goal.subjects:
            raise InvalidRequest("name a material: a repeat unit such as [*]CCO[*] or a name (PEO)")

    def calls(
        self, goal: Goal, *, words: str, round: int, seed: int, settings: Settings
    ) -> list[Call]:
        """One prediction call for all subjects."""
        properties = [t.property for t in goal.targets]
        return [
            Call(
                tool="predict",
                arguments={"inputs": list(goal.subjects), "properties": properties},
            )
        ]
