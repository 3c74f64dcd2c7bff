"""Formation energy and distance above the hull of known phases, by the embedded potential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ionwright.generators.weights import read_config
from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.phases.reference import Hull, HullDistance, shared_hull
from ionwright.knowledge.records import Candidate, Provenance, Quantity

from .base import Predictor
from .conformal import COVERAGE, Calibration, calibrate
from .potential import Energy, Failed, Potential, shared_potential
from .scores import regression_scores

if TYPE_CHECKING:
    from pymatgen.core import Structure

FOLDER = Path(__file__).parent / "weights" / "stability"
FORMATION, ABOVE = "formation_energy_per_atom", "energy_above_hull"
KNOWN, NEW = f"{ABOVE}, known composition", f"{ABOVE}, new composition"
CALM, WILD = 0.3, 3.0  # eV/angstrom: largest force of a relaxed crystal; of a random one
FEW_PHASES = 4  # known compounds in a system that is half known
_REFERENCE = "10.1038/s42256-023-00716-3"


@dataclass(frozen=True)
class Band:
    """How far the truth lies from a value: quantiles of the signed error over its difficulty."""

    calibration: Calibration
    low: float
    high: float

    def ends(self, value: np.ndarray, clues: np.ndarray) -> tuple[np.ndarray, ...]:
        """Low end, high end and standard deviation, each (n,)."""
        difficulty = self.calibration.difficulty(clues)
        low, high = value + self.low * difficulty, value + self.high * difficulty
        return np.minimum(low, value), np.maximum(high, value), self.calibration.std(clues)

    def as_json(self) -> dict[str, Any]:
        """What `band_from` reads."""
        return {**self.calibration.as_json(), "low": self.low, "high": self.high}


def band_from(document: dict[str, Any]) -> Band:
    """The band of `Band.as_json`."""
    calibration = Calibration(
        tuple(document["weights"]), float(document["quantile"]), float(document["rms"])
    )
    return Band(calibration, float(document["low"]), float(document["high"]))


def fit_band(errors: np.ndarray, clues: np.ndarray) -> Band:
    """Conformal, a tail of 5 % on either side.

    Args:
        errors: truth minus value (n,).
        clues: what may foretell their size (n, clues).
    """
    calibration = calibrate(errors, clues)
    scores = errors / calibration.difficulty(clues)
    tail, n = (1 - COVERAGE) / 2, len(errors)
    upper = min(1.0, np.ceil((n + 1) * (1 - tail)) / n)
    low = float(np.quantile(scores, 1 - upper, method="lower"))
    return Band(calibration, low, float(np.quantile(scores, upper, method="higher")))


@dataclass(frozen=True)
class Assessment:
    """A crystal's energy against known phases.

    Attributes:
        formation_energy: eV/atom.
        distance: above the hull.
        known: whether a phase of the same composition is part of the hull.
        max_force: on an atom, eV/angstrom.
        elements: in the crystal.
    """

    formation_energy: float
    distance: HullDistance
    known: bool
    max_force: float
    elements: int

    @property
    def formation_clues(self) -> list[float]:
        """What foretells the error of the formation energy."""
        return [float(np.log10(0.02 + self.max_force)), float(self.elements)]

    @property
    def distance_clues(self) -> list[float]:
        """What foretells the error of the distance: also how much of the system is known."""
        phases = float(np.log1p(self.distance.n_phases))
        return [*self.formation_clues, phases, min(self.distance.below, 0.5)]

    @property
    def distance_band(self) -> str:
        """Which band holds for the distance: at a new composition phases may be missing."""
        return KNOWN if self.known else NEW

    @property
    def calm(self) -> float:
        """1 for a relaxed crystal, 0 for a random one."""
        return float(np.clip(np.log(WILD / max(self.max_force, 1e-6)) / np.log(WILD / CALM), 0, 1))

    @property
    def charted(self) -> float:
        """How much of the chemical system is known, 0-1."""
        return 1.0 if self.known else self.distance.n_phases / (FEW_PHASES + self.distance.n_phases)


def assess(
    hull: Hull, structure: Structure, point: Energy, *, without_itself: bool = False
) -> Assessment:
    """Puts an energy into perspective.

    Args:
        hull: of known phases.
        structure: that was computed.
        point: its single point.
        without_itself: as if its composition were unknown.

    Raises:
        InvalidRequest: for an element without a reference.
    """
    composition = structure.composition
    energy = hull.formation_energy(composition, point.energy_per_atom)
    return Assessment(
        formation_energy=energy,
        distance=hull.above(composition, energy, without_itself=without_itself),
        known=not without_itself and hull.known(composition) is not None,
        max_force=point.max_force,
        elements=len(composition),
    )


class Stability(Predictor):
    """Energies of the crystal as it is given: relax it first where forces are large.

    The distance is a lower bound, because phases that nobody entered do not compete. Intervals are
    those of crystals outside the potential's training set.
    """

    name = "stability"
    properties = (FORMATION, ABOVE)
    materials = ("crystal",)
    condition = "0 K, the structure as given"
    version = "1"
    weights = FOLDER

    def __init__(self, potential: Potential, hull: Hull, bands: dict[str, Band]) -> None:
        self.potential = potential
        self.hull = hull
        self.bands = bands

    @classmethod
    def load(cls, potential: Potential | None = None) -> Self:
        """With the shared potential and the shipped hull, unless another potential is given.

        Raises:
            Damaged: if the calibration or the hull is missing or damaged.
        """
        return cls(potential or shared_potential(), shared_hull(), _bands())

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """Formation energy and distance of each candidate; none for what cannot be computed."""
        structures = [_structure(candidate) for candidate in candidates]
        points = iter(self.potential.energies([s for s in structures if s]))
        return [self._quantities(s, next(points)) if s else [] for s in structures]

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Scores as `property.figure`, eV/atom."""
        predicted = self.predict([candidate for candidate, _ in labelled])
        scores: dict[str, float] = {}
        for index, key in enumerate(self.properties):
            rows = [
                (labels[key], quantities[index].value, *(quantities[index].interval or ()))
                for (_, labels), quantities in zip(labelled, predicted, strict=True)
                if quantities and key in labels
            ]
            figures = regression_scores(*np.array(rows, dtype=float).reshape(-1, 4).T)
            scores.update({f"{key}.{name}": figure for name, figure in figures.items()})
        return scores

    def interval(self, key: str, assessment: Assessment) -> tuple[float, float, float, float]:
        """Value, low end, high end and standard deviation of a property, eV/atom."""
        is_distance = key == ABOVE
        value = assessment.distance.value if is_distance else assessment.formation_energy
        clues = assessment.distance_clues if is_distance else assessment.formation_clues
        band = self.bands[assessment.distance_band if is_distance else FORMATION]
        low, high, std = band.ends(np.array([value]), np.array([clues]))
        return value, max(low[0], 0.0) if is_distance else low[0], high[0], std[0]

    def _quantities(self, structure: Structure, point: Energy | Failed) -> list[Quantity]:
        if isinstance(point, Failed):
            return []
        try:
            found = assess(self.hull, structure, point)
        except InvalidRequest:
            return []
        domain = {FORMATION: found.calm, ABOVE: found.calm * found.charted}
        return [self._quantity(key, found, domain[key]) for key in self.properties]

    def _quantity(self, key: str, found: Assessment, domain: float) -> Quantity:
        value, low, high, std = self.interval(key, found)
        inputs: dict[str, Any] = {"structure": "as given", "max_force": round(found.max_force, 3)}
        if key == ABOVE:
            parts = [[name, round(share, 3)] for name, share in found.distance.decomposition]
            inputs |= {
                "lower_bound": True,
                "n_phases": found.distance.n_phases,
                "composition_known": found.known,
                "decomposition": parts,
                "says": str(found.distance),
            }
        return Quantity(
            property=key,
            value=float(value),
            unit="eV/atom",
            std=float(std),
            interval=(float(low), float(high)),
            in_domain=domain,
            method="computed",
            provenance=Provenance(
                source=f"tools/predictors/{self.name}",
                version=self.version,
                weights=self.potential.weights,
                inputs=inputs,
                reference=_REFERENCE,
            ),
        )


def _structure(candidate: Candidate) -> Structure | None:
    try:
        return structure_of(candidate)
    except InvalidRequest:
        return None


@cache
def _bands() -> dict[str, Band]:
    config = read_config(FOLDER)
    try:
        return {key: band_from(config[key]) for key in (FORMATION, KNOWN, NEW)}
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"calibration damaged: {FOLDER}: {error}; reinstall ionwright") from error
