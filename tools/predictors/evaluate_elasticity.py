"""Textbook bulk moduli against the potential's; writes the correction, its spread and the card.

python -m ionwright.tools.predictors.evaluate_elasticity
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core import Lattice, Structure

from ionwright.knowledge.files import write_atomically

from .elasticity import FOLDER, bulk_modulus
from .potential import shared_potential

_HALF, _QUARTER = [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]
PROTOTYPES: dict[str, tuple[str, list[list[float]]]] = {
    "rock salt": ("Fm-3m", [[0, 0, 0], _HALF]),
    "fluorite": ("Fm-3m", [[0, 0, 0], _QUARTER]),
    "zincblende": ("F-43m", [[0, 0, 0], _QUARTER]),
    "diamond": ("Fd-3m", [[0, 0, 0]]),
    "bcc": ("Im-3m", [[0, 0, 0]]),
    "fcc": ("Fm-3m", [[0, 0, 0]]),
}
# prototype, elements, lattice constant (angstrom), bulk modulus at room temperature (GPa):
# Kittel, Introduction to Solid State Physics; CRC Handbook; Anderson & Isaak (1995) for oxides
MEASURED = (
    ("rock salt", "Li F", 4.03, 67), ("rock salt", "Na F", 4.63, 46.5),
    ("rock salt", "Li Cl", 5.13, 29.8), ("rock salt", "Na Cl", 5.64, 24),
    ("rock salt", "K Cl", 6.29, 17.4), ("rock salt", "Na Br", 5.97, 19.9),
    ("rock salt", "K Br", 6.6, 14.8), ("rock salt", "Na I", 6.47, 15.1),
    ("rock salt", "Mg O", 4.21, 162), ("rock salt", "Ca O", 4.81, 113),
    ("rock salt", "Sr O", 5.16, 91), ("rock salt", "Ni O", 4.18, 185),
    ("rock salt", "Co O", 4.26, 185), ("rock salt", "Mn O", 4.45, 151),
    ("fluorite", "O Li", 4.61, 82), ("fluorite", "Ca F", 5.46, 82), ("fluorite", "Ba F", 6.2, 57),
    ("diamond", "Si", 5.43, 98), ("diamond", "Ge", 5.66, 75), ("diamond", "C", 3.57, 442),
    ("zincblende", "Ga As", 5.65, 75), ("zincblende", "Zn S", 5.41, 77),
    ("zincblende", "Zn Se", 5.67, 62), ("zincblende", "Al P", 5.46, 86),
    ("zincblende", "Si C", 4.36, 224), ("rock salt", "Ti N", 4.24, 288),
    ("rock salt", "Ti C", 4.33, 242), ("bcc", "Li", 3.5, 11.6), ("bcc", "Na", 4.2, 6.8),
    ("bcc", "K", 5.3, 3.2), ("fcc", "Al", 4.05, 76), ("fcc", "Cu", 3.61, 137),
    ("bcc", "Fe", 2.87, 168), ("bcc", "W", 3.16, 310), ("fcc", "Ag", 4.09, 101),
    ("rock salt", "Li H", 4.08, 34),
)  # fmt: skip


def structure_of_row(prototype: str, elements: str, a: float) -> Structure:
    """The primitive cell of a row of `MEASURED`."""
    group, places = PROTOTYPES[prototype]
    cell = Structure.from_spacegroup(group, Lattice.cubic(a), elements.split(), places)
    return cell.get_primitive_structure()


def calibration_of(logs: np.ndarray) -> dict[str, float]:
    """Factor and spread from log(measured / computed); each row judged by the others' median.

    Args:
        logs: (n,).
    """
    others = [float(np.median(np.delete(logs, i))) for i in range(len(logs))]
    errors = np.sort(np.abs(logs - np.array(others)))
    rank = min(len(errors) - 1, int(np.ceil((len(errors) + 1) * 0.9)) - 1)
    return {
        "stiffer": float(np.exp(np.median(logs))),
        "spread": float(np.exp(errors[rank])),
        "relative_std": float(np.sqrt(np.mean(errors**2))),
    }


def evaluate() -> tuple[dict[str, float], dict[str, Any]]:
    """The calibration, and the figures beside the mean of all as baseline."""
    start = time.process_time()
    potential = shared_potential()
    found = bulk_modulus([structure_of_row(*row[:3]) for row in MEASURED], potential=potential)
    rows = [(row[1], row[3], k) for row, k in zip(MEASURED, found, strict=True)
            if isinstance(k, float)]  # fmt: skip
    measured, computed = (np.array([row[i] for row in rows], dtype=float) for i in (1, 2))
    logs = np.log(measured / computed)
    calibration = calibration_of(logs)
    others = np.exp([np.median(np.delete(logs, i)) for i in range(len(logs))])
    means = (measured.sum() - measured) / (len(measured) - 1)
    metrics = {
        "n": len(rows),
        "failed": len(MEASURED) - len(rows),
        "mae_as_fitted": float(np.abs(computed - measured).mean()),
        "mae_corrected_left_out": float(np.abs(computed * others - measured).mean()),
        "mae_of_the_mean": float(np.abs(means - measured).mean()),
        "median_relative_error_corrected": float(
            np.median(np.abs(computed * others / measured - 1))
        ),
        "potential": potential.weights,
        "seed": 0,
        "cpu_seconds": round(time.process_time() - start, 1),
        "hardware": f"{platform.machine()}, Python {platform.python_version()}",
        "rows": [[name, float(k), round(float(c), 1)] for name, k, c in rows],
    }
    return calibration, metrics


def card_of(calibration: dict[str, float], metrics: dict[str, Any]) -> str:
    """The card, in Markdown."""
    return f"""# elasticity

Bulk modulus by a Birch-Murnaghan fit to the embedded potential's energies ({metrics["potential"]})
at lengths within 3 % of the relaxed cell, times {calibration["stiffer"]:.3f}: the potential is too
soft on average. Interval (90 %): the value over and times {calibration["spread"]:.2f}.

Against {metrics["n"]} textbook moduli at room temperature (cubic elements and binaries, 3 to 442
GPa), each corrected by what the others say: MAE {metrics["mae_corrected_left_out"]:.1f} GPa
(as fitted {metrics["mae_as_fitted"]:.1f}; the mean of the others {metrics["mae_of_the_mean"]:.1f}),
median error {100 * metrics["median_relative_error_corrected"]:.0f} %.
Recipe: `python -m ionwright.tools.predictors.evaluate_elasticity`.

Limits: the cell is scaled evenly and atoms are kept at their fractions, so layered and open
crystals come out too stiff. 0 K against room temperature. Magnetic metals come out too soft (Fe).
"""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    calibration, metrics = evaluate()
    write_atomically(options.out / "config.json", json.dumps(calibration, indent=1))
    write_atomically(options.out / "metrics.json", json.dumps(metrics, indent=1))
    write_atomically(options.out / "card.md", card_of(calibration, metrics))
    print(card_of(calibration, metrics))


if __name__ == "__main__":
    main()
