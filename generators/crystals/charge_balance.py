"""Charge balance of formulas from the known oxidation states of the elements (SMACT's tables).

Cations must be less electronegative than anions. With that rule the possible total charges of a
formula are few, so that all combinations are covered by adding up sets instead of trying each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core import Composition

SALT_FORMERS = frozenset({"N", "O", "F", "S", "Cl", "Se", "Br", "I"})
_MOST_ATOMS = 400  # of one element in a reduced formula; beyond, nothing is said


def composition_valid(composition: Composition) -> bool:
    """CDVAE's measure: one oxidation state for each element, neutral, anions electronegative.

    Elements and alloys of metals alone count as valid (Xie et al. 2021, with SMACT's states of
    2014; Davies et al. 2016). Elements without an electronegativity make it invalid, as there.
    """
    symbols = tuple(sorted(el.symbol for el in composition))
    if len(symbols) == 1 or all(symbol in _metals() for symbol in symbols):
        return True
    return _neutral(_amounts(composition), table="smact14", mixed=False)


def charge_balanced(composition: Composition) -> bool | None:
    """Whether oxidation states that were seen in real crystals can add up to zero.

    As `composition_valid`, but with the states of the ICSD that have more than five reports, and
    an element that takes several may take two of them in one crystal (LiMn2O4).

    Returns:
        None where the question makes no sense: without N, O, F, S, Cl, Se, Br or I a crystal is an
        alloy, an intermetallic or covalent.
    """
    amounts = _amounts(composition)
    if not any(symbol in SALT_FORMERS for symbol, _ in amounts) or len(amounts) == 1:
        return None
    if max(amount for _, amount in amounts) > _MOST_ATOMS:
        return None
    return _neutral(amounts, table="icsd24", mixed=True)


def _amounts(composition: Composition) -> tuple[tuple[str, int], ...]:
    reduced = composition.get_integer_formula_and_factor()[0]
    counts: Mapping[str, float] = type(composition)(reduced).get_el_amt_dict()
    return tuple(sorted((symbol, round(amount)) for symbol, amount in counts.items()))


@lru_cache(maxsize=65_536)
def _neutral(amounts: tuple[tuple[str, int], ...], *, table: str, mixed: bool) -> bool:
    electronegativity = {symbol: _electronegativity(symbol) for symbol, _ in amounts}
    if any(value is None for value in electronegativity.values()):
        return False
    borders = sorted({value for value in electronegativity.values() if value is not None})
    for border in borders[1:]:  # below it cations, from it on anions
        totals = {0}
        for symbol, amount in amounts:
            sign = 1 if (electronegativity[symbol] or 0) < border else -1
            states = [s for s in _states(symbol, table) if s * sign > 0]
            own = _charges(states, amount, mixed=mixed)
            totals = {total + charge for total in totals for charge in own}
        if 0 in totals:
            return True
    return False


def _charges(states: Iterable[int], amount: int, *, mixed: bool) -> set[int]:
    """Total charges that `amount` atoms of one element can have."""
    states = list(states)
    if not mixed:
        return {state * amount for state in states}
    return {
        low * few + high * (amount - few)
        for low in states
        for high in states
        for few in range(amount + 1)
    }


@cache
def _states(symbol: str, table: str) -> tuple[int, ...]:
    from smact import Element

    known = getattr(Element(symbol), f"oxidation_states_{table}")
    return tuple(known or ())


@cache
def _electronegativity(symbol: str) -> float | None:
    from smact import Element

    return Element(symbol).pauling_eneg or None


@cache
def _metals() -> frozenset[str]:
    import smact

    return frozenset(smact.metals)
