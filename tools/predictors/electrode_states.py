"""States of charge of a crystal as structures: ions taken out of it or put into its voids.

The framework stays as it is (topotactic); relaxing is the potential's business. Which of the ions
go first is decided by electrostatics: of all orderings the one with the lowest Ewald energy, where
the redox centres carry the charge that is left.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.errors import InvalidRequest

from .electrode_redox import ANIONS, ION_CHARGE, Ends, Pair, ends_of, fixed_charge, redox_of

if TYPE_CHECKING:
    from pymatgen.core import Structure

MOST_ORDERINGS = 5000  # above that the choice is made greedily
MOST_SWAPS = 100
ROOM_STEP = 0.35  # angstrom between the points of the grid on which voids are looked for
MOST_ATOMS = 80  # of a supercell made for intermediate states
SMALLEST_ROOM = -0.5  # angstrom by which a void may be tighter than the sum of radii; hosts widen
FROM_CATION = 2.5  # angstrom that an inserted ion keeps from other cations
FROM_ION = 1.7  # and from ions of its own kind, which give way
_RADII = {"Li": 0.76, "Na": 1.02, "K": 1.38, "Mg": 0.72, "Ca": 1.00, "Zn": 0.74, "Al": 0.54}
_ANION_RADII = {"O": 1.38, "F": 1.31, "S": 1.84, "Se": 1.98, "Te": 2.21, "N": 1.46, "Cl": 1.81,
                "Br": 1.96, "I": 2.20, "P": 2.0, "As": 2.0, "C": 1.6}  # fmt: skip


@dataclass(frozen=True)
class States:
    """Two ends of a crystal as structures with the same framework, sites not relaxed.

    Attributes:
        ion: the working ion.
        charged: without the ions that move.
        discharged: with them.
        moved: ions that move in this cell.
        ends: the same as compositions: oxidation states, assumptions.
    """

    ion: str
    charged: Structure
    discharged: Structure
    moved: int
    ends: Ends


def states_of(structure: Structure, ion: str | None = None) -> States:
    """Charged and discharged state of a crystal, within what its redox centres allow.

    Args:
        structure: ordered.
        ion: the working ion; see `ends_of` for what is taken if left out.

    Raises:
        InvalidRequest: if the crystal is no electrode, or has no room for the ion.
    """
    ends = ends_of(structure.composition, ion)
    ion = ends.pair.ion
    moved = math.floor(ends.pair.moved + 1e-6)
    if ends.is_discharged:
        if moved == 0:
            raise InvalidRequest(
                f"the redox centres of {structure.composition.reduced_formula} allow less than one "
                f"{ion} in this cell to leave; give a larger cell"
            )
        return _states(ends, without_ions(structure, ion, moved), structure.copy())
    return _states(ends, structure.copy(), with_ions(structure, ion, max(moved, 1)))


def _states(ends: Ends, charged: Structure, discharged: Structure) -> States:
    """The states, and the ends as they are in the cell, which holds whole ions only."""
    ion = ends.pair.ion
    pair = Pair(
        ion, charged.composition.element_composition, discharged.composition.element_composition
    )
    notes = ends.notes
    if abs(pair.moved - ends.pair.moved) > 1e-3:
        notes += (f"{pair.moved:g} {ion} move in this cell; redox allows {ends.pair.moved:.3g}",)
    ends = replace(ends, pair=pair, notes=notes)
    return States(ion, charged, discharged, round(pair.moved), ends)


def without_ions(structure: Structure, ion: str, n: int) -> Structure:
    """The structure after `n` of its ions left, the rest in the ordering of lowest Ewald energy.

    Raises:
        InvalidRequest: if it holds fewer.
    """
    return next(orderings(structure, ion, _number(structure, ion) - n, most=1))


def orderings(structure: Structure, ion: str, keep: int, *, most: int = 3) -> Iterator[Structure]:
    """Structures that keep `keep` of their ions, those of lowest Ewald energy first.

    Orderings of the same energy are taken to be the same by symmetry, and come once.

    Args:
        structure: ordered, with all the ions.
        ion: the working ion.
        keep: ions that stay.
        most: orderings to give.

    Raises:
        InvalidRequest: if there are fewer ions.
    """
    sites = [i for i, site in enumerate(structure) if site.specie.symbol == ion]
    if not 0 <= keep <= len(sites):
        raise InvalidRequest(
            f"{structure.composition.formula} has {len(sites)} {ion} in its cell, not {keep}"
        )
    if keep in (0, len(sites)):
        chosen: Sequence[tuple[int, ...]] = [tuple(sites[:keep])]
    else:
        energies = _pair_energies(structure, ion, keep)
        chosen = _lowest(energies, sites, keep, most)
    for kept in chosen:
        rest = structure.copy()
        rest.remove_sites([i for i in sites if i not in kept])
        yield rest


def _number(structure: Structure, ion: str) -> int:
    return round(structure.composition[ion])


def _pair_energies(structure: Structure, ion: str, keep: int) -> np.ndarray:
    """Ewald energy of each pair of sites in eV (sites, sites); `keep` of the ions stay in all."""
    from pymatgen.analysis.ewald import EwaldSummation

    charged = structure.copy()
    charged.remove_oxidation_states()
    charged.add_oxidation_state_by_site(_site_charges(structure, ion, keep))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cell with all ions and fewer electrons is charged
        return np.asarray(EwaldSummation(charged).total_energy_matrix)


def _site_charges(structure: Structure, ion: str, keep: int) -> list[float]:
    """Charge of every site when `keep` ions are left; redox centres, else anions, balance it."""
    amounts = structure.composition.element_composition.as_dict()
    amounts[ion] = keep
    from pymatgen.core import Composition

    redox = redox_of(Composition({el: n for el, n in amounts.items() if n > 0}))
    charges = {el: fixed_charge(el, amounts) for el in amounts if amounts[el] or el == ion}
    charges |= dict.fromkeys(redox.elements, redox.state)
    charges[ion] = float(ION_CHARGE[ion])
    return [charges[site.specie.symbol] for site in structure]


def _lowest(energies: np.ndarray, sites: list[int], keep: int, most: int) -> list[tuple[int, ...]]:
    """The distinct choices of `keep` sites with the lowest energy, at most `most` of them."""
    fixed = [i for i in range(len(energies)) if i not in set(sites)]
    alone = energies[np.ix_(sites, fixed)].sum(1) * 2 + energies[sites, sites]
    between = energies[np.ix_(sites, sites)] - np.diag(energies[sites, sites])
    if math.comb(len(sites), keep) > MOST_ORDERINGS:
        picked = _greedy(alone, between, keep)
        return [tuple(sites[i] for i in picked)]
    choices = np.array(list(combinations(range(len(sites)), keep)))
    member = np.zeros((len(choices), len(sites)))
    np.put_along_axis(member, choices, 1.0, axis=1)
    total = member @ alone + np.einsum("ci,ij,cj->c", member, between, member, optimize=True)
    kept: list[int] = []
    for row in np.argsort(total.round(4), kind="stable"):
        if all(abs(total[row] - total[other]) > 1e-3 for other in kept):
            kept.append(int(row))
        if len(kept) == most:
            break
    return [tuple(sites[i] for i in choices[row]) for row in kept]


def _greedy(alone: np.ndarray, between: np.ndarray, keep: int) -> list[int]:
    """Takes away the site with the highest energy, again and again; then swaps what helps."""
    member = np.ones(len(alone), dtype=bool)
    while member.sum() > keep:
        member[np.argmax(np.where(member, alone + 2 * between @ member, -np.inf))] = False
    for _ in range(MOST_SWAPS):
        inside, outside = np.flatnonzero(member), np.flatnonzero(~member)
        cost = alone + 2 * between @ member
        change = cost[outside] - cost[inside][:, None] - 2 * between[np.ix_(inside, outside)]
        row, column = np.unravel_index(np.argmin(change), change.shape)
        if change[row, column] > -1e-6:
            break
        member[[inside[row], outside[column]]] = False, True
    return np.flatnonzero(member).tolist()


def with_ions(structure: Structure, ion: str, n: int) -> Structure:
    """The structure with up to `n` ions in its voids, in the ordering of lowest Ewald energy.

    Raises:
        InvalidRequest: if it has no void for the ion.
    """
    found = insertion_sites(structure, ion)
    if not len(found):
        raise InvalidRequest(
            f"{structure.composition.reduced_formula} has no void that takes {ion}: every point is "
            "too near to an atom; give the discharged crystal instead"
        )
    filled = structure.copy()
    present = _number(structure, ion)
    for coords in found:
        filled.append(ion, coords)
    n = min(n, len(found))
    if n == len(found):
        return filled
    return _best_filling(filled, len(structure), ion, present + n)


def _best_filling(filled: Structure, host: int, ion: str, total: int) -> Structure:
    """Keeps the ions of the host (its first `host` sites) and the best of the added ones."""
    energies = _pair_energies(filled, ion, total)
    added = list(range(host, len(filled)))
    keep = total - sum(site.specie.symbol == ion for site in filled[:host])
    chosen = _lowest(energies, added, keep, 1)[0]
    kept = filled.copy()
    kept.remove_sites([i for i in added if i not in chosen])
    return kept


def insertion_sites(structure: Structure, ion: str, *, most: int = 24) -> np.ndarray:
    """Voids that could hold the ion, as fractional coordinates (n, 3), the roomiest first.

    Room is the distance to an anion less the sum of ionic radii (Shannon, six-fold), or to a cation
    less 2.5 angstrom (1.7 for an ion of the same kind), whichever is smaller. Points of a grid that
    are roomier than their neighbours are moved uphill, completed by the crystal's symmetry, and
    kept apart from each other.
    """
    points, shape = _grid(structure)
    room = _room(structure, ion, points).reshape(shape)
    peaks = np.argwhere(_is_peak(room) & (room > SMALLEST_ROOM - ROOM_STEP))
    order = np.argsort(-room[tuple(peaks.T)], kind="stable")
    refined = [_uphill(structure, ion, peaks[i] / shape, ROOM_STEP) for i in order[: 4 * most]]
    if not refined:
        return np.zeros((0, 3))
    room = _room(structure, ion, np.array(refined))
    best = [
        refined[i] for i in np.argsort(-room.round(3), kind="stable") if room[i] > SMALLEST_ROOM
    ]
    return _apart(structure, _symmetric(structure, best))[:most]


def _grid(structure: Structure) -> tuple[np.ndarray, tuple[int, int, int]]:
    shape = tuple(max(4, min(40, round(length / ROOM_STEP))) for length in structure.lattice.abc)
    axes = [np.arange(n) / n for n in shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3), shape  # type: ignore[return-value]


def _room(structure: Structure, ion: str, points: np.ndarray) -> np.ndarray:
    """Room at fractional points (n, 3) -> (n,), angstrom."""
    from scipy.spatial import cKDTree

    cell = structure.lattice.matrix
    cart = points @ cell
    room = np.full(len(points), np.inf)
    shifts = np.array(list(product((-1, 0, 1), repeat=3)))
    for symbol in {site.specie.symbol for site in structure}:
        own = np.array([s.frac_coords % 1 for s in structure if s.specie.symbol == symbol])
        images = (own[:, None] + shifts).reshape(-1, 3) @ cell
        nearest = cKDTree(images).query(cart)[0]
        room = np.minimum(room, nearest - _needed(symbol, ion))
    return room


def _needed(symbol: str, ion: str) -> float:
    if symbol in ANIONS and symbol in _ANION_RADII and symbol not in ("P", "As", "C"):
        return _RADII[ion] + _ANION_RADII[symbol]
    return FROM_ION if symbol == ion else FROM_CATION


def _is_peak(room: np.ndarray) -> np.ndarray:
    peak = np.ones(room.shape, dtype=bool)
    for shift in product((-1, 0, 1), repeat=3):
        if shift != (0, 0, 0):
            peak &= room >= np.roll(room, shift, axis=(0, 1, 2))
    return peak


def _uphill(structure: Structure, ion: str, start: np.ndarray, step: float) -> np.ndarray:
    """Moves a point to where the room is largest, halving the step."""
    steps = np.array(list(product((-1, 0, 1), repeat=3))) @ np.linalg.inv(structure.lattice.matrix)
    here = start
    while step > 0.02:
        around = here + step * steps
        best = int(np.argmax(_room(structure, ion, around)))
        if np.allclose(around[best], here):
            step /= 2
        here = around[best]
    return here % 1


def _symmetric(structure: Structure, points: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each point followed by its images under the crystal's symmetry."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    try:
        found = SpacegroupAnalyzer(structure, symprec=0.1).get_symmetry_operations()
    except (TypeError, ValueError):  # no symmetry found: the points as they are
        return list(points)
    return [operation.operate(point) % 1 for point in points for operation in found]


def _apart(structure: Structure, points: Sequence[np.ndarray], least: float = 1.2) -> np.ndarray:
    """The points in their order, without those within `least` angstrom of an earlier one."""
    kept: list[np.ndarray] = []
    for point in points:
        if not kept or structure.lattice.get_all_distances(point, kept).min() > least:
            kept.append(point)
    return np.array(kept).reshape(-1, 3)


def with_enough_ions(structure: Structure, ion: str, *, least: int = 4) -> Structure:
    """A supercell with at least `least` ions, so that states between the ends exist.

    It grows along its shortest axis, and stops before it has more than `MOST_ATOMS` atoms.
    """
    large = structure.copy()
    while 0 < _number(large, ion) < least and 2 * len(large) <= MOST_ATOMS:
        factors = [1, 1, 1]
        factors[int(np.argmin(large.lattice.abc))] = 2
        large.make_supercell(factors)
    return large
