"""What a generative model has to beat: known crystals with some of their ions exchanged.

Which ion takes the place of which is drawn by how often that is seen among known crystals (Hautier
et al., Inorg. Chem. 50, 656, 2011, as tabulated in pymatgen), among ions of the same charge, so
that what was neutral stays so. The cell is then scaled to the volume that its bonds ask for.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zipfile import BadZipFile

import numpy as np

from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.phases.library import STRUCTURES
from ionwright.knowledge.records import Target

from .base import CrystalGenerator
from .data import CrystalSet, load_set, save_set

if TYPE_CHECKING:
    from pymatgen.core import Species, Structure

HOSTS = "phases.npz"
DRAWS = 40  # hosts tried for a sample before it is given up
KEEP = 0.6  # chance that an ion that need not be exchanged stays
MOST_ATOMS = 64  # of a host; larger ones are left alone

Ion = tuple[str, int]  # element and charge


class IonExchange(CrystalGenerator):
    """Exchanges ions of known crystals for others of the same charge."""

    name = "ion_exchange"
    family = "baseline"
    recipe_steps = 1

    def __init__(self, hosts: CrystalSet | None = None, *, device: str = "cpu") -> None:
        """Takes the crystals to start from; all work is on the CPU, whatever the device."""
        self.hosts = hosts
        self.weights_id = _hosts_id(hosts) if hosts else f"{self.name}@no-hosts"
        self._ions: dict[int, dict[str, Ion] | None] = {}

    def fit(  # type: ignore[override]  # the data are a set of crystals
        self, data: CrystalSet, *, steps: int = 1, seed: int = 0
    ) -> Iterator[dict[str, float]]:
        """Takes the crystals of the train split as hosts; nothing is learned, so `steps` is moot.

        Yields:
            The number of hosts.
        """
        stable = lambda i: not data.energy_above_hull[i] > 0.1  # unknown ones are taken
        self.hosts = data.where(
            lambda i: data.split(i) == "train" and data.sizes[i] <= MOST_ATOMS and stable(i)
        )
        self.weights_id, self._ions, self.step = _hosts_id(self.hosts), {}, 1
        yield {"step": 1.0, "hosts": float(len(self.hosts))}

    def sample_structures(
        self,
        n: int,
        *,
        require_elements: Sequence[str] = (),
        exclude_elements: Sequence[str] = (),
        conditions: Sequence[Target] = (),
        seed: int = 0,
        start_from: Sequence[str] = (),
    ) -> list[Structure | None]:
        """Exchanges ions in `n` hosts; None where no host could take the required elements.

        Args:
            n: how many.
            require_elements: symbols that each crystal must hold.
            exclude_elements: symbols that must not occur.
            conditions: none is followed.
            seed: same seed, same crystals; the first ones do not depend on `n`.
            start_from: formulas of the hosts to use, such as "NaFePO4"; all hosts if left out.

        Raises:
            InvalidRequest: if there are no hosts, or none of these formulas.
        """
        if self.hosts is None or not len(self.hosts):
            raise InvalidRequest(f"{self.name} has no hosts; give some or load those shipped")
        rows = self._rows(start_from)
        required, excluded = set(require_elements), set(exclude_elements)
        return [
            self._one(rows, np.random.default_rng([seed, i]), required, excluded) for i in range(n)
        ]

    def _rows(self, formulas: Sequence[str]) -> np.ndarray:
        """Indices of the hosts to use."""
        assert self.hosts is not None
        if not formulas:
            return np.arange(len(self.hosts))
        from pymatgen.core import Composition

        wanted = {Composition(formula).reduced_formula for formula in formulas}
        rows = [
            i
            for i in range(len(self.hosts))
            if self.hosts.structure(i).composition.reduced_formula in wanted
        ]
        if not rows:
            raise InvalidRequest(
                f"no host has the formula {' or '.join(sorted(wanted))}; leave start_from out to "
                "use all hosts, or give IonExchange hosts of your own"
            )
        return np.array(rows)

    def _one(
        self, rows: np.ndarray, rng: np.random.Generator, required: set[str], excluded: set[str]
    ) -> Structure | None:
        assert self.hosts is not None
        for _ in range(DRAWS):
            host = int(rng.choice(rows))
            ions = self._ions_of(host)
            exchange = exchanged(ions, rng, required, excluded) if ions else None
            if exchange:
                made = self.hosts.structure(host)
                made.replace_species(exchange)  # type: ignore[arg-type]  # symbols will do
                made = scaled(made)
                made.properties.update(parents=[str(self.hosts.ids[host])])
                return made
        return None

    def _ions_of(self, host: int) -> dict[str, Ion] | None:
        """The ion of each element of a host; None if charges cannot be told."""
        assert self.hosts is not None
        if host not in self._ions:
            self._ions[host] = ions_of(self.hosts, host)
        return self._ions[host]

    def save(self, folder: Path) -> None:
        """Writes phases.npz."""
        if self.hosts is None:
            raise InvalidRequest(f"{self.name} has no hosts to save")
        save_set(Path(folder) / HOSTS, self.hosts)

    @classmethod
    def load(cls, folder: Path | None = None, *, device: str = "cpu") -> Self:
        """Reads hosts; without a folder, the known phases that are shipped.

        Raises:
            Damaged: if the file is missing or cannot be read.
        """
        file = STRUCTURES if folder is None else Path(folder) / HOSTS
        try:
            return cls(load_set(file), device=device)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise Damaged(f"hosts damaged: {file}: {error}; reinstall or fit again") from error


def ions_of(crystals: CrystalSet, index: int) -> dict[str, Ion] | None:
    """The likeliest whole charge of each element of a crystal, None if there are none."""
    structure = crystals.structure(index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        guesses = structure.composition.reduced_composition.oxi_state_guesses(max_sites=-1)
    if not guesses or any(charge != int(charge) or not charge for charge in guesses[0].values()):
        return None
    return {element: (element, int(charge)) for element, charge in guesses[0].items()}


def exchanged(
    ions: dict[str, Ion], rng: np.random.Generator, required: set[str], excluded: set[str]
) -> dict[str, str] | None:
    """Which element takes the place of which; None if this host cannot meet the wishes.

    Each required element takes the place of one ion, drawn by how likely that is; the other ions
    stay or are exchanged at random. Something is always exchanged.
    """
    new: dict[str, str] = {}
    for element in sorted(required):
        places = [ion for ion in ions.values() if ion[0] not in new]
        chances = np.array([partners(ion).get(element, 0.0) for ion in places])
        if not chances.sum():
            return None
        new[places[rng.choice(len(places), p=chances / chances.sum())][0]] = element
    for element in sorted(set(ions) - set(new)):
        taken = excluded | set(new.values()) | (set(ions) - {element})
        chosen = _partner(ions[element], rng, taken)
        if chosen is None:
            return None
        new[element] = chosen
    kept = all(old == element for old, element in new.items())
    return None if kept or len(set(new.values())) < len(new) else new


def _partner(ion: Ion, rng: np.random.Generator, taken: set[str]) -> str | None:
    """The ion itself or another of its charge, drawn; not one that is taken."""
    if ion[0] not in taken and rng.random() < KEEP:
        return ion[0]
    chances = {el: p for el, p in partners(ion).items() if el not in taken}
    if not chances:
        return None
    shares = np.array(list(chances.values()))
    return list(chances)[int(rng.choice(len(shares), p=shares / shares.sum()))]


@cache
def partners(ion: Ion) -> dict[str, float]:
    """How likely each element is seen in an ion's place with the same charge, itself included."""
    from pymatgen.core import Species

    table = _probabilities()
    here = Species(*ion)
    if here not in table.species:
        return {ion[0]: 1.0}
    found: dict[str, float] = {}
    for other in sorted(table.species, key=str):
        if _charge(other) == ion[1]:
            found[other.symbol] = float(table.cond_prob(other, here))
    return found


def _charge(species: Species) -> int:
    return int(species.oxi_state or 0)


@cache
def _probabilities() -> Any:
    from pymatgen.analysis.structure_prediction.substitution_probability import (
        SubstitutionProbability,
    )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return SubstitutionProbability()


def scaled(structure: Structure) -> Structure:
    """The structure at the volume at which its bonds have their usual lengths.

    Returns:
        A new structure; the one given where pymatgen has no bond lengths for it.
    """
    from pymatgen.analysis.structure_prediction.volume_predictor import DLSVolumePredictor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return DLSVolumePredictor().get_predicted_structure(structure, icsd_vol=False)
        except (ValueError, KeyError, RuntimeError, ZeroDivisionError):
            return structure.copy()


def _hosts_id(hosts: CrystalSet) -> str:
    digest = hashlib.sha256("\n".join(map(str, hosts.ids)).encode()).hexdigest()
    return f"{IonExchange.name}@{digest[:12]}"
