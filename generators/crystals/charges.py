"""Whether a composition can be neutral, for generators that propose only such."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache
from math import gcd


def is_neutral(counts: Mapping[str, int]) -> bool:
    """Whether known oxidation states add up to zero, the anions being the more electronegative.

    SMACT's test with the states of the ICSD; elements may be in two states at once, metals without
    an anion do not count as neutral.

    Args:
        counts: atoms of each element symbol, in any multiple of the formula.
    """
    shared = gcd(*counts.values())
    return _is_neutral(tuple(sorted((el, count // shared) for el, count in counts.items())))


@lru_cache(maxsize=50_000)
def _is_neutral(formula: tuple[tuple[str, int], ...]) -> bool:
    from pymatgen.core import Composition
    from smact.screening import smact_validity

    if len(formula) < 2:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(
            smact_validity(Composition(dict(formula)), include_alloys=False, mixed_valence=True)
        )
