"""The structures of known phases, relaxed by the embedded potential: what a formula stands for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.crystal_set import CrystalSet, load_set
from ionwright.knowledge.crystals import crystal_candidate
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance

if TYPE_CHECKING:
    from pymatgen.core import Structure

STRUCTURES = Path(__file__).with_name("phases.npz")
ORIGINS = Path(__file__).with_name("phases.json")
KNOWN_PHASE = "known phase"  # how the note of a known phase begins
SAME_FORMULA = 1e-4  # largest difference of atomic fractions
NAMES = {  # what people write for phases whose formula says less
    "lfp": "LiFePO4", "lmfp": "LiMnPO4", "lmp": "LiMnPO4", "lco": "LiCoO2", "lno": "LiNiO2",
    "lmo": "LiMn2O4", "lnmo": "Li2NiMn3O8", "lto": "Li2TiO3", "llzo": "Li7La3Zr2O12",
    "nvp": "Na3V2(PO4)3", "ntp": "NaTi2(PO4)3", "ltp": "LiTi2(PO4)3", "lps": "Li3PS4",
    "graphite": "C", "silicon": "Si", "rutile": "TiO2", "lipo": "Li3PO4",
    "argyrodite": "Li6PS5Cl", "lithium": "Li", "sodium": "Na",
}  # fmt: skip


@dataclass(frozen=True)
class KnownPhase:
    """A known phase.

    Attributes:
        id: of the database or the publication.
        name: of the structure, where it has one ("olivine").
        reference: where the structure was published.
        structure: relaxed by the embedded potential.
        energy_above_hull: eV/atom above the reference hull by the same potential.
    """

    id: str
    name: str
    reference: str
    structure: Structure
    energy_above_hull: float

    def candidate(self, *, source: str, version: str, text: str = "") -> Candidate:
        """The phase as a record that says what it is and where it was published.

        Args:
            source: who names it ("user", or the part of the program that proposes it).
            version: of that source.
            text: what was written for it, if anything.
        """
        formula = self.structure.composition.reduced_formula
        origin = Provenance(
            source=source,
            version=version,
            inputs={"phase": self.id, **({"text": text} if text else {})},
            reference=self.reference,
        )
        return crystal_candidate(
            self.structure,
            name=f"{formula} ({self.name})" if self.name else formula,
            provenance=origin,
        ).with_notes(f"{KNOWN_PHASE}: {self.reference}, relaxed by the embedded potential")


def is_known_phase(candidate: Candidate) -> bool:
    """Whether a candidate comes from this library, relaxed again or not."""
    return any(note.startswith(KNOWN_PHASE) for note in candidate.notes)


@dataclass(frozen=True)
class PhaseLibrary:
    """All known phases that are carried."""

    crystals: CrystalSet
    origins: dict[str, list[str]]  # id -> name, reference; what is not here is Materials Project's

    def of_formula(self, text: str) -> list[KnownPhase]:
        """The phases of a formula or common abbreviation, lowest above the hull first.

        Raises:
            InvalidRequest: if the text is no formula.
        """
        wanted = fractions_of(text)
        far = np.abs(self._fractions - wanted).max(axis=1)
        found = np.flatnonzero(far < SAME_FORMULA)
        return sorted((self.phase(int(i)) for i in found), key=lambda p: p.energy_above_hull)

    def phase(self, index: int) -> KnownPhase:
        """Phase `index` of the set."""
        key = str(self.crystals.ids[index])
        name, reference = self.origins.get(key, ["", f"Materials Project {key}"])
        return KnownPhase(
            id=key,
            name=name,
            reference=reference,
            structure=self.crystals.structure(index),
            energy_above_hull=float(self.crystals.energy_above_hull[index]),
        )

    @cached_property
    def _fractions(self) -> np.ndarray:
        """Atomic fractions of each phase (n, 119)."""
        table = np.zeros((len(self.crystals), 119))
        owners = np.repeat(np.arange(len(self.crystals)), self.crystals.sizes)
        np.add.at(table, (owners, self.crystals.numbers), 1)
        return table / self.crystals.sizes[:, None]


@cache
def phase_library() -> PhaseLibrary:
    """The shipped library.

    Raises:
        Damaged: if its files are missing or cannot be read.
    """
    try:
        return PhaseLibrary(load_set(STRUCTURES), json.loads(ORIGINS.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError) as error:
        raise Damaged(f"library of known phases damaged: {error}; reinstall ionwright") from error


def fractions_of(text: str) -> np.ndarray:
    """Atomic fractions by atomic number (119,) of a formula or common abbreviation.

    Raises:
        InvalidRequest: if the text is neither.
    """
    from pymatgen.core import Composition

    text = text.strip()
    try:
        composition = Composition(NAMES.get(text.casefold(), text), strict=True)
    except ValueError as error:
        raise InvalidRequest(
            f"{text[:80]!r} is no formula; write LiFePO4 or Na3V2(PO4)3"
        ) from error
    amounts = {el.Z: n for el, n in composition.element_composition.items()}
    if not amounts or min(amounts.values()) <= 0:
        raise InvalidRequest(f"{text[:80]!r} is no formula; write LiFePO4 or Na3V2(PO4)3")
    row = np.zeros(119)
    row[list(amounts)] = list(amounts.values())
    return row / row.sum()
