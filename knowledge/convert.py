"""From what people write (repeat unit, SMILES, formula, name of a material) to a record."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
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
    """The material that a text names: a polymer's name, a repeat unit, a formula or a SMILES.

    A formula stands for the lowest in energy of its known phases. What is made of C, H, N, O, P, S
    and halogens alone is read as a SMILES first ("CCO" is ethanol), unless it is a phase's name.

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
    if (crystal := _crystal(text, origin)) is not None:
        return crystal
    return Candidate(
        material="molecule", encoding="smiles", data=canonical_smiles(text), provenance=origin
    )


def _crystal(text: str, origin: Provenance) -> Candidate | None:
    """The known phase of a formula or a phase's name; None for what may be a SMILES.

    Raises:
        InvalidRequest: for the formula of an inorganic compound of which no phase is carried.
    """
    from .phases.library import NAMES, phase_library

    named = text.casefold() in NAMES
    if not named and not _INORGANIC.fullmatch(text):
        return None
    if not named and set(_SYMBOL.findall(text)) <= _ORGANIC:
        return None
    phases = phase_library().of_formula(text)
    if not phases:
        raise InvalidRequest(
            f"no structure of {text} is carried; give its structure as a CIF or POSCAR file"
        )
    found = phases[0].candidate(source=origin.source, version=origin.version, text=text)
    if len(phases) == 1:
        return found
    return found.with_notes(f"{len(phases) - 1} other known phases of this formula lie higher")


_SYMBOL = re.compile(r"[A-Z][a-z]?")
_INORGANIC = re.compile(r"(?:[A-Z][a-z]?\d*\.?\d*|\(|\)\d*)+")
_ORGANIC = frozenset(("C", "H", "N", "O", "P", "S", "F", "Cl", "Br", "I", "B"))


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
            "a SMILES such as O=C1OCCO1, a formula such as LiFePO4, or the name of a common "
            "polymer such as PEO"
        )
    return Chem.MolToSmiles(molecule)


def elements_of(candidate: Candidate) -> frozenset[str]:
    """Symbols of the elements in a crystal, molecule or repeat unit; empty if it cannot be read."""
    if candidate.encoding == "cif":
        return frozenset(_cif_elements(candidate.data))
    molecule = _molecule(candidate)
    if molecule is None:
        return frozenset()
    heavy = {atom.GetSymbol() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 0}
    hydrogens = any(atom.GetTotalNumHs() for atom in molecule.GetAtoms())
    return frozenset(heavy | ({"H"} if hydrogens else set()))


def _cif_elements(text: str) -> Iterator[str]:
    """Symbols in the formula that our CIFs carry, without building the structure."""
    formula = re.search(r"_chemical_formula_sum\s+'([^']*)'", text)
    return iter(_SYMBOL.findall(formula.group(1)) if formula else [])


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
