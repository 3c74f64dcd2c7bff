"""Voltage and volume change of insertion electrodes from the embedded potential.

Both ends are relaxed; the voltage against the working ion's metal is the difference of their
energies (Aydinol et al., Phys. Rev. B 56, 1354, 1997): entropy and the volume's work are left out,
which is a matter of some 10 meV.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.errors import InvalidRequest, NotAvailable

from .electrode_redox import ION_CHARGE
from .electrode_states import States, orderings, states_of, with_enough_ions
from .potential import Failed, Potential, Progress, Relaxed, shared_potential

if TYPE_CHECKING:
    from pymatgen.core import Structure

FMAX = 0.05  # eV/angstrom; at 0.1 the volume change of LiFePO4 is 3.6 instead of 5.9 %
STEPS = 200
# space group and lattice constants (a, c in angstrom) of the metals of the counter electrode
_METALS: dict[str, tuple[str, float, float | None]] = {
    "Li": ("Im-3m", 3.44, None), "Na": ("Im-3m", 4.19, None), "K": ("Im-3m", 5.28, None),
    "Mg": ("P6_3/mmc", 3.19, 5.17), "Ca": ("Fm-3m", 5.53, None), "Zn": ("P6_3/mmc", 2.63, 5.21),
    "Al": ("Fm-3m", 4.04, None),
}  # fmt: skip


@dataclass(frozen=True)
class RelaxedEnds:
    """What relaxing both ends of an electrode gave.

    Attributes:
        states: the ends as they were before.
        charged: relaxed without the ions that move.
        discharged: relaxed with them.
        voltage: V against the ion's metal.
        volume_change: larger over smaller volume, less one.
    """

    states: States
    charged: Relaxed
    discharged: Relaxed
    voltage: float
    volume_change: float

    @property
    def converged(self) -> bool:
        """Whether both ends did."""
        return self.charged.converged and self.discharged.converged


def relax_ends(
    states: Sequence[States],
    *,
    fmax: float = FMAX,
    potential: Potential | None = None,
    on_progress: Progress | None = None,
) -> list[RelaxedEnds | Failed]:
    """Relaxes both ends of each electrode, in the order given.

    Args:
        states: of `states_of`.
        fmax: forces and stress to get below, eV/angstrom.
        potential: the shared one if left out.
        on_progress: what, done, total; may raise `Cancelled`.
    """
    potential = potential or shared_potential()
    cells = [cell for one in states for cell in (one.charged, one.discharged)]
    relaxed = potential.relax(cells, fmax=fmax, steps=STEPS, on_progress=on_progress)
    return [
        _ends(one, charged, discharged, potential)
        for one, charged, discharged in zip(states, relaxed[::2], relaxed[1::2], strict=True)
    ]


def _ends(
    states: States, charged: Relaxed | Failed, discharged: Relaxed | Failed, potential: Potential
) -> RelaxedEnds | Failed:
    if isinstance(charged, Failed):
        return Failed(f"charged end: {charged.reason}")
    if isinstance(discharged, Failed):
        return Failed(f"discharged end: {discharged.reason}")
    volumes = sorted(end.structure.volume for end in (charged, discharged))
    gained = total_energy(discharged) - total_energy(charged)
    mu = metal_energy(states.ion, potential)
    voltage = -(gained - states.moved * mu) / (states.moved * ION_CHARGE[states.ion])
    return RelaxedEnds(states, charged, discharged, voltage, volumes[1] / volumes[0] - 1)


def total_energy(end: Relaxed) -> float:
    """Energy of the whole cell in eV."""
    return end.energy_per_atom * len(end.structure)


@cache
def metal_energy(ion: str, potential: Potential) -> float:
    """Energy of an atom of the ion's metal in the same potential, eV.

    Raises:
        NotAvailable: if the metal cannot be computed.
    """
    result = potential.relax([metal(ion)], fmax=0.02, steps=STEPS)[0]
    if isinstance(result, Failed):
        raise NotAvailable(f"no voltage against {ion} metal: {result.reason}")
    return result.energy_per_atom


def metal(ion: str) -> Structure:
    """Crystal of the ion's metal."""
    from pymatgen.core import Lattice, Structure

    group, a, c = _METALS[ion]
    lattice = Lattice.hexagonal(a, c) if c else Lattice.cubic(a)
    site = [1 / 3, 2 / 3, 0.25] if c else [0.0, 0.0, 0.0]
    return Structure.from_spacegroup(group, lattice, [ion], [site])


def voltage_curve(
    structure: Structure,
    ion: str | None = None,
    *,
    steps: int = 4,
    potential: Potential | None = None,
    on_progress: Progress | None = None,
) -> list[tuple[float, float]]:
    """Steps of the voltage while the electrode is discharged.

    States between the ends are the orderings of lowest electrostatic energy; those above the convex
    hull of energy over content separate into two phases and leave a plateau.

    Args:
        structure: an electrode material in any state of charge.
        ion: the working ion; see `ends_of` for what is taken if left out.
        steps: compositions to look at between the ends, as far as the cell allows.
        potential: the shared one if left out.
        on_progress: what, done, total; may raise `Cancelled`.

    Returns:
        (x, V): V against the ion's metal up to the share x of the capacity that has been used,
        falling from step to step; the last x is 1.

    Raises:
        InvalidRequest: if the crystal is no electrode, or an end cannot be relaxed.
    """
    potential = potential or shared_potential()
    ends = states_of(structure, ion)
    states = states_of(with_enough_ions(ends.discharged, ends.ion), ends.ion)
    moved = np.unique(np.linspace(0, states.moved, steps + 2).round().astype(int))
    least = round(states.charged.composition[ends.ion])
    between = [_between(states, least + n) for n in moved[1:-1]]
    cells = [states.charged, *between, states.discharged]
    relaxed = potential.relax(cells, fmax=FMAX, steps=STEPS, on_progress=on_progress)
    kept = [
        (n, total_energy(r)) for n, r in zip(moved, relaxed, strict=True) if isinstance(r, Relaxed)
    ]
    if not all(isinstance(end, Relaxed) for end in (relaxed[0], relaxed[-1])):
        raise InvalidRequest("an end of the electrode cannot be relaxed; no voltage curve")
    return curve_of(kept, metal_energy(ends.ion, potential), ION_CHARGE[ends.ion])


def _between(states: States, keep: int) -> Structure:
    return next(orderings(states.discharged, states.ion, keep, most=1))


def curve_of(
    points: Sequence[tuple[float, float]], metal_energy: float, charge: int
) -> list[tuple[float, float]]:
    """Plateaus of the lower convex hull of energy over inserted ions.

    Args:
        points: (ions in the cell, energy of the cell in eV), by rising content.
        metal_energy: of an atom of the ion's metal, eV.
        charge: of the ion.
    """
    hull: list[tuple[float, float]] = []
    for point in points:
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) >= _slope(hull[-1], point):
            hull.pop()
        hull.append(point)
    first, last = hull[0][0], hull[-1][0]
    return [
        (
            float((right[0] - first) / (last - first)),
            float((metal_energy - _slope(left, right)) / charge),
        )
        for left, right in pairwise(hull)
    ]


def _slope(left: tuple[float, float], right: tuple[float, float]) -> float:
    return (right[1] - left[1]) / (right[0] - left[0])
