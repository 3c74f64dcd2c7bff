"""What is ready on this computer, in words for the head of the page."""

from __future__ import annotations

import inspect
from pathlib import Path

from ionwright.generators.base import Generator, generator_class, generator_names
from ionwright.knowledge.vocabulary import property_of
from ionwright.tools.predictors.base import predictors

from ..settings import Settings

DEVICES = {"cpu": "processor", "cuda": "graphics card", "mps": "graphics processor"}


def readiness(settings: Settings) -> list[tuple[str, bool]]:
    """Lines on generators, predictors and device; False where something is lacking."""
    made = sorted({generator_class(name).material for name in generator_names()})
    lacking = [name for name in generator_names() if not _has_weights(generator_class(name))]
    known = sorted({property_of(key).label for p in predictors() for key in p.properties})
    device = DEVICES.get(settings.device.partition(":")[0], settings.device)
    return [
        (f"generator of {' and '.join(f'{m}s' for m in made)} ready", True)
        if not lacking
        else (f"weights of {', '.join(lacking)} are missing: reinstall ionwright", False),
        (f"{len(known)} properties can be predicted", True)
        if known
        else ("no property can be predicted yet", False),
        (f"works offline on this computer's {device}", True),
    ]


def _has_weights(generator: type[Generator]) -> bool:
    """Whether the shipped weights are in place: in `weights/NAME` beside the code.

    Baselines have none: they carry tables, or use the known phases.
    """
    if generator.family == "baseline":
        return True
    folder = Path(inspect.getfile(generator)).parent / "weights" / generator.name
    return (folder / "model.safetensors").is_file()
