"""What the learned model of insertion electrodes looks at: the pair of formulas and the volume.

No structure is needed beyond the volume of the discharged cell, so a candidate costs well under a
millisecond and the table of known electrodes, which has formulas and densities only, can teach.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .electrode_redox import ANIONS, AVOGADRO_CM3, ION_CHARGE, Pair, Redox, redox_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core import Composition

PROPERTIES = (
    "X", "atomic_radius", "mendeleev_no", "row", "group", "ionization_energy",
    "electron_affinity", "valence",
)  # fmt: skip
STATISTICS = ("mean", "spread", "lowest", "highest")
CENTRES = (  # elements whose fraction of the framework is a feature of its own
    "H", "Li", "B", "C", "N", "O", "F", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "K", "Ca", "Ti",
    "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ge", "As", "Se", "Nb", "Mo", "Sn", "Sb", "Te",
    "Ba", "La", "Ta", "W", "Re", "Bi", "Tl",
)  # fmt: skip
_SHELL = {"s": 2, "p": 6, "d": 10, "f": 14}


@cache
def element_table() -> np.ndarray:
    """Properties of the elements by atomic number (119, properties), gaps filled with the mean."""
    from pymatgen.core import Element

    table = np.full((119, len(PROPERTIES)), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(1, 104):
            table[number] = _properties(Element.from_Z(number))
    return np.where(np.isnan(table), np.nanmean(table, axis=0), table)


def _properties(element) -> list[float]:  # type: ignore[no-untyped-def]
    first = element.ionization_energy
    radius, affinity = element.atomic_radius, element.electron_affinity
    return [
        float(element.X),
        float(radius) if radius is not None else np.nan,
        float(element.mendeleev_no),
        float(element.row),
        float(element.group),
        float(first) if first is not None else np.nan,
        float(affinity) if affinity is not None else np.nan,
        _valence(element),
    ]


def _valence(element) -> float:  # type: ignore[no-untyped-def]
    outer = [n for _, shell, n in element.full_electronic_structure[-3:] if n < _SHELL[shell]]
    return float(sum(outer))


@cache
def names() -> tuple[str, ...]:
    """The names of the features, in order."""
    statistics = [f"framework {p} {s}" for p in PROPERTIES for s in STATISTICS]
    redox = [f"redox {p}" for p in (*PROPERTIES, "kinds", "share", *_STATES)]
    amounts = [f"amount of {el}" for el in CENTRES]
    ion = [f"ion {p}" for p in ("charge", *PROPERTIES)]
    return (*statistics, *redox, *amounts, *ion, *_RATIOS, *VOLUMES)


_STATES = (
    "state charged", "state discharged", "mid state", "below highest", "above lowest",
    "ionization energy at the state", "ionization energy above the state", "d electrons",
    "is alloy",
)  # fmt: skip
_RATIOS = (
    "ions left", "ions moved for each atom", "ions moved for each redox centre", "ions discharged",
    "electrons for each anion", "anion share", "oxygen for each centre", "cation electronegativity",
    "anion electronegativity",
)  # fmt: skip
VOLUMES = (  # all that is not of the formulas
    "volume for each atom", "framework volume for each atom", "volume for each anion", "density",
)  # fmt: skip


def features_of(pair: Pair, volume: float) -> np.ndarray:
    """The features (len(names()),) of a pair.

    Args:
        pair: both ends.
        volume: of the discharged composition as given in the pair, in A^3.
    """
    from pymatgen.core import Element

    framework = pair.framework
    charged, discharged = redox_of(pair.charged), redox_of(pair.discharged)
    return np.concatenate(
        [
            _statistics(framework),
            _redox_features(framework, charged, discharged),
            [framework.get_atomic_fraction(el) for el in CENTRES],
            [ION_CHARGE[pair.ion], *element_table()[Element(pair.ion).Z]],
            _ratios(pair, framework, discharged),
            _volumes(pair, framework, volume),
        ]
    ).astype(np.float32)


def table_of(pairs: Sequence[Pair], volumes: Sequence[float]) -> np.ndarray:
    """`features_of` many pairs, (n, features) float32."""
    rows = [features_of(pair, volume) for pair, volume in zip(pairs, volumes, strict=True)]
    return np.stack(rows) if rows else np.zeros((0, len(names())), dtype=np.float32)


def _weighted(composition: Composition) -> tuple[np.ndarray, np.ndarray]:
    numbers = [el.Z for el in composition]
    shares = np.array([composition.get_atomic_fraction(el) for el in composition])
    return element_table()[numbers], shares


def _statistics(composition: Composition) -> np.ndarray:
    values, shares = _weighted(composition)
    mean = shares @ values
    spread = shares @ np.abs(values - mean)
    return np.stack([mean, spread, values.min(0), values.max(0)], axis=1).ravel()


def _redox_features(framework: Composition, charged: Redox, discharged: Redox) -> np.ndarray:
    from pymatgen.core import Composition

    if discharged.elements:
        metals = Composition({el: framework[el] for el in discharged.elements})
    else:
        metals = framework
    values, shares = _weighted(metals)
    mid = (charged.state + discharged.state) / 2
    numbers = [(el.Z, share) for el, share in zip(metals, shares, strict=True)]
    steps = [sum(w * _ionization(z, mid + up) for z, w in numbers) for up in (0.0, 1.0)]
    states = [charged.state, discharged.state, mid, discharged.highest - charged.state,
              discharged.state - discharged.lowest, *steps, _d_electrons(values, shares, mid),
              float(discharged.metallic)]  # fmt: skip
    share = discharged.count / framework.num_atoms
    return np.array([*(shares @ values), len(discharged.elements), share, *states])


def _d_electrons(values: np.ndarray, shares: np.ndarray, state: float) -> float:
    return float(shares @ values[:, PROPERTIES.index("group")]) - state


@cache
def _ionizations(number: int) -> np.ndarray:
    from pymatgen.core import Element

    energies = [e for e in Element.from_Z(number).ionization_energies if e is not None]
    return np.array(energies[:9] or [0.0], dtype=float)


def _ionization(number: int, state: float) -> float:
    """Energy in eV to take the electron that leads to this oxidation state, interpolated."""
    known = _ionizations(number)
    return float(np.interp(state, np.arange(1, len(known) + 1), known))


def _ratios(pair: Pair, framework: Composition, discharged: Redox) -> list[float]:
    anions = sum(
        n for el, n in framework.items() if el.symbol in ANIONS and el.symbol not in _CENTRAL
    )
    total = float(pair.discharged.num_atoms)
    cations = [(el.X, n) for el, n in framework.items() if el.symbol not in ANIONS - _CENTRAL]
    negative = [(el.X, n) for el, n in framework.items() if el.symbol in ANIONS - _CENTRAL]
    central = sum(framework[el] for el in _CENTRAL)
    return [
        float(pair.charged[pair.ion]) / float(pair.discharged[pair.ion]),
        pair.moved / total,
        pair.electrons / discharged.count if discharged.count else 0.0,
        float(pair.discharged[pair.ion]) / total,
        pair.electrons / anions if anions else 0.0,
        anions / float(framework.num_atoms),
        central / anions if anions else 0.0,
        _mean(cations),
        _mean(negative),
    ]


_CENTRAL = frozenset({"P", "As", "Te", "C", "B", "Si"})  # centres of polyanions, when there is O


def _mean(weighted: list[tuple[float, float]]) -> float:
    total = sum(n for _, n in weighted)
    return sum(x * n for x, n in weighted) / total if total else 0.0


def _volumes(pair: Pair, framework: Composition, volume: float) -> list[float]:
    anions = sum(n for el, n in framework.items() if el.symbol in ANIONS)
    return [
        volume / float(pair.discharged.num_atoms),
        volume / float(framework.num_atoms),
        volume / anions if anions else 0.0,
        float(pair.discharged.weight) / volume / AVOGADRO_CM3,
    ]
