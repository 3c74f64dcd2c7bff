"""What a generative model has to beat: repeat units put together from fragments of known ones.

Known repeat units are cut at every backbone bond between carbon and another element (the bonds that
BRICS cuts in chains), and the pieces are joined anew at random. Where a conductivity is asked for,
pieces are drawn as often as they occur in training polymers of that conductivity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from ionwright.generators.base import Generator
from ionwright.generators.weights import load_weights, save_weights, weights_id
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.psmiles import Segment, segments_of
from ionwright.knowledge.records import Candidate, Provenance, Target

from .polymer_conditions import Knots, check_counts, draw_conditions, polymer_candidate, scale
from .polymer_data import LabelledPolymer, PolymerData, load_polymers
from .polymer_tokens import element_of, split_tokens

SHIPPED = Path(__file__).parent / "weights" / "fragment_recombination"
_KEY = "ionic_conductivity"
# Levels of conductivity in which pieces are counted: finer where polymers are rare and wanted.
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 1.0)
_MOST_PAIRS = 8

Piece = tuple[str, str]  # written forward and backward


class FragmentRecombination(Generator):
    """Joins carbon pieces and hetero-atom pieces of the training polymers in turn."""

    name = "fragment_recombination"
    material = "polymer"
    family = "baseline"
    conditions = (_KEY,)
    weights = SHIPPED
    recipe_steps = 1
    read_data = staticmethod(load_polymers)

    def __init__(self, *, device: str = "cpu") -> None:
        """An empty library; `device` is taken for uniformity, all work is on the CPU."""
        self.pieces: dict[str, list[Piece]] = {}  # "carbon" and "hetero"
        self.counts: dict[str, np.ndarray] = {}  # also "pairs"; (levels, pieces)
        self.knots: Knots | None = None
        self.edges: list[float] = []
        self.weights_id = f"{self.name}@unsaved"

    def fit(
        self, data: Iterable[Any] | PolymerData, *, steps: int = 1, seed: int = 0
    ) -> Iterator[dict[str, float]]:
        """Cuts the polymers of the "generator" split and counts the pieces; one pass, no chance.

        Args:
            data: what `load_polymers` gives, or LabelledPolymer rows.
            steps: not used: counting is done in one go.
            seed: not used.

        Yields:
            The numbers of polymers and pieces.
        """
        rows = data.labelled if isinstance(data, PolymerData) else list(data)
        polymers = [polymer for polymer in rows if polymer.split == "generator"]
        if not polymers:
            raise InvalidRequest("no labelled polymers on the generator split; nothing to cut")
        values = np.asarray([scale(_KEY, polymer.ionic_conductivity) for polymer in polymers])
        self.knots = Knots.of(values, 16)
        self.edges = np.quantile(values, _QUANTILES).tolist()
        self._count(polymers, self._levels(values))
        found = {kind: float(len(pieces)) for kind, pieces in self.pieces.items()}
        yield {"step": 1.0, "polymers": float(len(polymers)), **found}

    def _levels(self, values: np.ndarray) -> np.ndarray:
        return np.clip(np.searchsorted(self.edges[1:-1], values, "right"), 0, len(_QUANTILES) - 2)

    def _count(self, polymers: Sequence[LabelledPolymer], levels: np.ndarray) -> None:
        found: dict[str, dict[Piece, np.ndarray]] = {"carbon": {}, "hetero": {}}
        pairs = np.zeros((len(_QUANTILES) - 1, _MOST_PAIRS + 1))
        for polymer, level in zip(polymers, levels, strict=True):
            cut = cut_pieces(polymer.psmiles)
            pairs[level, min(len(cut) // 2, _MOST_PAIRS)] += 1
            for kind, piece in cut if len(cut) > 1 else []:
                empty = np.zeros(len(_QUANTILES) - 1)
                found[kind].setdefault(piece, empty)[level] += 1
        pairs[:, 0] = 0  # units of one kind of atom alone are not put together
        self.counts = {"pairs": pairs}
        for kind, counted in found.items():
            self.pieces[kind] = sorted(counted)
            self.counts[kind] = np.stack([counted[piece] for piece in self.pieces[kind]], axis=1)

    def sample(
        self,
        n: int,
        conditions: Sequence[Target] = (),
        *,
        seed: int = 0,
        exclude_elements: Sequence[str] = (),
    ) -> list[Candidate]:
        """Joins pieces to `n` polymers; none is left out, each says whether it is valid.

        Args:
            n: how many.
            conditions: on ionic_conductivity; pieces come from training polymers that meet them.
            seed: same seed, same polymers; the first ones do not depend on `n`.
            exclude_elements: pieces with these are not used.

        Raises:
            InvalidRequest: for another condition, a negative n, or if no pieces are left.
        """
        self.check_conditions(conditions)
        check_counts(n, seed)
        if self.knots is None:
            raise InvalidRequest(f"{self.name} has no pieces; fit it or load them first")
        values, notes = draw_conditions({_KEY: self.knots}, conditions, n, seed)
        asked = not np.isnan(values[_KEY]).all()
        weights = self._weights(exclude_elements)
        origin = Provenance(
            source="generators/molecules/baselines",
            version=version("ionwright"),
            weights=self.weights_id,
            seed=seed,
            inputs={
                "conditions": [c.model_dump(mode="json") for c in conditions],
                "exclude_elements": list(exclude_elements),
            },
        )
        levels = self._levels(values[_KEY]) if asked else [None] * n
        return [
            polymer_candidate(
                self._join(weights, level, np.random.default_rng([seed, i])), origin, notes
            )
            for i, level in enumerate(levels)
        ]

    def _weights(self, excluded: Sequence[str]) -> dict[str, np.ndarray]:
        """Counts with the pieces that hold an excluded element set to zero."""
        weights = {"pairs": self.counts["pairs"]}
        for kind, pieces in self.pieces.items():
            allowed = [not _elements(piece) & set(excluded) for piece in pieces]
            if not any(allowed):
                raise InvalidRequest(f"no {kind} pieces are left without {', '.join(excluded)}")
            weights[kind] = self.counts[kind] * np.asarray(allowed)
        return weights

    def _join(
        self, weights: dict[str, np.ndarray], level: int | None, rng: np.random.Generator
    ) -> str:
        body = ""
        for _ in range(_draw(weights["pairs"], level, rng)):
            for kind in ("carbon", "hetero"):
                piece = self.pieces[kind][_draw(weights[kind], level, rng)]
                body += piece[rng.integers(2)]
        return f"[*]{body}[*]"

    def save(self, folder: Path) -> None:
        """Writes the counts as model.safetensors and the pieces in config.json."""
        if self.knots is None:
            raise InvalidRequest(f"{self.name} has no pieces; fit it first")
        counts = {
            kind: torch.from_numpy(table.astype(np.int32)) for kind, table in self.counts.items()
        }
        config = {
            "name": self.name,
            "edges": self.edges,
            "knots": {"values": self.knots.values, "sample": self.knots.sample, "hard": False},
            "pieces": self.pieces,
        }
        save_weights(Path(folder), counts, config)
        self.weights_id = weights_id(self.name, Path(folder))

    @classmethod
    def load(cls, folder: Path | None = None, *, device: str = "cpu") -> Self:
        """Reads saved pieces; without a folder, the ones that are shipped.

        Raises:
            Damaged: if a file is missing or damaged.
        """
        folder = SHIPPED if folder is None else Path(folder)
        tensors, config = load_weights(folder)
        model = cls(device=device)
        try:
            model.knots, model.edges = Knots.read(config["knots"]), list(config["edges"])
            model.pieces = {
                kind: [(forward, backward) for forward, backward in pieces]
                for kind, pieces in config["pieces"].items()
            }
            model.counts = {kind: tensors[kind].numpy() for kind in ("pairs", *model.pieces)}
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(f"pieces damaged: {folder}: {error}; reinstall or fit again") from error
        model.weights_id = weights_id(cls.name, folder)
        return model


def cut_pieces(psmiles: str) -> list[tuple[str, Piece]]:
    """The pieces of a repeat unit in order, each "carbon" or "hetero" by its backbone atoms.

    The unit is turned so that it starts with a piece and not within one. A segment that is a ring
    counts by its first atom.
    """
    segments = list(segments_of(psmiles))
    kinds = [_kind(segment) for segment in segments]
    turn = next((i for i in range(len(kinds)) if kinds[i - 1] != kinds[i]), 0)
    segments, kinds = segments[turn:] + segments[:turn], kinds[turn:] + kinds[:turn]
    runs: list[tuple[str, list[Segment]]] = []
    for segment, kind in zip(segments, kinds, strict=True):
        # a multiple bond between pieces would not fit its new neighbours
        if runs and (runs[-1][0] == kind or segment.bonds[0]):
            runs[-1][1].append(segment)
        else:
            runs.append((kind, [segment]))
    return [(kind, _piece(run)) for kind, run in runs]


def _kind(segment: Segment) -> str:
    first = next(token for token in split_tokens(segment.forward) if element_of(token))
    return "carbon" if element_of(first) == "C" else "hetero"


def _piece(run: Sequence[Segment]) -> Piece:
    backward = "".join(segment.backward for segment in reversed(run))
    return "".join(segment.forward for segment in run), backward


def _elements(piece: Piece) -> set[str | None]:
    return {element_of(token) for token in split_tokens(piece[0])}


def _draw(counts: np.ndarray, level: int | None, rng: np.random.Generator) -> int:
    """An index drawn as often as it was counted, at one level or (None, or none there) at all."""
    row = counts.sum(0) if level is None or not counts[level].any() else counts[level]
    return int(np.searchsorted(row.cumsum(), rng.random() * row.sum(), side="right"))
