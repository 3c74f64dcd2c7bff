"""How hard a molecule or a polymer's repeat unit looks to make, from 1 (easy) to 10 (hard)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Self

from rdkit import Chem

from ionwright.generators.molecules.metrics import _sascorer
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance, Quantity

from .base import Predictor
from .capped import capped_molecule
from .scores import agreement


class SyntheticAccessibility(Predictor):
    """The SA score of Ertl and Schuffenhauer (J. Cheminform. 1, 8, 2009) as RDKit carries it.

    A polymer is scored as one repeat unit whose chain ends carry a hydrogen each: what a chemist
    would have to make before joining. The canonical unit is cut at one place only, so a shifted
    unit has the same score. The score is a heuristic, so it has no interval.
    """

    name = "synthetic_accessibility"
    properties = ("sa_score",)
    materials = ("molecule", "polymer")
    condition = "one repeat unit with hydrogen ends"
    version = "1"

    @classmethod
    def load(cls) -> Self:
        """Nothing to load but RDKit's own table of fragments."""
        return cls()

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """The score of each candidate; none if it cannot be read. Temperature has no effect."""
        provenance = Provenance(
            source=f"tools/predictors/{self.name}",
            version=self.version,
            inputs={"rdkit": Chem.rdBase.rdkitVersion},
            reference="10.1186/1758-2946-1-8",
        )
        return [_quantities(candidate, provenance) for candidate in candidates]

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Agreement with other scores (`sa_score`), for instance a chemist's."""
        predicted = self.predict([candidate for candidate, _ in labelled])
        return agreement("sa_score", predicted, labelled)


def sa_score(text: str, material: str) -> float:
    """The score of a SMILES, or of a PSMILES where `material` is "polymer".

    Raises:
        InvalidRequest: if the text cannot be read.
    """
    return _score(Chem.MolToSmiles(capped_molecule(text, material)))


@lru_cache(maxsize=16_384)
def _score(smiles: str) -> float:
    return float(_sascorer().calculateScore(Chem.MolFromSmiles(smiles)))


def _quantities(candidate: Candidate, provenance: Provenance) -> list[Quantity]:
    if candidate.encoding not in ("smiles", "psmiles"):
        return []
    try:
        value = sa_score(candidate.data, candidate.material)
    except InvalidRequest:
        return []
    return [
        Quantity(
            property="sa_score", value=value, unit="1", method="estimated", provenance=provenance
        )
    ]
