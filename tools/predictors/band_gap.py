"""Band gap of a crystal, as PBE would give it: learned from composition and cheap cell figures.

PBE gaps fall short of experiment by about 40 %. A first set of trees says whether there is a gap
at all, a second how wide it is; the value is the width where a gap is likelier than not, else 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from ionwright.generators.weights import weights_id
from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance, Quantity

from .base import Predictor
from .conformal import Calibration
from .crystal_features import composition_features, structure_features
from .scores import regression_scores
from .tabular import TabularModel, bits_of, load_tabular

if TYPE_CHECKING:
    from pymatgen.core import Structure

FOLDER = Path(__file__).parent / "weights" / "band_gap"
METAL = 0.05  # eV; smaller gaps count as none
INSULATOR = 3.0  # eV; PBE gaps from here on count as insulating
SURE = 0.05  # probability of a gap below which a crystal is a metal for certain
SHRINK = "PBE gap, underestimates experiment by about 40 %"
_REFERENCE = "Materials Project (CC-BY 4.0)"
Kind = Literal["metal", "semiconductor", "insulator"]


def features_of(structures: Sequence[Structure]) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, columns) and domain bits (n, BITS) of crystals."""
    amounts = [
        {element.symbol: float(n) for element, n in one.composition.items()} for one in structures
    ]
    cells = np.stack([structure_features(one, None)[:7] for one in structures])
    return np.hstack([composition_features(amounts), cells]), bits_of(amounts)


class BandGap(Predictor):
    """The PBE band gap with a 90 % interval."""

    name = "band_gap"
    properties = ("band_gap",)
    materials = ("crystal",)
    condition = SHRINK
    version = "1"
    weights = FOLDER

    def __init__(self, gate: TabularModel, width: TabularModel, config: dict[str, Any]) -> None:
        self._gate, self._width = gate, width
        self._shift = float(config["shift"])
        self._weights_id = config["weights_id"]

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Self:
        """The shipped predictor, or that of a folder with weights of one's own.

        Raises:
            Damaged: if weights are missing or do not match their checksum.
        """
        gate, _ = load_tabular(folder.with_name(f"{folder.name}_gate"))
        width, config = load_tabular(folder)
        weights = weights_id(folder.name, folder)
        return cls(gate, width, {**config, "weights_id": weights})

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """The gap of each candidate; none where it cannot be read. Holds for 0 K."""
        found = [_structure(candidate) for candidate in candidates]
        known = [one for one in found if one is not None]
        rows = iter(self._quantities(known) if known else [])
        return [[] if one is None else [next(rows)] for one in found]

    def predict_arrays(
        self, features: np.ndarray, bits: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Gap, low, high (eV), probability of a gap, and domain; each (n,)."""
        chance = probability(self._gate.predict(features, bits).value)
        columns = np.hstack([features, chance[:, None]]).astype(np.float32)
        raw = self._width.predict(columns, bits)
        value = np.where(chance < 0.5, 0.0, np.maximum(raw.value + self._shift, 0.0))
        half = half_width(self._width.calibration, raw.clues, chance)
        low, high = np.maximum(value - half, 0), value + half
        return value, low, high, chance, self._width.domain.score(raw.similarity)

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Scores in eV, as `band_gap.figure`."""
        rows = []
        for (_, labels), quantities in zip(
            labelled, self.predict([candidate for candidate, _ in labelled]), strict=True
        ):
            if quantities and "band_gap" in labels:
                rows.append(
                    (labels["band_gap"], quantities[0].value, *(quantities[0].interval or ()))
                )
        scores = regression_scores(*np.array(rows, dtype=float).reshape(-1, 4).T)
        return {f"band_gap.{name}": figure for name, figure in scores.items()}

    def _quantities(self, structures: Sequence[Structure]) -> list[Quantity]:
        columns = self.predict_arrays(*features_of(structures))
        return [
            Quantity(
                property="band_gap",
                value=value,
                unit="eV",
                interval=(low, high),
                in_domain=domain,
                method="predicted",
                provenance=Provenance(
                    source=f"tools/predictors/{self.name}",
                    version=self.version,
                    weights=self._weights_id,
                    inputs={
                        "condition": self.condition,
                        "class": kind_of(value),
                        "probability_of_a_gap": round(chance, 3),
                    },
                    reference=_REFERENCE,
                ),
            )
            for value, low, high, chance, domain in zip(
                *(column.tolist() for column in columns), strict=True
            )
        ]


def probability(logit: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-np.clip(logit, -30, 30)))


def half_width(calibration: Calibration, clues: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Of the 90 % interval in eV (n,); `METAL` for sure metals, of which over 90 % have no gap.

    Calibrating both kinds together would let the many metals pay for the few open gaps.
    """
    half = calibration.half_width(clues_of(clues, chance))
    return np.where(chance < SURE, METAL, half)


def clues_of(clues: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """The model's clues, how undecided the gate is, and whether it says metal; (n, 4)."""
    return np.column_stack([clues, 4 * chance * (1 - chance), chance < 0.5])


def kind_of(gap: float) -> Kind:
    """The class of a PBE gap in eV."""
    return "metal" if gap < METAL else "semiconductor" if gap < INSULATOR else "insulator"


def _structure(candidate: Candidate) -> Structure | None:
    try:
        return structure_of(candidate)
    except InvalidRequest:
        return None
