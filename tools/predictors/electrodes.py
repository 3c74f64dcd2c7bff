"""Insertion electrodes from a crystal alone: voltage, capacities, energy densities, volume change.

Fast enough for screening: the capacity follows from the redox limit of the formula, voltage and
volume change from a learned model. `electrodes_relaxed` computes finalists with the potential. The
card beside the weights says how well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from ionwright.generators.weights import weights_id
from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Method, Provenance, Quantity
from ionwright.knowledge.vocabulary import WORKING_IONS, property_of

from .base import Predictor
from .electrode_model import Answer, ElectrodeModel, Question, load_model
from .electrode_redox import ION_CHARGE, Ends, ends_of, redox_of
from .scores import regression_scores

if TYPE_CHECKING:
    from pydantic import JsonValue
    from pymatgen.core import Composition

FOLDER = Path(__file__).parent / "weights" / "insertion_electrode"
PROPERTIES = (
    "average_voltage", "capacity_grav", "capacity_vol", "energy_grav", "energy_vol",
    "max_delta_volume",
)  # fmt: skip
REFERENCE = "10.1103/PhysRevB.82.075122"  # the high-throughput voltages behind the table


@dataclass(frozen=True)
class Estimate:
    """A value with what is known of its doubt."""

    value: float
    interval: tuple[float, float] | None = None
    std: float | None = None
    method: Method = "computed"

    def times(self, factor: float) -> Estimate:
        """Scaled, with its doubt."""
        low, high = self.interval or (0.0, 0.0)
        interval = (low * factor, high * factor) if self.interval else None
        std = self.std * factor if self.std else None
        return Estimate(self.value * factor, interval, std, self.method)


@dataclass(frozen=True)
class Asked:
    """A candidate that is an electrode.

    Attributes:
        ends: its two compositions, in the amounts of its cell.
        volume: of its cell, A^3.
        question: for the learned model.
    """

    ends: Ends
    volume: float
    question: Question


class InsertionElectrode(Predictor):
    """The learned screen.

    Args:
        model: the learned model.
        weights_id: for provenance.
        working_ion: for all candidates; None for what each of them holds or asks for.
    """

    name = "insertion_electrode"
    properties = PROPERTIES
    materials = ("crystal",)
    condition = "0 K, voltage against the working ion's metal, per discharged material"
    version = "1"
    weights = FOLDER

    def __init__(
        self, model: ElectrodeModel, weights_id: str, working_ion: str | None = None
    ) -> None:
        self._model = model
        self._weights_id = weights_id
        self.working_ion = working_ion

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Self:
        """The shipped predictor.

        Raises:
            Damaged: if weights are missing or do not match their checksum.
        """
        return cls(*_loaded(folder))

    def for_ion(self, working_ion: str | None) -> InsertionElectrode:
        """The same predictor for another working ion.

        Raises:
            InvalidRequest: if the ion is unknown.
        """
        if working_ion is not None and working_ion not in WORKING_IONS:
            allowed = ", ".join(WORKING_IONS)
            raise InvalidRequest(f"unknown working ion {working_ion!r}; allowed: {allowed}")
        return InsertionElectrode(self._model, self._weights_id, working_ion)

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """Quantities of each candidate in the order of `properties`; none if it is no electrode.

        `reason` says why there are none. A crystal whose `energy_above_hull` is among its
        quantities gets a sharper voltage. Temperature has no effect.
        """
        asked = [self._asked(candidate) for candidate in candidates]
        known = [one for one in asked if isinstance(one, Asked)]
        found = iter(self._quantities(known) if known else [])
        return [next(found) if isinstance(one, Asked) else [] for one in asked]

    def reason(self, candidate: Candidate) -> str:
        """Why a candidate has no quantities; empty if it has."""
        asked = self._asked(candidate)
        return asked if isinstance(asked, str) else ""

    def predict_questions(self, questions: Sequence[Question]) -> Answer:
        """Voltage and volume change for pairs of formulas, without a crystal."""
        return self._model.predict(questions)

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Scores as `property.figure` in canonical units."""
        predicted = self.predict([candidate for candidate, _ in labelled])
        scores: dict[str, float] = {}
        for index, key in enumerate(self.properties):
            rows = [
                (labels[key], quantities[index].value, *_limits(quantities[index]))
                for (_, labels), quantities in zip(labelled, predicted, strict=True)
                if quantities and key in labels
            ]
            figures = regression_scores(*np.array(rows, dtype=float).reshape(-1, 4).T)
            scores.update({f"{key}.{name}": figure for name, figure in figures.items()})
        return scores

    def _asked(self, candidate: Candidate) -> Asked | str:
        return ask(candidate, self.working_ion)

    def _quantities(self, asked: Sequence[Asked]) -> list[list[Quantity]]:
        answer = self._model.predict([one.question for one in asked])
        return [self._quantities_of(one, answer, row) for row, one in enumerate(asked)]

    def _quantities_of(self, asked: Asked, answer: Answer, row: int) -> list[Quantity]:
        voltage = Estimate(
            float(answer.voltage[row]),
            (float(answer.voltage_low[row]), float(answer.voltage_high[row])),
            float(answer.voltage_std[row]),
            "predicted",
        )
        change = Estimate(
            float(answer.change[row]),
            (float(answer.change_low[row]), float(answer.change_high[row])),
            float(answer.change_std[row]),
            "predicted",
        )
        known = {"energies_above_hull_known": asked.question.mode}
        provenance = Provenance(
            source=f"tools/predictors/{self.name}",
            version=self.version,
            weights=self._weights_id,
            inputs={**described(asked.ends), **known},
            reference=REFERENCE,
        )
        volume = asked.volume * (1.0 if asked.ends.is_discharged else 1.0 + change.value)
        domain = float(answer.domain[row])
        return quantities_of(asked.ends, voltage, change, volume, domain, provenance)


