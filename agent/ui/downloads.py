"""The files of an answer, copied to where the page may serve them: never the run folder itself."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Candidate

SHARED = ("report.html", "report.md", "candidates.jsonl", "run.json")


def prepare(answer: dict[str, Any], parent: Path) -> dict[str, Path]:
    """Copies of the answer's files in a new folder, by label; nothing for an answer in words.

    Args:
        answer: the answer document of a run that is done.
        parent: the folder from which the page serves files.
    """
    run = Path(answer["run"])
    if not answer["candidates"] or not (run / "run.json").is_file():
        return {}
    folder = Path(mkdtemp(prefix="answer-", dir=parent))
    for name in SHARED:
        write_atomically(folder / name, (run / name).read_bytes())
    write_atomically(folder / "candidates.csv", as_csv(answer))
    write_atomically(folder / f"{run.name}.zip", _zipped(run, folder))
    return {
        "Report": folder / "report.html",
        "Table (CSV)": folder / "candidates.csv",
        "Candidates (JSONL)": folder / "candidates.jsonl",
        "Run record (JSON)": folder / "run.json",
        "All files (ZIP)": folder / f"{run.name}.zip",
    }


def as_csv(answer: dict[str, Any]) -> str:
    """The ranked table: one row a candidate, for each property value, interval and unit."""
    candidates = [Candidate.model_validate(c) for c in answer["candidates"]]
    entries = {entry["id"]: entry for entry in answer["ranking"]}
    keys = list(dict.fromkeys(q.property for c in candidates for q in c.quantities))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    heads = [f"{key}{part}" for key in keys for part in ("", "_low_90", "_high_90", "_unit")]
    table.writerow(["rank", "id", "name", "structure", "score", "meets_all", *heads])
    for rank, candidate in enumerate(candidates, 1):
        entry = entries.get(candidate.id, {})
        met = entry.get("met", {})
        table.writerow(
            [
                rank,
                candidate.id,
                _harmless(candidate.name),
                _harmless(candidate.data),
                entry.get("score", ""),
                all(met.values()) if met else "",
                *(value for key in keys for value in _cells(candidate, key)),
            ]
        )
    return text.getvalue()


def _cells(candidate: Candidate, key: str) -> tuple[Any, Any, Any, Any]:
    quantity = candidate.quantity(key)
    if quantity is None:
        return "", "", "", ""
    low, high = quantity.interval or ("", "")
    return quantity.value, low, high, quantity.unit


def _harmless(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _zipped(run: Path, folder: Path) -> bytes:
    structures = sorted((run / "structures").glob("*"))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (*SHARED, "candidates.csv"):
            archive.write(folder / name, f"{run.name}/{name}")
        for path in structures:
            archive.write(path, f"{run.name}/structures/{path.name}")
    return content.getvalue()
