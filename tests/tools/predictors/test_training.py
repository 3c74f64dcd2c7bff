"""The recipe on a small made-up data set: reads, trains, saves, and what is loaded agrees."""

import csv
import itertools
from collections import Counter

import numpy as np
import pytest

from ionwright.knowledge.errors import InvalidRequest
from ionwright.tools.predictors.compare_polymer_transport import mean_baseline, neighbours
from ionwright.tools.predictors.polymer_model import TARGETS, load_model
from ionwright.tools.predictors.polymer_transport import PolymerTransport
from ionwright.tools.predictors.train_polymer_transport import (
    COLUMNS,
    Labelled,
    Recipe,
    folds_of,
    of_splits,
    read_labelled,
    train,
)

SMALL = Recipe(hidden=8, layers=1, epochs=1, batch=16, trees=3, leaves=4)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "md.csv"
    ends = ("C(=O)O", "C(=O)N", "O", "NC")
    rng = np.random.default_rng(0)
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, ["mol_smiles", *COLUMNS.values()])
        writer.writeheader()
        for a, b, c, end in itertools.product(range(1, 4), range(1, 4), ("O", "N", "S"), ends):
            row = dict(zip(COLUMNS.values(), 10 ** rng.normal(-7, 0.2, 5), strict=True))
            unit = f"[Cu]{'C' * a}{c}{'C' * b}(C){end}[Au]".replace("C(C)N", "CN")
            writer.writerow({"mol_smiles": unit, **row})
    return path


@pytest.fixture(scope="module")
def data(table) -> Labelled:
    return read_labelled(table)


def test_labels_are_logarithms_and_units_are_canonical(data):
    assert all(text.startswith("[*]") for text in data.psmiles)
    assert len(set(data.psmiles)) == len(data.psmiles)
    assert data.labels.shape == (len(data.psmiles), len(TARGETS))
    assert data.labels[:, TARGETS.index("ionic_conductivity")].mean() == pytest.approx(-7, abs=0.3)
    assert abs(data.labels[:, TARGETS.index("transference_number")]).max() < 1e-5


def test_a_table_without_labels_is_refused(tmp_path):
    (tmp_path / "md.csv").write_text("mol_smiles\n[Cu]CCO[Au]\n")
    with pytest.raises(InvalidRequest, match="conductivity"):
        read_labelled(tmp_path / "md.csv")


def test_splits_share_nothing(data):
    parts = [set(of_splits(data, (s,)).psmiles) for s in ("generator", "judge", "test")]
    assert sum(len(part) for part in parts) == len(data.psmiles)
    assert not any(a & b for a, b in itertools.combinations(parts, 2))


def test_folds_keep_scaffolds_whole_and_are_of_like_size():
    scaffolds = [f"s{n % 17}" for n in range(500)]
    folds = folds_of(scaffolds)
    assert all(len({f for f, s in zip(folds, scaffolds, strict=True) if s == one}) == 1
               for one in set(scaffolds))  # fmt: skip
    sizes = Counter(folds.tolist())
    assert max(sizes.values()) - min(sizes.values()) <= 30


def test_baselines(data):
    known, new = data.part(np.arange(60)), data.part(np.arange(60, len(data.psmiles)))
    mean = mean_baseline(known, known.labels, new)
    np.testing.assert_allclose(mean[0], known.labels.mean(0))
    near = neighbours(known, known.labels, known.part(np.arange(5)))
    assert np.abs(near - known.labels[:5]).mean() < np.abs(mean[:5] - known.labels[:5]).mean()
    assert neighbours(known, known.labels, new).shape == new.labels.shape


@pytest.fixture(scope="module")
def trained(data):
    pytest.importorskip("lightgbm")
    return train(data, SMALL)[0]


def test_the_recipe_is_deterministic(data, trained):
    again, _ = train(data, SMALL)
    features = data.features()[:20]
    np.testing.assert_array_equal(trained.predict(features).value, again.predict(features).value)


def test_what_is_saved_is_loaded(data, trained, tmp_path):
    trained.save(tmp_path, {"variant": "small"})
    loaded, config = load_model(tmp_path)
    assert config["variant"] == "small"
    features = data.features()
    before, after = trained.predict(features), loaded.predict(features)
    np.testing.assert_allclose(after.value, before.value, atol=0.01)  # fp16 on disk
    np.testing.assert_allclose(after.similarity, before.similarity)
    values, low, high, domain = PolymerTransport.load(tmp_path).predict_arrays(data.psmiles)
    assert ((low <= values) & (values <= high)).all()
    assert ((domain >= 0) & (domain <= 1)).all()
