"""The learned model of insertion electrodes: boosted trees on the pair of formulas.

The voltage has two parts. That between the stable mixtures of phases at both compositions depends
on the formulas only and is learned well. What the crystal structures add is exactly the energy of
the charged end above the hull less that of the discharged end; where these are known they are
used, else their expectation is, and that is where most of the error comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ionwright.generators.weights import load_weights, save_weights
from ionwright.knowledge.errors import Damaged

from .conformal import Calibration
from .domain import Domain
from .electrode_features import VOLUMES, names, table_of
from .electrode_redox import Pair
from .tabular import bits_of, clues_of
from .trees import Forest, forest_of

OUTPUTS = (
    "hull_voltage",  # V, between the hulls at both compositions
    "charged_excess",  # energy above the hull, eV for each electron that moves
    "discharged_excess",
    "charged_excess_known",  # the same where that of the other end is known
    "discharged_excess_known",
    "log_volume_change",
)
MODES = ("formulas", "charged", "discharged", "both")  # which energies above the hull are known
LEAST_CHANGE = 0.02  # of the volume: added before the logarithm, which then is not ruled by noise
CLUES = 4  # columns behind the features: excess and energy above the hull of both ends


@dataclass(frozen=True)
class Question:
    """An electrode to predict.

    Attributes:
        pair: both ends.
        volume: of the discharged composition in the pair, A^3.
        charged: energy of the charged end above the hull, eV/atom; None if unknown.
        discharged: energy of the discharged end above the hull, eV/atom; None if unknown.
    """

    pair: Pair
    volume: float
    charged: float | None = None
    discharged: float | None = None

    @property
    def mode(self) -> str:
        """Which of `MODES` it is."""
        known = (self.charged is not None, self.discharged is not None)
        return {(True, True): "both", (True, False): "charged", (False, True): "discharged"}.get(
            known, "formulas"
        )

    @property
    def charged_excess(self) -> float:
        """Energy of the charged end above the hull, eV for each electron; 0 if unknown."""
        return (self.charged or 0.0) * float(self.pair.charged.num_atoms) / self.pair.electrons

    @property
    def discharged_excess(self) -> float:
        """Energy of the discharged end above the hull, eV for each electron; 0 if unknown."""
        atoms = float(self.pair.discharged.num_atoms)
        return (self.discharged or 0.0) * atoms / self.pair.electrons


@dataclass(frozen=True)
class Raw:
    """What the trees say of n electrons, not calibrated yet.

    Attributes:
        voltage: V, of each member (n, members).
        log_change: log of the volume change plus `LEAST_CHANGE`, of each member (n, members).
        similarity: to the training set (n,).
    """

    voltage: np.ndarray
    log_change: np.ndarray
    similarity: np.ndarray

    @property
    def clues(self) -> tuple[np.ndarray, np.ndarray]:
        """What foretells the error of the voltage and of the volume change, (n, 2) each."""
        spreads = self.voltage.std(1), self.log_change.std(1)
        first, second = (clues_of(spread, self.similarity) for spread in spreads)
        return first, second


@dataclass(frozen=True)
class Answer:
    """Predictions for n electrodes, each (n,): V and fractions of the volume, 90 % intervals."""

    voltage: np.ndarray
    voltage_low: np.ndarray
    voltage_high: np.ndarray
    voltage_std: np.ndarray
    change: np.ndarray
    change_low: np.ndarray
    change_high: np.ndarray
    change_std: np.ndarray
    domain: np.ndarray


@dataclass(frozen=True)
class ElectrodeModel:
    """Trees of all outputs, members side by side, the domain, and calibrations by mode.

    Attributes:
        forest: model `output * members + member`.
        members: of the ensemble of each output.
        shifts: added to each output: the mean of its labels.
        domain: the training set.
        calibrations: by mode, and "volume_change".
    """

    forest: Forest
    members: int
    shifts: tuple[float, ...]
    domain: Domain
    calibrations: dict[str, Calibration]

    def raw(self, questions: Sequence[Question]) -> Raw:
        """The members' predictions."""
        out = self.forest.predict(table_with_clues(questions)).astype(float)
        out = out.reshape(len(questions), len(OUTPUTS), self.members)
        similarity = self.domain.similarity(bits_of_pairs([q.pair for q in questions]))
        return assemble(questions, out + np.array(self.shifts)[None, :, None], similarity)

    def predict(self, questions: Sequence[Question]) -> Answer:
        """Values with calibrated intervals."""
        raw = self.raw(questions)
        clues, volume_clues = raw.clues
        value, change = raw.voltage.mean(1), raw.log_change.mean(1)
        half, std = np.empty(len(questions)), np.empty(len(questions))
        for row, question in enumerate(questions):
            calibration = self.calibrations[question.mode]
            half[row : row + 1] = calibration.half_width(clues[row : row + 1])
            std[row : row + 1] = calibration.std(clues[row : row + 1])
        volume = self.calibrations["volume_change"]
        spread = volume.half_width(volume_clues)
        return Answer(
            value, value - half, value + half, std,
            _plain(change), _plain(change - spread), _plain(change + spread),
            volume.std(volume_clues) * (_plain(change) + LEAST_CHANGE),
            self.domain.score(raw.similarity),
        )  # fmt: skip

    def save(self, folder: Path, config: dict[str, Any]) -> None:
        """Writes model.safetensors and config.json."""
        import torch

        arrays = {f"forest.{name}": array for name, array in self.forest.arrays().items()}
        arrays |= {"domain.packed": self.domain.packed, "domain.names": self.domain.names}
        small = {
            "members": self.members,
            "shifts": list(self.shifts),
            "domain_reference": self.domain.reference.tolist(),
            "calibrations": {name: one.as_json() for name, one in self.calibrations.items()},
        }
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
        save_weights(folder, tensors, {**config, **small})


