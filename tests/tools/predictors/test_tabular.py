"""Boosted trees on tables: kept by saving, calibrated on what they have not seen."""

import numpy as np
import pytest

from ionwright.tools.predictors.tabular import (
    Recipe,
    bits_of,
    calibration_of,
    deal,
    fit_model,
    held_out,
    load_tabular,
)

pytest.importorskip("lightgbm")

RECIPE = Recipe(trees=40, leaves=8, members=2)
SYMBOLS = ("Li", "Na", "Fe", "Co", "P", "O", "S", "Cl")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(400, 6)).astype(np.float32)
    labels = table[:, 0] + np.sin(2 * table[:, 1]) + rng.normal(0, 0.3, 400)
    amounts = [
        {s: int(n) for s, n in zip(rng.permutation(SYMBOLS)[:3], (1, 2, 4), strict=True)}
        for _ in range(400)
    ]
    systems = ["-".join(sorted(one)) for one in amounts]
    return table, labels, bits_of(amounts), systems


def test_groups_stay_together_and_folds_are_even(data):
    folds = deal(data[3], 4)
    for system in set(data[3]):
        assert len({f for f, s in zip(folds, data[3], strict=True) if s == system}) == 1
    assert np.bincount(folds).min() > 70


def test_saved_model_predicts_the_same_and_covers(data, tmp_path):
    table, labels, bits, systems = data
    seen = np.arange(400) < 300
    unseen = held_out(table[seen], labels[seen], bits[seen], deal(systems[:300], 4), RECIPE)
    assert np.corrcoef(unseen.value, labels[seen])[0, 1] > 0.8
    calibration = calibration_of([labels[seen]], [unseen])
    shift = labels[seen].mean()
    model = fit_model(
        table[seen], labels[seen] - shift, bits[seen], systems[:300], RECIPE, calibration
    )
    model.save(tmp_path / "kept", {})
    again, _ = load_tabular(tmp_path / "kept")
    one, other = (m.predict(table[~seen], bits[~seen]) for m in (model, again))
    assert other.value == pytest.approx(one.value, abs=5e-3)  # leaves are kept as fp16
    half = again.calibration.half_width(other.clues)
    assert 0.8 < (np.abs(other.value + shift - labels[~seen]) <= half).mean() <= 1
