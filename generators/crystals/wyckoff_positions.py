"""The Wyckoff positions of the 230 space groups in their standard settings.

Read from the tables that PyXtal carries (International Tables A: monoclinic groups with unique axis
b, rhombohedral ones on hexagonal axes, origin choice 2), without PyXtal's objects: a group takes
a millisecond, not a tenth of a second.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ionwright.knowledge.errors import NotAvailable

GROUPS = 230
AXES = "xyz"
_GENERIC = np.array([0.1234, 0.2718, 0.4142])  # a point on no symmetry element by accident


@dataclass(frozen=True)
class Position:
    """One Wyckoff position: where its atoms sit, as functions of up to three free coordinates.

    Attributes:
        letter: as in the International Tables, "A" after "z".
        rotations: (m, 3, 3), of the m atoms in the conventional cell.
        shifts: (m, 3); atom k sits at rotations[k] @ (x, y, z) + shifts[k].
        free: which of x, y, z (0, 1, 2) are free.
        site: number of the site symmetry's class, the same in every space group.
        index: of this position among those of all groups, from 1.
    """

    letter: str
    rotations: np.ndarray
    shifts: np.ndarray
    free: tuple[int, ...]
    site: int
    index: int

    @property
    def multiplicity(self) -> int:
        """Atoms in the conventional cell."""
        return len(self.rotations)

    def coords(self, free: np.ndarray) -> np.ndarray:
        """(len(self.free),) values -> (m, 3) fractional coordinates of all atoms."""
        xyz = np.zeros(3)
        xyz[list(self.free)] = free
        return (self.rotations @ xyz + self.shifts) % 1

    def free_values(self, coords: np.ndarray, tolerance: float = 0.01) -> np.ndarray:
        """The values that give these atoms, for each that fits the first line of the table.

        Args:
            coords: (n, 3).
            tolerance: fractional, for the coordinates that are not free.

        Returns:
            (k, len(self.free)) in [0, 1), k <= n.
        """
        rotation, shift = self.rotations[0], self.shifts[0]
        values = np.zeros((len(coords), 3))
        for axis in self.free:
            row = _row_of(rotation, axis)
            values[:, axis] = (coords[:, row] - shift[row]) * rotation[row, axis]
        off = values @ rotation.T + shift - coords
        fits = (abs(off - off.round()) < tolerance).all(1)
        return (values[fits] % 1)[:, list(self.free)]


@cache
def positions(spg_num: int) -> tuple[Position, ...]:
    """The positions of a space group in the order of their letters, from "a"."""
    return _all_positions()[spg_num - 1]


@cache
def lattice_centring(spg_num: int) -> np.ndarray:
    """(k, 3) translations of the conventional cell: one for P, two for A, C and I, ..."""
    general = positions(spg_num)[-1]
    same = (general.rotations == np.eye(3)).all((1, 2))
    return general.shifts[same] % 1


@cache
def hall_number(spg_num: int) -> int:
    """The Hall number under which spglib uses the setting of these tables."""
    import spglib

    ours = _operations(positions(spg_num)[-1].rotations, positions(spg_num)[-1].shifts)
    for hall in range(1, 531):
        kind = spglib.get_spacegroup_type(hall)
        if kind is not None and kind.number == spg_num:
            found = spglib.get_symmetry_from_database(hall)
            if found and _operations(found["rotations"], found["translations"]) == ours:
                return hall
    raise NotAvailable(f"space group {spg_num} has no standard setting in this spglib")


@cache
def settings(spg_num: int) -> tuple[tuple[np.ndarray, np.ndarray, tuple[int, ...]], ...]:
    """Other ways to write a crystal of this group: cosets of its Euclidean normaliser.

    Returns:
        Rotation (3, 3), shift (3,), and for each letter's number the number that it becomes. The
        first leaves all as it is.
    """
    import json

    table = json.loads((_tables() / "wyckoff_sets.json").read_text(encoding="utf-8"))[str(spg_num)]
    letters = "abcdefghijklmnopqrstuvwxyzA"
    found = []
    for text, names in zip(table["Coset Representative"], table["Transformed WP"], strict=True):
        rotation, shift = _parse_line(text)
        comes_from = [letters.index(name) for name in names.split()]
        found.append((rotation, shift, tuple(np.argsort(comes_from).tolist())))
    return tuple(found)


def _row_of(rotation: np.ndarray, axis: int) -> int:
    """The coordinate that is just one of the free ones, with a factor of 1 or -1."""
    for row in range(3):
        line = rotation[row]
        if abs(line[axis]) == 1 and abs(line).sum() == 1:
            return row
    raise AssertionError(f"no coordinate gives {AXES[axis]} alone")


def _operations(rotations: np.ndarray, shifts: np.ndarray) -> set[tuple[int, ...]]:
    # translations are multiples of 1/24
    return {
        (*r.round().astype(int).ravel(), *((t * 24).round().astype(int) % 24))
        for r, t in zip(np.asarray(rotations), np.asarray(shifts), strict=True)
    }


@cache
def _tables() -> Path:
    spec = find_spec("pyxtal")
    if spec is None or not spec.submodule_search_locations:
        raise NotAvailable("PyXtal is not installed: pip install pyxtal")
    return Path(next(iter(spec.submodule_search_locations))) / "database"


@cache
def _all_positions() -> tuple[tuple[Position, ...], ...]:
    with (_tables() / "wyckoff_list.csv").open(encoding="utf-8", newline="") as file:
        rows = [row[1] for row in csv.reader(file)][2:]
    sites: dict[tuple[int, ...], int] = {}
    groups, index = [], 1
    for row in rows:
        listed = [re.findall(r"'([^']+)'", part) for part in re.findall(r"\[([^\[\]]+)\]", row)]
        general = _parse(listed[0])
        group = []
        for number, lines in enumerate(reversed(listed)):
            rotations, shifts = _parse(lines)
            kind = _site_kind(rotations[0], shifts[0], *general)
            free = tuple(int(axis) for axis in np.flatnonzero(abs(rotations[0]).sum(0)))
            site = sites.setdefault(kind, len(sites))
            letter = "abcdefghijklmnopqrstuvwxyzA"[number]
            group.append(Position(letter, rotations, shifts, free, site, index))
            index += 1
        groups.append(tuple(group))
    return tuple(groups)


def _site_kind(
    rotation: np.ndarray, shift: np.ndarray, rotations: np.ndarray, shifts: np.ndarray
) -> tuple[int, ...]:
    """How many symmetries of each kind (trace, handedness) leave an atom where it is."""
    point = rotation @ _GENERIC + shift
    moved = rotations @ point + shifts - point
    stays = (abs(moved - moved.round()) < 1e-6).all(1)
    kept = rotations[stays]
    kinds = np.linalg.det(kept).round() * 10 + np.trace(kept, axis1=1, axis2=2)
    return tuple(sorted(kinds.astype(int).tolist()))


def _parse(lines: list[str]) -> tuple[np.ndarray, np.ndarray]:
    parsed = [_parse_line(line) for line in lines]
    return np.array([p[0] for p in parsed]), np.array([p[1] for p in parsed])


def _parse_line(line: str) -> tuple[np.ndarray, np.ndarray]:
    """'x-y, -z+1/2, 0' as a matrix and a shift."""
    terms = [_parse_term(term.strip()) for term in line.split(",")]
    return np.array([t[0] for t in terms]), np.array([t[1] for t in terms])


@cache
def _parse_term(text: str) -> tuple[tuple[float, ...], float]:
    row, shift = [0.0, 0.0, 0.0], 0.0
    for sign, number, below, axis in re.findall(r"([+-]?)(\d*)(?:/(\d+))?([xyz]?)", text):
        if not number and not axis:
            continue
        value = (float(number or 1) / float(below or 1)) * (-1 if sign == "-" else 1)
        if axis:
            row[AXES.index(axis)] += value
        else:
            shift += value
    return tuple(row), shift
