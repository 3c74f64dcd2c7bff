"""Where a cation can sit and move in a crystal: bond valence site energies on a grid.

Morse attraction to the anions and screened Coulomb repulsion from the other cations, after Chen,
Wong and Adams (softBV, Acta Cryst. B 75, 18, 2019, 10.1107/S2052520618015718). The working ions
themselves are left out, so that ordered and partly occupied cells give the same landscape. A
barrier is the lowest energy at which the landscape connects the crystal, above its minimum.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.errors import InvalidRequest

from .crystal_features import anions_of, oxidation_states
from .percolation import NEVER, Network, percolation

if TYPE_CHECKING:
    from pymatgen.core import Structure

STEP = 0.4  # angstrom between grid points
MAX_POINTS = 40_000  # a larger cell gets a coarser grid
REACH = 6.0  # angstrom, of the interactions
CEILING = 6.0  # eV above the minimum; no ion passes higher points
_COULOMB = 14.39964  # eV angstrom
_SCREENING = 0.74  # of the sum of covalent radii (Adams and Rao 2009)
_OFFSETS = [o for o in product((-1, 0, 1), repeat=3) if o > (0, 0, 0)]  # half of the 26 neighbours


@dataclass(frozen=True)
class Landscape:
    """How the working ion sees a crystal.

    Attributes:
        ion: symbol.
        barriers: eV above the minimum to run through the crystal in 1, 2, 3 dimensions; inf where
            it cannot.
        bottleneck: angstrom from the nearest atom's centre, less its radius, at the narrowest
            point of the widest path through the crystal.
        room: share of the cell within 1 eV of the minimum.
    """

    ion: str
    barriers: tuple[float, float, float]
    bottleneck: float
    room: float

    def dimensionality(self, limit: float = 1.0) -> int:
        """Dimensions that open within `limit` eV of the lowest barrier, itself at most 2 eV."""
        lowest = self.barriers[0]
        if lowest > 2.0:
            return 0
        return sum(barrier <= lowest + limit for barrier in self.barriers)


@cache
def _parameters() -> dict[str, dict]:
    return tomllib.loads((files(__package__) / "bond_valence.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class _Framework:
    """All atoms but the working ions: positions, weights and what they do to the ion."""

    cart: np.ndarray
    occupancy: np.ndarray
    morse: np.ndarray  # r_min, alpha, depth; depth 0 for cations
    charge: np.ndarray  # of cations over the root of the quantum number; 0 for anions
    radius: np.ndarray  # covalent radius
    size: np.ndarray  # ionic radius


def landscape(structure: Structure, ion: str) -> Landscape:
    """The bond valence landscape of a crystal for one working ion.

    Args:
        structure: any; sites may be partly occupied.
        ion: Li, Na, K, Mg, Ca, Zn or Al.

    Raises:
        InvalidRequest: if there are no parameters for the ion or one of the anions, or no anion.
    """
    framework = _framework(structure, ion)
    shape, cart = _grid(structure)
    energy, clearance = _fields(structure, framework, cart, ion)
    energy -= energy.min()
    energy_path = percolation(_neighbours(shape, energy, energy <= CEILING))
    wide = percolation(_neighbours(shape, -clearance, clearance > 0))
    width = -wide.thresholds[0] if wide.thresholds[0] < NEVER else 0.0
    return Landscape(ion, energy_path.thresholds, float(width), float((energy <= 1.0).mean()))


def _framework(structure: Structure, ion: str) -> _Framework:
    table = _parameters().get(ion)
    if table is None:
        raise InvalidRequest(f"no bond valence parameters for {ion}; there are {_known()}")
    amounts = {el.symbol: n for el, n in structure.composition.element_composition.items()}
    anions = anions_of(amounts)
    missing = [symbol for symbol in anions if symbol not in table]
    if missing or not anions:
        what = f"{ion} with {', '.join(missing)}" if missing else "a crystal without anions"
        raise InvalidRequest(f"no bond valence parameters for {what}")
    states, _ = oxidation_states(amounts)
    rows = [
        (*site.coords, occupancy, *_effect(species.symbol, states, table))
        for site in structure
        for species, occupancy in site.species.items()
        if species.symbol != ion
    ]
    data = np.array(rows, dtype=float)
    return _Framework(data[:, :3], data[:, 3], data[:, 4:7], data[:, 7], data[:, 8], data[:, 9])


def _effect(symbol: str, states: dict[str, float], table: dict) -> tuple[float, ...]:
    """Morse parameters, scaled charge, covalent radius and ionic radius of one species."""
    from ase.data import atomic_numbers, covalent_radii
    from pymatgen.core import Element

    element, state = Element(symbol), states[symbol]
    covalent = float(covalent_radii[atomic_numbers[symbol]])
    radii = element.ionic_radii
    size = float(radii[min(radii, key=lambda q: abs(q - state))]) if radii else covalent
    if state < 0:
        return (*table[symbol], 0.0, covalent, size)
    return (1.0, 1.0, 0.0, max(state, 0.0) / element.row**0.5, covalent, size)


def _known() -> str:
    return ", ".join(_parameters())


def _grid(structure: Structure) -> tuple[tuple[int, int, int], np.ndarray]:
    """Shape and cartesian points (n, 3) of a grid with about `STEP` between points."""
    lengths = np.array(structure.lattice.abc)
    step = max(STEP, (structure.volume / MAX_POINTS) ** (1 / 3))
    shape = np.maximum(np.ceil(lengths / step).astype(int), 3)
    axes = [np.arange(n) / n for n in shape]
    frac = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return (int(shape[0]), int(shape[1]), int(shape[2])), frac @ structure.lattice.matrix


def _fields(
    structure: Structure, framework: _Framework, cart: np.ndarray, ion: str
) -> tuple[np.ndarray, np.ndarray]:
    """Site energy (eV) and clearance (angstrom) at the points, each (n,)."""
    from scipy.spatial import cKDTree

    images, owner = _images(structure, framework.cart)
    tree = cKDTree(images)
    energy, clearance = np.zeros(len(cart)), np.full(len(cart), REACH)
    for start in range(0, len(cart), 4096):  # pairs of a block fit into memory
        block = slice(start, start + 4096)
        pairs = cKDTree(cart[block]).sparse_distance_matrix(tree, REACH, output_type="ndarray")
        point, atom, distance = pairs["i"], owner[pairs["j"]], np.maximum(pairs["v"], 0.1)
        n = len(cart[block])
        energy[block] = np.bincount(point, _energy(framework, atom, distance, ion), minlength=n)
        np.minimum.at(clearance[block], point, distance - framework.size[atom])
    return energy, clearance


def _energy(framework: _Framework, atom: np.ndarray, distance: np.ndarray, ion: str) -> np.ndarray:
    """Energy of each pair of a point and an atom."""
    from ase.data import atomic_numbers, covalent_radii
    from pymatgen.core import Element
    from scipy.special import erfc

    nearest, stiffness, depth = framework.morse[atom].T
    morse = depth / 2 * ((np.exp(np.minimum(stiffness * (nearest - distance), 8)) - 1) ** 2 - 1)
    reach = _SCREENING * (covalent_radii[atomic_numbers[ion]] + framework.radius[atom])
    charge = _parameters()[ion]["charge"] / Element(ion).row ** 0.5 * framework.charge[atom]
    coulomb = _COULOMB * charge / distance * erfc(distance / reach)
    return (morse + coulomb) * framework.occupancy[atom]


def _images(structure: Structure, cart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Periodic images of the atoms within reach of the cell, and which atom each one is."""
    matrix = structure.lattice.matrix
    heights = structure.volume * np.linalg.norm(np.linalg.inv(matrix), axis=0) ** -1
    heights = heights / structure.volume
    frac = cart @ np.linalg.inv(matrix) % 1
    margin = REACH / heights
    turns = [range(-int(np.ceil(m)), int(np.ceil(m)) + 1) for m in margin]
    shifts = np.array(list(product(*turns)))
    all_frac = (frac[None] + shifts[:, None]).reshape(-1, 3)
    owner = np.tile(np.arange(len(frac)), len(shifts))
    near = np.all((all_frac > -margin) & (all_frac < 1 + margin), axis=1)
    return all_frac[near] @ matrix, owner[near]


def _neighbours(shape: Sequence[int], weight: np.ndarray, keep: np.ndarray) -> Network:
    """The grid's points that are kept as a periodic network; an edge costs its worse end."""
    index = np.full(len(weight), -1)
    index[keep] = np.arange(int(keep.sum()))
    place = np.stack(np.unravel_index(np.flatnonzero(keep), shape), axis=1)
    kept, size = weight[keep], np.array(shape)
    parts = []
    for offset in _OFFSETS:
        image, wrapped = np.divmod(place + np.array(offset), size)
        second = index[np.ravel_multi_index(tuple(wrapped.T), shape)]
        first = np.flatnonzero(second >= 0)
        parts.append((first, second[first], image[first]))
    first, second, image = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Network(len(kept), first, second, image, np.maximum(kept[first], kept[second]))
