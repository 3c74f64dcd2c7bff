"""Sharing a budget between arms: more goes to what has met the goal, some to what is untried."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

Arm = TypeVar("Arm", bound=Hashable)


@dataclass
class Bandit(Generic[Arm]):
    """Thompson sampling of successes per second (Thompson, Biometrika 25, 285, 1933).

    Each arm's share of successes has a Beta posterior; a draw from it over the seconds that a
    sample of this arm costs is what the arm is chosen by, so a slow arm must earn its time.

    Attributes:
        arms: what can be chosen.
        successes: of each arm, may be fractions.
        trials: samples of each arm.
        seconds: spent on each arm.
    """

    arms: Sequence[Arm]
    successes: dict[Arm, float] = field(default_factory=dict)
    trials: dict[Arm, float] = field(default_factory=dict)
    seconds: dict[Arm, float] = field(default_factory=dict)

    def choose(self, rng: np.random.Generator) -> Arm:
        """The arm to try next; untried ones first, in their order."""
        untried = [arm for arm in self.arms if arm not in self.trials]
        return untried[0] if untried else max(self.arms, key=lambda arm: self._draw(arm, rng))

    def tell(self, arm: Arm, *, successes: float, trials: int, seconds: float) -> None:
        """Adds what a batch of an arm gave."""
        self.successes[arm] = self.successes.get(arm, 0.0) + successes
        self.trials[arm] = self.trials.get(arm, 0.0) + trials
        self.seconds[arm] = self.seconds.get(arm, 0.0) + seconds

    def _draw(self, arm: Arm, rng: np.random.Generator) -> float:
        hits, all_ = self.successes[arm], self.trials[arm]
        return rng.beta(hits + 0.5, max(all_ - hits, 0) + 0.5) / (self.seconds[arm] / all_ + 1e-3)
