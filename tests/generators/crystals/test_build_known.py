"""The table of known crystals is built from a set, and its errors are measured as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ionwright.generators.crystals import build_known
from ionwright.knowledge.crystal_set import CrystalSet
from ionwright.knowledge.phases import known
from ionwright.knowledge.phases.known import load_known


def salt(a: float, c: float) -> Structure:
    return Structure(Lattice.tetragonal(a, c), ["Rb", "Br"], [[0, 0, 0], [0.5, 0.5, 0.5]])


@pytest.fixture
def crystals() -> CrystalSet:
    """One formula in five shapes; the second is the first again, slightly strained."""
    structures = [salt(4.1, 4.1), salt(4.1, 4.15), salt(3.4, 6), salt(6, 3), salt(5.2, 3.6)]
    n = len(structures)
    return CrystalSet(
        ids=np.array([str(i) for i in range(n)]),
        lattices=np.array([s.lattice.matrix for s in structures]),
        offsets=np.arange(n + 1) * 2,
        numbers=np.concatenate([s.atomic_numbers for s in structures]).astype(np.uint8),
        frac_coords=np.concatenate([s.frac_coords for s in structures]),
        spg_num=np.full(n, 123, dtype=np.uint8),
        formation_energy_per_atom=np.zeros(n),
        energy_above_hull=np.zeros(n),
        band_gap=np.zeros(n),
    )


def test_the_table_holds_the_set_and_the_library(monkeypatch, tmp_path: Path, crystals) -> None:
    monkeypatch.setattr(build_known, "TABLE", tmp_path / "known.npz")
    distances = build_known.build(crystals)
    table = load_known(tmp_path / "known.npz")
    assert distances.shape == (5, 16)
    library = build_known.phase_library().crystals
    assert 1000 < len(table) <= 5 + len(library)
    assert all(table.nearest(library.structure(i)) <= known.TOLERANCE for i in range(50))
    assert all(table.nearest(crystals.structure(i)) < 0.01 for i in range(5))
    figures = build_known.against_matcher(crystals, distances, seed=0)
    assert figures["pairs"] == 10
    assert figures["same_called_known"] > figures["different_called_known"]


def test_shaking_moves_every_atom_by_the_length(crystals) -> None:
    structure = crystals.structure(0)
    moved = build_known._shake(structure, 0.1, 0.0, np.random.default_rng(0))
    steps = (moved.frac_coords - structure.frac_coords + 0.5) % 1 - 0.5
    lengths = np.linalg.norm(structure.lattice.get_cartesian_coords(steps), axis=1)
    assert lengths == pytest.approx([0.1, 0.1])
    assert known.neighbour_distances(moved).shape == (2, 16)
