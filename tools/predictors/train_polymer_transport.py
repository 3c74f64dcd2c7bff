"""Trains `polymer_transport` and its judge: the exact recipe behind the shipped weights.

    python -m ionwright.tools.predictors.train_polymer_transport --data md.csv --out FOLDER \
        [--variant product|judge]

`md.csv` is the htp_md table (TRI-AMDD/htp_md, MIT). Deterministic on one thread. The product is
trained on the generator and judge splits, the judge on the judge split alone; both leave whole
scaffolds out in five folds, calibrate on the left-out polymers and are tested on the test split.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import (
    backbone_scaffold,
    canonical_psmiles,
    psmiles_hash,
    split_of,
)

from .conformal import Calibration, calibrate
from .domain import domain_of, nearest_mean, similarities
from .polymer_model import (
    LOGARITHMIC,
    TARGETS,
    Features,
    Scaler,
    TransportModel,
    blend,
    clues_of,
    features_of,
    net_outputs,
    table_of,
)
from .polymer_network import NetConfig, PolymerNet, batch_of
from .trees import Forest, forest_from_lightgbm

COLUMNS = {
    "ionic_conductivity": "conductivity",
    "transference_number": "transference_number",
    "li_diffusivity": "li_diffusivity",
    "anion_diffusivity": "tfsi_diffusivity",
    "polymer_diffusivity": "poly_diffusivity",
}
SPLITS = {"product": ("generator", "judge"), "judge": ("judge",)}
FOLDS = 5


@dataclass(frozen=True)
class Recipe:
    """All that decides the result, beside the data."""

    hidden: int = 64
    layers: int = 4
    epochs: int = 16
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    trees: int = 200
    leaves: int = 24
    tree_rate: float = 0.08
    seed: int = 0


@dataclass(frozen=True)
class Labelled:
    """Polymers with labels: canonical repeat units, log10 labels (n, targets), scaffolds."""

    psmiles: list[str]
    labels: np.ndarray
    scaffolds: list[str]

    def features(self) -> list[Features]:
        """Of every polymer, in order."""
        return [features_of(text) for text in self.psmiles]

    def part(self, keep: Sequence[int] | np.ndarray) -> Labelled:
        """Some of the polymers."""
        return Labelled(
            [self.psmiles[i] for i in keep], self.labels[keep], [self.scaffolds[i] for i in keep]
        )


def read_labelled(path: Path) -> Labelled:
    """The htp_md table; a polymer that is there several times gets the mean of its labels.

    Raises:
        InvalidRequest: if columns are missing.
    """
    rows: dict[str, list[list[float]]] = {}
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        missing = {"mol_smiles", *COLUMNS.values()} - set(reader.fieldnames or ())
        if missing:
            raise InvalidRequest(f"{path} lacks the columns {', '.join(sorted(missing))}")
        for row in reader:
            values = [float(row[COLUMNS[key]]) for key in TARGETS]
            rows.setdefault(canonical_psmiles(row["mol_smiles"]), []).append(values)
    names = sorted(rows)
    labels = np.array([np.mean([_logged(v) for v in rows[name]], axis=0) for name in names])
    return Labelled(names, labels, [backbone_scaffold(name) for name in names])


def _logged(values: Sequence[float]) -> np.ndarray:
    array = np.array(values)
    return np.where(LOGARITHMIC, np.log10(np.where(LOGARITHMIC, array, 1.0)), array)


def of_splits(data: Labelled, splits: Sequence[str]) -> Labelled:
    """The polymers of these splits."""
    return data.part([i for i, text in enumerate(data.psmiles) if split_of(text) in splits])


def folds_of(scaffolds: Sequence[str], n: int = FOLDS) -> np.ndarray:
    """Whole scaffolds dealt to `n` folds of about equal size, the large ones first."""
    sizes = sorted(Counter(scaffolds).items(), key=lambda item: (-item[1], item[0]))
    filled, fold_of = [0] * n, {}
    for scaffold, size in sizes:
        fold = filled.index(min(filled))
        filled[fold] += size
        fold_of[scaffold] = fold
    return np.array([fold_of[scaffold] for scaffold in scaffolds])


def scaler_of(features: Sequence[Features], labels: np.ndarray) -> Scaler:
    """Mean and spread; the scale of a descriptor that hardly varies is kept off zero."""
    raw = np.stack([feature.descriptors for feature in features])
    return Scaler(raw.mean(0), raw.std(0) + 0.1, labels.mean(0), labels.std(0))


def vocabulary_of(features: Sequence[Features]) -> np.ndarray:
    """Environments that occur in enough polymers to learn from, sorted."""
    counts = Counter(key for feature in features for key in feature.environments)
    enough = max(5, len(features) // 300)
    return np.array(sorted(key for key, n in counts.items() if n >= enough), dtype=np.int64)


def fit_net(
    features: Sequence[Features], targets: np.ndarray, scaler: Scaler, recipe: Recipe, seed: int
) -> PolymerNet:
    """Trains one network on standardised targets (n, targets)."""
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    config = NetConfig(len(features[0].descriptors), len(TARGETS), recipe.hidden, recipe.layers)
    net = PolymerNet(config)
    wanted = torch.from_numpy(targets.astype(np.float32))
    scaled = scaler.descriptors(features)
    per_epoch = max(1, len(features) // recipe.batch)
    optimizer = torch.optim.AdamW(
        net.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=recipe.epochs * per_epoch, pct_start=0.15
    )
    for _ in range(recipe.epochs):
        shuffled = order.permutation(len(features))
        for step in range(per_epoch):
            chosen = shuffled[step * recipe.batch : (step + 1) * recipe.batch]
            batch = batch_of([features[i].graph for i in chosen])
            value, log_variance = net(batch, scaled[chosen])
            loss = _loss(value, log_variance, wanted[chosen])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return net.eval()


def _loss(value: torch.Tensor, log_variance: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Half Gaussian likelihood, half squared error: the former alone gives up on hard polymers."""
    square = (value - wanted) ** 2
    likelihood = square * torch.exp(-log_variance) + log_variance
    return 0.5 * likelihood.mean() + 0.5 * square.mean()


