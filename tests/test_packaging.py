"""What is declared is what is there; what is built is what is declared."""

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ["agent", "tools", "generators", "knowledge"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GOAL = "three polymer electrolyte repeat units with conductivity above 1e-4 S/cm, no fluorine"


def packages_on_disk() -> set[str]:
    inits = [p for folder in FOLDERS for p in (ROOT / folder).rglob("__init__.py")]
    names = {".".join(["ionwright", *p.parent.relative_to(ROOT).parts]) for p in inits}
    return (names - {"ionwright.agent._ionwright"}) | {"ionwright"}


def test_every_package_is_declared() -> None:
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages_on_disk()


@pytest.mark.parametrize("group", ["generators", "predictors", "tools"])
def test_entry_points_load(group: str) -> None:
    declared = PROJECT["project"]["entry-points"][f"ionwright.{group}"]
    installed = {e.name: e for e in entry_points(group=f"ionwright.{group}")}
    assert declared.keys() <= installed.keys(), "reinstall: pip install -e ."
    for name in declared:
        assert installed[name].load() is not None


def test_no_tracked_file_is_over_4_mib() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    ).stdout.split(b"\0")
    big = [p for p in tracked if p and (ROOT / p.decode()).stat().st_size > 4 * 2**20]
    assert not big


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", out, ROOT],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


def data_files() -> set[str]:
    """Everything beside the code that the product reads at run time."""
    kinds = {".toml", ".json", ".jsonl", ".md", ".safetensors", ".txt", ".jinja", ".css", ".js"}
    tracked = subprocess.run(
        ["git", "ls-files", *FOLDERS], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return {f"ionwright/{p}" for p in tracked if Path(p).suffix in kinds}


@pytest.mark.slow
@pytest.mark.network
def test_wheel_holds_all_code_and_data(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert data_files() <= inside
    code = {f"ionwright/{p.relative_to(ROOT)}" for f in FOLDERS for p in (ROOT / f).rglob("*.py")}
    assert {c for c in code if "_ionwright" not in c} <= inside
    assert "ionwright/__init__.py" in inside
    assert not [name for name in inside if name.startswith(("tests/", "tools/", "agent/"))]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(1500)
def test_wheel_designs_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    bin_ = tmp_path / "env" / "bin"
    subprocess.run([bin_ / "pip", "install", "--quiet", wheel], check=True, capture_output=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [bin_ / "ionwright", "design", GOAL, "--out", "run"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "run" / "report.html").is_file()
    assert len((elsewhere / "run" / "candidates.jsonl").read_text().splitlines()) == 3
