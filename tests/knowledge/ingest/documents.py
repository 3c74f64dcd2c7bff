"""Makes documents of every kind for the tests, with a sentence that is to be found again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from fpdf import FPDF
from pymatgen.core import Lattice, Structure

LEFT = "The left column tells that mercury telluride was wetted with quinoline. "
RIGHT = "The right column tells that pellets were pressed at 370 megapascal for an hour. "


def pdf(path: Path, pages: list[str], *, title: str = "", password: str = "") -> Path:
    made = FPDF()
    made.set_title(title)
    made.set_font("Helvetica", size=11)
    for text in pages:
        made.add_page()
        made.multi_cell(0, 6, text)
    if password:
        made.set_encryption(owner_password="owner", user_password=password)
    made.output(str(path))
    return path


def two_columns(path: Path) -> Path:
    made = FPDF()
    made.set_font("Helvetica", size=10)
    made.add_page()
    with made.text_columns(ncols=2, gutter=8) as columns:
        columns.write(LEFT * 40 + RIGHT * 12)
    with made.table() as table:
        for cells in [("Material", "Conductivity / mS/cm"), ("Li3ErCl6", "0.31")]:
            row = table.row()
            for cell in cells:
                row.cell(cell)
    made.output(str(path))
    return path


def bibtex(path: Path) -> Path:
    path.write_text(
        """
        @article{one, title={Cracking of {NMC811} above 4.3 V}, author={Müller, J. and Li, X.},
          journal={J. Test}, year=2021, doi={https://doi.org/10.1000/CRACK},
          abstract={Microcracks were followed by tomography.}}
        @misc{two, author={Nobody}}
        @article{three, title={Sulfur hosts of wood}, year=2019}
        """,
        encoding="utf-8",
    )
    return path


def ris(path: Path) -> Path:
    path.write_text(
        "TY  - JOUR\nTI  - Zinc grows as plates\nAU  - Doe, B\nDO  - 10.1000/zinc\nPY  - 2020\n"
        "AB  - Deposits were seen in a mild electrolyte.\nER  - \n"
    )
    return path


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "material": ["Li9Foo", "Na3Zr2Si2PO12", "LiBar"],
            "conductivity (mS/cm)": [1.5, 0.67, None],
            "T (C)": [25, 30, 25],
            "doi": ["10.1000/t1", "10.1000/t2", ""],
        }
    )


def cif(path: Path) -> Path:
    salt = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    salt.to(str(path))
    return path
