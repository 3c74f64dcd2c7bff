"""From what people write (repeat unit, SMILES, a polymer's name) to a candidate record."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from .errors import InvalidRequest
from .psmiles import canonical_psmiles
from .records import Candidate, Provenance

if TYPE_CHECKING:
    from rdkit.Chem import Mol
    from rdkit.DataStructs.cDataStructs import ExplicitBitVect

MAX_TEXT = 5000


def candidate_from_text(text: str, *, version: str) -> Candidate:
    """The material that a text names: a polymer's name, a repeat unit or a SMILES.

    Raises:
        InvalidRequest: if it is none of these; the message says what is understood.
    """
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise InvalidRequest(f"a material is named by 1 to {MAX_TEXT} characters, not {len(text)}")
    origin = Provenance(source="user", version=version, inputs={"text": text})
    known = polymer_names().get(text.casefold())
    if known or "*" in text:
        return Candidate(
            material="polymer",
            encoding="psmiles",
            data=canonical_psmiles(known or text),
            name=text if known else "",
            provenance=origin,
        )
    return Candidate(
        material="molecule", encoding="smiles", data=canonical_smiles(text), provenance=origin
    )


@cache
def polymer_names() -> dict[str, str]:
    """Repeat unit by lower-case name, from `polymers.toml`."""
    text = (files("ionwright.knowledge") / "polymers.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text).items()
    return {name.casefold(): unit for unit, entry in entries for name in entry["names"]}


def canonical_smiles(text: str) -> str:
    """RDKit's canonical SMILES.

    Raises:
        InvalidRequest: if the text is not a SMILES.
    """
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(text)
    if molecule is None or molecule.GetNumAtoms() == 0:
        raise InvalidRequest(
            f"cannot read {text[:80]!r}: give a repeat unit with two ends such as [*]CCO[*], "
            "a SMILES such as O=C1OCCO1, or the name of a common polymer such as PEO"
        )
    return Chem.MolToSmiles(molecule)


def elements_of(candidate: Candidate) -> frozenset[str]:
    """Symbols of the elements in a molecule or repeat unit; empty if it cannot be read."""
    molecule = _molecule(candidate)
    if molecule is None:
        return frozenset()
    heavy = {atom.GetSymbol() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 0}
    hydrogens = any(atom.GetTotalNumHs() for atom in molecule.GetAtoms())
    return frozenset(heavy | ({"H"} if hydrogens else set()))


def formal_charge(candidate: Candidate) -> int | None:
    """Net formal charge of a molecule or repeat unit; None if it cannot be read."""
    from rdkit.Chem import GetFormalCharge

    molecule = _molecule(candidate)
    return None if molecule is None else GetFormalCharge(molecule)


def fingerprint(candidate: Candidate) -> ExplicitBitVect | None:
    """Morgan fingerprint (radius 2, 2048 bits) of a molecule or repeat unit, else None."""
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    molecule = _molecule(candidate)
    return None if molecule is None else GetMorganGenerator(2, fpSize=2048).GetFingerprint(molecule)


def _molecule(candidate: Candidate) -> Mol | None:
    """RDKit's molecule of a SMILES or repeat unit; None for what has none or cannot be read."""
    if candidate.encoding not in ("smiles", "psmiles"):
        return None
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(candidate.data)
