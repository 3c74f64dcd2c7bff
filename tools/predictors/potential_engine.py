"""CHGNet itself: single points and relaxations, with failures as results.

Documents go in and come out, so that the work can be done in another process and kept on disk.
Torch and ASE are imported by this module only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE
from ase.units import GPa
from chgnet.graph import CrystalGraph
from chgnet.model import CHGNet
from pymatgen.core import Structure

from .computable import Document, problem_of, structure_document, structure_from

Tick = Callable[[], None]
VOLUME_FACTOR = 2.5  # a cell that grows or shrinks by more has exploded or collapsed
BATCH_ATOMS = 100  # in one pass through the network: 500 need 4 GB and take twice as long


class Engine:
    """The loaded network."""

    def __init__(self, device: str = "cpu") -> None:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):  # it announces itself
            warnings.simplefilter("ignore")
            self.model = CHGNet.load(use_device=device, verbose=False)
        self.model.eval().requires_grad_(False)  # forces need gradients of positions only
        self.model.graph_converter.set_isolated_atom_response("error")

    def run(self, job: Document, tick: Tick) -> list[Document]:
        """Does a job; one document for each structure, {"failed": reason} where there is no result.

        Args:
            job: "structures" and "task": "energy", or "relax" with fmax, steps, relax_cell.
            tick: called after every pass through the network; may raise to stop.
        """
        structures = [structure_from(document) for document in job["structures"]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if job["task"] == "energy":
                return self._energies(structures, tick)
            settings = job["fmax"], job["steps"], job["relax_cell"]
            return [self._relaxed(structure, *settings, tick) for structure in structures]

    def graph_of(self, structure: Structure) -> CrystalGraph | str:
        """The network's input, or why there is none."""
        try:
            return self.model.graph_converter(structure)
        except ValueError:
            cutoff = self.model.graph_converter.atom_graph_cutoff
            return f"an atom has no neighbour within {cutoff:g} angstrom"
        except RuntimeError as error:
            return f"no graph of bonds: {str(error)[:120]}"

    def _energies(self, structures: Sequence[Structure], tick: Tick) -> list[Document]:
        graphs = [problem_of(structure) or self.graph_of(structure) for structure in structures]
        results: list[Document] = [{"failed": g} if isinstance(g, str) else {} for g in graphs]
        able = [index for index, graph in enumerate(graphs) if not isinstance(graph, str)]
        for batch in _batches(able, [len(structure) for structure in structures]):
            predicted = self._predicted([graphs[index] for index in batch])
            for index, prediction in zip(batch, predicted, strict=True):
                results[index] = prediction
            tick()
        return results

    def _predicted(self, graphs: Sequence[Any]) -> list[Document]:
        found = self.model.predict_graph(graphs, task="efsm", batch_size=len(graphs))
        return [_energy(one) for one in (found if isinstance(found, list) else [found])]

    def _relaxed(
        self, structure: Structure, fmax: float, steps: int, relax_cell: bool, tick: Tick
    ) -> Document:
        problem = problem_of(structure)
        if problem:
            return {"failed": problem}
        numbers = [site.specie.Z for site in structure]
        atoms = Atoms(numbers, positions=structure.cart_coords, pbc=True)
        atoms.set_cell(structure.lattice.matrix)
        atoms.calc = NetworkCalculator(self)
        try:
            taken, converged = _descend(atoms, fmax, steps, relax_cell, tick)
        except Diverged as error:
            return {"failed": f"relaxation failed: {error}"}
        final = Structure(atoms.cell.array, numbers, atoms.get_scaled_positions(wrap=False))
        point = self._energies([final], tick)[0]
        if "failed" in point:
            return point
        return {**point, **structure_document(final), "steps": taken, "converged": converged}


class NetworkCalculator(Calculator):
    """Energy (eV), forces (eV/angstrom) and stress (eV/angstrom^3) for ASE.

    Raises:
        Diverged: where the potential has no answer for the atoms.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def calculate(
        self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes
    ) -> None:
        """Fills `results` for the atoms."""
        super().calculate(atoms, properties, system_changes)
        cell, coords = atoms.cell.array, atoms.get_scaled_positions(wrap=False)
        if not (np.isfinite(cell).all() and np.isfinite(coords).all()):
            raise Diverged("positions are not finite")
        graph = self._engine.graph_of(Structure(cell, atoms.numbers.tolist(), coords))
        if isinstance(graph, str):
            raise Diverged(graph)
        found: Any = self._engine.model.predict_graph(graph, task="efs")
        energy = float(found["e"]) * len(atoms)
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": found["f"].astype(float),
            "stress": _voigt(found["s"].astype(float)) * GPa,
        }


class Diverged(Exception):
    """A relaxation left what a crystal can be."""


def _descend(
    atoms: Atoms, fmax: float, steps: int, relax_cell: bool, tick: Tick
) -> tuple[int, bool]:
    """Relaxes in place; (steps taken, whether forces and stress fell below fmax).

    FIRE needs a third of the steps of BFGS where the cell relaxes too.
    """
    volume = atoms.get_volume()
    optimizer = FIRE(FrechetCellFilter(atoms) if relax_cell else atoms, logfile=None)
    converged = False
    for below in optimizer.irun(fmax=fmax, steps=steps):
        converged = bool(below)
        _watch(atoms, volume)
        tick()
    return optimizer.get_number_of_steps(), converged


def _watch(atoms: Atoms, volume: float) -> None:
    ratio = atoms.get_volume() / volume
    if not 1 / VOLUME_FACTOR < ratio < VOLUME_FACTOR:
        how = "exploded" if ratio > 1 else "collapsed"
        raise Diverged(f"the cell {how} to {ratio:.2g} times its volume")
    if not (np.isfinite(atoms.get_potential_energy()) and np.isfinite(atoms.get_forces()).all()):
        raise Diverged("energy or forces are not finite")


def _batches(indices: Sequence[int], sizes: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for index in indices:
        if batch and sum(sizes[i] for i in batch) + sizes[index] > BATCH_ATOMS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _energy(prediction: Document) -> Document:
    forces = np.linalg.norm(prediction["f"].astype(float), axis=1)
    found = {
        "energy_per_atom": float(prediction["e"]),
        "max_force": float(forces.max()),
        "max_stress": float(np.abs(prediction["s"]).max()),
    }
    if not np.isfinite(list(found.values())).all():
        return {"failed": "energy or forces are not finite"}
    return {**found, "magmoms": [float(moment) for moment in np.ravel(prediction["m"])]}


def _voigt(stress: np.ndarray) -> np.ndarray:
    """(3, 3) -> xx, yy, zz, yz, xz, xy."""
    return stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
