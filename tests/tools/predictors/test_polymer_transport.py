"""The shipped predictor of polymer transport: physics, promises and refusals."""

import json
import shutil

import numpy as np
import pytest

from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.psmiles import psmiles_hash
from ionwright.knowledge.records import Candidate, Provenance
from ionwright.tools.predictors.polymer_transport import FOLDER, PolymerTransport

MADE = Provenance(source="user", version="1")
UNITS = ["[*]CCO[*]", "[*]CCOC(=O)O[*]", "[*]CC(C)OC(=O)NCC[*]", "[*]CC(c1ccccc1)[*]"]
VARIANTS = ("product", "judge")


def polymer(psmiles: str) -> Candidate:
    return Candidate(material="polymer", encoding="psmiles", data=psmiles, provenance=MADE)


@pytest.fixture(scope="module", params=VARIANTS)
def predictor(request) -> PolymerTransport:
    return PolymerTransport.load(request.param)


def test_product_and_judge_are_different_models():
    product, judge = (PolymerTransport.load(v).predict([polymer(UNITS[0])])[0] for v in VARIANTS)
    assert product[0].value != judge[0].value
    assert product[0].provenance.weights != judge[0].provenance.weights


def test_values_are_physical(predictor):
    for quantities in predictor.predict([polymer(unit) for unit in UNITS]):
        by_key = {q.property: q for q in quantities}
        assert by_key["transference_number"].interval[0] >= 0
        assert by_key["transference_number"].interval[1] <= 1
        for key in ("ionic_conductivity", "li_diffusivity", "anion_diffusivity"):
            assert 0 < by_key[key].interval[0] < by_key[key].value < by_key[key].interval[1]
        assert {q.temperature for q in quantities} == {353.0}


def test_ethers_conduct_better_than_polystyrene(predictor):
    peo, polystyrene = (
        q[0].value for q in predictor.predict([polymer(UNITS[0]), polymer(UNITS[3])])
    )
    assert peo > 2 * polystyrene


def test_foreign_chemistry_is_out_of_domain(predictor):
    foreign = predictor.predict([polymer("[*][Sn](C)(C)[*]"), polymer("[*]CC(F)(F)[*]")])
    assert max(q.in_domain for quantities in foreign for q in quantities) < 0.1


@pytest.mark.parametrize("temperature", [None, 350.0, 353.0, 353.15, 356.0])
def test_the_temperature_of_the_data_is_accepted(predictor, temperature):
    assert predictor.predict([polymer(UNITS[0])], temperature=temperature)[0]


@pytest.mark.parametrize("temperature", [298.0, 349.9, 400.0, float("nan"), float("inf"), -1.0])
def test_other_temperatures_are_refused_by_name(predictor, temperature):
    with pytest.raises(InvalidRequest, match="353 K"):
        predictor.predict([polymer(UNITS[0])], temperature=temperature)


def test_arrays_hold_the_same_numbers(predictor):
    value, low, high, domain = predictor.predict_arrays(UNITS)
    quantities = predictor.predict([polymer(unit) for unit in UNITS])
    np.testing.assert_allclose(value, [[q.value for q in row] for row in quantities])
    np.testing.assert_allclose(low, [[q.interval[0] for q in row] for row in quantities])
    np.testing.assert_allclose(high, [[q.interval[1] for q in row] for row in quantities])
    np.testing.assert_allclose(domain, [row[0].in_domain for row in quantities])
    assert len(predictor.predict_arrays([])[0]) == 0


def test_nearest_training_polymers(predictor):
    near = predictor.nearest("[*]CCOC(=O)O[*]", 3)
    assert len(near) == 3
    assert [s for _, s in near] == sorted((s for _, s in near), reverse=True)
    assert 0 < near[0][1] <= 1
    assert psmiles_hash("[*]CCO[*]") != near[0][0]


def test_an_unknown_variant_is_refused():
    with pytest.raises(InvalidRequest, match="product, judge"):
        PolymerTransport.load("best")


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(Damaged, match=r"config\.json"):
        PolymerTransport.load(tmp_path / "nothing")


def test_flipped_bytes_are_noticed(tmp_path):
    folder = shutil.copytree(FOLDER / "polymer_transport_judge", tmp_path / "weights")
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-100] ^= 0xFF
    (folder / "model.safetensors").write_bytes(bytes(content))
    with pytest.raises(Damaged, match="checksum"):
        PolymerTransport.load(folder)


def test_a_config_that_lacks_a_part_is_named(tmp_path):
    folder = shutil.copytree(FOLDER / "polymer_transport_judge", tmp_path / "weights")
    config = json.loads((folder / "config.json").read_text())
    del config["scaler"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(Damaged, match="scaler"):
        PolymerTransport.load(folder)


@pytest.mark.parametrize("folder", ["polymer_transport", "polymer_transport_judge"])
def test_shipped_files_are_small_and_complete(folder):
    names = {path.name for path in (FOLDER / folder).iterdir()}
    assert names == {"model.safetensors", "config.json", "card.md", "metrics.json"}
    assert all(path.stat().st_size < 4 * 2**20 for path in (FOLDER / folder).iterdir())


@pytest.mark.parametrize("folder", ["polymer_transport", "polymer_transport_judge"])
def test_measured_coverage_is_near_what_is_promised(folder):
    metrics = json.loads((FOLDER / folder / "metrics.json").read_text())
    for figures in metrics["properties"].values():
        figures = figures.get("uncut", figures)
        assert 0.85 <= figures["coverage"] <= 0.95
