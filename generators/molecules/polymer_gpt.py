"""PolymerGPT: a small conditional transformer that writes polymer repeat units token by token.

After the minGPT of Yang et al. (npj Comput. Mater. 10, 2024) and Khajeh et al. (2025), which wrote
SMILES with the chain ends as atoms and one of two class labels in front. This is our own
implementation and differs in four things: it writes the body between the chain ends, so there are
always two; conditions are continuous values, each an embedding interpolated between quantile knots
and added at every position; it is pre-trained on unlabelled polymers; and grammar masks keep
brackets, rings and valence whole while it samples.

Shapes: B rows, T tokens, C width, V vocabulary, P conditions, K knots.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ionwright.generators.base import Generator
from ionwright.generators.weights import load_weights, save_weights, weights_id
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance, Target
from ionwright.knowledge.vocabulary import ELEMENTS

from .polymer_batches import mixtures
from .polymer_conditions import CONDITIONS, Knots, check_counts, draw_conditions, polymer_candidate
from .polymer_data import PolymerData, load_polymers
from .polymer_network import Config, Network, kept_rows
from .polymer_tokens import BOS, EOS, PAD, Grammar, Tokenizer
from .polymer_training import Recipe, read_checkpoint, train, write_checkpoint

VERSION = version("ionwright")
SHIPPED = Path(__file__).parent / "weights" / "polymer_gpt"
BATCH = 256  # rows sampled in step: fixed, so that a seed gives the same polymers for any n


class PolymerGPT(Generator):
    """Writes polymer repeat units, if asked with conductivity, transference number, SA score.

    Conductivity and transference number mean LiTFSI at 1.5 m and 353 K, as in the training data.
    """

    name = "polymer_gpt"
    material = "polymer"
    family = "autoregressive"
    conditions = CONDITIONS
    weights = SHIPPED
    recipe_steps = 2800  # of the first stage of the shipped weights
    read_data = staticmethod(load_polymers)

    def __init__(self, *, device: str = "cpu", **size: Any) -> None:
        """An untrained model; `size` are fields of Config, the vocabulary comes from `fit`."""
        self.device, self.size = device, size
        self.network: Network | None = None
        self.tokenizer: Tokenizer | None = None
        self.knots: dict[str, Knots] = {}
        self.step = 0
        self.guidance, self.sampling_temperature = 1.0, 1.0
        self.optimizer_state: dict[str, Tensor] = {}
        self.weights_id = f"{self.name}@unsaved"

    def fit(
        self,
        data: Iterable[Any] | PolymerData,
        *,
        steps: int,
        seed: int = 0,
        recipe: Recipe | None = None,
    ) -> Iterator[dict[str, float]]:
        """Pre-trains on the unlabelled polymers, then learns the labelled "generator" split.

        Goes on from `self.step`, so a checkpoint that is loaded and fitted with the same data,
        steps and seed ends where an unbroken training ends.

        Args:
            data: what `load_polymers` gives, or LabelledPolymer rows.
            steps: of both phases together.
            seed: of the first weights and of every batch.
            recipe: learning rates, batch size and the like.

        Yields:
            step, loss, and the loss on held-back polymers now and then.
        """
        yield from train(self, data, steps=steps, seed=seed, recipe=recipe)

    def sample(
        self,
        n: int,
        conditions: Sequence[Target] = (),
        *,
        seed: int = 0,
        exclude_elements: Sequence[str] = (),
        sampling_temperature: float | None = None,
        guidance: float | None = None,
    ) -> list[Candidate]:
        """Writes `n` polymers; each says in its checks whether it is valid, none is left out.

        Args:
            n: how many.
            conditions: targets on the properties in `conditions`. ">=" and "<=" aim beyond the
                limit, "between" within, "=" at the value, "max" and "min" at the training extremes.
            seed: same seed, same polymers; the first ones do not depend on `n`.
            exclude_elements: symbols that must not occur; their tokens are never written.
            sampling_temperature: low is safer and more alike, high more varied. None takes the
                model's own.
            guidance: how far the conditions are pressed beyond what was learned (1 = as learned,
                one network pass a token instead of two). None takes the model's own.

        Raises:
            InvalidRequest: for a condition not followed, an unknown element, carbon excluded, a
                negative n or a temperature that is not positive.
        """
        self.check_conditions(conditions)
        check_counts(n, seed)
        heat = self.sampling_temperature if sampling_temperature is None else sampling_temperature
        if not heat > 0:
            raise InvalidRequest(f"sampling_temperature {heat} must be above 0")
        banned = self._banned(exclude_elements)
        network, tokenizer = self._ready()
        values, notes = draw_conditions(self.knots, conditions, n, seed)
        asked = any(not np.isnan(column).all() for column in values.values())
        w = (self.guidance if guidance is None else guidance) if asked else 1.0
        table = np.stack([values[key] for key in CONDITIONS], axis=1)
        uniforms = np.random.default_rng([seed, len(CONDITIONS)])
        texts: list[str] = []
        for start in range(0, n, BATCH):
            rows = mixtures(table[start : start + BATCH], self.knots).to(self.device)
            chance = uniforms.random((len(rows), network.config.block), dtype=np.float32)
            ids = self._write(rows, chance, banned, 1 / heat, w)
            texts += [tokenizer.decode(row) for row in ids]
        return self._candidates(texts, conditions, seed, exclude_elements, notes)

    @torch.inference_mode()
    def _write(
        self, mixture: Tensor, chance: np.ndarray, banned: list[int], sharpness: float, w: float
    ) -> list[list[int]]:
        """Token ids of all rows, written in step; rows that have ended are dropped from the work.

        Args:
            mixture: (B, P, K + 1) condition of each row.
            chance: (B, block) uniform numbers, one for each token: a row's text depends on its own
                numbers alone.
            banned: token ids never to be written.
            sharpness: factor on the logits.
            w: guidance; above 1 the rows run twice, with and without their condition.
        """
        network, tokenizer = self._ready()
        uniforms = torch.from_numpy(chance).to(self.device)
        condition = network.condition(mixture)
        if w != 1.0:
            nothing = torch.zeros_like(mixture)
            nothing[:, :, -1] = 1
            condition = torch.cat([condition, network.condition(nothing)])
        rows = torch.arange(len(mixture), device=self.device)
        written = torch.full((len(rows), network.config.block), PAD, device=self.device)
        written[:, 0] = BOS
        grammar = Grammar(tokenizer, len(rows), self.device)
        cache = network.new_cache(len(condition))
        for at in range(network.config.block - 1):
            last = written[rows, at]
            both = last if w == 1.0 else last.repeat(2)
            logits = network(both[:, None], condition, cache, at)[:, 0].float()
            if w != 1.0:
                with_it, without = logits.chunk(2)
                logits = without + w * (with_it - without)
            logits = (logits * sharpness).masked_fill(~grammar.allowed(), -torch.inf)
            logits[:, [PAD, BOS, *banned]] = -torch.inf
            token = _pick(logits.softmax(-1), uniforms[rows, at])
            written[rows, at + 1] = token
            grammar.push(token)
            going = (token != EOS).nonzero()[:, 0]
            if not len(going):
                break
            # copying the cache costs as much as a few steps: do it only when it pays
            if len(going) < 0.8 * len(rows):
                rows = rows[going]
                grammar.keep(going)
                kept = going if w == 1.0 else torch.cat([going, going + len(token)])
                condition = condition[kept]
                cache = kept_rows(cache, kept, at)
        return written.tolist()

    def _candidates(
        self,
        texts: Sequence[str],
        conditions: Sequence[Target],
        seed: int,
        excluded: Sequence[str],
        notes: Sequence[str],
    ) -> list[Candidate]:
        inputs: dict[str, Any] = {"conditions": [c.model_dump(mode="json") for c in conditions]}
        if excluded:
            inputs["exclude_elements"] = list(excluded)
        origin = Provenance(
            source="generators/molecules/polymer_gpt",
            version=VERSION,
            weights=self.weights_id,
            seed=seed,
            inputs=inputs,
        )
        return [polymer_candidate(text, origin, notes) for text in texts]

    def _banned(self, elements: Sequence[str]) -> list[int]:
        unknown = [symbol for symbol in elements if symbol not in ELEMENTS]
        if unknown or "C" in elements:
            what = f"unknown element {unknown[0]!r}" if unknown else "carbon cannot be excluded"
            raise InvalidRequest(f"{what}; exclude_elements takes symbols such as F, but not C")
        return self._ready()[1].with_elements(elements)

    def _ready(self) -> tuple[Network, Tokenizer]:
        if self.network is None or self.tokenizer is None:
            raise InvalidRequest(f"{self.name} is untrained; fit it or load weights first")
        return self.network, self.tokenizer

    def save(self, folder: Path) -> None:
        """Writes model.safetensors (fp16) and config.json with vocabulary and knots.

        An unfinished training also leaves checkpoint.safetensors, from which `load` and `fit` go on
        exactly.
        """
        network, tokenizer = self._ready()
        config = {
            "name": self.name,
            "network": asdict(network.config),
            "vocabulary": tokenizer.vocabulary,
            "knots": {key: asdict(knots) for key, knots in self.knots.items()},
            "guidance": self.guidance,
            "sampling_temperature": self.sampling_temperature,
            "step": self.step,
        }
        save_weights(Path(folder), _untied(network), config)
        write_checkpoint(self, Path(folder))
        self.weights_id = weights_id(self.name, Path(folder))

    @classmethod
    def load(cls, folder: Path | None = None, *, device: str = "cpu") -> Self:
        """Reads saved weights; without a folder, the ones that are shipped.

        Raises:
            Damaged: if a file is missing or damaged.
        """
        folder = SHIPPED if folder is None else Path(folder)
        tensors, config = load_weights(folder)
        model = cls(device=device)
        try:
            model.tokenizer = Tokenizer(config["vocabulary"])
            model.knots = {key: Knots.read(fields) for key, fields in config["knots"].items()}
            model.network = Network(Config(**config["network"])).to(device)
            model.network.load_state_dict(tensors, strict=False)
            model.guidance, model.step = float(config["guidance"]), int(config["step"])
            model.sampling_temperature = float(config["sampling_temperature"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Damaged(f"weights damaged: {folder}: {error}; train again") from error
        model.network.eval()
        read_checkpoint(model, folder)
        model.weights_id = weights_id(cls.name, folder)
        return model


def _pick(probabilities: Tensor, chance: Tensor) -> Tensor:
    """For each row the token at which the cumulative probability passes its uniform number."""
    cumulative = probabilities.cumsum(-1)
    # the total may round to less than one: never run past the last possible token
    level = chance * cumulative[:, -1]
    return torch.searchsorted(cumulative, level[:, None], right=True)[:, 0].clamp(
        max=cumulative.shape[1] - 1
    )


def _untied(network: Network) -> dict[str, Tensor]:
    """The parameters without the output head, which is the token table."""
    return {k: v for k, v in network.state_dict().items() if k != "head.weight"}
