"""Writing candidates in the formats that other programs read."""

from __future__ import annotations

from functools import lru_cache

from ionwright.knowledge.errors import NotAvailable
from ionwright.knowledge.records import Candidate

from .base import ToolResult, tool
from .context import Context
from .crystal_drawing import crystal_svg


@tool
def export(
    ctx: Context,
    ids: list[str] = [],  # noqa: B006  # pydantic copies
    folder: str = "export",
) -> ToolResult:
    """Write candidates as structure files and drawings into the run's own folder.

    Args:
        ids: candidates to export; all of the run if left out.
        folder: name of a folder inside the run; letters, digits, dashes only.
    """
    from ionwright.knowledge.errors import InvalidRequest
    from ionwright.knowledge.files import write_atomically

    if not folder.replace("-", "").isalnum():
        raise InvalidRequest(f"folder {folder!r}: use letters, digits and dashes only")
    written = []
    for candidate in ctx.chosen(ids):
        for suffix, content in (structure_file(candidate), ("svg", drawing(candidate))):
            path = ctx.workspace / folder / f"{candidate.id}.{suffix}"
            write_atomically(path, content)
            written.append(str(path))
    return ToolResult(text=f"{len(written)} files in {folder}", files=tuple(written))


def structure_file(candidate: Candidate) -> tuple[str, str]:
    """Suffix and content of the candidate's structure file: CIF of crystals, SDF of the others.

    Chain ends are dummy atoms; coordinates are those of the drawing, not a conformer.
    """
    if candidate.encoding == "cif":
        return "cif", candidate.data
    if candidate.encoding not in ("smiles", "psmiles"):
        raise NotAvailable(
            f"cannot export a {candidate.material} yet; can export crystals and molecules"
        )
    from rdkit import Chem

    molecule = _molecule(candidate.data)
    fields = "".join(f">  <{q.property}>\n{q.value:.6g} {q.unit}\n\n" for q in candidate.quantities)
    block = Chem.MolToMolBlock(molecule)
    return "sdf", f"{block}>  <smiles>\n{candidate.data}\n\n{fields}$$$$\n"


@lru_cache(maxsize=4096)
def _svg(data: str, width: int, height: int) -> str:
    from rdkit.Chem.Draw import rdMolDraw2D

    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    drawer.drawOptions().clearBackground = False  # type: ignore[assignment]  # rdkit's stubs
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, _molecule(data))
    drawer.FinishDrawing()
    svg = drawer.GetDrawingText()
    return svg[svg.index("<svg") :]


def drawing(candidate: Candidate, width: int = 270, height: int = 165) -> str:
    """An SVG drawing of a molecule, repeat unit or crystal; empty for other materials."""
    if candidate.encoding == "cif":
        return crystal_svg(candidate.data, width, height)
    if candidate.encoding not in ("smiles", "psmiles"):
        return ""
    return _svg(candidate.data, width, height)


def _molecule(data: str):  # type: ignore[no-untyped-def]  # rdkit.Chem.Mol, imported lazily
    from rdkit import Chem
    from rdkit.Chem import rdDepictor

    molecule = Chem.MolFromSmiles(data)
    rdDepictor.Compute2DCoords(molecule)
    return molecule
