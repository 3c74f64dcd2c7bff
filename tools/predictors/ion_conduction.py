"""How well a crystal conducts lithium ions: conductivity learned, barrier computed.

Conductivity is learned from measured room-temperature values (OBELiX) and reads the composition
alone: with so few crystals the atoms' places did not help (see the card). The barrier is that of
the bond valence landscape and reads the places alone. Each is an order-of-magnitude statement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from ionwright.generators.weights import weights_id
from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance, Quantity

from .base import Predictor
from .bond_valence import Landscape, landscape
from .crystal_features import anions_of, composition_features
from .scores import regression_scores
from .tabular import TabularModel, bits_of, load_tabular

FOLDER = Path(__file__).parent / "weights" / "ion_conduction"
TEMPERATURE = 298.15  # K; "room temperature" of the measurements
TOLERANCE = 10.0  # K; less than the doubt changes over this
IONS = ("Li", "Na")
BOLTZMANN = 8.617333e-5  # eV/K
TRANSFER_DOMAIN = 0.1  # the highest domain score of a sodium conductor: none was learned from
_SHORT_OF_ALL = 1e-16  # S/cm; the vocabulary's lowest conductivity
_REFERENCE = "10.48550/arXiv.2502.14234"  # OBELiX
_BARRIER_REFERENCE = "10.1107/S2052520618015718"  # the bond valence landscape

Amounts = Mapping[str, float]


class IonConduction(Predictor):
    """Conductivity and activation energy with 90 % intervals, and the bond valence barrier.

    Sodium conductors are read as if sodium were lithium; this is a transfer, said so in the
    provenance, by a domain score of at most 0.1 and by an interval of many decades.
    """

    name = "ion_conduction"
    properties = ("ionic_conductivity", "activation_energy", "migration_barrier")
    materials = ("crystal",)
    condition = "room temperature; bulk or total conductivity of pellets as published"
    version = "1"
    weights = FOLDER

    def __init__(self, model: TabularModel, config: dict[str, Any], weights: str) -> None:
        self._model = model
        self._shift = float(config["shift"])
        self._narrowest = float(config["narrowest"])
        self._prefactor = config["prefactor"]
        self._transfer = float(config["transfer"]["half_width"])
        self._weights_id = weights
        self._with_barrier = True

    def for_screening(self) -> IonConduction:
        """Without the barrier, which takes up to a second a crystal."""
        quick = copy(self)
        quick._with_barrier = False
        return quick

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Self:
        """The shipped predictor, or that of a folder with weights of one's own.

        Raises:
            Damaged: if weights are missing or do not match their checksum.
        """
        return cls(*load_tabular(folder), weights_id(folder.name, folder))

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """Quantities of each candidate; none for what holds neither Li nor Na, or no anion.

        Raises:
            InvalidRequest: for a temperature other than room temperature.
        """
        _check_temperature(temperature)
        found = [_read(candidate) for candidate in candidates]
        known = [amounts for amounts in found if amounts is not None]
        rows = iter(self._learned(known))
        return [
            [] if amounts is None else [*next(rows), *self._barrier(candidate, amounts)]
            for candidate, amounts in zip(candidates, found, strict=True)
        ]

    def predict_compositions(
        self, amounts: Sequence[Amounts]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """log10 of the conductivity in S/cm, half-width of its 90 % interval, domain; each (n,).

        Args:
            amounts: element symbol -> amount; each with Li or Na.
        """
        if not amounts:
            return np.zeros(0), np.zeros(0), np.zeros(0)
        read = [as_lithium(one) for one in amounts]
        raw = self._model.predict(composition_features(read), bits_of(read))
        half = np.maximum(self._model.calibration.half_width(raw.clues), self._narrowest)
        domain = self._model.domain.score(raw.similarity)
        transfer = np.array([working_ion(one) != "Li" for one in amounts])
        half = np.where(transfer, np.maximum(half, self._transfer), half)
        domain = np.where(transfer, np.minimum(domain, TRANSFER_DOMAIN), domain)
        return raw.value + self._shift, half, domain

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Scores as `property.figure`; of the conductivity in log10 units, the others in eV."""
        predicted = self.predict([candidate for candidate, _ in labelled])
        scores: dict[str, float] = {}
        for key in self.properties:
            rows = [
                (labels[key], found.value, *(found.interval or (np.nan, np.nan)))
                for (_, labels), quantities in zip(labelled, predicted, strict=True)
                for found in quantities
                if found.property == key and key in labels
            ]
            truth, value, low, high = np.array(rows, dtype=float).reshape(-1, 4).T
            if key == "ionic_conductivity":
                truth, value, low, high = (np.log10(x) for x in (truth, value, low, high))
            ends = () if np.isnan(low).any() else (low, high)
            figures = regression_scores(truth, value, *ends)
            scores.update({f"{key}.{name}": figure for name, figure in figures.items()})
        return scores

    def _learned(self, amounts: Sequence[Amounts]) -> list[list[Quantity]]:
        columns = self.predict_compositions(amounts)
        return [
            [
                self._conductivity(log, half, domain, one),
                self._activation_energy(log, half, domain, one),
            ]
            for one, log, half, domain in zip(
                amounts, *(column.tolist() for column in columns), strict=True
            )
        ]

    def _conductivity(self, log: float, half: float, domain: float, one: Amounts) -> Quantity:
        low, value, high = (max(10.0**x, _SHORT_OF_ALL) for x in (log - half, log, log + half))
        return Quantity(
            property="ionic_conductivity",
            value=value,
            unit="S/cm",
            interval=(low, high),
            in_domain=domain,
            method="predicted",
            temperature=TEMPERATURE,
            provenance=self._provenance(one, {"condition": self.condition, "reads": "composition"}),
        )

    def _activation_energy(self, log: float, half: float, domain: float, one: Amounts) -> Quantity:
        """From the conductivity by Arrhenius with the typical prefactor of fast conductors."""
        typical, spread = self._prefactor["log10_mean"], self._prefactor["log10_std"]
        scale = BOLTZMANN * TEMPERATURE * math.log(10)
        value = activation_energy(log, typical)
        width = scale * math.hypot(half, 1.645 * spread)
        inputs = {
            "from": "predicted conductivity and a typical prefactor",
            "prefactor": f"10^{typical:.1f} S K/cm within 10^{spread:.1f}, "
            f"from {self._prefactor['n']} published conductors",
        }
        return Quantity(
            property="activation_energy",
            value=max(value, 0.01),
            unit="eV",
            interval=(max(value - width, 0.01), max(value + width, 0.02)),
            in_domain=domain,
            method="estimated",
            temperature=TEMPERATURE,
            provenance=self._provenance(one, inputs),
        )

    def _barrier(self, candidate: Candidate, amounts: Amounts) -> list[Quantity]:
        if not self._with_barrier:
            return []
        ion = working_ion(amounts)
        found = _landscape(candidate.data, str(ion))
        if found is None or not math.isfinite(found.barriers[0]):
            return []
        provenance = Provenance(
            source=f"tools/predictors/{self.name}",
            version=self.version,
            inputs={"model": "bond valence site energy", **barrier_inputs(found)},
            reference=_BARRIER_REFERENCE,
        )
        return [
            Quantity(
                property="migration_barrier",
                value=max(found.barriers[0], 0.01),
                unit="eV",
                method="computed",
                provenance=provenance,
            )
        ]

    def _provenance(self, amounts: Amounts, inputs: dict[str, Any]) -> Provenance:
        if working_ion(amounts) != "Li":
            inputs = {**inputs, "transfer": "no sodium conductor was learned from: Na read as Li"}
        return Provenance(
            source=f"tools/predictors/{self.name}",
            version=self.version,
            weights=self._weights_id,
            inputs=inputs,
            reference=_REFERENCE,
        )


