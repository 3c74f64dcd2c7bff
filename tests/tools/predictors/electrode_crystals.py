"""Well-known electrode materials as crystals (experimental cells)."""

from pymatgen.core import Lattice, Structure


def lithium_cobalt_oxide() -> Structure:
    lattice = Lattice.hexagonal(2.816, 14.05)
    return Structure.from_spacegroup(
        "R-3m", lattice, ["Li", "Co", "O"], [[0, 0, 0.5], [0, 0, 0], [0, 0, 0.24]]
    )


def olivine() -> Structure:
    return Structure.from_spacegroup(
        "Pnma",
        Lattice.orthorhombic(10.33, 6.01, 4.69),
        ["Li", "Fe", "P", "O", "O", "O"],
        [
            [0, 0, 0],
            [0.2822, 0.25, 0.9747],
            [0.0948, 0.25, 0.4182],
            [0.0968, 0.25, 0.7428],
            [0.4571, 0.25, 0.2060],
            [0.1656, 0.0465, 0.2848],
        ],
    )


def spinel() -> Structure:
    return Structure.from_spacegroup(
        "Fd-3m",
        Lattice.cubic(8.247),
        ["Li", "Mn", "O"],
        [[0, 0, 0], [0.625, 0.625, 0.625], [0.3882, 0.3882, 0.3882]],
    )


def titanium_disulfide() -> Structure:
    return Structure.from_spacegroup(
        "P-3m1", Lattice.hexagonal(3.405, 5.69), ["Ti", "S"], [[0, 0, 0], [1 / 3, 2 / 3, 0.25]]
    )


def quartz() -> Structure:
    return Structure.from_spacegroup(
        "P3_221",
        Lattice.hexagonal(4.916, 5.405),
        ["Si", "O"],
        [[0.4697, 0, 2 / 3], [0.4133, 0.2672, 0.7855]],
    )
