"""Questions about what is known: search the knowledge store, and predict where a model can."""

from __future__ import annotations

from typing import Any

from ionwright.knowledge.convert import candidate_from_text
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Goal
from ionwright.tools.predictors.base import predictors

from ..settings import Settings
from ..state import Call

ENTRIES = 12  # asked of the store for each call
USUAL: dict[str, tuple[str, ...]] = {  # told in a comparison; of polymers everything
    "polymer": (),
    "crystal": ("average_voltage", "capacity_grav", "max_delta_volume", "energy_above_hull"),
}
OPEN_TARGETS = ("max", "min", "report")  # ask for a property without saying a value


class Question:
    """The recipe for lookup, compare and explain."""

    def check(self, goal: Goal) -> None:
        """Every question can be put to the store; it says so when it finds nothing."""

    def calls(
        self, goal: Goal, *, words: str, round: int, seed: int, settings: Settings
    ) -> list[Call]:
        """One search, or one for each of the materials compared, then predictions for them."""
        if goal.intent == "compare" and len(goal.subjects) > 1:
            searches = [search_arguments(goal, s, [s]) for s in goal.subjects]
        else:
            searches = [search_arguments(goal, words, list(goal.subjects))]
        calls = [Call(tool="search", arguments=arguments) for arguments in searches]
        if goal.intent == "compare" and (able := predictable(goal)):
            asked = [t.property for t in goal.targets] or usual_properties(able)
            calls.append(Call(tool="predict", arguments={"inputs": able, "properties": asked}))
        return calls


def search_arguments(goal: Goal, words: str, names: list[str]) -> dict[str, Any]:
    """What the search tool is asked for a goal.

    Args:
        goal: the understood question.
        words: the question as it was asked, or words that stand for it.
        names: the subjects to look for.
    """
    stated = [t for t in goal.targets if t.op not in OPEN_TARGETS]
    labels = " ".join(t.property.replace("_", " ") for t in goal.targets)
    return {
        "query": words or " ".join([*names, labels]),
        "names": names,
        "properties": [t.property for t in goal.targets],
        "domain": goal.domain,
        "conditions": [t.model_dump(mode="json") for t in stated],
        "elements_required": list(goal.elements_required),
        "elements_excluded": list(goal.elements_excluded),
        # a named subject says enough, and may be used with another ion
        "working_ion": goal.working_ion if not names and stated else None,
        "strict": False,
        "count": ENTRIES,
    }


def predictable(goal: Goal) -> list[str]:
    """The subjects for which something that is asked can be predicted today."""
    asked = {t.property for t in goal.targets}
    able = {s: _properties_of(s) for s in goal.subjects}
    return [s for s in goal.subjects if able[s] & asked or (not asked and _material(s) in USUAL)]


def usual_properties(subjects: list[str]) -> list[str]:
    """What is told of materials where nothing is asked; empty for all that can be predicted."""
    materials = {_material(s) for s in subjects}
    return list(USUAL[materials.pop() or ""]) if len(materials) == 1 else []


def _properties_of(subject: str) -> set[str]:
    material = _material(subject)
    return {key for p in predictors() if material in p.materials for key in p.properties}


def _material(subject: str) -> str | None:
    try:
        return candidate_from_text(subject, version="").material
    except InvalidRequest:
        return None
