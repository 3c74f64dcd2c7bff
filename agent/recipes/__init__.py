"""Deterministic plans: for a goal of a domain, the tool calls that a good chemist would make."""

from __future__ import annotations

from typing import Protocol

from ionwright.generators.base import generator_class
from ionwright.knowledge.errors import InvalidRequest, NotAvailable
from ionwright.knowledge.records import Goal
from ionwright.knowledge.vocabulary import property_of
from ionwright.tools.chemistries import PALETTES

from ..settings import Settings
from ..state import Call
from .crystals import CrystalDesign
from .named import NamedMaterials
from .polymers import PolymerDesign
from .questions import Question, predictable

HELP = (
    "Ionwright designs battery materials from a goal in plain words. Today it designs cathodes, "
    "anodes and solid electrolytes, for example: five cobalt-free sodium cathodes above 3 V that "
    "swell less than 8 %; and polymer electrolytes: ten polymer electrolyte repeat units with "
    "ionic conductivity above 1e-4 S/cm, no fluorine. It also predicts for named ones and for your "
    "own files: is Na3V2(PO4)3 stable? predict the transference number of PEO. And it answers what "
    "is known, with sources: what conductivity has LLZO at room temperature? compare LiFePO4 with "
    "LiCoO2. Goals for the other material classes are understood, and it says plainly when no "
    "generator exists for them yet."
)
TODAY = (
    "today it designs crystals of electrodes and solid electrolytes and polymer electrolytes, "
    "predicts their properties, and answers questions about what is known with sources "
    "(`ionwright search` finds known materials)"
)


class Recipe(Protocol):
    """What a recipe offers to the graph."""

    def check(self, goal: Goal) -> None:
        """Raises `InvalidRequest` or `NotAvailable` for a goal that it cannot serve."""

    def calls(
        self, goal: Goal, *, words: str, round: int, seed: int, settings: Settings
    ) -> list[Call]:
        """The calls of this round (0 is the first); `words` is the request as it was written."""


RECIPES: dict[str, type[Recipe]] = {
    "polymer_electrolyte": PolymerDesign,
    **dict.fromkeys(PALETTES, CrystalDesign),
}


def recipe_for(goal: Goal, words: str = "") -> Recipe:
    """The recipe of the goal's intent and domain.

    Raises:
        NotAvailable: if there is none yet; the message says what can be done today.
        InvalidRequest: if the goal's targets are outside what any material can have.
    """
    check_feasible(goal)
    if is_question(goal, words):
        return Question()
    if goal.intent == "predict" and goal.subjects:
        return NamedMaterials()
    if goal.intent != "design":
        raise NotAvailable(f"no {goal.intent} yet; {TODAY}")
    domain = goal.domain or _domain_of_generator(goal.generator)
    if domain not in RECIPES:
        asked = (domain or "this goal").replace("_", " ")
        raise NotAvailable(f"no generator for {asked} yet; {TODAY}")
    return RECIPES[domain]()


def is_question(goal: Goal, words: str = "") -> bool:
    """Whether the answer is what is known: also where nothing designs or predicts what is asked."""
    if goal.intent in ("lookup", "compare", "explain"):
        return True
    if goal.intent == "predict":
        return not predictable(goal)
    if goal.intent == "design":  # of what is named or asked at least tell what is known
        asked = bool(goal.subjects) or words.rstrip().endswith("?")
        return asked and not goal.generator and goal.domain not in RECIPES
    files = [s for s in goal.subjects if "." in s and s.rpartition(".")[2].isalpha()]
    asked = bool(goal.subjects or goal.targets)
    return goal.intent in ("characterize", "simulate") and asked and not files


def check_feasible(goal: Goal) -> None:
    """Refuses targets that no material can meet and goals that contradict themselves.

    Raises:
        InvalidRequest: naming the target and the plausible range.
    """
    both = set(goal.elements_required) & set(goal.elements_excluded)
    if both:
        raise InvalidRequest(f"contradiction: {', '.join(sorted(both))} both required and excluded")
    for target in goal.targets:
        low, high = property_of(target.property).range
        values = target.value if isinstance(target.value, tuple) else (target.value, target.value)
        if values[0] is None or values[1] is None:
            continue
        if (target.op == ">=" and values[0] > high) or (target.op == "<=" and values[1] < low):
            raise InvalidRequest(
                f"no material can meet {target}: plausible values are {low:g} to {high:g} "
                f"{target.unit}"
            )
        if target.op in ("=", "between") and (values[1] < low or values[0] > high):
            raise InvalidRequest(f"no material can meet {target}: {low:g} to {high:g} is plausible")
    _check_contradictions(goal)


def _check_contradictions(goal: Goal) -> None:
    lowest: dict[str, float] = {}
    highest: dict[str, float] = {}
    for target in goal.targets:
        if target.op == ">=" and isinstance(target.value, float):
            lowest[target.property] = max(lowest.get(target.property, target.value), target.value)
        if target.op == "<=" and isinstance(target.value, float):
            highest[target.property] = min(highest.get(target.property, target.value), target.value)
    for key in lowest.keys() & highest.keys():
        if lowest[key] > highest[key]:
            raise InvalidRequest(
                f"contradiction: {property_of(key).label} at least {lowest[key]:g} and at most "
                f"{highest[key]:g}"
            )


def _domain_of_generator(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return {"polymer": "polymer_electrolyte", "crystal": "cathode"}.get(
            generator_class(name).material
        )
    except InvalidRequest as error:
        raise NotAvailable(f"{error}; {TODAY}") from error