def ask(candidate: Candidate, working_ion: str | None) -> Asked | str:
    """What is to be predicted of a candidate, or why nothing can be."""
    if candidate.material != "crystal":
        return f"{candidate.id} is a {candidate.material}, not a crystal"
    wished = working_ion or candidate.provenance.inputs.get("working_ion")
    try:
        structure = structure_of(candidate)
        composition = structure.composition.element_composition
        ends = ends_of(composition, str(wished) if wished else None)
    except InvalidRequest as error:
        return str(error)
    stability = candidate.quantity("energy_above_hull")
    energy = max(0.0, stability.value) if stability else None
    known = (None, energy) if ends.is_discharged else (energy, None)
    return Asked(ends, structure.volume, Question(ends.pair, structure.volume, *known))


def quantities_of(
    ends: Ends,
    voltage: Estimate,
    change: Estimate,
    volume: float,
    domain: float | None,
    provenance: Provenance,
) -> list[Quantity]:
    """All quantities, in the order of `PROPERTIES`.

    Args:
        ends: the two compositions.
        voltage: V.
        change: of the volume, a fraction.
        volume: of the discharged end in A^3, for the composition in `ends`.
        domain: 0-1.
        provenance: of all of them.
    """
    grav = ends.pair.capacity_grav
    vol = ends.pair.capacity_vol(volume)
    estimates = {
        "average_voltage": voltage,
        "capacity_grav": Estimate(grav),
        "capacity_vol": Estimate(vol),
        "energy_grav": voltage.times(grav),
        "energy_vol": voltage.times(vol),
        "max_delta_volume": change.times(100),
    }
    charge = ION_CHARGE[ends.pair.ion]
    couple = f"{ends.pair.ion}/{ends.pair.ion}{charge if charge > 1 else ''}+"
    return [
        Quantity(
            property=key,
            value=estimate.value,
            unit=property_of(key).unit_for("crystal"),
            std=estimate.std,
            interval=estimate.interval,
            in_domain=domain,
            method=estimate.method,
            reference_electrode=couple if key == "average_voltage" else None,
            provenance=provenance,
        )
        for key, estimate in estimates.items()
    ]


def described(ends: Ends) -> dict[str, JsonValue]:
    """What was assumed of an electrode, for provenance."""
    charged, discharged = redox_of(ends.pair.charged), redox_of(ends.pair.discharged)
    _, units = ends.pair.discharged.get_reduced_composition_and_factor()
    return {
        "working_ion": ends.pair.ion,
        "ions_moved_per_formula": round(ends.pair.moved / units, 4),
        "charged_formula": _formula(ends.pair.charged),
        "discharged_formula": _formula(ends.pair.discharged),
        "crystal_is": "discharged" if ends.is_discharged else "charged",
        "oxidation_states_charged": {**charged.states()},
        "oxidation_states_discharged": {**discharged.states()},
        "capacity_basis": "redox limit, per discharged material",
        "notes": list(ends.notes),
    }


def _formula(composition: Composition) -> str:
    rounded = {el: round(float(n), 4) for el, n in composition.items()}
    return type(composition)(rounded).reduced_formula


def _limits(quantity: Quantity) -> tuple[float, float]:
    return quantity.interval or (quantity.value, quantity.value)


@cache
def _loaded(folder: Path) -> tuple[ElectrodeModel, str]:
    model, _ = load_model(folder)
    return model, weights_id(folder.name, folder)
