"""A crystal as a small SVG: one cell with its edges, far atoms behind near ones."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.crystals import structure_from_text

if TYPE_CHECKING:
    from pymatgen.core import Structure

TILT = (-12.0, 18.0)  # degrees about x and y, so that no axis hides behind another
RADIUS = 0.42  # of a drawn atom over its covalent radius
EDGE = 0.02  # atoms this near to a face (fractional) are drawn on the opposite face too
MOST_ATOMS = 400
_MARGIN = 17  # px, for the atoms on the edges


@lru_cache(maxsize=1024)
def crystal_svg(cif: str, width: int, height: int) -> str:
    """The drawing of a crystal given as CIF, in the colours that Jmol made common.

    Args:
        cif: the crystal.
        width: px.
        height: px.
    """
    structure = structure_from_text(cif, "cif")
    if len(structure) > MOST_ATOMS:
        return ""
    numbers, points = _atoms(structure)
    corners = np.array(list(product((0, 1), repeat=3))) @ structure.lattice.matrix
    turn = _view(structure)
    points, corners = points @ turn, corners @ turn
    to_page, scale = _page(np.concatenate([points, corners]), width, height)
    parts = [_edge(to_page(corners[a]), to_page(corners[b])) for a, b in _edges()]
    for index in np.argsort(points[:, 2]):  # the nearest last
        parts.append(_atom(int(numbers[index]), to_page(points[index]), scale))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    )


def _atoms(structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    """Atomic numbers and positions (n, 3) in angstrom, atoms on a face drawn on all such faces."""
    numbers, points = [], []
    for site in structure:
        coords = site.frac_coords % 1
        ranges = [(0, 1) if x < EDGE else (-1, 0) if x > 1 - EDGE else (0,) for x in coords]
        for shift in product(*ranges):
            numbers.append(site.specie.Z)
            points.append((coords + shift) @ structure.lattice.matrix)
    return np.array(numbers), np.array(points)


def _view(structure: Structure) -> np.ndarray:
    """Rotation (3, 3) for row vectors: the shortest cell vector towards the eye, then tilted."""
    cell = structure.lattice.matrix
    order = np.argsort(structure.lattice.abc)
    depth = cell[order[0]] / np.linalg.norm(cell[order[0]])
    right = cell[order[2]] - (cell[order[2]] @ depth) * depth
    right /= np.linalg.norm(right)
    frame = np.stack([right, np.cross(depth, right), depth], axis=1)
    about_x, about_y = np.radians(TILT)
    tilt_x = np.array([
        [1, 0, 0], [0, np.cos(about_x), np.sin(about_x)], [0, -np.sin(about_x), np.cos(about_x)],
    ])  # fmt: skip
    tilt_y = np.array([
        [np.cos(about_y), 0, -np.sin(about_y)], [0, 1, 0], [np.sin(about_y), 0, np.cos(about_y)],
    ])  # fmt: skip
    return frame @ tilt_y @ tilt_x


def _page(points: np.ndarray, width: int, height: int):  # type: ignore[no-untyped-def]
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    room = np.array([width, height]) - 2 * _MARGIN
    scale = float((room / np.maximum(high - low, 1e-6)).min())
    middle = (low + high) / 2
    centre = np.array([width / 2, height / 2])
    return (lambda point: centre + (point[:2] - middle) * scale * (1, -1)), scale


def _edges() -> list[tuple[int, int]]:
    return [(a, b) for a in range(8) for b in range(a) if bin(a ^ b).count("1") == 1]


def _edge(start: np.ndarray, end: np.ndarray) -> str:
    x1, y1, x2, y2 = (f"{v:.1f}" for v in (*start, *end))
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#8a94a6" stroke-width="0.8"/>'


def _atom(number: int, centre: np.ndarray, scale: float) -> str:
    from ase.data import chemical_symbols, covalent_radii
    from ase.data.colors import jmol_colors

    red, green, blue = (int(255 * c) for c in jmol_colors[number])
    radius = min(RADIUS * float(covalent_radii[number]) * scale, 16)
    return (
        f'<circle cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="{radius:.1f}" '
        f'fill="rgb({red},{green},{blue})" stroke="#334" stroke-width="0.6">'
        f"<title>{chemical_symbols[number]}</title></circle>"
    )
