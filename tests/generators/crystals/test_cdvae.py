"""CDVAE's networks keep the symmetries of space, and the generator its promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from pymatgen.core import Lattice, Structure

from ionwright.generators.crystals.cdvae import CDVAE
from ionwright.generators.crystals.cdvae_data import (
    batch_of,
    lattice_numbers,
    lattice_of,
    set_of,
)
from ionwright.generators.crystals.cdvae_noise import Schedule, placed
from ionwright.generators.crystals.cdvae_training import CHECKPOINT, Recipe
from ionwright.generators.crystals.data import CrystalSet
from ionwright.generators.crystals.periodic_graph import cells_of
from ionwright.generators.crystals.train_cdvae import learn
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.records import Target

TINY = {"width": 48, "vectors": 8, "latent": 16, "encoder_layers": 2, "decoder_layers": 2}
QUICK = Recipe(batch=16, warmup=10, report_every=20, split=False, learning_rate=3e-3)


def cubic(spec: str, a: float, species: Sequence[str], sites: Sequence[Sequence[float]]):
    return Structure.from_spacegroup(
        spec, Lattice.cubic(a), species, sites
    ).get_primitive_structure()


@cache
def real_crystals() -> list[Structure]:
    corner, centre = [0, 0, 0], [0.5, 0.5, 0.5]
    return [
        cubic("Fm-3m", 4.08, ["Li", "F"], [corner, centre]),
        cubic("Fm-3m", 4.60, ["Li", "O"], [[0.25, 0.25, 0.25], corner]),
        cubic("Pm-3m", 3.90, ["Sr", "Ti", "O"], [corner, centre, [0.5, 0.5, 0]]),
        cubic("F-43m", 5.41, ["Zn", "S"], [corner, [0.25, 0.25, 0.25]]),
        cubic("Pm-3m", 4.12, ["Cs", "Cl"], [corner, centre]),
    ]


@pytest.fixture(scope="module")
def crystals() -> CrystalSet:
    return set_of(real_crystals())


@pytest.fixture(scope="module")
def model(crystals: CrystalSet) -> CDVAE:
    """Trained for a moment: its weights are no longer symmetric by chance."""
    made = CDVAE(**TINY)
    list(made.fit(crystals, steps=40, recipe=QUICK))
    made.schedule = Schedule(10, 0)
    assert made.network is not None
    made.network.eval()
    return made


def skewed() -> Structure:
    rng = np.random.default_rng(5)
    lattice = Lattice.from_parameters(4.4, 5.1, 6.3, 81, 95, 102)
    return Structure(lattice, ["Li", "Fe", "O", "O", "P"], rng.random((5, 3)))


def turned(structure: Structure) -> tuple[Structure, np.ndarray]:
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    cell = structure.lattice.matrix @ turn
    return Structure(Lattice(cell), structure.species, structure.frac_coords), turn


def test_latent_vector_is_the_same_turned_shifted_and_renumbered(model: CDVAE):
    structure = skewed()
    shifted = structure.copy()
    shifted.translate_sites(range(5), [0.3, 0.8, 0.45])
    renumbered = Structure.from_sites([structure[i] for i in (3, 0, 4, 2, 1)])
    strained = structure.copy()
    strained.scale_lattice(structure.volume * 1.1)
    z = model.encode([structure, turned(structure)[0], shifted, renumbered, strained])
    for other in z[1:4]:
        assert torch.allclose(z[0], other, atol=2e-4)
    assert not torch.allclose(z[0], z[4], atol=1e-2)


def scores(model: CDVAE, structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    batch = batch_of(set_of_unreduced(structure), [0])
    assert model.network is not None
    with torch.inference_mode():
        z = torch.linspace(-1, 1, 16)[None]
        moved, logits = model.network.decoder(
            batch.numbers, batch.frac_coords, batch.cells, z, torch.tensor([0.4])
        )
    return moved.numpy(), logits.numpy()


def set_of_unreduced(structure: Structure) -> CrystalSet:
    reduced = set_of([structure])
    return replace(
        reduced, lattices=structure.lattice.matrix[None], frac_coords=structure.frac_coords
    )


def test_score_turns_with_the_crystal(model: CDVAE):
    structure = skewed()
    other, turn = turned(structure)
    (first, kinds), (second, same) = scores(model, structure), scores(model, other)
    assert np.abs(first).max() > 0.01
    assert second == pytest.approx(first @ turn, abs=1e-4)
    assert same == pytest.approx(kinds, abs=1e-3)


def test_score_follows_numbering_ignores_shifts_and_sums_to_zero(model: CDVAE):
    structure, order = skewed(), [3, 0, 4, 2, 1]
    first, _ = scores(model, structure)
    renumbered, _ = scores(model, Structure.from_sites([structure[i] for i in order]))
    assert renumbered == pytest.approx(first[order], abs=1e-4)
    shifted = structure.copy()
    shifted.translate_sites(range(5), [0.3, 0.8, 0.45])
    assert scores(model, shifted)[0] == pytest.approx(first, abs=1e-4)
    assert first.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-5)


def test_lattice_survives_its_seven_numbers():
    lattices = torch.tensor(skewed().lattice.matrix[None]).float()
    sizes = torch.tensor([5])
    again = lattice_of(lattice_numbers(lattices, sizes), sizes)[0].numpy()
    assert Lattice(again).parameters == pytest.approx(skewed().lattice.parameters, rel=1e-3)


def test_compositions_are_written_whole_without_the_excluded_and_with_the_forced(model: CDVAE):
    assert model.network is not None
    writer = model.network.heads.composition
    z, sizes = torch.randn(20, 16, generator=torch.Generator().manual_seed(0)), torch.arange(1, 21)
    counts = writer.write(z, sizes, excluded=[8, 22], forced=[3, 26, 12])
    assert counts.sum(-1).tolist() == sizes.tolist()
    assert not counts[:, [0, 8, 22]].any()
    assert (counts[2:, [3, 26, 12]] > 0).all()
    assert counts[1, [12, 26]].tolist() == [1, 1]  # no room for three


def test_elements_change_places_and_not_numbers():
    cells = cells_of(torch.eye(3)[None] * 4, torch.tensor([3]))
    logits = torch.zeros(3, 95)
    logits[0, 8], logits[2, 3] = 5, 5
    assert placed(logits, torch.tensor([3, 8, 8]), cells).tolist() == [8, 8, 3]


def test_same_seed_same_crystals(model: CDVAE):
    first, again = model.sample_structures(3, seed=7), model.sample_structures(3, seed=7)
    other = model.sample_structures(3, seed=8)
    assert first == again
    assert first != other


def test_excluded_elements_do_not_occur_and_required_ones_do(model: CDVAE):
    made = model.sample_structures(
        8, require_elements=["Li"], exclude_elements=["O"], seed=1, prior="between"
    )
    for structure in made:
        assert structure is not None
        symbols = {el.symbol for el in structure.composition}
        assert "Li" in symbols
        assert "O" not in symbols


def test_what_has_no_room_is_none(model: CDVAE):
    many = ["Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba", "Zn"]  # it knows cells of 2 to 5
    assert model.sample_structures(2, require_elements=many, prior="between") == [None, None]
    candidates = model.sample(1, require_elements=many)
    assert candidates[0].checks == {"valid": False}


def test_latent_search_lowers_the_predicted_property(model: CDVAE):
    target = Target(property="formation_energy_per_atom", op="min", unit="eV/atom")
    plain = model.sample_structures(4, seed=0, prior="between")
    asked = model.sample_structures(4, conditions=[target], seed=0)
    mean = [model.predict_properties([s for s in m if s])[:, 0].mean() for m in (plain, asked)]
    assert mean[1] <= mean[0] + 0.05


def test_interpolation_begins_and_ends_with_its_ends(model: CDVAE):
    first, last = real_crystals()[0], real_crystals()[2]
    path = model.interpolate(first, last, 3)
    assert len(path) == 3
    with pytest.raises(InvalidRequest, match="at least 2"):
        model.interpolate(first, last, 1)


def test_saved_and_loaded_is_the_same(model: CDVAE, tmp_path: Path):
    model.save(tmp_path)
    loaded = CDVAE.load(tmp_path)
    z, again = model.encode(real_crystals()), loaded.encode(real_crystals())
    assert torch.allclose(z, again, atol=0.05)  # stored as fp16
    assert loaded.schedule == model.schedule
    (tmp_path / "model.safetensors").write_bytes(b"short")
    with pytest.raises(Damaged, match="checksum"):
        CDVAE.load(tmp_path)


def test_a_stopped_training_goes_on_exactly(crystals: CrystalSet, tmp_path: Path):
    whole = CDVAE(**TINY)
    list(whole.fit(crystals, steps=6, recipe=Recipe(batch=4, report_every=3, split=False)))
    part = CDVAE(**TINY)
    recipe = Recipe(batch=4, report_every=3, split=False)
    next(iter(part.fit(crystals, steps=6, recipe=recipe)))
    part.save(tmp_path)
    assert (tmp_path / CHECKPOINT).exists()
    rest = CDVAE.load(tmp_path)
    assert rest.step == 3
    list(rest.fit(crystals, steps=6, recipe=recipe))
    for a, b in zip(whole.network.parameters(), rest.network.parameters(), strict=True):  # type: ignore[union-attr]
        assert torch.allclose(a, b, atol=1e-6)


def test_a_training_that_has_ended_is_not_begun_again(crystals: CrystalSet, tmp_path: Path):
    recipe = Recipe(batch=4, report_every=2, split=False)
    first = learn(crystals, tmp_path, 2, 0, recipe)
    assert len(first.starts.means) == len(crystals)
    stamp = (tmp_path / "model.safetensors").read_bytes()
    assert learn(crystals, tmp_path, 2, 0, recipe).step == 2
    assert (tmp_path / "model.safetensors").read_bytes() == stamp


def test_too_many_atoms_are_refused_by_name(model: CDVAE):
    large = skewed() * (5, 1, 1)
    with pytest.raises(InvalidRequest, match="25 sites"):
        model.encode([large])


def test_untrained_says_so():
    with pytest.raises(InvalidRequest, match="untrained"):
        CDVAE(**TINY).sample_structures(1)


def test_shipped_weights_make_sound_crystals_of_lithium():
    candidates = CDVAE.load().sample(4, require_elements=["Li"], exclude_elements=["Co"], seed=2)
    assert sum(bool(c.checks["valid"]) for c in candidates) >= 3
    for candidate in candidates:
        assert "Li" in candidate.name
        assert "Co" not in candidate.name


@pytest.mark.slow
def test_a_handful_of_crystals_is_learned_by_heart(crystals: CrystalSet):
    from pymatgen.analysis.structure_matcher import StructureMatcher

    learner = CDVAE(width=64, vectors=12, latent=32)
    list(learner.fit(crystals, steps=400, recipe=QUICK))
    learner.schedule = Schedule(60, 1)
    made = learner.reconstruct(real_crystals())
    matcher = StructureMatcher(stol=0.05, ltol=0.1, angle_tol=3)
    pairs = zip(real_crystals(), made, strict=True)
    assert sum(b is not None and matcher.fit(a, b) for a, b in pairs) >= 4
