"""Builds the reference hull: points from a set of crystals with energies, and measured ones.

    python -m ionwright.tools.predictors.build_phases_reference --data crystals \
        --elements mp-elemental-reference-entries.json.gz --experiments reaction_network.whl \
        --out knowledge/phases
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pymatgen.core import Composition, Element

from ionwright.generators.crystals.data import read_crystals
from ionwright.knowledge.crystal_set import CrystalSet, Split
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.phases.reference import (
    ENERGIES,
    KINDS,
    POINTS,
    Hull,
    Points,
    make_points,
)
from ionwright.knowledge.vocabulary import ELEMENTS

from .potential import Energy, shared_potential

Row = tuple[str, float, str]  # formula without brackets, formation energy (eV/atom), kind
STABLE = 1e-4  # eV/atom above the hull that counts as on it
STRANGE = 0.05  # eV/atom; measured compounds this far above the hull are gases and radicals
MOST_ATOMS = 48  # in a cell that is computed here
SAMPLE = 900  # crystals that the element energies are fitted to
RIDGE, FLOOR = 0.3, 0.01  # FLOOR in eV/atom: smaller errors weigh by their squares
WORKING = {Element(symbol).Z for symbol in ("Li", "Na", "K", "Mg", "Ca", "Zn", "Al")}
ANIONS = {Element(symbol).Z for symbol in ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl")}
ANIONS |= {Element(symbol).Z for symbol in ("Se", "Br", "Te", "I")}
TABLES = ("rxn_network/data/freed/compounds.json.gz", "rxn_network/data/nist/compounds.json.gz")
DEPRECATED = "rxn_network/data/nist/deprecated_compounds.json"
HEADER = (
    "# database: formation energies of the Materials Project (CC-BY 4.0), MP2020 corrections",
    "# hull: formation energy minus energy above hull, as published there",
    "# experiment: NIST-JANAF and US Bureau of Mines (FREED), as carried by reaction-network (BSD)",
)


def database_rows(crystals: CrystalSet) -> list[Row]:
    """The lowest phase of each composition, and the hull's height there where it is lower."""
    lowest: dict[str, tuple[float, float]] = {}
    for index in np.flatnonzero(np.isfinite(crystals.formation_energy_per_atom)):
        formula = flat_formula(composition_of(crystals, int(index)))
        energy = float(crystals.formation_energy_per_atom[index])
        above = float(np.nan_to_num(crystals.energy_above_hull[index]))
        lowest[formula] = min(lowest.get(formula, (np.inf, 0.0)), (energy, above))
    rows: list[Row] = []
    for formula, (energy, above) in sorted(lowest.items()):
        if Composition(formula).is_element:
            continue  # the elements themselves are the zero of the scale
        rows.append((formula, energy, "database"))
        if above > STABLE:
            rows.append((formula, energy - above, "hull"))
    return rows


def measured_rows(wheel: Path) -> dict[str, float]:
    """Measured formation enthalpies at 300 K by formula, eV/atom.

    The tables give Gibbs energies; G - T dG/dT is the enthalpy, which is what the corrections of
    the Materials Project are fitted to.
    """
    found: dict[str, float] = {}
    with zipfile.ZipFile(wheel) as archive:
        skipped = set(json.loads(archive.read(DEPRECATED)))
        for name in TABLES:
            table = json.loads(gzip.decompress(archive.read(name)))
            for formula, gibbs in table.items():
                if formula in skipped or not {"300", "400"} <= set(gibbs):
                    continue
                composition = Composition(formula)
                symbols = {el.symbol for el in composition}
                if len(symbols) == 1 or not symbols <= set(ELEMENTS):
                    continue
                slope = (gibbs["400"] - gibbs["300"]) / 100
                enthalpy = (gibbs["300"] - 300 * slope) / composition.num_atoms
                found[flat_formula(composition)] = enthalpy
    return found


def missing_rows(rows: Sequence[Row], measured: dict[str, float]) -> list[Row]:
    """Measured compounds that the database lacks and that are near or below its hull."""
    known = {formula for formula, _, _ in rows}
    hull = Hull(points_of(rows), {})
    return [
        (formula, energy, "experiment")
        for formula, energy in sorted(measured.items())
        if formula not in known and hull.above(formula, energy).value < STRANGE
    ]


def points_of(rows: Sequence[Row]) -> Points:
    """Rows as the hull takes them."""
    formulas, energies, kinds = zip(*rows, strict=True)
    return make_points(formulas, energies, kinds)


def element_energies(path: Path) -> dict[str, float]:
    """eV/atom of each element, from the Materials Project's reference entries."""
    entries = json.loads(gzip.decompress(path.read_bytes()))
    return {
        symbol: (entry["energy"] + entry["correction"]) / sum(entry["composition"].values())
        for symbol, entry in sorted(entries.items())
    }


