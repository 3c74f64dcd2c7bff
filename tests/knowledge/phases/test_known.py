"""The table of known crystals recognises what is in it, in any cell, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ionwright.knowledge.errors import Damaged
from ionwright.knowledge.phases.known import (
    KnownCrystals,
    average_minimum_distances,
    formula_hash,
    is_known,
    known_crystals,
    load_known,
    pack,
    save_known,
)

PEROVSKITE = Structure(
    Lattice.cubic(3.94),
    ["Sr", "Ti", "O", "O", "O"],
    [[0] * 3, [0.5] * 3, [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
)
LAYERS = [[0, 0, 0], [0.5, 0.5, 0], [0, 0, 0.5], [0.5, 0.5, 0.5]]


def test_textbook_crystals_are_known() -> None:
    assert is_known(PEROVSKITE)
    assert is_known((PEROVSKITE * (1, 1, 2)).perturb(0.03))


def test_swelling_makes_nothing_new_but_another_framework_does() -> None:
    assert is_known(PEROVSKITE.copy().apply_strain(0.04, inplace=False))
    other = Structure(
        Lattice.tetragonal(2.9, 9.2),
        ["Sr", "Ti", "O", "O", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.3], [0.5, 0.5, 0.7], [0, 0, 0.25]],
    )
    assert known_crystals().has_formula(other.composition)
    assert not is_known(other)


def test_unheard_formulas_are_new() -> None:
    strange = PEROVSKITE.copy()
    strange[0], strange[1] = "Lu", "Be"
    assert not known_crystals().has_formula(strange.composition)
    assert known_crystals().nearest(strange) is None
    assert not is_known(strange)


def test_distances_do_not_see_the_cell_but_see_who_sits_where() -> None:
    once = average_minimum_distances(PEROVSKITE)
    assert np.allclose(once, average_minimum_distances(PEROVSKITE * (2, 1, 3)), atol=1e-8)
    cell = Lattice.orthorhombic(4, 4, 8)
    layered = Structure(cell, ["Li", "Li", "Na", "Na"], LAYERS)
    mixed = Structure(cell, ["Li", "Na", "Na", "Li"], LAYERS)
    gap = np.abs(average_minimum_distances(layered) - average_minimum_distances(mixed)).max()
    assert gap > 0.1


def test_a_table_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    crystals = [PEROVSKITE, Structure(Lattice.cubic(4), ["Li"] * 4, LAYERS)]
    hashes = np.array([formula_hash(s.composition) for s in crystals], dtype=np.uint64)
    table = pack(hashes, np.array([average_minimum_distances(s) for s in crystals]))
    save_known(tmp_path / "known.npz", table)
    again = load_known(tmp_path / "known.npz")
    assert isinstance(again, KnownCrystals)
    assert len(again) == 2
    assert all(again.nearest(s) < 0.01 for s in crystals)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="known crystals"):
        load_known(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(Damaged, match="reinstall"):
        load_known(tmp_path / "bad.npz")


def test_the_shipped_table_is_small_and_large_enough() -> None:
    assert len(known_crystals()) > 30_000
