"""What every crystal generator shares: structures come out, records with their origin go on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ionwright.generators.base import Generator
from ionwright.knowledge.crystals import check_structure, crystal_candidate
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance, Target
from ionwright.knowledge.vocabulary import ELEMENTS

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from .data import CrystalSet

VOLUMES = (4.0, 120.0)  # cubic angstrom per atom: diamond has 5.7, solid caesium 115


class CrystalGenerator(Generator):
    """A generator of crystals: subclasses make structures, this class makes records of them.

    Two entries of a structure's `properties` go into its record and not into the CIF: "parents",
    ids of the crystals that it was made from, and "notes", sentences for people.
    """

    material = "crystal"
    weights: ClassVar[Path]  # folder of the shipped weights
    weights_id: str | None = None

    @classmethod
    def read_data(cls, path: Path) -> CrystalSet:
        """The crystals in a folder of tables with CIFs, or in one .npz that `save_set` wrote."""
        from .data import load_set, read_crystals

        return load_set(path) if path.suffix == ".npz" else read_crystals(path)

    @abstractmethod
    def sample_structures(
        self,
        n: int,
        *,
        require_elements: Sequence[str] = (),
        exclude_elements: Sequence[str] = (),
        conditions: Sequence[Target] = (),
        seed: int = 0,
    ) -> list[Structure | None]:
        """Makes `n` structures, primitive cells if possible; None where one could not be built.

        Args:
            n: how many; the list has this length.
            require_elements: symbols that each structure must hold.
            exclude_elements: symbols that must not occur.
            conditions: targets that the structures should meet.
            seed: same seed, same structures.
        """

    def sample(
        self,
        n: int,
        conditions: Sequence[Target] = (),
        *,
        require_elements: Sequence[str] = (),
        exclude_elements: Sequence[str] = (),
        seed: int = 0,
        **options: Any,
    ) -> list[Candidate]:
        """Proposes `n` crystals; each says in its checks whether it is valid, none is left out.

        Args:
            n: how many.
            conditions: targets on the properties in `conditions`.
            require_elements: symbols that each crystal must hold, such as the working ion.
            exclude_elements: symbols that must not occur.
            seed: same seed, same crystals.
            **options: what else this generator's `sample_structures` takes.

        Raises:
            InvalidRequest: for a condition not followed, elements that are unknown or both
                required and excluded, a negative n or seed.
        """
        self.check_conditions(conditions)
        check_request(n, seed, require_elements, exclude_elements)
        structures = self.sample_structures(
            n,
            require_elements=require_elements,
            exclude_elements=exclude_elements,
            conditions=conditions,
            seed=seed,
            **options,
        )
        inputs = {
            "conditions": [c.model_dump(mode="json") for c in conditions],
            "require_elements": list(require_elements),
            "exclude_elements": list(exclude_elements),
            **options,
        }
        origin = Provenance(
            source=f"generators/crystals/{self.name}",
            version=version("ionwright"),
            weights=self.weights_id,
            seed=seed,
            inputs={key: value for key, value in inputs.items() if value not in ([], None)},
        )
        return [_candidate(structure, origin, i) for i, structure in enumerate(structures)]


def check_request(n: int, seed: int, required: Sequence[str], excluded: Sequence[str]) -> None:
    """Refuses what no crystal generator can do.

    Raises:
        InvalidRequest: for a negative n or seed, unknown symbols, or one that is both required
            and excluded.
    """
    if n < 0 or seed < 0:
        raise InvalidRequest(f"cannot sample {n} crystals with seed {seed}; give numbers from 0")
    unknown = [symbol for symbol in (*required, *excluded) if symbol not in ELEMENTS]
    if unknown:
        raise InvalidRequest(f"unknown element {unknown[0]!r}; give symbols such as Fe")
    both = sorted(set(required) & set(excluded))
    if both:
        raise InvalidRequest(f"{', '.join(both)} both required and excluded; choose one")


def is_sound(structure: Structure | None) -> bool:
    """Whether a structure can be computed with: ordered, no clash, a sensible volume."""
    if structure is None or not VOLUMES[0] < structure.volume / len(structure) < VOLUMES[1]:
        return False
    try:
        check_structure(structure)
    except InvalidRequest:
        return False
    return True


def _candidate(structure: Structure | None, origin: Provenance, index: int) -> Candidate:
    if structure is None:  # still counted, so that shares are of all that was asked for
        return Candidate(
            material="crystal",
            encoding="cif",
            data=f"# nothing was built: {origin.weights}, seed {origin.seed}, sample {index}",
            checks={"valid": False},
            provenance=origin,
        )
    parents = tuple(structure.properties.get("parents", ()))
    made = crystal_candidate(
        structure,
        provenance=origin.model_copy(update={"parents": parents}),
        checks={"valid": is_sound(structure)},
    )
    return made.with_notes(*structure.properties.get("notes", ()))
