"""Calibrates the intervals of `stability` on train and val, tests once on test, writes the card.

    python -m ionwright.tools.predictors.evaluate_stability --data crystals --cache FOLDER

Most of the crystals were part of the potential's training set. So its errors are scaled up to what
they are elsewhere before intervals are fitted, and the figures are given both ways.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ionwright.generators.crystals.data import read_crystals
from ionwright.knowledge.crystal_set import CrystalSet, Split
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.phases.reference import Hull, shared_hull

from .build_phases_reference import SAMPLE, composition_of, fractions_of, sample_of
from .potential import Energy, Potential, shared_potential
from .scores import regression_scores
from .stability import ABOVE, FOLDER, FORMATION, KNOWN, NEW, Assessment, Band, assess, fit_band

# mean absolute error of CHGNet's formation energies on WBM (new compounds; Matbench Discovery) over
# that on the Materials Project: 54 over 21 meV/atom
OUT_OF_DISTRIBUTION = 54 / 21
STABLE = 1e-3  # eV/atom; nearer to the hull the hull without the phase itself is not known


@dataclass(frozen=True)
class Row:
    """A crystal with truth and assessments, eV/atom."""

    formation: float
    above: float
    known: Assessment  # with its composition's phases in the hull
    new: Assessment | None  # without; None where the truth is not known then


def rows_of(
    crystals: CrystalSet, chosen: Sequence[int], potential: Potential, hull: Hull, scale: float
) -> list[Row]:
    """Truth and assessments; the potential's error is multiplied by `scale`."""
    found = potential.energies([crystals.structure(index) for index in chosen])
    rows = []
    for index, point in zip(chosen, found, strict=True):
        if not isinstance(point, Energy):
            continue
        structure = crystals.structure(index)
        truth = float(crystals.formation_energy_per_atom[index])
        above = float(crystals.energy_above_hull[index])
        error = hull.formation_energy(structure.composition, point.energy_per_atom) - truth
        shifted = replace(point, energy_per_atom=point.energy_per_atom + (scale - 1) * error)
        lowest = hull.known(composition_of(crystals, index))
        clear = above > STABLE and lowest is not None and abs(lowest - truth) < STABLE
        rows.append(
            Row(
                formation=truth,
                above=above,
                known=assess(hull, structure, shifted),
                new=assess(hull, structure, shifted, without_itself=True) if clear else None,
            )
        )
    return rows


def calibration_of(rows: Sequence[Row]) -> dict[str, Band]:
    """Bands of the formation energy and of the distance at known and at new compositions."""
    errors = np.array([row.formation - row.known.formation_energy for row in rows])
    bands = {FORMATION: fit_band(errors, np.array([row.known.formation_clues for row in rows]))}
    for which in (KNOWN, NEW):
        pairs = distance_pairs(rows, which)
        off = np.array([truth - found.distance.value for truth, found in pairs])
        bands[which] = fit_band(off, np.array([found.distance_clues for _, found in pairs]))
    return bands


def distance_pairs(rows: Sequence[Row], which: str) -> list[tuple[float, Assessment]]:
    """(true distance, assessment) at `KNOWN` or `NEW` compositions."""
    pairs = [(row.above, row.known if which == KNOWN else row.new) for row in rows]
    return [(truth, found) for truth, found in pairs if found is not None]


def scores_of(rows: Sequence[Row], bands: dict[str, Band]) -> dict[str, dict[str, float]]:
    """Figures of the formation energy and of the distance at known and new compositions."""
    known = [row.known for row in rows]
    truth = np.array([row.formation for row in rows])
    value = np.array([found.formation_energy for found in known])
    clues = np.array([found.formation_clues for found in known])
    low, high, _ = bands[FORMATION].ends(value, clues)
    scores = {FORMATION: regression_scores(truth, value, low, high)}
    for which in (KNOWN, NEW):
        pairs = distance_pairs(rows, which)
        truth = np.array([t for t, _ in pairs])
        value = np.array([found.distance.value for _, found in pairs])
        low, high, _ = bands[which].ends(
            value, np.array([found.distance_clues for _, found in pairs])
        )
        figures = regression_scores(truth, value, np.maximum(low, 0), high)
        error = np.abs(value - truth)
        figures |= {"median": float(np.median(error)), "p90": float(np.quantile(error, 0.9))}
        figures["too_low"] = float((value < truth).mean())
        figures["mae of the median"] = float(np.abs(truth - np.median(truth)).mean())
        scores[which] = figures
    return scores


def hull_alone(rows: Sequence[Row], hulls: dict[str, Hull], names: Sequence[str]) -> dict[str, Any]:
    """Error of the hull's height with the composition itself removed, energies being true.

    Args:
        rows: of new compositions.
        hulls: by what they are made of.
        names: formula of each row.
    """
    figures: dict[str, Any] = {}
    for title, hull in hulls.items():
        found = [
            hull.above(name, row.formation, without_itself=True)
            for name, row in zip(names, rows, strict=True)
        ]
        heights = np.array([f.value - f.below for f in found])
        error = np.abs(heights - np.array([row.above for row in rows]))
        figures[title] = {
            "n": len(error),
            "median": float(np.median(error)),
            "mae": float(error.mean()),
            "p90": float(np.quantile(error, 0.9)),
        }
    return figures


def baselines(crystals: CrystalSet, parts: dict[Split, list[int]]) -> dict[str, Any]:
    """A linear model of the composition for the formation energy, the median for the distance."""
    learn, test = parts["train"] + parts["val"], parts["test"]
    shares, energies = fractions_of(crystals, learn), crystals.formation_energy_per_atom
    ridge = 0.1 * np.eye(shares.shape[1])
    weights = np.linalg.solve(shares.T @ shares + ridge, shares.T @ energies[learn])
    above = crystals.energy_above_hull
    median = float(np.median(above[learn]))
    predicted = fractions_of(crystals, test) @ weights
    return {
        FORMATION: regression_scores(energies[test], predicted),
        ABOVE: {"mae": float(np.abs(above[test] - median).mean()), "value": median},
    }


