"""Ion transport in polymer electrolytes from the repeat unit alone.

Learned from the molecular dynamics of htp_md (LiTFSI, 1.5 mol per kg of polymer, 353 K): what is
predicted is what that simulation protocol would give. The card beside the weights says how well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, Self

import numpy as np

from ionwright.generators.weights import weights_id
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import canonical_psmiles
from ionwright.knowledge.records import Candidate, Provenance, Quantity
from ionwright.knowledge.vocabulary import property_of

from .base import Predictor
from .polymer_model import LOGARITHMIC, TARGETS, Features, TransportModel, features_of, load_model
from .scores import regression_scores

TEMPERATURE = 353.0  # K, of the simulations
TOLERANCE = 3.0  # K; conductivity changes by less than the interval over this
FOLDER = Path(__file__).parent / "weights"
Variant = Literal["product", "judge"]
_FOLDERS: dict[str, str] = {"product": "polymer_transport", "judge": "polymer_transport_judge"}
_REFERENCE = "10.1038/s41467-022-30994-1"  # the simulations of the training data


class PolymerTransport(Predictor):
    """Conductivity, transference number and diffusivities with calibrated 90 % intervals.

    The labels of the transference number count ion clusters and are negative for a third of the
    polymers; values and intervals are cut to 0-1, so that an interval from 0 also means "below".
    """

    name = "polymer_transport"
    properties = TARGETS
    materials = ("polymer",)
    condition = "LiTFSI 1.5 mol/kg, 353 K"
    version = "1"
    weights = FOLDER / "polymer_transport"

    def __init__(self, model: TransportModel, weights_id: str) -> None:
        self._model = model
        self._weights_id = weights_id

    @classmethod
    def load(cls, variant: Variant | Path = "product") -> Self:
        """The shipped predictor; "judge" is the one trained on a disjoint part of the data.

        Args:
            variant: "product", "judge" or a folder with weights of one's own.

        Raises:
            Damaged: if weights are missing or do not match their checksum.
        """
        folder = variant if isinstance(variant, Path) else _shipped(variant)
        return cls(*_loaded(folder))

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """Quantities of each candidate in the order of `properties`; none if it is no polymer.

        Raises:
            InvalidRequest: for a temperature other than that of the data.
        """
        _check_temperature(temperature)
        found = [_features(candidate) for candidate in candidates]
        known = [features for features in found if features is not None]
        rows = iter(self._quantities(known) if known else [])
        return [[] if features is None else next(rows) for features in found]

    def predict_arrays(
        self, psmiles: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """For many valid repeat units: value, low, high, each (n, properties), and in_domain (n,).

        Raises:
            InvalidRequest: if one of them is no repeat unit.
        """
        return self.predict_features([features_of(canonical_psmiles(text)) for text in psmiles])

    def predict_features(
        self, features: Sequence[Features]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """As `predict_arrays`, from features that are at hand."""
        if not features:
            empty = np.zeros((0, len(TARGETS)))
            return empty, empty, empty, np.zeros(0)
        value, low, high, _, domain = self._calibrated(features)
        return value, low, high, domain

    def nearest(self, psmiles: str, n: int = 5) -> list[tuple[int, float]]:
        """The nearest training polymers, as (`psmiles_hash`, Tanimoto similarity), best first.

        Raises:
            InvalidRequest: if it is no repeat unit.
        """
        features = features_of(canonical_psmiles(psmiles))
        return self._model.domain.nearest(features.bits[None], n)[0]

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Scores as `property.figure`, in log10 units (transference number: plain).

        Labels are in canonical units; those of the transference number are cut to 0-1 as the
        predictions are.
        """
        predicted = self.predict([candidate for candidate, _ in labelled])
        scores: dict[str, float] = {}
        for index, key in enumerate(TARGETS):
            rows = [
                (labels[key], quantities[index].value, *(quantities[index].interval or ()))
                for (_, labels), quantities in zip(labelled, predicted, strict=True)
                if quantities and key in labels
            ]
            table = np.array(rows, dtype=float).reshape(-1, 4)
            table = np.log10(table) if LOGARITHMIC[index] else np.clip(table, 0, 1)
            figures = regression_scores(*table.T)
            scores.update({f"{key}.{name}": figure for name, figure in figures.items()})
        return scores

    def _calibrated(self, features: Sequence[Features]) -> tuple[np.ndarray, ...]:
        """Value, low, high, std (n, targets) in canonical units, and in_domain (n,)."""
        raw = self._model.predict(features)
        half, std = np.empty_like(raw.value), np.empty_like(raw.value)
        for index, calibration in enumerate(self._model.calibration):
            half[:, index] = calibration.half_width(raw.clues[:, index])
            std[:, index] = calibration.std(raw.clues[:, index])
        low, high = _physical(raw.value - half), _physical(raw.value + half)
        value = _physical(raw.value)
        # a small error of log10 y is an error of y ln 10 times that
        scale = np.where(LOGARITHMIC, value * np.log(10), 1.0)
        return value, low, high, std * scale, self._model.domain.score(raw.similarity)

    def _quantities(self, features: Sequence[Features]) -> list[list[Quantity]]:
        columns = self._calibrated(features)
        provenance = Provenance(
            source=f"tools/predictors/{self.name}",
            version=self.version,
            weights=self._weights_id,
            inputs={"condition": self.condition},
            reference=_REFERENCE,
        )
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [
            [
                Quantity(
                    property=key,
                    value=value[i],
                    unit=property_of(key).unit_for("polymer"),
                    std=std[i],
                    interval=(low[i], high[i]),
                    in_domain=domain,
                    method="predicted",
                    temperature=TEMPERATURE,
                    provenance=provenance,
                )
                for i, key in enumerate(TARGETS)
            ]
            for value, low, high, std, domain in rows
        ]


def _physical(values: np.ndarray) -> np.ndarray:
    """From log10 to canonical units; the transference number cut to 0-1."""
    logs = np.clip(values, -30, 30)
    return np.where(LOGARITHMIC, 10.0**logs, np.clip(values, 0, 1))


def _features(candidate: Candidate) -> Features | None:
    if candidate.material != "polymer" or candidate.encoding not in ("psmiles", "smiles"):
        return None
    try:
        return features_of(canonical_psmiles(candidate.data))
    except InvalidRequest:
        return None


def _check_temperature(temperature: float | None) -> None:
    if temperature is not None and not abs(temperature - TEMPERATURE) <= TOLERANCE:
        raise InvalidRequest(
            f"polymer_transport knows {TEMPERATURE:g} K only (within {TOLERANCE:g} K), "
            f"not {temperature:g} K; leave the temperature out or give {TEMPERATURE:g}"
        )


def _shipped(variant: str) -> Path:
    if variant not in _FOLDERS:
        raise InvalidRequest(f"unknown variant {variant!r}; allowed: {', '.join(_FOLDERS)}")
    return FOLDER / _FOLDERS[variant]


@cache
def _loaded(folder: Path) -> tuple[TransportModel, str]:
    model, _ = load_model(folder)
    return model, weights_id(folder.name, folder)
