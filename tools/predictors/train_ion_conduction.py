"""Trains `ion_conduction`: the exact recipe behind the shipped weights.

    python -m ionwright.tools.predictors.train_ion_conduction --data FOLDER --out FOLDER

The data folder is that of OBELiX (NRC-Mila/OBELiX, CC-BY 4.0): train.csv and test.csv. Only the
published train part is read here. Recipes are compared on it with whole chemical systems left out,
and with whole crystal families left out.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from .crystal_features import composition_features
from .ion_conduction import BOLTZMANN, TEMPERATURE, as_lithium, working_ion
from .scores import regression_scores
from .tabular import Recipe, TabularModel, bits_of, calibration_of, deal, fit_model, held_out

FLOOR = -11.5  # log10 S/cm; lower labels say "no conductor" and would outweigh all others
FOLDS = 5
NARROWEST = 0.1  # no interval is narrower than this share of those of left-out crystals
RECIPE = Recipe(trees=600, rate=0.03, members=6)


@dataclass(frozen=True)
class Conductors:
    """Published conductors.

    Attributes:
        amounts: element symbol -> amount, of the cell.
        labels: log10 S/cm (n,); of bounds ("<1E-10") the bound.
        bounded: where the label is a bound (n,).
        families: crystal family as published, the chemical system where it is not named.
    """

    amounts: list[dict[str, float]]
    labels: np.ndarray
    bounded: np.ndarray
    families: list[str]

    @property
    def systems(self) -> list[str]:
        """Chemical system of each."""
        return ["-".join(sorted(one)) for one in self.amounts]


def read_conductors(path: Path) -> Conductors:
    """The rows of OBELiX's train.csv or test.csv."""
    from pymatgen.core import Composition

    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    amounts = [dict(Composition(row["True Composition"]).get_el_amt_dict()) for row in rows]
    texts = [row["Ionic conductivity (S cm-1)"] for row in rows]
    named = [row["Family"].strip().lower() for row in rows]
    systems = ["-".join(sorted(one)) for one in amounts]
    return Conductors(
        amounts,
        np.array([math.log10(float(text.strip("< "))) for text in texts]),
        np.array(["<" in text for text in texts]),
        [family or system for family, system in zip(named, systems, strict=True)],
    )


def measured_facts(key: str) -> dict[str, float]:
    """Formula -> first measured value (mean of a range) of a property, near room temperature."""
    facts = files("ionwright.knowledge.corpus") / "facts" / "electrolytes.jsonl"
    found: dict[str, float] = {}
    for line in facts.read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        if fact.get("property") != key or fact.get("method") == "computed":
            continue
        # an activation energy describes a range of temperatures
        warm = key != "ionic_conductivity" or abs(fact.get("temperature", TEMPERATURE) - 298) < 6
        if warm and fact.get("formula"):
            found.setdefault(fact["formula"], float(np.mean(fact["value"])))
    return found


def published_pairs() -> dict[str, tuple[float, float]]:
    """Conductors in the facts with both measured: S/cm and eV by formula."""
    conductivities = measured_facts("ionic_conductivity")
    energies = measured_facts("activation_energy")
    return {
        name: (conductivities[name], energies[name]) for name in energies if name in conductivities
    }


def prefactor_of(pairs: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """log10 of sigma T exp(E / kT) in S K/cm over published conductors: mean, spread, n."""
    logs = [
        math.log10(conductivity * TEMPERATURE) + energy / (BOLTZMANN * TEMPERATURE * math.log(10))
        for conductivity, energy in pairs.values()
    ]
    return {
        "log10_mean": float(np.mean(logs)),
        "log10_std": float(np.std(logs, ddof=1)),
        "n": len(logs),
        "formulas": list(pairs),
    }


def sodium_facts() -> list[tuple[dict[str, float], float]]:
    """Compositions and log10 S/cm of the sodium conductors in the facts."""
    from pymatgen.core import Composition

    rows = [
        (dict(Composition(formula).get_el_amt_dict()), math.log10(value))
        for formula, value in measured_facts("ionic_conductivity").items()
        if formula.isalnum() or "." in formula
    ]
    return [(amounts, log) for amounts, log in rows if working_ion(amounts) == "Na"]


def train(data: Conductors, recipe: Recipe, out: Path) -> dict[str, Any]:
    """Cross-validates, calibrates, trains on all rows and saves; returns the config."""
    features, bits = composition_features(data.amounts), bits_of(data.amounts)
    labels = np.maximum(data.labels, FLOOR)
    shift = float(labels.mean())
    ways = {"systems": deal(data.systems, FOLDS), "families": deal(data.families, FOLDS)}
    left_out = {
        name: held_out(features, labels, bits, folds, recipe) for name, folds in ways.items()
    }
    # both ways: near and far compositions are judged, and the distance clue learns the difference
    # and against the labels as measured, also where those learned from were raised to the floor
    truth = [_bounded_truth(data, one.value) for one in left_out.values()]
    calibration = calibration_of(truth, list(left_out.values()))
    widths = np.concatenate([calibration.half_width(one.clues) for one in left_out.values()])
    measured = ~data.bounded
    cross_validation = {
        name: regression_scores(data.labels[measured], one.value[measured])
        for name, one in left_out.items()
    }
    config = {
        "name": "ion_conduction",
        "n_training": len(labels),
        "shift": shift,
        # crystals that were learned from seem surer than any that were left out: not believed
        "narrowest": float(np.quantile(widths, NARROWEST)),
        "recipe": asdict(recipe),
        "cross_validation": cross_validation,
        "prefactor": prefactor_of(published_pairs()),
    }
    model = fit_model(features, labels - shift, bits, data.systems, recipe, calibration)
    config["transfer"] = transfer_of(model, shift)
    model.save(out, config)
    return config


def _bounded_truth(data: Conductors, value: np.ndarray) -> np.ndarray:
    """Labels to compare with: a bound is right for every prediction below it."""
    return np.where(data.bounded, np.minimum(value, data.labels), data.labels)


def transfer_of(model: TabularModel, shift: float) -> dict[str, Any]:
    """How far sodium conductors lie off when read as lithium; the worst of them is the doubt."""
    amounts, logs = zip(*sodium_facts(), strict=True)
    read = [as_lithium(one) for one in amounts]
    errors = model.predict(composition_features(read), bits_of(read)).value + shift - np.array(logs)
    return {
        "n": len(logs),
        "mae": float(np.abs(errors).mean()),
        "bias": float(errors.mean()),
        "half_width": float(np.abs(errors).max()),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains and writes a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    start = time.process_time()
    config = train(read_conductors(options.data / "train.csv"), RECIPE, options.out)
    seconds = time.process_time() - start
    print(json.dumps({**config["cross_validation"], "prefactor": config["prefactor"]}, indent=1))
    print(f"{seconds:.0f} CPU seconds")


if __name__ == "__main__":
    main()
