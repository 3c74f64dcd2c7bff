"""Does a composition look like one that has been made? A calibrated score and plain checks.

The score tells known compounds from compositions in which elements were exchanged. It reads the
composition alone and is no promise: what looks known may still resist every synthesis.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate

from .band_gap import probability
from .crystal_features import ANIONS, composition_features, fractions_of, oxidation_states
from .tabular import bits_of, load_tabular

if TYPE_CHECKING:
    from pymatgen.core import Structure

FOLDER = Path(__file__).parent / "weights" / "synthesizability"
BALANCED = 1e-3  # charge per atom
SMACT_ELEMENTS = 6  # more would take SMACT minutes
_RARE_STATE = 0.02  # share of a cation's oxidation states that counts as rare


def features_of(amounts: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Composition figures and the share of every element (n, columns)."""
    shares = fractions_of(amounts).astype(np.float32)
    rarest = [[rarest_state(one)] for one in amounts]
    return np.hstack([composition_features(amounts), shares, np.array(rarest, dtype=np.float32)])


def scores_of(amounts: Sequence[Mapping[str, float]], folder: Path = FOLDER) -> np.ndarray:
    """Probability (n,) that a composition is a known one rather than an exchanged one, 1:1.

    Raises:
        Damaged: if weights are missing or do not match their checksum.
    """
    if not amounts:
        return np.zeros(0)
    model, config = load_tabular(folder)
    logit = model.predict(features_of(amounts), bits_of(amounts)).value
    return probability(config["slope"] * logit + config["offset"])


def synthesizability(candidates: Sequence[Candidate]) -> list[float | None]:
    """The score of each candidate, 0 to 1; None for what is no readable crystal."""
    found = [_amounts(candidate) for candidate in candidates]
    rows = iter(scores_of([one for one in found if one is not None]).tolist())
    return [None if one is None else next(rows) for one in found]


def plausibility_checks(structure: Structure) -> dict[str, bool | None]:
    """charge_balanced and smact_valid of a crystal; None where it cannot be told."""
    from smact.screening import smact_validity

    amounts = _amounts_of(structure)
    ionic = any(symbol in ANIONS for symbol in amounts) and len(amounts) > 1
    balanced = abs(oxidation_states(amounts)[1]) < BALANCED if ionic else None
    if len(amounts) > SMACT_ELEMENTS:
        return {"charge_balanced": balanced, "smact_valid": None}
    valid = smact_validity(structure.composition.reduced_formula)
    return {"charge_balanced": balanced, "smact_valid": bool(valid)}


def plausibility_notes(structure: Structure) -> list[str]:
    """Rare oxidation states and left-over charge in sentences."""
    amounts = _amounts_of(structure)
    states, charge = oxidation_states(amounts)
    notes = []
    if abs(charge) >= BALANCED:
        notes.append(f"common oxidation states leave a charge of {charge:+.2f} per atom")
    for symbol, state in states.items():
        share = _share(symbol, state)
        if share is not None and share < _RARE_STATE:
            notes.append(
                f"{symbol} would be {state:+g}, {100 * share:.1f} % of its published states (SMACT)"
            )
    return notes


def rarest_state(amounts: Mapping[str, float]) -> float:
    """Share of the least usual oxidation state among those that balance best (1: all usual)."""
    states, _ = oxidation_states(amounts)
    shares = [_share(symbol, state) for symbol, state in states.items()]
    return min((share for share in shares if share is not None), default=1.0)


def _share(symbol: str, state: float) -> float | None:
    """How often an element's published states are this one; None where nothing is counted."""
    counts = _counts().get(symbol, {})
    if not counts or not float(state).is_integer():
        return None
    return counts.get(int(state), 0) / sum(counts.values())


@cache
def _counts() -> dict[str, dict[int, int]]:
    """Published oxidation states of each element in the ICSD, counted by SMACT's authors."""
    text = (files("smact") / "data" / "oxidation_states_icsd24_counts.json").read_text("utf-8")
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    for row in json.loads(text):
        if row["results_count"]:
            counts[row["element"]][int(row["oxidation_state"])] = int(row["results_count"])
    return counts


def _amounts(candidate: Candidate) -> dict[str, float] | None:
    try:
        return _amounts_of(structure_of(candidate))
    except InvalidRequest:
        return None


def _amounts_of(structure: Structure) -> dict[str, float]:
    return {element.symbol: float(n) for element, n in structure.composition.items()}
