"""The parts of the polymer predictor: trees, intervals, domain, scores, features, network."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import canonical_psmiles, repeated, variants_of
from ionwright.tools.predictors.conformal import calibrate
from ionwright.tools.predictors.domain import BITS, domain_of, fold, similarities
from ionwright.tools.predictors.polymer_features import (
    DESCRIPTORS,
    chain_of,
    descriptors,
    environments,
)
from ionwright.tools.predictors.polymer_model import features_of
from ionwright.tools.predictors.polymer_network import (
    NetConfig,
    PolymerNet,
    batch_of,
    graph_of,
)
from ionwright.tools.predictors.scores import regression_scores
from ionwright.tools.predictors.trees import forest_from_lightgbm, forest_of

UNITS = ("[*]CCO[*]", "[*]CC(C)OC(=O)NCC[*]", "[*]CC(c1ccccc1)[*]", "[*]c1ccc(OC)cc1[*]")


def test_trees_agree_with_lightgbm():
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    table = rng.normal(size=(500, 8)).astype(np.float32)
    table[:, :3] = np.round(table[:, :3])  # many equal values: thresholds lie between counts
    targets = np.stack([table[:, 0] * table[:, 4], np.sin(table[:, 5]) + table[:, 1]])
    settings = {"verbose": -1, "num_threads": 1, "num_leaves": 15}
    boosters = [lightgbm.train(settings, lightgbm.Dataset(table, y), 30) for y in targets]
    forest = forest_from_lightgbm(boosters)
    fresh = np.concatenate([table, rng.normal(size=(200, 8)).astype(np.float32)])
    expected = np.stack([booster.predict(fresh) for booster in boosters], axis=1)
    np.testing.assert_allclose(forest.predict(fresh), expected, atol=1e-5)
    again = forest_of(forest.arrays())
    np.testing.assert_array_equal(again.predict(fresh), forest.predict(fresh))


@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_intervals_hold_what_they_promise(spread):
    rng = np.random.default_rng(1)
    clues = rng.normal(size=(6000, 2))
    errors = rng.standard_t(3, size=6000) * np.exp(spread * clues[:, 0] / 3)
    known, new = slice(0, 3000), slice(3000, None)
    calibration = calibrate(errors[known], clues[known])
    held = np.abs(errors[new]) <= calibration.half_width(clues[new])
    assert held.mean() == pytest.approx(0.9, abs=0.02)
    hard = clues[new, 0] > 1
    assert held[hard].mean() == pytest.approx(0.9, abs=0.05)


def test_clues_that_say_nothing_get_no_weight():
    rng = np.random.default_rng(2)
    calibration = calibrate(rng.normal(size=5000), rng.normal(size=(5000, 2)))
    assert np.abs(calibration.weights[1:]).max() < 0.05
    assert calibration.half_width(np.zeros((1, 2)))[0] == pytest.approx(1.645, abs=0.08)
    assert calibration.std(np.zeros((1, 2)))[0] == pytest.approx(1, abs=0.05)


def test_domain_falls_with_distance():
    units = [f"[*]{'C' * n}O{'C' * m}N[*]" for n in range(1, 6) for m in range(1, 6)]
    bits = np.stack([fold(environments(chain_of(unit))) for unit in units])
    domain = domain_of(bits, list(range(len(units))), [str(i % 5) for i in range(len(units))])
    near, far = fold(environments(chain_of(units[3]))), fold({7: 1, 11: 1, 13: 1})
    similarity = domain.similarity(np.stack([near, far]))
    assert similarity[0] > similarity[1]
    scores = domain.score(similarity)
    assert scores[0] > 0.9
    assert scores[1] == 0
    assert domain.nearest(near[None], 1)[0][0] == (3, pytest.approx(1.0))


@given(arrays.arrays(np.uint8, (3, BITS), elements=st.integers(0, 1)))
def test_similarity_is_between_0_and_1_and_symmetric(bits):
    table = similarities(bits, bits)
    np.testing.assert_allclose(table, table.T)
    assert ((table >= 0) & (table <= 1)).all()


def test_scores_of_known_numbers():
    scores = regression_scores(
        np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 5]), np.zeros(4), np.full(4, 3.5)
    )
    assert scores["mae"] == 0.25
    assert scores["r2"] == pytest.approx(0.8)
    assert scores["spearman"] == pytest.approx(1)
    assert scores["coverage"] == 0.75


def test_rank_correlation_shares_ranks_of_ties():
    scores = regression_scores(np.array([1.0, 1, 2, 2]), np.array([1.0, 2, 3, 4]))
    assert scores["spearman"] == pytest.approx(0.8944, abs=1e-3)


@pytest.mark.parametrize("unit", UNITS)
def test_features_belong_to_the_chain(unit):
    expected = chain_of(canonical_psmiles(unit))
    for way in variants_of(unit):
        chain = chain_of(way)
        assert environments(chain) == environments(expected)
        np.testing.assert_allclose(descriptors(chain), descriptors(expected), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("unit", UNITS)
def test_environments_of_a_doubled_unit_are_twice_as_many(unit):
    once, twice = environments(chain_of(unit)), environments(chain_of(repeated(unit, 2)))
    assert twice == {key: 2 * count for key, count in once.items()}


def test_descriptors_of_peo():
    found = dict(zip(DESCRIPTORS, descriptors(chain_of("[*]CCO[*]")), strict=True))
    assert found["heavy_atoms"] == 3
    assert found["mass"] == pytest.approx(44.05, abs=0.01)
    assert found["ether"] == 1
    assert found["gap_3"] == 1
    assert found["side_atoms"] == 0
    assert found["rotatable"] == 3


def test_side_chains_are_told_from_the_backbone():
    found = dict(zip(DESCRIPTORS, descriptors(chain_of("[*]CC(OCC)[*]")), strict=True))
    assert found["side_atoms"] == 3
    assert found["branches"] == 1
    assert found["longest_side"] == 3
    assert found["backbone_hetero"] == 0


@pytest.mark.parametrize("text", ["CCO", "[*]CC", "[*]C(", "[*][*]", f"[*]{'C' * 300}[*]"])
def test_what_is_no_repeat_unit_is_refused(text):
    with pytest.raises(InvalidRequest):
        chain_of(text)


def _net() -> PolymerNet:
    torch.manual_seed(0)
    return PolymerNet(NetConfig(descriptors=2, targets=3, hidden=16, layers=3)).eval()


@pytest.mark.parametrize("unit", UNITS)
def test_the_network_sees_the_chain_not_the_unit(unit):
    net, ways = _net(), [*variants_of(unit), repeated(unit, 2), repeated(unit, 3)]
    with torch.no_grad():
        values = [net(batch_of([graph_of(chain_of(way))]), torch.zeros(1, 2))[0] for way in ways]
    for value in values[1:]:
        torch.testing.assert_close(value, values[0], rtol=1e-4, atol=1e-5)


def test_graphs_in_a_batch_do_not_mix():
    net, graphs = _net(), [graph_of(chain_of(unit)) for unit in UNITS]
    with torch.no_grad():
        together, _ = net(batch_of(graphs), torch.zeros(len(UNITS), 2))
        alone = torch.cat([net(batch_of([graph]), torch.zeros(1, 2))[0] for graph in graphs])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@settings(max_examples=50)
@given(st.text(alphabet="CNOF()=1c[*]S", max_size=20))
def test_any_text_gives_features_or_a_clear_refusal(text):
    try:
        features = features_of(canonical_psmiles(text))
    except InvalidRequest:
        return
    assert np.isfinite(features.descriptors).all()
