"""Figures on lists of polymer repeat units: validity, uniqueness, novelty, SA score, similarity.

All take PSMILES texts as a generator gave them, valid or not; each says what it divides by.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
from rdkit import Chem, DataStructs, RDConfig
from rdkit.Chem import rdFingerprintGenerator

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import canonical_psmiles, repeated

from .polymer_data import is_known


def canonical_or_none(texts: Sequence[str]) -> list[str | None]:
    """The canonical form of each text, None where it is no repeat unit."""
    return [_canonical(text) for text in texts]


def _canonical(text: str) -> str | None:
    try:
        return canonical_psmiles(text)
    except InvalidRequest:
        return None


def validity(texts: Sequence[str]) -> float:
    """Share of texts that are repeat units with exactly two chain ends."""
    return sum(c is not None for c in canonical_or_none(texts)) / max(1, len(texts))


def uniqueness(texts: Sequence[str]) -> float:
    """Different polymers as a share of the valid texts."""
    valid = [c for c in canonical_or_none(texts) if c is not None]
    return len(set(valid)) / max(1, len(valid))


def novel(texts: Sequence[str]) -> list[str]:
    """The different valid polymers that are neither labelled nor in the pre-training set."""
    valid = {c for c in canonical_or_none(texts) if c is not None}
    return sorted(c for c in valid if not is_known(c))


def novelty(texts: Sequence[str]) -> float:
    """Unknown polymers as a share of the different valid ones."""
    unique = {c for c in canonical_or_none(texts) if c is not None}
    return len(novel(texts)) / max(1, len(unique))


@lru_cache(maxsize=65_536)
def sa_score(psmiles: str) -> float:
    """Synthetic accessibility (Ertl and Schuffenhauer 2009), 1 easy to 10 hard.

    Of the canonical repeat unit with hydrogen at both chain ends, by RDKit's own contribution.

    Raises:
        InvalidRequest: if it is no repeat unit.
    """
    canonical = canonical_psmiles(psmiles)
    # a double-bonded end cannot take hydrogen
    capped = canonical.replace("[*]", "[H]" if "[*]=" not in canonical else "C")
    return float(_sascorer().calculateScore(Chem.MolFromSmiles(capped)))


@cache
def _sascorer() -> ModuleType:
    """RDKit ships the scorer as a file beside its data, not as a module of the package."""
    file = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("rdkit_sascorer", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def fingerprints(polymers: Sequence[str], radius: int = 2) -> list[DataStructs.ExplicitBitVect]:
    """Morgan bits (2,048) of three repeat units in a row, so that shifted units agree."""
    make = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=2048)
    return [make.GetFingerprint(Chem.MolFromSmiles(repeated(p, 3))) for p in polymers]


def internal_diversity(polymers: Sequence[str]) -> float:
    """One minus the mean Tanimoto similarity of all pairs of different polymers."""
    found = fingerprints(sorted(set(polymers)))
    if len(found) < 2:
        return 0.0
    rows = [DataStructs.BulkTanimotoSimilarity(f, found[:i]) for i, f in enumerate(found)]
    return 1.0 - float(np.mean([value for row in rows for value in row]))


def nearest_similarity(polymers: Sequence[str], training: Sequence[str]) -> list[float]:
    """For each polymer the Tanimoto similarity to its nearest training polymer."""
    known = fingerprints(training)
    return [max(DataStructs.BulkTanimotoSimilarity(f, known)) for f in fingerprints(polymers)]
