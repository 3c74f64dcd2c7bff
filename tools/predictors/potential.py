"""The embedded interatomic potential: energies and relaxed structures of any inorganic crystal.

CHGNet (Deng et al., Nat. Mach. Intell. 5, 1031, 2023), trained on relaxations of the Materials
Project; the weights lie in its package. Every result is kept on disk by the structure's content,
and a structure that cannot be computed is a result too: a batch always goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ionwright.knowledge.errors import NotAvailable

from .computable import Document, problem_of, result_key, structure_document, structure_from
from .potential_workers import MOST_WORKERS, cores, run_jobs
from .result_cache import ResultCache, default_folder

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator
    from pymatgen.core import Structure

    from .potential_engine import Engine

CACHE = "potential.sqlite"
ALONE = 3  # so few relaxations are done in this process: a worker takes seconds to start
_CHUNK = 16  # single points in one job
_FEW_POINTS = 96  # single points that are done in this process
Progress = Callable[[str, int, int], None]  # what, done, total; may raise Cancelled
_T = TypeVar("_T")


@dataclass(frozen=True)
class Energy:
    """A single point.

    Attributes:
        energy_per_atom: eV, total energy on the scale of MP2020-corrected PBE(+U).
        max_force: largest force on an atom, eV/angstrom.
        max_stress: largest component of the stress, GPa.
        magmoms: magnetic moment of each site, Bohr magnetons.
    """

    energy_per_atom: float
    max_force: float
    max_stress: float
    magmoms: tuple[float, ...]


@dataclass(frozen=True)
class Relaxed(Energy):
    """The end of a relaxation; sites in the order they had.

    Attributes:
        structure: where the relaxation stopped.
        steps: of the optimizer.
        converged: whether forces and stress are below fmax.
    """

    structure: Structure
    steps: int
    converged: bool


@dataclass(frozen=True)
class Failed:
    """What is returned for a structure that has no result."""

    reason: str


class Potential:
    """CHGNet with its cache and workers.

    Args:
        folder: of the cache; the user's cache folder if left out.
        device: "cpu", "cuda" or "mps"; only the CPU uses worker processes.
        workers: processes at once; as many as there are cores if left out.
    """

    def __init__(
        self, folder: Path | None = None, *, device: str = "cpu", workers: int | None = None
    ) -> None:
        self.device = device
        self.workers = min(cores(), MOST_WORKERS) if workers is None else workers
        self._cache = ResultCache((folder or default_folder()) / CACHE)

    @cached_property
    def weights(self) -> str:
        """Name and checksum of the weights, for provenance and the cache."""
        return f"chgnet-{version('chgnet')}@{_checksum()}"

    def energies(
        self, structures: Sequence[Structure], on_progress: Progress | None = None
    ) -> list[Energy | Failed]:
        """Single points, in the order of the structures.

        Args:
            structures: ordered crystals.
            on_progress: what, done, total; called often, may raise `Cancelled`.
        """
        documents = self._results(structures, {"task": "energy"}, on_progress)
        return [_read(_energy, document) for document in documents]

    def relax(
        self,
        structures: Sequence[Structure],
        *,
        fmax: float = 0.1,
        steps: int = 200,
        relax_cell: bool = True,
        on_progress: Progress | None = None,
    ) -> list[Relaxed | Failed]:
        """Relaxed structures, in the order given.

        Args:
            structures: ordered crystals.
            fmax: forces (eV/angstrom) and stress (times volume, per atom) to get below.
            steps: at most; what is not converged by then is returned as it is.
            relax_cell: positions alone if False.
            on_progress: what, done, total; called often, may raise `Cancelled`.
        """
        task = {"task": "relax", "fmax": fmax, "steps": steps, "relax_cell": relax_cell}
        documents = self._results(structures, task, on_progress)
        return [_read(_relaxed, document) for document in documents]

    def calculator(self) -> Calculator:
        """For ASE (energy, forces, stress), without cache: migration barriers, dynamics."""
        from .potential_engine import NetworkCalculator

        return NetworkCalculator(self._engine)

    @cached_property
    def _engine(self) -> Engine:
        from ionwright.generators.base import check_device

        from .potential_engine import Engine

        check_device(self.device)
        return Engine(self.device)

    def _results(
        self, structures: Sequence[Structure], task: Document, on_progress: Progress | None
    ) -> list[Document]:
        problems = [problem_of(structure) for structure in structures]
        settings = {**task, "weights": self.weights}
        keys = [
            "" if problem else result_key(structure, settings)
            for structure, problem in zip(structures, problems, strict=True)
        ]
        known = self._cache.get([key for key in keys if key])
        known = {key: document for key, document in known.items() if _complete(document, task)}
        new = {
            key: structure_document(structure)
            for key, structure in zip(keys, structures, strict=True)
            if key and key not in known
        }
        known.update(self._computed(new, task, on_progress))
        return [
            {"failed": problem} if problem else known[key]
            for key, problem in zip(keys, problems, strict=True)
        ]

    def _computed(
        self, new: dict[str, Document], task: Document, on_progress: Progress | None
    ) -> dict[str, Document]:
        """Results of structures that are not in the cache, by key; kept as they come."""
        results: dict[str, Document] = {}
        what = "relaxing crystals" if task["task"] == "relax" else "computing energies"

        def beat() -> None:
            if on_progress:
                on_progress(what, len(results), len(new))

        keys = list(new)
        size = 1 if task["task"] == "relax" else _CHUNK
        chunks = [keys[start : start + size] for start in range(0, len(keys), size)]
        jobs = [{**task, "structures": [new[key] for key in chunk]} for chunk in chunks]
        for index, documents in self._run(jobs, len(new), beat):
            done = dict(zip(chunks[index], documents, strict=True))
            self._cache.put({k: d for k, d in done.items() if d.get("lasting", True)})
            results.update(done)
            beat()
        return results

    def _run(
        self, jobs: Sequence[Document], n: int, beat: Callable[[], None]
    ) -> Iterator[tuple[int, list[Document]]]:
        few = ALONE if jobs and jobs[0]["task"] == "relax" else _FEW_POINTS
        if self.device == "cpu" and self.workers > 1 and n > few:
            yield from run_jobs(jobs, self.workers, beat)
            return
        for index, job in enumerate(jobs):
            yield index, self._engine.run(job, beat)


@cache
def shared_potential(device: str = "cpu") -> Potential:
    """The one potential of this process, with the user's cache."""
    return Potential(device=device)


