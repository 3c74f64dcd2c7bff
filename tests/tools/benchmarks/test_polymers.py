"""The polymer benchmark on a handful of samples, and its committed result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ionwright.generators.molecules.metrics import validity
from ionwright.generators.molecules.polymer_gpt import PolymerGPT
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Target
from ionwright.tools.benchmarks.polymers import naive_sample, one_thread, run
from ionwright.tools.benchmarks.published_polygen import PublishedPolyGen

RESULT = Path(__file__).parents[3] / "docs" / "results" / "polymers.json"


@pytest.mark.slow
def test_rows_are_complete_and_json() -> None:
    rows = json.loads(json.dumps(run(n=30, seed=1)["rows"]))
    assert [row["generator"] for row in rows] == [
        "polymer_gpt, high",
        "polymer_gpt, unconditioned",
        "fragments, high",
        "fragments",
    ]
    for row in rows:
        assert 0 <= row["above_class"] <= 1
        assert row["valid"] > 0.9
    assert rows[0]["times_naive"] > 1


def test_the_committed_result_meets_the_targets() -> None:
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    ours = result["rows"][0]
    assert result["n"] == 1000
    assert ours["valid"] >= 0.99
    assert ours["unique"] >= 0.95
    assert ours["novel"] >= 0.90
    assert ours["above_class"] >= 0.40
    shown = json.loads((PolymerGPT.weights / "metrics.json").read_text(encoding="utf-8"))
    assert shown["headline"]["valid_per_second"] == ours["valid_per_second"]


def test_naive_sampler_writes_polymers() -> None:
    target = Target(property="ionic_conductivity", op="max", unit="S/cm")
    texts = naive_sample(PolymerGPT.load(), target, 3, seed=0)
    assert len(texts) == 3
    assert validity(texts) > 0.5


def test_one_thread_is_given_back() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_missing_checkpoint_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="published"):
        PublishedPolyGen(tmp_path)
