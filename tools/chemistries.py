"""What electrodes and electrolytes are made of: palettes that generators are pointed to."""

from __future__ import annotations

from dataclasses import dataclass

from ionwright.knowledge.errors import InvalidRequest

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


ELECTRONIC = (  # with these a crystal conducts electrons too, or is reduced by the metal electrode
    "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Mo", "W", "Ru", "Rh", "Pd", "Ag", "Re", "Os", "Ir",
    "Pt", "Au",
)  # fmt: skip


@dataclass(frozen=True)
class Chemistry:
    """A working ion with a metal (or other centre; several if they are asked for) and anions."""

    ion: str
    metals: tuple[str, ...]
    anions: tuple[str, ...]

    @property
    def elements(self) -> tuple[str, ...]:
        """All its elements, each once."""
        return tuple(dict.fromkeys((self.ion, *self.metals, *self.anions)))


def chemistries(
    domain: str, ion: str, required: tuple[str, ...] = (), excluded: tuple[str, ...] = ()
) -> list[Chemistry]:
    """All chemistries of a domain that have the required elements and none of the excluded ones.

    A required element that no palette has is put in the metal's place.

    Raises:
        InvalidRequest: if nothing is left.
    """
    metals, anion_sets = PALETTES[domain]
    anions = {anion for chosen in anion_sets for anion in chosen}
    asked = tuple(e for e in required if e != ion and e not in anions)
    wanted = set(required) & anions
    found = [
        Chemistry(ion, centres, chosen)
        for centres in ([asked] if asked else [(metal,) for metal in metals])
        for chosen in anion_sets
        if not set(centres) & set(chosen)
        and wanted <= {*centres, *chosen}
        and not {*centres, *chosen} & {*excluded}
    ]
    if not found:
        raise InvalidRequest(
            f"no {domain.replace('_', ' ')} chemistry has {', '.join(required) or 'anything'} "
            f"without {', '.join(excluded) or 'nothing'}; ask for fewer elements"
        )
    return found


def unsuited(domain: str, required: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Elements that a crystal of this domain should not hold, unless they are asked for."""
    return tuple(e for e in ELECTRONIC if domain == "solid_electrolyte" and e not in required)
