"""The polymer transformer: training, resuming, saving, sampling, refusing; shipped weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ionwright.generators.base import generator_class
from ionwright.generators.device import has_fast_bf16
from ionwright.generators.molecules.metrics import novelty, uniqueness, validity
from ionwright.generators.molecules.polymer_conditions import CONDITIONS
from ionwright.generators.molecules.polymer_data import PolymerData
from ionwright.generators.molecules.polymer_gpt import SHIPPED, PolymerGPT
from ionwright.generators.molecules.polymer_tokens import BOS
from ionwright.generators.molecules.polymer_training import Recipe
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.psmiles import canonical_psmiles
from ionwright.knowledge.records import Target

New = Callable[[], PolymerGPT]

HIGH = Target(property="ionic_conductivity", op=">=", value=1.23e-4)


@pytest.fixture(scope="module")
def shipped() -> PolymerGPT:
    return PolymerGPT.load()


def test_training_lowers_the_loss(polymers: PolymerData, untrained: New, quick: Recipe) -> None:
    model = untrained()
    metrics = list(model.fit(polymers, steps=40, seed=0, recipe=quick))
    assert [m["step"] for m in metrics] == [float(s) for s in range(10, 41, 10)]
    assert {m["phase"] for m in metrics} == {1.0, 2.0}
    assert metrics[-1]["held_back_loss"] < metrics[0]["held_back_loss"]


def test_a_resumed_training_ends_where_an_unbroken_one_does(
    polymers: PolymerData, untrained: New, quick: Recipe, tmp_path: Path
) -> None:
    whole, broken = untrained(), untrained()
    list(whole.fit(polymers, steps=20, seed=3, recipe=quick))
    for metrics in broken.fit(polymers, steps=20, seed=3, recipe=quick):
        if metrics["step"] == 10:
            break
    broken.save(tmp_path)
    assert (tmp_path / "checkpoint.safetensors").exists()
    resumed = PolymerGPT.load(tmp_path)
    list(resumed.fit(polymers, steps=20, seed=3, recipe=quick))
    assert resumed.step == whole.step == 20
    resumed.save(tmp_path)
    assert not (tmp_path / "checkpoint.safetensors").exists()
    assert whole.network is not None and resumed.network is not None
    for ours, theirs in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_judge_and_test_polymers_are_never_read(
    polymers: PolymerData, untrained: New, quick: Recipe
) -> None:
    others = polymers.of("judge", "test")
    with pytest.raises(InvalidRequest, match="generator split"):
        next(untrained().fit(others, steps=2, recipe=quick))


def test_save_and_load_give_the_same_polymers(tiny: PolymerGPT, tmp_path: Path) -> None:
    tiny.save(tmp_path)
    first, second = PolymerGPT.load(tmp_path), PolymerGPT.load(tmp_path)
    assert [c.data for c in first.sample(20, seed=1)] == [c.data for c in second.sample(20, seed=1)]
    assert first.weights_id.startswith("polymer_gpt@")
    assert first.knots == tiny.knots


def test_cache_gives_the_logits_of_a_full_pass(tiny: PolymerGPT) -> None:
    network = tiny.network
    assert network is not None
    ids = torch.randint(3, network.config.vocab, (4, 12))
    ids[:, 0] = BOS
    mixture = torch.rand(4, len(CONDITIONS), network.config.knots + 1)
    with torch.inference_mode():
        condition = network.condition(mixture)
        full = network(ids, condition)
        cache = network.new_cache(4)
        steps = [network(ids[:, t : t + 1], condition, cache, t)[:, 0] for t in range(12)]
    torch.testing.assert_close(torch.stack(steps, 1), full, atol=1e-4, rtol=1e-4)


def test_fast_bf16_is_known_for_the_cpu() -> None:
    assert isinstance(has_fast_bf16("cpu"), bool)


def test_untrained_models_say_so() -> None:
    with pytest.raises(InvalidRequest, match="untrained"):
        PolymerGPT().sample(1)


def test_registered() -> None:
    assert generator_class("polymer_gpt") is PolymerGPT


def test_shipped_model_is_valid_unique_and_novel(shipped: PolymerGPT) -> None:
    candidates = shipped.sample(300, [HIGH], seed=5)
    texts = [candidate.data for candidate in candidates]
    assert len(candidates) == 300
    assert validity(texts) >= 0.98  # the benchmark states the figures at n = 1,000
    assert uniqueness(texts) >= 0.93
    assert novelty(texts) >= 0.85
    for candidate in candidates:
        assert candidate.material == "polymer"
        assert candidate.encoding == "psmiles"
        assert candidate.provenance.weights == shipped.weights_id
        assert candidate.provenance.inputs["conditions"][0]["property"] == "ionic_conductivity"
        if candidate.checks["valid"]:
            assert canonical_psmiles(candidate.data) == candidate.data


def test_same_seed_same_polymers_and_threads_do_not_matter(shipped: PolymerGPT) -> None:
    few = [c.data for c in shipped.sample(40, [HIGH], seed=7)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if threads > 1 else 2)
    try:
        again = [c.data for c in PolymerGPT.load().sample(40, [HIGH], seed=7)]
    finally:
        torch.set_num_threads(threads)
    assert again == few
    assert [c.data for c in shipped.sample(40, [HIGH], seed=8)] != few


def test_excluded_elements_do_not_occur(shipped: PolymerGPT) -> None:
    texts = [c.data for c in shipped.sample(100, seed=2, exclude_elements=["F", "N", "Cl"])]
    assert not any(letter in text for text in texts for letter in ("F", "N", "n", "Cl"))
    with pytest.raises(InvalidRequest, match="unknown element 'Xx'"):
        shipped.sample(1, exclude_elements=["Xx"])
    with pytest.raises(InvalidRequest, match="carbon"):
        shipped.sample(1, exclude_elements=["C"])


def test_bad_requests_are_refused_by_name(shipped: PolymerGPT) -> None:
    voltage = Target(property="average_voltage", op=">=", value=3)
    with pytest.raises(InvalidRequest, match="average_voltage"):
        shipped.sample(1, [voltage])
    with pytest.raises(InvalidRequest, match="-1"):
        shipped.sample(-1)
    with pytest.raises(InvalidRequest, match="sampling_temperature"):
        shipped.sample(1, sampling_temperature=0)
    assert shipped.sample(0) == []


def test_what_lies_outside_the_training_values_is_noted(shipped: PolymerGPT) -> None:
    far = Target(property="ionic_conductivity", op=">=", value=1.0)
    assert "above all training values" in shipped.sample(1, [far])[0].notes[0]
    assert shipped.sample(1, [HIGH])[0].notes == ()


def test_conditions_steer(shipped: PolymerGPT) -> None:
    def mean_length(op: str) -> float:
        target = Target(property="sa_score", op=op)
        return float(np.mean([len(c.data) for c in shipped.sample(100, [target], seed=3)]))

    assert mean_length("min") < mean_length("max")  # easy to make is short and plain


def test_damaged_or_missing_weights(shipped: PolymerGPT, tmp_path: Path) -> None:
    with pytest.raises(Damaged):
        PolymerGPT.load(tmp_path)
    shipped.save(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(Damaged, match="checksum"):
        PolymerGPT.load(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(Damaged):
        PolymerGPT.load(tmp_path)


def test_shipped_files_are_small() -> None:
    for file in SHIPPED.iterdir():
        assert file.stat().st_size < 4 * 2**20, file.name
    assert {"model.safetensors", "config.json", "card.md", "metrics.json"} <= {
        file.name for file in SHIPPED.iterdir()
    }