@cache
def load_model(folder: Path) -> tuple[ElectrodeModel, dict[str, Any]]:
    """The model that `ElectrodeModel.save` wrote, and its config.

    Raises:
        Damaged: if a file is missing, does not match its checksum or lacks a part.
    """
    tensors, config = load_weights(folder)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    try:
        forest = {k.removeprefix("forest."): v for k, v in arrays.items() if k.startswith("forest")}
        reference = np.array(config["domain_reference"])
        model = ElectrodeModel(
            forest_of(forest),
            int(config["members"]),
            tuple(config["shifts"]),
            Domain(arrays["domain.packed"], arrays["domain.names"], reference),
            {name: Calibration(**one) for name, one in config["calibrations"].items()},
        )
    except (KeyError, TypeError) as error:
        raise Damaged(f"weights damaged: {folder}: {error!r}; train or install again") from error
    return model, config


def assemble(questions: Sequence[Question], outputs: np.ndarray, similarity: np.ndarray) -> Raw:
    """Voltages from the outputs (n, OUTPUTS, members), with what is known of each question."""
    hull, *guessed, log_change = (outputs[:, i] for i in range(len(OUTPUTS)))
    charged, discharged, charged_known, discharged_known = guessed
    voltage = np.empty_like(hull)
    for row, question in enumerate(questions):
        above, below = charged[row], discharged[row]
        if question.discharged is not None:
            above, below = charged_known[row], question.discharged_excess
        if question.charged is not None:
            above = question.charged_excess
            below = discharged_known[row] if question.discharged is None else below
        voltage[row] = hull[row] + above - below
    return Raw(voltage, log_change, similarity)


def table_with_clues(questions: Sequence[Question]) -> np.ndarray:
    """Features and `CLUES` columns of what is known of the ends' energies."""
    table = table_of([q.pair for q in questions], [q.volume for q in questions])
    known = [
        (q.charged_excess, q.charged or 0.0, q.discharged_excess, q.discharged or 0.0)
        for q in questions
    ]
    return np.hstack([table, np.array(known, dtype=np.float32).reshape(-1, CLUES)])


def masked(table: np.ndarray, output: str) -> np.ndarray:
    """The table with the columns an output must not see set to 0, for training.

    Trees never split on a constant, so that nothing needs to be masked later.
    """
    hidden = table.copy()
    first = len(names())
    if output != "charged_excess_known":
        hidden[:, first + 2 :] = 0
    if output != "discharged_excess_known":
        hidden[:, first : first + 2] = 0
    if output == "hull_voltage":
        hidden[:, [names().index(name) for name in VOLUMES]] = 0
    return hidden


def bits_of_pairs(pairs: Sequence[Pair]) -> np.ndarray:
    """What the discharged ends consist of, as bits for the domain."""
    return bits_of([pair.discharged.element_composition.as_dict() for pair in pairs])


def _plain(log_change: np.ndarray) -> np.ndarray:
    return np.maximum(np.exp(log_change) - LEAST_CHANGE, 0.0)
