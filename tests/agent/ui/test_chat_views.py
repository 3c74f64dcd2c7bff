"""What the chat shows, read back from the HTML."""

import csv
import io
import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ionwright.agent.report import write
from ionwright.agent.runs import RunFolder
from ionwright.agent.ui import downloads, views
from ionwright.knowledge.records import Candidate, Goal, Provenance, Quantity, Target

SOURCE = Provenance(source="tools/predictors/test", version="0")
NASTY = "<img src=x onerror=alert(1)>"
UNITS = ("[*]CCO[*]", "[*]CC(C)O[*]", "[*]CCOC(=O)O[*]")
GOAL = Goal(
    intent="design",
    domain="polymer_electrolyte",
    targets=(Target(property="ionic_conductivity", op=">=", value=1e-4, unit="S/cm"),),
    count=3,
)


def predicted(key: str, value: float, unit: str, spread: float, domain: float) -> Quantity:
    return Quantity(
        property=key,
        value=value,
        unit=unit,
        interval=(value / spread, value * spread),
        in_domain=domain,
        method="predicted",
        provenance=SOURCE,
    )


def candidate(psmiles: str, value: float, *notes: str, domain: float = 0.9) -> Candidate:
    return Candidate(
        material="polymer",
        encoding="psmiles",
        data=psmiles,
        notes=notes,
        quantities=(
            predicted("ionic_conductivity", value, "S/cm", 2, domain),
            predicted("transference_number", 0.25, "1", 1.5, domain),
        ),
        provenance=SOURCE,
    )


def answer_of(candidates: list[Candidate], goal: Goal = GOAL, **extra) -> dict:
    met = [c.quantities[0].value >= 1e-4 for c in candidates]
    return {
        "goal": goal.model_dump(mode="json"),
        "candidates": [c.model_dump(mode="json") for c in candidates],
        "ranking": [
            {"id": c.id, "score": 0.9, "met": {"ionic_conductivity": ok}}
            for c, ok in zip(candidates, met, strict=True)
        ],
        "evidence": [],
        "steps": [],
        "warnings": [],
        "run": "nowhere",
        **extra,
    }


@pytest.fixture
def answer() -> dict:
    values = (4e-4, 1.5e-4, 5e-5)
    return answer_of([candidate(u, v) for u, v in zip(UNITS, values, strict=True)])


