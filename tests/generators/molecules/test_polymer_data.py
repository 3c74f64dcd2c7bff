"""Loading and cleaning polymers, known polymers, conditions, figures."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.generators.molecules import metrics
from ionwright.generators.molecules.polymer_conditions import Knots, draw_conditions
from ionwright.generators.molecules.polymer_data import (
    LABELLED_FILE,
    UNLABELLED_FILE,
    is_known,
    known_polymers,
    load_polymers,
    save_known,
)
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.records import Target

HEAD = (
    "mol_smiles,conductivity,transference_number,li_diffusivity,tfsi_diffusivity,poly_diffusivity"
)
DATA = Path(os.environ.get("IONWRIGHT_DATA", Path(__file__).parents[4] / "shared" / "data"))


def folder(tmp_path: Path, rows: list[str], unlabelled: list[str]) -> Path:
    file = tmp_path / "molecules" / LABELLED_FILE
    file.parent.mkdir(parents=True)
    file.write_text("\n".join([HEAD, *rows]) + "\n")
    other = tmp_path / "molecules" / UNLABELLED_FILE
    other.parent.mkdir(parents=True)
    with gzip.open(other, "wt") as lines:
        lines.write("\n".join([",SMILES", *(f"{i},{s}" for i, s in enumerate(unlabelled))]))
    return tmp_path


def test_duplicates_are_merged_and_bad_rows_counted(tmp_path: Path) -> None:
    values = "0.2,1e-8,2e-8,3e-8"
    rows = [
        f"[Cu]CCO[Au],1e-5,{values}",
        f"[Cu]COC[Au],1e-3,{values}",
        f"[Cu]CCN[Au],-1,{values}",
        f"CCN,1e-4,{values}",
    ]
    unlabelled = [
        "[Mg]CC([Mg])C",
        "[Mg]C(C)C[Mg]",
        "[Mg]CCO[Mg]",
        "CCC",
        "[Mg]" + "C" * 90 + "N[Mg]",
    ]
    data = load_polymers(folder(tmp_path, rows, unlabelled))
    (polymer,) = data.labelled
    assert polymer.psmiles == "[*]CCO[*]"
    assert polymer.rows == 2
    assert polymer.ionic_conductivity == pytest.approx(1e-4)  # median of the logarithms
    assert data.unlabelled == ["[*]CC(C)[*]"]
    assert sum(data.left_out.values()) == 6
    assert data.known() == ["[*]CC(C)[*]", "[*]CCO[*]"]


def test_missing_data_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="htp_md"):
        load_polymers(tmp_path)
    folder(tmp_path, [], [])
    (tmp_path / "molecules" / LABELLED_FILE).write_text("mol_smiles,conductivity\n")
    with pytest.raises(InvalidRequest, match="li_diffusivity"):
        load_polymers(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the public data are not at hand")
def test_the_split_of_the_public_data_is_balanced() -> None:
    data = load_polymers(DATA)
    assert len(data.labelled) == 6025
    assert len(data.unlabelled) == 46456
    shares = {s: len(data.of(s)) / 6025 for s in ("generator", "judge", "test")}  # type: ignore[arg-type]
    assert shares == pytest.approx({"generator": 0.55, "judge": 0.30, "test": 0.15}, abs=0.02)
    logs = [
        np.log10([p.ionic_conductivity for p in data.of(s)])  # type: ignore[arg-type]
        for s in shares
    ]
    for values in logs:
        assert np.mean(values) == pytest.approx(np.mean(np.concatenate(logs)), abs=0.05)
        assert np.std(values) == pytest.approx(np.std(np.concatenate(logs)), abs=0.05)


def test_known_polymers(tmp_path: Path) -> None:
    assert is_known("[*]CCO[*]")
    assert not is_known("[*]CCOCCCOCC(CCC#N)SCCCOCO[*]")
    assert len(known_polymers()) > 52_000
    save_known(["[*]CCS[*]", "[*]CCS[*]"], tmp_path)
    assert len(known_polymers(tmp_path)) == 1
    with pytest.raises(Damaged):
        known_polymers(tmp_path / "none")


KNOTS = Knots.of(np.linspace(-6, -3, 200), 8)


@given(value=st.floats(-12, 3))
def test_mixtures_sum_to_one_and_keep_the_order(value: float) -> None:
    mixture = KNOTS.mixture(np.asarray([value, np.nan]))
    assert mixture.sum(1) == pytest.approx([1, 1])
    assert mixture[1, -1] == 1
    clipped = np.clip(value, -6, -3)
    assert mixture[0, :-1] @ np.asarray(KNOTS.values) == pytest.approx(clipped, abs=1e-4)


def test_classes_are_two_hard_levels() -> None:
    classes = Knots.classes(np.linspace(-6, -3, 200), -4.0, 8)
    low, high = classes.mixture(np.asarray([-4.01, -3.99]))
    assert low[0] == 1
    assert high[1] == 1


@pytest.mark.parametrize(
    ("op", "value", "low", "high"),
    [
        (">=", 1e-4, -3.51, -3.0),
        ("<=", 1e-5, -6.0, -5.49),
        ("=", 1e-4, -4.1, -3.9),
        ("between", (1e-5, 1e-4), -5.0, -4.0),
        ("max", None, -3.1, -3.0),
        ("min", None, -6.0, -5.9),
        (">=", 1.0, -3.0, -3.0),
        (">=", 0.0, -6.0, -3.0),
    ],
)
def test_targets_become_values(op: str, value: object, low: float, high: float) -> None:
    target = Target.model_validate({"property": "ionic_conductivity", "op": op, "value": value})
    drawn, notes = draw_conditions({"ionic_conductivity": KNOTS}, [target], 50, 0)
    values = drawn["ionic_conductivity"]
    assert values.min() >= low - 1e-6
    assert values.max() <= high + 1e-6
    assert bool(notes) == (value == 1.0)


def test_report_asks_for_nothing_and_two_targets_intersect() -> None:
    def drawn(*targets: Target) -> np.ndarray:
        return draw_conditions({"ionic_conductivity": KNOTS}, targets, 20, 0)[0][
            "ionic_conductivity"
        ]

    report = Target(property="ionic_conductivity", op="report")
    assert np.isnan(drawn(report)).all()
    low = Target(property="ionic_conductivity", op="between", value=(1e-5, 1e-4))
    high = Target(property="ionic_conductivity", op="between", value=(5e-5, 1e-3))
    assert drawn(low, high).min() >= np.log10(5e-5) - 1e-6
    assert drawn(low, high).max() <= -4.0 + 1e-6


def test_figures() -> None:
    texts = ["[*]CCO[*]", "[*]OCC[*]", "[*]CC", "[*]CCOCCCOCC(CCC#N)SCCCOCO[*]"]
    assert metrics.validity(texts) == 0.75
    assert metrics.uniqueness(texts) == pytest.approx(2 / 3)
    assert metrics.novelty(texts) == 0.5
    assert metrics.nearest_similarity(["[*]COC[*]"], ["[*]CCO[*]", "[*]CCS[*]"]) == [1.0]
    assert metrics.internal_diversity(["[*]CCO[*]"]) == 0.0
    assert 0 < metrics.internal_diversity(["[*]CCO[*]", "[*]CC(C)S[*]"]) <= 1
    assert metrics.validity([]) == metrics.uniqueness([]) == metrics.novelty([]) == 0.0


def test_sa_score_is_of_the_polymer_not_of_its_text() -> None:
    assert metrics.sa_score("[*]COC[*]") == metrics.sa_score("[*]CCO[*]")
    assert 1 <= metrics.sa_score("[*]CCO[*]") <= 10
    assert metrics.sa_score("[*]=C=[*]") > 0
    with pytest.raises(InvalidRequest):
        metrics.sa_score("CCO")
