"""Predicting properties of named or generated materials."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

from pydantic import Field

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, PropertyKey, Quantity

from .base import Flag, ToolResult, tool
from .checks import passes
from .context import Context
from .inputs import read_inputs
from .predictors.base import Predictor, predictor_for, predictors

BATCH = 512  # candidates between two looks at the stop button


@tool(estimate=lambda inputs=(), **_: 2 + len(inputs) / 200)
def predict(
    ctx: Context,
    inputs: Annotated[list[str], Flag(positional=True, metavar="INPUT...")] = [],  # noqa: B006
    properties: Annotated[list[PropertyKey], Flag("--property")] = [],  # noqa: B006
    temperature: Annotated[float, Field(gt=0)] | None = None,
) -> ToolResult:
    """Predict properties of materials, each value with its 90 % interval and domain score.

    Args:
        inputs: ids of candidates, repeat units such as [*]CCO[*], names such as PEO; every
            candidate of the run that passed the judge and has no values yet if left out.
        properties: keys of the properties; everything that can be predicted if left out.
        temperature: in kelvin; the predictor's own condition if left out.
    """
    candidates, failed = read_inputs(ctx, inputs) if inputs else (_waiting(ctx), [])
    done: list[Candidate] = []
    for start in range(0, len(candidates), BATCH):
        ctx.progress("predicting", start, len(candidates))
        done += _predict_batch(candidates[start : start + BATCH], properties, temperature, failed)
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


def _waiting(ctx: Context) -> list[Candidate]:
    waiting = [c for c in ctx.pool.values() if passes(c) and not c.quantities]
    if not waiting and not ctx.pool:
        raise InvalidRequest("nothing to predict: name a material, such as [*]CCO[*] or PEO")
    return waiting


def _predict_batch(
    candidates: list[Candidate],
    properties: list[str],
    temperature: float | None,
    failed: list[dict[str, str]],
) -> list[Candidate]:
    by_material: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_material[candidate.material].append(candidate)
    done = []
    for material, group in by_material.items():
        found = _quantities(group, _models_for(material, properties), temperature)
        for candidate, quantities in zip(group, found, strict=True):
            wanted = [q for q in quantities if not properties or q.property in properties]
            if wanted:
                done.append(candidate.with_quantities(wanted))
            else:
                failed.append({"input": candidate.data, "reason": "no value can be predicted"})
    return done


def _models_for(material: str, properties: list[str]) -> list[type[Predictor]]:
    if properties:
        return list(dict.fromkeys(predictor_for(key, material) for key in properties))
    able = [p for p in predictors() if material in p.materials]
    if not able:
        raise InvalidRequest(f"nothing can be predicted for a {material} yet")
    return able


def _quantities(
    group: list[Candidate], models: list[type[Predictor]], temperature: float | None
) -> list[list[Quantity]]:
    found: list[list[Quantity]] = [[] for _ in group]
    for model in models:
        rows = model.shared().predict(group, temperature=temperature)
        for quantities, row in zip(found, rows, strict=True):
            quantities += row
    return found
