"""Draws docs/figures/polymer_samples.png and polymer_conductivity.png from fresh samples.

Run: python docs/figures/polymers.py [folder with the public data, for the training curve]
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from rdkit import Chem
from rdkit.Chem.Draw import MolsToGridImage

from ionwright.generators.base import load_generator
from ionwright.generators.molecules.polymer_data import load_polymers
from ionwright.knowledge.records import Target
from ionwright.tools.predictors.polymer_transport import PolymerTransport

HERE = Path(__file__).parent
THRESHOLD = 1.23e-4  # S/cm, the published class "high"
HIGH = Target(property="ionic_conductivity", op=">=", value=THRESHOLD, unit="S/cm")
N, SEED = 1000, 0


def sampled(name: str, *conditions: Target) -> list[str]:
    """Valid, distinct repeat units."""
    candidates = load_generator(name).sample(N, conditions, seed=SEED)
    return list(dict.fromkeys(c.data for c in candidates if c.checks["valid"]))


def main() -> None:
    """Samples, judges and draws."""
    sets = {
        "polymer_gpt, asked for high": sampled("polymer_gpt", HIGH),
        "polymer_gpt, asked for nothing": sampled("polymer_gpt"),
        "recombined fragments": sampled("fragment_recombination"),
    }
    first = sets["polymer_gpt, asked for high"][:15]
    grid = MolsToGridImage(
        [Chem.MolFromSmiles(p) for p in first], molsPerRow=5, subImgSize=(260, 150), legends=first
    )
    grid.save(HERE / "polymer_samples.png")
    if len(sys.argv) > 1:
        data = load_polymers(Path(sys.argv[1]))
        sets["training polymers"] = [p.psmiles for p in data.of("generator")]
    judge = PolymerTransport.load("judge")
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    bins = np.linspace(-5, -3.2, 45)
    for label, polymers in sets.items():
        values = judge.predict_arrays(polymers)[0][:, judge.properties.index("ionic_conductivity")]
        axes.hist(np.log10(values), bins, density=True, histtype="step", lw=1.6, label=label)
    axes.axvline(np.log10(THRESHOLD), color="0.4", ls="--", lw=1)
    axes.set_xlabel("log10 of predicted conductivity / (S/cm), LiTFSI 1.5 mol/kg, 353 K")
    axes.set_ylabel("density")
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(HERE / "polymer_conductivity.png", dpi=130)


if __name__ == "__main__":
    main()
