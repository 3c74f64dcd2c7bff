"""Charge balance: SMACT's rule as CDVAE uses it, and with mixed valence for the judge."""

from __future__ import annotations

import itertools

import pytest
import smact
from pymatgen.core import Composition
from smact.screening import pauling_test

from ionwright.generators.crystals.charge_balance import charge_balanced, composition_valid

FORMULAS = """
    LiMn2O4 LiFePO4 Li10GeP2S12 Na3V2(PO4)3 FeS2 Fe3O4 LiC6 Li15Si4 NaCoO2 KO2 NaCl2 LiF2 Mo6S8
    CaC2 Li3N NH4Cl LiBH4 LiTiS2 Fe4N XeF2 Li6PS5Cl VO2 TiO Na2S4 Nb3Cl8 Li Fe3Al Mg2Si HeF
""".split()  # noqa: SIM905


def by_trying(formula: str) -> bool:
    """CDVAE's function: every combination of states, one for each element."""
    amounts = Composition(formula).get_el_amt_dict()
    if len(amounts) == 1 or all(symbol in smact.metals for symbol in amounts):
        return True
    elements = [smact.Element(symbol) for symbol in amounts]
    stoichs = [(int(n),) for n in amounts.values()]
    threshold = int(max(amounts.values()))
    return any(
        smact.neutral_ratios(states, stoichs=stoichs, threshold=threshold)
        and pauling_test(states, [e.pauling_eneg for e in elements])
        for states in itertools.product(*[e.oxidation_states_smact14 or [] for e in elements])
    )


@pytest.mark.parametrize("formula", FORMULAS)
def test_sets_give_what_trying_all_gives(formula: str) -> None:
    assert composition_valid(Composition(formula)) == by_trying(formula)


@pytest.mark.parametrize(
    ("formula", "balanced"),
    [
        ("LiMn2O4", True),  # Mn3+ and Mn4+
        ("Na2Co3O6", True),
        ("Li20Ge2P4S24", True),
        ("Li2O2", True),
        ("LiF2", False),
        ("NaCl3", False),
        ("MgAl2(OF4)2", False),
        ("LiC6", None),
        ("Li15Si4", None),
        ("O2", None),
    ],
)
def test_balance_knows_mixed_valence_and_where_it_does_not_apply(
    formula: str, balanced: bool | None
) -> None:
    assert charge_balanced(Composition(formula)) is balanced


def test_cells_do_not_matter() -> None:
    assert charge_balanced(Composition("Li4Mn8O16")) is charge_balanced(Composition("LiMn2O4"))
    assert composition_valid(Composition("Na4Cl4"))
