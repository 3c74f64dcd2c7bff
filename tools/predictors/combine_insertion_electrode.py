"""Weighs the potential against the learned model and writes that into the weights' config.json.

    python -m ionwright.tools.predictors.combine_insertion_electrode \
        --table mp_insertion_electrodes.csv --held-out held_out.json --labels labels.jsonl \
        --weights FOLDER

`held_out.json` is of `train_insertion_electrode`, `labels.jsonl` of `label_insertion_electrode`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ionwright.generators.weights import read_config
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.files import write_atomically

from .electrode_combination import (
    FEWEST,
    both_of,
    crossed,
    fit_combination,
    potential_figures,
    read_labels,
)
from .electrode_table import of_splits, read_table


def main(arguments: Sequence[str] | None = None) -> None:
    """Fits on the rows of train and val that have been relaxed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--table", "--held-out", "--labels", "--weights"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args(arguments)
    held_out = json.loads(options.held_out.read_text())
    rows = of_splits(read_table(options.table), "train", "val")
    learned = np.array([held_out[row.key] for row in rows])
    both = both_of(rows, learned, read_labels(options.labels))
    if len(both.truth) < FEWEST:
        raise InvalidRequest(f"{len(both.truth)} relaxed electrodes, at least {FEWEST} are needed")
    config = {
        **read_config(options.weights),
        "combination": fit_combination(both),
        "held_out_potential": potential_figures(both, crossed(both)),
    }
    write_atomically(options.weights / "config.json", json.dumps(config, indent=2))
    print(json.dumps(config["held_out_potential"], indent=1))


if __name__ == "__main__":
    main()
