"""One molecule that stands for a candidate: itself, or a polymer's repeat unit with closed ends."""

from __future__ import annotations

from rdkit import Chem, rdBase

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import canonical_psmiles


def capped_molecule(text: str, material: str) -> Chem.Mol:
    """The molecule of a SMILES, or the canonical repeat unit with hydrogen at both ends.

    Args:
        text: SMILES, or PSMILES where `material` is "polymer".
        material: "molecule" or "polymer".

    Raises:
        InvalidRequest: if the text cannot be read as such.
    """
    unit: Chem.Mol | None
    if material == "polymer":
        canonical = canonical_psmiles(text)
        # an end with a double or triple bond cannot take hydrogen
        end = "C" if canonical[3] in "=#" else "[H]"
        unit = Chem.MolFromSmiles(canonical.replace("[*]", end))
    else:
        unit = _molecule(text)
    if unit is None or unit.GetNumAtoms() == 0:
        raise InvalidRequest(f"cannot read {text[:60]!r} as a {material}")
    return unit


def _molecule(text: str) -> Chem.Mol | None:
    try:
        with rdBase.BlockLogs():
            mol = Chem.MolFromSmiles(text)
    except UnicodeEncodeError:  # lone surrogates cannot reach the C++ side
        return None
    has_ends = mol is not None and any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms())
    return None if has_ends else mol
