"""What limits the charge that an insertion electrode stores: its ions and its redox centres.

Everything here follows from a formula alone and costs microseconds. Elements that cannot change
their state in a battery have fixed charges; the rest of the charge is shared by the redox centres,
each of which has a lowest and a highest sensible oxidation state. Oxygen is never oxidised here:
crystals that would need it are flagged instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.vocabulary import WORKING_IONS

if TYPE_CHECKING:
    from pymatgen.core import Composition

FARADAY = 26_801.48  # mAh per mole of electrons
AVOGADRO_CM3 = 0.602214  # mol A^3 / cm^3
# Y, Rb and Cs move in the Materials Project's table; candidates are asked for the usual seven
ION_CHARGE = {
    "Li": 1,
    "Na": 1,
    "K": 1,
    "Mg": 2,
    "Ca": 2,
    "Zn": 2,
    "Al": 3,
    "Rb": 1,
    "Cs": 1,
    "Y": 3,
}
LIKELY = ("Li", "Na", "K", "Mg", "Zn", "Ca", "Al")  # which of several ions moves, likeliest first

# lowest and highest state that is reached in a battery without breaking the crystal
REDOX: dict[str, tuple[int, int]] = {
    "Ti": (3, 4), "V": (2, 5), "Cr": (2, 4), "Mn": (2, 4), "Fe": (2, 4), "Co": (2, 4),
    "Ni": (2, 4), "Cu": (1, 3), "Nb": (3, 5), "Mo": (3, 6), "Tc": (4, 7), "Ru": (3, 6),
    "Rh": (3, 4), "Pd": (2, 4), "Ag": (1, 2), "Ta": (4, 5), "W": (4, 6), "Re": (4, 7),
    "Os": (4, 6), "Ir": (3, 6), "Pt": (2, 4), "Au": (1, 3), "Sn": (2, 4), "Sb": (3, 5),
    "Bi": (3, 5), "Tl": (1, 3), "Pb": (2, 4), "Ce": (3, 4), "Pr": (3, 4), "Tb": (3, 4),
    "Eu": (2, 3), "Yb": (2, 3), "Sm": (2, 3), "U": (4, 6),
}  # fmt: skip
# beside oxygen bound to these, iron stays at 3 and copper at 2
POLYANIONS = frozenset({"P", "S", "Si", "B", "As", "Se", "C", "Ge"})
CAPPED = {"Fe": 3, "Cu": 2}
FIXED: dict[str, float] = {
    **dict.fromkeys(("H", "Li", "Na", "K", "Rb", "Cs"), 1),
    **dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Hg"), 2),
    **dict.fromkeys(("B", "Al", "Ga", "In", "Sc", "Y"), 3),
    **dict.fromkeys(("La", "Nd", "Pm", "Gd", "Dy", "Ho", "Er", "Tm", "Lu", "Ac"), 3),
    **dict.fromkeys(("Si", "Ge", "Zr", "Hf", "Th"), 4),
    "F": -1, "O": -2,
}  # fmt: skip
# non-metal: its charge by the oxygen atoms that there are for each of its atoms: (from, charge)
OXYANIONS: dict[str, tuple[tuple[float, float], ...]] = {
    "P": ((0, -3), (2.0, 5)), "As": ((0, -3), (2.0, 5)), "S": ((0, -2), (3.0, 6)),
    "Se": ((0, -2), (2.5, 4), (3.6, 6)), "Te": ((0, -2), (2.0, 4), (3.6, 6)),
    "C": ((0, -4), (1.9, 3), (2.4, 4)), "N": ((0, -3), (2.9, 5)), "Cl": ((0, -1), (2.9, 7)),
    "Br": ((0, -1), (2.9, 5)), "I": ((0, -1), (2.9, 5)),
}  # fmt: skip
ANIONS = frozenset({"F", "O", *OXYANIONS})
CARBONS = 6  # atoms of graphite that hold one electron
CHALCOGENS = ("S", "Se")  # that make thiophosphates and their like


@dataclass(frozen=True)
class Redox:
    """How far the redox centres of a formula can go.

    Attributes:
        elements: redox-active elements, the most abundant first; empty if there is none.
        count: their atoms in the formula.
        state: their mean oxidation state as the charge balance has it.
        lowest: mean of the lowest sensible states.
        highest: mean of the highest sensible states.
        metallic: no anions at all: an alloy or an element, for which states say nothing.
    """

    elements: tuple[str, ...]
    count: float
    state: float
    lowest: float
    highest: float
    metallic: bool = False

    @property
    def gives(self) -> float:
        """Electrons that the formula can still give."""
        return max(0.0, (self.highest - max(self.state, self.lowest)) * self.count)

    @property
    def takes(self) -> float:
        """Electrons that the formula can still take."""
        return max(0.0, (min(self.state, self.highest) - self.lowest) * self.count)

    def states(self, electrons: float = 0.0) -> dict[str, float]:
        """Oxidation state of each element after giving `electrons`: all equally far on their way.

        How the charge is really shared between several elements is not known from a formula.
        """
        if not self.elements:
            return {}
        mean = self.state + electrons / self.count
        if len(self.elements) == 1:
            return {self.elements[0]: round(mean, 2)}
        share = (mean - self.lowest) / max(self.highest - self.lowest, 1e-9)
        return {
            el: round(REDOX[el][0] + share * (REDOX[el][1] - REDOX[el][0]), 2)
            for el in self.elements
        }


def redox_of(composition: Composition) -> Redox:
    """The redox centres of a formula and their mean state by charge balance."""
    amounts = {el.symbol: float(n) for el, n in composition.element_composition.items()}
    active = sorted((el for el in amounts if el in REDOX), key=lambda el: (-amounts[el], el))
    metallic = not any(el in ANIONS and el != "C" for el in amounts)
    count = sum(amounts[el] for el in active)
    if not active:
        return Redox((), 0.0, 0.0, 0.0, 0.0, metallic)
    charge = sum(n * fixed_charge(el, amounts) for el, n in amounts.items() if el not in REDOX)
    highest = _highest(amounts)
    return Redox(
        elements=tuple(active),
        count=count,
        state=-charge / count,
        lowest=sum(amounts[el] * REDOX[el][0] for el in active) / count,
        highest=sum(amounts[el] * highest[el] for el in active) / count,
        metallic=metallic,
    )


def fixed_charge(element: str, amounts: Mapping[str, float]) -> float:
    """Charge of an element that is no redox centre, among these amounts of all elements."""
    if element in FIXED:
        return FIXED[element]
    if element not in OXYANIONS:
        return 3.0 if element not in REDOX else 0.0
    steps = OXYANIONS[element]
    if element == "C" and amounts.get("N", 0.0) >= amounts[element]:
        return 2.0  # cyanide: with nitrogen's -3 it makes -1
    sulfur = sum(amounts.get(chalcogen, 0.0) for chalcogen in CHALCOGENS)
    if element in ("P", "As") and sulfur >= 2.4 * amounts[element]:
        return 5.0 if sulfur >= 3.4 * amounts[element] else 4.0  # PS4 and P2S7, or P2S6
    oxygen = amounts.get("O", 0.0) / amounts[element]
    return max((step for step in steps if oxygen >= step[0]), key=lambda step: step[0])[1]


def _highest(amounts: Mapping[str, float]) -> dict[str, int]:
    covalent = "O" in amounts and any(el in POLYANIONS for el in amounts)
    caps = CAPPED if covalent else {}
    return {el: caps.get(el, top) for el, (_, top) in REDOX.items() if el in amounts}


@dataclass(frozen=True)
class Pair:
    """The two ends of an insertion electrode on one and the same amount of framework.

    Attributes:
        ion: the working ion.
        charged: composition without the ions that move.
        discharged: composition with them.
    """

    ion: str
    charged: Composition
    discharged: Composition

    @property
    def moved(self) -> float:
        """Ions that move in this amount of formula."""
        return float(self.discharged[self.ion] - self.charged[self.ion])

    @property
    def electrons(self) -> float:
        """Electrons that move with them."""
        return self.moved * ION_CHARGE[self.ion]

    @property
    def framework(self) -> Composition:
        """What stays if all working ions are gone."""
        from pymatgen.core import Composition

        amounts = self.discharged.element_composition.as_dict()
        return Composition({el: n for el, n in amounts.items() if el != self.ion})

    @property
    def capacity_grav(self) -> float:
        """mAh per gram of the discharged material, as the Materials Project counts it."""
        return FARADAY * self.electrons / float(self.discharged.weight)

    def capacity_vol(self, volume: float) -> float:
        """mAh per cm3 of the discharged material; `volume` in A^3 of this amount of formula."""
        return FARADAY * self.electrons / volume / AVOGADRO_CM3


def pair_of(charged: Composition, discharged: Composition, ion: str) -> Pair:
    """A pair from two formulas, the charged one scaled to the framework of the discharged one.

    Raises:
        InvalidRequest: if their frameworks differ or nothing moves.
    """
    rest = [sum(n for el, n in c.items() if el.symbol != ion) for c in (charged, discharged)]
    if not all(rest):
        raise InvalidRequest(f"{discharged.formula} has no framework beside the ion {ion}")
    pair = Pair(ion, charged * (rest[1] / rest[0]), discharged)
    apart = max(abs(pair.charged[el] - n) for el, n in pair.framework.items())
    if apart > 1e-3 * rest[1] or pair.moved <= 0:
        raise InvalidRequest(
            f"{charged.reduced_formula} and {discharged.reduced_formula} are not one framework "
            f"with less and more {ion}"
        )
    return pair


@dataclass(frozen=True)
class Ends:
    """Which ends belong to a crystal, and why these.

    Attributes:
        pair: the ends.
        is_discharged: the crystal itself is the discharged end (else the charged one).
        redox: of the crystal's own formula.
        notes: what was assumed, for the provenance.
    """

    pair: Pair
    is_discharged: bool
    redox: Redox
    notes: tuple[str, ...] = ()


def working_ions(composition: Composition) -> tuple[str, ...]:
    """Working ions that occur in a formula, the likeliest to move first."""
    present = {el.symbol for el in composition}
    return tuple(ion for ion in LIKELY if ion in present)


def ends_of(composition: Composition, ion: str | None = None) -> Ends:
    """Both ends of the electrode that a crystal of this composition makes.

    A crystal that holds the ion and can be oxidised is the discharged end, and loses as many ions
    as its redox centres allow. Otherwise it is the charged end and takes ions: at most one electron
    for each redox centre, which is as far as hosts usually go before they convert, and at most as
    many cations as anions (those within polyanions aside), which is when close packings are full.

    Args:
        composition: of any cell.
        ion: the working ion; the likeliest one that is there, else Li, if left out.

    Raises:
        InvalidRequest: if the ion is unknown, or nothing in the crystal can be oxidised or
            reduced; the message says which.
    """
    present = working_ions(composition)
    if ion is not None and ion not in WORKING_IONS:
        raise InvalidRequest(f"unknown working ion {ion!r}; allowed: {', '.join(WORKING_IONS)}")
    notes = []
    if ion is None:
        ion = present[0] if present else "Li"
        if len(present) > 1:
            notes.append(f"{ion} taken as the working ion of {', '.join(present)}")
        elif not present:
            notes.append("no working ion in the crystal: insertion of Li assumed")
    redox = redox_of(composition)
    removable = _removable(composition, redox, ion)
    if removable > 1e-6:
        if redox.state < redox.lowest - 0.01 and not redox.metallic:
            notes.append("the charge balance leaves unusually low oxidation states")
        charged = _with_ions(composition, ion, -removable)
        return Ends(Pair(ion, charged, composition), True, redox, tuple(notes))
    added = _insertable(composition, redox, ion)
    if added <= 1e-6:
        raise InvalidRequest(_no_reason(composition, redox, ion))
    discharged = _with_ions(composition, ion, added)
    return Ends(Pair(ion, composition, discharged), False, redox, tuple(notes))


def _removable(composition: Composition, redox: Redox, ion: str) -> float:
    present = float(composition[ion])
    if redox.metallic:
        return present if len(composition) > 1 else 0.0
    return min(present, redox.gives / ION_CHARGE[ion])


def _insertable(composition: Composition, redox: Redox, ion: str) -> float:
    """Ions that can enter: by redox, and by the octahedral sites of a close packing of anions."""
    charge = ION_CHARGE[ion]
    if redox.metallic:
        carbon = {el.symbol for el in composition} == {"C"}
        return float(composition["C"]) / CARBONS / charge if carbon else 0.0
    central = ANIONS & POLYANIONS | {"B", "Si", "Ge"} if composition["O"] else set()
    anions = sum(n for el, n in composition.items() if el.symbol in ANIONS - central)
    cations = sum(n for el, n in composition.items() if el.symbol not in ANIONS | central)
    sites = max(0.0, float(anions - cations))
    return min(min(redox.takes, redox.count) / charge, sites)


def _with_ions(composition: Composition, ion: str, change: float) -> Composition:
    from pymatgen.core import Composition

    amounts = composition.element_composition.as_dict()
    amounts[ion] = amounts.get(ion, 0.0) + change
    return Composition({el: n for el, n in amounts.items() if n > 1e-8})


def _no_reason(composition: Composition, redox: Redox, ion: str) -> str:
    formula = composition.reduced_formula
    if redox.metallic:
        return f"{formula} holds no {ion} that could leave, and no anions: no insertion electrode"
    if not redox.elements:
        return f"{formula} has no redox-active metal: it neither gives nor takes electrons"
    return (
        f"{', '.join(redox.elements)} in {formula} (mean state {redox.state:.1f}, sensible "
        f"{redox.lowest:.1f} to {redox.highest:.1f}) can neither be oxidised while {ion} leaves "
        "nor reduced while it enters (no state or no site is left); only its anions could react"
    )
