"""The polymers that we learn from: labelled ones with MD transport, and unlabelled ones.

Labelled: htp_md (TRI-AMDD/htp_md on GitHub, MIT), 6,025 repeat units with LiTFSI at 1.5 m and
353 K. Unlabelled: the polymers of KanHatakeyama/ion_predictor (GitHub, MIT), 63,606 rows of which
a quarter are no repeat units at all. Nothing of this is needed at run time; a user who trains
passes the folder as `--data PATH`.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from ionwright.generators.weights import load_weights, save_weights
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import Split, canonical_psmiles, psmiles_hash, split_of

if TYPE_CHECKING:
    import torch

LABELLED_FILE = "htp_md/md_wo_structure_cleaned_0_1_4.csv"
UNLABELLED_FILE = "polymer_electrolyte_experimental/ion_predictor_polymer_smiles.csv.gz"
KNOWN_FOLDER = Path(__file__).parent / "weights" / "known_polymers"
MAX_PSMILES = 80  # characters; 99.8 % of the polymers are shorter, longer ones only slow training

# column of htp_md -> our name; diffusivities in cm2/s, conductivity in S/cm
_COLUMNS = {
    "conductivity": "ionic_conductivity",
    "transference_number": "transference_number",
    "li_diffusivity": "li_diffusivity",
    "tfsi_diffusivity": "anion_diffusivity",
    "poly_diffusivity": "polymer_diffusivity",
}
_LOGARITHMIC = frozenset(_COLUMNS.values()) - {"transference_number"}


@dataclass(frozen=True, slots=True)
class LabelledPolymer:
    """A canonical repeat unit with what MD gave for it (LiTFSI 1.5 m, 353 K)."""

    psmiles: str
    ionic_conductivity: float  # S/cm
    transference_number: float  # can be negative: the MD includes ion correlations
    li_diffusivity: float  # cm2/s
    anion_diffusivity: float  # cm2/s
    polymer_diffusivity: float  # cm2/s
    rows: int = 1  # how many rows of the file were merged into it

    @property
    def split(self) -> Split:
        """The side of the scaffold split that it lies on."""
        return split_of(self.psmiles)


@dataclass(frozen=True, slots=True)
class ImaginedPolymer:
    """A polymer that a model wrote, with a predictor's values in place of measured ones."""

    psmiles: str
    ionic_conductivity: float  # S/cm
    transference_number: float


@dataclass(frozen=True, slots=True)
class PolymerData:
    """Labelled and unlabelled polymers, and what was left out and why.

    `imagined` ones are a model's own, labelled by a predictor that has seen the "generator" split
    only; they widen what the second phase of training sees.
    """

    labelled: list[LabelledPolymer]
    unlabelled: list[str]
    left_out: dict[str, int] = field(default_factory=dict)
    imagined: list[ImaginedPolymer] = field(default_factory=list)

    def of(self, *splits: Split) -> list[LabelledPolymer]:
        """The labelled polymers on these sides of the split."""
        return [polymer for polymer in self.labelled if polymer.split in splits]

    def known(self) -> list[str]:
        """All polymers, labelled or not: what a novel one must differ from."""
        return sorted({polymer.psmiles for polymer in self.labelled} | set(self.unlabelled))


def load_polymers(path: Path) -> PolymerData:
    """Reads and cleans the polymers in a data folder.

    Canonical duplicates are merged: median of log conductivity and log diffusivities, median of the
    transference number. Unlabelled rows that are no repeat unit, that are longer than MAX_PSMILES,
    or that are a labelled polymer are left out and counted. Their scaffolds are not held back: they
    carry no label, and no polymer of the judge or test side is among them.

    Args:
        path: the folder that holds `htp_md/` (and, if at hand,
            `polymer_electrolyte_experimental/`), or the one that holds `molecules/`.

    Raises:
        InvalidRequest: if the labelled file is not there or lacks a column.
    """
    root = _data_root(Path(path))
    left_out: dict[str, int] = {}
    labelled = _read_labelled(root / LABELLED_FILE, left_out)
    known = {polymer.psmiles for polymer in labelled}
    unlabelled = _read_unlabelled(root / UNLABELLED_FILE, known, left_out)
    return PolymerData(labelled, unlabelled, left_out)