@cache
def _checksum() -> str:
    """Of CHGNet's default weights; without importing torch, so that a cache hit is fast."""
    found = find_spec("chgnet")
    folder = Path(found.origin).parent if found and found.origin else Path()
    files = sorted(folder.glob("pretrained/0.3.0/*.tar"))
    if not files:
        raise NotAvailable("the weights of chgnet are missing; install chgnet==0.4.2 again")
    return hashlib.sha256(files[0].read_bytes()).hexdigest()[:12]


def _complete(document: Document, task: Document) -> bool:
    """Whether a document of the cache can be read; one that cannot is computed again."""
    reader: Callable[[Document], Any] = _relaxed if task["task"] == "relax" else _energy
    try:
        _read(reader, document)
    except (KeyError, TypeError, ValueError):
        return False
    return True


def _read(reader: Callable[[Document], _T], document: Document) -> _T | Failed:
    return Failed(str(document["failed"])) if "failed" in document else reader(document)


def _energy(document: Document) -> Energy:
    return Energy(
        float(document["energy_per_atom"]),
        float(document["max_force"]),
        float(document["max_stress"]),
        tuple(float(moment) for moment in document["magmoms"]),
    )


def _relaxed(document: Document) -> Relaxed:
    point = _energy(document)
    return Relaxed(
        point.energy_per_atom,
        point.max_force,
        point.max_stress,
        point.magmoms,
        structure=structure_from(document),
        steps=int(document["steps"]),
        converged=bool(document["converged"]),
    )
