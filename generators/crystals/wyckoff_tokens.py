"""A crystal as questions and answers: the grammar of the Wyckoff transformer.

First the space group is asked for, then orbits (element and Wyckoff position) until there is no
further one, then the lattice, then every free coordinate. A draft knows what is asked next and
which answers keep the grammar: positions of the group only, those without freedom once, elements
in the order of electronegativity, required ones not passed over, no more atoms than allowed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from .wyckoff_cells import Orbit, Skeleton, WyckoffCrystal, element_ranks, primitive_size, shape_of
from .wyckoff_data import MOST_ATOMS, MOST_ORBITS
from .wyckoff_positions import GROUPS, positions

ELEMENTS = 95  # rows of element tables: 0 means "no further orbit", 94 is plutonium
PLACES = 27  # most positions that a group has
BINS = 144  # of every number; fractions with 2, 3, 4, 6, 8, 9, 12, 16 are centres of bins
AXES = ("x", "y", "z")
ASKS = ("spg_num", "orbit", "volume", "b/a", "c/a", "alpha", "beta", "gamma", *AXES)
SPG, ORBIT = 0, 1
SCALES = ("volume", "ratio", "angle", "coordinate")  # numbers that share their bins
SCALE_OF = dict(zip(ASKS[2:], (0, 1, 1, 2, 2, 2, 3, 3, 3), strict=True))
# Columns of a step: what was answered last, what is asked now (and of which orbit).
COLUMNS = ("spg_num", "number", "position", "value", "ask", "ask_number", "ask_position")


@dataclass(frozen=True)
class Bins:
    """Edges of the bins of volumes, ratios (both logarithmic) and angles: training quantiles.

    Coordinates have bins of equal width whose first is centred on 0.

    Attributes:
        edges: (3, BINS + 1).
    """

    edges: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, crystals: Sequence[WyckoffCrystal]) -> Bins:
        """Bins that hold equal shares of the values of these crystals."""
        values: list[list[float]] = [[], [], []]
        for crystal in crystals:
            values[0].append(math.log(crystal.volume))
            for name, value in zip(shape_of(crystal.spg_num), crystal.shape, strict=True):
                scale = SCALE_OF[name]
                values[scale].append(value if scale == 2 else math.log(value))
        empty = (0.0, 0.0, 90.0)  # where no crystal has a ratio or an angle
        return cls(
            tuple(
                _quantiles(found or [fallback])
                for found, fallback in zip(values, empty, strict=True)
            )
        )

    def number(self, ask: str, value: float) -> int:
        """The bin of a value."""
        scale = SCALE_OF[ask]
        if scale == 3:
            return round(value * BINS) % BINS
        scaled = value if scale == 2 else math.log(value)
        at = int(np.searchsorted(self.edges[scale], scaled, side="right")) - 1
        return min(max(at, 0), BINS - 1)

    def value(self, ask: str, number: int, offset: float = 0.0) -> float:
        """The value in a bin, `offset` bins from its centre."""
        scale = SCALE_OF[ask]
        if scale == 3:
            return round((number + offset) / BINS % 1, 4) % 1
        place = number + 0.5 + offset
        scaled = float(np.interp(place, np.arange(BINS + 1), self.edges[scale]))
        return scaled if scale == 2 else math.exp(scaled)


def _quantiles(values: Sequence[float]) -> tuple[float, ...]:
    edges = np.quantile(values, np.linspace(0, 1, BINS + 1))
    # repeated values, such as 90 degrees, make bins without width; nothing falls into those
    return tuple(edges.tolist())


@dataclass(frozen=True)
class Rules:
    """What a draft must keep to besides the grammar.

    Attributes:
        required: atomic numbers that must occur.
        allowed: (ELEMENTS,) whether an element may occur; [0] is not used.
        groups: (GROUPS + 1,) whether a space group may be taken; [0] is not used.
        most_atoms: in the primitive cell.
    """

    required: frozenset[int] = frozenset()
    allowed: np.ndarray = field(default_factory=lambda: np.ones(ELEMENTS, dtype=bool))
    groups: np.ndarray = field(default_factory=lambda: np.ones(GROUPS + 1, dtype=bool))
    most_atoms: int = MOST_ATOMS


@dataclass
class Draft:
    """A crystal that is being written."""

    rules: Rules = field(default_factory=Rules)
    spg_num: int = 0
    orbits: list[tuple[int, int]] = field(default_factory=list)
    complete: bool = False  # no further orbit
    values: list[tuple[int, float]] = field(default_factory=list)  # bin, offset from its centre
    pending: list[tuple[str, int]] = field(default_factory=list)  # numbers to ask, of which orbit
    failed: bool = False  # nothing can be answered without breaking the rules
    plan: Skeleton | None = None  # space group and orbits to be taken over instead of drawn

    @property
    def done(self) -> bool:
        """Whether nothing is left to be asked."""
        return self.failed or (self.complete and len(self.values) == len(self.pending))

    def step(self) -> tuple[int, ...]:
        """The `COLUMNS` of this step: the last answer and the next question."""
        number = position = value = ask_number = ask_position = 0
        ask = SPG if not self.spg_num else ORBIT
        if self.complete:
            name, orbit = self.pending[len(self.values)]
            ask = ASKS.index(name)
            if orbit >= 0:
                ask_number, place = self.orbits[orbit]
                ask_position = positions(self.spg_num)[place].index
            if self.values:
                before = SCALE_OF[self.pending[len(self.values) - 1][0]]
                value = 1 + before * BINS + self.values[-1][0]
        elif self.orbits:
            number, place = self.orbits[-1]
            position = positions(self.spg_num)[place].index
        return self.spg_num, number, position, value, ask, ask_number, ask_position

    def planned(self) -> tuple[int, int] | None:
        """The next answer where there is a plan: a group and 0, or an orbit."""
        if self.plan is None or self.complete:
            return None
        if not self.spg_num:
            return self.plan[0], 0
        return (*self.plan[1], (0, 0))[len(self.orbits)]

    def push_group(self, spg_num: int) -> None:
        """Answers the first question."""
        self.spg_num = spg_num

    def push_orbit(self, number: int, place: int) -> None:
        """Adds an orbit; `number` 0 says that there is no further one."""
        if number:
            self.orbits.append((number, place))
            return
        self.complete = True
        self.pending = [("volume", -1), *((name, -1) for name in shape_of(self.spg_num))]
        table = positions(self.spg_num)
        for index, (_, at) in enumerate(self.orbits):
            self.pending += [(AXES[axis], index) for axis in table[at].free]

    def push_value(self, number: int, offset: float = 0.0) -> None:
        """Answers with a bin and where in it, in bins from its centre."""
        self.values.append((number, offset))

    def numbers(self) -> np.ndarray:
        """(ELEMENTS,) which elements may come next; [0] whether the crystal may be complete."""
        ranks = element_ranks()[:ELEMENTS]
        room = self._places_with_room()
        last = self.orbits[-1] if self.orbits else None
        may = self.rules.allowed & bool(room.any())
        if last:
            may &= ranks >= ranks[last[0]]
            may[last[0]] &= bool(self.places(last[0]).any())
        missing = self.rules.required - {number for number, _ in self.orbits}
        if missing:
            first = min(missing, key=lambda number: ranks[number])
            may &= ranks <= ranks[first]
            if MOST_ORBITS - len(self.orbits) <= len(missing):
                may &= np.arange(ELEMENTS) == first
        elif len(self.orbits) >= MOST_ORBITS:
            may[:] = False
        may[0] = bool(self.orbits) and not missing
        return may

    def places(self, number: int) -> np.ndarray:
        """(PLACES,) which positions of the group an orbit of this element may take."""
        room = self._places_with_room()
        if self.orbits and self.orbits[-1][0] == number:
            room &= np.arange(PLACES) >= self.orbits[-1][1]
        return room

    def _places_with_room(self) -> np.ndarray:
        sizes, free = _sizes(self.spg_num)
        room = self.rules.most_atoms - sum(sizes[place] for _, place in self.orbits)
        open_places = (sizes > 0) & (sizes <= room)
        for _, place in self.orbits:
            open_places[place] &= free[place]
        return open_places

    def crystal(self, bins: Bins) -> WyckoffCrystal:
        """What was written, once it is done."""
        answers = [
            bins.value(name, *answer)
            for (name, _), answer in zip(self.pending, self.values, strict=True)
        ]
        lattice = 1 + len(shape_of(self.spg_num))
        free: dict[int, list[float]] = {}
        for (_, orbit), answer in zip(self.pending[lattice:], answers[lattice:], strict=True):
            free.setdefault(orbit, []).append(answer)
        orbits = tuple(
            Orbit(number, place, tuple(free.get(index, ())))
            for index, (number, place) in enumerate(self.orbits)
        )
        return WyckoffCrystal(self.spg_num, orbits, answers[0], tuple(answers[1:lattice]))


@cache
def _sizes(spg_num: int) -> tuple[np.ndarray, np.ndarray]:
    """Atoms in the primitive cell (0 beyond the last) and freedom of each position (PLACES,)."""
    sizes, free = np.zeros(PLACES, dtype=int), np.zeros(PLACES, dtype=bool)
    for place, position in enumerate(positions(spg_num)):
        sizes[place], free[place] = primitive_size(spg_num, place), bool(position.free)
    return sizes, free


def steps_of(crystal: WyckoffCrystal, bins: Bins) -> np.ndarray:
    """All steps of writing a crystal (T, len(COLUMNS) + 2): the columns and the right answer.

    The answer is a space group and 0, an element and a position, or a bin and 0.
    """
    draft, steps = Draft(), []

    def note(answer: int, place: int = 0) -> None:
        steps.append((*draft.step(), answer, place))

    note(crystal.spg_num)
    draft.push_group(crystal.spg_num)
    for number, place in (*crystal.skeleton[1], (0, 0)):
        note(number, place)
        draft.push_orbit(number, place)
    values = [crystal.volume, *crystal.shape, *(v for orbit in crystal.orbits for v in orbit.free)]
    for (name, _), value in zip(draft.pending, values, strict=True):
        answer = bins.number(name, value)
        note(answer)
        draft.push_value(answer)
    return np.array(steps, dtype=np.int16)
