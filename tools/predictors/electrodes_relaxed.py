"""Insertion electrodes computed: both ends relaxed with the potential, the voltage then corrected.

Seconds to minutes for a crystal, so for finalists. The learned model of `electrodes` and the
potential err in different ways; their weighted mean errs least, and the weights come from known
electrodes that neither was fitted to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ionwright.generators.weights import weights_id
from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.phases.reference import HullDistance, shared_hull
from ionwright.knowledge.records import Candidate, Provenance, Quantity

from .conformal import Calibration
from .electrode_model import Question, load_model
from .electrode_potential import RelaxedEnds, relax_ends
from .electrode_states import States, states_of
from .electrodes import FOLDER, REFERENCE, Estimate, ask, described, quantities_of
from .potential import Failed, Potential, Progress, Relaxed, shared_potential

SOURCE = "insertion_electrode_relaxed"
VERSION = "1"


@dataclass(frozen=True)
class ComputedElectrode:
    """An electrode as the potential has it.

    Attributes:
        quantities: in the order of `electrodes.PROPERTIES`.
        ends: the relaxed cells, the potential's own voltage and volume change.
        charged_above_hull: None where the hull lacks an element.
        discharged_above_hull: the same for the other end.
    """

    quantities: list[Quantity]
    ends: RelaxedEnds
    charged_above_hull: HullDistance | None
    discharged_above_hull: HullDistance | None


def with_potential(
    candidates: Sequence[Candidate],
    working_ion: str | None = None,
    on_progress: Progress | None = None,
    *,
    potential: Potential | None = None,
    folder: Path = FOLDER,
) -> list[ComputedElectrode | Failed]:
    """Computes candidates, in the order given; `Failed` says why one has no result.

    Args:
        candidates: crystals.
        working_ion: for all of them; None for what each of them holds or asks for.
        on_progress: what, done, total; called often, may raise `Cancelled`.
        potential: the shared one if left out.
        folder: of the weights.
    """
    potential = potential or shared_potential()
    states = [_states(candidate, working_ion) for candidate in candidates]
    known = [one for one in states if isinstance(one, States)]
    relaxed = relax_ends(known, potential=potential, on_progress=on_progress)
    done = iter(
        ends if isinstance(ends, Failed) else _computed(ends, potential, folder) for ends in relaxed
    )
    return [next(done) if isinstance(one, States) else Failed(one) for one in states]


def _states(candidate: Candidate, working_ion: str | None) -> States | str:
    asked = ask(candidate, working_ion)
    if isinstance(asked, str):
        return asked
    try:
        return states_of(structure_of(candidate), asked.ends.pair.ion)
    except InvalidRequest as error:
        return str(error)


def _computed(ends: RelaxedEnds, potential: Potential, folder: Path) -> ComputedElectrode:
    model, config = load_model(folder)
    volume = ends.discharged.structure.volume
    pair = ends.states.ends.pair
    answer = model.predict([Question(pair, volume)])  # the mode that the weights belong to
    distances = _above_hull(ends.charged), _above_hull(ends.discharged)
    provenance = Provenance(
        source=f"tools/predictors/{SOURCE}",
        version=VERSION,
        weights=f"{potential.weights}, {weights_id(folder.name, folder)}",
        inputs={
            **described(ends.states.ends),
            "potential_voltage": round(ends.voltage, 3),
            "learned_voltage": round(float(answer.voltage[0]), 3),
            "converged": ends.converged,
            "charged_above_hull": None if distances[0] is None else str(distances[0]),
            "discharged_above_hull": None if distances[1] is None else str(distances[1]),
        },
        reference=REFERENCE,
    )
    quantities = quantities_of(
        ends.states.ends,
        combined(float(answer.voltage[0]), ends.voltage, config["combination"]),
        volume_estimate(ends.volume_change, config["combination"]),
        volume,
        float(answer.domain[0]),
        provenance,
    )
    return ComputedElectrode(quantities, ends, *distances)


def combined(learned: float, computed: float, combination: dict[str, Any] | None) -> Estimate:
    """The voltage from both, with its calibrated interval; the potential's own if not calibrated.

    Args:
        learned: V, of the learned model.
        computed: V, of the potential.
        combination: share, offset and calibration, as training found them.
    """
    if combination is None:
        return Estimate(computed)
    value = learned + combination["share"] * (computed - learned) + combination["offset"]
    calibration = Calibration(**combination["calibration"])
    clue = disagreement(np.array([learned]), np.array([computed]))
    half = float(calibration.half_width(clue)[0])
    return Estimate(value, (value - half, value + half), float(calibration.std(clue)[0]))


def disagreement(learned: np.ndarray, computed: np.ndarray) -> np.ndarray:
    """What foretells the error of the combined voltage, (n, 1)."""
    return np.log(np.abs(learned - computed) + 0.1)[:, None]


def volume_estimate(change: float, combination: dict[str, Any] | None) -> Estimate:
    """The volume change (a fraction) with the interval that known electrodes give it."""
    if combination is None:
        return Estimate(change)
    calibration = Calibration(**combination["volume_calibration"])
    clue = volume_clue(np.array([change]))
    half = float(calibration.half_width(clue)[0])
    interval = (max(0.0, change - half), change + half)
    return Estimate(change, interval, float(calibration.std(clue)[0]))


def volume_clue(change: np.ndarray) -> np.ndarray:
    """What foretells the error of a computed volume change: its size, (n, 1)."""
    return np.log(np.abs(change) + 0.02)[:, None]


def _above_hull(end: Relaxed) -> HullDistance | None:
    composition = end.structure.composition
    try:
        energy = shared_hull().formation_energy(composition, end.energy_per_atom)
        return shared_hull().above(composition, energy)
    except InvalidRequest:
        return None
