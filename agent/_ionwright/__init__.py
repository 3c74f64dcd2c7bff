"""Ionwright: battery materials design from a goal in plain words.

import ionwright
goal = ionwright.interpret("ten polymer electrolytes above 1e-4 S/cm, no fluorine")
answer = ionwright.design("ten polymer electrolytes above 1e-4 S/cm, no fluorine")
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ionwright.generators.base import Generator
    from ionwright.knowledge.records import Candidate, Goal

__all__ = ["design", "interpret", "load_generator", "predict", "search"]

try:
    __version__ = version("ionwright")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"


def interpret(words: str) -> Goal:
    """The goal that the words describe.

    Raises:
        InvalidRequest: for empty, endless or binary words.
    """
    from ionwright.agent.embedded import interpret as read_words

    return read_words(words).goal


def design(
    words: str,
    *,
    count: int | None = None,
    seed: int = 0,
    model: str = "embedded",
    budget: float | None = None,
    out: Path | str | None = None,
    yes: bool = True,
) -> dict[str, Any]:
    """Ranked candidates for a goal in words: the answer document of `ionwright design --json`.

    Args:
        words: the goal.
        count: candidates to return; the goal's own number if left out.
        seed: seed of the random numbers.
        model: who reads the words.
        budget: seconds after which no new round is begun.
        out: folder of the run.
        yes: do long steps without asking.

    Raises:
        IonwrightError: InvalidRequest, NotAvailable or Refused, as the command line's exit codes.
    """
    from ionwright.agent.design import Request
    from ionwright.agent.design import design as run

    folder = Path(out) if out is not None else None
    request = Request(
        words=words, count=count, seed=seed, model=model, budget=budget, out=folder, yes=yes
    )
    return run(request)


def load_generator(name: str, *, device: str = "cpu") -> Generator:
    """A generator with its shipped weights, by its registry name.

    Raises:
        InvalidRequest: for an unknown name.
    """
    from ionwright.generators.base import load_generator as load

    return load(name, device=device)


def predict(
    materials: Sequence[str | Candidate] | str | Candidate,
    properties: Sequence[str] = (),
    *,
    temperature: float | None = None,
) -> list[Candidate]:
    """Materials with predicted quantities; each quantity has a 90 % interval and an origin.

    Args:
        materials: repeat units ([*]CCO[*]), SMILES, names of common polymers, or candidates.
        properties: property keys; everything that can be predicted if left out.
        temperature: in K; the predictor's own condition if left out.

    Raises:
        InvalidRequest: if a material cannot be read or predicted.
    """
    from ionwright.knowledge.errors import InvalidRequest
    from ionwright.knowledge.records import Candidate
    from ionwright.tools.context import Context
    from ionwright.tools.predict import predict as tool

    several = [materials] if isinstance(materials, str | Candidate) else list(materials)
    ctx = Context()
    ctx.add(m for m in several if isinstance(m, Candidate))
    inputs = [m.id if isinstance(m, Candidate) else m for m in several]
    result = tool(ctx, inputs=inputs, properties=list(properties), temperature=temperature)
    failed: Any = result.data["failed"]
    if failed:
        raise InvalidRequest("; ".join(f"{f['input']}: {f['reason']}" for f in failed))
    return list(result.candidates)


def search(words: str, *, count: int = 10) -> list[dict[str, Any]]:
    """Literature and database entries for a question, best first.

    Args:
        words: the question; values that it states ("above 1e-4 S/cm") are taken as filters.
        count: how many entries at most.

    Returns:
        text, score, source, reference, facts, kind, page and id of each entry.

    Raises:
        InvalidRequest: if there are no words.
    """
    from ionwright.agent.questions import search_words

    return search_words(words, count=count)