def _data_root(path: Path) -> Path:
    for root in (path, path / "molecules"):
        if (root / LABELLED_FILE).is_file():
            return root
    raise InvalidRequest(
        f"no {LABELLED_FILE} in {path}; it is published at github.com/TRI-AMDD/htp_md: "
        "give the folder that holds htp_md/ as --data PATH"
    )


def _read_labelled(file: Path, left_out: dict[str, int]) -> list[LabelledPolymer]:
    merged: dict[str, list[dict[str, float]]] = {}
    with file.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        missing = {"mol_smiles", *_COLUMNS} - set(reader.fieldnames or ())
        if missing:
            raise InvalidRequest(f"{file.name} lacks the columns {', '.join(sorted(missing))}")
        for row in reader:
            psmiles = _canonical_or_count(row["mol_smiles"], left_out, "labelled: ")
            values = _values(row)
            if values is None:
                _count(left_out, "labelled: value missing or not positive")
            elif psmiles:
                merged.setdefault(psmiles, []).append(values)
    return [_merge(psmiles, rows) for psmiles, rows in sorted(merged.items())]


def _values(row: dict[str, str]) -> dict[str, float] | None:
    try:
        values = {ours: float(row[theirs]) for theirs, ours in _COLUMNS.items()}
    except ValueError:
        return None
    sound = all(math.isfinite(v) and (v > 0 or k not in _LOGARITHMIC) for k, v in values.items())
    return values if sound else None


def _merge(psmiles: str, rows: list[dict[str, float]]) -> LabelledPolymer:
    def middle(key: str) -> float:
        if key in _LOGARITHMIC and len(rows) > 1:
            return 10 ** median(math.log10(row[key]) for row in rows)
        return median(row[key] for row in rows)

    return LabelledPolymer(psmiles, **{key: middle(key) for key in rows[0]}, rows=len(rows))


def _read_unlabelled(file: Path, labelled: set[str], left_out: dict[str, int]) -> list[str]:
    if not file.is_file():
        return []
    found: set[str] = set()
    with gzip.open(file, "rt", newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            psmiles = _canonical_or_count(row["SMILES"], left_out, "unlabelled: ")
            if psmiles is None:
                continue
            if len(psmiles) > MAX_PSMILES:
                _count(left_out, f"unlabelled: longer than {MAX_PSMILES} characters")
            elif psmiles in labelled:
                _count(left_out, "unlabelled: also labelled")
            elif psmiles in found:
                _count(left_out, "unlabelled: duplicate")
            found.add(psmiles)
    return sorted(p for p in found if len(p) <= MAX_PSMILES and p not in labelled)


def _canonical_or_count(text: str, left_out: dict[str, int], prefix: str) -> str | None:
    try:
        return canonical_psmiles(text)
    except InvalidRequest:
        _count(left_out, prefix + "not a repeat unit with two chain ends")
        return None


def _count(left_out: dict[str, int], reason: str) -> None:
    left_out[reason] = left_out.get(reason, 0) + 1


def save_known(polymers: Iterable[str], folder: Path = KNOWN_FOLDER) -> None:
    """Writes the hashes of known polymers (8 bytes each) that novelty is checked against."""
    import torch

    hashes = sorted(_signed(psmiles_hash(psmiles)) for psmiles in set(polymers))
    config = {"what": "first 64 bits of SHA-256 of canonical PSMILES", "n": len(hashes)}
    save_weights(folder, {"hashes": torch.tensor(hashes, dtype=torch.int64)}, config)


@cache
def known_polymers(folder: Path = KNOWN_FOLDER) -> frozenset[int]:
    """Hashes (`psmiles_hash`) of all labelled and pre-training polymers, shipped.

    Raises:
        Damaged: if the file is missing or does not match its checksum.
    """
    tensors, _ = load_weights(folder)
    hashes: torch.Tensor = tensors["hashes"]
    return frozenset(value % 2**64 for value in hashes.tolist())


def is_known(canonical: str) -> bool:
    """Whether a canonical PSMILES is among the labelled or pre-training polymers.

    A false yes has a chance of 3e-15 for each question.
    """
    return psmiles_hash(canonical) in known_polymers()


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value
