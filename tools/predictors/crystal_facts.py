"""What follows from a crystal's cell and elements alone: density, supply risk, hazards.

Density is arithmetic. The rest are published figures of the elements, weighted by mass: the
Herfindahl-Hirschman index of production and reserves (0 many suppliers, 10,000 one; Gaultois et
al., Chem. Mater. 25, 2911, 2013, 10.1021/cm400893e) as pymatgen carries it, crustal abundance as
SMACT carries it, and pymatgen's table of element prices.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Self

from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance, Quantity

from .base import Predictor
from .crystal_features import oxidation_states
from .scores import agreement

if TYPE_CHECKING:
    from pymatgen.core import Structure

HHI_REFERENCE = "10.1021/cm400893e"
CONCENTRATED = 2500.0  # HHI; above, a market counts as highly concentrated (US DoJ guidelines)
RARE = 0.1  # ppm of the crust; silver has 0.08
HEXAVALENT = 5.5  # average oxidation state of chromium above which it is taken for Cr(VI)


class CrystalFacts(Predictor):
    """The density of a crystal, from its cell."""

    name = "crystal_facts"
    properties = ("density",)
    materials = ("crystal",)
    condition = "of the perfect crystal with this cell"
    version = "1"

    @classmethod
    def load(cls) -> Self:
        """Nothing to load."""
        return cls()

    def predict(
        self, candidates: Sequence[Candidate], *, temperature: float | None = None
    ) -> list[list[Quantity]]:
        """The density of each candidate in g/cm3; none where it cannot be read."""
        provenance = Provenance(source=f"tools/predictors/{self.name}", version=self.version)
        return [_density(candidate, provenance) for candidate in candidates]

    def evaluate(self, labelled: Sequence[tuple[Candidate, dict[str, float]]]) -> dict[str, float]:
        """Agreement with known densities (`density`, g/cm3)."""
        predicted = self.predict([candidate for candidate, _ in labelled])
        return agreement("density", predicted, labelled)


def _density(candidate: Candidate, provenance: Provenance) -> list[Quantity]:
    try:
        value = float(structure_of(candidate).density)
    except InvalidRequest:
        return []
    return [
        Quantity(
            property="density", value=value, unit="g/cm3", method="computed", provenance=provenance
        )
    ]


@dataclass(frozen=True)
class SupplyRisk:
    """Of a composition, mass-weighted over the elements with a figure.

    Attributes:
        hhi_production: 0-10,000; None where no element has a figure.
        hhi_reserve: the same of known reserves.
        cost: USD per kg of the pure elements in 2013; None where one has no price. Far off where
            an element is traded as a salt (Na, P, F), so it is in no note and ranks nothing.
        scarcest: element with the least crustal abundance and that abundance in ppm.
        unknown: elements without an index.
    """

    hhi_production: float | None
    hhi_reserve: float | None
    cost: float | None
    scarcest: tuple[str, float] | None
    unknown: tuple[str, ...]


def supply_risk(amounts: Mapping[str, float]) -> SupplyRisk:
    """Supply figures of a composition (element symbol -> amount, any scale)."""
    weights = _mass_fractions(amounts)
    indices, prices, ppm = _hhi(), _prices(), _abundances()
    priced = all(symbol in prices for symbol in weights)
    rare = sorted((ppm[symbol], symbol) for symbol in weights if symbol in ppm)
    return SupplyRisk(
        _weighted(weights, {symbol: pair[0] for symbol, pair in indices.items()}),
        _weighted(weights, {symbol: pair[1] for symbol, pair in indices.items()}),
        sum(share * prices[symbol] for symbol, share in weights.items()) if priced else None,
        (rare[0][1], rare[0][0]) if rare else None,
        tuple(sorted(set(weights) - set(indices))),
    )


def hazards(amounts: Mapping[str, float]) -> dict[str, str]:
    """Elements that need care, with the reason and where it is stated."""
    listed = {
        symbol: f"{entry['reason']} ({entry['reference']})"
        for symbol, entry in _hazards().items()
        if symbol in amounts
    }
    if "Cr" in amounts and oxidation_states(amounts)[0].get("Cr", 0) > HEXAVALENT:
        listed["Cr"] = "chromium(VI) is carcinogenic (1A/1B); restricted (CLP Annex VI; RoHS)"
    return listed


def element_notes(structure: Structure) -> list[str]:
    """Supply and hazards of a crystal's elements in sentences with their source."""
    amounts = {element.symbol: float(n) for element, n in structure.composition.items()}
    risk = supply_risk(amounts)
    notes = []
    if risk.hhi_production is not None:
        level = "concentrated" if risk.hhi_production > CONCENTRATED else "not concentrated"
        notes.append(
            f"supply {level}: HHI of production {risk.hhi_production:.0f}, of reserves "
            f"{risk.hhi_reserve:.0f} (mass-weighted, {HHI_REFERENCE})"
        )
    if risk.scarcest and risk.scarcest[1] < RARE:
        notes.append(f"{risk.scarcest[0]} is rare: {risk.scarcest[1]:g} ppm of the crust (SMACT)")
    notes += [f"{symbol}: {reason}" for symbol, reason in hazards(amounts).items()]
    return notes


def _mass_fractions(amounts: Mapping[str, float]) -> dict[str, float]:
    from pymatgen.core import Element

    masses = {symbol: n * float(Element(symbol).atomic_mass) for symbol, n in amounts.items()}
    total = sum(masses.values())
    return {symbol: mass / total for symbol, mass in masses.items()}


def _weighted(weights: Mapping[str, float], values: Mapping[str, float]) -> float | None:
    known = {symbol: share for symbol, share in weights.items() if symbol in values}
    total = sum(known.values())
    if not total:
        return None
    return sum(share * values[symbol] for symbol, share in known.items()) / total


@cache
def _hhi() -> dict[str, tuple[float, float]]:
    from pymatgen.analysis.hhi import HHIModel
    from pymatgen.core import Element

    model = HHIModel()
    pairs = {one.symbol: model.get_hhi(one.symbol) for one in Element}
    return {symbol: pair for symbol, pair in pairs.items() if None not in pair}


@cache
def _prices() -> dict[str, float]:
    """USD/kg."""
    text = (files("pymatgen.analysis") / "costdb_elements.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.reader(text.splitlines()) if row and not row[0].startswith("#")]
    return {row[0].strip(): float(row[1]) for row in rows if row[0].strip().isalpha()}


@cache
def _abundances() -> dict[str, float]:
    """ppm of the earth's crust."""
    from smact import Element

    from ionwright.knowledge.vocabulary import ELEMENTS

    found = {symbol: Element(symbol).crustal_abundance for symbol in ELEMENTS}
    return {s: float(value) for s, value in found.items() if isinstance(value, float | int)}


@cache
def _hazards() -> dict[str, dict[str, str]]:
    return tomllib.loads((files(__package__) / "hazards.toml").read_text(encoding="utf-8"))
