"""Trains and tests `synthesizability`: weights, metrics.json and card.md.

    python -m ionwright.tools.predictors.train_synthesizability --data CRYSTALS.npz --out FOLDER

Known: compositions of the Materials Project within 0.05 eV/atom of its hull. Decoys: known
compositions in which one or two elements were exchanged for others, half of them for elements of
the same oxidation state so that the charge stays balanced; none is known. Both are split by
chemical system: trained on train, calibrated on val, tested on test.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ionwright.generators.crystals.data import load_set, split_of
from ionwright.generators.weights import read_config
from ionwright.knowledge.vocabulary import WORKING_IONS

from .conformal import Calibration
from .crystal_cards import hardware, table, write_report
from .crystal_features import ANIONS, element_numbers, oxidation_states
from .scores import spearman
from .synthesizability import BALANCED, features_of, probability, scores_of
from .tabular import Recipe, bits_of, fit_model

NEAR_HULL = 0.05  # eV/atom
RECIPE = Recipe(trees=400, leaves=24, rate=0.05, least=15, members=2, objective="binary")
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")
Formula = tuple[tuple[str, int], ...]  # reduced, sorted by symbol
Part = tuple[list[dict[str, float]], np.ndarray]  # compositions; 1 known, 0 decoy


def known_formulas(path: Path) -> list[Formula]:
    """Reduced compositions near the hull, each once."""
    from pymatgen.core import Element

    crystals = load_set(path)
    symbols = {z: Element.from_Z(z).symbol for z in range(1, 104)}
    found = set()
    for index in np.flatnonzero(crystals.energy_above_hull <= NEAR_HULL):
        sites = crystals.numbers[crystals.offsets[index] : crystals.offsets[index + 1]]
        numbers, counts = np.unique(sites, return_counts=True)
        if len(numbers) > 1:
            divisor = math.gcd(*counts.tolist())
            found.add(
                tuple(
                    sorted(
                        (symbols[int(z)], int(n) // divisor)
                        for z, n in zip(numbers, counts, strict=True)
                    )
                )
            )
    return sorted(found)


def decoys_of(known: Sequence[Formula], rng: np.random.Generator) -> list[Formula]:
    """One exchanged composition for each known one."""
    taken = set(known)
    pool = [symbol for formula in known for symbol, _ in formula]  # common elements are drawn often
    states = {symbol: set(_states(symbol)) for symbol in sorted(set(pool))}
    decoys = []
    for formula in known:
        for _ in range(20):
            changed = _exchanged(formula, pool, states, rng)
            if changed and changed not in taken:
                taken.add(changed)
                decoys.append(changed)
                break
    return decoys


def _exchanged(
    formula: Formula, pool: Sequence[str], states: dict[str, set[int]], rng: np.random.Generator
) -> Formula | None:
    amounts = dict(formula)
    alike = rng.random() < 0.5
    for _ in range(int(rng.integers(1, 3))):
        old = str(rng.choice(sorted(amounts)))
        new = str(pool[int(rng.integers(len(pool)))])
        if new in amounts or (alike and not states[old] & states[new]):
            return None
        amounts[new] = amounts.pop(old)
    return tuple(sorted(amounts.items()))


def _states(symbol: str) -> tuple[int, ...]:
    from pymatgen.core import Element

    return (ANIONS[symbol],) if symbol in ANIONS else Element(symbol).common_oxidation_states


def labelled(path: Path, seed: int) -> dict[str, Part]:
    """Compositions and labels (1 known, 0 decoy) of each split."""
    known = known_formulas(path)
    decoys = decoys_of(known, np.random.default_rng(seed))
    parts: dict[str, tuple[list[dict[str, float]], list[int]]] = {
        split: ([], []) for split in ("train", "val", "test")
    }
    for label, formulas in ((1, known), (0, decoys)):
        for formula in formulas:
            amounts = {symbol: float(n) for symbol, n in formula}
            rows, labels = parts[split_of(frozenset(element_numbers(tuple(amounts))))]
            rows.append(amounts)
            labels.append(label)
    return {split: (rows, np.array(labels)) for split, (rows, labels) in parts.items()}


def platt(logit: np.ndarray, labels: np.ndarray, steps: int = 50) -> tuple[float, float]:
    """Slope and offset that make the logistic of the scores a probability (Platt 1999)."""
    design = np.column_stack([logit, np.ones(len(logit))])
    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        chance = probability(design @ weights)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-6 * np.eye(2)
        weights -= np.linalg.solve(curve, design.T @ (chance - labels))
    return float(weights[0]), float(weights[1])


def figures(labels: np.ndarray, score: np.ndarray) -> dict[str, Any]:
    """AUC, Brier score, accuracy at 0.5, and how often scores of a range are known."""
    positive = int(labels.sum())
    decoys = np.sort(score[labels == 0])
    below, up_to = (np.searchsorted(decoys, score[labels == 1], side) for side in _SIDES)
    area = (below + up_to).mean() / (2 * len(decoys))  # a tie counts half
    bins = [(low, low + 0.2) for low in (0, 0.2, 0.4, 0.6, 0.8)]
    return {
        "n": len(labels),
        "known": positive,
        "auc": float(area),
        "brier": float(((score - labels) ** 2).mean()),
        "accuracy": float(((score >= 0.5) == labels).mean()),
        "spearman": spearman(labels.astype(float), score),
        "reliability": [
            {
                "from": round(low, 1),
                "n": int(((score >= low) & (score < high + 1e-9)).sum()),
                "known_share": float(labels[(score >= low) & (score < high + 1e-9)].mean()),
            }
            for low, high in bins
        ],
    }


def metrics_of(
    rows: Sequence[dict[str, float]], labels: np.ndarray, folder: Path
) -> dict[str, Any]:
    """Figures of the test split, of its battery-like part, and of two rules."""
    score = scores_of(rows, folder)
    battery = np.array(
        [any(s in ANIONS for s in one) and any(s in WORKING_IONS for s in one) for one in rows]
    )
    balanced = np.array([abs(oxidation_states(one)[1]) < BALANCED for one in rows])
    prior = float(labels.mean())
    return {
        "all": figures(labels, score),
        "with a working ion and an anion": figures(labels[battery], score[battery]),
        "rule: charge balances": figures(labels, np.where(balanced, 0.75, 0.25)),
        "rule: always the prior": {"brier": prior * (1 - prior), "auc": 0.5},
        "hardware": hardware(),
        "seed": RECIPE.seed,
        **{key: read_config(folder)[key] for key in ("n_training", "cpu_seconds")},
    }


def train(parts: dict[str, Part], out: Path) -> None:
    """Trains, calibrates on val and saves."""
    start = time.process_time()
    rows, labels = parts["train"]
    table_, bits = features_of(rows), bits_of(rows)
    systems = ["-".join(sorted(one)) for one in rows]
    none = Calibration((0.0, 0.0, 0.0), 1.0, 1.0)  # a probability needs no interval
    model = fit_model(table_, labels.astype(float), bits, systems, RECIPE, none)
    val, truth = parts["val"]
    slope, offset = platt(model.predict(features_of(val), bits_of(val)).value, truth)
    config = {
        "name": "synthesizability",
        "n_training": len(rows),
        "slope": slope,
        "offset": offset,
        "recipe": asdict(RECIPE),
    }
    seconds = round(time.process_time() - start)
    model.save(out, {**config, "cpu_seconds": seconds})


def card_of(metrics: dict[str, Any]) -> str:
    """The content of card.md."""
    names = ("n", "auc", "brier", "accuracy")
    kinds = [key for key, one in metrics.items() if isinstance(one, dict)]
    rows = [[kind, *(metrics[kind].get(name) for name in names)] for kind in kinds]
    bins = [
        [f"{b['from']:.1f}-{b['from'] + 0.2:.1f}", b["n"], b["known_share"]]
        for b in metrics["all"]["reliability"]
    ]
    return f"""
# synthesizability

Probability that a composition is a known one (Materials Project, CC-BY 4.0, within {NEAR_HULL}
eV/atom of the hull) rather than one made by exchanging elements, with as many of each. It reads the
composition alone: polymorphs share a score. Not every known entry was synthesised and not every
decoy is impossible, so the score ranks plausibility and promises nothing.

- recipe: `python -m ionwright.tools.predictors.train_synthesizability --data FILE --out FOLDER`
- trained on {metrics["n_training"]} compositions (half decoys), split by chemical system,
  calibrated on val, tested on test; {metrics["cpu_seconds"]} CPU seconds ({metrics["hardware"]}),
  seed {metrics["seed"]}

## Test split

{table(["", "n", "AUC", "Brier", "accuracy"], rows)}

Of the test compositions with such a score, so many are known:

{table(["score", "n", "known"], bins)}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains and writes a folder with its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--test-only", action="store_true", help="of weights that are there")
    options = parser.parse_args(arguments)
    parts = labelled(options.data, RECIPE.seed)
    if not options.test_only:
        train(parts, options.out)
    metrics = metrics_of(*parts["test"], options.out)
    write_report(options.out, metrics, card_of(metrics))


if __name__ == "__main__":
    main()
