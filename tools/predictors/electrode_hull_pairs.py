"""Hull voltages of pairs of compositions that no table of electrodes has, from known crystals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ionwright.generators.crystals.data import CrystalSet

from .electrode_redox import ION_CHARGE, Pair, redox_of
from .electrode_table import split_of


@dataclass(frozen=True)
class Extra:
    """Hull voltages of pairs that are not in the table."""

    pairs: list[Pair]
    voltages: np.ndarray

    @property
    def frameworks(self) -> list[str]:
        """Of each pair."""
        return [pair.framework.reduced_formula for pair in self.pairs]


def hull_pairs(crystals: CrystalSet) -> Extra:
    """Pairs of compositions with one framework, both with a known height of the hull.

    The height is the formation energy less the energy above the hull of any crystal there. Only
    frameworks with an anion and outside the test split count.
    """
    pairs, voltages = [], []
    for ion, charge in ION_CHARGE.items():
        for points in _by_framework(_heights(crystals), ion).values():
            for lean, rich in _ascending(points):
                pair = Pair(ion, lean[1], rich[1])
                if _of_use(pair):
                    pairs.append(pair)
                    voltages.append((lean[2] - rich[2]) / ((rich[0] - lean[0]) * charge))
    return Extra(pairs, np.array(voltages))


def _of_use(pair: Pair) -> bool:
    """Whether the framework has an anion and a second element, and is no test framework."""
    framework = pair.framework
    anionic = len(framework) > 1 and not redox_of(framework).metallic
    return anionic and split_of(framework.reduced_formula) != "test"


def _heights(crystals: CrystalSet) -> dict[tuple[tuple[str, int], ...], float]:
    """Formation energy of the hull in eV/atom by reduced composition."""
    from pymatgen.core import Element

    heights = crystals.formation_energy_per_atom - crystals.energy_above_hull
    known = {}
    for i in np.flatnonzero(np.isfinite(heights)):
        numbers = crystals.numbers[crystals.offsets[i] : crystals.offsets[i + 1]]
        kinds, counts = np.unique(numbers, return_counts=True)
        counts = counts // np.gcd.reduce(counts)
        key = [(Element.from_Z(int(z)).symbol, int(n)) for z, n in zip(kinds, counts, strict=True)]
        known[tuple(sorted(key))] = float(heights[i])
    return known


Point = tuple[float, Any, float]  # ions, composition, energy in eV, on one amount of framework


def _by_framework(
    heights: dict[tuple[tuple[str, int], ...], float], ion: str
) -> dict[tuple[tuple[str, int], ...], list[Point]]:
    from pymatgen.core import Composition

    found: dict[tuple[tuple[str, int], ...], list[Point]] = defaultdict(list)
    for key, height in heights.items():
        rest = [(el, n) for el, n in key if el != ion]
        if rest:
            scale = int(np.gcd.reduce([n for _, n in rest]))
            composition = Composition({el: n / scale for el, n in key})
            framework = tuple((el, n // scale) for el, n in rest)
            energy = height * float(composition.num_atoms)
            found[framework].append((float(composition[ion]), composition, energy))
    return found


def _ascending(points: list[Point]) -> Iterator[tuple[Point, Point]]:
    ordered = sorted(points, key=lambda point: point[0])
    for i, lean in enumerate(ordered):
        yield from ((lean, rich) for rich in ordered[i + 1 :])
