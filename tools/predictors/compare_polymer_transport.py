"""Compares ways to predict polymer transport on left-out scaffolds, and measures label noise.

    python -m ionwright.tools.predictors.compare_polymer_transport --data md.csv --out FILE.json

All are trained and scored in the same five folds of the generator and judge splits; the test split
is not touched. The label noise is half the mean squared difference between near-twins (pairs that
have the same atom environments, such as side chains of eight and of nine carbons): an upper bound,
since the twins differ a little.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .domain import similarities
from .polymer_model import TARGETS, blend, table_of
from .scores import regression_scores
from .train_polymer_transport import (
    FOLDS,
    SPLITS,
    Labelled,
    Recipe,
    blend_of,
    cross_fit,
    folds_of,
    of_splits,
    read_labelled,
    scaler_of,
    vocabulary_of,
)

_NEIGHBOURS = 10
TWIN = 0.95  # Tanimoto similarity from which two polymers count as near-twins

Fit = Callable[[Labelled, np.ndarray, Labelled], np.ndarray]  # training, its targets, new


def mean_baseline(known: Labelled, targets: np.ndarray, new: Labelled) -> np.ndarray:
    """The mean of the training polymers."""
    return np.repeat(targets.mean(0)[None], len(new.psmiles), axis=0)


def neighbours(known: Labelled, targets: np.ndarray, new: Labelled) -> np.ndarray:
    """Mean of the ten nearest training polymers, weighted by similarity to the fourth power."""
    table = similarities(_bits(new), _bits(known))
    nearest = np.argpartition(-table, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
    weight = np.take_along_axis(table, nearest, axis=1) ** 4 + 1e-6
    return (targets[nearest] * weight[:, :, None]).sum(1) / weight.sum(1, keepdims=True)


def perceptron(known: Labelled, targets: np.ndarray, new: Labelled) -> np.ndarray:
    """Two hidden layers of 256 on the descriptors and environment counts that the trees see."""
    vocabulary = vocabulary_of(known.features())
    raw = [table_of(part.features(), vocabulary) for part in (known, new)]
    mean, scale = raw[0].mean(0), raw[0].std(0) + 0.1
    table, unseen = (torch.from_numpy(np.clip((r - mean) / scale, -5, 5)) for r in raw)
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Dropout(0.1),
        *(nn.Linear(table.shape[1], 256), nn.SiLU(), nn.Dropout(0.3)),
        *(nn.Linear(256, 256), nn.SiLU(), nn.Dropout(0.3)),
        nn.Linear(256, len(TARGETS)),
    )
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=1e-2)
    wanted, order = torch.from_numpy(targets.astype(np.float32)), np.random.default_rng(0)
    for _ in range(30):
        for chosen in np.array_split(order.permutation(len(table)), len(table) // 64):
            loss = ((net(table[chosen]) - wanted[chosen]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.inference_mode():
        return net.eval()(unseen).numpy()


def _bits(data: Labelled) -> np.ndarray:
    return np.stack([feature.bits for feature in data.features()])


def held_out(fit: Fit, data: Labelled, truth: np.ndarray) -> np.ndarray:
    """Predictions of each polymer by models that have not seen its scaffold."""
    fold, out = folds_of(data.scaffolds), np.zeros_like(truth)
    for index in range(FOLDS):
        seen, held = np.flatnonzero(fold != index), np.flatnonzero(fold == index)
        out[held] = fit(data.part(seen), truth[seen], data.part(held))
    return out


def noise(data: Labelled) -> tuple[np.ndarray, int]:
    """Upper bound on each label's standard deviation from near-twins, and their number."""
    table = similarities(_bits(data), _bits(data))
    left, right = np.nonzero(np.triu(table >= TWIN, 1))
    squared = (data.labels[left] - data.labels[right]) ** 2
    return np.sqrt(squared.mean(0) / 2), len(left)


def compare(data: Labelled, recipe: Recipe) -> dict[str, dict[str, dict[str, float]]]:
    """Scores of each approach by property, in log10 units (transference number: plain)."""
    scaler = scaler_of(data.features(), data.labels)
    truth = (data.labels - scaler.target_mean) / scaler.target_scale
    _, held = cross_fit(data, scaler, recipe)
    found = {
        "mean": held_out(mean_baseline, data, truth),
        "nearest neighbours": held_out(neighbours, data, truth),
        "boosted trees": held.trees,
        "perceptron": held_out(perceptron, data, truth),
        "graph network": held.net,
    }
    found["trees + network"] = blend(held.net, held.trees, blend_of(held))
    three = (held.net + held.trees + found["perceptron"]) / 3
    found["trees + network + perceptron"] = three
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for name, predicted in found.items():
        logs = predicted * scaler.target_scale + scaler.target_mean
        scores[name] = {
            key: regression_scores(data.labels[:, i], logs[:, i]) for i, key in enumerate(TARGETS)
        }
    return scores


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the comparison and the noise as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    data = of_splits(read_labelled(options.data), SPLITS["product"])
    deviation, pairs = noise(data)
    spread = data.labels.std(0)
    result = {
        "approaches": compare(data, Recipe()),
        "noise": {
            "twins": pairs,
            "similarity": TWIN,
            "std": dict(zip(TARGETS, deviation.tolist(), strict=True)),
            "r2_ceiling": dict(zip(TARGETS, (1 - (deviation / spread) ** 2).tolist(), strict=True)),
        },
    }
    text = json.dumps(result, indent=1).replace("NaN", "null")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
