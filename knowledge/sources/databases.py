"""Databases of crystals and molecules: Materials Project, OPTIMADE providers, PubChem."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from ionwright.knowledge.entries import Entry, entry_of
from ionwright.knowledge.errors import NotAvailable
from ionwright.knowledge.facts import Fact, Reference
from ionwright.knowledge.store.words import formula_key
from ionwright.knowledge.vocabulary import property_of

from .base import OnlineSource

_MP_FIELDS = {  # field of a summary document -> property, all in our units already
    "energy_above_hull": "energy_above_hull",
    "formation_energy_per_atom": "formation_energy_per_atom",
    "band_gap": "band_gap",
    "density": "density",
}
_MP_ELECTRODE = {
    "average_voltage": ("average_voltage", 1.0),
    "capacity_grav": ("capacity_grav", 1.0),
    "energy_grav": ("energy_grav", 1.0),
    "max_delta_volume": ("max_delta_volume", 100.0),  # a fraction there, percent here
}


class MaterialsProject(OnlineSource):
    """Computed properties of crystals and insertion electrodes (Jain et al. 2013)."""

    name = "materials_project"

    def search(self, words: str, names: Sequence[str], k: int) -> list[Entry]:
        """Entries of the phases with the named formulas, the most stable first."""
        if not self._key:
            raise NotAvailable(
                "materials_project needs a key: get one at materialsproject.org/api and set "
                "IONWRIGHT_MP_API_KEY"
            )
        entries = [
            e for f in _formulas(names) for e in (*self._phases(f, k), *self._electrodes(f, k))
        ]
        return entries[:k]

    def _phases(self, formula: str, k: int) -> Iterator[Entry]:
        fields = ["material_id", "formula_pretty", "symmetry", *_MP_FIELDS]
        found = self._get(
            "/materials/summary/",
            formula=formula,
            _fields=",".join(fields),
            _sort_fields="energy_above_hull",
            _limit=k,
        )
        for row in (found or {}).get("data", []):
            number, symmetry = row["material_id"], row.get("symmetry") or {}
            for field, key in _MP_FIELDS.items():
                if row.get(field) is not None:
                    where = f"{number}, space group {symmetry.get('symbol', 'unknown')}"
                    yield _mp_entry(row["formula_pretty"], key, float(row[field]), where, number)

    def _electrodes(self, formula: str, k: int) -> Iterator[Entry]:
        found = self._get(
            "/materials/insertion_electrodes/", formula=formula, _limit=k, _all_fields="true"
        )
        for row in (found or {}).get("data", []):
            number, ion = row["battery_id"], row.get("working_ion")
            where = f"{number}, {row['formula_charge']} to {row['formula_discharge']}"
            for field, (key, factor) in _MP_ELECTRODE.items():
                if row.get(field) is not None:
                    value = float(row[field]) * factor
                    yield _mp_entry(row["formula_discharge"], key, value, where, number, ion)


def _mp_entry(
    formula: str, key: str, value: float, where: str, number: str, ion: str | None = None
) -> Entry:
    prop = property_of(key)
    unit = "" if prop.unit == "1" else f" {prop.unit}"
    return entry_of(
        Fact.model_validate({
            "subject": formula, "formula": formula, "material_class": "other", "working_ion": ion,
            "property": key, "value": value, "unit": prop.unit, "method": "computed",
            "conditions": f"density functional theory, {where}",
            "claim": f"Materials Project has computed the {prop.label} of {formula} as "
            f"{value:.4g}{unit} ({where}).",
            "reference": {
                "doi": "10.1063/1.4812323",
                "url": f"https://materialsproject.org/materials/{number}",
                "title": f"Materials Project, {number}", "year": 2013,
            },
            "checked": "value",
        })
    )  # fmt: skip


class Optimade(OnlineSource):
    """Crystal structures of any provider that speaks OPTIMADE (Andersen et al. 2021)."""

    name = "optimade"

    def search(self, words: str, names: Sequence[str], k: int) -> list[Entry]:
        """Entries of the structures with the named formulas."""
        entries = []
        for formula in _formulas(names):
            found = self._get(
                "/v1/structures",
                filter=f'chemical_formula_reduced="{_alphabetical(formula)}"',
                page_limit=k,
                response_fields="chemical_formula_reduced,nsites,last_modified",
            )
            entries += [self._entry(row) for row in (found or {}).get("data", [])]
        return entries[:k]

    def _entry(self, row: dict[str, Any]) -> Entry:
        told = row["attributes"]
        formula, number = told["chemical_formula_reduced"], row["id"]
        reference = Reference(
            doi="10.1038/s41597-021-00974-z",
            url=f"{self.address}/v1/structures/{number}",
            title=f"OPTIMADE entry {number} at {self.address}",
        )
        return Entry(
            id=f"optimade-{number}",
            text=f"A crystal structure of {formula} with {told.get('nsites', 'unknown')} sites is "
            f"kept as {number} at {self.address}.",
            names=(formula,),
            reference=reference,
        )


class PubChem(OnlineSource):
    """Names, formulas and masses of molecules (Kim et al. 2023)."""

    name = "pubchem"
    per_second = 4.0

    def search(self, words: str, names: Sequence[str], k: int) -> list[Entry]:
        """Entries of the molecules with the given names."""
        entries = []
        for name in names[:k]:
            wanted = "MolecularFormula,MolecularWeight,SMILES,IUPACName"
            path = f"/rest/pug/compound/name/{quote(name, safe='')}/property/{wanted}/JSON"
            found = self._get(path)
            rows = (found or {}).get("PropertyTable", {}).get("Properties", [])
            entries += [_pubchem_entry(name, row) for row in rows if "MolecularWeight" in row]
        return entries[:k]


def _pubchem_entry(name: str, row: dict[str, Any]) -> Entry:
    number, mass = row["CID"], float(row["MolecularWeight"])
    smiles = row.get("SMILES") or row.get("ConnectivitySMILES") or row.get("CanonicalSMILES")
    return entry_of(
        Fact.model_validate({
            "subject": name, "names": [n for n in (row.get("IUPACName"),) if n], "smiles": smiles,
            "material_class": "other", "property": "molecular_weight", "value": mass,
            "unit": "g/mol", "method": "computed", "conditions": f"PubChem CID {number}",
            "claim": f"{name} is {row.get('MolecularFormula', 'unknown')} with a molar mass of "
            f"{mass:g} g/mol.",
            "reference": {
                "doi": "10.1093/nar/gkac956",
                "url": f"https://pubchem.ncbi.nlm.nih.gov/compound/{number}",
                "title": f"PubChem, CID {number}", "year": 2023,
            },
            "checked": "value",
        })
    )  # fmt: skip


def _formulas(names: Sequence[str]) -> list[str]:
    return [n for n in names if formula_key(n)]


def _alphabetical(formula: str) -> str:
    from pymatgen.core import Composition

    reduced = Composition(formula).get_reduced_composition_and_factor()[0]
    parts = sorted((e.symbol, round(n)) for e, n in reduced.items())
    return "".join(f"{symbol}{n if n > 1 else ''}" for symbol, n in parts)
