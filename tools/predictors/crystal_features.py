"""What models read of a crystal: figures of its elements and, where atoms are known, of its cell.

Element properties come with pymatgen. Sites may be partly occupied, so that published structures
and ordered candidates are read alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pymatgen.core import Structure

N_ELEMENTS = 104  # rows of the element table; row Z is the element with atomic number Z
PROPERTIES = (
    "Z",
    "row",
    "group",
    "mendeleev_no",
    "X",
    "atomic_radius",
    "average_ionic_radius",
    "atomic_mass",
    "ionization_energy",
    "electron_affinity",
    "melting_point",
    "molar_volume",
    "max_oxidation_state",
    "s_electrons",
    "p_electrons",
    "d_electrons",
    "f_electrons",
)
KEY_ELEMENTS = tuple(
    """
    H Li Na K Mg Ca Sr Ba Zn Al B C N O F Si P S Cl Sc Ti V Cr Mn Fe Co Ni Cu Ga Ge As Se Br Y Zr
    Nb Mo In Sn Sb Te I La Hf Ta W Pb Bi
    """.split()  # noqa: SIM905
)
ANIONS = {"O": -2, "S": -2, "Se": -2, "Te": -2, "F": -1, "Cl": -1, "Br": -1, "I": -1, "N": -3}
ABSENT = -1.0  # stands for what is not known; no feature below is negative otherwise
STRUCTURE_FEATURES = (
    "volume_per_atom",
    "volume_per_anion",
    "packing",
    "density",
    "ion_density",
    "shortest_bond",
    "mean_bond",
    "ion_anion_distance",
    "ion_coordination",
    "ion_ion_distance",
)
_STATISTICS = ("mean", "std", "min", "max", "range")
_EXTRA = ("n_elements", "entropy", "anion_fraction", "anion_charge", "mixed_anion", "imbalance")
_SHELL = 1.25  # neighbours within this times the nearest distance belong to the first shell
_REACH = 4.0  # angstrom in which neighbours are looked for
_BALANCED = 1e-3  # charge per atom that rounding of published formulas explains
_MAX_STATES = 4  # oxidation states tried per element
_MAX_ELEMENTS = 7  # elements whose oxidation states are combined; 4^7 sums take a millisecond


def composition_names() -> list[str]:
    """Names of the columns of `composition_features`."""
    named = [f"{name} {statistic}" for statistic in _STATISTICS for name in PROPERTIES]
    return [*named, *(f"fraction {symbol}" for symbol in KEY_ELEMENTS), *_EXTRA]


@cache
def element_table() -> np.ndarray:
    """Element properties (N_ELEMENTS, properties); the median where pymatgen has none."""
    from pymatgen.core import Element

    table = np.full((N_ELEMENTS, len(PROPERTIES)), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of noble gases without electronegativity
        for z in range(1, N_ELEMENTS):
            element = Element.from_Z(z)
            table[z] = [_number(element, name) for name in PROPERTIES]
    return np.where(np.isfinite(table), table, np.nanmedian(table, axis=0))


def _number(element, name: str) -> float:  # type: ignore[no-untyped-def]
    if name.endswith("_electrons"):
        shells = element.full_electronic_structure
        outer = [count for _, orbital, count in shells[-4:] if orbital == name[0]]
        return float(outer[-1]) if outer else 0.0
    try:
        value = getattr(element, name)
        return float(value) if value is not None else np.nan
    except (TypeError, ValueError, AttributeError):
        return np.nan


def composition_features(amounts: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Figures of compositions, float32 (n, columns) as `composition_names` says.

    Args:
        amounts: element symbol -> amount, of each composition; any scale.
    """
    fractions = fractions_of(amounts)
    table = element_table()
    mean = fractions @ table
    spread = np.sqrt(np.maximum(fractions @ table**2 - mean**2, 0))
    rows = []
    for fraction in fractions:
        present = table[fraction > 0]
        low, high = present.min(0), present.max(0)
        rows.append(np.concatenate([low, high, high - low]))
    keys = fractions[:, element_numbers(KEY_ELEMENTS)]
    extra = np.array([_extra(one) for one in amounts])
    return np.hstack([mean, spread, np.array(rows), keys, extra]).astype(np.float32)


