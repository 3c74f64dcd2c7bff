"""What follows from the formula alone: the molar mass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import repeat_unit_mol
from ionwright.knowledge.records import Candidate, Provenance, Quantity

from .base import Predictor
from .capped import capped_molecule
from .scores import agreement


class Composition(Predictor):
    """Molar mass of a molecule, or of one canonical repeat unit without chain ends."""

    name = "composition"
    properties = ("molecular_weight",)
    materials = ("molecule", "polymer")
    condition = "of a polymer: one repeat unit"
    version = "1"

    @classmethod
    def load(cls) -> Self:
        """Nothing to load."""
        return cls()

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """The molar mass of each candidate in g/mol; none if it cannot be read."""
        provenance = Provenance(
            source=f"tools/predictors/{self.name}",
            version=self.version,
            inputs={"rdkit": Chem.rdBase.rdkitVersion},
        )
        return [_quantities(candidate, provenance) for candidate in candidates]

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Agreement with known molar masses (`molecular_weight`, g/mol)."""
        predicted = self.predict([candidate for candidate, _ in labelled])
        return agreement("molecular_weight", predicted, labelled)


def molar_mass(text: str, material: str) -> float:
    """g/mol of a SMILES, or of one repeat unit of a PSMILES where `material` is "polymer".

    Raises:
        InvalidRequest: if the text cannot be read.
    """
    if material == "polymer":
        # the dummy atoms at the ends weigh nothing
        return float(rdMolDescriptors._CalcMolWt(repeat_unit_mol(text)))
    return float(rdMolDescriptors._CalcMolWt(capped_molecule(text, material)))


def _quantities(candidate: Candidate, provenance: Provenance) -> list[Quantity]:
    if candidate.encoding not in ("smiles", "psmiles"):
        return []
    try:
        mass = molar_mass(candidate.data, candidate.material)
    except InvalidRequest:
        return []
    return [
        Quantity(
            property="molecular_weight",
            value=mass,
            unit="g/mol",
            method="computed",
            provenance=provenance,
        )
    ]
