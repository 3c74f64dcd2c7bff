"""The nearest known materials: by fingerprint for molecules and polymers, by composition and
structure for crystals."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ionwright.knowledge.convert import candidate_from_text, fingerprint
from ionwright.knowledge.entries import Entry
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.facts import Fact
from ionwright.knowledge.records import METHODS, Candidate
from ionwright.knowledge.vocabulary import ELEMENTS

from .store import KnowledgeStore

if TYPE_CHECKING:
    from rdkit.DataStructs import ExplicitBitVect


@dataclass(frozen=True)
class Known:
    """A known material, how near it is (1 is the same), and what is known of it."""

    name: str
    similarity: float
    measure: str
    facts: tuple[Fact, ...]
    same_structure: bool | None = None


@dataclass(frozen=True)
class _Material:
    name: str
    facts: tuple[Fact, ...]
    cifs: tuple[str, ...]


def nearest_known(store: KnowledgeStore, candidate: Candidate, n: int = 3) -> list[Known]:
    """The n known materials nearest to a candidate, best first.

    Molecules and polymers: Tanimoto similarity of Morgan fingerprints (radius 2, 2048 bits).
    Crystals: 1 minus half the L1 distance of the atomic fractions; where the composition is the
    same and both structures are known, pymatgen's StructureMatcher tells whether they are one.
    """
    known = _catalog(store)
    if candidate.encoding == "cif":
        return _nearest_crystals(known, candidate, n)
    print_ = fingerprint(candidate)
    several, prints = known.organic.get(candidate.material, ([], []))
    if print_ is None or not prints:
        return []
    from rdkit.DataStructs import BulkTanimotoSimilarity

    near = BulkTanimotoSimilarity(print_, prints)
    best = sorted(range(len(near)), key=lambda i: -near[i])[:n]
    return [Known(several[i].name, round(near[i], 3), "Tanimoto", several[i].facts) for i in best]


def _nearest_crystals(known: _Catalog, candidate: Candidate, n: int) -> list[Known]:
    if not known.crystals:
        return []
    structure = _structure(candidate.data)
    if structure is None:
        return []
    near = 1 - np.abs(known.fractions - _fractions(structure.composition)).sum(1) / 2
    best = np.argsort(-near, kind="stable")[:n]
    return [
        Known(
            known.crystals[i].name,
            round(float(near[i]), 3),
            "composition",
            known.crystals[i].facts,
            _same(structure, known.crystals[i].cifs) if near[i] > 0.999 else None,
        )
        for i in best
    ]


@dataclass(frozen=True)
class _Catalog:
    """All known materials with what makes them comparable."""

    organic: dict[str, tuple[list[_Material], list[ExplicitBitVect]]]  # molecules, polymers
    crystals: list[_Material]
    fractions: np.ndarray  # (N, elements)


def _catalog(store: KnowledgeStore) -> _Catalog:
    last = store.db.execute("SELECT max(row), count(*) FROM entry").fetchone()
    return _built(store, tuple(last))


@lru_cache(maxsize=4)
def _built(store: KnowledgeStore, state: tuple[int, int]) -> _Catalog:
    """The catalog of a store in one state; `state` tells when it must be made anew."""
    by_smiles: dict[str, list[Fact]] = {}
    by_formula: dict[str, list[Fact]] = {}
    cifs: dict[str, list[str]] = {}
    for entry in _entries(store):
        for fact in entry.facts:
            if fact.smiles:
                by_smiles.setdefault(fact.smiles, []).append(fact)
            elif fact.formula:
                by_formula.setdefault(fact.formula, []).append(fact)
                cifs.setdefault(fact.formula, []).extend([entry.cif] if entry.cif else [])
    organic: dict[str, tuple[list[_Material], list[ExplicitBitVect]]] = {}
    for smiles, facts in by_smiles.items():
        try:
            candidate = candidate_from_text(smiles, version="known")
        except InvalidRequest:
            continue
        if (print_ := fingerprint(candidate)) is not None:
            materials, prints = organic.setdefault(candidate.material, ([], []))
            materials.append(_material(facts, ()))
            prints.append(print_)
    crystals = [_material(f, tuple(cifs[formula])) for formula, f in by_formula.items()]
    fractions = np.array([_fractions(_composition(f)) for f in by_formula])
    return _Catalog(organic, crystals, fractions.reshape(-1, len(ELEMENTS)))


def _entries(store: KnowledgeStore) -> Iterator[Entry]:
    rows = store.db.execute(
        "SELECT record FROM entry WHERE row IN (SELECT entry FROM fact) ORDER BY row"
    )
    return (Entry.model_validate_json(record) for (record,) in rows)


def _material(facts: Sequence[Fact], cifs: tuple[str, ...]) -> _Material:
    valued = [f for f in facts if f.property]
    ordered = sorted(valued, key=lambda f: METHODS.index(f.method))
    return _Material(facts[0].subject, tuple(ordered), cifs)


def _composition(formula: str):  # type: ignore[no-untyped-def]
    from pymatgen.core import Composition

    return Composition(formula)


def _fractions(composition) -> np.ndarray:  # type: ignore[no-untyped-def]
    vector = np.zeros(len(ELEMENTS))
    for element, amount in composition.fractional_composition.items():
        if element.symbol in ELEMENTS:
            vector[ELEMENTS.index(element.symbol)] = amount
    return vector


def _structure(cif: str):  # type: ignore[no-untyped-def]
    from pymatgen.core import Structure

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Structure.from_str(cif, fmt="cif")
    except (ValueError, KeyError, IndexError, AssertionError):
        return None


def _same(structure, cifs: tuple[str, ...]) -> bool | None:  # type: ignore[no-untyped-def]
    from pymatgen.analysis.structure_matcher import StructureMatcher

    others = [s for cif in cifs if (s := _structure(cif)) is not None]
    if not others:
        return None
    return any(StructureMatcher().fit(structure, other) for other in others)