def fractions_of(amounts: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Atomic fractions (n, N_ELEMENTS)."""
    out = np.zeros((len(amounts), N_ELEMENTS))
    for row, one in zip(out, amounts, strict=True):
        row[element_numbers(tuple(one))] = list(one.values())
    return out / out.sum(1, keepdims=True)


@cache
def element_numbers(symbols: tuple[str, ...]) -> list[int]:
    """Atomic numbers, at most the last row of the element table."""
    from pymatgen.core import Element

    return [min(Element(symbol).Z, N_ELEMENTS - 1) for symbol in symbols]


def _extra(amounts: Mapping[str, float]) -> list[float]:
    total = sum(amounts.values())
    shares = np.array(list(amounts.values())) / total
    anions = anions_of(amounts)
    charge = -sum(ANIONS[symbol] * amounts[symbol] for symbol in anions) / total
    fraction = sum(amounts[symbol] for symbol in anions) / total
    entropy = float(-(shares * np.log(shares)).sum())
    _, imbalance = oxidation_states(amounts)
    return [len(amounts), entropy, fraction, charge, float(len(anions) > 1), abs(imbalance)]


def anions_of(amounts: Mapping[str, float]) -> list[str]:
    """The elements that act as anions: of the known anions those that are not a centre.

    S, Se, Te and N beside at least twice as much O and F are centres (sulfate, nitrate).
    Perchlorates and the like are not told from halides.
    """
    hard = amounts.get("O", 0) + amounts.get("F", 0)
    found = []
    for symbol in amounts:
        centre = symbol in ("S", "Se", "Te", "N") and hard >= 2 * amounts[symbol]
        if symbol in ANIONS and not centre:
            found.append(symbol)
    return found


def oxidation_states(amounts: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Oxidation states that balance best, and the charge per atom that is left.

    Every element takes one of its common states (anions their anionic one); the combination with
    the least charge wins, of equal ones that with the more common states. What is left is taken
    up by one element of mixed valence (Fe3O4), if one can. Bounded in time.

    Returns:
        States by element, and the remaining charge per atom (0 where the crystal balances).
    """
    total = sum(amounts.values())
    anions = anions_of(amounts) if len(amounts) > 1 else []
    ordered = sorted(amounts, key=lambda symbol: (-len(_states(symbol)), symbol))
    choices = {
        symbol: (ANIONS[symbol],) if symbol in anions else _states(symbol)
        for symbol in ordered[:_MAX_ELEMENTS] + [s for s in anions if s in ordered[_MAX_ELEMENTS:]]
    }
    for symbol in ordered:
        choices.setdefault(symbol, _states(symbol)[:1])
    sums, ranks = np.zeros(1), np.zeros(1)
    for symbol, states in choices.items():
        sums = np.add.outer(sums, amounts[symbol] / total * np.array(states)).ravel()
        ranks = np.add.outer(ranks, np.arange(len(states))).ravel()
    best = int(np.lexsort((ranks, np.abs(sums).round(6)))[0])
    shape = [len(states) for states in choices.values()]
    picked = np.unravel_index(best, shape)
    found = {s: float(states[k]) for (s, states), k in zip(choices.items(), picked, strict=True)}
    return _mixed(found, float(sums[best]), choices, amounts)


def _mixed(
    found: dict[str, float],
    charge: float,
    choices: Mapping[str, tuple[int, ...]],
    amounts: Mapping[str, float],
) -> tuple[dict[str, float], float]:
    """The states with one element's average shifted so that the crystal balances, if one can."""
    total = sum(amounts.values())
    for symbol, states in choices.items():
        average = found[symbol] - charge * total / amounts[symbol]
        if abs(charge) > _BALANCED and min(states) <= average <= max(states):
            return {**found, symbol: average}, 0.0
    return found, charge if abs(charge) > _BALANCED else 0.0


@cache
def _states(symbol: str) -> tuple[int, ...]:
    """Positive common oxidation states, the most common first; (0,) where there is none."""
    from pymatgen.core import Element

    element = Element(symbol)
    listed = [*element.common_oxidation_states, *element.icsd_oxidation_states]
    positive = tuple(dict.fromkeys(state for state in listed if state > 0))
    return positive[:_MAX_STATES] or (0,)


def environments(amounts: Mapping[str, float]) -> dict[int, int]:
    """What a composition consists of, as hashed tokens for the domain: elements, pairs, amounts."""
    total = sum(amounts.values())
    numbers = sorted(zip(element_numbers(tuple(amounts)), amounts.values(), strict=True))
    tokens = [z for z, _ in numbers]
    tokens += [1000 + 128 * a + b for i, (a, _) in enumerate(numbers) for b, _ in numbers[:i]]
    tokens += [50_000 + 16 * z + round(8 * amount / total) for z, amount in numbers]
    return dict.fromkeys(tokens, 1)


def structure_features(structure: Structure, ion: str | None) -> np.ndarray:
    """Cheap figures of a cell, (STRUCTURE_FEATURES,); `ABSENT` where there is nothing to measure.

    Args:
        structure: any, sites may be partly occupied.
        ion: the working ion, whose surroundings are looked at; None for none.
    """
    amounts = {el.symbol: n for el, n in structure.composition.element_composition.items()}
    anions = anions_of(amounts)
    volume, atoms = structure.volume, sum(amounts.values())
    n_anions = sum(amounts[symbol] for symbol in anions)
    radius = element_table()[:, PROPERTIES.index("atomic_radius")]
    spheres = sum(n * radius[element_numbers((symbol,))[0]] ** 3 for symbol, n in amounts.items())
    return np.array(
        [
            volume / atoms,
            volume / n_anions if n_anions else ABSENT,
            4.18879 * spheres / volume,
            float(structure.density),
            amounts.get(ion or "", 0.0) / volume,
            *_distances(structure, ion, anions),
        ],
        dtype=np.float32,
    )


def _distances(structure: Structure, ion: str | None, anions: Sequence[str]) -> list[float]:
    """Shortest and mean bond; ion-anion distance and coordination; ion-ion distance."""
    first, second, _, distance = structure.get_neighbor_list(_REACH, exclude_self=True)
    apart = distance > 0.9  # nearer sites are alternatives of each other
    first, second, distance = first[apart], second[apart], distance[apart]
    if not len(first):
        return [ABSENT] * 5
    nearest = np.full(len(structure), np.inf)
    np.minimum.at(nearest, first, distance)
    bonds = nearest[np.isfinite(nearest)]
    mobile = np.array([_holds(site, (ion or "",)) for site in structure])
    anionic = np.array([_holds(site, anions) for site in structure])
    to_anion = mobile[first] & anionic[second]
    among = mobile[first] & mobile[second] & (distance > 1.5)
    contact = np.full(len(structure), np.inf)
    np.minimum.at(contact, first[to_anion], distance[to_anion])
    shell = to_anion & (distance < _SHELL * contact[first])
    around = np.bincount(first[shell], minlength=len(structure))[mobile]
    return [
        float(bonds.min()),
        float(bonds.mean()),
        float(contact[mobile].min()) if to_anion.any() else ABSENT,
        float(around.mean()) if to_anion.any() else ABSENT,
        float(distance[among].min()) if among.any() else ABSENT,
    ]


def _holds(site, symbols: Sequence[str]) -> bool:  # type: ignore[no-untyped-def]
    return any(species.symbol in symbols for species in site.species)
