"""Gradient-boosted trees as arrays: trained with LightGBM, evaluated with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Forest:
    """Trees of several models in one set of arrays, so that all are walked at once.

    A leaf is a node that points to itself: walking `depth` steps then needs no case distinction.

    Attributes:
        feature: column that a node looks at (nodes,).
        threshold: a row goes left where its value is at most this (nodes,).
        left, right: indices of the children (nodes,).
        value: value of a leaf, 0 elsewhere (nodes,).
        roots: index of each tree's root (trees,).
        model: which model a tree belongs to (trees,).
        depth: steps from a root to the deepest leaf.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    roots: np.ndarray
    model: np.ndarray
    depth: int

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The sum of each model's trees.

        Args:
            features: (n, columns), float32.

        Returns:
            (n, models), float32.
        """
        models = int(self.model.max()) + 1
        out = np.empty((len(features), models), dtype=np.float32)
        starts = np.flatnonzero(np.diff(self.model, prepend=-1))
        for start in range(0, len(features), _BLOCK):
            block = np.ascontiguousarray(features[start : start + _BLOCK], dtype=np.float32)
            leaves = self._walk(block)
            out[start : start + _BLOCK] = np.add.reduceat(self.value[leaves], starts, axis=1)
        return out

    def _walk(self, block: np.ndarray) -> np.ndarray:
        rows = np.arange(len(block))[:, None] * block.shape[1]
        flat = block.ravel()
        node = np.broadcast_to(self.roots, (len(block), len(self.roots)))
        for _ in range(self.depth):
            goes_left = flat[rows + self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def arrays(self) -> Arrays:
        """What `forest_of` reads back. Thresholds keep all bits (as integers): no rounding."""
        return {
            "feature": self.feature.astype(np.int16),
            "threshold": self.threshold.view(np.int32),
            "left": self.left.astype(np.int32),
            "right": self.right.astype(np.int32),
            "value": self.value,
            "roots": self.roots.astype(np.int32),
            "model": self.model.astype(np.int16),
            "depth": np.array([self.depth], dtype=np.int16),
        }


_BLOCK = 64  # rows walked at once: the node indices of a block stay in the cache


def forest_of(arrays: Arrays) -> Forest:
    """The forest that `Forest.arrays` wrote."""
    return Forest(
        feature=arrays["feature"].astype(np.intp),
        threshold=arrays["threshold"].view(np.float32),
        left=arrays["left"].astype(np.intp),
        right=arrays["right"].astype(np.intp),
        value=arrays["value"].astype(np.float32),
        roots=arrays["roots"].astype(np.intp),
        model=arrays["model"].astype(np.intp),
        depth=int(arrays["depth"][0]),
    )


def forest_from_lightgbm(boosters: list[Any]) -> Forest:
    """The trees of LightGBM boosters (numerical splits, no missing values), one model each."""
    nodes: list[tuple[int, float, int, int, float]] = []
    roots, model, depth = [], [], 0
    for index, booster in enumerate(boosters):
        for tree in booster.dump_model()["tree_info"]:
            roots.append(len(nodes))
            model.append(index)
            depth = max(depth, _add(tree["tree_structure"], nodes))
    feature, threshold, left, right, value = (
        np.array(column) for column in zip(*nodes, strict=True)
    )
    return Forest(
        feature=feature.astype(np.intp),
        threshold=_rounded_down(threshold),
        left=left.astype(np.intp),
        right=right.astype(np.intp),
        value=value.astype(np.float32),
        roots=np.array(roots),
        model=np.array(model),
        depth=depth,
    )


def _add(node: dict[str, Any], nodes: list[tuple[int, float, int, int, float]]) -> int:
    """Appends a subtree; returns its depth."""
    here = len(nodes)
    if "leaf_value" in node:
        nodes.append((0, np.inf, here, here, node["leaf_value"]))
        return 0
    nodes.append((0, 0.0, 0, 0, 0.0))  # its place; filled once the children's places are known
    left = len(nodes)
    depth = _add(node["left_child"], nodes)
    right = len(nodes)
    depth = max(depth, _add(node["right_child"], nodes))
    nodes[here] = (node["split_feature"], node["threshold"], left, right, 0.0)
    return depth + 1


def _rounded_down(threshold: np.ndarray) -> np.ndarray:
    """As float32, never above the float64 value: float32 features then fall on the same side."""
    single = threshold.astype(np.float32)
    above = single.astype(np.float64) > threshold
    single[above] = np.nextafter(single[above], np.float32(-np.inf))
    return single
