"""CIF files: one entry for each crystal, with its formula, symmetry, cell and density.

Only what the parser makes of the structure becomes text; comments in the file are not read.
"""

from __future__ import annotations

import io
import warnings

from ionwright.knowledge.entries import Entry
from ionwright.knowledge.facts import Fact, Reference

from .document import Document, Unreadable, find_doi


def read_cif(content: bytes, name: str) -> Document:
    """The crystals of a CIF file.

    Raises:
        Unreadable: if there is no valid structure in it.
    """
    from pymatgen.io.cif import CifParser

    text = content.decode("utf-8", errors="replace")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser = CifParser(io.StringIO(text), occupancy_tolerance=1.05)
        structures = parser.parse_structures(primitive=False, on_error="ignore")
    if not structures:
        raise Unreadable("there is no valid structure in it")
    doi = find_doi(text)
    reference = Reference(doi=doi, url=None if doi else f"file:{name}", title=f"structure {name}")
    entries = tuple(_entry(structure, reference) for structure in structures)
    return Document("structures", name, entries, doi=None)


def _entry(structure, reference: Reference) -> Entry:  # type: ignore[no-untyped-def]
    formula = structure.composition.reduced_formula
    lengths = ", ".join(f"{x:.4g}" for x in structure.lattice.abc)
    angles = ", ".join(f"{x:.4g}" for x in structure.lattice.angles)
    density = float(structure.density)
    told = (
        f"Crystal structure of {formula}{_symmetry(structure)}: cell {lengths} Å, {angles}°, "
        f"{structure.volume:.5g} Å3, {len(structure)} sites, density {density:.4g} g/cm3."
    )
    fact = Fact.model_validate({
        "subject": formula, "formula": formula, "material_class": "other", "property": "density",
        "value": round(density, 4), "unit": "g/cm3", "method": "computed",
        "conditions": "from cell and composition", "claim": told, "reference": reference,
        "checked": "value",
    })  # fmt: skip
    return Entry(
        text=told, names=(formula,), reference=reference, facts=(fact,), cif=structure.to(fmt="cif")
    )


def _symmetry(structure) -> str:  # type: ignore[no-untyped-def]
    if not structure.is_ordered:
        return ", partly occupied"
    symbol, number = structure.get_space_group_info()
    return f", space group {symbol} ({number})"
