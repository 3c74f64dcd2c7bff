"""Crystals as records: pymatgen structures in and out, and reading what users upload."""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InvalidRequest
from .records import Candidate, Provenance
from .vocabulary import ELEMENTS

if TYPE_CHECKING:
    from pymatgen.core import Structure

DIGITS = 5  # of lengths (angstrom), angles (degrees) and fractional coordinates in a record
MAX_ATOMS = 400  # in a cell that is computed with; more would take minutes a step on one core
MAX_CIF_BYTES = 4 * 2**20
SYMPREC = 0.1  # angstrom; relaxed cells are symmetric to about this
SHORTEST_BOND = 0.5  # angstrom; nearer atoms are one atom given twice


def crystal_candidate(
    structure: Structure,
    *,
    provenance: Provenance,
    name: str = "",
    checks: dict[str, bool | None] | None = None,
) -> Candidate:
    """A candidate whose data is the structure's CIF, in P1 and rounded, so that it reads back.

    Args:
        structure: ordered, with any cell.
        provenance: where it comes from.
        name: shown to people; the reduced formula if left out.
        checks: what is known of it already.
    """
    return Candidate(
        material="crystal",
        encoding="cif",
        data=cif_of(structure),
        name=name or structure.composition.reduced_formula,
        checks=checks or {},
        provenance=provenance,
    )


def cif_of(structure: Structure) -> str:
    """The structure as a P1 CIF of rounded numbers; the same for what is read back from it."""
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.cif import CifWriter

    lattice = Lattice.from_parameters(*(round(x, DIGITS) for x in structure.lattice.parameters))
    coords = (structure.frac_coords % 1).round(DIGITS) % 1
    for third in (1 / 3, 2 / 3):  # the parser snaps what is near, so write it snapped
        coords[abs(coords / third - 1) < 2e-4] = round(third, DIGITS)
    species = [site.specie.symbol for site in structure]
    order = sorted(range(len(species)), key=lambda i: (species[i], *coords[i]))
    rounded = Structure(lattice, [species[i] for i in order], coords[order])
    return str(CifWriter(rounded, significant_figures=DIGITS))


def structure_of(candidate: Candidate) -> Structure:
    """The crystal as pymatgen's structure, a copy of its own.

    Raises:
        InvalidRequest: if it is not a crystal or its CIF cannot be read.
    """
    if candidate.encoding != "cif":
        raise InvalidRequest(f"{candidate.id} is a {candidate.material}, not a crystal")
    return _parsed(candidate.data).copy()


@lru_cache(maxsize=1024)
def crystal_summary(cif: str) -> str:
    """Space group and size of a crystal in words: "Pnma, 28 atoms in the cell"."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        structure = _parsed(cif)
        symbol = SpacegroupAnalyzer(structure, symprec=SYMPREC).get_space_group_symbol()
    atoms = f"{len(structure)} atom" + ("s" if len(structure) != 1 else "")
    return f"{symbol}, {atoms} in the cell"


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Structure:
    return structure_from_text(text, "cif")


def read_structure(path: Path) -> Structure:
    """The one ordered crystal in a user's CIF, POSCAR or other file that pymatgen reads.

    Raises:
        InvalidRequest: for what is no crystal, is disordered, has clashing atoms, unknown
            elements or too many atoms; the message says what to do.
    """
    if path.stat().st_size > MAX_CIF_BYTES:
        raise InvalidRequest(f"{path.name} is over {MAX_CIF_BYTES // 2**20} MiB: give one crystal")
    text = path.read_text(encoding="utf-8", errors="replace")
    kind = "cif" if path.suffix.lower() == ".cif" or "_cell_length_a" in text else "poscar"
    try:
        return structure_from_text(text, kind)
    except InvalidRequest as error:
        raise InvalidRequest(f"{path.name}: {error}") from error


def structure_from_text(text: str, kind: str) -> Structure:
    """The crystal that a CIF (`kind` "cif") or POSCAR ("poscar") describes, checked.

    Raises:
        InvalidRequest: as `read_structure`.
    """
    from pymatgen.core import Structure

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            structure = Structure.from_str(text, fmt=kind)  # type: ignore[arg-type]
        except Exception as error:  # parsers of foreign files raise anything
            raise InvalidRequest(
                f"cannot read this as a {kind.upper()} file of a crystal ({str(error)[:120]}); "
                "give a periodic structure as CIF or POSCAR"
            ) from error
    check_structure(structure)
    structure.remove_oxidation_states()
    return structure


def check_structure(structure: Structure) -> None:
    """Refuses a crystal that nothing can be computed for.

    Raises:
        InvalidRequest: saying what is wrong and what to do about it.
    """
    if not structure.is_ordered:
        raise InvalidRequest(
            "sites are partly occupied; give an ordered cell, such as one of "
            "pymatgen's OrderDisorderedStructureTransformation"
        )
    unknown = {el.symbol for el in structure.composition} - set(ELEMENTS)
    if unknown:
        raise InvalidRequest(f"unknown elements: {', '.join(sorted(unknown))}")
    if len(structure) > MAX_ATOMS:
        raise InvalidRequest(
            f"{len(structure)} atoms in the cell, at most {MAX_ATOMS} are computed with; "
            "give the primitive cell"
        )
    if len(structure) > 1 and not structure.is_valid(tol=SHORTEST_BOND):
        raise InvalidRequest(
            f"two atoms are less than {SHORTEST_BOND} angstrom apart: an atom is given twice, "
            "or partial occupancies were dropped"
        )
