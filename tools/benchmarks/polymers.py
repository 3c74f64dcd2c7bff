"""Polymer generators side by side: `ionwright bench polymers`, and the committed result file.

One table: our model asked for high conductivity and asked for nothing, recombined fragments, and
with `--data PATH` the training polymers and the published checkpoint. The judge of conductivity is
a predictor trained on polymers that no generator has seen.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ionwright.generators.base import Generator
from ionwright.generators.molecules import metrics
from ionwright.generators.molecules.baselines import FragmentRecombination
from ionwright.generators.molecules.polymer_batches import mixtures
from ionwright.generators.molecules.polymer_conditions import CONDITIONS, draw_conditions
from ionwright.generators.molecules.polymer_data import load_polymers
from ionwright.generators.molecules.polymer_gpt import PolymerGPT
from ionwright.generators.molecules.polymer_tokens import BOS, EOS, Grammar
from ionwright.generators.weights import weights_id
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Target
from ionwright.tools.predictors.polymer_transport import PolymerTransport

from .published_polygen import FOLDER, PublishedPolyGen

CLASS_THRESHOLD = 1.23e-4  # S/cm: from here a polymer is of the published class "high"
TOP_THRESHOLD = 5.07e-4  # S/cm: the best training polymer
JUDGE = PolymerTransport.weights.with_name("polymer_transport_judge")
_PUBLISHED = "published minGPT"
_HEADLINE = ("valid", "unique", "novel", "above_class", "sa_score", "valid_per_second")
_NAIVE = 40  # polymers written by the naive sampler
_COMPARED = 500  # polymers whose similarities are computed


def run(n: int = 1000, seed: int = 0, data: Path | None = None) -> dict[str, Any]:
    """Measures everything.

    Args:
        n: polymers of each generator.
        seed: of every generator.
        data: folder with `htp_md/` (training row) and `polygen/` (published row); None leaves those
            rows out.

    Returns:
        n, seed, hardware, judge, naive (the plain sampler's rate) and rows, all JSON.
    """
    judge = PolymerTransport.load("judge")
    high = Target(property="ionic_conductivity", op=">=", value=CLASS_THRESHOLD, unit="S/cm")
    ours, fragments = PolymerGPT.load(), FragmentRecombination.load()
    with one_thread():
        _warm_up(ours, judge)
        naive = naive_rate(ours, high, seed)
        rows = [
            _measured("polymer_gpt, high", judge, n, lambda: _texts(ours, n, [high], seed)),
            _measured("polymer_gpt, unconditioned", judge, n, lambda: _texts(ours, n, [], seed)),
            _measured("fragments, high", judge, n, lambda: _texts(fragments, n, [high], seed)),
            _measured("fragments", judge, n, lambda: _texts(fragments, n, [], seed)),
        ]
        if data is not None:
            rows += _rows_from_data(Path(data), judge, n, seed)
    for row in rows:
        ours_row = row["generator"].startswith("polymer_gpt") and row["valid_per_second"]
        row["times_naive"] = round(row["valid_per_second"] / naive, 1) if ours_row else None
    return {
        "n": n,
        "seed": seed,
        "hardware": hardware(),
        "judge": weights_id("polymer_transport_judge", JUDGE),
        "naive_valid_per_second": round(naive, 2),
        "thresholds": {"class": CLASS_THRESHOLD, "top": TOP_THRESHOLD},
        "rows": rows,
    }


def main() -> None:
    """Measures with the data at hand and writes the result file and the card figures.

    python -m ionwright.tools.benchmarks.polymers --data PATH --out docs/results/polymers.json
    """
    parser = argparse.ArgumentParser(description="Polymer generators side by side.")
    parser.add_argument("--data", type=Path, help="folder that holds htp_md/ and polygen/")
    parser.add_argument("--out", type=Path, required=True, help="the result file")
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    result = run(arguments.n, arguments.seed, arguments.data)
    write_atomically(arguments.out, json.dumps(result, indent=2) + "\n")
    for row, generator in ((0, PolymerGPT), (2, FragmentRecombination)):
        figures = {key: result["rows"][row][key] for key in _HEADLINE}
        content = {"headline": {"n": arguments.n, **figures}, "judge": result["judge"]}
        write_atomically(generator.weights / "metrics.json", json.dumps(content, indent=2) + "\n")


def _texts(model: Generator, n: int, conditions: Sequence[Target], seed: int) -> list[str]:
    return [candidate.data for candidate in model.sample(n, conditions, seed=seed)]


def _rows_from_data(data: Path, judge: PolymerTransport, n: int, seed: int) -> list[dict[str, Any]]:
    """The training polymers, and the published checkpoint where it is at hand."""
    polymers = load_polymers(data).of("generator")
    chosen = np.random.default_rng(seed).permutation(len(polymers))[:n]
    training = [polymers[i].psmiles for i in chosen]
    rows = [_measured("training polymers", judge, len(training), lambda: training)]
    rows[0]["valid_per_second"] = None  # nothing was written
    folders = [folder for folder in (data / FOLDER, data / "molecules" / FOLDER) if folder.is_dir()]
    if folders:
        published = PublishedPolyGen(folders[0])
        for label in ("high", "low"):
            write = partial(published.sample, n, label=label, seed=seed)
            rows.append(_measured(f"{_PUBLISHED}, {label}", judge, n, write))
    return rows


def _measured(
    name: str, judge: PolymerTransport, n: int, write: Callable[[], Sequence[str]]
) -> dict[str, Any]:
    """One row of the table. Shares of valid are of all `n`, the others of the set before."""
    start = time.process_time()
    texts = write()
    valid = [c for c in metrics.canonical_or_none(texts) if c is not None]
    seconds = time.process_time() - start
    novel = metrics.novel(valid)
    shown = novel or sorted(set(valid))  # the training polymers are all known
    conductivity = judge.predict_arrays(shown)[0][:, 0]
    # the product's predictor carries the labelled polymers as fingerprints
    labelled = PolymerTransport.load()
    nearest = [labelled.nearest(polymer, 1)[0][1] for polymer in shown[:: _stride(shown)]]
    above = conductivity >= CLASS_THRESHOLD
    return {
        "generator": name,
        "valid": _rounded(len(valid) / n),
        "unique": _rounded(metrics.uniqueness(valid)),
        "novel": _rounded(metrics.novelty(valid)),
        "above_class": _rounded(np.mean(above)),
        "above_top": _rounded(np.mean(conductivity >= TOP_THRESHOLD)),
        "hits_per_sample": _rounded(above.sum() / n if novel else 0.0),
        "median_s_cm": float(f"{np.median(conductivity):.3g}"),
        "sa_score": _rounded(np.mean([metrics.sa_score(polymer) for polymer in shown])),
        "similarity": _rounded(np.mean(nearest)),
        "diversity": _rounded(metrics.internal_diversity(shown[:: _stride(shown)])),
        "valid_per_second": round(len(valid) / max(seconds, 1e-9), 1),
    }


def _stride(polymers: Sequence[str]) -> int:
    return max(1, len(polymers) // _COMPARED)


def _rounded(value: Any) -> float:
    return round(float(value), 4)


def naive_rate(model: PolymerGPT, target: Target, seed: int) -> float:
    """Valid polymers per CPU second, written one by one and without a cache."""
    start = time.process_time()
    texts = naive_sample(model, target, _NAIVE, seed)
    valid = metrics.validity(texts) * len(texts)
    return valid / (time.process_time() - start)


@torch.inference_mode()
def naive_sample(model: PolymerGPT, target: Target, n: int, seed: int) -> list[str]:
    """The plain way: for every token of every polymer the whole text goes through the network."""
    network, tokenizer = model.network, model.tokenizer
    assert network is not None and tokenizer is not None
    values, _ = draw_conditions(model.knots, [target], n, seed)
    table = mixtures(np.stack([values[key] for key in CONDITIONS], axis=1), model.knots)
    chance = torch.Generator().manual_seed(seed)
    texts = []
    for row in table:
        condition = network.condition(row[None])
        ids, grammar = [BOS], Grammar(tokenizer, 1)
        while ids[-1] != EOS and len(ids) < network.config.block:
            logits = network(torch.tensor([ids]), condition)[:, -1]
            logits = logits.masked_fill(~grammar.allowed(), -torch.inf)
            token = torch.multinomial(logits.softmax(-1), 1, generator=chance)[0]
            grammar.push(token)
            ids.append(int(token))
        texts.append(tokenizer.decode(ids[1:]))
    return texts


def _warm_up(model: PolymerGPT, judge: PolymerTransport) -> None:
    """First calls build tables; they are no part of a rate."""
    judge.predict_arrays([c.data for c in model.sample(64, seed=1) if c.checks["valid"]])


@contextmanager
def one_thread() -> Iterator[None]:
    """Rates are per core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def hardware() -> dict[str, Any]:
    """What the rates were measured on."""
    capabilities = torch.cpu.get_capabilities()
    return {
        "cpu": capabilities.get("cpu_name") or platform.processor(),
        "cores": os.cpu_count(),
        "threads": 1,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    main()
