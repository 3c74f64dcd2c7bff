"""The learned screen of insertion electrodes and the parts of the computed one."""

from itertools import pairwise

import numpy as np
import pytest
from pymatgen.core import Composition, Structure

from ionwright.knowledge.crystals import crystal_candidate
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance, Quantity
from ionwright.knowledge.vocabulary import property_of
from ionwright.tools.predictors.electrode_features import features_of, names
from ionwright.tools.predictors.electrode_model import Question
from ionwright.tools.predictors.electrode_potential import curve_of, voltage_curve
from ionwright.tools.predictors.electrode_redox import pair_of
from ionwright.tools.predictors.electrodes import InsertionElectrode
from ionwright.tools.predictors.electrodes_relaxed import combined, with_potential
from ionwright.tools.predictors.potential import Failed
from tests.tools.predictors.electrode_crystals import (
    lithium_cobalt_oxide,
    olivine,
    quartz,
    spinel,
    titanium_disulfide,
)

MADE = Provenance(source="user", version="1")


def candidate(structure: Structure, **inputs) -> Candidate:
    return crystal_candidate(structure, provenance=MADE.model_copy(update={"inputs": inputs}))


@pytest.fixture(scope="module")
def predictor() -> InsertionElectrode:
    return InsertionElectrode.load()


def values(quantities: list[Quantity]) -> dict[str, float]:
    return {q.property: q.value for q in quantities}


def test_known_cathodes_come_out_as_they_are(predictor):
    found = predictor.predict(
        [candidate(s()) for s in (olivine, lithium_cobalt_oxide, spinel, titanium_disulfide)]
    )
    phosphate, cobalt, manganese, sulfide = (values(one) for one in found)
    assert phosphate["average_voltage"] == pytest.approx(3.45, abs=0.4)
    assert phosphate["capacity_grav"] == pytest.approx(170, abs=1)
    assert phosphate["capacity_vol"] == pytest.approx(170 * 3.6, abs=20)
    assert phosphate["max_delta_volume"] == pytest.approx(7, abs=4)
    assert cobalt["average_voltage"] == pytest.approx(4.0, abs=0.6)
    assert cobalt["capacity_grav"] == pytest.approx(274, abs=1)
    assert manganese["average_voltage"] == pytest.approx(4.0, abs=0.5)
    assert sulfide["capacity_grav"] == pytest.approx(225, abs=1)
    for quantities, density_functional in zip(found, (3.45, 3.8, 4.0, 1.9), strict=True):
        low, high = quantities[0].interval
        assert low <= density_functional <= high


def test_energies_are_voltage_times_capacity(predictor):
    figures = values(predictor.predict([candidate(olivine())])[0])
    for kind in ("grav", "vol"):
        product = figures["average_voltage"] * figures[f"capacity_{kind}"]
        assert figures[f"energy_{kind}"] == pytest.approx(product)


def test_quantities_are_complete(predictor):
    quantities = predictor.predict([candidate(olivine())])[0]
    assert tuple(q.property for q in quantities) == predictor.properties
    for q in quantities:
        assert q.unit == property_of(q.property).unit_for("crystal")
        low, high = property_of(q.property).range
        assert low <= q.value <= high
        assert q.in_domain is not None
        assert q.method in ("predicted", "computed")
        if q.method == "predicted":
            assert q.interval[0] <= q.value <= q.interval[1]
            assert q.std > 0
    voltage = quantities[0]
    assert voltage.reference_electrode == "Li/Li+"
    inputs = voltage.provenance.inputs
    assert inputs["charged_formula"] == "FePO4"
    assert inputs["ions_moved_per_formula"] == 1
    assert inputs["oxidation_states_discharged"] == {"Fe": 2.0}
    assert inputs["oxidation_states_charged"] == {"Fe": 3.0}


def test_neither_cell_nor_orientation_matters(predictor):
    cell = olivine()
    large = cell.copy()
    large.make_supercell([1, 2, 1])
    turned = Structure(cell.lattice.matrix[[1, 2, 0]], cell.species, cell.frac_coords[:, [1, 2, 0]])
    first, *others = (
        values(q) for q in predictor.predict([candidate(s) for s in (cell, large, turned)])
    )
    for other in others:
        assert other == pytest.approx(first, rel=1e-4)


def test_a_batch_gives_what_one_by_one_gives(predictor):
    asked = [candidate(s()) for s in (olivine, quartz, spinel)]
    together = predictor.predict(asked)
    assert together[1] == []
    for one, quantities in zip(asked, together, strict=True):
        assert values(predictor.predict([one])[0]) == pytest.approx(values(quantities), rel=1e-5)


def test_no_electrode_no_quantities_but_a_reason(predictor):
    glass, molecule, broken = (
        candidate(quartz()),
        Candidate(material="molecule", encoding="smiles", data="CCO", provenance=MADE),
        Candidate(material="crystal", encoding="cif", data="data_x", provenance=MADE),
    )
    assert predictor.predict([glass, molecule, broken]) == [[], [], []]
    assert "redox" in predictor.reason(glass)
    assert "not a crystal" in predictor.reason(molecule)
    assert predictor.reason(broken)
    assert predictor.reason(candidate(olivine())) == ""


