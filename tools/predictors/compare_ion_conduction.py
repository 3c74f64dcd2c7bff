"""Does the structure help to predict conductivity? What was tried before composition was chosen.

    python -m ionwright.tools.predictors.compare_ion_conduction --data FOLDER --out FOLDER

Reads OBELiX's train.csv and all_cifs.zip (sites may be partly occupied), leaves whole chemical
systems out in five folds, and writes comparison.json for the card.
"""

from __future__ import annotations

import argparse
import csv
import json
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.files import write_atomically

from .bond_valence import CEILING, landscape
from .crystal_cards import rounded
from .crystal_features import ABSENT, STRUCTURE_FEATURES, composition_features, structure_features
from .scores import regression_scores, spearman
from .tabular import Recipe, bits_of, deal, held_out
from .train_ion_conduction import FLOOR, FOLDS, Conductors, read_conductors

if TYPE_CHECKING:
    from pymatgen.core import Structure

RECIPE = Recipe(trees=400, rate=0.04, members=2)
BARRIERS = ("barrier_1d", "barrier_2d", "barrier_3d", "bottleneck", "room")


def published_structures(data: Path) -> list[Structure | None]:
    """The structure of each row of train.csv, where there is one that can be read."""
    from pymatgen.core import Structure

    with (data / "train.csv").open(newline="", encoding="utf-8") as handle:
        ids = [row["ID"] for row in csv.DictReader(handle)]
    with zipfile.ZipFile(data / "all_cifs.zip") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rounded occupancies
        paths = {Path(name).stem: name for name in archive.namelist() if name.endswith(".cif")}
        return [
            Structure.from_str(archive.read(paths[one]).decode(), fmt="cif")
            if one in paths
            else None
            for one in ids
        ]


def columns_of(structure: Structure | None) -> np.ndarray:
    """Cell figures and bond valence figures; `ABSENT` where they cannot be had."""
    row = np.full(len(STRUCTURE_FEATURES) + len(BARRIERS), ABSENT)
    if structure is None:
        return row
    row[: len(STRUCTURE_FEATURES)] = structure_features(structure, "Li")
    try:
        found = landscape(structure, "Li")
    except InvalidRequest:
        return row
    barriers = np.minimum(found.barriers, CEILING + 0.5)
    row[len(STRUCTURE_FEATURES) :] = [*barriers, found.bottleneck, found.room]
    return row


def comparison_of(data: Conductors, structures: Sequence[Structure | None]) -> dict[str, Any]:
    """MAE and R2 of each approach on measured rows, and rank correlations of the barriers."""
    extra = np.stack([columns_of(one) for one in structures])
    known = extra[:, len(STRUCTURE_FEATURES)] != ABSENT
    measured = known & ~data.bounded
    plain = composition_features(data.amounts)
    every = np.ones(len(plain), dtype=bool)
    whole = np.hstack([plain, extra]).astype(np.float32)
    runs = {
        "composition, all crystals": (plain, every),
        "with structure where known, all crystals": (whole, every),
        "composition, crystals with structure only": (plain, known),
        "with structure, crystals with structure only": (whole, known),
    }
    return {
        "n": len(plain),
        "n_with_structure": int(known.sum()),
        "left_out_systems": {
            name: _scores(data, table, rows, measured) for name, (table, rows) in runs.items()
        },
        "spearman": {
            name: spearman(extra[measured, len(STRUCTURE_FEATURES) + i], data.labels[measured])
            for i, name in enumerate(BARRIERS)
        },
    }


def _scores(
    data: Conductors, table: np.ndarray, rows: np.ndarray, judged: np.ndarray
) -> dict[str, float]:
    """Figures on all measured rows that were learned from, and on those with a structure."""
    labels, bits = np.maximum(data.labels, FLOOR), bits_of(data.amounts)
    folds = deal(data.systems, FOLDS)
    value = np.full(len(labels), np.nan)
    value[rows] = held_out(table[rows], labels[rows], bits[rows], folds[rows], RECIPE).value
    all_rows, same = rows & ~data.bounded, judged
    wide = regression_scores(data.labels[all_rows], value[all_rows])
    near = regression_scores(data.labels[same], value[same])
    return {
        "n": wide["n"],
        "mae": wide["mae"],
        "r2": wide["r2"],
        "n_same": near["n"],
        "mae_same": near["mae"],
        "r2_same": near["r2"],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes comparison.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    data = read_conductors(options.data / "train.csv")
    comparison = comparison_of(data, published_structures(options.data))
    comparison["recipe"] = asdict(RECIPE)
    text = json.dumps(rounded(comparison), indent=2) + "\n"
    write_atomically(options.out / "comparison.json", text)


if __name__ == "__main__":
    main()
