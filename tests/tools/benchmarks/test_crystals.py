"""The crystal benchmark on a generator of textbook crystals, small enough to be relaxed here."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ionwright.generators.base import Generator
from ionwright.knowledge.crystal_set import CrystalSet, save_set
from ionwright.knowledge.crystals import crystal_candidate
from ionwright.knowledge.errors import Damaged
from ionwright.knowledge.records import Candidate, Provenance, Quantity
from ionwright.tools.benchmarks import crystal_measures, crystals
from ionwright.tools.benchmarks.crystal_report import draw_picture, markdown

ORIGIN = Provenance(source="test", version="1")
SALTS = {"Na": 3.6, "K": 3.9, "Rb": 4.1}


def salt(cation: str, anion: str = "Cl", a: float = 3.6) -> Structure:
    return Structure(Lattice.cubic(a), [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])


class Textbook(Generator):
    """Half of its samples are cesium chloride cells, the others nothing or clashes."""

    name = "textbook"
    material = "crystal"
    family = "baseline"
    drawn = 0

    def fit(self, data, *, steps, seed=0):
        yield {"step": 0.0}

    def sample(self, n, conditions=(), *, exclude_elements=(), seed=0) -> list[Candidate]:
        Textbook.drawn += n
        self.check_conditions(conditions)
        chance = np.random.default_rng(seed)
        made = []
        for i in range(n):
            cation = ("Na", "K", "Rb")[chance.integers(3)]
            a = (SALTS[cation], 1.5)[i % 2]
            made.append(crystal_candidate(salt(cation, a=a), provenance=ORIGIN))
        return made

    def save(self, folder) -> None:
        """Nothing."""

    @classmethod
    def load(cls, folder=None, *, device="cpu"):
        return cls()


@pytest.fixture
def textbook(monkeypatch) -> None:
    monkeypatch.setattr(crystals, "generator_names", lambda: ["textbook"])
    monkeypatch.setattr(crystals, "load_generator", lambda name: Textbook())
    Textbook.drawn = 0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twenty salts, so that each part of the split has some."""
    structures = [salt(c, x) for c in ("Li", "Na", "K", "Rb", "Cs") for x in ("F", "Cl", "Br", "I")]
    n = len(structures)
    path = tmp_path / "set.npz"
    save_set(
        path,
        CrystalSet(
            ids=np.array([str(i) for i in range(n)]),
            lattices=np.array([s.lattice.matrix for s in structures]),
            offsets=np.arange(n + 1) * 2,
            numbers=np.concatenate([s.atomic_numbers for s in structures]).astype(np.uint8),
            frac_coords=np.concatenate([s.frac_coords for s in structures]),
            spg_num=np.full(n, 221, dtype=np.uint8),
            formation_energy_per_atom=np.zeros(n),
            energy_above_hull=np.zeros(n),
            band_gap=np.zeros(n),
        ),
    )
    return path


@pytest.mark.slow
def test_a_generator_is_measured_once_and_told(textbook, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "crystals.json"
    settings = {"n": 12, "seed": 1, "data": data, "relaxed": 2, "out": out, "only": ["textbook"]}
    result = crystals.run(**settings)
    training = next(r for r in result["rows"] if r["generator"] == crystals.TRAINING)
    row = next(r for r in result["rows"] if r["generator"] == "textbook")
    assert row["samples"] == 12
    assert row["valid_structure"] == 1.0  # as published: 1.3 angstrom apart is enough
    assert row["sound"] == 0.5
    assert row["unique"] == pytest.approx(0.5)  # three salts among six
    assert 0 < row["coverage_precision"] <= 1
    assert row["relaxed"] == 2
    assert row["converged"] == 1.0
    assert row["rmsd"] < 0.01
    assert row["sun_interval"][0] <= row["sun"] <= row["sun_interval"][1]
    assert training["sound"] == 1.0
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(json.dumps(result))
    drawn = Textbook.drawn
    assert crystals.run(**settings)["rows"] == result["rows"]
    assert Textbook.drawn == drawn
    told = markdown(out)
    assert "| textbook | 12 |" in told
    assert "MatterGen" in told
    pictures = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for picture in pictures:
        draw_picture(result["rows"], picture)
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert b"textbook" in pictures[0].read_bytes()


def test_a_generator_without_weights_is_left_out(monkeypatch) -> None:
    def missing(name: str) -> None:
        raise Damaged("weights missing")

    monkeypatch.setattr(crystals, "generator_names", lambda: ["cdvae"])
    monkeypatch.setattr(crystals, "load_generator", missing)
    assert crystals.run(n=10)["rows"] == []


def test_the_budget_ends_sampling() -> None:
    samples = crystal_measures.draw(Textbook(), 10_000, seed=0, budget=0.2)
    assert 0 < len(samples.candidates) < 10_000
    assert len(samples.candidates) % crystal_measures.BATCH == 0
    assert 0.2 <= samples.cpu_seconds < 5


def test_unbuilt_samples_count_against_validity() -> None:
    row, different = crystal_measures.cheap_figures([None, salt("Na"), None, salt("Na")], [])
    assert row["sound"] == 0.5
    assert row["unique"] == 0.5
    assert row["coverage_recall"] is None
    assert len(different) == 1


def test_conditions_are_measured_again(monkeypatch) -> None:
    class Follows(Textbook):
        conditions = ("band_gap", "density")

    class Knows:
        @classmethod
        def shared(cls):
            return cls()

        def predict(self, candidates, *, temperature=None):
            gaps = [5.0 if "Na" in c.name else 1.0 for c in candidates]
            return [
                [
                    Quantity(
                        property="band_gap", value=g, unit="eV", method="predicted",
                        provenance=ORIGIN,
                    )
                ]
                for g in gaps
            ]  # fmt: skip

    monkeypatch.setattr(crystal_measures, "predictor_for", lambda key, material: Knows)
    model = Follows()
    free = model.sample(60, seed=3)
    figures = crystal_measures.condition_figures(model, free, 60, 3, 10.0)
    assert set(figures) == {"band_gap"}
    sodium = sum("Na" in c.name for c in free[::2]) / 60
    assert figures["band_gap"]["met_unasked"] == pytest.approx(sodium, abs=1e-3)


def test_cost_is_sampling_and_relaxing_per_hit() -> None:
    cost = crystal_measures._cost(hits=5, tried=20, share=0.5, generation=1.0, relaxation=3.0)
    assert cost == pytest.approx(4 * (2 + 3))
    assert crystal_measures._cost(0, 20, 0.5, 1.0, 3.0) is None


def test_wilson_interval_is_the_textbook_one() -> None:
    low, high = crystal_measures.wilson(10, 100, z=1.96)
    assert (low, high) == (pytest.approx(0.0552, abs=1e-3), pytest.approx(0.1744, abs=1e-3))
    assert crystal_measures.wilson(0, 0) == (0.0, 1.0)
    assert math.isclose(crystal_measures.wilson(0, 50)[0], 0, abs_tol=1e-12)