def evaluate(crystals: CrystalSet) -> tuple[dict[str, Band], dict[str, Any]]:
    """Bands from train and val, figures from test."""
    start = time.process_time()
    potential, hull = shared_potential(), shared_hull()
    parts: dict[Split, list[int]] = {
        "train": sample_of(crystals, "train", SAMPLE),
        "val": sample_of(crystals, "val"),
        "test": sample_of(crystals, "test"),
    }
    learn = parts["train"] + parts["val"]
    bands = calibration_of(rows_of(crystals, learn, potential, hull, OUT_OF_DISTRIBUTION))
    seen = rows_of(crystals, parts["test"], potential, hull, 1.0)
    scaled = rows_of(crystals, parts["test"], potential, hull, OUT_OF_DISTRIBUTION)
    new = [row for row in seen if row.new]
    composition = {id(row): index for row, index in zip(seen, parts["test"], strict=True)}
    names = [composition_of(crystals, composition[id(row)]).formula for row in new]
    kinds = hull.points.kinds
    hulls = {
        "all points": hull,
        "without measured compounds": Hull(hull.points.where(kinds != 2), {}),
        "without hull heights": Hull(hull.points.where(kinds != 1), {}),
        "phases alone": Hull(hull.points.where(kinds == 0), {}),
    }
    metrics = {
        "test": {"as computed": scores_of(seen, bands), "errors scaled": scores_of(scaled, bands)},
        "hull": hull_alone(new, hulls, names),
        "baseline": baselines(crystals, parts),
        "n": {name: len(part) for name, part in parts.items()},
        "scale": OUT_OF_DISTRIBUTION,
        "seed": 0,
        "potential": potential.weights,
        "cpu_seconds": round(time.process_time() - start, 1),
        "hardware": f"{platform.machine()}, one thread, Python {platform.python_version()}",
    }
    return bands, metrics


def card_of(metrics: dict[str, Any]) -> str:
    """The card, in Markdown."""
    lines = [_CARD.format(**metrics["n"], potential=metrics["potential"])]
    lines += ["| property | errors | n | MAE | R2 | coverage | interval width |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for how, scores in metrics["test"].items():
        lines += [
            f"| {key} | {how} | {s['n']:.0f} | {s['mae']:.3f} | {s['r2']:.2f} "
            f"| {s['coverage']:.3f} | {s['interval_width']:.3f} |"
            for key, s in scores.items()
        ]
    base = metrics["baseline"]
    lines += [
        "",
        f"Baselines on the same crystals: a linear model of the composition has MAE "
        f"{base[FORMATION]['mae']:.3f} eV/atom for the formation energy; the median distance "
        f"({base[ABOVE]['value']:.3f}) has MAE {base[ABOVE]['mae']:.3f}, and at new compositions "
        f"{metrics['test']['as computed'][NEW]['mae of the median']:.3f} (their own median).",
        "",
        "## The hull alone",
        "",
        "Error of the hull's height with the composition itself removed (meV/atom; test split):",
        "",
        "| hull | n | median | MAE | 90th percentile |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {title} | {f['n']} | {1e3 * f['median']:.0f} | {1e3 * f['mae']:.0f} "
        f"| {1e3 * f['p90']:.0f} |"
        for title, f in metrics["hull"].items()
    ]
    return "\n".join([*lines, _LIMITS])


_CARD = """# stability

Formation energy and distance above the hull of known phases, eV/atom, from a single point of the
embedded potential ({potential}; Deng et al., Nat. Mach. Intell. 5, 1031, 2023) on the structure as
it is given. The hull: phases of the Materials Project (CC-BY 4.0), the height of its hull at
compositions that are not stable, and measured formation enthalpies (NIST-JANAF; US Bureau of Mines,
FREED) of compounds that are missing. The elements' energies are fitted to {train} crystals, so that
the potential's mean error for each element vanishes.

Intervals (90 %) are conformal, fitted on {train} + {val} crystals of the train and val splits. The
potential has seen most of these crystals; on new ones its error is 54 instead of 21 meV/atom (WBM,
Matbench Discovery). Intervals are fitted to errors scaled up by that, so they hold too much of the
errors as computed ("as computed") and what they promise of scaled ones ("errors scaled").
"New composition": the phases of that composition are taken out of the hull first, which is what a
proposal meets; only crystals off the hull count, since for the others the answer is not known.

## Test split, {test} crystals with a working ion and an anion
"""
_LIMITS = """
## Limits

- A lower bound: phases that are in no table do not compete. A value of 0 is no discovery; where a
  crystal comes out below every known phase, an error or a missing phase is likelier.
- 0 K and no entropy. Elements without f electrons and oxidation states as in the Materials Project
  are best covered; `in_domain` falls with the force on the atoms and with how few phases are known.
- Energies of unrelaxed structures are upper bounds: relax first.
"""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with CSV files of crystals"
    )
    parser.add_argument("--cache", type=Path, help="folder for the parsed crystals")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    bands, metrics = evaluate(read_crystals(options.data, cache=options.cache))
    config = {key: band.as_json() for key, band in bands.items()}
    write_atomically(options.out / "config.json", json.dumps(config, indent=1))
    write_atomically(options.out / "metrics.json", json.dumps(metrics, indent=1))
    write_atomically(options.out / "card.md", card_of(metrics))
    print(card_of(metrics))


if __name__ == "__main__":
    main()
