"""A run folder keeps results by content, has one owner, and says what is wrong with it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ionwright.agent.runs import RunFolder, call_key, read_record
from ionwright.knowledge.errors import Busy, Damaged, InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance
from ionwright.tools.base import ToolResult


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path)


def candidate(created: str = "2026-01-01") -> Candidate:
    origin = Provenance(source="test", version="1", created=created)
    return Candidate(material="polymer", encoding="psmiles", data="[*]CCO[*]", provenance=origin)


def test_a_stored_result_comes_back(run: RunFolder) -> None:
    result = ToolResult(text="done", candidates=(candidate(),), data={"n": 1})
    run.store("generate-1", result)
    assert run.result("generate-1") == result
    assert run.result("generate-2") is None


def test_a_damaged_result_is_named(run: RunFolder) -> None:
    (run.path / "results" / "x.json").write_text('{"text": "do')
    with pytest.raises(Damaged, match=r"x\.json"):
        run.result("x")


def test_the_key_is_the_content_of_the_call_not_its_time() -> None:
    key = call_key("judge", "1", {"ids": []}, [candidate()])
    assert key == call_key("judge", "1", {"ids": []}, [candidate(created="2027-01-01")])
    changed = [
        call_key("judge", "2", {"ids": []}, [candidate()]),
        call_key("judge", "1", {"ids": ["a"]}, [candidate()]),
        call_key("judge", "1", {"ids": []}, [candidate().with_checks(valid=True)]),
        call_key("rank", "1", {"ids": []}, [candidate()]),
    ]
    assert len({key, *changed}) == 5


def test_a_second_process_is_refused(run: RunFolder) -> None:
    code = (
        "from pathlib import Path\nfrom ionwright.agent.runs import RunFolder\n"
        f"with RunFolder(Path({str(run.path)!r})).owned(): pass"
    )
    with run.owned():
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Busy: another process is working" in done.stderr
    with run.owned():
        pass


def test_a_held_folder_is_busy_in_the_same_process_too(run: RunFolder) -> None:
    with run.owned(), pytest.raises(Busy), RunFolder(run.path).owned():
        pass


def test_a_folder_with_a_run_is_not_overwritten(run: RunFolder, tmp_path: Path) -> None:
    run.write_record({"goal": {}})
    with pytest.raises(InvalidRequest, match="already holds a run.*--resume"):
        RunFolder.create(tmp_path, run.path)


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequest, match="cannot write to .*choose a folder"):
        RunFolder.create(tmp_path, tmp_path / "file" / "run")


def test_nothing_half_written_is_left(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Exception, match="No space left on device; what was finished is kept"):
        run.store("generate-1", ToolResult(text="done"))
    assert not list((run.path / "results").iterdir())


@pytest.mark.parametrize("text", ["", "not json", "[]", "{}", json.dumps({"goal": {}})])
def test_a_record_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InvalidRequest, match="not a run record"):
        read_record(tmp_path / "run.json")


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"cannot read .*run\.json"):
        read_record(tmp_path)
