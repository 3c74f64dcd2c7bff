"""`ionwright bench speed`: what a user waits for, measured on whole processes from cold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from ionwright.knowledge.files import write_atomically

DEMO = "ten polymer electrolyte repeat units with ionic conductivity above 1e-4 S/cm, no fluorine"
COMMANDS = {
    "ionwright --help": (["--help"], "1 s"),
    "ionwright interpret (cold)": (["interpret", DEMO, "--json"], "4 s"),
    "ionwright design, the demo query (cold)": (["design", DEMO, "--json"], "60 s, 4 GB"),
}
RUNS = 3


def run() -> dict[str, Any]:
    """Median wall and CPU seconds and peak memory of each command, and the size of the install."""
    rows = [_measured(name, *entry) for name, entry in COMMANDS.items()]
    rows.append(
        {
            "what": "installed environment",
            "wall_s": None,
            "cpu_s": None,
            "peak_mb": None,
            "size_mb": _environment_megabytes(),
            "limit": None,
        }
    )
    hardware = {"cores": os.cpu_count(), "python": sys.version.split()[0], "runs": RUNS}
    return {"hardware": hardware, "rows": rows}


def _measured(name: str, arguments: list[str], limit: str) -> dict[str, Any]:
    runs = sorted(_once(arguments) for _ in range(RUNS))
    wall, cpu, peak = runs[len(runs) // 2]
    return {
        "what": name,
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "peak_mb": round(peak),
        "size_mb": None,
        "limit": limit,
    }


def _once(arguments: list[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak resident megabytes of one process."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "ionwright.agent.cli", *arguments],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"ionwright {' '.join(arguments)} ended with {process.returncode}")
    per_megabyte = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss is bytes or kilobytes
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_megabyte


def _environment_megabytes() -> int:
    """Size of everything in the folder that holds the dependencies."""
    folder = Path(str(distribution("torch").locate_file("")))
    return round(sum(p.lstat().st_size for p in folder.rglob("*") if p.is_file()) / 2**20)


if __name__ == "__main__":
    write_atomically(Path(sys.argv[1]), json.dumps(run(), indent=1))
