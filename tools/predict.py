"""Predicting properties of named or generated materials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, PropertyKey, Quantity, WorkingIon

from .base import Flag, ToolResult, tool
from .checks import passes
from .context import Context
from .inputs import read_inputs
from .predictors.base import Predictor, predictor_for, predictors

BATCHES = {"crystal": 16}  # candidates between two looks at the stop button; 512 of the others
BATCH = 512
DEAR = 5.0  # seconds for one candidate: predictors above it work only when their property is named


def _seconds(inputs: list[str], properties: list[str], **_: object) -> float:
    asked = [p.seconds for p in predictors() if set(properties) & set(p.properties)]
    return 2 + max(len(inputs), 1) * (sum(asked) or 0.01)


@tool(estimate=_seconds)
def predict(
    ctx: Context,
    inputs: Annotated[list[str], Flag(positional=True, metavar="INPUT...")] = [],  # noqa: B006
    properties: Annotated[list[PropertyKey], Flag("--property")] = [],  # noqa: B006
    temperature: Annotated[float, Field(gt=0)] | None = None,
    working_ion: WorkingIon | None = None,
) -> ToolResult:
    """Predict properties of materials, each value with its 90 % interval and domain score.

    Args:
        inputs: ids of candidates, crystal files, formulas such as LiFePO4, repeat units such as
            [*]CCO[*], names such as PEO; every candidate of the run that passed the judge and
            lacks values that are asked for if left out.
        properties: keys of the properties; all that can be predicted in seconds if left out.
        temperature: in kelvin; the predictor's own condition if left out.
        working_ion: of electrodes, where the crystal could work with more than one.
    """
    candidates, failed = read_inputs(ctx, inputs) if inputs else (_waiting(ctx, properties), [])
    done: list[Candidate] = []
    asked = _Asked(tuple(properties), temperature, working_ion)
    for start, batch in _batches(candidates):
        ctx.progress("predicting", start, len(candidates))
        done += _predict_batch(batch, asked, failed)
    ctx.progress("predicting", len(candidates), len(candidates))
    if failed and not done:
        raise InvalidRequest("; ".join(f"{f['input']}: {f['reason']}" for f in failed[:5]))
    values = sum(len(c.quantities) for c in done)
    return ToolResult(
        text=f"{_counted(len(done), 'material')} with {_counted(values, 'value')}, "
        f"{len(failed)} failed",
        candidates=tuple(done),
        data={"failed": [dict(f) for f in failed]},
    )


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


@dataclass(frozen=True)
class _Asked:
    """What is to be predicted, and for what."""

    properties: tuple[str, ...]
    temperature: float | None
    working_ion: str | None


def _batches(candidates: list[Candidate]) -> Iterator[tuple[int, list[Candidate]]]:
    size = min((BATCHES.get(c.material, BATCH) for c in candidates), default=BATCH)
    for start in range(0, len(candidates), size):
        yield start, candidates[start : start + size]


def _waiting(ctx: Context, properties: list[str]) -> list[Candidate]:
    """What passed and has no value yet, or lacks one that is asked for."""
    if not ctx.pool:
        raise InvalidRequest(
            "nothing to predict: name a material, such as LiFePO4, [*]CCO[*] or PEO"
        )
    return [c for c in ctx.pool.values() if passes(c) and _lacks(c, properties)]


def _lacks(candidate: Candidate, properties: list[str]) -> bool:
    return not candidate.quantities or any(candidate.quantity(key) is None for key in properties)


def _predict_batch(
    candidates: list[Candidate], asked: _Asked, failed: list[dict[str, str]]
) -> list[Candidate]:
    by_material: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_material[candidate.material].append(candidate)
    done = []
    for material, group in by_material.items():
        found = _quantities(group, _models_for(material, asked.properties), asked)
        for candidate, quantities in zip(group, found, strict=True):
            wanted = [
                q for q in quantities if not asked.properties or q.property in asked.properties
            ]
            if wanted:
                done.append(candidate.with_quantities(wanted))
            else:
                shown = candidate.name or candidate.data[:80]
                failed.append({"input": shown, "reason": "no value can be predicted"})
    return done


def _models_for(material: str, properties: Sequence[str]) -> list[type[Predictor]]:
    if properties:
        return list(dict.fromkeys(predictor_for(key, material) for key in properties))
    able = [p for p in predictors() if material in p.materials and p.seconds <= DEAR]
    if not able:
        raise InvalidRequest(f"nothing can be predicted for a {material} yet")
    return able


def _quantities(
    group: list[Candidate], models: list[type[Predictor]], asked: _Asked
) -> list[list[Quantity]]:
    found: list[list[Quantity]] = [[] for _ in group]
    for model in models:
        loaded = model.shared()
        if asked.working_ion:
            loaded = loaded.for_ion(asked.working_ion)
        rows = loaded.predict(group, temperature=asked.temperature)
        for quantities, row in zip(found, rows, strict=True):
            quantities += row
    return found
