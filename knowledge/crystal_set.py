"""Many crystals as one set of arrays: what generators learn from and what is known of phases."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from .files import write_atomically

if TYPE_CHECKING:
    from pymatgen.core import Structure

Split = Literal["train", "val", "test"]


@dataclass(frozen=True)
class CrystalSet:
    """Many crystals as arrays; crystal i owns the sites `offsets[i]:offsets[i + 1]`.

    Attributes:
        ids: database ids (n,), str.
        lattices: cell vectors in angstrom (n, 3, 3).
        offsets: (n + 1,), int.
        numbers: atomic numbers of all sites (sites,).
        frac_coords: (sites, 3).
        spg_num: space group number (n,).
        formation_energy_per_atom: eV (n,), nan where unknown; so the next two.
        energy_above_hull: eV/atom, of the database the crystal comes from.
        band_gap: eV.
    """

    ids: np.ndarray
    lattices: np.ndarray
    offsets: np.ndarray
    numbers: np.ndarray
    frac_coords: np.ndarray
    spg_num: np.ndarray
    formation_energy_per_atom: np.ndarray
    energy_above_hull: np.ndarray
    band_gap: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def structure(self, index: int) -> Structure:
        """Crystal `index` as pymatgen's structure."""
        from pymatgen.core import Lattice, Structure

        sites = slice(self.offsets[index], self.offsets[index + 1])
        return Structure(
            Lattice(self.lattices[index]), self.numbers[sites].tolist(), self.frac_coords[sites]
        )

    def elements(self, index: int) -> frozenset[int]:
        """Atomic numbers that occur in crystal `index`."""
        return frozenset(self.numbers[self.offsets[index] : self.offsets[index + 1]].tolist())

    @property
    def sizes(self) -> np.ndarray:
        """Atoms in each cell (n,)."""
        return np.diff(self.offsets)

    def split(self, index: int) -> Split:
        """The part that crystal `index` belongs to, by its chemical system."""
        return split_of(self.elements(index))

    def where(self, keep: Callable[[int], bool]) -> CrystalSet:
        """The crystals for whose index `keep` holds."""
        chosen = [index for index in range(len(self)) if keep(index)]
        return self.take(chosen)

    def take(self, chosen: Sequence[int]) -> CrystalSet:
        """The crystals with these indices, in this order."""
        sites = [np.arange(self.offsets[i], self.offsets[i + 1]) for i in chosen]
        rows = np.concatenate(sites) if sites else np.zeros(0, dtype=int)
        picked = np.asarray(chosen, dtype=int)
        sizes = self.sizes[picked] if len(picked) else np.zeros(0, dtype=int)
        return CrystalSet(
            ids=self.ids[picked],
            lattices=self.lattices[picked],
            offsets=np.concatenate([[0], np.cumsum(sizes)]),
            numbers=self.numbers[rows],
            frac_coords=self.frac_coords[rows],
            spg_num=self.spg_num[picked],
            formation_energy_per_atom=self.formation_energy_per_atom[picked],
            energy_above_hull=self.energy_above_hull[picked],
            band_gap=self.band_gap[picked],
        )


def split_of(elements: frozenset[int]) -> Split:
    """train, val or test (8 : 1 : 1) by a hash of the chemical system (atomic numbers)."""
    text = "-".join(str(number) for number in sorted(elements))
    digit = int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10
    return "test" if digit == 0 else "val" if digit == 1 else "train"


def save_set(path: Path, crystals: CrystalSet) -> None:
    """Writes a set as compressed arrays."""
    buffer = io.BytesIO()
    arrays = {f.name: getattr(crystals, f.name) for f in fields(crystals)}
    np.savez_compressed(buffer, **arrays)
    write_atomically(path, buffer.getvalue())


def load_set(path: Path) -> CrystalSet:
    """Reads what `save_set` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return CrystalSet(**{f.name: arrays[f.name] for f in fields(CrystalSet)})
