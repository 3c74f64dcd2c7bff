"""Cells of well-known phases as published, and their variants with other elements."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True)
class PublishedCell:
    """A primitive cell to be relaxed; of several `orderings` the lowest in energy is the phase."""

    id: str
    name: str
    reference: str
    orderings: tuple[Structure, ...]


def published_cells() -> Iterator[PublishedCell]:
    """All cells of `literature.toml`, each followed by its variants."""
    text = (files("ionwright.knowledge.phases") / "literature.toml").read_text(encoding="utf-8")
    for key, entry in tomllib.loads(text).items():
        parent = _built(entry)
        yield _cell(key, entry, "", (parent,))
        for change in entry["variants"]:
            yield _cell(key, entry, change, (substituted(parent, change),))
            for removal in entry.get("removals", []):
                of = substituted(parent, change)
                yield _cell(key, entry, f"{change} -{removal}", without(of, *removal))
        for removal in entry.get("removals", []):
            yield _cell(key, entry, f"-{removal}", without(parent, *removal))


def _cell(
    key: str, entry: dict[str, Any], change: str, orderings: tuple[Structure, ...]
) -> PublishedCell:
    formula = orderings[0].composition.reduced_formula
    reference = entry["reference"] + (f", as {formula}" if change else "")
    return PublishedCell(f"literature:{key}:{formula}", entry["name"], reference, orderings)


def _built(entry: dict[str, Any]) -> Structure:
    from pymatgen.core import Lattice, Structure

    whole = Structure.from_spacegroup(
        entry["spg"],
        Lattice.from_parameters(*entry["cell"]),
        [site[0] for site in entry["sites"]],
        [site[1:] for site in entry["sites"]],
        tol=0.05,
    )
    built = whole.get_primitive_structure()
    if built.composition.reduced_formula != entry["formula"]:
        found = built.composition.reduced_formula
        raise ValueError(f"sites of {entry['formula']} give {found}")
    return built


def substituted(structure: Structure, change: str) -> Structure:
    """The structure after `change`, such as "Li=Na Fe=Mn"; "Li=" takes an element away.

    The cell is scaled by the cube of the ratio of mean atomic radii, which is near enough to relax.
    """
    pairs = dict(part.split("=") for part in change.split())
    out = structure.copy()
    out.remove_species([old for old, new in pairs.items() if not new])
    out.replace_species({old: new for old, new in pairs.items() if new})
    out.scale_lattice(out.volume * _growth(structure, pairs) ** 3)
    return out


def _growth(structure: Structure, pairs: dict[str, str]) -> float:
    from pymatgen.core import Element

    radius = {
        el: float(Element(el).atomic_radius or 1.5) for pair in pairs.items() for el in pair if el
    }
    ratios = {old: radius[new] / radius[old] for old, new in pairs.items() if new}
    part = structure.composition.get_atomic_fraction
    grown = 1 + sum(part(old) * (ratio - 1) for old, ratio in ratios.items())
    return min(max(grown, 0.85), 1.3)


def without(structure: Structure, symbol: str, n: int) -> tuple[Structure, ...]:
    """The symmetry-distinct ways to take `n` atoms of an element out of a cell."""
    from itertools import combinations

    from pymatgen.analysis.structure_matcher import StructureMatcher

    places = [i for i, site in enumerate(structure) if site.specie.symbol == symbol]
    distinct: list[Structure] = []
    matcher = StructureMatcher(scale=False, attempt_supercell=False)
    for chosen in combinations(places, n):
        left = structure.copy()
        left.remove_sites(list(chosen))
        if not any(matcher.fit(left, other) for other in distinct):
            distinct.append(left)
    return tuple(distinct)
