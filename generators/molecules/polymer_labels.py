"""A plain predictor for training only: it labels polymers that the generator imagines.

Gradient boosting on Morgan counts and a few descriptors, fitted on the "generator" split alone, so
that the judge and test splits stay unseen by everything the generator learns from. Needs lightgbm
(the `train` extra); nothing at run time uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

from ionwright.knowledge.errors import NotAvailable
from ionwright.knowledge.psmiles import repeated, segments_of

from .polymer_data import ImaginedPolymer, LabelledPolymer

_SETTINGS: dict[str, Any] = {
    "n_estimators": 600,
    "learning_rate": 0.03,
    "num_leaves": 24,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.3,
    "n_jobs": 1,
    "verbose": -1,
    "random_state": 0,
}
_BLOCK = 2000


class Labeller:
    """log10 conductivity and transference number of a repeat unit."""

    def __init__(self, polymers: Sequence[LabelledPolymer]) -> None:
        """Fits both on labelled polymers; give it the "generator" split."""
        try:
            from lightgbm import LGBMRegressor
        except ImportError as error:
            raise NotAvailable("lightgbm is missing; pip install 'ionwright[train]'") from error
        table = _features([polymer.psmiles for polymer in polymers])
        conductivity = np.log10([polymer.ionic_conductivity for polymer in polymers])
        transference = np.asarray([polymer.transference_number for polymer in polymers])
        self._conductivity = LGBMRegressor(**_SETTINGS).fit(table, conductivity)
        self._transference = LGBMRegressor(**_SETTINGS).fit(table, transference)

    def label(self, polymers: Sequence[str]) -> list[ImaginedPolymer]:
        """The polymers (canonical) with predicted values."""
        found: list[ImaginedPolymer] = []
        for start in range(0, len(polymers), _BLOCK):
            block = polymers[start : start + _BLOCK]
            table = _features(block)
            logs = np.asarray(self._conductivity.predict(table))
            numbers = np.asarray(self._transference.predict(table))
            rows = zip(block, logs.tolist(), numbers.tolist(), strict=True)
            found += [ImaginedPolymer(text, 10**log, number) for text, log, number in rows]
        return found


def _features(polymers: Sequence[str]) -> np.ndarray:
    """(N, 2048 + 9) float32: Morgan counts for one repeat unit, and descriptors per heavy atom."""
    morgan = GetMorganGenerator(radius=3, fpSize=2048)
    return np.asarray([_row(text, morgan) for text in polymers], dtype=np.float32)


def _row(text: str, morgan: Any) -> np.ndarray:
    # three units in a row, so that the place of the cut is seen but little
    counts = morgan.GetCountFingerprintAsNumPy(Chem.MolFromSmiles(repeated(text, 3))) / 3
    unit = Chem.MolFromSmiles(text.replace("[*]", "[H]"))
    heavy = max(1, unit.GetNumHeavyAtoms())
    backbone = len(segments_of(text))
    descriptors = [
        Descriptors.MolWt(unit),  # type: ignore[attr-defined]
        rdMolDescriptors.CalcTPSA(unit) / heavy,
        rdMolDescriptors.CalcNumHBD(unit) / heavy,
        rdMolDescriptors.CalcNumHBA(unit) / heavy,
        Crippen.MolLogP(unit) / heavy,  # type: ignore[attr-defined]
        rdMolDescriptors.CalcNumRotatableBonds(unit) / heavy,
        rdMolDescriptors.CalcFractionCSP3(unit),
        backbone,
        backbone / heavy,
    ]
    return np.concatenate([counts, descriptors])
