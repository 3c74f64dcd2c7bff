"""Writes the generated part of the corpus: `python -m ionwright.tools.corpus [--obelix FOLDER]`.

Three sources: measured conductivities of solid electrolytes (OBELiX, published at
github.com/NRC-Mila/OBELiX), handbook data of molecules that the package `chemicals` carries, and
what our own predictors compute for the molecules, polymers and electrodes people ask about most.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ionwright.knowledge.convert import candidate_from_text, polymer_names
from ionwright.knowledge.corpus import VECTORS, corpus_entries, pack_vectors
from ionwright.knowledge.facts import Fact
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Candidate, Quantity
from ionwright.knowledge.store.store import searched_text
from ionwright.knowledge.vocabulary import property_of

from .predictors.base import predictors

FOLDER = Path(__file__).parents[1] / "knowledge" / "corpus"
FARADAY = 26_801.48  # mAh/mol
CHARGES = {"Mg": 2, "Ca": 2, "Zn": 2, "Al": 3}  # of working ions; the others have one
ROOM = 298.15  # K

# families of OBELiX in our words; the best conductors of each and the plain compounds are carried
OBELIX_CLASSES = {
    "NASICON": "nasicon",
    "garnet": "garnet",
    "perovskites": "perovskite",
    "argyrodites": "argyrodite",
    "argyrodite": "argyrodite",
    "LGPS": "thiophosphate",
    "thio-LISICON": "lisicon",
    "LISICON": "lisicon",
    "oxides": "oxide",
    "sulfides": "sulfide",
    "phosphates": "phosphate",
    "halides": "halide",
    "chlorides": "halide",
    "thio-phosphate": "thiophosphate",
    "antiperovskite": "antiperovskite",
    "hydrides": "hydride",
    "nitrides": "nitride",
    "nitride": "nitride",
    "fluorides": "halide",
    "Tavorite": "tavorite",
}
PER_FAMILY = 14
# compounds that are asked about by name, whatever their rank
ASKED = {
    "Li7La3Zr2O12": ("LLZO",),
    "Li10GeP2S12": ("LGPS",),
    "Li6PS5Cl": ("LPSCl", "argyrodite chloride"),
    "Li6PS5Br": ("LPSBr",),
    "Li6PS5I": ("LPSI",),
    "Li3PS4": ("LPS", "lithium thiophosphate"),
    "Li7P3S11": ("LPS glass-ceramic",),
    "Li3YCl6": ("LYC", "lithium yttrium chloride"),
    "Li3YBr6": ("LYB",),
    "Li3InCl6": ("LIC", "lithium indium chloride"),
    "Li1.3Al0.3Ti1.7(PO4)3": ("LATP",),
    "Li1.5Al0.5Ge1.5(PO4)3": ("LAGP",),
    "La0.56Li0.33TiO3": ("LLTO",),
    "Li10SnP2S12": ("LSPS",),
    "LiTi2(PO4)3": ("LTP",),
    "Li5La3Ta2O12": ("LLTaO",),
    "Li3PO4": ("lithium phosphate",),
    "Li3N": ("lithium nitride",),
}


def obelix_facts(folder: Path) -> Iterator[Fact]:
    """The most asked-about measured room-temperature conductivities of OBELiX (CC BY 4.0).

    Args:
        folder: where train.csv and test.csv lie.
    """
    rows = [r for name in ("train", "test") for r in _csv(folder / f"{name}.csv")]
    by_family: Counter[str] = Counter()
    rows.sort(key=lambda r: -_conductivity(r)[1])
    for row in rows:
        kind = OBELIX_CLASSES.get(row["Family"])
        asked = ASKED.get(row["Reduced Composition"])
        if not row["DOI"].startswith("10.") or not (kind or asked):
            continue
        if _conductivity(row)[1] < property_of("ionic_conductivity").range[0]:
            continue
        if not asked and by_family[kind or ""] >= PER_FAMILY:
            continue
        by_family[kind or ""] += 1
        if kind is None and asked == ("LLZO",):
            kind = "garnet"  # the data set leaves the family of a few entries open
        yield _obelix_fact(row, kind or "other", asked or ())


def _obelix_fact(row: dict[str, str], kind: str, names: tuple[str, ...]) -> Fact:
    op, value = _conductivity(row)
    formula = row["Reduced Composition"].strip()
    part = "total" if row["IC (Total)"] else "bulk" if row["IC (Bulk)"] else ""
    group = f"space group {row['Space group'].replace(' ', '')}" if row["Space group"] else ""
    where = ", ".join(filter(None, [f"{part} conductivity" if part else "", group]))
    told = f"{'below ' if op == '<=' else ''}{value:.2g} S/cm"
    return Fact.model_validate({
        "subject": formula, "names": names, "formula": formula, "domain": "solid_electrolyte",
        "material_class": kind, "working_ion": "Li", "property": "ionic_conductivity",
        "op": op, "value": value, "unit": "S/cm", "temperature": ROOM,
        "conditions": ", ".join(filter(None, ["room temperature", part, group])),
        "claim": f"The {_kind_words(kind)} {formula}{_or(names)} conducts lithium ions with {told} "
        f"at room temperature{f' ({where})' if where else ''}.",
        "reference": {
            "doi": row["DOI"].partition("|")[0].strip().rstrip("."),  # of several the first
            "title": f"Original measurement of {formula}, entry {row['ID']} of OBELiX (Therrien et "
            "al. 2025, 10.48550/arXiv.2502.14234, CC BY 4.0)",
        },
        "checked": "value",
    })  # fmt: skip


def _conductivity(row: dict[str, str]) -> tuple[str, float]:
    text = row["Ionic conductivity (S cm-1)"]
    return ("<=", float(text[1:])) if text.startswith("<") else ("=", float(text))


def _kind_words(kind: str) -> str:
    return {"nasicon": "NASICON-type", "lisicon": "LISICON-type", "other": "compound"}.get(
        kind, kind
    )


def _or(names: tuple[str, ...]) -> str:
    return f" ({names[0]})" if names else ""


def handbook_facts() -> Iterator[Fact]:
    """Melting, boiling and flash points, permittivities and dipole moments from `chemicals`."""
    import chemicals
    from chemicals.permittivity import permittivity_data_CRC

    estimates = {"JOBACK", "WIKIDATA", None}  # group contributions, and what has no source
    lists: tuple[tuple[str, str, Any, Any], ...] = (
        ("melting_point", "melts at", chemicals.Tm, chemicals.Tm_methods),
        ("boiling_point", "boils at", chemicals.Tb, chemicals.Tb_methods),
        ("flash_point", "has a flash point of", chemicals.T_flash, chemicals.T_flash_methods),
        (
            "dipole_moment",
            "has a dipole moment of",
            chemicals.dipole_moment,
            chemicals.dipole_moment_methods,
        ),
    )
    for molecule in _csv(FOLDER / "molecules.csv"):
        cas = molecule["cas"]
        if not cas or molecule["role"] == "salt":
            continue
        for key, verb, value_of, methods_of in lists:
            method = next((m for m in methods_of(cas) if m not in estimates), None)
            value = value_of(cas, method=method) if method is not None else None
            if (
                method and value is not None and value <= property_of(key).range[1]
            ):  # salts melt higher
                yield _handbook_fact(molecule, key, verb, float(value), method)
        if cas in permittivity_data_CRC.index:
            row = permittivity_data_CRC.loc[cas]
            yield _handbook_fact(
                molecule, "dielectric_constant", "has a relative permittivity of",
                float(row["Permittivity"]), "CRC", temperature=float(row["T"]),
            )  # fmt: skip


def _handbook_fact(
    molecule: dict[str, str],
    key: str,
    verb: str,
    value: float,
    method: str,
    temperature: float | None = None,
) -> Fact:
    unit, name = property_of(key).unit, molecule["name"]
    told = f"{value:.4g}{'' if unit == '1' else f' {unit}'}"
    celsius = f" ({value - 273.15:.0f} °C)" if unit == "K" else ""
    when = f" at {temperature:.0f} K" if temperature else ""
    return Fact.model_validate({
        **_molecule(molecule), "property": key, "value": round(value, 4), "unit": unit,
        "temperature": temperature, "conditions": f"data set {method} of chemicals",
        "claim": f"{name[:1].upper()}{name[1:]} {verb} {told}{celsius}{when}.",
        "reference": {
            "software": f"chemicals {version('chemicals')}",
            "title": f"{HANDBOOKS.get(method, method)}, as carried by the package chemicals",
        },
        "checked": "value",
    })  # fmt: skip


HANDBOOKS = {
    "CRC_ORG": "CRC Handbook of Chemistry and Physics, 95th ed., organic compounds",
    "CRC_INORG": "CRC Handbook of Chemistry and Physics, 95th ed., inorganic compounds",
    "CRC": "CRC Handbook of Chemistry and Physics, 95th ed., permittivity of liquids",
    "YAWS": "Yaws, Thermophysical Properties of Chemicals and Hydrocarbons, 2nd ed.",
    "OPEN_NTBKM": "Bradley et al., Open Notebook Melting Points",
    "COMMON_CHEMISTRY": "CAS Common Chemistry",
    "WEBBOOK": "NIST Chemistry WebBook",
    "HEOS": "Equation of state (CoolProp)",
    "CCCBDB": "NIST Computational Chemistry Comparison and Benchmark Database",
    "MULLER": "Muller, Rasmussen and Kollar, dipole moments",
    "POLING": "Poling, Prausnitz and O'Connell, The Properties of Gases and Liquids, 5th ed.",
    "PSI4_2022A": "Psi4 calculation of dipole moments, 2022",
    "IEC 60079-20-1 (2010)": "IEC 60079-20-1 (2010)",
    "NFPA 497 (2008)": "NFPA 497 (2008)",
    "Serat DIPPR (2017)": "Serat et al. 2017, DIPPR flash points",
}


def computed_facts() -> Iterator[Fact]:
    """What our own predictors say about well-known molecules and polymers, and capacities."""
    for row in _csv(FOLDER / "electrodes.csv"):
        yield _capacity(row)
    molecules = [(_molecule(r), r["smiles"]) for r in _csv(FOLDER / "molecules.csv")]
    polymers = [
        ({
            "subject": names[0], "names": tuple(names[1:]), "smiles": unit,
            "domain": "polymer_electrolyte", "material_class": "polymer",
        }, unit)
        for unit, names in _polymers().items()
    ]  # fmt: skip
    for about, text in [*molecules, *polymers]:
        candidate = candidate_from_text(text, version=version("ionwright"))
        for quantity in _predicted(candidate):
            yield _computed_fact(about, quantity)


def _polymers() -> dict[str, list[str]]:
    units: dict[str, list[str]] = {}
    for name, unit in polymer_names().items():
        units.setdefault(unit, []).append(name)
    return units


def _capacity(row: dict[str, str]) -> Fact:
    """Theoretical capacity by Faraday's law, n z F / M."""
    from pymatgen.core import Composition

    mass = float(Composition(row[row["per"]]).weight)
    ions = float(row["n"])
    value = ions * CHARGES.get(row["working_ion"], 1) * FARADAY / mass
    return Fact.model_validate({
        "subject": row["name"], "names": tuple(filter(None, row["names"].split("|"))),
        "formula": row["discharged" if row["role"] == "cathode" else "host"],
        "domain": row["role"], "material_class": row["material_class"],
        "working_ion": row["working_ion"], "property": "capacity_grav",
        "value": round(value, 1), "unit": "mAh/g", "method": "computed",
        "conditions": f"theoretical: {ions:g} {row['working_ion']} between {row['host']} and "
        f"{row['discharged']}, per gram of {row[row['per']]}",
        "claim": f"The theoretical capacity of {row['name']} is {value:.0f} mAh/g: {ions:g} "
        f"{row['working_ion']} for each {row[row['per']]}.",
        "reference": {"software": f"ionwright {version('ionwright')}", "title": "Faraday's law"},
        "checked": "value",
    })  # fmt: skip


