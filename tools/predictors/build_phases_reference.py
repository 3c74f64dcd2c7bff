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

from ionwright.generators.crystals.data import CrystalSet, read_crystals
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.phases.reference import (
    ENERGIES,
    POINTS,
    Hull,
    Points,
    make_points,
)
from ionwright.knowledge.vocabulary import ELEMENTS

Row = tuple[str, float, str]  # formula without brackets, formation energy (eV/atom), kind
STABLE = 1e-4  # eV/atom above the hull that counts as on it
STRANGE = 0.05  # eV/atom; measured compounds this far above the hull are gases and radicals
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
        formula = flat_formula(_composition(crystals, int(index)))
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


def flat_formula(composition: Composition) -> str:
    """The reduced formula without brackets, elements by their symbols."""
    amounts, _ = composition.get_integer_formula_and_factor()
    parts = sorted(Composition(amounts).items(), key=lambda part: part[0].symbol)
    return "".join(f"{el.symbol}{int(n) if n > 1 else ''}" for el, n in parts)


def _composition(crystals: CrystalSet, index: int) -> Composition:
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
    rows = database_rows(read_crystals(options.data, cache=options.cache))
    rows += missing_rows(rows, measured_rows(options.experiments))
    write_points(options.out / POINTS.name, rows)
    energies = element_energies(options.elements)
    document = {"source": "Materials Project, PBE", "energy_per_atom": energies}
    write_atomically(options.out / ENERGIES.name, json.dumps(document, indent=1))
    for kind in sorted({kind for _, _, kind in rows}):
        print(kind, sum(row[2] == kind for row in rows))


if __name__ == "__main__":
    main()