def activation_energy(log_conductivity: float, log_prefactor: float) -> float:
    """eV, from sigma T = prefactor exp(-E / kT) at room temperature; both as log10."""
    decades = log_prefactor - log_conductivity - math.log10(TEMPERATURE)
    return BOLTZMANN * TEMPERATURE * math.log(10) * decades


def barrier_inputs(found: Landscape) -> dict[str, Any]:
    """What a landscape says beside its lowest barrier, for the provenance."""
    finite = [round(b, 3) if math.isfinite(b) else None for b in found.barriers]
    return {
        "ion": found.ion,
        "barrier_1d": finite[0],
        "barrier_2d": finite[1],
        "barrier_3d": finite[2],
        "percolating": found.dimensionality(),
        "bottleneck": round(found.bottleneck, 2),
    }


def working_ion(amounts: Amounts) -> str | None:
    """The ion that is taken to move: Li before Na; None if there is neither."""
    return next((ion for ion in IONS if amounts.get(ion)), None)


@cache
def shared_conduction() -> IonConduction:
    """The shipped predictor, loaded once."""
    return IonConduction.load()


def as_lithium(amounts: Amounts) -> Amounts:
    """The composition with sodium as lithium, unless it holds lithium."""
    if working_ion(amounts) == "Li":
        return amounts
    return {("Li" if symbol == "Na" else symbol): n for symbol, n in amounts.items()}


def _read(candidate: Candidate) -> Amounts | None:
    try:
        composition = structure_of(candidate).composition
    except InvalidRequest:
        return None
    amounts = {element.symbol: float(n) for element, n in composition.items()}
    return amounts if working_ion(amounts) and anions_of(amounts) else None


@lru_cache(maxsize=4096)
def _landscape(cif: str, ion: str) -> Landscape | None:
    from ionwright.knowledge.crystals import structure_from_text

    try:
        return landscape(structure_from_text(cif, "cif"), ion)
    except InvalidRequest:
        return None


def _check_temperature(temperature: float | None) -> None:
    if temperature is not None and not abs(temperature - TEMPERATURE) <= TOLERANCE:
        raise InvalidRequest(
            f"ion_conduction knows room temperature only ({TEMPERATURE:g} K within "
            f"{TOLERANCE:g} K), not {temperature:g} K; leave the temperature out"
        )
