"""What there is: rows for the listing commands and for the tables in the docs."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from ionwright.generators.base import generator_class, generator_names
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.vocabulary import property_of, vocabulary
from ionwright.tools.base import tools
from ionwright.tools.predictors.base import predictors

Rows = list[dict[str, Any]]
BENCHMARKS = {
    "crystals": "ionwright.tools.benchmarks.crystals",
    "polymers": "ionwright.tools.benchmarks.polymers",
    "interpreter": "ionwright.agent.embedded.evaluate",
    "knowledge": "ionwright.agent.benchmarks.knowledge",
    "speed": "ionwright.agent.speed",
}


def generator_rows() -> Rows:
    """Name, material, family, conditions with units and card figures of each generator."""
    rows = []
    for name in generator_names():
        made = generator_class(name)
        rows.append(
            {
                "name": name,
                "material": made.material,
                "family": made.family,
                "conditions": _with_units(made.conditions),
                "figures": _figures(made),
            }
        )
    return rows


def predictor_rows() -> Rows:
    """Name, materials, properties with units, condition and card figures of each predictor."""
    return [
        {
            "name": p.name,
            "materials": list(p.materials),
            "properties": _with_units(p.properties),
            "condition": p.condition,
            "figures": _figures(p),
        }
        for p in predictors()
    ]


def tool_rows() -> Rows:
    """Name, summary and arguments of each tool."""
    return [
        {"name": t.name, "summary": t.summary, "arguments": list(t.arguments.model_fields)}
        for t in tools().values()
    ]


def property_rows() -> Rows:
    """Key, label, unit and plausible range of each property of the vocabulary."""
    return [
        {
            "key": p.key,
            "label": p.label,
            "unit": p.unit,
            "materials": list(p.materials),
            "plausible": f"{p.range[0]:g} to {p.range[1]:g}",
        }
        for p in vocabulary().values()
    ]


def run_benchmark(name: str, **options: Any) -> Rows:
    """The rows of a benchmark, freshly measured.

    Raises:
        InvalidRequest: if there is no such benchmark; the message lists them.
    """
    if name not in BENCHMARKS:
        raise InvalidRequest(f"no benchmark {name!r}; there is: {', '.join(BENCHMARKS)}")
    run: Callable[..., dict[str, Any]] = import_module(BENCHMARKS[name]).run
    wanted = signature(run).parameters
    return run(**{key: value for key, value in options.items() if key in wanted})["rows"]


def _with_units(keys: tuple[str, ...]) -> list[str]:
    return [key if (unit := property_of(key).unit) == "1" else f"{key} [{unit}]" for key in keys]


def _figures(part: Any) -> dict[str, Any]:
    """The headline figures of a card: `headline` of metrics.json beside the weights."""
    folder = getattr(part, "weights", None)
    path = Path(folder) / "metrics.json" if folder else None
    if path is None or not path.is_file():
        return {}
    return json.loads(path.read_text(encoding="utf-8")).get("headline", {})
