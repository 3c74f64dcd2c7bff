"""Tests `synthesis_routes` on held-out chemical systems: metrics.json and card.md.

    python -m ionwright.tools.predictors.evaluate_synthesis_routes --weights FOLDER [--split val]

Targets of the split are looked up in a book without any recipe of the split's chemical systems
and of the target's own papers. Only the test split writes its figures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ionwright.generators.crystals.data import split_of

from .crystal_cards import hardware, table, write_report
from .crystal_features import fractions_of
from .synthesis_routes import TABLE, Recipe, RecipeBook, Route, amounts_of

SAMPLE = 1000  # targets
LARGE_ERROR = 200.0  # °C


def splits_of(recipes: Sequence[Recipe]) -> list[str]:
    """The split of each recipe, by the chemical system of its target."""
    fractions = fractions_of([amounts_of(recipe.target) for recipe in recipes])
    return [split_of(frozenset(np.flatnonzero(row).tolist())) for row in fractions]


def held_targets(
    recipes: Sequence[Recipe], splits: Sequence[str], split: str
) -> list[list[Recipe]]:
    """Some targets of a split with all their recipes, drawn by a hash; one target of each paper."""
    by_target: dict[str, list[Recipe]] = defaultdict(list)
    for recipe, own in zip(recipes, splits, strict=True):
        if own == split:
            by_target[recipe.target].append(recipe)
    ordered = sorted(by_target, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    seen: set[str] = set()
    drawn: list[list[Recipe]] = []
    for target in ordered:
        papers = {recipe.doi for recipe in by_target[target]}
        if not papers & seen and len(drawn) < SAMPLE:
            drawn.append(by_target[target])
            seen |= papers
    return drawn


def baseline_route(book: RecipeBook, target: str, temperature: float) -> Route:
    """The most common precursor of each element, and the median temperature of all recipes."""
    return Route(book.usual_set(amounts_of(target)), temperature, None, None, (), 1.0, ())


def scores(targets: Sequence[Sequence[Recipe]], routes: Sequence[Route]) -> dict[str, float]:
    """Shares of recovered precursors, and the error of the firing temperature in °C."""
    exact, recall, errors, inside = [], [], [], []
    for known, route in zip(targets, routes, strict=True):
        own = set(route.precursors)
        exact.append(any(own == set(recipe.precursors) for recipe in known))
        recall.append(
            max(len(own & set(recipe.precursors)) / len(recipe.precursors) for recipe in known)
        )
        fired = [recipe.temperature for recipe in known if recipe.temperature is not None]
        if fired and route.temperature is not None:
            errors.append(abs(route.temperature - float(np.median(fired))))
            if route.temperature_range:
                low, high = route.temperature_range
                inside.append(low <= np.median(fired) <= high)
    return {
        "n": len(targets),
        "exact": float(np.mean(exact)),
        "recall": float(np.mean(recall)),
        "half_or_more": float(np.mean(np.array(recall) >= 0.5)),
        "n_temperature": len(errors),
        "temperature_mae": float(np.mean(errors)),
        "temperature_median_error": float(np.median(errors)),
        "range_holds": float(np.mean(inside)) if inside else float("nan"),
    }


def metrics_of(folder: Path, split: str) -> dict[str, Any]:
    """The content of metrics.json."""
    whole = RecipeBook.load(folder)
    splits = splits_of(whole.recipes)
    targets = held_targets(whole.recipes, splits, split)
    hidden = {split} if split == "test" else {"val", "test"}
    book = RecipeBook(
        [one for one, own in zip(whole.recipes, splits, strict=True) if own not in hidden]
    )
    fired = [one.temperature for one in book.recipes if one.temperature is not None]
    start = time.process_time()
    routes = [
        book.suggest(amounts_of(known[0].target), exclude_dois=frozenset(one.doi for one in known))
        for known in targets
    ]
    seconds = time.process_time() - start
    plain = [baseline_route(book, known[0].target, float(np.median(fired))) for known in targets]
    near = [route.distance < 0.5 for route in routes]
    return {
        "split": split,
        "recipes": len(whole.recipes),
        "targets": len({recipe.target for recipe in whole.recipes}),
        "routes": scores(targets, routes),
        "baseline": scores(targets, plain),
        "by_distance": {
            name: scores(
                [t for t, n in zip(targets, near, strict=True) if n == wanted],
                [r for r, n in zip(routes, near, strict=True) if n == wanted],
            )
            for name, wanted in (("under 0.5", True), ("0.5 and over", False))
        },
        "bytes": (folder / TABLE).stat().st_size,
        "seconds_per_route": seconds / len(targets),
        "hardware": hardware(),
    }


def card_of(metrics: dict[str, Any]) -> str:
    """The content of card.md."""
    names = ("n", "exact", "recall", "half_or_more", "temperature_mae", "temperature_median_error")
    parts = {
        "nearest recipes": metrics["routes"],
        "most common precursor of each element, median temperature": metrics["baseline"],
        **{f"nearest recipes, distance {k}": v for k, v in metrics["by_distance"].items()},
    }
    rows = [[name, *(one[key] for key in names)] for name, one in parts.items()]
    columns = [
        "",
        "targets",
        "exact set",
        "precursors found",
        "half or more",
        "MAE °C",
        "median °C",
    ]
    return f"""
# synthesis_routes

{metrics["recipes"]} solid-state recipes of {metrics["targets"]} targets, read from papers by a
program (Kononova et al., Sci. Data 6, 203, 2019, 10.1038/s41597-019-0224-1, CC-BY 4.0): target,
precursors, highest firing temperature, its time, DOI. Nothing is trained: the nearest targets
are looked up, their precursors voted on element by element.

- built by `python -m ionwright.tools.predictors.build_synthesis_routes --data RECIPES --out FOLDER`
- {metrics["bytes"] / 2**20:.2f} MiB; {metrics["seconds_per_route"]:.3f} CPU s a route
  ({metrics["hardware"]})

## Held-out chemical systems ({metrics["split"]} split)

{table(columns, rows)}

A set counts as exact where it equals one published for the target. The recipes of the target's
chemical system and of its papers were not in the book. The range of firing temperatures (10th to
90th percentile of the neighbours) holds
{100 * metrics["routes"]["range_holds"]:.0f} % of the published ones.

## Limits

- The recipes were read by a program: some temperatures are those of drying or calcination, some
  amounts are wrong. A route is a place to start, not a tested procedure.
- Solid-state synthesis of oxides mostly; sulfides, halides and nitrides are few.
- Amounts, atmosphere, milling and safety are not told.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes metrics.json and card.md for the test split; prints them for others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--split", choices=("val", "test"), default="test")
    options = parser.parse_args(arguments)
    metrics = metrics_of(options.weights, options.split)
    if options.split == "test":
        write_report(options.weights, metrics, card_of(metrics))
    print(json.dumps(metrics, indent=1))


if __name__ == "__main__":
    main()