def test_the_working_ion_can_be_asked_for(predictor):
    host = titanium_disulfide()
    by_provenance = predictor.predict([candidate(host, working_ion="Na")])[0]
    by_argument = predictor.for_ion("Na").predict([candidate(host)])[0]
    assert values(by_provenance) == values(by_argument)
    assert by_argument[0].reference_electrode == "Na/Na+"
    lithium = values(predictor.predict([candidate(host)])[0])
    assert values(by_argument)["average_voltage"] < lithium["average_voltage"]
    with pytest.raises(InvalidRequest, match="allowed"):
        predictor.for_ion("Xx")


def test_an_energy_above_the_hull_lowers_the_voltage_of_a_discharged_crystal(predictor):
    plain = candidate(olivine())
    energies = [
        plain.with_quantities(
            [
                Quantity(
                    property="energy_above_hull",
                    value=value,
                    unit="eV/atom",
                    method="computed",
                    provenance=MADE,
                )
            ]
        )
        for value in (0.0, 0.1)
    ]
    stable, unstable = (values(q)["average_voltage"] for q in predictor.predict(energies))
    assert unstable < stable - 0.1  # 7 atoms for each electron, in part undone by the charged end


def test_features_are_finite_and_independent_of_the_amount():
    one = pair_of(Composition("FePO4"), Composition("LiFePO4"), "Li")
    four = pair_of(Composition("Fe4P4O16"), Composition("Li4Fe4P4O16"), "Li")
    features = features_of(one, 73.0)
    assert features.shape == (len(names()),)
    assert np.isfinite(features).all()
    assert features_of(four, 4 * 73.0) == pytest.approx(features)


def test_pairs_without_a_crystal(predictor):
    pair = pair_of(Composition("FePO4"), Composition("LiFePO4"), "Li")
    both = predictor.predict_questions([Question(pair, 73.0, 0.0, 0.0), Question(pair, 73.0)])
    assert both.voltage[0] == pytest.approx(3.45, abs=0.4)
    assert both.voltage_std[0] < both.voltage_std[1]


def test_own_predictions_are_perfect(predictor):
    asked = [candidate(olivine()), candidate(spinel())]
    labelled = [(one, values(q)) for one, q in zip(asked, predictor.predict(asked), strict=True)]
    scores = predictor.evaluate(labelled)
    assert all(scores[f"{key}.mae"] == pytest.approx(0, abs=1e-6) for key in predictor.properties)
    assert predictor.evaluate([])["average_voltage.n"] == 0


def test_the_curve_follows_the_lower_hull():
    # one ion more costs -4, -3 (below the hull's line), -3.5 eV; the second is skipped
    curve = curve_of([(0, 0.0), (1, -4.0), (2, -7.0), (3, -10.5)], 0.0, 1)
    assert curve == [
        (pytest.approx(1 / 3), pytest.approx(4.0)),
        (pytest.approx(1), pytest.approx(3.25)),
    ]
    assert curve_of([(0, 0.0), (2, -8.0)], -1.0, 2) == [(1.0, 1.5)]


def test_the_mean_over_the_curve_is_the_average_voltage():
    points = [(0, 0.0), (1, -4.0), (2, -7.7), (4, -14.0)]
    curve = curve_of(points, -0.5, 1)
    shares = np.diff([0.0, *(x for x, _ in curve)])
    assert shares @ [v for _, v in curve] == pytest.approx(14.0 / 4 - 0.5)
    assert all(a[1] > b[1] for a, b in pairwise(curve))


def test_combining_without_calibration_gives_the_potentials_own_voltage():
    assert combined(3.0, 3.4, None).value == 3.4
    assert combined(3.0, 3.4, None).interval is None


@pytest.mark.slow
def test_computed_olivine():
    result, nothing = with_potential([candidate(olivine()), candidate(quartz())])
    assert isinstance(nothing, Failed)
    figures = {q.property: q for q in result.quantities}
    assert result.ends.voltage == pytest.approx(3.4, abs=0.25)
    assert figures["average_voltage"].value == pytest.approx(3.45, abs=0.3)
    assert figures["max_delta_volume"].value == pytest.approx(7, abs=3)
    assert figures["capacity_grav"].value == pytest.approx(170, abs=1)
    assert figures["capacity_vol"].value == pytest.approx(600, abs=40)
    assert result.discharged_above_hull.value < 0.1


@pytest.mark.slow
def test_computed_curve_falls():
    curve = voltage_curve(lithium_cobalt_oxide(), steps=2)
    shares, volts = zip(*curve, strict=True)
    assert shares[-1] == 1
    assert list(volts) == sorted(volts, reverse=True)
    assert 2.5 < min(volts) < max(volts) < 5
