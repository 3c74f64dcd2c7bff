"""The crystal benchmark for people: published anchors, tables, and the picture."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ionwright.knowledge.files import write_atomically

# Share of samples, angstrom. Judged by DFT on the hull of the data sets named, sampled on GPUs.
ANCHORS: tuple[dict[str, Any], ...] = (
    {
        "generator": "CDVAE (MP-20)",
        "valid_structure": 1.0,
        "valid_composition": 0.867,
        "sun": 0.1399,
        "rmsd": 0.359,
        "reference": "10.48550/arXiv.2110.06197; S.U.N. and RMSD from 10.1038/s41586-025-08628-5",
    },
    {
        "generator": "MatterGen (MP-20)",
        "sun": 0.2227,
        "rmsd": 0.110,
        "reference": "10.1038/s41586-025-08628-5",
    },
    {
        "generator": "MatterGen (Alex-MP-20)",
        "sun": 0.3857,
        "rmsd": 0.021,
        "reference": "10.1038/s41586-025-08628-5",
    },
)
NOTE = (
    "Published figures are of 1,000 samples judged by DFT on a fuller hull, novel against a larger "
    "reference. Ours are judged by CHGNet (typical error 50 meV/atom on new materials) on a hull "
    "with missing phases, so distances are lower bounds and shares of stable crystals upper "
    "bounds: compare our rows with each other, not with theirs."
)
_CHEAP = {
    "generator": "generator",
    "samples": "samples",
    "valid_structure": "valid structure",
    "valid_composition": "valid composition",
    "sound": "sound",
    "unique": "unique",
    "novel": "novel",
    "coverage_recall": "COV-R",
    "coverage_precision": "COV-P",
    "samples_per_second": "samples/cpu-s",
}
_COSTLY = {
    "generator": "generator",
    "relaxed": "relaxed",
    "converged": "converged",
    "rmsd": "RMSD, A",
    "stable_0": "stable at 0",
    "stable_0.05": "at 0.05",
    "stable_0.1": "at 0.1 eV/atom",
    "implausibly_low": "implausibly low",
    "novel_relaxed": "novel",
    "sun": "S.U.N.",
    "sun_interval": "90 % interval",
    "cpu_seconds_per_sun": "cpu-s per S.U.N.",
}


def markdown(path: Path) -> str:
    """The result file as three tables: cheap figures, stability beside anchors, conditions."""
    result = json.loads(path.read_text(encoding="utf-8"))
    rows = result["rows"]
    parts = [
        _table(rows, _CHEAP),
        _table([*rows, *result["anchors"]], _COSTLY),
        NOTE,
        _conditions(rows),
        f"Measured with n {result['n']}, seed {result['seed']}, the first {result['relaxed']} "
        f"sound different samples relaxed; {result['hardware']['cpu']}, one thread. Novel against "
        f"{result['novelty_reference']}.",
    ]
    return "\n\n".join(part for part in parts if part)


def _table(rows: Iterable[dict[str, Any]], columns: dict[str, str]) -> str:
    lines = ["| " + " | ".join(columns.values()) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(row.get(key)) for key in columns) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " to ".join(_cell(v) for v in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _conditions(rows: Iterable[dict[str, Any]]) -> str:
    columns = {"generator": "generator", "asked": "asked", "met": "met", "met_unasked": "unasked"}
    asked = [
        {"generator": row["generator"], **figures}
        for row in rows
        for figures in row.get("conditions", {}).values()
    ]
    return _table(asked, columns) if asked else ""


def draw_picture(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Stability against novelty as SVG; the area of a dot grows with the S.U.N. share."""
    import matplotlib

    matplotlib.use("Agg")
    # same figures, same file; letters stay letters
    matplotlib.rcParams.update({"svg.hashsalt": "ionwright", "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for row in rows:
        x, y = 100 * row["novel_relaxed"], 100 * row["stable_0.1"]
        axes.scatter(x, y, s=30 + 1500 * row["sun"], alpha=0.75)
        axes.annotate(row["generator"], (x, y), xytext=(8, 6), textcoords="offset points")
    axes.set_xlabel("novel, % of relaxed sound different samples")
    axes.set_ylabel("at most 0.1 eV/atom above known phases, %")
    axes.set_xlim(-8, 130)
    axes.set_ylim(-6, 114)
    axes.grid(alpha=0.3)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    write_atomically(path, buffer.getvalue())
