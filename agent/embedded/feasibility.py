"""What cannot be: targets outside what is plausible, and wishes that contradict each other."""

from __future__ import annotations

from ionwright.knowledge.records import Goal, Target
from ionwright.knowledge.vocabulary import property_of


def warnings_of(goal: Goal) -> tuple[str, ...]:
    """Sentences for the user about everything in a goal that cannot be met."""
    found = [w for target in goal.targets if (w := _implausible(target))]
    found += _contradictions(goal.targets)
    both = [s for s in goal.elements_required if s in goal.elements_excluded]
    if both:
        found.append(f"{', '.join(both)} is both required and excluded")
    return tuple(dict.fromkeys(found))


def _implausible(target: Target) -> str | None:
    prop = property_of(target.property)
    low, high = _bounds(target)
    factor = 1e3 if (prop.unit, target.unit) == ("nm", "um") else 1.0
    lowest, highest = prop.range[0] / factor, prop.range[1] / factor
    unit = "" if target.unit == "1" else f" {target.unit}"
    if (low is not None and low > highest) or (
        target.op == "=" and low is not None and low > highest
    ):
        return f"{target} is beyond {highest:g}{unit}, the highest plausible"
    if high is not None and high < lowest:
        return f"{target} is beyond {lowest:g}{unit}, the lowest plausible"
    return None


def _bounds(target: Target) -> tuple[float | None, float | None]:
    value = target.value
    if isinstance(value, tuple):
        return value
    return {">=": (value, None), "<=": (None, value), "=": (value, value)}.get(
        target.op, (None, None)
    )


def _contradictions(targets: tuple[Target, ...]) -> list[str]:
    found = []
    for place, first in enumerate(targets):
        for second in targets[place + 1 :]:
            if first.property == second.property and _apart(first, second):
                found.append(f"{first} and {second} contradict each other")
    return found


def _apart(first: Target, second: Target) -> bool:
    if {first.op, second.op} == {"max", "min"}:
        return True
    (low1, high1), (low2, high2) = _bounds(first), _bounds(second)
    return (low1 is not None and high2 is not None and low1 > high2) or (
        low2 is not None and high1 is not None and low2 > high1
    )
