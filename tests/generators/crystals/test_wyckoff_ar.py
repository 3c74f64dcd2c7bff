"""The Wyckoff transformer: its grammar, and a tiny one trained on a few dozen crystals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pymatgen.core import Element, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from ionwright.generators.crystals.charge_balance import charge_balanced
from ionwright.generators.crystals.data import CrystalSet
from ionwright.generators.crystals.wyckoff_ar import WyckoffAR
from ionwright.generators.crystals.wyckoff_cells import (
    Orbit,
    WyckoffCrystal,
    decode,
    element_ranks,
    encode,
)
from ionwright.generators.crystals.wyckoff_positions import positions
from ionwright.generators.crystals.wyckoff_sampler import _pick
from ionwright.generators.crystals.wyckoff_tokens import (
    BINS,
    ELEMENTS,
    MOST_ORBITS,
    Bins,
    Draft,
    Rules,
    steps_of,
)
from ionwright.generators.crystals.wyckoff_training import Recipe
from ionwright.knowledge.crystals import structure_of
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.records import Target

SIZE = {"layers": 1, "heads": 2, "width": 32, "place_width": 8}
RECIPE = Recipe(batch=16, report_every=20, learning_rate=4e-3)


def rock_salts() -> Iterator[Structure]:
    for metal in ("Li", "Na", "K", "Mg", "Ca", "Mn", "Fe", "Ni"):
        for anion in ("O", "S", "F", "Cl", "Se"):
            pair = Element(metal), Element(anion)
            radii = sum(float(element.atomic_radius) for element in pair)
            orbits = tuple(Orbit(element.Z, place) for place, element in enumerate(pair))
            yield decode(WyckoffCrystal(225, orbits, 0.85 * radii**3, ()))


def layered() -> Iterator[Structure]:
    for ion in ("Li", "Na", "K"):
        for metal in ("Co", "Ni", "Mn", "Fe", "V", "Ti"):
            orbits = (
                Orbit(Element(ion).Z, 1),
                Orbit(Element(metal).Z, 0),
                Orbit(8, 2, (0.255 + 0.001 * Element(ion).Z,)),
            )
            yield decode(WyckoffCrystal(166, orbits, 8 + 0.2 * Element(ion).Z, (5.0,)))


def crystal_set(structures: list[Structure]) -> CrystalSet:
    sizes = [len(s) for s in structures]
    n = len(structures)
    return CrystalSet(
        ids=np.array([f"made-{i}" for i in range(n)]),
        lattices=np.array([s.lattice.matrix for s in structures]),
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        numbers=np.concatenate([s.atomic_numbers for s in structures]).astype(np.uint8),
        frac_coords=np.concatenate([s.frac_coords for s in structures]),
        spg_num=np.array([225 if len(s) == 2 else 166 for s in structures], dtype=np.uint8),
        formation_energy_per_atom=np.linspace(-3, -1, n),
        energy_above_hull=np.linspace(0, 0.1, n),
        band_gap=np.full(n, np.nan),
    )


@pytest.fixture(scope="module")
def data() -> CrystalSet:
    return crystal_set([*rock_salts(), *layered()])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written") / "crystals.json"


@pytest.fixture(scope="module")
def trained(data: CrystalSet, written: Path) -> WyckoffAR:
    torch.set_num_threads(1)
    model = WyckoffAR(**SIZE)
    metrics = list(model.fit(data, steps=60, recipe=RECIPE, cache=written))
    assert metrics[-1]["held_back_loss"] < metrics[0]["held_back_loss"]
    return model


def test_steps_spell_the_crystal(data: CrystalSet) -> None:
    crystals = [c for i in range(len(data)) if (c := encode(data.structure(i))) is not None]
    bins = Bins.of(crystals)
    for crystal in (crystals[0], crystals[-1]):
        draft = Draft()
        for *_, answer, place in steps_of(crystal, bins).tolist():
            if not draft.spg_num:
                draft.push_group(answer)
            elif not draft.complete:
                draft.push_orbit(answer, place)
            else:
                draft.push_value(answer)
        assert draft.done
        read = draft.crystal(bins)
        assert read.skeleton == crystal.skeleton
        assert read.volume == pytest.approx(crystal.volume, rel=0.05)


def test_coordinates_of_the_tables_are_centres_of_bins() -> None:
    bins = Bins(((0.0,) * (BINS + 1),) * 3)
    for value in (0.0, 1 / 3, 0.25, 1 / 8, 1 / 6, 0.5, 15 / 16):
        assert bins.value("x", bins.number("x", value)) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_random_answers_that_the_grammar_allows_make_crystals_within_the_rules(seed: int) -> None:
    rng = np.random.default_rng(seed)
    allowed = rng.random(ELEMENTS) < 0.5
    allowed[[3, 8]] = True
    rules = Rules(frozenset({3, 8}), allowed, most_atoms=24)
    draft = Draft(rules)
    draft.push_group(int(rng.integers(1, 231)))
    while not draft.complete:
        may = draft.numbers()
        if not may.any():
            return  # the required ones do not fit into this group
        number = int(rng.choice(np.flatnonzero(may)))
        place = int(rng.choice(np.flatnonzero(draft.places(number)))) if number else 0
        draft.push_orbit(number, place)
    numbers = [number for number, _ in draft.orbits]
    table = positions(draft.spg_num)
    copies = len(table[-1].rotations[(table[-1].rotations == np.eye(3)).all((1, 2))])
    fixed = [place for _, place in draft.orbits if not table[place].free]
    assert {3, 8} <= set(numbers) and all(allowed[numbers])
    assert sum(table[place].multiplicity for _, place in draft.orbits) <= 24 * copies
    assert len(fixed) == len(set(fixed))
    assert (np.diff(element_ranks()[numbers]) >= 0).all()
    assert len(draft.orbits) <= MOST_ORBITS


def test_drawing_never_takes_what_is_masked() -> None:
    may = np.array([[False, True, False, True, False]] * 3)
    picked, _ = _pick(np.zeros((3, 5)), may, np.array([0.0, 0.5, 1.0]))
    assert picked.tolist() == [1, 3, 3]


def test_samples_have_the_symmetry_and_the_elements_asked_for(trained: WyckoffAR) -> None:
    made = trained.sample_structures(
        12, require_elements=["Li"], exclude_elements=["Co", "F"], space_groups=[166], seed=3
    )
    built = [s for s in made if s is not None]
    assert built
    for structure in built:
        symbols = {el.symbol for el in structure.composition}
        assert "Li" in symbols and not symbols & {"Co", "F"}
        if structure.is_valid(tol=0.5):
            found = SpacegroupAnalyzer(structure, symprec=0.01).get_space_group_number()
            # numbers may fall on a higher symmetry by chance, never on a lower one
            assert len(positions(found)[-1].rotations) >= 36 or found == 166


def test_a_chemical_system_is_kept_to(trained: WyckoffAR) -> None:
    made = trained.sample_structures(8, chemical_system="Na-Ni-O", seed=1)
    systems = {s.composition.chemical_system for s in made if s is not None}
    assert systems == {"Na-Ni-O"}


def test_charges_are_balanced_where_asked(data: CrystalSet, written: Path) -> None:
    hasty = WyckoffAR(**SIZE)  # writes all sorts of formulas
    list(hasty.fit(data, steps=1, recipe=RECIPE, cache=written))
    free, asked = (
        [
            charge_balanced(s.composition) is False
            for s in hasty.sample_structures(30, balance_charges=balanced, seed=5)
            if s is not None
        ]
        for balanced in (False, True)
    )
    assert sum(asked) < sum(free)


def test_the_same_seed_gives_the_same_crystals_for_any_number(trained: WyckoffAR) -> None:
    many, few = trained.sample(7, seed=11), trained.sample(3, seed=11)
    assert [c.id for c in many[:3]] == [c.id for c in few]
    assert [c.id for c in many] != [c.id for c in trained.sample(7, seed=12)]


def test_candidates_tell_where_they_come_from(trained: WyckoffAR) -> None:
    target = Target(property="energy_above_hull", op="<=", value=0.05)
    candidate = trained.sample(1, [target], require_elements=["Na"], seed=2)[0]
    assert candidate.provenance.seed == 2
    assert candidate.provenance.inputs["require_elements"] == ["Na"]
    assert candidate.checks["valid"] in (True, False)
    if candidate.checks["valid"]:
        assert "Na" in structure_of(candidate).composition


def test_saved_and_loaded_it_samples_the_same(trained: WyckoffAR, tmp_path: Path) -> None:
    trained.save(tmp_path)
    first, second = WyckoffAR.load(tmp_path), WyckoffAR.load(tmp_path)
    assert first.weights_id == second.weights_id
    assert [c.id for c in first.sample(4)] == [c.id for c in second.sample(4)]
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(Damaged, match="checksum"):
        WyckoffAR.load(tmp_path)


def test_a_training_taken_up_ends_where_an_unbroken_one_ends(
    data: CrystalSet, written: Path, tmp_path: Path
) -> None:
    recipe = Recipe(batch=8, report_every=4)
    unbroken = WyckoffAR(**SIZE)
    list(unbroken.fit(data, steps=8, recipe=recipe, cache=written))
    broken = WyckoffAR(**SIZE)
    next(iter(broken.fit(data, steps=8, recipe=recipe, cache=written)))
    broken.save(tmp_path)
    taken_up = WyckoffAR.load(tmp_path)
    assert taken_up.step == 4
    list(taken_up.fit(data, steps=8, recipe=recipe, cache=written))
    assert unbroken.network is not None and taken_up.network is not None
    for (name, a), b in zip(
        unbroken.network.state_dict().items(),
        taken_up.network.state_dict().values(),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-5), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"require_elements": ["Xx"]}, "unknown element"),
        ({"require_elements": ["Li"], "exclude_elements": ["Li"]}, "both required and excluded"),
        ({"require_elements": ["Au"]}, "no crystal with Au"),
        ({"space_groups": [231]}, "does not exist"),
        ({"sampling_temperature": 0.0}, "must be above 0"),
        ({"n": -1}, "give numbers from 0"),
    ],
)
def test_requests_that_cannot_be_met_are_refused(
    trained: WyckoffAR, options: dict, message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        trained.sample(**{"n": 2, **options})


def test_a_condition_that_is_not_followed_is_refused(trained: WyckoffAR) -> None:
    with pytest.raises(InvalidRequest, match="does not follow"):
        trained.sample(1, [Target(property="density", op=">=", value=3.0)])


def test_an_untrained_one_says_so() -> None:
    with pytest.raises(InvalidRequest, match="untrained"):
        WyckoffAR().sample(1)