def _molecule(row: dict[str, str]) -> dict[str, Any]:
    return {
        "subject": row["name"],
        "names": tuple(filter(None, row["names"].split("|"))),
        "smiles": row["smiles"],
        "domain": {"additive": "additive", "electrode": "cathode"}.get(
            row["role"], "liquid_electrolyte"
        ),
        "material_class": row["material_class"],
    }


def _predicted(candidate: Candidate) -> list[Quantity]:
    able = [p for p in predictors() if candidate.material in p.materials]
    return [q for model in able for q in model.shared().predict([candidate])[0]]


def _computed_fact(about: dict[str, Any], quantity: Quantity) -> Fact:
    prop = property_of(quantity.property)
    told = f"{quantity.value:.3g}{'' if quantity.unit == '1' else f' {quantity.unit}'}"
    low, high = quantity.interval or (None, None)
    spread = f" (90 % interval {low:.2g} to {high:.2g})" if low is not None else ""
    origin = quantity.provenance
    return Fact.model_validate({
        **about, "property": quantity.property, "value": float(f"{quantity.value:.5g}"),
        "unit": quantity.unit, "std": quantity.std, "temperature": quantity.temperature,
        "method": quantity.method,
        "conditions": str(origin.inputs.get("condition") or ""),
        "claim": f"For {about['subject']} Ionwright has {quantity.method} the {prop.label} as "
        f"{told}{spread}.",
        "reference": {
            "software": f"{origin.source} {origin.version}",
            "title": f"Ionwright {origin.source.split('/')[-1]}",
        },
        "checked": "value",
    })  # fmt: skip


