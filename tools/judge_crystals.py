"""Judging crystals: sound, charge-balanced, of the asked and harmless elements, novel, unique."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from ionwright.generators.crystals.charge_balance import charge_balanced
from ionwright.generators.crystals.metrics import first_alike, structure_sound
from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.phases.known import SOURCES, is_known, known_crystals
from ionwright.knowledge.records import Candidate

if TYPE_CHECKING:
    from pymatgen.core import Structure

TOXIC = {  # of which common compounds are classified as fatal or carcinogenic (CLP regulation)
    "Be": "beryllium",
    "As": "arsenic",
    "Cd": "cadmium",
    "Os": "osmium",
    "Hg": "mercury",
    "Tl": "thallium",
    "Pb": "lead",
}
_FIRST_RADIOACTIVE = 84  # polonium; from here on no element has a stable isotope
_RADIOACTIVE = (43, 61)  # technetium, promethium
_EVERY = 50  # crystals between two reports


def _silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""


def judge_crystals(
    candidates: Sequence[Candidate],
    excluded: Collection[str] = (),
    required: Collection[str] = (),
    on_progress: Callable[[str, int, int], None] = _silent,
) -> list[Candidate]:
    """The crystals with their checks; "unique" compares those that are valid with each other.

    Crystals that were replaced by their relaxed ones are returned as they are.

    Args:
        candidates: all of them crystals.
        excluded: symbols of elements that must not occur.
        required: symbols of elements that must occur.
        on_progress: what, done, total; may raise `Cancelled`.
    """
    judged: list[Candidate] = []
    structures: dict[int, Structure] = {}
    for index, candidate in enumerate(candidates):
        if index % _EVERY == 0:
            on_progress("judging crystals", index, len(candidates))
        candidate, structure = _judged(candidate, frozenset(excluded), frozenset(required))
        judged.append(candidate)
        if structure is not None:
            structures[index] = structure
    on_progress("telling crystals apart", len(candidates), len(candidates))
    places = list(structures)
    for place, first in zip(places, first_alike(list(structures.values())), strict=True):
        judged[place] = _told_apart(judged[place], judged[places[first]])
    return judged


def _judged(
    candidate: Candidate, excluded: frozenset[str], required: frozenset[str]
) -> tuple[Candidate, Structure | None]:
    """The crystal with its own checks, and its structure if it is valid."""
    if candidate.checks.get("valid") is False or candidate.checks.get("relaxed") is False:
        return candidate, None
    try:
        structure = structure_of(candidate)
    except InvalidRequest as error:
        return candidate.with_checks(valid=False).with_notes(str(error)), None
    if not structure_sound(structure):
        said = "no crystal: atoms on top of each other, or denser than any material"
        return candidate.with_checks(valid=False).with_notes(said), None
    elements = {el.symbol for el in structure.composition}
    hazards = sorted(el.symbol for el in structure.composition if is_radioactive(el.Z))
    toxic = sorted(elements & TOXIC.keys())
    novel, said = _novelty(structure)
    checked = (
        _unsaid(candidate)
        .with_checks(
            valid=True,
            novel=novel,
            charge_balanced=charge_balanced(structure.composition),
            elements=not (elements & excluded) and required <= elements,
            harmless=not hazards,
            no_alerts=not hazards and not toxic,
        )
        .with_notes(
            *(f"radioactive element: {symbol}" for symbol in hazards),
            *(f"toxic element: {TOXIC[symbol]}" for symbol in toxic),
            said,
        )
    )
    return checked, structure


def is_radioactive(number: int) -> bool:
    """Whether no isotope of the element with this atomic number is stable."""
    return number >= _FIRST_RADIOACTIVE or number in _RADIOACTIVE


def _novelty(structure: Structure) -> tuple[bool, str]:
    if is_known(structure):
        return False, f"known: {_where()}"
    if known_crystals().has_formula(structure.composition):
        return True, f"formula known, structure not: {_where()}"
    return True, f"formula not {_where()}"


def _where() -> str:
    return f"among {len(known_crystals()):,} crystals of {SOURCES}"


def _unsaid(candidate: Candidate) -> Candidate:
    """Without what an earlier judging said of novelty: relaxing may have changed it."""
    notes = tuple(note for note in candidate.notes if not note.endswith(_where()))
    return candidate.model_copy(update={"notes": notes})


def _told_apart(candidate: Candidate, first: Candidate) -> Candidate:
    if candidate is first:
        return candidate.with_checks(unique=True)
    return candidate.with_checks(unique=False).with_notes(f"the same crystal as {first.id}")
