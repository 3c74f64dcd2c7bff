"""Questions about what is known: values from records, each with its source."""

import json
from pathlib import Path

import pytest

import ionwright
from ionwright.agent.answers import answer_text, source_lines, value_words
from ionwright.agent.design import Request, design
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Citation, Goal, Target
from tests.knowledge.ingest import documents


def ask(words: str, out: Path) -> dict:
    return design(Request(words=words, out=out))


def test_a_lookup_gives_values_with_unit_conditions_and_source(tmp_path: Path) -> None:
    answer = ask("what conductivity has LLZO at room temperature?", tmp_path / "run")
    assert answer["goal"]["intent"] == "lookup"
    assert "Ionic conductivity of LLZO:\n- Li7La3Zr2O12 (LLZO): " in answer["message"]
    assert "S/cm at 298 K (measured" in answer["message"]
    assert "measured values from" in answer["message"]  # they differ, and are shown side by side
    for citation in answer["evidence"]:
        assert citation["reference"]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["evidence"] == answer["evidence"]
    report = (tmp_path / "run" / "report.html").read_text()
    assert "https://doi.org/10." in report


def test_a_comparison_shows_both(tmp_path: Path) -> None:
    message = ask("compare Li6PS5Cl with Li10GeP2S12", tmp_path / "run")["message"]
    assert "onductivity of Li6PS5Cl:" in message
    assert "onductivity of Li10GeP2S12:" in message


def test_a_comparison_of_polymers_predicts_as_well(tmp_path: Path) -> None:
    answer = ask("compare the ionic conductivity of PEO and PPO", tmp_path / "run")
    assert [s["tool"] for s in answer["steps"]] == ["search", "search", "predict"]
    assert len(answer["candidates"]) == 2


def test_nothing_found_is_said(tmp_path: Path) -> None:
    answer = ask("what is the band gap of Po3Rn7?", tmp_path / "run")
    assert "othing found on the band gap of Po3Rn7" in answer["message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "predict the viscosity of ethylene carbonate",
            "can predict that yet; this is what is known",
        ),
        ("porosity of Celgard", "Celgard"),
    ],
)
def test_what_cannot_be_predicted_or_measured_is_looked_up(
    tmp_path: Path, words: str, told: str
) -> None:
    answer = ask(words, tmp_path / "run")
    assert [s["tool"] for s in answer["steps"]] == ["search"]
    assert told in answer["message"]


def test_search_takes_values_from_the_words() -> None:
    found = ionwright.search("garnet electrolytes with conductivity above 5e-4 S/cm", count=5)
    assert found
    for entry in found:
        assert set(entry) >= {"text", "score", "source", "reference", "facts"}
        assert any(
            f["property"] == "ionic_conductivity" and f["value"] >= 5e-4 for f in entry["facts"]
        )
    with pytest.raises(InvalidRequest):
        ionwright.search("  ")


def test_the_commands(ionwright, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    own = {"IONWRIGHT_KNOWLEDGE": str(tmp_path / "own")}
    documents.pdf(tmp_path / "a.pdf", ["Osmium boride is hard as diamond, and dense."])
    done = ionwright("ingest", "a.pdf", "--json", **own)
    assert done.returncode == 0, done.stderr
    added = json.loads(done.stdout)["added"]
    assert [a["entries"] for a in added] == [1]
    found = ionwright("search", "how hard is osmium boride", "--json", "-n", "1", **own)
    result = json.loads(found.stdout)["results"][0]
    assert (result["page"], result["kind"]) == (1, "pdf")
    listed = ionwright("ingest", "--list", **own)
    assert "a.pdf" in listed.stdout
    gone = ionwright("ingest", "--remove", added[0]["id"], **own)
    assert gone.stdout.strip() == "removed 1 entries"
    assert "diamond" not in ionwright("search", "osmium boride", **own).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("search", ""), "say what to search for"),
        (("search", "LLZO", "--condition", "nonsense"), "cannot read condition"),
        (("search", "LLZO", "--with", "Xx"), "unknown element"),
        (("search", "LLZO", "--year-from", "2020", "--year-to", "1990"), "runs backwards"),
        (("search", "x" * 20_000), "characters"),
        (("ingest",), "name files or folders"),
        (("ingest", "nowhere.pdf"), "no file"),
        (("ingest", "--remove", "nothing"), "no source 'nothing'"),
        (("ingest", ".", "--map", "a=b"), "fields are subject"),
    ],
)
def test_wrong_requests_say_what_is_right(in_process, arguments, says) -> None:  # type: ignore[no-untyped-def]
    done = in_process(*arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def citation(**fact: object) -> Citation:
    given = {
        "subject": "LiFePO4",
        "names": ["LFP"],
        "material_class": "olivine",
        "property": "average_voltage",
        "op": "=",
        "value": 3.4,
        "unit": "V",
        "method": "measured",
        **fact,
    }
    return Citation(text="A claim.", source="s", reference="r", facts=(given,), kind="corpus")


def test_answers_number_their_sources() -> None:
    goal = Goal(
        intent="lookup",
        subjects=("LFP",),
        targets=(Target(property="average_voltage", op="report", unit="V"),),
    )
    evidence = [
        citation(),
        citation(value=3.45, method="computed"),
        citation(subject="LiCoO2", names=[]),
    ]
    text = answer_text(goal, evidence)
    assert "- LiFePO4 (LFP): 3.4 V (measured) [1]" in text
    assert "(computed) [2]" in text
    assert "LiCoO2" not in text
    assert source_lines(text, evidence) == ["[1, 2] r"]


def test_a_wish_orders_the_answer() -> None:
    wish = Target(property="average_voltage", op="min", unit="V")
    goal = Goal(intent="lookup", targets=(wish,))
    evidence = [citation(value=3.4), citation(value=1.5, subject="Li4Ti5O12", names=[])]
    assert answer_text(goal, evidence).startswith("- Li4Ti5O12")


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ({}, "3.4 V"),
        ({"op": ">="}, "at least 3.4 V"),
        ({"op": "between", "value": [3.0, 3.4]}, "3 to 3.4 V"),
        ({"std": 0.1, "temperature": 298.15}, "3.4 ± 0.1 V at 298 K"),
        ({"reference_electrode": "Li/Li+"}, "3.4 V vs Li/Li+"),
        (
            {"property": "porosity", "unit": "1", "value": 0.35},
            "0.35",
        ),
    ],
)
def test_values_in_words(fact: dict, words: str) -> None:
    assert value_words(citation(**fact).facts[0]) == words