def fit_forest(table: np.ndarray, targets: np.ndarray, recipe: Recipe) -> Forest:
    """Boosted trees, one model for each standardised target (n, targets)."""
    import lightgbm

    settings = {
        "objective": "regression",
        "learning_rate": recipe.tree_rate,
        "num_leaves": recipe.leaves,
        "max_depth": 7,  # bounds the steps of a walk
        "min_data_in_leaf": 20,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.2,
        "lambda_l2": 5.0,
        "seed": recipe.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    boosters = [
        lightgbm.train(settings, lightgbm.Dataset(table, column), recipe.trees)
        for column in targets.T
    ]
    return forest_from_lightgbm(boosters)


@dataclass(frozen=True)
class HeldOut:
    """What models say of polymers whose scaffolds they have not seen; standardised."""

    net: np.ndarray
    log_variance: np.ndarray
    trees: np.ndarray
    similarity: np.ndarray
    truth: np.ndarray


def cross_fit(
    data: Labelled, scaler: Scaler, recipe: Recipe
) -> tuple[tuple[PolymerNet, ...], HeldOut]:
    """One network for each fold, and the held-out predictions of all polymers."""
    features, fold = data.features(), folds_of(data.scaffolds)
    truth = (data.labels - scaler.target_mean) / scaler.target_scale
    net, doubt, trees = (np.zeros_like(truth) for _ in range(3))
    similarity = np.zeros(len(truth))
    nets = []
    for index in range(FOLDS):
        start = time.perf_counter()
        seen, held = np.flatnonzero(fold != index), np.flatnonzero(fold == index)
        known, new = [features[i] for i in seen], [features[i] for i in held]
        nets.append(fit_net(known, truth[seen], scaler, recipe, recipe.seed + index))
        net[held], doubt[held] = net_outputs(nets[-1:], scaler, new)
        vocabulary = vocabulary_of(known)
        forest = fit_forest(table_of(known, vocabulary), truth[seen], recipe)
        trees[held] = forest.predict(table_of(new, vocabulary))
        bits = np.stack([feature.bits for feature in known])
        similarity[held] = nearest_mean(similarities(np.stack([f.bits for f in new]), bits))
        _say(f"fold {index}: {_r2(truth[held], net[held], trees[held])}", start)
    return tuple(nets), HeldOut(net, doubt, trees, similarity, truth)


def _r2(truth: np.ndarray, net: np.ndarray, trees: np.ndarray) -> str:
    parts = {"net": net, "trees": trees, "mean": (net + trees) / 2}
    return ", ".join(
        f"{name} {np.round(1 - ((p - truth) ** 2).mean(0) / truth.var(0), 3)}"
        for name, p in parts.items()
    )


def blend_of(held: HeldOut) -> tuple[float, ...]:
    """The network's share that gives each property the least squared error, between 0 and 1."""
    apart = held.net - held.trees
    share = (apart * (held.truth - held.trees)).sum(0) / (apart**2).sum(0)
    return tuple(round(float(one), 3) for one in np.clip(share, 0, 1))


def calibrations_of(
    held: HeldOut, shares: Sequence[float], scaler: Scaler
) -> tuple[Calibration, ...]:
    """Calibrates each property on the held-out polymers, in label units."""
    errors = (blend(held.net, held.trees, shares) - held.truth) * scaler.target_scale
    clues = clues_of(held.net, held.log_variance, held.trees, held.similarity)
    return tuple(calibrate(errors[:, i], clues[:, i]) for i in range(len(TARGETS)))


def train(data: Labelled, recipe: Recipe) -> tuple[TransportModel, HeldOut]:
    """The whole model from labelled polymers."""
    features = data.features()
    scaler = scaler_of(features, data.labels)
    nets, held = cross_fit(data, scaler, recipe)
    shares = blend_of(held)
    vocabulary = vocabulary_of(features)
    model = TransportModel(
        nets=nets,
        forest=fit_forest(table_of(features, vocabulary), held.truth, recipe),
        vocabulary=vocabulary,
        scaler=scaler,
        domain=domain_of(
            np.stack([feature.bits for feature in features]),
            [psmiles_hash(text) for text in data.psmiles],
            data.scaffolds,
        ),
        blend=shares,
        calibration=calibrations_of(held, shares, scaler),
    )
    return model, held


def _say(text: str, start: float) -> None:
    print(f"{text} ({time.perf_counter() - start:.0f} s)", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains one variant and writes its folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--variant", choices=sorted(SPLITS), default="product")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    start = time.process_time()
    recipe = Recipe(epochs=options.epochs)
    data = of_splits(read_labelled(options.data), SPLITS[options.variant])
    model, _ = train(data, recipe)
    config: dict[str, Any] = {
        "name": "polymer_transport",
        "variant": options.variant,
        "splits": list(SPLITS[options.variant]),
        "n_training": len(data.psmiles),
        "recipe": vars(recipe),
        "cpu_seconds": round(time.process_time() - start),
    }
    model.save(options.out, config)


if __name__ == "__main__":
    main()
