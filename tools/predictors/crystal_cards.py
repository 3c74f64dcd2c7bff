"""What every evaluation of a crystal predictor writes: metrics.json and card.md beside weights."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ionwright.knowledge.files import write_atomically


def rounded(value: Any, digits: int = 4) -> Any:
    """Numbers rounded to what they are worth, NaN as None; nested."""
    if isinstance(value, dict):
        return {key: rounded(one, digits) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one, digits) for one in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, digits)
    return value


def hardware() -> str:
    """What the figures were measured on."""
    return f"one thread, {platform.machine()}, Python {platform.python_version()}"


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A markdown table; floats with three digits, None as a dash."""
    lines = [_line(columns), _line(["---"] * len(columns))]
    return "\n".join([*lines, *(_line([_cell(cell) for cell in row]) for row in rows)])


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    count = isinstance(value, float) and value.is_integer() and abs(value) >= 2
    return str(int(value)) if count else f"{value:.3f}" if isinstance(value, float) else str(value)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def write_report(folder: Path, metrics: dict[str, Any], card: str) -> None:
    """Writes metrics.json and card.md."""
    write_atomically(folder / "metrics.json", json.dumps(rounded(metrics), indent=2) + "\n")
    write_atomically(folder / "card.md", card.strip() + "\n")
