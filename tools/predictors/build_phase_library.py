"""Makes the library of known phases: `python -m ionwright.tools.predictors.build_phase_library`.

Published crystals that an electrode or a solid electrolyte could be (a working ion with an anion,
oxides and sulfides of redox metals, alloys of the working ions), and the cells of
`knowledge/phases/literature.toml`, all relaxed by the embedded potential. What is kept of each is
the relaxed structure, its energy by the same potential, and where it was published.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ionwright.generators.crystals.data import read_crystals
from ionwright.knowledge.crystal_set import CrystalSet, load_set, save_set
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.phases.library import ORIGINS, STRUCTURES
from ionwright.knowledge.phases.literature import published_cells
from ionwright.knowledge.phases.reference import shared_hull

from .potential import Failed, Relaxed, shared_potential

if TYPE_CHECKING:
    from pymatgen.core import Structure

IONS = frozenset({3, 11, 12, 13, 19, 20, 30})
ANIONS = frozenset({7, 8, 9, 15, 16, 17, 34, 35, 53})
REDOX = frozenset({22, 23, 24, 25, 26, 27, 28, 29, 41, 42, 44, 74})
OTHERS = frozenset({1, 5, 6, 14, 15, 21, 31, 32, 39, 40, 49, 50, 51, 57, 72, 73, 83})
ALLOYED = frozenset({6, 14, 15, 32, 50, 51, 83})  # what alloys with the ions in anodes
ELECTRODE = (0.03, 28)  # largest energy above hull (eV/atom) and cell (atoms) of each kind
HOST = (0.01, 12)
OTHER = (0.03, 28)
CHUNK = 64  # relaxations between two lines of progress


@dataclass(frozen=True)
class Phase:
    """A phase to be carried: its published structures, of which the lowest in energy counts."""

    id: str
    name: str
    reference: str
    starts: tuple[Structure, ...]


def main() -> None:
    """Relaxes everything and writes the library; the cache of the potential makes it resumable."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of tables, or a set.npz")
    parser.add_argument("--electrolytes", action="store_true", help="also phases without redox")
    arguments = parser.parse_args()
    data = arguments.data
    crystals = load_set(data) if data.suffix == ".npz" else read_crystals(data)
    phases = [*_literature(), *_published(crystals, arguments.electrolytes)]
    kept = [found for chunk in _chunks(phases) for found in _relaxed(chunk)]
    _write(kept)


def _literature() -> Iterator[Phase]:
    for cell in published_cells():
        yield Phase(cell.id, cell.name, cell.reference, cell.orderings)


def _published(crystals: CrystalSet, electrolytes: bool) -> Iterator[Phase]:
    for index in range(len(crystals)):
        limit = _limit(crystals.elements(index), electrolytes)
        height, size = crystals.energy_above_hull[index], crystals.sizes[index]
        if limit and height <= limit[0] and size <= limit[1]:
            key = str(crystals.ids[index])
            yield Phase(key, "", f"Materials Project {key}", (crystals.structure(index),))


def _limit(elements: frozenset[int], electrolytes: bool) -> tuple[float, int] | None:
    """Largest energy above hull and cell for a phase of these elements; None: not carried."""
    if not elements <= IONS | ANIONS | REDOX | OTHERS:
        return None
    mobile, bound, redox = elements & IONS, elements & ANIONS, elements & REDOX
    if mobile and (elements <= IONS | ALLOYED or (bound and redox)):
        return ELECTRODE
    if bound and redox:
        return HOST
    return OTHER if mobile and bound and electrolytes else None


def _chunks(phases: Sequence[Phase]) -> Iterator[Sequence[Phase]]:
    started = time.process_time()
    for start in range(0, len(phases), CHUNK):
        yield phases[start : start + CHUNK]
        done = min(start + CHUNK, len(phases))
        print(f"{done} of {len(phases)}, {time.process_time() - started:.0f} s", flush=True)


def _relaxed(phases: Sequence[Phase]) -> Iterator[tuple[Phase, Relaxed]]:
    potential = shared_potential()
    points = iter(potential.energies([s for phase in phases for s in phase.starts]))
    best = []
    for phase in phases:
        energies = [(next(points), start) for start in phase.starts]
        sound = [
            (e.energy_per_atom, i) for i, (e, _) in enumerate(energies) if not isinstance(e, Failed)
        ]
        best.append(phase.starts[min(sound)[1]] if sound else phase.starts[0])
    for phase, found in zip(phases, potential.relax(best, fmax=0.1, steps=300), strict=True):
        if isinstance(found, Failed):
            print(f"left out: {phase.id} ({best[0].composition.reduced_formula}): {found.reason}")
        else:
            yield phase, found


def _write(kept: Sequence[tuple[Phase, Relaxed]]) -> None:
    hull = shared_hull()
    formation, above = [], []
    for _, found in kept:
        composition = found.structure.composition
        formation.append(hull.formation_energy(composition, found.energy_per_atom))
        above.append(hull.above(composition, formation[-1]).value)
    structures = [found.structure.get_primitive_structure() for _, found in kept]
    save_set(
        STRUCTURES,
        CrystalSet(
            ids=np.array([phase.id for phase, _ in kept]),
            lattices=np.array([s.lattice.matrix for s in structures]).astype(np.float32),
            offsets=np.concatenate([[0], np.cumsum([len(s) for s in structures])]),
            numbers=np.concatenate([s.atomic_numbers for s in structures]).astype(np.uint8),
            frac_coords=np.concatenate([s.frac_coords % 1 for s in structures]).astype(np.float32),
            spg_num=np.array([s.get_space_group_info(0.05)[1] for s in structures], dtype=np.uint8),
            formation_energy_per_atom=np.array(formation, dtype=np.float32),
            energy_above_hull=np.array(above, dtype=np.float32),
            band_gap=np.full(len(kept), np.nan, dtype=np.float32),
        ),
    )
    named = {p.id: [p.name, p.reference] for p, _ in kept if p.name}
    write_atomically(ORIGINS, json.dumps(named, indent=0, ensure_ascii=False))
    print(f"{len(kept)} phases, {STRUCTURES.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
