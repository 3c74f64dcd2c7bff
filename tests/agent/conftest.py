"""The command line as a user runs it: a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


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
