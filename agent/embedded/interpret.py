"""From words to a goal: both readers, the checks, and one question where nothing can be done."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from ionwright.knowledge.records import Goal

from .asked import as_asked
from .combine import combine
from .decode import decode
from .feasibility import warnings_of
from .reading import Reading
from .rules import read_by_rules
from .tagger import FOLDER, read_tags
from .text import check, clean
from .unknown import not_understood


def interpret(words: str, weights: Path = FOLDER) -> Reading:
    """Reads a request in plain words, English or German.

    Args:
        words: the request.
        weights: folder of the tagger's weights.

    Raises:
        InvalidRequest: if it is empty, longer than 10,000 characters or not text.
        Damaged: if the tagger's weights are missing or damaged.
    """
    start = perf_counter()
    text = clean(check(words))
    rules = read_by_rules(text)
    tags = read_tags(text, rules, weights)
    goal, agreed, others = combine(text, rules, decode(text, tags), tags.alarm)
    asked = as_asked(text, goal, rules)
    if asked.intent != goal.intent:  # the form of the question agrees with who read a lookup
        agreed = rules.intent == asked.intent
        others = () if agreed else (goal,)
    goal = asked
    goal = finished(goal, text)
    return Reading(
        goal=goal,
        agreed=agreed,
        alternatives=tuple(finished(other, text) for other in others),
        question=question_for(goal),
        seconds=perf_counter() - start,
    )


def finished(goal: Goal, text: str) -> Goal:
    """The goal with its warnings and what was not understood."""
    if goal.intent in ("help", "refuse"):
        return goal
    left = dict.fromkeys((*goal.not_understood, *not_understood(text, goal)))
    return goal.model_copy(update={"warnings": warnings_of(goal), "not_understood": tuple(left)})


def question_for(goal: Goal) -> str | None:
    """One short question, only when the goal cannot be acted on."""
    if goal.intent == "design" and goal.domain is None and not goal.subjects:
        return "What should it be: a cathode, an anode, an electrolyte, a polymer or an electrode?"
    if goal.intent == "predict" and not goal.subjects:
        return "Which material do you mean? Give a formula, a SMILES or a file."
    if goal.intent == "compare" and len(goal.subjects) < 2:
        return "Which materials should be compared? Name at least two."
    return None
