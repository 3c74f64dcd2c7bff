"""The learned part of polymer transport: networks and trees side by side, saved as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ionwright.generators.weights import load_weights, save_weights
from ionwright.knowledge.errors import Damaged

from .conformal import Calibration
from .domain import Domain, fold
from .polymer_features import chain_of, descriptors, environments
from .polymer_network import Graph, NetConfig, PolymerNet, batch_of, graph_of
from .trees import Forest, forest_of

TARGETS = (
    "ionic_conductivity",
    "transference_number",
    "li_diffusivity",
    "anion_diffusivity",
    "polymer_diffusivity",
)
LOGARITHMIC = tuple(key != "transference_number" for key in TARGETS)
_BLOCK = 256  # polymers per pass through the networks
_CLIP = 5.0  # standardised descriptors beyond this say no more


@dataclass(frozen=True)
class Features:
    """What the models read of one polymer."""

    graph: Graph
    descriptors: np.ndarray
    environments: dict[int, int]
    bits: np.ndarray


@lru_cache(maxsize=16_384)
def features_of(psmiles: str) -> Features:
    """The features of a canonical repeat unit, computed once.

    Raises:
        InvalidRequest: if it is no repeat unit.
    """
    chain = chain_of(psmiles)
    found = environments(chain)
    return Features(graph_of(chain), descriptors(chain), found, fold(found))


def table_of(features: Sequence[Features], vocabulary: np.ndarray) -> np.ndarray:
    """Descriptors and counts of the known environments, float32 (n, columns), for the trees."""
    width = len(features[0].descriptors)
    column = {int(key): width + place for place, key in enumerate(vocabulary)}
    table = np.zeros((len(features), width + len(vocabulary)), dtype=np.float32)
    for row, feature in zip(table, features, strict=True):
        row[:width] = feature.descriptors
        for key, count in feature.environments.items():
            if key in column:
                row[column[key]] = count
    return table


@dataclass(frozen=True)
class Scaler:
    """Shift and scale of descriptors and targets."""

    descriptor_mean: np.ndarray
    descriptor_scale: np.ndarray
    target_mean: np.ndarray
    target_scale: np.ndarray

    def descriptors(self, features: Sequence[Features]) -> torch.Tensor:
        """Standardised descriptors (n, d)."""
        raw = np.stack([feature.descriptors for feature in features])
        scaled = (raw - self.descriptor_mean) / self.descriptor_scale
        return torch.from_numpy(np.clip(scaled, -_CLIP, _CLIP).astype(np.float32))


@dataclass(frozen=True)
class Raw:
    """Predictions before calibration, in log10 (transference number: plain).

    Attributes:
        value: (n, targets).
        clues: what foretells the size of the error (n, targets, clues).
        similarity: to the training set (n,).
    """

    value: np.ndarray
    clues: np.ndarray
    similarity: np.ndarray


@dataclass(frozen=True)
class TransportModel:
    """Networks (one per fold of the training scaffolds), trees, domain and calibration."""

    nets: tuple[PolymerNet, ...]
    forest: Forest
    vocabulary: np.ndarray
    scaler: Scaler
    domain: Domain
    blend: tuple[float, ...]  # share of the networks in each property's value
    calibration: tuple[Calibration, ...]

    def predict(self, features: Sequence[Features]) -> Raw:
        """Values and clues of some polymers (at least one)."""
        net, log_variance = net_outputs(self.nets, self.scaler, features)
        trees = self.forest.predict(table_of(features, self.vocabulary))
        similarity = self.domain.similarity(np.stack([feature.bits for feature in features]))
        value = blend(net, trees, self.blend) * self.scaler.target_scale + self.scaler.target_mean
        return Raw(value, clues_of(net, log_variance, trees, similarity), similarity)

    def save(self, folder: Path, config: dict[str, Any]) -> None:
        """Writes model.safetensors (fp16) and config.json."""
        tensors = {
            f"net{index}.{name}": tensor
            for index, net in enumerate(self.nets)
            for name, tensor in net.state_dict().items()
        }
        arrays = {f"forest.{name}": array for name, array in self.forest.arrays().items()}
        arrays |= {"domain.packed": self.domain.packed, "domain.names": self.domain.names}
        arrays |= {"vocabulary": self.vocabulary}
        tensors |= {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
        small = {
            "net": asdict(self.nets[0].config),
            "nets": len(self.nets),
            "scaler": {name: array.tolist() for name, array in vars(self.scaler).items()},
            "domain_reference": self.domain.reference.tolist(),
            "blend": list(self.blend),
            "calibration": {
                key: one.as_json() for key, one in zip(TARGETS, self.calibration, strict=True)
            },
        }
        save_weights(folder, tensors, {**config, **small})


def net_outputs(
    nets: Sequence[PolymerNet], scaler: Scaler, features: Sequence[Features]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean value and mean log-variance of the networks, standardised, each (n, targets)."""
    scaled = scaler.descriptors(features)
    values, variances = [], []
    with torch.inference_mode():
        for start in range(0, len(features), _BLOCK):
            part = slice(start, start + _BLOCK)
            batch = batch_of([feature.graph for feature in features[part]])
            outputs = [net(batch, scaled[part]) for net in nets]
            values.append(torch.stack([value for value, _ in outputs]).mean(0))
            variances.append(torch.stack([variance for _, variance in outputs]).mean(0))
    return torch.cat(values).numpy(), torch.cat(variances).numpy()


def blend(net: np.ndarray, trees: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Weighted mean of networks and trees, (n, targets)."""
    share = np.asarray(shares)
    return share * net + (1 - share) * trees


def clues_of(
    net: np.ndarray, log_variance: np.ndarray, trees: np.ndarray, similarity: np.ndarray
) -> np.ndarray:
    """The network's doubt, the disagreement of the two kinds and the distance, (n, targets, 3)."""
    distance = np.broadcast_to(1 - similarity[:, None], net.shape)
    return np.stack([log_variance / 2, np.log(np.abs(net - trees) + 0.05), distance], axis=2)


def load_model(folder: Path) -> tuple[TransportModel, dict[str, Any]]:
    """The model that `TransportModel.save` wrote, and its config.

    Raises:
        Damaged: if a file is missing, does not match its checksum or lacks a part.
    """
    tensors, config = load_weights(folder)
    try:
        model = _assemble(tensors, config)
    except (KeyError, TypeError, RuntimeError) as error:
        raise Damaged(f"weights damaged: {folder}: {error!r}; train or install again") from error
    return model, config


def _assemble(tensors: dict[str, torch.Tensor], config: dict[str, Any]) -> TransportModel:
    nets = []
    for index in range(config["nets"]):
        net = PolymerNet(NetConfig(**config["net"]))
        net.load_state_dict(_under(f"net{index}.", tensors))
        nets.append(net.eval())
    scaler = {name: np.array(values) for name, values in config["scaler"].items()}
    return TransportModel(
        nets=tuple(nets),
        forest=forest_of({k: v.numpy() for k, v in _under("forest.", tensors).items()}),
        vocabulary=tensors["vocabulary"].numpy(),
        scaler=Scaler(**scaler),
        domain=Domain(
            packed=tensors["domain.packed"].numpy(),
            names=tensors["domain.names"].numpy(),
            reference=np.array(config["domain_reference"]),
        ),
        blend=tuple(config["blend"]),
        calibration=tuple(Calibration(**config["calibration"][key]) for key in TARGETS),
    )


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
