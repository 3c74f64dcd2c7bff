"""The stream of generated requests: a mixture of all intents, some of them misspelt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from . import questions as q
from .design import Draft, design
from .pieces import Span, lowered, misspelt
from .words import ION_NAMES

_MAKERS = (
    (design, 60),
    (q.predict, 8),
    (q.lookup, 8),
    (q.compare, 7),
    (q.characterize, 6),
    (q.simulate, 5),
    (q.explain, 7),
    (q.help_, 4),
    (q.refuse, 4),
)

# "lithium conductivity" says which ion moves
_MOVING = {
    ion: re.compile(
        rf"(?i)\b(?:{'|'.join(names)})[+]?[- ](?:ion )?(?:conductivity|diffus\w+|transference)"
    )
    for ion, names in ION_NAMES.items()
}


@dataclass(frozen=True)
class Example:
    """A request and what is to be read from it."""

    text: str
    intent: str
    domain: str | None
    working_ion: str | None
    generator: str | None
    spans: tuple[Span, ...]


def generate(n: int, *, seed: int = 0) -> Iterator[Example]:
    """`n` annotated requests; the same seed gives the same ones."""
    rng = Random(seed)
    makers, weights = zip(*_MAKERS, strict=True)
    for _ in range(n):
        yield _finished(rng, rng.choices(makers, weights=weights)[0](rng))


def _finished(rng: Random, draft: Draft) -> Example:
    text = draft.text
    if rng.random() < 0.18:
        text = lowered(text)
    for _ in range(rng.choices([0, 1, 2], weights=[80, 14, 6])[0]):
        text = misspelt(rng, text)
    ion = draft.working_ion
    if ion is None and draft.intent == "design":
        ion = next((i for i, said in _MOVING.items() if said.search(text.words)), None)
    return Example(
        text.words,
        draft.intent,
        draft.domain,
        ion,
        draft.generator,
        tuple(text.spans),
    )
