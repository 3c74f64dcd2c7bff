"""How might a composition be made? The nearest published solid-state recipes, adapted.

A table of recipes that a program read from papers (Kononova et al. 2019, CC-BY 4.0) is searched
for the nearest targets; their precursors are voted on element by element, their firing
temperatures give a median and a spread. A suggestion to start from, not a tested procedure.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.vocabulary import ELEMENTS, WORKING_IONS

from .crystal_features import anions_of, fractions_of

FOLDER = Path(__file__).parent / "weights" / "synthesis_routes"
TABLE = "recipes.json.gz"
REFERENCE = "10.1038/s41597-019-0224-1"
NEIGHBOURS = 30
PER_PAPER = 2  # of them from one paper
SHOWN = 3  # recipes named in a route
_STRANGER = 0.15  # distance that a differing element costs beside its amount
_OTHER_ANIONS = 1.0  # distance that another set of anions costs
_OTHER_ION = 0.3  # distance that another working ion costs
_PRIOR = 0.25  # weight of what all recipes use beside what the neighbours use
_SHARPNESS = 8.0  # votes fall by e over 1/8 of distance
_TOKEN = re.compile(r"(?:(?P<symbol>[A-Z][a-z]?)|(?P<close>\)))(?P<n>\d*\.?\d*)|(?P<open>\()")
_FREE = frozenset({"O", "H", "C", "N"})  # come and go with air, water and carbonate


class Recipe(NamedTuple):
    """One published recipe: reduced formulas, °C, h."""

    target: str
    precursors: tuple[str, ...]
    temperature: float | None
    hours: float | None
    doi: str


@dataclass(frozen=True)
class Route:
    """A suggested synthesis.

    Attributes:
        precursors: reduced formulas.
        temperature: median firing temperature of the nearest recipes in °C; None if none tells.
        temperature_range: their 10th and 90th percentile.
        hours: median firing time.
        nearest: the recipes nearest to the composition, with their DOI.
        distance: of the nearest one; 0 is the composition itself, over 0.5 hardly related.
        missing: elements of the composition for which no precursor is known.
    """

    precursors: tuple[str, ...]
    temperature: float | None
    temperature_range: tuple[float, float] | None
    hours: float | None
    nearest: tuple[Recipe, ...]
    distance: float
    missing: tuple[str, ...]

    def as_notes(self) -> tuple[str, ...]:
        """The route in sentences, marked as a suggestion."""
        fired = "firing temperature unknown"
        if self.temperature is not None and self.temperature_range is not None:
            low, high = self.temperature_range
            fired = f"fired at about {self.temperature:.0f} °C ({low:.0f}-{high:.0f} °C)"
        near = "; ".join(f"{one.target} ({one.doi})" for one in self.nearest)
        lines = [
            f"suggested solid-state route (from text-mined recipes, untested): "
            f"{' + '.join(shared_recipes().name(one) for one in self.precursors)}, {fired}",
            f"nearest published recipes (distance {self.distance:.2f}): {near}",
        ]
        if self.missing:
            lines.append(f"no precursor known for {', '.join(self.missing)}")
        return tuple(lines)


class RecipeBook:
    """Recipes with what is needed to find the nearest ones."""

    def __init__(self, recipes: Sequence[Recipe], names: Mapping[str, str] | None = None) -> None:
        self.recipes = list(recipes)
        self._names = names or {}
        amounts = [amounts_of(recipe.target) for recipe in recipes]
        self._fractions = fractions_of(amounts).astype(np.float32)
        self._chemistries, self._chemistry = np.unique(
            [_chemistry(one) for one in amounts], return_inverse=True
        )

    @classmethod
    def load(cls, folder: Path = FOLDER) -> RecipeBook:
        """The shipped recipes.

        Raises:
            Damaged: if the table is missing or unreadable.
        """
        try:
            text = gzip.decompress((folder / TABLE).read_bytes())
            book = json.loads(text)
            recipes = [Recipe(t, tuple(p), c, h, doi) for t, p, c, h, doi in book["recipes"]]
            return cls(recipes, book["names"])
        except (OSError, ValueError, EOFError, KeyError) as error:
            raise Damaged(f"recipes damaged: {folder / TABLE}: {error}; reinstall") from error

    def distances(self, amounts: Mapping[str, float]) -> np.ndarray:
        """Of each recipe's target to a composition (recipes,)."""
        wanted = fractions_of([amounts])[0].astype(np.float32)
        apart = np.abs(self._fractions - wanted).sum(1) / 2
        strangers = ((self._fractions > 0) != (wanted > 0)).sum(1)
        return apart + _STRANGER * strangers + self._chemical_distances(amounts)[self._chemistry]

    def _chemical_distances(self, amounts: Mapping[str, float]) -> np.ndarray:
        anions, ion = _chemistry(amounts).split("|")
        known = [one.split("|") for one in self._chemistries]
        return np.array(
            [_OTHER_ANIONS * (a != anions) + _OTHER_ION * (i != ion) for a, i in known],
            dtype=np.float32,
        )

    def name(self, formula: str) -> str:
        """A precursor as chemists write it (NH4H2PO4 for PH6NO4)."""
        return self._names.get(formula, formula)

    def suggest(
        self, amounts: Mapping[str, float], *, exclude_dois: frozenset[str] = frozenset()
    ) -> Route:
        """The route for a composition; recipes of `exclude_dois` are not looked at."""
        distance = self.distances(amounts)
        order = np.array(self._nearest(distance, exclude_dois))
        near = [self.recipes[i] for i in order]
        votes = np.exp(-_SHARPNESS * distance[order])
        precursors, missing = self._precursors(amounts, order, votes)
        fired = [one.temperature for one in near if one.temperature is not None]
        hours = [one.hours for one in near if one.hours is not None]
        return Route(
            precursors,
            float(np.median(fired)) if fired else None,
            (float(np.quantile(fired, 0.1)), float(np.quantile(fired, 0.9))) if fired else None,
            float(np.median(hours)) if hours else None,
            tuple(near[:SHOWN]),
            float(distance[order[0]]),
            missing,
        )

    def _nearest(self, distance: np.ndarray, exclude_dois: frozenset[str]) -> list[int]:
        """The nearest recipes, few of each paper: a series of one paper is one opinion."""
        found: list[int] = []
        papers: Counter[str] = Counter()
        for i in np.argsort(distance, kind="stable"):
            doi = self.recipes[i].doi
            if doi in exclude_dois or papers[doi] >= PER_PAPER:
                continue
            papers[doi] += 1
            found.append(int(i))
            if len(found) == NEIGHBOURS:
                break
        return found

    def _precursors(
        self, amounts: Mapping[str, float], order: np.ndarray, votes: np.ndarray
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The precursors that neighbours and all recipes use most, element by element."""
        wanted = _wanted(amounts)
        elected: Counter[str] = Counter()
        for place, vote in zip(order, votes / votes.sum(), strict=True):
            elected.update(dict.fromkeys(self.recipes[place].precursors, float(vote)))
        chosen: list[str] = []
        for symbol in wanted:
            if any(symbol in _elements(one) for one in chosen):
                continue
            chosen += self._ranked(symbol, amounts, elected)[:1]
        missing = [s for s in wanted if not any(s in _elements(one) for one in chosen)]
        return tuple(sorted(set(chosen))), tuple(missing)

    def _ranked(
        self, symbol: str, amounts: Mapping[str, float], elected: Mapping[str, float]
    ) -> list[str]:
        """Precursors of an element, those first that neighbours and all recipes use most."""
        usual = dict.fromkeys(self.usual(symbol, amounts), 0.0)
        total = sum(self._common[symbol][one] for one in usual)
        prior = {one: _PRIOR * self._common[symbol][one] / total for one in usual}
        near = [one for one in elected if symbol in _elements(one) and _fits(one, amounts)]
        return sorted(
            {**usual, **dict.fromkeys(near)},
            key=lambda one: -(prior.get(one, 0) + elected.get(one, 0)),
        )

    def usual(self, symbol: str, amounts: Mapping[str, float]) -> list[str]:
        """The most common precursors of an element that bring in nothing foreign."""
        return [one for one in self._common[symbol] if _fits(one, amounts)]

    def usual_set(self, amounts: Mapping[str, float]) -> tuple[str, ...]:
        """The most common precursor of each element that the ones before do not bring."""
        chosen: list[str] = []
        for symbol in _wanted(amounts):
            if not any(symbol in _elements(one) for one in chosen):
                chosen += self.usual(symbol, amounts)[:1]
        return tuple(sorted(set(chosen)))

    @cached_property
    def _common(self) -> dict[str, dict[str, int]]:
        """Element -> its precursors and in how many recipes they are, the most common first."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for recipe in self.recipes:
            for precursor in recipe.precursors:
                for symbol in _elements(precursor) - _FREE:
                    counts[symbol][precursor] += 1
        return defaultdict(dict, {s: dict(count.most_common(20)) for s, count in counts.items()})


@cache
def shared_recipes() -> RecipeBook:
    """The shipped recipes, read once."""
    return RecipeBook.load()


def suggest_route(formula: str) -> Route:
    """A synthesis for a composition, from the nearest published recipes.

    Raises:
        InvalidRequest: if the formula cannot be read.
    """
    return shared_recipes().suggest(amounts_of(formula))


def _fits(precursor: str, amounts: Mapping[str, float]) -> bool:
    """Whether a precursor brings only what stays or leaves as gas; oxygen stays out of sulfides."""
    gone = _FREE if "O" in amounts else _FREE - {"O"}
    return _elements(precursor) <= set(amounts) | gone


def _wanted(amounts: Mapping[str, float]) -> list[str]:
    """Elements that precursors must bring, the least common anion-formers last."""
    bound = [s for s in amounts if s not in _FREE]
    return sorted(bound, key=lambda s: (s in anions_of(amounts), -amounts[s], s))


@lru_cache(maxsize=200_000)
def _elements(formula: str) -> frozenset[str]:
    return frozenset(amounts_of(formula))


def amounts_of(formula: str) -> dict[str, float]:
    """Element -> amount of a formula as the table has them: symbols, numbers, parentheses.

    pymatgen's parser does the same at a hundredth of the speed; it has the last word on others.
    """
    levels: list[dict[str, float]] = [{}]
    end = 0
    for token in _TOKEN.finditer(formula):
        symbol, opening, number = token["symbol"], token["open"], float(token["n"] or 1)
        if token.start() != end or (token["close"] and len(levels) == 1):
            return _pymatgen_amounts(formula)
        end = token.end()
        if opening:
            levels.append({})
        elif symbol:
            levels[-1][symbol] = levels[-1].get(symbol, 0) + number
        else:
            for inner, count in levels.pop().items():
                levels[-1][inner] = levels[-1].get(inner, 0) + number * count
    known = set(levels[0]) <= set(ELEMENTS)
    if end != len(formula) or len(levels) > 1 or not levels[0] or not known:
        return _pymatgen_amounts(formula)
    return {symbol: count for symbol, count in levels[0].items() if count > 0}


def _pymatgen_amounts(formula: str) -> dict[str, float]:
    from pymatgen.core import Composition

    try:
        composition = Composition(formula)
        if composition.valid and len(composition):
            return {el.symbol: float(n) for el, n in composition.element_composition.items()}
    except (ValueError, KeyError, TypeError):
        pass
    raise InvalidRequest(f"cannot read the formula {formula[:60]!r}; give one such as LiFePO4")


def _chemistry(amounts: Mapping[str, float]) -> str:
    """Anions and the working ion, as a key."""
    ion = next((ion for ion in WORKING_IONS[:3] if ion in amounts), "")
    return f"{'-'.join(sorted(anions_of(amounts)))}|{ion}"
