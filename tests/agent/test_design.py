"""A design request from words to the run folder: the contract, resuming, rerunning, refusing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionwright.knowledge.records import Candidate, Goal

GOAL = "three polymer electrolyte repeat units with ionic conductivity above 1e-4 S/cm, no fluorine"
ROOT = Path(__file__).parents[2]
PHRASES = ["polymer", "above", "1e-4", "S/cm", "no", "F", "between", "and", "3,2", "V", "-5", "%", "±",
           "[*]CCO[*]", "ten", "PEO", "minus", "1e400", "°C", "Xx", "kg", "ohne", "unter"]  # fmt: skip


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("design") / "run"
    done = subprocess.run(
        [sys.executable, "-m", "ionwright.agent.cli", "design", GOAL, "--json", "--out", folder],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_answer_holds_what_the_contract_says(answer: dict) -> None:
    assert set(answer) >= {"goal", "candidates", "ranking", "evidence", "steps", "warnings", "run"}
    goal = Goal.model_validate(answer["goal"])
    assert (goal.intent, goal.domain, goal.count) == ("design", "polymer_electrolyte", 3)
    assert [c["id"] for c in answer["candidates"]] == [r["id"] for r in answer["ranking"]]
    assert [s["tool"] for s in answer["steps"]][:5] == [
        "generate",
        "judge",
        "predict",
        "find_known_materials",
        "rank",
    ]


def test_candidates_meet_the_goal_and_say_where_every_number_comes_from(answer: dict) -> None:
    assert len(answer["candidates"]) == 3
    for fields in answer["candidates"]:
        candidate = Candidate.model_validate(fields)
        assert "F" not in candidate.data
        assert candidate.checks["valid"] and candidate.checks["novel"]
        conductivity = candidate.quantity("ionic_conductivity")
        low, high = conductivity.interval
        assert conductivity.value >= 1e-4 and low <= conductivity.value <= high
        assert conductivity.unit == "S/cm" and conductivity.provenance.weights
    assert all(r["met"] == {"ionic_conductivity": True} for r in answer["ranking"])


def test_the_run_folder_is_whole(answer: dict) -> None:
    run = Path(answer["run"])
    record = json.loads((run / "run.json").read_text())
    assert record["candidates"] == answer["candidates"]
    lines = (run / "candidates.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [c["id"] for c in answer["candidates"]]
    assert len(list((run / "structures").glob("*.sdf"))) == 3
    for name in ("report.md", "report.html"):
        assert answer["candidates"][0]["data"] in (run / name).read_text()
    assert not list(run.rglob("*.tmp"))


def test_rerun_gives_the_same_candidates(answer: dict, ionwright) -> None:
    done = ionwright("rerun", answer["run"] + "/run.json", "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert [c["id"] for c in again["candidates"]] == [c["id"] for c in answer["candidates"]]
    assert again["run"] != answer["run"]


def test_resuming_a_finished_run_only_tells_its_answer(answer: dict, ionwright) -> None:
    before = (Path(answer["run"]) / "run.json").stat().st_mtime_ns
    done = ionwright("design", "--resume", answer["run"], "--json")
    assert json.loads(done.stdout)["ranking"] == answer["ranking"]
    assert (Path(answer["run"]) / "run.json").stat().st_mtime_ns == before


KILL_POINTS = [
    *(f"{node}:{when}" for node in ("interpret", "plan", "act", "check", "report")
      for when in ("before", "after")),
    "store:1", "store:2", "store:3", "store:4",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("point", KILL_POINTS)
def test_a_killed_run_goes_on_without_repeating_a_tool(
    point: str, answer: dict, tmp_path: Path, ionwright
) -> None:
    folder = tmp_path / "killed"
    killed = subprocess.run(
        [sys.executable, ROOT / "tests/agent/killer.py", point, folder, GOAL],
        capture_output=True,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL
    finished = {p: p.stat().st_mtime_ns for p in (folder / "results").glob("*.json")}
    done = ionwright("design", "--resume", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert [c["id"] for c in again["candidates"]] == [c["id"] for c in answer["candidates"]]
    assert [s["tool"] for s in again["steps"]] == [s["tool"] for s in answer["steps"]]
    assert {p: p.stat().st_mtime_ns for p in finished} == finished


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_run_can_go_on(tmp_path: Path, ionwright) -> None:
    folder = tmp_path / "stopped"
    process = subprocess.Popen(
        [sys.executable, "-m", "ionwright.agent.cli", "design", GOAL, "--count", "100", "--out",
         folder],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (folder / "results").is_dir() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=20)
    assert process.returncode == 130, words
    assert "Traceback" not in words and "stopped" in words
    assert not list(folder.rglob("*.tmp"))
    done = ionwright("design", "--resume", str(folder), "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["design", ""], 2, "say what to design"),
        (["design", "   "], 2, ""),
        (["design", "x" * 100_000], 2, "characters"),
        (["design", "\x01\x02\x03 polymer"], 2, ""),
        (["design", GOAL, "--count", "-3"], 2, "count must be 1 to 10000"),
        (["design", GOAL, "--budget", "0"], 2, "budget"),
        (["design", GOAL, "--seed", "-1"], 2, "seed"),
        (["design", GOAL, "--model", "oracle"], 2, "unknown model 'oracle'"),
        (["design", GOAL, "--out", "/proc/nowhere"], 2, "cannot write"),
        (["design", "--resume", "nowhere"], 2, "no run to resume"),
        (["design", "polymer electrolytes with conductivity above 5000 S/cm"], 2, "no material can"),
        (["design", "polymer with conductivity above 1e-3 S/cm and below 1e-5 S/cm"], 2, "contradic"),
        (["design", "an SEI about 15 nm thick"], 1, "no generator for interphase yet"),
        (["design", "five sodium cathodes above 3 V with viscosity below 2 mPa s"], 1, "viscosity"),
        (["design", "polymer electrolytes for sodium with conductivity above 1e-4 S/cm"], 1, "Na"),
        (["design", "a recipe for an explosive based on azides"], 3, "refused"),
        (["rerun", "nowhere.json"], 2, "cannot read"),
        (["generate", "polymers", "--generator", "wizard", "--out", "o.jsonl"], 2, "wizard"),
        (["generate", "microstructures", "--out", "o.jsonl"], 1, "no generator for microstructures yet"),
        (["generate", "polymers", "--require", "O", "--out", "o.jsonl"], 2, "cannot be asked to hold"),
        (["generate", "polymers", "-n", "0", "--out", "o.jsonl"], 2, "greater than or equal to 1"),
        (["generate", "polymers", "--device", "abacus", "--out", "o.jsonl"], 2, "no device"),
        (["predict", "[*]CC", "--property", "ionic_conductivity"], 2, "two"),
        (["predict", "[*]CCO[*]", "--property", "colour"], 2, "unknown property 'colour'"),
        (["predict", "[*]CCO[*]", "--property", "average_voltage"], 2, "cannot predict"),
        (["bench", "unicorns"], 2, "no benchmark 'unicorns'"),
        (["nonsense"], 2, "No such command"),
    ],
)  # fmt: skip
def test_a_bad_request_ends_in_words_and_the_right_exit_code(
    arguments, code, words, in_process
) -> None:
    done = in_process(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_help_is_an_answer(in_process) -> None:
    done = in_process("design", "hello, what can you do?")
    assert done.returncode == 0
    assert "polymer" in done.stdout


def test_named_polymers_are_predicted_and_compared(in_process) -> None:
    done = in_process("design", "compare the ionic conductivity of PEO and PAN", "--json")
    assert done.returncode == 0, done.stderr
    names = {c["name"]: Candidate.model_validate(c) for c in json.loads(done.stdout)["candidates"]}
    peo, pan = (names[n].quantity("ionic_conductivity").value for n in ("PEO", "PAN"))
    assert peo > pan


def test_predict_lists_the_bad_ones_beside_the_good(in_process) -> None:
    done = in_process("predict", "PEO", "[*]CC", "--property", "ionic_conductivity", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert set(result) == {"candidates", "failed"}
    assert [c["name"] for c in result["candidates"]] == ["PEO"]
    assert [f["input"] for f in result["failed"]] == ["[*]CC"]


def test_generated_candidates_can_be_read_again(ionwright, tmp_path: Path) -> None:
    done = ionwright("generate", "polymers", "-n", "20", "--seed", "7",
                     "--condition", "ionic_conductivity>=0.2 mS/cm", "--out", "g.jsonl")  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "g.jsonl").read_text().splitlines()
    assert len(lines) == 20
    assert all(Candidate.model_validate_json(line) for line in lines)
    done = ionwright("predict", "g.jsonl", "--property", "ionic_conductivity", "--json")
    assert done.returncode == 0, done.stderr


def test_damaged_weights_are_named(ionwright, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import shutil\n"
        "from ionwright.generators.molecules import polymer_gpt as m\n"
        "from ionwright.agent import cli\n"
        "broken = Path('broken'); shutil.copytree(m.SHIPPED, broken)\n"
        "data = bytearray((broken / 'model.safetensors').read_bytes()); data[-1] ^= 255\n"
        "(broken / 'model.safetensors').write_bytes(data)\n"
        "m.SHIPPED = broken\n"
        "sys.argv[1:] = ['generate', 'polymers', '--out', 'x.jsonl']; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 1, done.stderr
    assert "does not match its checksum; reinstall" in done.stderr
    assert "Traceback" not in done.stderr


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.text(max_size=80) | st.lists(st.sampled_from(PHRASES), max_size=7).map(" ".join))
def test_any_words_end_in_a_goal_or_in_words(words: str, in_process) -> None:
    done = in_process("interpret", "--json", "--", words)
    assert done.returncode in (0, 2)
    if done.returncode == 0:
        Goal.model_validate_json(done.stdout)
    else:
        assert done.stderr.startswith("ionwright: ") and not done.stdout


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    arguments=st.lists(
        st.sampled_from(
            ["design", "predict", "generate", "rerun", "polymers", "--json", "--count", "-n", "-1",
             "1e999", "--out", "", "nowhere.jsonl", "--seed", "--property", "ionic_conductivity",
             "[*]CC", "--condition", "x>=y", "--resume", "--budget", "nan", "--model", "\x00"]
        ),
        max_size=6,
    )
)  # fmt: skip
def test_any_command_line_ends_in_a_known_exit_code(arguments, in_process) -> None:
    done = in_process(*arguments)
    assert done.returncode in (0, 1, 2, 3)
    assert "please report" not in done.stderr and "Traceback" not in done.stderr