class Tags(HTMLParser):
    """All tags of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def named(self, tag: str, kind: str = "") -> list[dict]:
        found = [a for t, a in self.seen if t == tag]
        return [a for a in found if not kind or kind in (a.get("class") or "").split()]


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_the_table_has_a_drawn_row_for_each_candidate(answer):
    html = views.answer_card(answer)
    tags = Tags(html)
    assert len(tags.named("tr")) == 1 + 3
    assert len(tags.named("div", "iw-drawing")) == 3
    assert len(tags.named("circle", "iw-dot")) == 3
    assert html.count("iw-missed") == 1
    for unit in UNITS:
        assert f"<code>{unit}</code>" in html


def test_values_stand_with_interval_and_unit(answer):
    shown = words(views.answer_card(answer))
    assert "4.0 × 10⁻⁴ S/cm 2.0 × 10⁻⁴ to 8.0 × 10⁻⁴" in shown
    assert "ionic conductivity / S/cm" in shown
    assert "predicted by tools/predictors/test" in shown
    assert "The dashed line is the target" in shown


def test_the_first_sentence_counts_what_is_met_and_how_surely(answer):
    shown = words(views.answer_card(answer))
    assert "3 candidates: 2 meet every target, 1 of them with the whole 90 % interval" in shown


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((4e-4, 5e-4), "2 candidates: all meet every target, all of them with"),
        ((1.1e-4, 1e-5), "2 candidates: 1 meets every target, none of them with"),
        ((1e-5,), "1 candidate; none meets every target"),
        ((), "No candidate passed the checks"),
    ],
)
def test_the_first_sentence_for_other_counts(values, said):
    found = [candidate(u, v) for u, v in zip(UNITS, values, strict=False)]
    assert said in words(views.answer_card(answer_of(found)))


def test_a_wish_without_a_number_is_not_said_to_be_met(answer):
    wish = Target(property="ionic_conductivity", op="max", unit="S/cm")
    goal = GOAL.model_copy(update={"targets": (wish,)})
    shown = words(views.answer_card({**answer, "goal": goal.model_dump(mode="json")}))
    assert "3 candidates, best first" in shown and "dashed" not in shown


def test_nothing_that_users_or_records_say_becomes_markup():
    goal = GOAL.model_copy(update={"assumptions": (NASTY,), "not_understood": (NASTY,)})
    one = candidate(UNITS[0], 1e-4, NASTY).model_copy(update={"name": NASTY})
    pages = [
        views.goal_card(
            goal.model_dump(mode="json"),
            [{**goal.model_dump(mode="json"), "subjects": [NASTY], "generator": NASTY}],
        ),
        views.answer_card(answer_of([one], warnings=[NASTY], message=NASTY, question=NASTY)),
        views.notice("wrong", NASTY, NASTY),
        views.words(NASTY),
        views.arguments({NASTY: [NASTY], "inputs": NASTY}),
        views.head(NASTY, [(NASTY, True)]),
    ]
    for page in pages:
        assert not Tags(page).named("img")
        assert "onerror=alert(1)&gt;" in page


def test_other_readings_show_only_what_differs():
    goal = GOAL.model_dump(mode="json")
    other = {**goal, "count": 5, "elements_excluded": ["F"]}
    shown = words(views.goal_card(goal, [other]))
    assert "can also be read as" in shown
    assert "must not contain: F" in shown and "count: 5" in shown
    assert views.reading_label(goal, other) == "count: 5; must not contain: F"
    assert "not said" in views.reading_label(other, {**goal, "count": None})


def test_a_goal_names_what_was_assumed_and_not_understood():
    goal = GOAL.model_copy(update={"assumptions": ("room",), "not_understood": ("squishy",)})
    shown = words(views.goal_card(goal.model_dump(mode="json"), []))
    assert "assumed room" in shown and "not understood squishy" in shown
    assert "ionic conductivity ≥ 0.0001 S/cm" in shown


@pytest.mark.parametrize(("domain", "marked"), [(0.0, True), (0.01, True), (0.9, False)])
def test_extrapolated_values_are_marked(domain, marked):
    html = views.answer_card(answer_of([candidate(UNITS[0], 2e-4, domain=domain)]))
    assert ("extrapolated</small>" in html) == marked


def test_a_long_table_is_cut_and_says_so():
    many = [candidate(f"[*]{'C' * n}O[*]", 2e-4) for n in range(1, views.MOST_ROWS + 11)]
    html = views.answer_card(answer_of(many))
    assert len(Tags(html).named("div", "iw-drawing")) == views.MOST_ROWS
    assert "10 more are in the downloads" in html
    assert f"{len(many)} candidates: all meet" in html


def test_values_of_a_named_material_need_no_ranking():
    peo = candidate(UNITS[0], 2e-4).model_copy(update={"name": "PEO"})
    goal = Goal(intent="predict", subjects=("PEO",))
    shown = words(views.answer_card({**answer_of([peo], goal), "ranking": []}))
    assert "Predicted values for 1 material" in shown and "PEO" in shown
    assert "met" not in shown.split()


def test_arguments_are_short_and_in_words():
    target = GOAL.targets[0].model_dump(mode="json")
    shown = words(views.arguments({"ids": [], "conditions": [target], "inputs": list("abcdefg")}))
    assert "ionic conductivity ≥ 0.0001 S/cm" in shown
    assert "a, b, c, d, e and 2 more" in shown and "ids" not in shown


def test_downloads_are_whole_and_parse(answer, tmp_path: Path):
    run = RunFolder.create(tmp_path / "runs")
    answer["run"] = str(run.path)
    write(answer, run)
    (tmp_path / "served").mkdir()
    files = downloads.prepare(answer, tmp_path / "served")
    assert all(path.is_relative_to(tmp_path / "served") for path in files.values())
    rows = list(csv.DictReader(io.StringIO(files["Table (CSV)"].read_text())))
    assert [row["structure"] for row in rows] == list(UNITS)
    assert float(rows[0]["ionic_conductivity"]) == 4e-4
    assert rows[0]["ionic_conductivity_unit"] == "S/cm" and rows[2]["meets_all"] == "False"
    assert json.loads(files["Run record (JSON)"].read_text())["ranking"] == answer["ranking"]
    lines = files["Candidates (JSONL)"].read_text().splitlines()
    assert [Candidate.model_validate_json(line).data for line in lines] == list(UNITS)
    with zipfile.ZipFile(files["All files (ZIP)"]) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert sum(name.endswith(".sdf") for name in names) == 3
    assert f"{run.path.name}/report.html" in names
    assert not any("checkpoints" in name for name in names)


def test_an_answer_in_words_has_no_downloads(tmp_path: Path):
    assert downloads.prepare(answer_of([], message="hello"), tmp_path) == {}


def test_a_spreadsheet_does_not_take_text_for_a_formula():
    named = candidate(UNITS[0], 1e-4).model_copy(update={"name": "=cmd()"})
    row = next(csv.DictReader(io.StringIO(downloads.as_csv(answer_of([named])))))
    assert row["name"] == "'=cmd()"


@pytest.mark.parametrize(
    ("unit", "shown"), [("cm2/s", "cm²/s"), ("g/cm3", "g/cm³"), ("S/cm", "S/cm"), ("1", "")]
)
def test_units_are_shown_as_in_print(unit, shown):
    assert views._shown_unit(unit) == shown