def write_facts(path: Path, facts: Iterable[Fact]) -> int:
    """Writes facts as JSON lines, each once, and tells how many."""
    several = list({fact.id: fact for fact in facts}.values())
    lines = (f.model_dump_json(exclude_defaults=True, exclude={"elements"}) for f in several)
    write_atomically(path, "".join(f"{line}\n" for line in lines))
    return len(several)


def write_vectors() -> int:
    """Writes the vectors of all facts, and tells how many."""
    from ionwright.knowledge.minilm import SentenceEncoder

    entries = corpus_entries()
    vectors = SentenceEncoder.shared()([searched_text(e) for e in entries])
    write_atomically(FOLDER / VECTORS, pack_vectors(entries, vectors))
    return len(entries)


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Writes what is asked for, vectors last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--obelix", type=Path, help="folder with OBELiX's train.csv and test.csv")
    parser.add_argument("--only-vectors", action="store_true", help="facts stay as they are")
    arguments = parser.parse_args()
    if not arguments.only_vectors:
        if arguments.obelix:
            print(write_facts(FOLDER / "obelix.jsonl", obelix_facts(arguments.obelix)), "OBELiX")
        print(write_facts(FOLDER / "handbook.jsonl", handbook_facts()), "handbook")
        print(write_facts(FOLDER / "computed.jsonl", computed_facts()), "computed")
    print(write_vectors(), "vectors")


if __name__ == "__main__":
    main()
