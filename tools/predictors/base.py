"""What every predictor offers: predict with interval and domain, and evaluate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import ClassVar, Self

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, CandidateMaterial, Quantity


class Predictor(ABC):
    """Predicts one or more properties of candidates, with a 90 % interval and a domain score."""

    name: ClassVar[str]
    properties: ClassVar[tuple[str, ...]]
    materials: ClassVar[tuple[CandidateMaterial, ...]]
    condition: ClassVar[str] = ""  # what the values hold for, in words ("LiTFSI 1.5 m, 353 K")
    seconds: ClassVar[float] = 0.005  # one core's time for one candidate, roughly

    @classmethod
    @abstractmethod
    def load(cls) -> Self:
        """The predictor with its shipped weights."""

    @classmethod
    def shared(cls) -> Predictor:
        """One loaded instance for the whole process."""
        return _loaded(cls)

    def for_ion(self, ion: str) -> Predictor:
        """The predictor for this working ion; itself where the ion plays no part."""
        return self

    def for_screening(self) -> Predictor:
        """The predictor without what takes more than milliseconds; itself where nothing does."""
        return self

    @abstractmethod
    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """For each candidate its quantities, in the order of `properties`; empty if it has none.

        Args:
            candidates: of a material in `materials`.
            temperature: in K; None for the predictor's own condition.

        Raises:
            InvalidRequest: for a temperature that the predictor does not cover.
        """

    @abstractmethod
    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """MAE, R2, rank correlation, coverage of the interval and n on labelled candidates."""


@cache
def _loaded(cls: type[Predictor]) -> Predictor:
    return cls.load()


def predictors() -> list[type[Predictor]]:
    """All installed predictors, ours and third parties', by name."""
    found = entry_points(group="ionwright.predictors")
    return [entry.load() for entry in sorted(found, key=lambda entry: entry.name)]


def predictor_for(key: str, material: str) -> type[Predictor]:
    """The predictor of a property of a kind of material.

    Raises:
        InvalidRequest: if there is none; the message lists what can be predicted.
    """
    for predictor in predictors():
        if key in predictor.properties and material in predictor.materials:
            return predictor
    able = sorted({k for p in predictors() if material in p.materials for k in p.properties})
    raise InvalidRequest(
        f"cannot predict {key!r} of a {material}; can predict: {', '.join(able) or 'nothing yet'}"
    )
