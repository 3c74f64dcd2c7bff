"""Writing crystals step by step: many drafts at once, every draw by its own uniform number.

Shapes: N rows, C width; G is 2 where guidance runs each row with and without its condition, else 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .wyckoff_network import Condition, Network
from .wyckoff_tokens import ASKS, BINS, COLUMNS, ORBIT, PLACES, SCALE_OF, SPG, Draft

_COORDINATE = SCALE_OF["x"]


@dataclass(frozen=True)
class Sampler:
    """How answers are drawn.

    Attributes:
        network: in eval mode.
        temperature: of space groups, elements and positions.
        number_temperature: of the numbers of lattice and coordinates.
        guidance: how far properties are pressed beyond what was learned (1 = as learned).
    """

    network: Network
    temperature: float = 1.0
    number_temperature: float = 1.0
    guidance: float = 1.0

    @torch.inference_mode()
    def write(
        self,
        drafts: Sequence[Draft],
        told: Condition,
        chance: np.ndarray,
        *,
        skeletons_only: bool = False,
    ) -> None:
        """Completes drafts in place.

        Args:
            drafts: N empty ones.
            told: what each is asked for.
            chance: (N, block, 2) uniform numbers: what a draft becomes depends on its own alone.
            skeletons_only: stop each draft when its orbits are complete.
        """
        network, n = self.network, len(drafts)
        condition = network.condition(told)
        if self.guidance != 1.0:
            condition = torch.cat([condition, network.condition(_untold(told))])
        going = list(range(n))
        cache = network.new_cache(len(condition))
        for at in range(network.config.block):
            rows = [drafts[i] for i in going]
            steps = np.array([draft.step() for draft in rows], dtype=np.int64)
            inputs = torch.from_numpy(steps).to(condition.device)
            inputs = inputs.repeat(len(condition) // len(rows), 1)
            state = network(inputs[:, None], condition, cache, at)[:, 0]
            self._answer(rows, steps, state.view(-1, len(rows), state.shape[1]), chance[going, at])
            open_rows = [not (d.complete if skeletons_only else False) and not d.done for d in rows]
            if not any(open_rows):
                return
            if not all(open_rows):
                kept = np.flatnonzero(open_rows)
                going = [going[i] for i in kept]
                both = torch.from_numpy(
                    np.concatenate(
                        [kept + i * len(rows) for i in range(len(condition) // len(rows))]
                    )
                )
                condition, cache = condition[both], [layer[:, both] for layer in cache]

    def _answer(
        self, drafts: list[Draft], steps: np.ndarray, state: Tensor, chance: np.ndarray
    ) -> None:
        """Draws the next answer of each draft; state (G, N, C), chance (N, 2)."""
        asks = steps[:, COLUMNS.index("ask")]
        planned = np.array([draft.planned() is not None for draft in drafts])
        for i in np.flatnonzero(planned):
            answer = drafts[i].planned()
            assert answer is not None
            if asks[i] == SPG:
                drafts[i].push_group(answer[0])
            else:
                drafts[i].push_orbit(*answer)
        for wanted, draw in (
            (asks == SPG, self._groups),
            (asks == ORBIT, self._orbits),
            (asks > ORBIT, self._values),
        ):
            rows = np.flatnonzero(wanted & ~planned)
            if len(rows):
                draw([drafts[i] for i in rows], steps[rows], state[:, rows], chance[rows])

    def _groups(
        self, drafts: list[Draft], steps: np.ndarray, state: Tensor, chance: np.ndarray
    ) -> None:
        scores = self._guided(self.network.group_scores(state.flatten(0, 1)), len(drafts))
        masks = np.array([draft.rules.groups for draft in drafts])
        masks[:, 0] = False
        picked, _ = _pick(scores / self.temperature, masks, chance[:, 0])
        for draft, spg_num in zip(drafts, picked, strict=True):
            draft.push_group(int(spg_num))

    def _orbits(
        self, drafts: list[Draft], steps: np.ndarray, state: Tensor, chance: np.ndarray
    ) -> None:
        masks = np.array([draft.numbers() for draft in drafts])
        able = masks.any(1)
        for i in np.flatnonzero(~able):
            drafts[i].failed = True
        rows = np.flatnonzero(able)
        if not len(rows):
            return
        drafts, state = [drafts[i] for i in rows], state[:, rows]
        scores = self._guided(self.network.number_scores(state.flatten(0, 1)), len(drafts))
        picked, _ = _pick(scores / self.temperature, masks[rows], chance[rows, 0])
        numbers = torch.from_numpy(picked).repeat(len(state)).to(state.device)
        groups = torch.tensor([draft.spg_num for draft in drafts], device=state.device)
        scores = self._guided(
            self.network.place_scores(state.flatten(0, 1), groups.repeat(len(state)), numbers),
            len(drafts),
        )
        masks = np.array(
            [
                d.places(z) if z else np.ones(PLACES, bool)
                for d, z in zip(drafts, picked, strict=True)
            ]
        )
        places, _ = _pick(scores / self.temperature, masks, chance[rows, 1])
        for draft, number, place in zip(drafts, picked, places, strict=True):
            draft.push_orbit(int(number), int(place) if number else 0)

    def _values(
        self, drafts: list[Draft], steps: np.ndarray, state: Tensor, chance: np.ndarray
    ) -> None:
        asks = steps[:, COLUMNS.index("ask")]
        asked = torch.from_numpy(asks).repeat(len(state)).to(state.device)
        scores = self._guided(self.network.value_scores(state.flatten(0, 1), asked), len(drafts))
        everything = np.ones((len(drafts), BINS), dtype=bool)
        picked, shares = _pick(scores / self.number_temperature, everything, chance[:, 0])
        for draft, ask, number, share in zip(drafts, asks, picked, shares, strict=True):
            draft.push_value(int(number), _offset(share, int(number), SCALE_OF[ASKS[ask]]))

    def _guided(self, scores: Tensor, n: int) -> np.ndarray:
        """(G * N, K) scores with and without the condition -> (N, K)."""
        scores = scores.float().view(-1, n, scores.shape[-1])
        if len(scores) == 2:
            return (scores[1] + self.guidance * (scores[0] - scores[1])).cpu().numpy()
        return scores[0].cpu().numpy()


def _pick(scores: np.ndarray, may: np.ndarray, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row an answer that may be given, and the probabilities of all.

    Taken is where the cumulative probability passes the row's uniform number.
    """
    scores = np.where(may, scores.astype(np.float64), -np.inf)
    shares = np.exp(scores - scores.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    cumulative = shares.cumsum(1)
    # the total may round to less than one: never run past the last possible answer
    picked = (cumulative <= chance[:, None] * cumulative[:, -1:]).sum(1)
    last = may.shape[1] - 1 - may[:, ::-1].argmax(1)
    return np.minimum(picked, last), shares


def _offset(shares: np.ndarray, number: int, scale: int) -> float:
    """Where in and beside a bin the probability is centred, in bins from its middle."""
    if scale == _COORDINATE:
        below, above = shares[number - 1], shares[(number + 1) % BINS]
    else:
        below = shares[number - 1] if number else 0.0
        above = shares[number + 1] if number < BINS - 1 else 0.0
    return float((above - below) / (below + shares[number] + above))


def _untold(told: Condition) -> Condition:
    """The same rows without properties: guidance presses on those, not on the elements told,
    or crystals would hold little else."""
    mixture = torch.zeros_like(told.mixture)
    mixture[..., -1] = 1
    return Condition(mixture, told.elements, told.only)
