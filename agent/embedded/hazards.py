"""Requests that are refused: explosives, chemical weapons, poisons, drugs, weaponised batteries.

The words are in `hazards.toml`. What only sounds like a hazard is taken out first; then names that
have no place in a battery are looked for, aims told in one phrase, and aims put together from words
of several families that stand close to each other.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

UNNAMED = "reads like a request for something harmful"

# SMARTS of groups that no electrolyte carries: polynitro, azides, nerve agents, mustards, peroxides
_SMARTS = (
    "[CX4]([N+](=O)[O-])([N+](=O)[O-])[N+](=O)[O-]",
    "c([N+](=O)[O-])c([*])c([N+](=O)[O-])[*]c([N+](=O)[O-])",
    "[NX3]([N+](=O)[O-])C[NX3]([N+](=O)[O-])",
    "C(O[N+](=O)[O-])C(O[N+](=O)[O-])CO[N+](=O)[O-]",
    "C(CO[N+](=O)[O-])(CO[N+](=O)[O-])CO[N+](=O)[O-]",
    "[CH3]P(=O)(F)O",
    "CP(=O)(F)OC",
    "CP(=O)(OC)SCCN",
    "P(=O)(C#N)(N)O",
    "ClCCSCCCl",
    "ClCCN(C)CCCl",
    "ClCCN(CCCl)CCCl",
    "CC1(C)OOC(C)(C)OOC(C)(C)OO1",
    "CNC(C)Cc1ccccc1",
    "CC(N)Cc1ccccc1",
    "CNC(C)Cc1ccc2OCOc2c1",
    "c1ccccc1CCN2CCC(CC2)N(c3ccccc3)C(=O)CC",
    "ClC=C[As](Cl)Cl",
    "[N-]=[N+]=NCCN=[N+]=[N-]",
)

_WHY = re.compile(
    r"(?i)\W*(?:\w+[,.!:]\s+)?(?:why|how come|what makes|what causes|warum|wieso|weshalb|"
    r"explain why|was macht|how likely)\b"
)
_WILL = re.compile(
    r"(?i)\b(?:make|build|synthes\w+|cook|produce|prepare|turn|extract|recipe|herstell\w*|bau\w*|"
    r"koch\w*|propose|suggest|design|generate)\b"
)


@cache
def _data() -> dict[str, Any]:
    text = (files("ionwright.agent.embedded") / "hazards.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _phrases(table: str, key: str) -> re.Pattern[str]:
    return re.compile("|".join(_data()[table][key]), re.IGNORECASE)


@cache
def _words(table: str, key: str) -> re.Pattern[str]:
    words = "|".join(_data()[table][key])
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w])", re.IGNORECASE)


def is_reassuring(text: str) -> bool:
    """Whether a cleaned request wants the hazard avoided, or only jokes with the word."""
    return bool(_phrases("harmless", "phrases").search(text))


def is_hazardous(text: str, smiles: tuple[str, ...] = ()) -> bool:
    """Whether a cleaned request asks for something that is refused."""
    return hazard_of(text, smiles) is not None


def hazard_of(text: str, smiles: tuple[str, ...] = ()) -> str | None:
    """Which kind of hazard a cleaned request asks for, in words for the user, if any."""
    kind = _kind(_phrases("harmless", "phrases").sub(" ", text))
    if kind is None and any(_dangerous(one) for one in smiles):
        kind = "structure"
    return None if kind is None else str(_data()["warnings"][kind])


def _kind(calm: str) -> str | None:
    if _phrases("aims", "poison").search(calm):
        return "poison"
    if _WHY.match(calm) and not _WILL.search(calm):
        return None  # a reason is asked for, not a recipe
    for table in ("names", "alone"):
        for kind in _data()[table]:
            if _words(table, kind).search(calm):
                return str(kind)
    if _phrases("aims", "device").search(calm):
        return "device"
    if _phrases("made", "explosive").search(calm) and _words("made", "verbs").search(calm):
        return "explosive"
    return next((str(rule["kind"]) for rule in _data()["rules"] if _met(rule, calm)), None)


def _met(rule: dict[str, Any], calm: str) -> bool:
    """Whether a word of each family stands near one of the first; no word counts twice."""
    first, *others = (_words("families", family) for family in rule["of"])
    for hit in first.finditer(calm):
        start, end = hit.start() - rule["within"], hit.end() + rule["within"]
        around = [
            [m.span() for m in other.finditer(calm) if m.start() >= start and m.end() <= end]
            for other in others
        ]
        if _apart(around, [hit.span()]):
            return True
    return False


def _apart(around: list[list[tuple[int, int]]], taken: list[tuple[int, int]]) -> bool:
    """Whether one span of each list can be had without an overlap."""
    if not around:
        return True
    return any(
        _apart(around[1:], [*taken, span])
        for span in around[0]
        if all(span[1] <= one[0] or span[0] >= one[1] for one in taken)
    )


def _dangerous(smiles: str) -> bool:
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        return molecule is not None and any(
            molecule.HasSubstructMatch(Chem.MolFromSmarts(pattern)) for pattern in _SMARTS
        )