def sample_of(crystals: CrystalSet, split: Split, n: int | None = None) -> list[int]:
    """Crystals with formation energy, a working ion, an anion and at most `MOST_ATOMS` atoms.

    Args:
        crystals: the whole set.
        split: which part of it.
        n: how many, drawn evenly; all if left out.
    """
    able = np.isfinite(crystals.formation_energy_per_atom) & (crystals.sizes <= MOST_ATOMS)
    order = np.random.default_rng(0).random(len(crystals))
    chosen = [
        int(index)
        for index in np.argsort(order)
        if able[index]
        and crystals.split(int(index)) == split
        and crystals.elements(int(index)) & WORKING
        and crystals.elements(int(index)) & ANIONS
    ]
    return chosen[:n]


def fitted_energies(
    crystals: CrystalSet, chosen: Sequence[int], totals: np.ndarray, energies: dict[str, float]
) -> dict[str, float]:
    """Element energies with which the potential's totals agree best with formation energies.

    They differ from those of the database by what the potential errs for each element on average.
    Least absolute deviations (reweighted), with a ridge that keeps rare elements where they were.

    Args:
        crystals: with formation energies.
        chosen: those that were computed.
        totals: the potential's energies, eV/atom (len(chosen),).
        energies: of the database.
    """
    shares = fractions_of(crystals, chosen)
    start = np.array([energies.get(symbol, 0.0) for symbol in ELEMENTS])
    error = totals - shares @ start - crystals.formation_energy_per_atom[np.asarray(chosen)]
    shift, weights = np.zeros(len(ELEMENTS)), np.ones(len(error))
    for _ in range(50):
        slope = (shares * weights[:, None]).T
        shift = np.linalg.solve(slope @ shares + RIDGE * np.eye(len(ELEMENTS)), slope @ error)
        weights = FLOOR / np.maximum(np.abs(error - shares @ shift), FLOOR)
    fitted = dict(zip(ELEMENTS, start + shift, strict=True))
    return {symbol: round(float(fitted[symbol]), 5) for symbol in energies}


def fractions_of(crystals: CrystalSet, chosen: Sequence[int]) -> np.ndarray:
    """Atomic fractions (len(chosen), elements), in the order of `ELEMENTS`."""
    formulas = [flat_formula(composition_of(crystals, index)) for index in chosen]
    return make_points(formulas, [0.0] * len(formulas), ["database"] * len(formulas)).fractions


def flat_formula(composition: Composition) -> str:
    """The reduced formula without brackets, elements by their symbols."""
    amounts, _ = composition.get_integer_formula_and_factor()
    parts = sorted(Composition(amounts).items(), key=lambda part: part[0].symbol)
    return "".join(f"{el.symbol}{int(n) if n > 1 else ''}" for el, n in parts)


def composition_of(crystals: CrystalSet, index: int) -> Composition:
    """Of crystal `index`."""
    sites = slice(crystals.offsets[index], crystals.offsets[index + 1])
    numbers, counts = np.unique(crystals.numbers[sites], return_counts=True)
    return Composition(
        {Element.from_Z(int(z)): int(n) for z, n in zip(numbers, counts, strict=True)}
    )


def write_points(path: Path, rows: Sequence[Row]) -> None:
    """Writes the table, the same bytes for the same rows."""
    text = io.StringIO()
    text.write("\n".join(HEADER) + "\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("formula", "formation_energy_per_atom", "kind"))
    writer.writerows((formula, f"{energy:.4f}", kind) for formula, energy, kind in rows)
    write_atomically(path, gzip.compress(text.getvalue().encode(), mtime=0))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with CSV files of crystals"
    )
    parser.add_argument("--cache", type=Path, help="folder for the parsed crystals")
    parser.add_argument("--elements", type=Path, required=True)
    parser.add_argument("--experiments", type=Path, required=True, help="wheel of reaction-network")
    parser.add_argument("--out", type=Path, default=POINTS.parent)
    options = parser.parse_args()
    crystals = read_crystals(options.data, cache=options.cache)
    rows = database_rows(crystals)
    rows += missing_rows(rows, measured_rows(options.experiments))
    write_points(options.out / POINTS.name, rows)
    for kind in KINDS:
        print(kind, sum(row[2] == kind for row in rows))
    potential, chosen = shared_potential(), sample_of(crystals, "train", SAMPLE)
    found = potential.energies([crystals.structure(index) for index in chosen])
    sound = [(i, e) for i, e in zip(chosen, found, strict=True) if isinstance(e, Energy)]
    totals = np.array([e.energy_per_atom for _, e in sound])
    energies = element_energies(options.elements)
    document = {
        "source": "Materials Project, PBE, shifted by what the potential errs for each element",
        "potential": potential.weights,
        "fitted_to": len(sound),
        "energy_per_atom": fitted_energies(crystals, [i for i, _ in sound], totals, energies),
    }
    write_atomically(options.out / ENERGIES.name, json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
