"""Reading what a user names: ids of the run, repeat units, SMILES, formulas, names, files."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from ionwright.knowledge.convert import candidate_from_text
from ionwright.knowledge.crystals import crystal_candidate, read_structure
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance

from .base import explain_validation
from .context import Context

MAX_FILE_BYTES = 64 * 2**20


def read_inputs(
    ctx: Context, inputs: Sequence[str]
) -> tuple[list[Candidate], list[dict[str, str]]]:
    """The candidates that the inputs name, and what could not be read with the reason."""
    good: dict[str, Candidate] = {}
    failed: list[dict[str, str]] = []
    for text in inputs:
        try:
            for candidate in _read_one(ctx, text, failed):
                good.setdefault(candidate.id, candidate)
        except InvalidRequest as error:
            failed.append({"input": _shown(text), "reason": str(error)})
    return list(good.values()), failed


def _read_one(ctx: Context, text: str, failed: list[dict[str, str]]) -> list[Candidate]:
    if text in ctx.pool:
        return [ctx.pool[text]]
    path = Path(text)
    if ctx.may_read_files and _is_file(path):
        return _read_file(path, failed)
    return [candidate_from_text(text, version=version("ionwright"))]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a path, or a NUL in it: not a file then
        return False


def _read_file(path: Path, failed: list[dict[str, str]]) -> list[Candidate]:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidRequest(f"{path.name} is over {MAX_FILE_BYTES // 2**20} MiB: split it")
    if path.suffix == ".jsonl":
        return _read_jsonl(path, failed)
    if _is_crystal_file(path):
        origin = Provenance(source="user", version=version("ionwright"), inputs={"file": path.name})
        return [crystal_candidate(read_structure(path), provenance=origin)]
    raise InvalidRequest(
        f"cannot read {path.name!r}: predictions take candidates (.jsonl), crystals (.cif, POSCAR, "
        ".vasp), repeat units (PSMILES), SMILES, formulas and names"
    )


def _is_crystal_file(path: Path) -> bool:
    name = path.name.casefold()
    return path.suffix.casefold() in (".cif", ".vasp", ".poscar") or name.startswith(
        ("poscar", "contcar")
    )


def _read_jsonl(path: Path, failed: list[dict[str, str]]) -> list[Candidate]:
    good = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines()):
        if not line.strip():
            continue
        try:
            good.append(Candidate.model_validate_json(line))
        except ValidationError as error:
            where = f"{path.name} line {number + 1}"
            failed.append({"input": where, "reason": explain_validation(error)})
    return good


def _shown(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."
