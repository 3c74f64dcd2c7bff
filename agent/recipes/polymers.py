"""Polymer electrolytes: sample towards the targets, judge, predict, rank; more if too few meet."""

from __future__ import annotations

from ionwright.generators.base import generator_class, generator_names
from ionwright.knowledge.errors import InvalidRequest, NotAvailable
from ionwright.knowledge.records import Goal, Target
from ionwright.tools.generate import DEFAULT_GENERATORS
from ionwright.tools.predictors.base import predictors

from ..settings import Settings
from ..state import Call

FEWEST, PER_CANDIDATE, MOST = 500, 40, 20_000  # samples in the first round; grown in later ones
LITHIUM_ONLY = "the data behind generator and predictor are for LiTFSI; other ions are not covered"


class PolymerDesign:
    """The recipe for new polymer electrolyte repeat units."""

    def check(self, goal: Goal) -> None:
        """Says what of this goal cannot be served.

        Raises:
            NotAvailable: for another working ion, a property that is not predicted for polymers,
                or a generator that is not there yet.
            InvalidRequest: for a generator that does not make polymers.
        """
        if goal.working_ion not in (None, "Li"):
            raise NotAvailable(f"no {goal.working_ion} polymer electrolytes yet: {LITHIUM_ONLY}")
        able = {k for p in predictors() if "polymer" in p.materials for k in p.properties}
        missing = [t.property for t in goal.targets if t.property not in able]
        if missing:
            raise NotAvailable(
                f"cannot predict {', '.join(missing)} of polymers yet; can predict: "
                f"{', '.join(sorted(able))}"
            )
        if goal.generator and goal.generator not in generator_names():
            made = [n for n in generator_names() if generator_class(n).material == "polymer"]
            raise NotAvailable(f"no generator {goal.generator!r} yet; there is: {', '.join(made)}")
        if goal.generator and generator_class(goal.generator).material != "polymer":
            raise InvalidRequest(f"generator {goal.generator!r} does not make polymers")

    def calls(
        self, goal: Goal, *, words: str, round: int, seed: int, settings: Settings
    ) -> list[Call]:
        """Generate, judge, predict, compare and rank; each round has twice the samples."""
        count = goal.count or settings.count
        n = min(MOST, max(FEWEST, PER_CANDIDATE * count) * 2**round)
        name = goal.generator or DEFAULT_GENERATORS["polymers"]
        followed = [t for t in goal.targets if t.property in generator_class(name).conditions]
        elements = {
            "elements_excluded": list(goal.elements_excluded),
            "elements_required": list(goal.elements_required),
        }
        targets = [t.model_dump(mode="json") for t in goal.targets or (DEFAULT_TARGET,)]
        return [
            Call(
                tool="generate",
                arguments={
                    "material": "polymers",
                    "n": n,
                    "generator": name,
                    "conditions": [t.model_dump(mode="json") for t in followed if _steers(t)],
                    "elements_excluded": elements["elements_excluded"],
                    "seed": seed + round,
                },
            ),
            Call(tool="judge", arguments={"ids": [], **elements}),
            Call(tool="predict", arguments={"inputs": [], "properties": []}),
            Call(tool="find_known_materials", arguments={"ids": [], "count": 1}),
            Call(tool="rank", arguments={"targets": targets, "count": count, "ids": []}),
        ]


DEFAULT_TARGET = Target(property="ionic_conductivity", op="max", unit="S/cm")


def _steers(target: Target) -> bool:
    return target.op != "report"
