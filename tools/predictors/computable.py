"""Which crystals can be computed with, and how they travel to another process or to disk."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ionwright.knowledge.crystals import SHORTEST_BOND, check_structure
from ionwright.knowledge.errors import InvalidRequest

if TYPE_CHECKING:
    from pymatgen.core import Structure

Document = dict[str, Any]
HEAVIEST = 94  # atomic number of the last element that the potential knows
SMALLEST_VOLUME = 2.0  # cubic angstrom per atom; diamond has 5.7
_DIGITS = 6  # of what counts as the same crystal, angstrom and fractions


def structure_document(structure: Structure) -> Document:
    """A crystal as lattice vectors (angstrom), atomic numbers and fractional coordinates."""
    return {
        "lattice": structure.lattice.matrix.tolist(),
        "numbers": [site.specie.Z for site in structure],
        "coords": structure.frac_coords.tolist(),
    }


def structure_from(document: Document) -> Structure:
    """The crystal of `structure_document`."""
    from pymatgen.core import Structure

    return Structure(document["lattice"], document["numbers"], document["coords"])


def result_key(structure: Structure, task: Document) -> str:
    """A hash of a structure's content and of what is done with it.

    Sites keep their order, so that values per site belong to the right one.
    """
    content = [
        np.round(structure.lattice.matrix, _DIGITS) + 0.0,  # + 0.0 turns -0.0 into 0.0
        np.round(structure.frac_coords % 1, _DIGITS) % 1 + 0.0,
        np.array([site.specie.Z for site in structure]),
    ]
    digest = hashlib.sha256(json.dumps(task, sort_keys=True).encode())
    for array in content:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def problem_of(structure: Structure) -> str:
    """Why nothing can be computed for a structure; empty if something can."""
    if not len(structure):
        return "there are no atoms"
    cell = structure.lattice.matrix
    if not (np.isfinite(cell).all() and np.isfinite(structure.frac_coords).all()):
        return "lattice or positions are not finite"
    if structure.volume / len(structure) < SMALLEST_VOLUME:
        return f"less than {SMALLEST_VOLUME:g} cubic angstrom per atom"
    try:
        check_structure(structure)
    except InvalidRequest as error:
        return str(error)
    heavy = {site.specie.symbol for site in structure if site.specie.Z > HEAVIEST}
    if heavy:
        return f"the potential does not know {', '.join(sorted(heavy))}"
    if len(structure.get_neighbor_list(SHORTEST_BOND)[0]):  # also of an atom to its own image
        return f"two atoms are less than {SHORTEST_BOND} angstrom apart"
    return ""
