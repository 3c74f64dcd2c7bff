"""Builds the table of recipes that `synthesis_routes` looks things up in.

    python -m ionwright.tools.predictors.build_synthesis_routes --data RECIPES.json.xz --out FOLDER

The data is the solid-state set of Kononova et al. 2019 (CC-BY 4.0, 10.1038/s41597-019-0224-1):
recipes that a program read from papers. Only facts are kept: target, precursors, highest firing
temperature, its time, DOI.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ionwright.knowledge.files import write_atomically

from .synthesis_routes import TABLE, Recipe

PLAUSIBLE = (150.0, 2000.0)  # °C; a furnace
LONGEST = 500.0  # h


@lru_cache(maxsize=100_000)
def formula_of(text: str) -> str | None:
    """The reduced formula; None for what is none. Crystal water is dropped."""
    from pymatgen.core import Composition

    bare = text.split("·")[0].split("*")[0].strip()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            composition = Composition(bare)
            real = composition.valid and len(composition) > 0
            return composition.reduced_formula if real else None
        except (ValueError, KeyError, TypeError, ZeroDivisionError):
            return None


def recipes_of(reactions: Sequence[dict[str, Any]]) -> Iterator[Recipe]:
    """The recipes that can be read in full, one per target and set of precursors."""
    seen = set()
    for reaction in reactions:
        parts = [formula_of(one["material_formula"]) for one in reaction["precursors"]]
        if not parts or None in parts:
            continue
        precursors = tuple(sorted({part for part in parts if part}))
        temperature, hours = _firing(reaction["operations"])
        for text in dict.fromkeys(reaction["targets_string"]):
            target = formula_of(text)
            if target is None or target in precursors or (target, precursors) in seen:
                continue
            seen.add((target, precursors))
            yield Recipe(target, precursors, temperature, hours, reaction["doi"])


def names_of(reactions: Sequence[dict[str, Any]]) -> dict[str, str]:
    """How papers mostly write a precursor, where that is not the reduced formula."""
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    for reaction in reactions:
        for one in reaction["precursors"]:
            formula = formula_of(one["material_formula"])
            if formula and formula_of(one["material_formula"].split("·")[0]) == formula:
                spelled[formula][one["material_formula"].split("·")[0]] += 1
    usual = {formula: count.most_common(1)[0][0] for formula, count in spelled.items()}
    return {formula: name for formula, name in usual.items() if name != formula}


def _firing(operations: Sequence[dict[str, Any]]) -> tuple[float | None, float | None]:
    """The highest temperature (°C) of a heating step and its time (h)."""
    best: tuple[float | None, float | None] = (None, None)
    for operation in operations:
        conditions = operation.get("conditions") or {}
        if operation["type"] != "HeatingOperation":
            continue
        temperature = _highest(conditions.get("heating_temperature"), {"C": (1, 0), "K": (1, -273)})
        hours = _highest(conditions.get("heating_time"), {"h": (1, 0), "min": (1 / 60, 0)})
        if temperature is None or not PLAUSIBLE[0] <= temperature <= PLAUSIBLE[1]:
            continue
        if best[0] is None or temperature > best[0]:
            best = (temperature, hours if hours and hours <= LONGEST else None)
    return best


def _highest(entries: Any, units: dict[str, tuple[float, float]]) -> float | None:
    values = [
        entry["max_value"] * units[entry["units"]][0] + units[entry["units"]][1]
        for entry in entries or ()
        if entry.get("max_value") is not None and entry.get("units") in units
    ]
    return round(max(values), 1) if values else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    with lzma.open(options.data, "rt", encoding="utf-8") as handle:
        reactions = json.load(handle)["reactions"]
    rows = [list(recipe) for recipe in recipes_of(reactions)]
    book = {"names": names_of(reactions), "recipes": rows}
    text = json.dumps(book, ensure_ascii=False, separators=(",", ":"))
    write_atomically(options.out / TABLE, gzip.compress(text.encode(), mtime=0))
    print(f"{len(rows)} recipes of {len({row[0] for row in rows})} targets")


if __name__ == "__main__":
    main()
