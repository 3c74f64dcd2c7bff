"""Tables (CSV, TSV, JSON, JSON lines, Parquet): a row becomes an entry, its columns facts.

A column is a property if its name says so ("conductivity (mS/cm)"), or if the user maps it.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ionwright.knowledge.entries import Entry
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.facts import Fact, Reference
from ionwright.knowledge.records import METHODS
from ionwright.knowledge.vocabulary import convert, property_of, vocabulary

from .document import Document, Unreadable, find_doi, tidy

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_ROWS = 1_000_000
# what a column can be besides a property, and the names by which it is known
FIELDS = {
    "subject": ("subject", "material", "name", "compound", "composition", "sample", "polymer"),
    "formula": ("formula", "reduced composition", "pretty_formula", "chemical formula"),
    "smiles": ("smiles", "psmiles", "canonical_smiles"),
    "material_class": ("material_class", "class", "family"),
    "working_ion": ("working_ion", "ion"),
    "domain": ("domain",),
    "temperature": ("temperature", "t", "temp"),
    "conditions": ("conditions", "condition", "note", "notes"),
    "method": ("method",),
    "doi": ("doi", "reference", "ref"),
    "year": ("year", "publication year"),
    "title": ("title",),
}
_HEADER = re.compile(r"\s*(?P<name>.*?)\s*(?:[(\[/]\s*(?P<unit>[^()\[\]]+?)\s*[)\]]?)?\s*")


@dataclass(frozen=True)
class Column:
    """What a column means: one of FIELDS or a property, and the unit of its values."""

    name: str
    field: str
    unit: str = ""


def parse_mapping(texts: list[str]) -> dict[str, Column]:
    """`COLUMN=FIELD` or `COLUMN=PROPERTY UNIT`, by column.

    Raises:
        InvalidRequest: with what is allowed.
    """
    columns = {}
    for text in texts:
        name, sign, told = text.partition("=")
        field, _, unit = told.strip().partition(" ")
        if not sign or not (field in FIELDS or field in vocabulary()):
            raise InvalidRequest(
                f"cannot read the mapping {text!r}: write COLUMN=FIELD or 'COLUMN=PROPERTY UNIT'; "
                f"fields are {', '.join(FIELDS)}, and the property keys"
            )
        if unit and field in vocabulary():
            convert(1.0, unit, field)  # a wrong unit is told before anything is read
        columns[name.strip()] = Column(name.strip(), field, unit.strip())
    return columns


def read_table(
    content: bytes, name: str, *, suffix: str, mapping: Mapping[str, Column] | None = None
) -> Document:
    """The rows of a table.

    Raises:
        Unreadable: if it cannot be read, or has no rows.
    """
    frame = _frame(content, suffix)
    if not len(frame):
        raise Unreadable("the table has no rows")
    if len(frame) > MOST_ROWS:
        raise Unreadable(f"the table has {len(frame)} rows; split it at {MOST_ROWS}")
    wanted = dict(mapping or {})
    if missing := [c for c in wanted if c not in frame.columns]:
        raise Unreadable(
            f"it has no column {', '.join(map(repr, missing))}; its columns are "
            f"{', '.join(map(repr, map(str, frame.columns[:30])))}"
        )
    columns = [c for h in frame.columns if (c := wanted.get(str(h)) or column_of(str(h)))]
    rows = frame.to_dict("records")
    faults: list[str] = []
    entries = [e for n, row in enumerate(rows, 1) for e in _entry(row, columns, name, n, faults)]
    if not entries:
        raise Unreadable("every row is empty")
    return Document("table", name, tuple(entries), notes=_told(faults))


def column_of(header: str) -> Column | None:
    """What a column means by its name, None if that does not say."""
    found = _HEADER.fullmatch(header)
    assert found, "every text fits"
    word, unit = found["name"].casefold(), found["unit"] or ""
    plain = word.replace("_", " ")
    for field, names in FIELDS.items():
        if word in names or plain in names:
            return Column(header, field, unit)
    for key, prop in vocabulary().items():
        if word == key or plain in (prop.label.casefold(), *prop.aliases):
            return Column(header, key, unit or prop.unit) if unit or word == key else None
    return None


def _frame(content: bytes, suffix: str) -> DataFrame:
    import pandas as pd

    if suffix == ".parquet":
        return pd.read_parquet(io.BytesIO(content))
    if suffix in (".json", ".jsonl"):
        return pd.read_json(io.BytesIO(content), lines=suffix == ".jsonl", dtype=False)
    header = content.split(b"\n", 1)[0]
    separators = (b"\t",) if suffix == ".tsv" else (b",", b";", b"\t")
    separator = max(separators, key=header.count).decode()
    return pd.read_csv(io.BytesIO(content), sep=separator, encoding_errors="replace")


def _entry(
    row: dict[str, Any], columns: list[Column], table: str, number: int, faults: list[str]
) -> Iterator[Entry]:
    told = {str(k): tidy(str(v)) for k, v in row.items() if not _empty(v)}
    if not told:
        return
    said = [c for c in columns if c.field in FIELDS and not _empty(row[c.name])]
    fields = {c.field: row[c.name] for c in said}
    subject = str(fields.get("subject") or fields.get("formula") or fields.get("smiles") or "")
    facts = []
    for column in columns if subject else []:
        if column.field in FIELDS or _empty(row[column.name]):
            continue
        try:
            facts.append(_fact(subject, fields, column, row[column.name], columns, table))
        except (InvalidRequest, ValidationError, ValueError) as error:
            reason = str(error).splitlines()[-1 if isinstance(error, InvalidRequest) else 0]
            faults.append(f"row {number}, column {column.name!r}: {reason}")
    yield Entry(
        text=f"{table}, row {number}: " + "; ".join(f"{k}: {v}" for k, v in told.items()),
        names=tuple(dict.fromkeys(filter(None, [subject, str(fields.get("formula", ""))]))),
        reference=_reference(fields, table, number),
        facts=tuple(facts),
    )


def _fact(
    subject: str,
    fields: dict[str, Any],
    column: Column,
    value: Any,
    columns: list[Column],
    table: str,
) -> Fact:
    prop = property_of(column.field)
    number = convert(float(value), column.unit or prop.unit, column.field)
    given: dict[str, Any] = {
        "subject": subject[:120],
        "material_class": str(fields.get("material_class", "other")).casefold(),
        "property": column.field,
        "value": number,
        "unit": prop.unit,
        **_method(fields),
        "claim": f"{subject[:120]}: {prop.label} {number:.4g} {prop.unit}, from {table}.",
        "reference": _reference(fields, table, 0),
        "temperature": _kelvin(fields, columns),
        "formula": fields.get("formula"),
        "smiles": fields.get("smiles"),
    }
    for key in ("working_ion", "domain"):
        if key in fields:
            given[key] = str(fields[key])
    try:
        return Fact.model_validate(given)
    except ValidationError:  # words of the table's own for class, ion, domain: leave them out
        plain = {**given, "material_class": "other", "formula": None}
        return Fact.model_validate({k: v for k, v in plain.items() if k not in _OPEN})


_OPEN = ("working_ion", "domain")


def _method(fields: dict[str, Any]) -> dict[str, str]:
    """Method and conditions; a table that names no method holds measurements.

    A word of its own is kept as a condition, and the value is not passed off as measured.
    """
    word, conditions = str(fields.get("method", "measured")), str(fields.get("conditions", ""))
    if word.casefold() in METHODS:
        return {"method": word.casefold(), "conditions": conditions}
    told = "; ".join(filter(None, [f"method: {word}", conditions]))
    return {"method": "estimated", "conditions": told}


def _kelvin(fields: dict[str, Any], columns: list[Column]) -> float | None:
    if "temperature" not in fields:
        return None
    unit = next(c.unit for c in columns if c.field == "temperature") or "K"
    try:
        value = float(fields["temperature"])
        return convert(value, "degC" if unit == "C" else unit, "melting_point")
    except (ValueError, TypeError):
        return None


def _reference(fields: dict[str, Any], table: str, number: int) -> Reference:
    doi = find_doi(str(fields.get("doi", "")))
    year = str(fields.get("year", ""))[:4]
    place = f"{table}, row {number}" if number else f"table {table}"
    return Reference(
        doi=doi,
        url=None if doi else f"table:{table}",
        title=str(fields.get("title") or place),
        year=int(year) if year.isdigit() and 1800 <= int(year) <= 2100 else None,
    )


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _told(faults: list[str]) -> tuple[str, ...]:
    more = (f"and {len(faults) - 3} more",) if len(faults) > 3 else ()
    return tuple(faults[:3]) + more
