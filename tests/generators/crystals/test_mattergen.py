"""MatterGen: learning, going on, saving, sampling, adapters, refusing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from pymatgen.core import Composition, Lattice, Structure

from ionwright.generators.crystals.data import CrystalSet, split_of
from ionwright.generators.crystals.mattergen import MatterGen
from ionwright.generators.crystals.mattergen_adapters import (
    CHEMICAL_SYSTEM,
    SPACE_GROUP,
    Adapter,
    Code,
    Wish,
    Wishes,
    elements_code,
    guided,
    some_elements,
)
from ionwright.generators.crystals.mattergen_batches import Cells, cells_of, reduced
from ionwright.generators.crystals.mattergen_diffusion import Sampler, start
from ionwright.generators.crystals.mattergen_sizes import (
    count_table,
    draw_formulas,
    draw_sizes,
    formula_table,
    given,
)
from ionwright.generators.crystals.mattergen_tables import read_table, set_of
from ionwright.generators.crystals.mattergen_training import Recipe
from ionwright.generators.crystals.mattergen_wishes import draw_values
from ionwright.knowledge.crystals import cif_of
from ionwright.knowledge.errors import Damaged, InvalidRequest, NotAvailable
from ionwright.knowledge.records import Target

SIZE = {"width": 48, "edge": 32, "layers": 2, "radial": 12}
QUICK = Recipe(batch=16, learning_rate=4e-3, warmup=10, report_every=20, average=0.9)
SALTS = ("LiF", "LiCl", "NaF", "NaCl", "NaBr", "KF", "KCl", "KBr", "MgO", "CaO", "CaS", "MgS")
SALTS += ("LiBr", "LiI", "NaI", "KI", "RbF", "RbCl", "SrO", "SrS", "BaO", "ZnO", "ZnS", "MnO")


def salt(formula: str, edge: float) -> Structure:
    """Rock salt, primitive cell."""
    symbols = [element.symbol for element in Composition(formula)]
    cell = np.full((3, 3), edge / 2) - np.eye(3) * edge / 2
    return Structure(Lattice(cell), symbols, [[0, 0, 0], [0.5, 0.5, 0.5]])


@pytest.fixture(scope="module")
def salts() -> CrystalSet:
    return set_of([salt(name, 4.2 + 0.08 * i) for i, name in enumerate(SALTS)])


@pytest.fixture(scope="module")
def tiny(salts: CrystalSet) -> MatterGen:
    model = MatterGen(**SIZE)
    list(model.fit(salts, steps=60, seed=0, recipe=QUICK))
    model.sampler = Sampler(steps=15, corrections=1)
    return model


def texts(structures: list[Structure | None]) -> list[str]:
    return ["" if s is None else cif_of(s) for s in structures]


def test_training_lowers_every_loss(salts: CrystalSet) -> None:
    metrics = list(MatterGen(**SIZE).fit(salts, steps=60, seed=1, recipe=QUICK))
    assert [m["step"] for m in metrics] == [20.0 * i for i in range(1, 4)]
    assert "held_back_kinds" in metrics[0]
    for key in ("kinds", "frac", "shape"):
        assert metrics[-1][key] < metrics[0][key]


@pytest.mark.slow
def test_one_crystal_can_be_learned_by_heart() -> None:
    name = next(n for n in SALTS if split_of(frozenset(salt(n, 5.0).atomic_numbers)) == "train")
    one = salt(name, 5.64)
    model = MatterGen(**SIZE)
    list(model.fit(set_of([one]), steps=600, recipe=Recipe(batch=16, learning_rate=3e-3)))
    model.sampler = Sampler(steps=40, corrections=1)
    made = model.sample_structures(4, seed=0)
    from pymatgen.analysis.structure_matcher import StructureMatcher

    assert all(StructureMatcher().fit(one, s) for s in made)
    assert [s.volume for s in made if s] == pytest.approx([one.volume] * 4, rel=0.1)


def test_a_resumed_training_ends_where_an_unbroken_one_does(
    salts: CrystalSet, tmp_path: Path
) -> None:
    whole, broken = MatterGen(**SIZE), MatterGen(**SIZE)
    list(whole.fit(salts, steps=40, seed=3, recipe=QUICK))
    next(broken.fit(salts, steps=40, seed=3, recipe=QUICK))
    broken.save(tmp_path)
    assert (tmp_path / "checkpoint.safetensors").exists()
    resumed = MatterGen.load(tmp_path)
    assert resumed.step == 20
    list(resumed.fit(salts, steps=40, seed=3, recipe=QUICK))
    resumed.save(tmp_path)
    assert not (tmp_path / "checkpoint.safetensors").exists()
    for ours, theirs in zip(resumed.network.parameters(), whole.network.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_a_seed_gives_the_same_crystals_and_another_does_not(tiny: MatterGen) -> None:
    first, again, other = (texts(tiny.sample_structures(5, seed=s)) for s in (7, 7, 8))
    assert first == again
    assert first != other


def test_save_and_load_give_the_same_crystals(tiny: MatterGen, tmp_path: Path) -> None:
    tiny.save(tmp_path)
    first, second = MatterGen.load(tmp_path), MatterGen.load(tmp_path)
    assert texts(first.sample_structures(3, seed=1)) == texts(second.sample_structures(3, seed=1))
    assert first.sampler == tiny.sampler
    assert first.weights_id == tiny.weights_id


def test_damaged_weights_are_refused(tiny: MatterGen, tmp_path: Path) -> None:
    tiny.save(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged, match="train again"):
        MatterGen.load(tmp_path)


def test_required_elements_are_there_and_excluded_ones_are_not(tiny: MatterGen) -> None:
    made = tiny.sample_structures(
        12, require_elements=["Na"], exclude_elements=["Cl", "F", "O"], seed=0
    )
    for structure in made:
        assert structure is not None
        symbols = {e.symbol for e in structure.composition}
        assert "Na" in symbols
        assert not symbols & {"Cl", "F", "O"}


def test_a_chemical_system_is_kept_to(tiny: MatterGen) -> None:
    made = tiny.sample_structures(6, chemical_system=["K", "Br"], seed=0)
    assert all({e.symbol for e in s.composition} == {"K", "Br"} for s in made if s)


def test_samples_are_records_that_read_back(tiny: MatterGen) -> None:
    candidates = tiny.sample(2, require_elements=["K"], seed=5, steps=3)
    assert len(candidates) == 2
    assert all(c.encoding == "cif" and c.provenance.seed == 5 for c in candidates)
    assert tiny.sample(0) == []


def test_what_cannot_be_asked_is_refused(tiny: MatterGen) -> None:
    with pytest.raises(NotAvailable, match="never saw a crystal with U"):
        tiny.sample_structures(1, require_elements=["U"])
    with pytest.raises(NotAvailable, match="no adapter for 'average_voltage'"):
        tiny.sample(1, [Target(property="average_voltage", op=">=", value=3.0)])
    with pytest.raises(InvalidRequest, match="unknown element"):
        tiny.sample_structures(1, chemical_system=["Xx"])
    with pytest.raises(InvalidRequest, match="untrained"):
        MatterGen(**SIZE).sample_structures(1)
    with pytest.raises(InvalidRequest, match="CrystalSet"):
        next(MatterGen(**SIZE).fit([1, 2], steps=1))


def noise_for(model: MatterGen) -> object:
    kinds, real = torch.zeros(2, 3, dtype=torch.long), torch.ones(2, 3, dtype=torch.bool)
    generator = torch.Generator().manual_seed(0)
    noisy = start(kinds, real, model.schedule, generator, torch.device("cpu"))
    return noisy._replace(time=torch.tensor([0.5, 0.7]))


@torch.inference_mode()
def test_an_untrained_adapter_changes_nothing(tiny: MatterGen) -> None:
    adapter = Adapter(Code(SPACE_GROUP), tiny.network.config)
    noisy, code = noise_for(tiny), torch.rand(2, adapter.code.size)
    base = tiny.network(noisy)
    for ours, theirs in zip(tiny.network(noisy, Wishes([Wish(adapter, code)])), base, strict=True):
        assert torch.equal(ours, theirs)


@torch.inference_mode()
def test_guidance_of_zero_is_the_base_and_of_one_the_adapter(tiny: MatterGen) -> None:
    torch.manual_seed(0)
    adapter = Adapter(Code(SPACE_GROUP), tiny.network.config)
    for up in adapter.up:
        torch.nn.init.normal_(up.weight, std=0.3)
    noisy, wish = noise_for(tiny), Wish(adapter, torch.rand(2, adapter.code.size))
    base, turned = tiny.network(noisy), tiny.network(noisy, Wishes([wish]))
    assert not torch.allclose(base.logits, turned.logits)
    for guidance, expected in ((0.0, base), (1.0, turned)):
        found = guided(tiny.network, [wish], guidance)(noisy)
        for ours, theirs in zip(found, expected, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_an_adapter_learns_and_leaves_the_base_alone(
    salts: CrystalSet, tiny: MatterGen, tmp_path: Path
) -> None:
    tiny.save(tmp_path)
    model = MatterGen.load(tmp_path)
    before = {k: v.clone() for k, v in model.network.state_dict().items()}
    labels = np.array([salts.structure(i).density for i in range(len(salts))])
    metrics = list(
        model.finetune("density", salts, labels, steps=60, recipe=Recipe(batch=16, report_every=30))
    )
    assert metrics[-1]["step"] == 60
    assert all(torch.equal(v, before[k]) for k, v in model.network.state_dict().items())
    assert any(up.weight.abs().max() > 0 for up in model.adapters["density"].up)
    model.save(tmp_path)
    loaded = MatterGen.load(tmp_path)
    wanted = [Target(property="density", op=">=", value=3.0)]
    again = texts(loaded.sample_structures(2, conditions=wanted, seed=0, steps=4))
    second = MatterGen.load(tmp_path).sample_structures(2, conditions=wanted, seed=0, steps=4)
    assert again == texts(second)
    assert again != texts(loaded.sample_structures(2, seed=0, steps=4))


def test_a_table_of_the_users_own_is_read(tmp_path: Path) -> None:
    import pandas as pd

    rows = [{"cif": cif_of(salt(n, 5.0)), "average_voltage": 3.0} for n in SALTS[:11]]
    rows.append({"cif": "no crystal", "average_voltage": 1.0})
    file = tmp_path / "table.csv"
    pd.DataFrame(rows).to_csv(file, index=False)
    crystals, labels = read_table(file, "average_voltage")
    assert len(crystals) == len(labels) == 11
    with pytest.raises(InvalidRequest, match="no column 'band_gap'"):
        read_table(file, "band_gap")
    pd.DataFrame(rows[:3]).to_csv(file, index=False)
    with pytest.raises(InvalidRequest, match="3 of 3 rows"):
        read_table(file, "average_voltage")


def test_ranges_draw_from_the_training_values_inside_them() -> None:
    code = Code.of("band_gap", np.linspace(0, 5, 1001))
    rng = np.random.default_rng(0)

    def ask(op: str, value: object = None) -> np.ndarray:
        target = Target.model_validate({"property": "band_gap", "op": op, "value": value})
        return draw_values(code, [target], 200, rng)[0]

    assert (ask(">=", 3.0) >= 3).all() and np.ptp(ask(">=", 3.0)) > 1.5
    assert (ask("<=", 1.0) <= 1).all()
    between = ask("between", (1.0, 2.0))
    assert (between >= 1).all() and (between <= 2).all()
    assert (ask("max") > 4.8).all()
    assert ask("=", 2.345) == pytest.approx(2.345)
    far, notes = draw_values(code, [Target(property="band_gap", op=">=", value=15.0)], 5, rng)
    assert far == pytest.approx(5.0)
    assert "nothing like" in notes[0]


def test_conductivity_is_drawn_on_its_own_scale() -> None:
    code = Code.of("ionic_conductivity", 10.0 ** np.linspace(-10, -2, 500))
    target = Target(property="ionic_conductivity", op=">=", value=1e-4)
    values, _ = draw_values(code, [target], 100, np.random.default_rng(0))
    assert (values >= 0.99e-4).all()
    assert np.log10(values).std() > 0.3


def test_parts_of_a_system_are_parts_of_it() -> None:
    kinds = torch.tensor([[3, 15, 16, 16, 0]]).repeat(300, 1)
    codes = some_elements(kinds, torch.Generator().manual_seed(0))
    whole = elements_code(kinds, exact=torch.ones(300))
    exact = codes[:, -1] == 1
    assert 0.35 < exact.float().mean() < 0.65
    assert torch.equal(codes[exact], whole[exact])
    assert (codes[:, :-1] <= whole[:, :-1]).all()
    assert (codes[:, :-1].sum(1) >= 1).all()
    assert (codes[~exact, :-1].sum(1) < 3).any()
    assert CHEMICAL_SYSTEM not in codes.shape  # a code is numbers alone


def test_sizes_follow_the_required_elements() -> None:
    kinds = np.zeros((20, 20), dtype=np.uint8)
    kinds[:10, :2] = [3, 9]
    kinds[10:, :6] = [11, 8, 8, 8, 26, 26]
    counts = np.array([2] * 10 + [6] * 10)
    nothing = np.zeros((20, 20, 3))
    cells = Cells(kinds, nothing, np.zeros((20, 3, 3)), counts, np.ones(20))
    table = count_table(cells)
    rng = np.random.default_rng(0)
    assert set(draw_sizes(table, [], 200, rng)) == {2, 6}
    assert set(draw_sizes(table, [11], 50, rng)) == {6}
    assert set(draw_sizes(table, [3, 11], 50, rng)) == {6}  # never together: what has room
    formulas = formula_table(cells)
    assert formulas[0][:, :4].tolist() == [[1, 1, 0, 0], [3, 2, 1, 0]]
    assert formulas[1].tolist() == [10, 10]
    drawn = draw_formulas(*formulas, np.array([2, 6]), (1, 20), rng)
    assert drawn[:, :4].tolist() == [[1, 1, 0, 0], [3, 2, 1, 0]]
    free = draw_formulas(*formulas, np.array([6]), (4, 4), rng)  # none has four elements
    assert free[0, :5].tolist() == [6, 6, 6, 6, 0]
    assert given([11, 8], np.array([3, 2])).tolist() == [[11, 8, 0], [11, 8, 0]]


def test_reduced_cells_are_the_same_crystals() -> None:
    one = salt("NaCl", 5.64)
    long = one.copy()
    long.make_supercell([[1, 0, 0], [3, 1, 0], [-2, 4, 1]])
    cells = cells_of(set_of([long]))
    assert cells.schedule().volume == pytest.approx(one.volume / 2, rel=1e-4)
    cell = reduced(long.lattice.matrix[None])[0]
    expected = sorted(one.lattice.get_niggli_reduced_lattice().abc)
    assert sorted(np.linalg.norm(cell, axis=1)) == pytest.approx(expected, abs=1e-6)
    back = cells.batch(np.array([0]), cells.schedule())
    made = Structure(Lattice(back.cell[0].numpy()), back.kinds[0].tolist(), back.frac[0].numpy())
    nearest = sorted(made.distance_matrix[0])[1]
    assert nearest == pytest.approx(5.64 / 2, abs=1e-3)
