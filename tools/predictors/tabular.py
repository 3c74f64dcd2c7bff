"""Boosted trees on a table of features, with a domain and calibrated intervals, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ionwright.generators.weights import load_weights, save_weights
from ionwright.knowledge.errors import Damaged

from .conformal import Calibration, calibrate
from .crystal_features import environments
from .domain import Domain, domain_of, fold
from .trees import Forest, forest_from_lightgbm, forest_of

_FLOOR = 0.02  # spread of the members below which it says no more


@dataclass(frozen=True)
class Prediction:
    """What a model says of n rows, each (n,): value, its members' spread, similarity, clues."""

    value: np.ndarray
    spread: np.ndarray
    similarity: np.ndarray

    @property
    def clues(self) -> np.ndarray:
        """What foretells the size of the error, (n, 2)."""
        return clues_of(self.spread, self.similarity)


@dataclass(frozen=True)
class TabularModel:
    """Members of an ensemble in one forest, the training set as bits, and the calibration."""

    forest: Forest
    domain: Domain
    calibration: Calibration

    def predict(self, table: np.ndarray, bits: np.ndarray) -> Prediction:
        """Mean and spread of the members for features (n, columns) and bits (n, BITS)."""
        members = self.forest.predict(table)
        return Prediction(members.mean(1), members.std(1), self.domain.similarity(bits))

    def save(self, folder: Path, config: dict[str, Any]) -> None:
        """Writes model.safetensors and config.json."""
        import torch

        arrays = {f"forest.{name}": array for name, array in self.forest.arrays().items()}
        arrays |= {"domain.packed": self.domain.packed, "domain.names": self.domain.names}
        small = {
            "domain_reference": self.domain.reference.tolist(),
            "calibration": self.calibration.as_json(),
        }
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
        save_weights(folder, tensors, {**config, **small})


@cache
def load_tabular(folder: Path) -> tuple[TabularModel, dict[str, Any]]:
    """The model that `TabularModel.save` wrote, and its config.

    Raises:
        Damaged: if a file is missing, does not match its checksum or lacks a part.
    """
    tensors, config = load_weights(folder)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    try:
        forest = {k.removeprefix("forest."): v for k, v in arrays.items() if k.startswith("forest")}
        reference = np.array(config["domain_reference"])
        model = TabularModel(
            forest_of(forest),
            Domain(arrays["domain.packed"], arrays["domain.names"], reference),
            Calibration(**config["calibration"]),
        )
    except (KeyError, TypeError) as error:
        raise Damaged(f"weights damaged: {folder}: {error!r}; train or install again") from error
    return model, config


def clues_of(spread: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """Log of the members' spread, and distance to the training set, (n, 2)."""
    return np.stack([np.log(spread + _FLOOR), 1 - similarity], axis=1)


def bits_of(amounts: Sequence[Mapping[str, float]]) -> np.ndarray:
    """What the compositions consist of, as bits for the domain (n, BITS)."""
    return np.stack([fold(environments(one)) for one in amounts])


@dataclass(frozen=True)
class Recipe:
    """All that decides a model, beside the data."""

    trees: int = 300
    leaves: int = 16
    rate: float = 0.05
    least: int = 5  # rows in a leaf
    rows: float = 0.7  # drawn for each tree
    columns: float = 0.3  # looked at by each tree
    ridge: float = 1.0
    extra: bool = False  # thresholds drawn at random, the best of them taken
    members: int = 5
    objective: str = "l2"
    seed: int = 0


def fit_boosters(table: np.ndarray, labels: np.ndarray, recipe: Recipe) -> list[Any]:
    """The members of an ensemble; they differ in the rows and columns that each tree draws."""
    import lightgbm

    settings = {
        "objective": recipe.objective,
        "num_leaves": recipe.leaves,
        "learning_rate": recipe.rate,
        "min_data_in_leaf": recipe.least,
        "bagging_fraction": recipe.rows,
        "bagging_freq": 1,
        "feature_fraction": recipe.columns,
        "lambda_l2": recipe.ridge,
        "extra_trees": recipe.extra,
        "num_threads": 1,
        "deterministic": True,
        "verbose": -1,
        "boost_from_average": False,  # the forest stores trees alone
    }
    return [
        lightgbm.train(
            {**settings, "seed": recipe.seed + member},
            lightgbm.Dataset(table, labels, free_raw_data=False),
            recipe.trees,
        )
        for member in range(recipe.members)
    ]


def held_out(
    table: np.ndarray, labels: np.ndarray, bits: np.ndarray, folds: np.ndarray, recipe: Recipe
) -> Prediction:
    """What models say of rows whose whole fold they have not seen."""
    value, spread, similarity = (np.zeros(len(labels)) for _ in range(3))
    for index in np.unique(folds):
        seen, new = folds != index, folds == index
        shift = 0.0 if recipe.objective == "binary" else labels[seen].mean()
        forest = forest_from_lightgbm(fit_boosters(table[seen], labels[seen] - shift, recipe))
        members = forest.predict(table[new]) + shift
        value[new], spread[new] = members.mean(1), members.std(1)
        similarity[new] = domain_of(
            bits[seen], [0] * int(seen.sum()), folds[seen].tolist()
        ).similarity(bits[new])
    return Prediction(value, spread, similarity)


def fit_model(
    table: np.ndarray,
    labels: np.ndarray,
    bits: np.ndarray,
    groups: Sequence[str],
    recipe: Recipe,
    calibration: Calibration,
) -> TabularModel:
    """The model that is shipped, from all training rows; labels as the trees see them."""
    boosters = fit_boosters(table, labels, recipe)
    domain = domain_of(bits, range(len(labels)), groups)
    return TabularModel(forest_from_lightgbm(boosters), domain, calibration)


def calibration_of(labels: Sequence[np.ndarray], predictions: Sequence[Prediction]) -> Calibration:
    """Calibrated on held-out predictions, of one or several ways to hold out."""
    errors = [one.value - truth for one, truth in zip(predictions, labels, strict=True)]
    return calibrate(np.concatenate(errors), np.concatenate([one.clues for one in predictions]))


def deal(groups: Sequence[str], n: int, seed: int = 0) -> np.ndarray:
    """Whole groups dealt to `n` folds of about equal size, the large ones first."""
    names, place, counts = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    filled, fold_of = np.zeros(n), np.zeros(len(names), dtype=int)
    for group in sorted(shuffled, key=lambda g: -counts[g]):
        fold_of[group] = int(filled.argmin())
        filled[fold_of[group]] += counts[group]
    return fold_of[place]
