"""The plainest baseline: neutral formulas filled at random into the symmetry of a space group.

How many ions of which charges a formula has, which elements bear a charge, how many formula units
a cell holds and how often a space group occurs are counted in known crystals; all else is chance.
PyXtal places the atoms so that none are too near.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ionwright.generators.weights import read_config
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Target

from .base import CrystalGenerator
from .data import CrystalSet
from .ion_exchange import ions_of
from .wyckoff_positions import GROUPS, lattice_centring

if TYPE_CHECKING:
    from pymatgen.core import Structure

SHIPPED = Path(__file__).parent / "weights" / "random_symmetric"
MOST_ATOMS = 24  # in the primitive cell; larger ones take PyXtal seconds
LEAST_SEEN = 3  # a charge pattern rarer than this is left out
DRAWS = 12  # formulas and space groups tried for a sample before it is given up
FORMULAS = 200  # draws of a formula with the required elements before that is given up

Pattern = tuple[tuple[int, int], ...]  # (charge, atoms) of each element of a formula, sorted


class RandomSymmetric(CrystalGenerator):
    """Random neutral formulas in random space groups, by PyXtal."""

    name = "random_symmetric"
    family = "baseline"
    weights = SHIPPED
    recipe_steps = 1

    def __init__(self, *, device: str = "cpu") -> None:
        """Without statistics; all work is on the CPU, whatever the device."""
        self.patterns: dict[Pattern, int] = {}
        self.ions: dict[int, dict[str, int]] = {}  # charge -> element -> crystals
        self.units: dict[int, int] = {}  # formula units in the primitive cell -> crystals
        self.groups = np.zeros(GROUPS + 1)
        self.weights_id = f"{self.name}@unsaved"

    def fit(  # type: ignore[override]  # the data are a set of crystals
        self, data: CrystalSet, *, steps: int = 1, seed: int = 0
    ) -> Iterator[dict[str, float]]:
        """Counts in the train split; one pass, no chance, so `steps` and `seed` are moot.

        Yields:
            The numbers of crystals and charge patterns.
        """
        patterns: Counter[Pattern] = Counter()
        units: Counter[int] = Counter()
        counted = 0
        for i in range(len(data)):
            if data.split(i) != "train" or data.sizes[i] > MOST_ATOMS:
                continue
            self.groups[data.spg_num[i]] += 1
            ions = ions_of(data, i)
            if not ions:
                continue
            composition = data.structure(i).composition
            _, n = composition.get_integer_formula_and_factor()
            amounts = composition.reduced_composition
            patterns[_pattern([(charge, int(amounts[el])) for el, charge in ions.values()])] += 1
            units[int(n)] += 1
            for element, charge in ions.values():
                counts = self.ions.setdefault(charge, {})
                counts[element] = counts.get(element, 0) + 1
            counted += 1
        if not counted:
            raise InvalidRequest("no neutral crystals on the train split; nothing to count")
        least = min(LEAST_SEEN, max(patterns.values()))
        self.patterns = {p: count for p, count in sorted(patterns.items()) if count >= least}
        self.units, self.step = dict(sorted(units.items())), 1
        yield {"step": 1.0, "crystals": float(counted), "patterns": float(len(self.patterns))}

    def sample_structures(
        self,
        n: int,
        *,
        require_elements: Sequence[str] = (),
        exclude_elements: Sequence[str] = (),
        conditions: Sequence[Target] = (),
        seed: int = 0,
    ) -> list[Structure | None]:
        """Makes `n` random crystals; None where PyXtal found no room for the atoms.

        Args:
            n: how many.
            require_elements: symbols that each crystal must hold.
            exclude_elements: symbols that must not occur.
            conditions: none is followed.
            seed: same seed, same crystals; the first ones do not depend on `n`.
        """
        if not self.patterns:
            raise InvalidRequest(f"{self.name} has no statistics; fit it or load those shipped")
        required, excluded = set(require_elements), set(exclude_elements)
        return [self._one(np.random.default_rng([seed, i]), required, excluded) for i in range(n)]

    def _one(
        self, rng: np.random.Generator, required: set[str], excluded: set[str]
    ) -> Structure | None:
        for _ in range(DRAWS):
            formula = self._formula(rng, required, excluded)
            if formula is None:
                return None
            n = int(_draw(self.units, rng))
            most = MOST_ATOMS // sum(formula.values())
            spg_num = int(rng.choice(len(self.groups), p=self.groups / self.groups.sum()))
            counts = {element: count * max(1, min(n, most)) for element, count in formula.items()}
            made = random_crystal(spg_num, counts, rng)
            if made is not None:
                return made
        return None

    def _formula(
        self, rng: np.random.Generator, required: set[str], excluded: set[str]
    ) -> dict[str, int] | None:
        """Atoms of each element in a neutral formula, None if the wishes cannot be met."""
        for _ in range(FORMULAS):
            formula: dict[str, int] = {}
            for charge, atoms in _draw(self.patterns, rng):
                may = {
                    element: count
                    for element, count in self.ions[charge].items()
                    if element not in excluded and element not in formula
                }
                wanted = {el: count for el, count in may.items() if el in required}
                if not may:
                    break
                formula[_draw(wanted or may, rng)] = atoms
            else:
                if required <= set(formula) and sum(formula.values()) <= MOST_ATOMS:
                    return formula
        return None

    def save(self, folder: Path) -> None:
        """Writes config.json with the statistics."""
        if not self.patterns:
            raise InvalidRequest(f"{self.name} has no statistics; fit it first")
        config = {
            "name": self.name,
            "patterns": [[pattern, count] for pattern, count in self.patterns.items()],
            "ions": [[charge, counts] for charge, counts in sorted(self.ions.items())],
            "units": list(self.units.items()),
            "groups": self.groups.astype(int).tolist(),
        }
        write_atomically(Path(folder) / "config.json", json.dumps(config))
        self.weights_id = _statistics_id(config)

    @classmethod
    def load(cls, folder: Path | None = None, *, device: str = "cpu") -> Self:
        """Reads saved statistics; without a folder, the ones that are shipped.

        Raises:
            Damaged: if the file is missing or damaged.
        """
        folder = SHIPPED if folder is None else Path(folder)
        config = read_config(folder)
        model = cls(device=device)
        try:
            model.patterns = {
                tuple((int(q), int(k)) for q, k in pattern): int(count)
                for pattern, count in config["patterns"]
            }
            model.ions = {int(charge): dict(counts) for charge, counts in config["ions"]}
            model.units = {int(n): int(count) for n, count in config["units"]}
            model.groups = np.array(config["groups"], dtype=float)
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(f"statistics damaged: {folder}: {error}; reinstall") from error
        model.weights_id = _statistics_id(config)
        return model


def random_crystal(
    spg_num: int, counts: dict[str, int], rng: np.random.Generator
) -> Structure | None:
    """These atoms (per primitive cell) at random in a space group, None if they do not fit."""
    from pyxtal import pyxtal
    from pyxtal.msg import Comp_CompatibilityError, VolumeError

    copies = len(lattice_centring(spg_num))
    crystal = pyxtal()
    logging.getLogger("pyxtal").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            crystal.from_random(
                3,
                spg_num,
                list(counts),
                [count * copies for count in counts.values()],
                max_count=1,
                random_state=int(rng.integers(2**31)),
            )
        except (Comp_CompatibilityError, VolumeError, RuntimeError, ValueError):
            return None
        return crystal.to_pymatgen().get_primitive_structure() if crystal.valid else None


def _pattern(charges: Sequence[tuple[int, int]]) -> Pattern:
    return tuple(sorted(charges))


def _draw(counts: dict[Any, int], rng: np.random.Generator) -> Any:
    """A key drawn as often as it was counted."""
    shares = np.array(list(counts.values()), dtype=float)
    return list(counts)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def _statistics_id(config: dict[str, Any]) -> str:
    import hashlib

    digest = hashlib.sha256(json.dumps(config).encode()).hexdigest()
    return f"{RandomSymmetric.name}@{digest[:12]}"
