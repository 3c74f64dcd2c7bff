"""Crystals written by their symmetry, many at once, with what they are conditioned on."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ionwright.knowledge.files import write_atomically

from .data import CrystalSet
from .wyckoff_cells import Orbit, WyckoffCrystal, encode

MOST_ORBITS = 20
MOST_ATOMS = 64  # in the primitive cell


@dataclass(frozen=True)
class Written:
    """Crystals of a set that can be written, with the index in the set of each.

    Attributes:
        crystals: n of them.
        rows: index in the CrystalSet of each (n,).
    """

    crystals: tuple[WyckoffCrystal, ...]
    rows: np.ndarray


def write_set(crystals: CrystalSet, *, cache: Path | None = None, processes: int = 2) -> Written:
    """Writes all crystals of a set that are within `MOST_ORBITS` and `MOST_ATOMS`.

    Args:
        crystals: what to write.
        cache: file in which the result is kept for the next time; none if left out.
        processes: that work at once.
    """
    if cache and cache.exists():
        return _read(cache)
    small = np.flatnonzero(crystals.sizes <= MOST_ATOMS)
    parts = [
        crystals.take(part.tolist()) for part in np.array_split(small, max(1, len(small) // 250))
    ]
    if len(parts) == 1:  # not worth a process
        found = _written(parts[0])
    else:
        with ProcessPoolExecutor(processes) as pool:
            found = [crystal for part in pool.map(_written, parts) for crystal in part]
    pairs = [(c, row) for c, row in zip(found, small, strict=True) if c is not None]
    result = Written(tuple(c for c, _ in pairs), np.array([row for _, row in pairs], dtype=int))
    if cache:
        _save(cache, result)
    return result


def _written(crystals: CrystalSet) -> list[WyckoffCrystal | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_one(crystals, index) for index in range(len(crystals))]


def _one(crystals: CrystalSet, index: int) -> WyckoffCrystal | None:
    crystal = encode(crystals.structure(index))
    return crystal if crystal is not None and len(crystal.orbits) <= MOST_ORBITS else None


def _save(path: Path, written: Written) -> None:
    rows: list[list] = []
    for crystal, row in zip(written.crystals, written.rows.tolist(), strict=True):
        orbits = [[o.number, o.place, *o.free] for o in crystal.orbits]
        rows.append([row, crystal.spg_num, crystal.volume, crystal.shape, orbits])
    write_atomically(path, json.dumps(rows))


def _read(path: Path) -> Written:
    rows: Sequence[list] = json.loads(path.read_text(encoding="utf-8"))
    crystals = tuple(
        WyckoffCrystal(
            spg_num,
            tuple(Orbit(z, place, tuple(free)) for z, place, *free in orbits),
            volume,
            tuple(shape),
        )
        for _, spg_num, volume, shape, orbits in rows
    )
    return Written(crystals, np.array([row[0] for row in rows], dtype=int))
