"""Relaxes known electrodes with the potential: what `train_insertion_electrode` is calibrated on.

    python -m ionwright.tools.predictors.label_insertion_electrode \
        --table mp_insertion_electrodes.csv --crystals crystals.npz --out labels.jsonl

Rows of the table whose discharged end is among the crystals (by id, else by formula and density
within 0.3 %) lose as many ions as the table says. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ionwright.generators.crystals.data import CrystalSet, load_set
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.vocabulary import WORKING_IONS

from .electrode_potential import relax_ends
from .electrode_redox import Ends, Pair, redox_of
from .electrode_states import States, without_ions
from .electrode_table import Electrode, read_table
from .potential import Failed, Potential

SAME_DENSITY = 0.003
LARGEST = 44  # atoms
COARSE = 0.1  # eV/angstrom: good to some meV of voltage; volume changes come out less exact


@dataclass(frozen=True)
class Label:
    """What the potential says of a row of the table."""

    key: str
    framework: str
    voltage: float
    volume_change: float
    energy_discharged: float
    energy_charged: float
    converged: bool
    seconds: float


def matches(rows: Sequence[Electrode], crystals: CrystalSet) -> Iterator[tuple[Electrode, int]]:
    """Rows with the index of the crystal that is their discharged end."""
    by_id = {str(name): i for i, name in enumerate(crystals.ids)}
    by_formula = defaultdict(list)
    for i in range(len(crystals)):
        numbers = crystals.numbers[crystals.offsets[i] : crystals.offsets[i + 1]]
        by_formula[_formula_key(numbers)].append(i)
    for row in rows:
        found = by_id.get(row.id_discharge)
        if found is None:
            atoms = [el.Z for el, n in row.pair.discharged.items() for _ in range(round(n))]
            same = by_formula[_formula_key(np.array(atoms))]
            found = next((i for i in same if _fits(row, crystals, i)), None)
        if found is not None:
            yield row, found


def _formula_key(numbers: np.ndarray) -> tuple[tuple[int, int], ...]:
    kinds, counts = np.unique(numbers, return_counts=True)
    counts = counts // np.gcd.reduce(counts) if len(counts) else counts
    return tuple(zip(kinds.tolist(), counts.tolist(), strict=True))


def _fits(row: Electrode, crystals: CrystalSet, index: int) -> bool:
    structure = crystals.structure(index)
    mine = structure.volume / len(structure)
    return abs(mine / (row.volume / row.pair.discharged.num_atoms) - 1) < SAME_DENSITY


def states_in(structure, pair: Pair) -> States:  # type: ignore[no-untyped-def]
    """The table's two states in the discharged crystal, or the smallest supercell that has them.

    Raises:
        InvalidRequest: if none has them as whole numbers of ions.
    """
    for factors in ((1, 1, 1), (2, 1, 1), (3, 1, 1), (2, 2, 1), (3, 2, 1), (2, 2, 2)):
        cell = structure.copy()
        cell.make_supercell(factors)
        if len(cell) > LARGEST:
            continue
        moved = pair.moved * len(cell) / pair.discharged.num_atoms
        if abs(moved - round(moved)) < 1e-3:
            charged = without_ions(cell, pair.ion, round(moved))
            ends = Ends(pair, True, redox_of(cell.composition))
            return States(pair.ion, charged, cell, round(moved), ends)
    raise InvalidRequest(f"no supercell where a whole number of {pair.ion} moves")


def main(arguments: Sequence[str] | None = None) -> None:
    """Relaxes what is not in the output yet, the small cells first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--crystals", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=None)
    options = parser.parse_args(arguments)
    crystals = load_set(options.crystals)
    found = list(matches(read_table(options.table), crystals))
    found = [(row, i) for row, i in found if _is_insertion(row)]
    found = [(row, i) for row, i in found if crystals.sizes[i] <= LARGEST]
    found = _frameworks_first(found, crystals)
    done = {json.loads(line)["key"] for line in _lines(options.out)}
    potential = Potential(options.cache, workers=1)
    with options.out.open("a", encoding="utf-8") as out:
        for row, index in found:
            if row.key not in done:
                label = _label(row, crystals, index, potential)
                out.write(json.dumps(label) + "\n")
                out.flush()


def _is_insertion(row: Electrode) -> bool:
    """Whether candidates could have that ion, and there is a framework with anions to stay."""
    return row.pair.ion in WORKING_IONS and not redox_of(row.pair.discharged).metallic


def _frameworks_first(
    found: Sequence[tuple[Electrode, int]], crystals: CrystalSet
) -> list[tuple[Electrode, int]]:
    """One row of every framework before the second of any; small cells first."""
    seen: dict[str, int] = defaultdict(int)
    ranked = []
    for row, index in sorted(found, key=lambda pair: int(crystals.sizes[pair[1]])):
        ranked.append((seen[row.framework], int(crystals.sizes[index]), row, index))
        seen[row.framework] += 1
    return [(row, index) for _, _, row, index in sorted(ranked, key=lambda item: item[:2])]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _label(row: Electrode, crystals: CrystalSet, index: int, potential: Potential) -> dict:
    start = time.process_time()
    try:
        states = states_in(crystals.structure(index), row.pair)
    except InvalidRequest as error:
        return {"key": row.key, "failed": str(error)}
    result = relax_ends([states], fmax=COARSE, potential=potential)[0]
    if isinstance(result, Failed):
        return {"key": row.key, "failed": result.reason}
    return asdict(
        Label(
            row.key,
            row.framework,
            result.voltage,
            result.volume_change,
            result.discharged.energy_per_atom,
            result.charged.energy_per_atom,
            result.converged,
            time.process_time() - start,
        )
    )


if __name__ == "__main__":
    main()
