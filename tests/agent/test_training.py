"""`ionwright train`: small data of the test's own, stop and go on, errors in words."""

from pathlib import Path

import pytest

from ionwright.generators.molecules.polymer_gpt import PolymerGPT

UNITS = ["CCOC(=O)O", "CCCOC(=O)N", "CCNC(=O)OCCO", "CCOCCOC(=O)O", "CCSCCOC(=O)N", "CCCCOC(=O)O"]
HEADER = (
    ",conductivity,li_diffusivity,tfsi_diffusivity,poly_diffusivity,mol_smiles,transference_number"
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in the published form, with a few dozen polymers."""
    bodies = [f"{'C' * n}{unit}" for n in range(8) for unit in UNITS]
    rows = [
        f"{i},{1e-5 * (1 + i)},1e-8,2e-8,1e-8,[Cu]{body}[Au],0.{i + 10}"
        for i, body in enumerate(bodies)
    ]
    folder = tmp_path / "data" / "htp_md"
    folder.mkdir(parents=True)
    (folder / "md_wo_structure_cleaned_0_1_4.csv").write_text("\n".join([HEADER, *rows]))
    return folder.parent


def test_train_saves_a_model_that_samples_and_goes_on(data: Path, tmp_path: Path, in_process):
    out = str(tmp_path / "weights")
    first = in_process("train", "polymer_gpt", "--data", str(data), "--steps", "4", "--out", out)
    assert first.returncode == 0, first.stderr
    assert PolymerGPT.load(Path(out)).sample(3)
    again = in_process("train", "polymer_gpt", "--data", str(data), "--steps", "4", "--out", out)
    assert again.returncode == 2 and "trained for 4 steps already" in again.stderr
    more = in_process("train", "polymer_gpt", "--data", str(data), "--steps", "6", "--out", out)
    assert more.returncode == 0, more.stderr
    assert PolymerGPT.load(Path(out)).step == 6


def test_train_names_what_is_missing(tmp_path: Path, in_process) -> None:
    done = in_process("train", "polymer_gpt", "--data", str(tmp_path), "--out", "w")
    assert done.returncode == 2 and "published at" in done.stderr
