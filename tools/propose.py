"""Proposing crystals: several generators share the budget, known phases stand beside them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, JsonValue

from ionwright.generators.base import Generator, generator_class, generator_names, load_generator
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.phases.library import is_known_phase, phase_library
from ionwright.knowledge.records import Candidate, Element, Target, WorkingIon

from .bandit import Bandit
from .base import Flag, ToolResult, tool
from .checks import passes
from .chemistries import Chemistry, chemistries, unsuited
from .context import Context
from .judge_crystals import judge_crystals
from .predictors.base import Predictor, predictors
from .rank import probability_met

BATCH = 16  # samples between two choices of the bandit
FAST = 0.05  # seconds for one candidate: a predictor slower than this does not screen
MOST_KNOWN = 400  # known phases that are screened
STABLE_ENOUGH = 0.1  # eV/atom above the hull: known phases higher than this are not offered
SAME_FORMULA = 2  # proposals of one formula that are kept
BY_REQUEST = ("random_symmetric",)  # a second a sample and seldom near the hull: only if asked for
UNKNOWN_CHANCE = 0.3  # that a target is met for which nothing fast can be said

Domain = Literal["cathode", "anode", "solid_electrolyte"]


@tool(estimate=lambda n, seconds, **_: min(seconds, 5 + n / 4))
def propose_crystals(
    ctx: Context,
    domain: Domain,
    working_ion: WorkingIon,
    targets: list[Target],
    n: Annotated[int, Field(ge=1, le=100_000)] = 300,
    keep: Annotated[int, Field(ge=1, le=10_000)] = 60,
    seconds: Annotated[float, Field(gt=0)] = 60.0,
    generators: list[str] = [],  # noqa: B006  # pydantic copies
    elements_required: Annotated[list[Element], Flag("--require")] = [],  # noqa: B006
    elements_excluded: Annotated[list[Element], Flag("--exclude")] = [],  # noqa: B006
    known: bool = True,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> ToolResult:
    """Propose crystals for a goal: generators share the budget by what meets it, known phases too.

    A bandit chooses generator and chemistry for each batch; a sample succeeds as far as it passes
    the cheap checks and fast predictors give it a chance to meet the targets. The best are kept,
    labelled as known phases or as new proposals of their generator. Solid electrolytes are sought
    without redox metals, unless these are required.

    Args:
        domain: what the crystal is for.
        working_ion: symbol of the mobile ion.
        targets: what is asked of each property.
        n: samples to draw from all generators together.
        keep: proposals to keep.
        seconds: after which no new batch is begun.
        generators: registry names to share the budget; all quick ones if left out.
        elements_required: symbols of elements that must occur.
        elements_excluded: symbols of elements that must not occur.
        known: whether known phases are proposed beside new ones.
        seed: seed of the random numbers.
    """
    required = tuple(elements_required)
    excluded = (*elements_excluded, *unsuited(domain, required))
    screen = Screen(tuple(targets), required=(working_ion, *required), excluded=excluded)
    search = _Search(
        arms=[(g, c) for g in _names(generators) for c in
              chemistries(domain, working_ion, required, excluded)],
        screen=screen,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    if known:
        phases = list(_known_phases(working_ion, required, excluded))
        ctx.progress("screening known phases", 0, len(phases))
        search.found += screen.scored(phases)
    search.run(ctx, n, seconds, excluded)
    best = _best(search.found, keep)
    return ToolResult(text=search.told(best), candidates=tuple(best), data=search.shares())


@dataclass
class Screen:
    """The cheap checks and fast predictors that a proposal must pass."""

    targets: tuple[Target, ...]
    required: tuple[str, ...]
    excluded: tuple[str, ...]

    def scored(self, candidates: Sequence[Candidate]) -> list[tuple[float, Candidate]]:
        """Those that pass, each with the chance that it meets the targets (geometric mean)."""
        judged = judge_crystals(candidates, set(self.excluded), set(self.required))
        sound = [c for c in judged if passes(c)]
        for model in self._models():
            rows = model.shared().for_screening().predict(sound)
            sound = [c.with_quantities(row) for c, row in zip(sound, rows, strict=True)]
        return [(self._chance(c), c) for c in sound]

    def _models(self) -> list[type[Predictor]]:
        asked = {t.property for t in self.targets}
        able = [p for p in predictors() if "crystal" in p.materials and p.seconds <= FAST]
        return [p for p in able if asked & set(p.properties)]

    def _chance(self, candidate: Candidate) -> float:
        asked = [t for t in self.targets if t.op != "report"]
        chances = [max(self._met(candidate, target), 1e-6) for target in asked]
        return float(np.exp(np.mean(np.log(chances)))) if chances else 1.0

    def _met(self, candidate: Candidate, target: Target) -> float:
        quantity = candidate.quantity(target.property)
        if quantity is None:
            screened = any(target.property in model.properties for model in self._models())
            return 0.0 if screened else UNKNOWN_CHANCE
        return probability_met(quantity, target) if target.value is not None else 0.5


Arm = tuple[str, Chemistry]


@dataclass
class _Search:
    """The generators at work."""

    arms: list[Arm]
    screen: Screen
    rng: np.random.Generator
    found: list[tuple[float, Candidate]] = field(default_factory=list)
    sampled: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    models: dict[str, Generator] = field(default_factory=dict)

    def run(self, ctx: Context, n: int, seconds: float, excluded: tuple[str, ...]) -> None:
        """Draws batches until `n` samples are drawn or the time is over."""
        names = list(dict.fromkeys(name for name, _ in self.arms))
        which = Bandit[str](names)
        where = {name: Bandit[Chemistry](self._order(name)) for name in names}
        end = time.monotonic() + seconds
        while names and self.sampled.total() < n and time.monotonic() < end:
            if ctx.out_of_time():
                break
            name = which.choose(self.rng)
            chemistry = where[name].choose(self.rng)
            ctx.progress(f"sampling with {name}", self.sampled.total(), n)
            started = time.monotonic()
            scored = self._batch(ctx, name, chemistry, excluded)
            spent = time.monotonic() - started
            hits = sum(score for score, _ in scored)
            which.tell(name, successes=hits, trials=BATCH, seconds=spent)
            where[name].tell(chemistry, successes=hits, trials=BATCH, seconds=spent)
            self.found += scored
        ctx.progress("sampling", n, n)

    def _batch(
        self, ctx: Context, name: str, chemistry: Chemistry, excluded: tuple[str, ...]
    ) -> list[tuple[float, Candidate]]:
        if name not in self.models:
            self.models[name] = load_generator(name, device=ctx.device)
        made = self.models[name].sample(
            BATCH,
            require_elements=chemistry.elements,
            exclude_elements=excluded,
            seed=int(self.rng.integers(2**31)),
        )  # type: ignore[call-arg]
        self.sampled[name] += len(made)
        scored = self.screen.scored(made)
        self.passed[name] += len(scored)
        return scored

    def _order(self, name: str) -> list[Chemistry]:
        own = [chemistry for arm, chemistry in self.arms if arm == name]
        return [own[i] for i in self.rng.permutation(len(own))]

    def told(self, best: Sequence[Candidate]) -> str:
        """One line for people."""
        shares = ", ".join(f"{name} {count}" for name, count in self.sampled.most_common())
        known = sum(is_known_phase(c) for c in best)
        return (
            f"{self.sampled.total()} sampled ({shares}), {self.passed.total()} pass the cheap "
            f"checks; {len(best)} kept, {known} of them known phases"
        )

    def shares(self) -> dict[str, JsonValue]:
        """What each generator drew and what passed."""
        return {"sampled": dict(self.sampled), "passed": dict(self.passed)}


def _names(asked: Sequence[str]) -> list[str]:
    able = [name for name in generator_names() if generator_class(name).material == "crystal"]
    wrong = [name for name in asked if name not in able]
    if wrong:
        raise InvalidRequest(
            f"generator {wrong[0]!r} makes no crystals; these do: {', '.join(able)}"
        )
    return list(asked) or [name for name in able if name not in BY_REQUEST]


def _known_phases(
    ion: str, required: tuple[str, ...], excluded: tuple[str, ...]
) -> Iterator[Candidate]:
    """Known phases with the ion and what is required, the most stable first."""
    from pymatgen.core import Element as PymatgenElement

    library = phase_library()
    wanted = {PymatgenElement(e).Z for e in (ion, *required)}
    unwanted = {PymatgenElement(e).Z for e in excluded}
    heights = library.crystals.energy_above_hull
    shown = 0
    for index in np.argsort(heights):
        elements = library.crystals.elements(int(index))
        if heights[index] > STABLE_ENOUGH or not wanted <= elements or elements & unwanted:
            continue
        shown += 1
        if shown > MOST_KNOWN:
            return
        yield library.phase(int(index)).candidate(
            source="knowledge/phases", version=version("ionwright")
        )


def _best(found: Sequence[tuple[float, Candidate]], keep: int) -> list[Candidate]:
    """The highest chances first, new ones and known phases half and half where there are both."""
    ordered = [c for _, c in sorted(found, key=lambda pair: (-pair[0], pair[1].id))]
    known = _distinct(c for c in ordered if is_known_phase(c))
    new = _distinct(c for c in ordered if not is_known_phase(c))
    share = max(keep - len(known), min(len(new), keep - keep // 2))
    return new[:share] + known[: keep - min(share, len(new))]


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each material once, at most `SAME_FORMULA` of one formula."""
    kept: dict[str, Candidate] = {}
    seen: Counter[str] = Counter()
    for candidate in candidates:
        formula = candidate.name.partition(" ")[0]
        if candidate.id not in kept and seen[formula] < SAME_FORMULA:
            kept[candidate.id] = candidate
            seen[formula] += 1
    return list(kept.values())
