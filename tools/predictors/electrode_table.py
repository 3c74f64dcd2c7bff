"""The Materials Project's table of insertion electrodes, read for training and testing.

Columns: formula_charge, formula_discharge, stability_charge, stability_discharge (energies above
the hull, eV/atom), average_voltage, capacity_grav, capacity_vol (both of the discharged material),
max_delta_volume (a fraction), working_ion, battery_id, id_charge, id_discharge.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ionwright.knowledge.errors import InvalidRequest

from .electrode_redox import AVOGADRO_CM3, Pair, pair_of

Split = Literal["train", "val", "test"]
_IDS = ("battery_id", "id_charge", "id_discharge")
_NUMBERS = (
    "average_voltage", "capacity_grav", "capacity_vol", "energy_grav", "energy_vol",
    "max_delta_volume", "stability_charge", "stability_discharge",
)  # fmt: skip


@dataclass(frozen=True)
class Electrode:
    """A row of the table.

    Attributes:
        key: battery and ids of both ends; a battery has one row for each of its steps.
        id_discharge: of the discharged crystal.
        pair: both ends, on the discharged formula.
        volume: of the discharged formula, A^3.
        values: the numbers of the row by column.
    """

    key: str
    id_discharge: str
    pair: Pair
    volume: float
    values: dict[str, float]

    @property
    def framework(self) -> str:
        """Reduced formula without the working ion: what the split goes by."""
        return self.pair.framework.reduced_formula

    @property
    def split(self) -> Split:
        """The part of the table that the framework belongs to."""
        return split_of(self.framework)

    @property
    def charged_excess(self) -> float:
        """Energy of the charged end above the hull, eV for each electron: it raises the voltage."""
        atoms = float(self.pair.charged.num_atoms)
        return atoms * self.values["stability_charge"] / self.pair.electrons

    @property
    def discharged_excess(self) -> float:
        """Energy of the discharged end above the hull, eV for each electron: it lowers it."""
        atoms = float(self.pair.discharged.num_atoms)
        return atoms * self.values["stability_discharge"] / self.pair.electrons

    @property
    def hull_voltage(self) -> float:
        """Voltage between the stable mixtures of phases at both compositions.

        It depends on the two formulas only, not on the crystal structures.
        """
        return self.values["average_voltage"] - self.charged_excess + self.discharged_excess


def split_of(framework: str) -> Split:
    """train, val or test (8 : 1 : 1) by a hash of the framework's reduced formula."""
    digit = int(hashlib.sha256(framework.encode()).hexdigest(), 16) % 10
    return "test" if digit == 0 else "val" if digit == 1 else "train"


def read_table(path: Path) -> list[Electrode]:
    """All rows of the table.

    Raises:
        InvalidRequest: if columns are missing.
    """
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        wanted = {"formula_charge", "formula_discharge", "working_ion", *_IDS, *_NUMBERS}
        missing = wanted - set(reader.fieldnames or ())
        if missing:
            raise InvalidRequest(f"{path} lacks the columns {', '.join(sorted(missing))}")
        return [_row(row) for row in reader]


def of_splits(rows: Sequence[Electrode], *splits: Split) -> list[Electrode]:
    """The rows of these splits."""
    return [row for row in rows if row.split in splits]


def _row(row: dict[str, str]) -> Electrode:
    from pymatgen.core import Composition

    ends = Composition(row["formula_charge"]), Composition(row["formula_discharge"])
    pair = pair_of(*ends, row["working_ion"])
    values = {key: float(row[key]) for key in _NUMBERS}
    density = values["capacity_vol"] / values["capacity_grav"]  # g/cm3 of the discharged end
    volume = float(pair.discharged.weight) / density / AVOGADRO_CM3
    key = " ".join(row[column] for column in _IDS)
    return Electrode(key, row["id_discharge"], pair, volume, values)
