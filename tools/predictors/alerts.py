"""Structural alerts: groups that make a molecule or a polymer dangerous or doubtful to handle.

Three kinds, kept apart because they mean different things:
- "energetic": may explode or detonate; a hazard by itself. Our own patterns, each with its reason.
- "reactive": unstable or reactive groups of the Brenk list (Brenk et al., ChemMedChem 3, 435, 2008,
  as carried by RDKit) that matter on a bench too. Entries that only concern drugs (long chains,
  isolated alkenes, crown ethers ...) are left out: most polymer electrolytes would fail. The PAINS
  and NIH lists are about assays and hold nothing of use here.
- "protic": acidic hydrogen that lithium metal reduces. A note for whoever pairs the material with
  lithium, not a hazard, and so given by `lithium_notes` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from rdkit import Chem, rdBase
from rdkit.Chem import FilterCatalog

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import repeated

Kind = Literal["energetic", "reactive", "protic"]


@dataclass(frozen=True)
class Alert:
    """A group that was found.

    Attributes:
        name: what it is, in words.
        kind: "energetic", "reactive" or "protic".
        source: where the pattern comes from.
        smarts: the pattern; empty where the source carries it.
    """

    name: str
    kind: Kind
    source: str
    smarts: str = ""


# Explosophores after Urbański, "Chemistry and Technology of Explosives", and Bretherick's Handbook.
_ENERGETIC = {
    "azide": "[$([NX2]=[N+]=[N-]),$([NX2-][N+]#N)]",
    "peroxide": "[OX2,OX1-][OX2,OX1-]",
    "trioxide": "[OX2][OX2][OX2]",
    "nitrate ester": "[OX2][N+](=O)[O-]",
    "nitrite ester": "[OX2][NX2]=O",
    "nitramine": "[NX3][N+](=O)[O-]",
    "N-nitroso": "[NX3][NX2]=O",
    "perchlorate or chlorate ester": "[OX2][$([Cl](=O)=O),$([Cl+2]([O-])[O-]),$([Cl+3])]",
    "hypohalite": "[OX2;!$(O[#6]=O)][Cl,Br,I;X1]",
    "diazonium": "[N+]#N",
    "diazo": "[#6]=[N+]=[N-]",
    "fulminate": "[C-]#[N+][O-]",
    "N-haloamine": "[NX3][Cl,Br,I]",
    "chain of three or more nitrogen atoms": "[#7;R0;!$([#7]~[#7]~[N+,N-])]~[#7;R0;+0]~[#7;R0;+0]",
    "tetrazole or pentazole": "[#7]1~[#7]~[#7]~[#7]~[#6,#7]1",
    "haloacetylene": "C#C[Cl,Br,I]",
    "acetylide": "[C-]#C",
    "polyyne": "C#CC#CC#C",
    "gem-dinitro": "[CX4]([N+](=O)[O-])[N+](=O)[O-]",
    "hydrazine": "[NX3;H2,H1;!$(N[C,S]=O)][NX3;!$(N[C,S]=O);!$(N[N+])]",
    "peracid": "C(=O)O[OX2H,OX1-]",
    "difluoroamine": "N(F)F",
}
_NITRO = "[$([NX3](=O)=O),$([NX3+](=O)[O-])]"
_MOST_NITRO = 1  # two nitro groups within a repeat unit count as polynitro
_NITRO_PER_HEAVY = 0.12  # one nitro group in so small a molecule is energetic as well

# Entries of the Brenk list, spelled as RDKit does. "heavy_metal" is left out: its pattern holds B
# and Si. Azides, diazo groups, peroxides and N-nitroso groups are among the energetic ones already.
_BRENK = frozenset(
    """
    acid_halide acyl_cyanide acyl_hydrazine aldehyde alkyl_halide Azo_group beta-keto/anhydride
    chinone_1 chinone_2 conjugated_nitrile_group cyanamide cyanate_/aminonitrile_/thiocyanate
    cyanohydrins diketo_group disulphide enamine ester_of_HOBT four_member_lactones hydrazine
    hydroxamic_acid imine_1 imine_2 iodine isocyanate ketene Michael_acceptor_1 Michael_acceptor_2
    Michael_acceptor_3 Michael_acceptor_4 Michael_acceptor_5 N-C-halo N-halo nitro_group
    Oxygen-nitrogen_single_bond phosphor polyene silicon_halogen sulfinic_acid sulfonyl_cyanide
    sulphate Sulfonic_acid_2 thioester thiol_1 thiol_2 Three-membered_heterocycle triflate
    """.split()  # noqa: SIM905
)

_PROTIC = {
    "carboxylic acid": "[CX3](=O)[OX2H]",
    "sulfonic or phosphonic acid": "[S,P](=O)[OX2H]",
    "hydroxyl": "[OX2H][#6;!$(C=O)]",
    "thiol": "[SX2H]",
    "primary amine": "[NX3H2;!$(N[C,S]=[O,S,N])]",
    "secondary amine": "[NX3H1;!$(N[C,S]=[O,S,N])]([#6])[#6]",
    "N-H of an amide, urethane or urea": "[NX3;H1,H2][C,S]=[O,S]",
    "terminal alkyne": "[CX2H]#C",
}


def structural_alerts(text: str) -> list[Alert]:
    """Energetic and reactive groups of a SMILES or PSMILES, the energetic ones first.

    A polymer is read as three repeat units in a row with methyl ends, so that groups across the
    join are seen.

    Raises:
        InvalidRequest: if the text is no molecule and no repeat unit.
    """
    return list(_alerts(text))


def lithium_notes(text: str) -> list[Alert]:
    """Protic groups, which lithium metal reduces; a note, not a hazard.

    Raises:
        InvalidRequest: if the text is no molecule and no repeat unit.
    """
    mol, _ = _read(text)
    return _found(mol, _compiled("protic"), "protic", "acidic hydrogen against lithium")


@lru_cache(maxsize=16_384)
def _alerts(text: str) -> tuple[Alert, ...]:
    mol, copies = _read(text)
    energetic = _found(mol, _compiled("energetic"), "energetic", "ionwright explosophores")
    energetic += _nitro_alerts(mol, copies)
    known = {alert.name for alert in energetic}
    reactive = [
        Alert(_brenk_name(entry.GetDescription()), "reactive", "Brenk 2008 (RDKit)")
        for entry in _catalog().GetMatches(mol)
        if entry.GetDescription() in _BRENK
    ]
    return (*energetic, *(alert for alert in reactive if alert.name not in known))


def _brenk_name(entry: str) -> str:
    # its pattern also holds N-N and O-O
    if entry == "Oxygen-nitrogen_single_bond":
        return "single bond between N or O atoms"
    return entry.replace("_", " ")


def _read(text: str) -> tuple[Chem.Mol, int]:
    """The molecule to search, and how many repeat units it holds."""
    if "*" in text:
        chain = repeated(text, 3)
        mol = _parsed(chain.replace("[*]", "C"))
        if mol is None:  # the bond at the join may not suit a methyl end
            mol = _parsed(chain)
        copies = 3
    else:
        mol, copies = _parsed(text), 1
    if mol is None or mol.GetNumAtoms() == 0:
        raise InvalidRequest(f"cannot read {text[:60]!r} as SMILES or repeat unit")
    return mol, copies


def _parsed(smiles: str) -> Chem.Mol | None:
    try:
        with rdBase.BlockLogs():
            return Chem.MolFromSmiles(smiles)
    except UnicodeEncodeError:  # lone surrogates cannot reach the C++ side
        return None


def _found(mol: Chem.Mol, patterns: dict[str, Chem.Mol], kind: Kind, source: str) -> list[Alert]:
    return [
        Alert(name, kind, source, Chem.MolToSmarts(pattern))
        for name, pattern in patterns.items()
        if mol.HasSubstructMatch(pattern)
    ]


def _nitro_alerts(mol: Chem.Mol, copies: int) -> list[Alert]:
    groups = len(mol.GetSubstructMatches(_compiled("nitro")["nitro"])) / copies
    crowded = groups * copies / mol.GetNumHeavyAtoms() > _NITRO_PER_HEAVY
    if groups > _MOST_NITRO or (groups and crowded):
        name = "polynitro" if groups > _MOST_NITRO else "nitro group in a small molecule"
        return [Alert(name, "energetic", "ionwright explosophores", _NITRO)]
    return []


@cache
def _compiled(kind: str) -> dict[str, Chem.Mol]:
    tables = {"energetic": _ENERGETIC, "protic": _PROTIC, "nitro": {"nitro": _NITRO}}
    return {name: Chem.MolFromSmarts(smarts) for name, smarts in tables[kind].items()}


@cache
def _catalog() -> FilterCatalog.FilterCatalog:
    parameters = FilterCatalog.FilterCatalogParams()
    parameters.AddCatalog(FilterCatalog.FilterCatalogParams.FilterCatalogs.BRENK)
    return FilterCatalog.FilterCatalog(parameters)
