"""Crystals to learn from: one set of arrays, without duplicates, split by chemical system."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from ionwright.knowledge.crystal_set import CrystalSet, Split, load_set, save_set, split_of
from ionwright.knowledge.crystals import structure_from_text
from ionwright.knowledge.errors import InvalidRequest

__all__ = ["CrystalSet", "Split", "load_set", "read_crystals", "save_set", "split_of"]

COLUMNS = {  # property -> the names that published tables use
    "formation_energy_per_atom": ("formation_energy_per_atom",),
    "energy_above_hull": ("e_above_hull", "energy_above_hull"),
    "band_gap": ("band_gap",),
}
CACHE = "crystals.npz"
SYMPREC = 0.05  # angstrom, when looking for the space group


def read_crystals(folder: Path, *, cache: Path | None = None, processes: int = 2) -> CrystalSet:
    """All crystals in the CSV files of a folder that have a `cif` column, without duplicates.

    Tables are read in the order of their names, so that of two equal crystals the first, which
    has energies if any has, is kept. Same means: formula, space group, atoms in the primitive
    cell, and volume per atom within 3 %.

    Args:
        folder: with .csv or .csv.gz files, at any depth.
        cache: folder in which the parsed set is kept for the next time; none if left out.
        processes: that parse at once.

    Raises:
        InvalidRequest: if there is no crystal to read.
    """
    kept = cache / CACHE if cache else None
    if kept and kept.exists():
        return load_set(kept)
    rows = list(_rows(folder))
    if not rows:
        raise InvalidRequest(f"no CSV with a 'cif' column in {folder}: nothing to learn from")
    with ProcessPoolExecutor(processes) as pool:
        parsed = [p for p in pool.map(_parse, rows, chunksize=200) if p is not None]
    result = _collect(_without_duplicates(parsed))
    if kept:
        save_set(kept, result)
    return result


Row = tuple[str, str, dict[str, float]]
Parsed = tuple[str, np.ndarray, np.ndarray, np.ndarray, int, str, dict[str, float]]


def _rows(folder: Path) -> Iterator[Row]:
    import pandas as pd

    tables = sorted(folder.rglob("*.csv*"), key=lambda path: ("lemat" in path.name, str(path)))
    for path in tables:
        table = pd.read_csv(path)
        if "cif" not in table.columns or "perov" in str(path):
            continue
        names = next((c for c in ("material_id", "id") if c in table.columns), None)
        ids = table[names].astype(str) if names else table.index.astype(str)
        values = {key: _column(table, columns) for key, columns in COLUMNS.items()}
        for number, (name, cif) in enumerate(zip(ids, table["cif"], strict=True)):
            yield name, cif, {key: float(column[number]) for key, column in values.items()}


def _column(table, names: tuple[str, ...]) -> np.ndarray:  # type: ignore[no-untyped-def]
    found = next((name for name in names if name in table.columns), None)
    return table[found].to_numpy(float) if found else np.full(len(table), np.nan)


def _parse(row: Row) -> Parsed | None:
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    name, text, values = row
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            structure = structure_from_text(text, "cif")
            finder = SpacegroupAnalyzer(structure, symprec=SYMPREC)
            structure = finder.find_primitive() or structure
            spg_num = finder.get_space_group_number()
        except Exception:  # noqa: BLE001  # foreign files; a crystal that cannot be read is no data
            return None
    cell, numbers = structure.lattice.matrix, np.array(structure.atomic_numbers)
    formula = structure.composition.reduced_formula
    return name, cell, numbers, structure.frac_coords % 1, spg_num, formula, values


def _without_duplicates(parsed: Sequence[Parsed]) -> list[Parsed]:
    kept: list[Parsed] = []
    volumes: dict[tuple[str, int, int], list[float]] = {}
    for row in parsed:
        _, cell, numbers, _, spg_num, formula, _ = row
        volume = abs(float(np.linalg.det(cell))) / len(numbers)
        seen = volumes.setdefault((formula, spg_num, len(numbers)), [])
        if any(abs(volume / other - 1) < 0.03 for other in seen):
            continue
        seen.append(volume)
        kept.append(row)
    return kept


def _collect(rows: Sequence[Parsed]) -> CrystalSet:
    ids, cells, numbers, coords, groups, _, values = zip(*rows, strict=True)
    return CrystalSet(
        ids=np.array(ids),
        lattices=np.array(cells),
        offsets=np.concatenate([[0], np.cumsum([len(n) for n in numbers])]),
        numbers=np.concatenate(numbers).astype(np.uint8),
        frac_coords=np.concatenate(coords),
        spg_num=np.array(groups, dtype=np.uint8),
        **{key: np.array([v[key] for v in values]) for key in COLUMNS},
    )
