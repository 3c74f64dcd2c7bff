"""Proposing materials with a generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ionwright.generators.base import generator_class, load_generator
from ionwright.knowledge.errors import InvalidRequest, NotAvailable
from ionwright.knowledge.records import Candidate, Element, Target

from .base import Flag, ToolResult, tool
from .context import Context

MaterialClass = Literal["crystals", "molecules", "polymers", "microstructures", "interphases"]
DEFAULT_GENERATORS: dict[str, str] = {"crystals": "wyckoff_ar", "polymers": "polymer_gpt"}
BATCH = 256  # samples between two looks at the stop button


@tool(estimate=lambda n, **_: 3 + n / 300)
def generate(
    ctx: Context,
    material: Annotated[MaterialClass, Flag(positional=True, metavar="CLASS")],
    n: Annotated[int, Field(ge=1, le=1_000_000), Flag("-n")] = 100,
    generator: str | None = None,
    conditions: Annotated[list[Target], Flag("--condition")] = [],  # noqa: B006  # pydantic copies
    elements_required: Annotated[list[Element], Flag("--require")] = [],  # noqa: B006
    elements_excluded: Annotated[list[Element], Flag("--exclude")] = [],  # noqa: B006
    seed: int = 0,
) -> ToolResult:
    """Propose new materials with a trained generator.

    Nothing is filtered: each candidate carries what is known of its validity, and the judge says
    the rest.

    Args:
        material: kind of material to propose.
        n: how many samples to draw.
        generator: registry name of the generator; the default one of the material if left out.
        conditions: property conditions the samples should follow.
        elements_required: symbols of elements that each crystal must hold.
        elements_excluded: symbols of elements that must not occur.
        seed: seed of the random numbers; same seed, same candidates.
    """
    name = _generator_for(material, generator)
    generator_class(name).check_conditions(conditions)
    if elements_required and material != "crystals":
        raise InvalidRequest(f"{material} cannot be asked to hold elements; leave --require out")
    required = {"require_elements": elements_required} if elements_required else {}
    model = load_generator(name, device=ctx.device)
    sampled: list[Candidate] = []
    for index, start in enumerate(range(0, n, BATCH)):
        ctx.progress(f"sampling with {name}", start, n)
        sampled += model.sample(
            min(BATCH, n - start),
            conditions,
            exclude_elements=elements_excluded,
            **required,
            seed=batch_seed(seed, index),
        )
    ctx.progress(f"sampling with {name}", n, n)
    return _summary(name, sampled)


def batch_seed(seed: int, index: int) -> int:
    """An independent seed for each batch of one request."""
    return int(np.random.SeedSequence([abs(seed), index]).generate_state(1)[0])


def _generator_for(material: MaterialClass, name: str | None) -> str:
    name = name or DEFAULT_GENERATORS.get(material)
    if name is None:
        raise NotAvailable(
            f"no generator for {material} yet; today there are generators for: "
            f"{', '.join(DEFAULT_GENERATORS)}"
        )
    made = generator_class(name).material
    if f"{made}s" != material:
        raise InvalidRequest(f"generator {name!r} makes {made}s, not {material}")
    return name


def _summary(name: str, sampled: Sequence[Candidate]) -> ToolResult:
    valid = [c for c in sampled if c.checks.get("valid")]
    unique = {c.id for c in valid}
    return ToolResult(
        text=f"{name}: {len(sampled)} sampled, {len(valid)} valid, {len(unique)} unique",
        candidates=tuple(sampled),
        data={"sampled": len(sampled), "valid": len(valid), "unique": len(unique)},
    )
