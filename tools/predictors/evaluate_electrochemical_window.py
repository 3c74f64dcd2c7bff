"""Compares electrochemical windows with published ones; writes weights/electrochemical_window/.

The published windows are of the same kind (DFT energies on the hull of the Materials Project), so
this measures our energies and what is missing on our hull, not how cells behave.

python -m ionwright.tools.predictors.evaluate_electrochemical_window
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.phases.library import phase_library
from ionwright.knowledge.phases.reference import shared_hull

from .electrochemical_window import REFERENCE_ERROR, ElectrochemicalWindow, working_ion
from .grand_potential import Surroundings
from .potential import Potential

METRICS = ElectrochemicalWindow.weights / "metrics.json"
ZHU, WANG = "10.1021/acsami.5b07517", "10.1002/anie.201901938"
PUBLISHED = {  # formula: reduction and oxidation limit, V against Li/Li+, and the source
    "Li3PS4": (1.71, 2.31, ZHU),
    "Li10GeP2S12": (1.71, 2.14, ZHU),
    "Li4GeS4": (1.62, 2.14, ZHU),
    "Li7P3S11": (2.28, 2.31, ZHU),
    "Li6PS5Cl": (1.71, 2.01, ZHU),
    "Li7La3Zr2O12": (0.05, 2.91, ZHU),
    "Li2S": (0.0, 2.01, ZHU),
    "Li2O": (0.0, 2.90, ZHU),
    "Li3N": (0.0, 0.44, ZHU),
    "LiF": (0.0, 6.36, ZHU),
    "LiI": (0.0, 2.80, ZHU),
    "Li3YCl6": (0.62, 4.21, WANG),
    "Li3YBr6": (0.59, 3.15, WANG),
}


def measured() -> list[dict[str, Any]]:
    """One row for each published window.

    Of phases in the library the predictor computes the energy from the structure; of others the
    known formation energy is taken, or the hull's where that is missing too.
    """
    with tempfile.TemporaryDirectory() as folder:  # an empty cache, so that the time is seen
        predictor = ElectrochemicalWindow(Potential(Path(folder), workers=1), shared_hull())
        return _rows(predictor)


def _rows(predictor: ElectrochemicalWindow) -> list[dict[str, Any]]:
    rows = []
    for formula, (reduction, oxidation, source) in PUBLISHED.items():
        row: dict[str, Any] = {"formula": formula, "published": [reduction, oxidation]}
        phases = phase_library().of_formula(formula)
        if phases:
            candidate = phases[0].candidate(source="knowledge/phases", version="1")
            (quantities,) = predictor.predict([candidate])
            values = {q.property: q for q in quantities}
            found = [values["reduction_potential"], values["oxidation_potential"]]
            row["ours"] = [round(q.value, 2) for q in found]
            row["intervals"] = [q.interval for q in found]
        else:
            row["ours"] = [round(v, 2) for v in _by_formula(formula)]
        rows.append({**row, "energy_from": "structure" if phases else "hull", "reference": source})
    return rows


def _by_formula(formula: str) -> tuple[float, float]:
    from pymatgen.core import Composition

    hull, composition = shared_hull(), Composition(formula)
    known = hull.known(composition)
    energy = -hull.above(composition, 0.0).value if known is None else known
    window = Surroundings(hull, composition, energy).window(working_ion(composition))
    assert window.oxidation is not None
    return window.reduction, window.oxidation


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and 90th percentile of the error of each limit (V), and the intervals' coverage."""
    errors = np.abs(np.array([np.subtract(row["ours"], row["published"]) for row in rows]))
    inside = [
        low <= value <= high
        for row in rows
        for value, (low, high) in zip(row["published"], row.get("intervals", ()), strict=False)
    ]
    return {
        "n": len(rows),
        "reduction_mae": round(float(errors[:, 0].mean()), 3),
        "oxidation_mae": round(float(errors[:, 1].mean()), 3),
        "error_90": round(float(np.quantile(errors, 0.9)), 3),
        "interval_coverage": round(float(np.mean(inside)), 3),
        "intervals": len(inside),
    }


CARD = """# electrochemical_window

Reduction and oxidation limit of a crystal against the metal of its working ion, from the energy by
the embedded potential (CHGNet) and the reference hull of known phases; no learned part of its own.
The limits are the chemical potentials at which the equilibrium at the crystal's composition begins
to take up or give off the ion (the method of {zhu}). Also the reaction with
a metal or an electrode that gains most (`reaction_with`).

What it does not say: kinetics (a crystal may last outside of its window when the products block
further reaction), temperature, liquid or gaseous products at pressure. A phase that is missing on
the hull can only narrow the window; a crystal above the hull has the window of what it would fall
apart into. An interval holds the window for energies 82 meV/atom lower and higher (90 % of new
crystals), widened by {reference:g} V for the reference phases.

Compared with {n} published windows (DFT, hull of the Materials Project; not experiments): mean
error {reduction_mae:g} V of the reduction limit, {oxidation_mae:g} V of the oxidation limit, 90 %
of the limits within {error_90:g} V; {interval_coverage:.0%} of {intervals} limits lie in their
intervals. {cpu_seconds:g} CPU seconds for all, loading included. By
`python -m ionwright.tools.predictors.evaluate_electrochemical_window`.

| crystal | published, V | ours, V | energy from |
|---|---|---|---|
{table}
"""


def card(content: dict[str, Any]) -> str:
    """The card, with the measured figures filled in."""
    lines = [
        "| {} | {:g} to {:g} | {:g} to {:g} | {} |".format(
            row["formula"], *row["published"], *row["ours"], row["energy_from"]
        )
        for row in content["rows"]
    ]
    return CARD.format(
        **content["headline"],
        cpu_seconds=content["cpu_seconds"],
        zhu=ZHU,
        reference=REFERENCE_ERROR,
        table="\n".join(lines),
    )


def main() -> None:
    """Measures and writes card.md and metrics.json."""
    start = time.process_time()
    rows = measured()
    content = {
        "headline": summary(rows),
        "cpu_seconds": round(time.process_time() - start, 1),
        "rows": rows,
    }
    write_atomically(METRICS, json.dumps(content, indent=2) + "\n")
    write_atomically(METRICS.with_name("card.md"), card(content))


if __name__ == "__main__":
    main()
