"""Electrodes and solid electrolytes: propose, relax the best, compute what is asked, rank."""

from __future__ import annotations

from ionwright.generators.base import generator_class, generator_names
from ionwright.knowledge.errors import InvalidRequest, NotAvailable
from ionwright.knowledge.records import Goal, Target
from ionwright.tools.chemistries import PALETTES
from ionwright.tools.predictors.base import predictors

from ..settings import Settings
from ..state import Call

FEWEST, PER_CANDIDATE, MOST = 200, 30, 5_000  # samples of the first round; doubled in later ones
SECONDS = 30.0  # of sampling in the first round, doubled in later ones
RELAXED = 3  # relaxed for each candidate that is wanted
COMPUTED = (
    1  # whose electrode properties are computed with the potential, for each candidate wanted
)
DEFAULT_ION = "Li"
ELECTRODES = ("cathode", "anode")
ALWAYS = {  # what people want to know of a candidate whether they say so or not
    "cathode": ("average_voltage", "capacity_grav", "max_delta_volume", "energy_above_hull"),
    "anode": ("average_voltage", "capacity_grav", "max_delta_volume", "energy_above_hull"),
    "solid_electrolyte": ("ionic_conductivity", "energy_above_hull", "band_gap"),
}
STABLE = Target(property="energy_above_hull", op="<=", value=0.1, unit="eV/atom")


class CrystalDesign:
    """The recipe for cathodes, anodes and solid electrolytes."""

    def check(self, goal: Goal) -> None:
        """Says what of this goal cannot be served.

        Raises:
            NotAvailable: for a property that is not predicted for crystals, or a generator that is
                not there yet.
            InvalidRequest: for a generator that does not make crystals.
        """
        able = {k for p in predictors() if "crystal" in p.materials for k in p.properties}
        missing = [t.property for t in goal.targets if t.property not in able]
        if missing:
            raise NotAvailable(
                f"cannot predict {', '.join(missing)} of crystals yet; can predict: "
                f"{', '.join(sorted(able))}"
            )
        made = [n for n in generator_names() if generator_class(n).material == "crystal"]
        if goal.generator and goal.generator not in generator_names():
            raise NotAvailable(f"no generator {goal.generator!r} yet; there is: {', '.join(made)}")
        if goal.generator and goal.generator not in made:
            raise InvalidRequest(f"generator {goal.generator!r} does not make crystals")

    def calls(
        self, goal: Goal, *, words: str, round: int, seed: int, settings: Settings
    ) -> list[Call]:
        """Propose, judge, relax, predict, compare and rank; later rounds draw twice as many."""
        count = goal.count or settings.count
        domain = goal.domain if goal.domain in PALETTES else "cathode"
        ion = goal.working_ion or DEFAULT_ION
        targets = [t.model_dump(mode="json") for t in self.targets(goal)]
        keys = list(dict.fromkeys([t.property for t in goal.targets] + [*ALWAYS[domain]]))
        elements = {
            "elements_required": list(goal.elements_required),
            "elements_excluded": list(goal.elements_excluded),
        }
        compute = Call(
            tool="compute_electrodes",
            arguments={
                "ids": [],
                "count": COMPUTED * count,
                "working_ion": ion,
                "targets": targets,
            },
        )
        return [
            Call(
                tool="propose_crystals",
                arguments={
                    "domain": domain,
                    "working_ion": ion,
                    "targets": targets,
                    "n": min(MOST, max(FEWEST, PER_CANDIDATE * count) * 2**round),
                    "keep": 3 * RELAXED * count,
                    "seconds": SECONDS * 2**round,
                    "generators": [goal.generator] if goal.generator else [],
                    "known": goal.generator is None,
                    "seed": seed + round,
                    **elements,
                },
            ),
            Call(tool="relax", arguments={"ids": [], "count": RELAXED * count, "targets": targets}),
            Call(tool="judge", arguments={"ids": [], **elements}),
            Call(
                tool="predict",
                arguments={"inputs": [], "properties": keys, "working_ion": ion},
            ),
            *([compute] if domain in ELECTRODES else []),
            Call(tool="find_known_materials", arguments={"ids": [], "count": 1}),
            Call(tool="suggest_synthesis", arguments={"ids": []}),
            Call(tool="rank", arguments={"targets": targets, "count": count, "ids": []}),
        ]

    def targets(self, goal: Goal) -> list[Target]:
        """What is asked, and that it can be made: not far above the hull unless that was said."""
        asked = list(goal.targets)
        if not any(t.property == STABLE.property for t in asked):
            asked.append(STABLE)
        return asked
