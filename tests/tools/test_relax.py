"""Relaxing replaces crystals, keeps their story, and one bad crystal does not stop the others."""

from __future__ import annotations

import json

import pytest
from pymatgen.core import Lattice, Structure

from ionwright.knowledge.crystals import crystal_candidate, structure_of
from ionwright.knowledge.errors import Cancelled, InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance, Quantity, Target
from ionwright.tools import relax as module
from ionwright.tools.checks import passes
from ionwright.tools.context import Context
from ionwright.tools.predictors.potential import Potential
from ionwright.tools.relax import relax

ORIGIN = Provenance(source="generators/crystals/test", version="1")


def salt(a: float, cation: str = "Na", x: float = 0.5) -> Structure:
    """Cesium chloride or, where x is not 1/2, a distorted cell of it."""
    return Structure(Lattice.cubic(a), [cation, "Cl"], [[0, 0, 0], [x, x, x]])


def candidate(structure: Structure, **fields) -> Candidate:
    made = crystal_candidate(structure, provenance=ORIGIN, checks={"elements": True})
    return made.model_copy(update=fields)


@pytest.fixture(scope="module")
def potential(tmp_path_factory) -> Potential:
    return Potential(tmp_path_factory.mktemp("cache"), workers=1)


@pytest.fixture
def ctx(monkeypatch, potential) -> Context:
    monkeypatch.setattr(module, "shared_potential", lambda device: potential)
    return Context()


def test_a_crystal_is_replaced_by_its_relaxed_form(ctx: Context) -> None:
    old = candidate(salt(3.7), notes=("from a friend",))
    ctx.add([old])
    result = relax(ctx)
    before, after = result.candidates
    assert before.id == old.id
    assert not passes(before)
    assert after.provenance.parents == (old.id,)
    assert after.provenance.inputs["converged"] is True
    assert after.provenance.inputs["proposed_by"] == ORIGIN.source
    assert after.provenance.inputs["rmsd"] == pytest.approx(0, abs=0.01)  # symmetric: only swells
    assert structure_of(after).volume < structure_of(old).volume
    assert after.checks == {"elements": True, "valid": True, "relaxed": True}
    assert "from a friend" in after.notes
    json.dumps(result.data)


def test_what_is_relaxed_is_not_relaxed_again(ctx: Context) -> None:
    ctx.add([candidate(salt(3.7))])
    ctx.add(relax(ctx).candidates)
    again = relax(ctx)
    assert again.data["relaxed"] == 0
    assert again.candidates == ()


def test_failures_are_reported_one_by_one(ctx: Context) -> None:
    alone = candidate(Structure(Lattice.cubic(16), ["Xe"], [[0, 0, 0]]))
    broken = Candidate(material="crystal", encoding="cif", data="data_x", provenance=ORIGIN)
    ctx.add([alone, broken, candidate(salt(3.7))])
    result = relax(ctx)
    assert result.data["relaxed"] == 1
    assert set(result.data["failed"]) == {alone.id, broken.id}
    set_aside = {c.id: c for c in result.candidates}
    assert any("relaxation failed" in note for note in set_aside[alone.id].notes)
    assert not passes(set_aside[broken.id])


def test_the_lowest_above_the_hull_come_first(ctx: Context) -> None:
    good, bad = candidate(salt(3.6)), candidate(salt(4.6))
    ctx.add([bad, good])
    result = relax(ctx, count=1, steps=5)
    assert result.data["left_out"] == 1
    assert next(c for c in result.candidates if c.checks["relaxed"]).provenance.parents == (
        good.id,
    )


def test_values_at_hand_weigh_in(ctx: Context) -> None:
    def gap(value: float) -> Quantity:
        return Quantity(
            property="band_gap", value=value, std=0.3, unit="eV", method="predicted",
            provenance=ORIGIN,
        )  # fmt: skip

    wanted = Target(property="band_gap", op=">=", value=4.0, unit="eV")
    narrow = candidate(salt(3.6), quantities=(gap(1.0),))
    wide = candidate(salt(3.65), quantities=(gap(5.0),))
    ctx.add([narrow, wide])
    result = relax(ctx, count=1, steps=2, targets=[wanted])
    assert next(c for c in result.candidates if c.checks["relaxed"]).provenance.parents == (
        wide.id,
    )


def test_unfinished_relaxations_say_so(ctx: Context) -> None:
    ctx.add([candidate(salt(3.5, x=0.42))])
    after = relax(ctx, steps=1, fmax=0.001).candidates[-1]
    assert after.provenance.inputs["converged"] is False
    assert any("not fully relaxed" in note for note in after.notes)


def test_the_stop_button_works(ctx: Context) -> None:
    ctx.add([candidate(salt(3.9))])
    ctx.cancelled.set()
    with pytest.raises(Cancelled):
        relax(ctx)


def test_nothing_to_relax_is_a_wrong_request(ctx: Context) -> None:
    with pytest.raises(InvalidRequest, match="no crystals"):
        relax(ctx)


def test_the_estimate_grows_with_the_count() -> None:
    assert relax.seconds({"count": 100}) > 300
