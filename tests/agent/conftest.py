"""The command line as a user runs it: a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ionwright.agent.cli import main


@pytest.fixture
def ionwright(tmp_path: Path):
    """Runs `ionwright ARGS` in an empty folder; returns the finished process."""

    def run(*arguments: str, timeout: float = 120, **extra) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "ionwright.agent.cli", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "IONWRIGHT_RUNS": str(tmp_path / "runs"), **extra},
        )

    return run


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture):
    """The same without a new process, for the many requests that end early."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IONWRIGHT_RUNS", str(tmp_path / "runs"))

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["ionwright", *arguments])
        code = 0
        try:
            main()
        except SystemExit as error:
            code = int(error.code or 0)
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return run
