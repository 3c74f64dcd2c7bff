"""Writes knowledge/phases/known_crystals.npz and measures how often `is_known` is right.

python -m ionwright.generators.crystals.build_known --data PATH
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.phases.known import (
    SOURCES,
    TABLE,
    TOLERANCE,
    average_minimum_distances,
    formula_hash,
    is_known,
    known_crystals,
    pack,
    save_known,
)
from ionwright.knowledge.phases.library import phase_library

from .data import CrystalSet, read_crystals

if TYPE_CHECKING:
    from pymatgen.core import Structure

PAIRS = 2500  # of one formula, that the structure matcher compares
SHAKEN = 500  # crystals that are distorted and looked up again
LARGEST = 40  # atoms; the matcher is slow above
_DISTORTIONS = ((0.05, 0.01), (0.1, 0.02), (0.2, 0.03))  # angstrom, strain


def build(crystals: CrystalSet) -> np.ndarray:
    """Writes the table of these crystals and of what else the library of known phases holds.

    Returns:
        Average minimum distances of the crystals (n, 16).
    """
    hashes, distances = _fingerprints([crystals.structure(i) for i in range(len(crystals))])
    table = pack(hashes, distances)
    library = phase_library().crystals
    phases = [library.structure(i) for i in range(len(library))]
    gaps = [table.nearest(phase) for phase in phases]
    more = [p for p, gap in zip(phases, gaps, strict=True) if gap is None or gap > TOLERANCE]
    if more:
        parts = zip((hashes, distances), _fingerprints(more), strict=True)
        table = pack(*(np.concatenate(part) for part in parts))
    save_known(TABLE, table)
    known_crystals.cache_clear()
    return distances


def _fingerprints(structures: Sequence[Structure]) -> tuple[np.ndarray, np.ndarray]:
    hashes = np.array([formula_hash(s.composition) for s in structures], dtype=np.uint64)
    return hashes, np.array([average_minimum_distances(s) for s in structures])


def against_matcher(crystals: CrystalSet, distances: np.ndarray, seed: int) -> dict[str, Any]:
    """Agreement with pymatgen's matcher on random pairs of crystals of one formula.

    The set has no near duplicates left, so these are the pairs that are hardest to tell apart.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher

    matcher = StructureMatcher()
    chosen = _pairs(crystals, seed)
    near = np.array([np.abs(distances[a] - distances[b]).max() <= TOLERANCE for a, b in chosen])
    same = np.array(
        [matcher.fit(crystals.structure(a), crystals.structure(b)) for a, b in chosen], dtype=bool
    )
    return {
        "pairs": len(chosen),
        "same_by_matcher": int(same.sum()),
        "same_called_known": round(float(near[same].mean()), 3),
        "different_called_known": round(float(near[~same].mean()), 3),
    }


def _pairs(crystals: CrystalSet, seed: int) -> list[tuple[int, int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for index in np.flatnonzero(crystals.sizes <= LARGEST).tolist():
        groups[formula_hash(crystals.structure(index).composition)].append(index)
    pairs = [(a, b) for g in groups.values() for i, a in enumerate(g) for b in g[i + 1 :]]
    picked = np.random.default_rng(seed).choice(len(pairs), min(PAIRS, len(pairs)), replace=False)
    return [pairs[i] for i in picked]


def shaken(crystals: CrystalSet, seed: int) -> list[dict[str, float]]:
    """Share of crystals still known after every atom moved and the cell was strained at random."""
    chance = np.random.default_rng(seed)
    rows = []
    for length, strain in _DISTORTIONS:
        picked = chance.choice(len(crystals), SHAKEN, replace=False)
        found = [is_known(_shake(crystals.structure(i), length, strain, chance)) for i in picked]
        rows.append({"moved_by": length, "strain": strain, "known": float(np.mean(found))})
    return rows


def _shake(
    structure: Structure, length: float, strain: float, chance: np.random.Generator
) -> Structure:
    steps = chance.normal(size=(len(structure), 3))
    steps *= length / np.linalg.norm(steps, axis=1, keepdims=True)
    moved = structure.copy()
    for site, step in enumerate(steps):
        moved.translate_sites([site], step, frac_coords=False)
    return moved.apply_strain(chance.normal(0, strain, 3).tolist(), inplace=False)


def main() -> None:
    """Builds the table from the public data and writes what was measured beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with crystal tables")
    parser.add_argument("--cache", type=Path, help="folder for the parsed set")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    crystals = read_crystals(arguments.data, cache=arguments.cache)
    distances = build(crystals)
    measured = {
        "crystals": len(known_crystals()),
        "sources": SOURCES,
        "tolerance": TOLERANCE,
        "seed": arguments.seed,
        "against_matcher": against_matcher(crystals, distances, arguments.seed),
        "shaken": shaken(crystals, arguments.seed),
    }
    write_atomically(TABLE.with_suffix(".json"), json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
