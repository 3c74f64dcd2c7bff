"""Crystals with labels for an adapter: from the columns of a CrystalSet, or a user's table."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.crystals import structure_from_text
from ionwright.knowledge.errors import InvalidRequest

from .data import CrystalSet
from .mattergen_adapters import CHEMICAL_SYSTEM, SPACE_GROUP, kind_of
from .mattergen_batches import MAX_ATOMS

if TYPE_CHECKING:
    from pymatgen.core import Structure

FEWEST = 10  # labelled crystals on the train split; fewer teach nothing


def labels_in(data: CrystalSet, key: str) -> np.ndarray:
    """The labels (n,) that a CrystalSet itself holds; nan where unknown.

    Raises:
        InvalidRequest: if it has no such column.
    """
    if key == CHEMICAL_SYSTEM:
        return np.zeros(len(data))  # the elements are the label
    if key == SPACE_GROUP:
        return data.spg_num.astype(float)
    column = getattr(data, key, None)
    if not isinstance(column, np.ndarray) or column.shape != (len(data),):
        raise InvalidRequest(
            f"crystals of this set have no {key!r}; give a table with columns 'cif' and {key!r}"
        )
    return column


def usable(data: CrystalSet, labels: np.ndarray, split: str) -> tuple[CrystalSet, np.ndarray]:
    """Labelled crystals of one split that are small enough, and their labels."""
    chosen = [
        i
        for i in range(len(data))
        if data.sizes[i] <= MAX_ATOMS and np.isfinite(labels[i]) and data.split(i) == split
    ]
    return data.take(chosen), labels[chosen]


def read_table(path: Path, key: str) -> tuple[CrystalSet, np.ndarray]:
    """Crystals and labels of a CSV with a `cif` column and one that is named after the property.

    Rows whose crystal or number cannot be read, or whose cell is too large, are left out.

    Raises:
        InvalidRequest: if columns are missing or fewer than FEWEST rows can be learned from.
    """
    import pandas as pd

    table = pd.read_csv(path)
    missing = [name for name in ("cif", key) if name not in table.columns]
    if missing and not (missing == [key] and kind_of(key) != "number"):
        raise InvalidRequest(
            f"{path.name} has no column {missing[0]!r}; it needs 'cif' and {key!r}, "
            f"and has: {', '.join(table.columns)}"
        )
    values = table[key] if key in table.columns else np.zeros(len(table))
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(float)
    rows = [(_read(str(text)), value) for text, value in zip(table["cif"], numbers, strict=True)]
    kept = [(s, value) for s, value in rows if s is not None and np.isfinite(value)]
    if len(kept) < FEWEST:
        raise InvalidRequest(
            f"{len(kept)} of {len(rows)} rows in {path.name} have a readable crystal of at most "
            f"{MAX_ATOMS} atoms and a number; at least {FEWEST} are needed"
        )
    return set_of([structure for structure, _ in kept]), np.array([value for _, value in kept])


def set_of(structures: list[Structure]) -> CrystalSet:
    """Structures as a CrystalSet without known properties."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    unknown = np.full(len(structures), np.nan)
    groups = [SpacegroupAnalyzer(s, symprec=0.05).get_space_group_number() for s in structures]
    return CrystalSet(
        ids=np.array([str(i) for i in range(len(structures))]),
        lattices=np.array([s.lattice.matrix for s in structures]),
        offsets=np.concatenate([[0], np.cumsum([len(s) for s in structures])]),
        numbers=np.concatenate([s.atomic_numbers for s in structures]).astype(np.uint8),
        frac_coords=np.concatenate([s.frac_coords for s in structures]),
        spg_num=np.array(groups, dtype=np.uint8),
        formation_energy_per_atom=unknown,
        energy_above_hull=unknown,
        band_gap=unknown,
    )


def _read(text: str) -> Structure | None:
    try:
        structure = structure_from_text(text, "cif").get_primitive_structure()
    except InvalidRequest:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return structure if len(structure) <= MAX_ATOMS else None
