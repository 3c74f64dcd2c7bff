"""What electrodes and electrolytes are made of: palettes that generators are pointed to."""

from __future__ import annotations

from dataclasses import dataclass

from ionwright.knowledge.errors import InvalidRequest

REDOX = ("Mn", "Fe", "V", "Ni", "Cr", "Co", "Ti", "Cu", "Mo", "Nb")
RIGID = ("P", "Si", "Al", "Ge", "Zr", "Y", "In", "Ga", "La", "Sn", "Sc", "B", "Ta", "Hf", "Mg")
ANIONS = ("O", "S", "F", "Cl", "Br", "I", "N", "Se")
PALETTES: dict[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    # domain: metals, and the anions (with their centres) that go with them
    "cathode": (
        ("Mn", "Fe", "V", "Ni", "Cr", "Co", "Ti", "Cu", "Mo"),
        (("O",), ("P", "O"), ("O", "F"), ("F",), ("Si", "O"), ("S", "O"), ("P", "O", "F"), ("S",)),
    ),
    "anode": (
        ("Ti", "Nb", "V", "Mo", "Fe", "Mn", "W", "Sn"),
        (("O",), ("S",), ("P",), ("P", "O"), ("Se",)),
    ),
    "solid_electrolyte": (
        ("P", "Si", "Al", "Ge", "Zr", "Y", "In", "Ga", "La", "Sn", "Sc", "B", "Ta"),
        (("O",), ("S",), ("Cl",), ("O", "Cl"), ("Br",), ("I",), ("F",), ("S", "Cl"), ("N",)),
    ),
}


@dataclass(frozen=True)
class Chemistry:
    """A working ion with one metal (or other centre) and anions."""

    ion: str
    metal: str
    anions: tuple[str, ...]

    @property
    def elements(self) -> tuple[str, ...]:
        """All its elements, each once."""
        return tuple(dict.fromkeys((self.ion, self.metal, *self.anions)))


def chemistries(
    domain: str, ion: str, required: tuple[str, ...] = (), excluded: tuple[str, ...] = ()
) -> list[Chemistry]:
    """All chemistries of a domain that have the required elements and none of the excluded ones.

    A required element that no palette has is put in the metal's place.

    Raises:
        InvalidRequest: if nothing is left.
    """
    metals, anion_sets = PALETTES[domain]
    asked = [e for e in required if e not in ANIONS and e != ion]
    centres = [e for e in asked if any(e in anions for anions in anion_sets)]
    metals = tuple(e for e in asked if e not in centres) or (metals if not asked else tuple(asked))
    wanted = {e for e in required if e in ANIONS} | set(centres)
    found = [
        Chemistry(ion, metal, anions)
        for metal in metals
        for anions in anion_sets
        if metal not in anions and wanted <= {metal, *anions} and not {metal, *anions} & {*excluded}
    ]
    if not found:
        raise InvalidRequest(
            f"no {domain.replace('_', ' ')} chemistry has {', '.join(required) or 'anything'} "
            f"without {', '.join(excluded) or 'nothing'}; ask for fewer elements"
        )
    return found
