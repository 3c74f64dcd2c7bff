"""Crystal generators side by side: `ionwright bench crystals`, and the committed result file.

All samples are looked at cheaply; the first sound different ones of each generator are relaxed
and judged by the embedded potential on the reference hull. A run that was stopped goes on with the
generators that are missing in the result file.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ionwright.generators.base import Generator, generator_names, load_generator
from ionwright.knowledge.errors import IonwrightError
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.phases.known import SOURCES, known_crystals
from ionwright.knowledge.phases.reference import shared_hull
from ionwright.tools.predictors.potential import Potential

from .crystal_measures import (
    Judge,
    cheap_figures,
    condition_figures,
    draw,
    stability_figures,
)
from .crystal_report import ANCHORS, draw_picture
from .polymers import hardware, one_thread

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from ionwright.knowledge.crystal_set import CrystalSet

GENERATORS = ("wyckoff_ar", "mattergen", "cdvae", "ion_exchange", "random_symmetric")
TRAINING = "training crystals"
LARGEST = 20  # atoms in the cell of crystals of the data, as CDVAE and MatterGen were trained on
RELAXED = 100  # crystals of each generator that are relaxed
BUDGET = 1800.0  # CPU seconds of sampling for each generator
CONDITIONED = 100  # samples for each condition


def run(
    n: int = 1000,
    seed: int = 0,
    data: Path | None = None,
    *,
    relaxed: int = RELAXED,
    budget: float = BUDGET,
    only: Sequence[str] = GENERATORS,
    out: Path | None = None,
) -> dict[str, Any]:
    """Measures the generators that are installed.

    Args:
        n: samples of each generator.
        seed: of every generator.
        data: folder with crystal tables, or the .npz of a parsed set, for coverage and the row of
            training crystals; None leaves those out.
        relaxed: sound different crystals of each generator that are relaxed.
        budget: CPU seconds of sampling for each generator.
        only: names to measure.
        out: result file that is read first and written after each generator.

    Returns:
        Settings, hardware, anchors and rows, all JSON.
    """
    settings = {"n": n, "seed": seed, "relaxed": relaxed, "budget": budget}
    rows = _finished(out, settings)
    crystals = _read(data) if data else None
    reference = _held_out(crystals, n, seed) if crystals else []
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        # a cache of its own and no workers: every relaxation is computed and its time seen
        judge = Judge(Potential(Path(folder), workers=1), shared_hull(), _told)
        if crystals and TRAINING not in rows:
            rows[TRAINING] = _training_row(crystals, reference, judge, settings)
            _save(out, settings, rows)
        for name in [name for name in only if name in generator_names()]:
            try:
                model = load_generator(name)
            except IonwrightError as error:  # registered, but its weights are not there yet
                print(f"\n{name} is left out: {error}", file=sys.stderr)
                continue
            if name not in rows or rows[name]["weights"] != _weights(model):
                rows[name] = _row(model, reference, judge, settings)
                _save(out, settings, rows)
    return _result(settings, rows)


def _row(
    model: Generator, reference: Sequence[Structure], judge: Judge, settings: dict[str, Any]
) -> dict[str, Any]:
    n, seed, budget = settings["n"], settings["seed"], settings["budget"]
    print(f"\n{model.name}: sampling", file=sys.stderr, flush=True)
    model.sample(2, seed=seed)  # first calls build tables; they are no part of a rate
    samples = draw(model, n, seed, budget)
    each = samples.cpu_seconds / max(1, len(samples.candidates))
    figures, different = cheap_figures(samples.structures, reference)
    share = len(different) / max(1, len(samples.candidates))
    asked = condition_figures(model, samples.candidates, CONDITIONED, seed, budget)
    return {
        "generator": model.name,
        "weights": _weights(model),
        "samples": len(samples.candidates),
        **figures,
        "samples_per_second": round(1 / each, 2) if each else None,
        **stability_figures(different, settings["relaxed"], share, each, judge),
        "conditions": asked,
    }


def _weights(model: Generator) -> str | None:
    return getattr(model, "weights_id", None)


def _training_row(
    crystals: CrystalSet, reference: Sequence[Structure], judge: Judge, settings: dict[str, Any]
) -> dict[str, Any]:
    """Crystals of the data in place of samples: what perfect imitation would score."""
    structures = _drawn(crystals, "train", settings["n"], settings["seed"])
    figures, different = cheap_figures(structures, reference)
    share = len(different) / max(1, len(structures))
    return {
        "generator": TRAINING,
        "weights": None,
        "samples": len(structures),
        **figures,
        "samples_per_second": None,
        **stability_figures(different, settings["relaxed"], share, 0.0, judge),
        "conditions": {},
    }


def _read(data: Path) -> CrystalSet:
    from ionwright.generators.crystals.data import load_set, read_crystals

    return load_set(data) if data.suffix == ".npz" else read_crystals(data)


def _held_out(crystals: CrystalSet, n: int, seed: int) -> list[Structure]:
    return _drawn(crystals, "test", n, seed)


def _drawn(crystals: CrystalSet, split: str, n: int, seed: int) -> list[Structure]:
    """`n` random crystals of a part of the data, in small cells."""
    fitting = np.flatnonzero(crystals.sizes <= LARGEST).tolist()
    own = [index for index in fitting if crystals.split(index) == split]
    order = np.random.default_rng(seed).permutation(len(own))[:n]
    return [crystals.structure(own[i]) for i in order]


def _told(what: str, done: int, total: int) -> None:
    print(f"\r{what}: {done} of {total}", end="", file=sys.stderr, flush=True)


def _finished(out: Path | None, settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Rows of the result file that were measured in the same way."""
    if out is None or not out.is_file():
        return {}
    before = json.loads(out.read_text(encoding="utf-8"))
    if any(before.get(key) != value for key, value in settings.items()):
        return {}
    return {row["generator"]: row for row in before["rows"]}


def _save(out: Path | None, settings: dict[str, Any], rows: dict[str, dict[str, Any]]) -> None:
    if out is not None:
        merged = {**_finished(out, settings), **rows}
        write_atomically(out, json.dumps(_result(settings, merged), indent=2) + "\n")


def _result(settings: dict[str, Any], rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    order = [name for name in (*GENERATORS, TRAINING) if name in rows]
    order += [name for name in rows if name not in order]
    return {
        **settings,
        "hardware": hardware(),
        "novelty_reference": f"{len(known_crystals()):,} crystals of {SOURCES}",
        "anchors": list(ANCHORS),
        "rows": [rows[name] for name in order],
    }


def main() -> None:
    """Measures what is missing in the result file, and draws the picture.

    python -m ionwright.tools.benchmarks.crystals --data PATH --out docs/results/crystals.json
    """
    parser = argparse.ArgumentParser(description="Crystal generators side by side.")
    parser.add_argument("--data", type=Path, help="folder with crystal tables, or a parsed set")
    parser.add_argument("--out", type=Path, required=True, help="the result file")
    parser.add_argument("--picture", type=Path, help="SVG of stability against novelty")
    parser.add_argument("--only", nargs="*", default=GENERATORS, help="generators to measure")
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--relaxed", type=int, default=RELAXED)
    parser.add_argument("--budget", type=float, default=BUDGET, help="CPU seconds of sampling")
    arguments = parser.parse_args()
    settings = {key: value for key, value in vars(arguments).items() if key != "picture"}
    result = run(**settings)
    if arguments.picture:
        draw_picture(result["rows"], arguments.picture)


if __name__ == "__main__":
    main()
