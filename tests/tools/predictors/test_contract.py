"""What every predictor must keep, ours and third parties'."""

import pytest

from ionwright.knowledge.convert import candidate_from_text
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import repeated, variants_of
from ionwright.knowledge.records import Candidate, Provenance, Quantity
from ionwright.knowledge.vocabulary import property_of
from ionwright.tools.predictors.base import predictor_for, predictors

MADE = Provenance(source="user", version="1")
POLYMERS = ("[*]CCO[*]", "[*]CC(C)OC(=O)O[*]", "[*]NCCOC(=O)C(C)C[*]", "[*]CC(c1ccc(F)cc1)[*]")
CRYSTALS = ("LiCoO2", "LiCrO2")  # electrodes that conduct ions: every crystal predictor has a word
MOLECULES = ("CCO", "C1COC(=O)O1", "COCCOC", "CC#N")
REWRITTEN = {"CCO": "OCC", "C1COC(=O)O1": "O=C1OCCO1", "COCCOC": "C(COC)OC", "CC#N": "N#CC"}
BROKEN = {
    "polymer": ("CCO", "[*]CC", "[*]C(", "no polymer", "[*]C([*])[*]"),
    "molecule": ("C(", "[*]CC[*]", "no molecule", "c1ccc"),
    "crystal": ("", "no crystal", "data_x\n_cell_length_a 3"),
}


def candidate(material: str, data: str) -> Candidate:
    encoding = {"polymer": "psmiles", "crystal": "cif"}.get(material, "smiles")
    return Candidate(material=material, encoding=encoding, data=data, provenance=MADE)


def numbers(quantities: list[Quantity]) -> list[tuple]:
    return [(q.property, q.value, q.std, q.interval, q.in_domain) for q in quantities]


def same(left: list[Quantity], right: list[Quantity]) -> bool:
    flat = [
        [(q.value, q.std or 0, *(q.interval or ()), q.in_domain or 0) for q in side]
        for side in (left, right)
    ]
    return len(left) == len(right) and all(
        a == pytest.approx(b, rel=1e-4, abs=1e-12) for a, b in zip(*flat, strict=True)
    )


@pytest.fixture(params=predictors(), ids=lambda cls: cls.name)
def predictor(request):
    return request.param.shared()


def known(predictor) -> list[Candidate]:
    """Candidates of each material that the predictor says it takes."""
    texts = {"polymer": POLYMERS, "molecule": MOLECULES}
    crystals = CRYSTALS if "crystal" in predictor.materials else ()
    return [
        *(candidate(m, t) for m in predictor.materials if m in texts for t in texts[m]),
        *(candidate_from_text(formula, version="1") for formula in crystals),
    ]


def test_there_are_the_built_in_ones():
    assert {"polymer_transport", "synthetic_accessibility", "composition"} <= {
        cls.name for cls in predictors()
    }


def test_predicts_each_property_in_its_unit(predictor):
    for asked, quantities in zip(
        known(predictor), predictor.predict(known(predictor)), strict=True
    ):
        assert tuple(q.property for q in quantities) == predictor.properties
        for quantity in quantities:
            assert quantity.unit == property_of(quantity.property).unit_for(asked.material)
            assert asked.material in property_of(quantity.property).materials


def test_doubt_is_well_formed(predictor):
    for quantities in predictor.predict(known(predictor)):
        for q in quantities:
            if q.interval is not None:
                assert q.interval[0] <= q.value <= q.interval[1]
            assert q.std is None or q.std > 0
            assert q.in_domain is None or 0 <= q.in_domain <= 1
            # a learned value without an interval would be a value without doubt
            assert q.method != "predicted" or (q.interval and q.in_domain is not None)


def test_values_are_plausible(predictor):
    for quantities in predictor.predict(known(predictor)):
        for q in quantities:
            low, high = property_of(q.property).range
            assert low <= q.value <= high


def test_provenance_names_the_predictor(predictor):
    for quantities in predictor.predict(known(predictor)):
        for q in quantities:
            assert q.provenance.source == f"tools/predictors/{predictor.name}"
            assert q.method != "predicted" or "@" in (q.provenance.weights or "")


def test_a_batch_gives_what_one_by_one_gives(predictor):
    asked = known(predictor)
    together = predictor.predict(asked)
    for one, quantities in zip(asked, together, strict=True):
        assert same(predictor.predict([one])[0], quantities)


def test_same_call_same_numbers(predictor):
    first, second = predictor.predict(known(predictor)), predictor.predict(known(predictor))
    assert [numbers(q) for q in first] == [numbers(q) for q in second]


def test_order_does_not_matter(predictor):
    asked = known(predictor)
    backwards = predictor.predict(asked[::-1])[::-1]
    for left, right in zip(predictor.predict(asked), backwards, strict=True):
        assert same(left, right)


@pytest.mark.parametrize("unit", POLYMERS)
def test_polymers_do_not_depend_on_how_the_unit_is_written(predictor, unit):
    if "polymer" not in predictor.materials:
        pytest.skip("takes no polymers")
    expected = predictor.predict([candidate("polymer", unit)])[0]
    ways = [*variants_of(unit), repeated(unit, 2), repeated(unit, 3)]
    for quantities in predictor.predict([candidate("polymer", way) for way in ways]):
        assert same(quantities, expected)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_molecules_do_not_depend_on_how_they_are_written(predictor, smiles):
    if "molecule" not in predictor.materials:
        pytest.skip("takes no molecules")
    one, other = (candidate("molecule", text) for text in (smiles, REWRITTEN[smiles]))
    assert same(*predictor.predict([one, other]))


def test_json_round_trip(predictor):
    for asked, quantities in zip(
        known(predictor), predictor.predict(known(predictor)), strict=True
    ):
        record = asked.with_quantities(quantities)
        assert Candidate.model_validate_json(record.model_dump_json()) == record


def test_unreadable_candidates_have_no_quantities(predictor):
    asked = [candidate(m, text) for m in predictor.materials for text in BROKEN.get(m, ())]
    assert predictor.predict(asked) == [[] for _ in asked]


def test_unreadable_candidates_do_not_harm_their_neighbours(predictor):
    for material in predictor.materials:
        if material not in BROKEN:
            continue
        good = next(c for c in known(predictor) if c.material == material)
        mixed = predictor.predict([candidate(material, BROKEN[material][0]), good])
        assert mixed[0] == []
        assert same(mixed[1], predictor.predict([good])[0])


def test_other_materials_have_no_quantities(predictor):
    crystal = Candidate(material="crystal", encoding="cif", data="data_x", provenance=MADE)
    if "crystal" not in predictor.materials:
        assert predictor.predict([crystal]) == [[]]


def test_nothing_in_nothing_out(predictor):
    assert predictor.predict([]) == []


def test_evaluates_its_own_predictions_as_perfect(predictor):
    asked = known(predictor)
    labelled = [
        (one, {q.property: q.value for q in quantities})
        for one, quantities in zip(asked, predictor.predict(asked), strict=True)
    ]
    scores = predictor.evaluate(labelled)
    for key in predictor.properties:
        assert scores[f"{key}.mae"] == pytest.approx(0, abs=1e-6)
        assert scores[f"{key}.n"] == len(asked)


def test_evaluates_nothing(predictor):
    assert all(scores == 0 for scores in predictor.evaluate([]).values())


def test_a_predictor_is_found_by_property():
    assert predictor_for("ionic_conductivity", "polymer").name == "polymer_transport"
    with pytest.raises(InvalidRequest, match="can predict"):
        predictor_for("average_voltage", "polymer")
