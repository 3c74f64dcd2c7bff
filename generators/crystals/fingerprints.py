"""Fingerprints of composition and structure, to say how near two crystals are."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.phases.known import neighbour_distances

if TYPE_CHECKING:
    from pymatgen.core import Composition, Structure

_UNUSED = ("element", "SpaceGroupNumber", "GSvolume_pa", "GSbandgap", "GSmagmom")


def composition_fingerprint(composition: Composition) -> np.ndarray:
    """Mean, mean deviation, least and largest of element properties (Ward et al. 2016).

    The 18 properties (Magpie's: number, weight, radius, valences, ...) are scaled to unit
    spread over the elements, and each block of four by the root of their number, so that
    distances are of order one. (72,), no unit.
    """
    table = _element_properties()
    rows = np.array([table[el.symbol] for el in composition])
    weights = np.array([composition.get_atomic_fraction(el) for el in composition])[:, None]
    mean = (weights * rows).sum(axis=0)
    deviation = (weights * np.abs(rows - mean)).sum(axis=0)
    blocks = [mean, deviation, rows.min(axis=0), rows.max(axis=0)]
    return np.concatenate(blocks) / np.sqrt(rows.shape[1])


def structure_fingerprint(structure: Structure) -> np.ndarray:
    """Mean and spread over the atoms of the distances to like and unlike neighbours: (32,).

    See `ionwright.knowledge.phases.known.neighbour_distances`.
    """
    rows = neighbour_distances(structure)
    return np.concatenate([rows.mean(axis=0), rows.std(axis=0)])


def fingerprints(structures: Sequence[Structure]) -> tuple[np.ndarray, np.ndarray]:
    """Fingerprints of composition (n, 72) and structure (n, 32)."""
    if not structures:
        return np.zeros((0, 72)), np.zeros((0, 32))
    compositions = [composition_fingerprint(s.composition) for s in structures]
    shapes = [structure_fingerprint(s) for s in structures]
    return np.array(compositions), np.array(shapes)


@cache
def _element_properties() -> dict[str, np.ndarray]:
    """Scaled properties by symbol, from the Magpie table that SMACT carries."""
    import smact

    with (Path(smact.data_directory) / "magpie.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in _UNUSED]
    values = np.array([[float(row[name]) for name in names] for row in rows])
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    return {row["element"]: value for row, value in zip(rows, values, strict=True)}
