"""A few hundred made-up polymers and a network small enough to be trained within a test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ionwright.generators.molecules.polymer_data import LabelledPolymer, PolymerData
from ionwright.generators.molecules.polymer_gpt import PolymerGPT
from ionwright.generators.molecules.polymer_training import Recipe
from ionwright.knowledge.psmiles import canonical_psmiles

PIECES = ["C", "C(C)", "C(=O)", "CC", "C(F)", "C(COC)"]
LINKS = ["O", "N", "S", "OC(=O)O", "NC(=O)O"]
TINY = {"layers": 2, "heads": 2, "width": 32}
QUICK = Recipe(batch=16, warmup=5, report_every=10, least_count=1, learning_rates=(3e-3, 3e-3))


def made_up(n: int, seed: int) -> list[str]:
    """Different canonical polymers of a simple family."""
    rng = np.random.default_rng(seed)
    found: set[str] = set()
    while len(found) < n:
        pieces = rng.choice(PIECES, rng.integers(1, 5)).tolist()
        found.add(canonical_psmiles(f"[*]{''.join(pieces)}{rng.choice(LINKS)}[*]"))
    return sorted(found)


@pytest.fixture(scope="session")
def quick() -> Recipe:
    """A training of seconds."""
    return QUICK


@pytest.fixture
def untrained() -> Callable[[], PolymerGPT]:
    """Makes fresh networks of the smallest size."""
    return lambda: PolymerGPT(**TINY)


@pytest.fixture(scope="session")
def polymers() -> PolymerData:
    """Labelled polymers that conduct the better the more oxygen they hold, and unlabelled ones."""
    labelled = [
        LabelledPolymer(text, 10 ** (-5 + 4 * text.count("O") / len(text)), 0.2, 1e-8, 2e-8, 1e-8)
        for text in made_up(300, 0)
    ]
    names = {polymer.psmiles for polymer in labelled}
    return PolymerData(labelled, [text for text in made_up(150, 1) if text not in names])


@pytest.fixture(scope="session")
def tiny(polymers: PolymerData) -> PolymerGPT:
    """A network trained just enough to write something."""
    model = PolymerGPT(**TINY)
    list(model.fit(polymers, steps=60, seed=0, recipe=QUICK))
    return model
