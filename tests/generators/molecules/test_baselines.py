"""Recombined fragments: cutting, joining, refusing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ionwright.generators.base import generator_class
from ionwright.generators.molecules.baselines import FragmentRecombination, cut_pieces
from ionwright.generators.molecules.metrics import validity
from ionwright.generators.molecules.polymer_data import PolymerData
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.psmiles import canonical_psmiles
from ionwright.knowledge.records import Target

HIGH = Target(property="ionic_conductivity", op=">=", value=1.23e-4)


def test_pieces_join_to_the_polymer_again() -> None:
    for text in ("[*]CCOCC(C)OC(=O)N[*]", "[*]CCO[*]", "[*]C=CC(=O)N=CC[*]", "[*]C[*]"):
        pieces = cut_pieces(text)
        body = "".join(forward for _, (forward, _) in pieces)
        assert canonical_psmiles(f"[*]{body}[*]") == canonical_psmiles(text)
    assert [kind for kind, _ in cut_pieces("[*]CCOC(=O)N[*]")] == ["carbon", "hetero"] * 2


def test_fit_save_load_sample(polymers: PolymerData, tmp_path: Path) -> None:
    model = FragmentRecombination()
    metrics = list(model.fit(polymers))
    assert metrics[0]["carbon"] > 3
    model.save(tmp_path)
    loaded = FragmentRecombination.load(tmp_path)
    texts = [c.data for c in loaded.sample(50, [HIGH], seed=1)]
    assert texts == [c.data for c in model.sample(50, [HIGH], seed=1)]
    assert texts[:10] == [c.data for c in model.sample(10, [HIGH], seed=1)]
    assert validity(texts) == 1.0


def test_shipped_pieces() -> None:
    model = generator_class("fragment_recombination").load()
    texts = [c.data for c in model.sample(200, seed=0)]
    assert validity(texts) > 0.99
    without = FragmentRecombination.load().sample(100, seed=0, exclude_elements=["F", "N"])
    assert not any("F" in c.data or "N" in c.data for c in without)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no pieces"):
        FragmentRecombination().sample(1)
    with pytest.raises(InvalidRequest, match="sa_score"):
        FragmentRecombination.load().sample(1, [Target(property="sa_score", op="min")])
    with pytest.raises(InvalidRequest, match="-3"):
        FragmentRecombination.load().sample(-3)
    with pytest.raises(InvalidRequest, match="carbon pieces"):
        FragmentRecombination.load().sample(1, exclude_elements=["C"])
    with pytest.raises(Damaged):
        FragmentRecombination.load(tmp_path)
