"""Alarming groups are found, ordinary electrolytes pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.knowledge.errors import InvalidRequest
from ionwright.tools.predictors import alerts
from ionwright.tools.predictors.alerts import lithium_notes, structural_alerts

ENERGETIC = {
    "CN=[N+]=[N-]": "azide",
    "[*]CC(CN=[N+]=[N-])O[*]": "azide",
    "CC(=O)OOC": "peroxide",
    "[*]OCCO[*]": "peroxide",  # only the join makes it one
    "O=[N+]([O-])OCC(O[N+](=O)[O-])CO[N+](=O)[O-]": "nitrate ester",
    "CCON=O": "nitrite ester",
    "CN(C)[N+](=O)[O-]": "nitramine",
    "CN(C)N=O": "N-nitroso",
    "COCl(=O)(=O)=O": "perchlorate or chlorate ester",
    "CO[Cl+3]([O-])([O-])[O-]": "perchlorate or chlorate ester",
    "c1ccccc1[N+]#N": "diazonium",
    "CC(=[N+]=[N-])C": "diazo",
    "Cc1c([N+](=O)[O-])cc([N+](=O)[O-])cc1[N+](=O)[O-]": "polynitro",
    "C[N+](=O)[O-]": "nitro group in a small molecule",
    "CN=NNC": "chain of three or more nitrogen atoms",
    "[*]NNNC[*]": "chain of three or more nitrogen atoms",
    "c1nnn[nH]1": "tetrazole or pentazole",
    "CNN": "hydrazine",
    "CN(C)Cl": "N-haloamine",
    "C[O-].[C-]#CC": "acetylide",
    "[O-][N+]#[C-]": "fulminate",
    "C#CBr": "haloacetylene",
    "CC(=O)OO": "peracid",
    "COF": None,
}
HARMLESS = (
    "[*]CCO[*]",
    "[*]CC(C)OC(=O)O[*]",
    "[*]CC(C#N)[*]",
    "[*]CC(F)(F)[*]",
    "[*]CC(C)(C(=O)OC)[*]",
    "C1COC(=O)O1",
    "COCCOC",
    "CC#N",
    "FC1COC(=O)O1",
    "c1ccccc1",
    "FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F",
    "[O-]Cl(=O)(=O)=O",
    "Cn1cc[n+](C)c1",
)


@pytest.mark.parametrize(("text", "name"), ENERGETIC.items())
def test_energetic_groups(text, name):
    found = [a.name for a in structural_alerts(text) if a.kind == "energetic"]
    assert name in found if name else not found


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_electrolytes_have_no_energetic_group(text):
    assert [a for a in structural_alerts(text) if a.kind == "energetic"] == []


@pytest.mark.parametrize("text", HARMLESS[:8])
def test_ordinary_electrolytes_have_no_alert_at_all(text):
    assert structural_alerts(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CC=O", "aldehyde"),
        ("CCN=C=O", "isocyanate"),
        ("CC(=O)Cl", "acid halide"),
        ("C1CO1", "Three-membered heterocycle"),
        ("[*]CC(S)[*]", "thiol 2"),
    ],
)
def test_reactive_groups(text, name):
    assert name in [a.name for a in structural_alerts(text) if a.kind == "reactive"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CC(=O)O", "carboxylic acid"),
        ("[*]CC(O)[*]", "hydroxyl"),
        ("CCN", "primary amine"),
        ("[*]NC(=O)OCC[*]", "N-H of an amide, urethane or urea"),
    ],
)
def test_protic_groups_are_notes_not_alerts(text, name):
    assert name in [note.name for note in lithium_notes(text)]
    assert name not in [alert.name for alert in structural_alerts(text)]


def test_no_protic_group_in_peo():
    assert lithium_notes("[*]CCO[*]") == []


def test_a_shifted_repeat_unit_has_the_same_alerts():
    assert structural_alerts("[*]OCCO[*]") == structural_alerts("[*]COOC[*]")


def test_alerts_say_where_they_come_from():
    azide = structural_alerts("CN=[N+]=[N-]")[0]
    assert azide.smarts
    assert azide.source


def test_patterns_are_readable_and_the_brenk_names_exist():
    for kind in ("energetic", "protic", "nitro"):
        assert all(pattern is not None for pattern in alerts._compiled(kind).values())
    catalog = alerts._catalog()
    names = {catalog.GetEntryWithIdx(i).GetDescription() for i in range(catalog.GetNumEntries())}
    assert names >= alerts._BRENK


@pytest.mark.parametrize("text", ["", "C(", "[*]", "[*]CC", "\udcff", "xyz"])
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidRequest):
        structural_alerts(text)


@given(st.text(alphabet="CNO()=#123[]*+-clBr", max_size=30))
def test_any_text_gives_alerts_or_a_clear_refusal(text):
    try:
        found = structural_alerts(text)
    except InvalidRequest:
        return
    assert all(alert.kind in ("energetic", "reactive") for alert in found)
