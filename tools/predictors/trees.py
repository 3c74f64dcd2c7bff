"""Gradient-boosted trees as arrays: trained with LightGBM, evaluated with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Forest:
    """Trees of several models in one set of arrays, so that all are walked at once.

    The right child lies just behind the left one. A leaf is a node with the threshold +inf that is
    its own left child: walking `depth` steps then needs no case distinction.

    Attributes:
        feature: column that a node looks at (nodes,).
        threshold: a row goes left where its value is at most this (nodes,).
        left: index of the left child (nodes,).
        value: value of a leaf, 0 elsewhere (nodes,).
        roots: index of each tree's root (trees,).
        model: which model a tree belongs to (trees,).
        depth: steps from a root to the deepest leaf.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
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
            goes_right = flat[rows + self.feature[node]] > self.threshold[node]
            node = self.left[node] + goes_right
        return node

    def arrays(self) -> Arrays:
        """What `forest_of` reads back. Thresholds keep all bits (as integers): no rounding."""
        return {
            "feature": self.feature.astype(np.int16),
            "threshold": self.threshold.view(np.int32),
            "left": self.left.astype(np.int32),
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
        value=arrays["value"].astype(np.float32),
        roots=arrays["roots"].astype(np.intp),
        model=arrays["model"].astype(np.intp),
        depth=int(arrays["depth"][0]),
    )


def forest_from_lightgbm(boosters: list[Any]) -> Forest:
    """The trees of LightGBM boosters (numerical splits, no missing values), one model each."""
    nodes: list[_Node] = []
    roots, model, depth = [], [], 0
    for index, booster in enumerate(boosters):
        for tree in booster.dump_model()["tree_info"]:
            roots.append(len(nodes))
            model.append(index)
            depth = max(depth, _add(tree["tree_structure"], nodes))
    feature, threshold, left, value = (np.array(column) for column in zip(*nodes, strict=True))
    return Forest(
        feature=feature.astype(np.intp),
        threshold=_rounded_down(threshold),
        left=left.astype(np.intp),
        value=value.astype(np.float32),
        roots=np.array(roots),
        model=np.array(model),
        depth=depth,
    )


_Node = tuple[int, float, int, float]  # feature, threshold, left child, value
_EMPTY: _Node = (0, 0.0, 0, 0.0)


def _add(root: dict[str, Any], nodes: list[_Node]) -> int:
    """Appends a tree level by level, siblings side by side; returns its depth."""
    level, depth = [(root, len(nodes))], 0
    nodes.append(_EMPTY)
    while level:
        below = []
        for node, here in level:
            if "leaf_value" in node:
                nodes[here] = (0, np.inf, here, node["leaf_value"])
                continue
            left = len(nodes)
            nodes += [_EMPTY, _EMPTY]
            nodes[here] = (node["split_feature"], node["threshold"], left, 0.0)
            below += [(node["left_child"], left), (node["right_child"], left + 1)]
        level, depth = below, depth + 1
    return depth - 1


def _rounded_down(threshold: np.ndarray) -> np.ndarray:
    """As float32, never above the float64 value: float32 features then fall on the same side."""
    single = threshold.astype(np.float32)
    above = single.astype(np.float64) > threshold
    single[above] = np.nextafter(single[above], np.float32(-np.inf))
    return single
