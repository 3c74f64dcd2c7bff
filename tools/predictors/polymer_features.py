"""Numbers that describe a polymer's endless chain, whichever way its repeat unit is written.

The unit is closed into a ring of a few copies, so that every atom sees the neighbours that it has
in the chain and no end is special. Counts are taken over the atoms of one unit: they do not change
when the unit is shifted along the chain or read backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from ionwright.knowledge.errors import InvalidRequest

RADIUS = 3
MIN_RING = 9  # atoms: an environment of radius 3 spans 7, so it never meets itself
MAX_ATOMS = 200  # heavy atoms of a repeat unit; longer ones are not repeat units of this field

_ELEMENTS = ("C", "N", "O", "F", "S", "P", "Si", "Cl", "Br", "B")
_PATTERNS = {
    "ether": "[OX2;!$(OC=[O,N,S])]([#6])[#6]",
    "hydroxyl": "[OX2H][#6;!$(C=O)]",
    "carboxylic": "[CX3](=O)[OX2H]",
    "carbonate": "[OX2][CX3](=O)[OX2]",
    "carbamate": "[NX3][CX3](=O)[OX2]",
    "urea": "[NX3][CX3](=O)[NX3]",
    "ester": "[#6][CX3](=O)[OX2][#6]",
    "amide": "[#6][CX3](=O)[NX3]",
    "ketone": "[#6][CX3](=O)[#6]",
    "amine": "[NX3;!$(N-[C,S]=[O,N,S]);!$(N-[#7,#8])]",
    "donor": "[N,O,S;!H0]",
    "nh": "[#7;!H0]",
    "nitrile": "C#N",
    "sulfide": "[SX2]([#6])[#6]",
    "sulfonyl": "S(=O)(=O)",
    "vinyl": "[CX3]=[CX3]",
    "alkyne": "[CX2]#[CX2]",
    "aryl": "a",
    "quaternary": "[CX4H0]",
    "tertiary": "[CX4H1]",
    "methyl": "[CH3]",
    "methylene": "[CH2]",
    "tbutyl": "C([CH3])([CH3])[CH3]",
    "cf3": "C(F)(F)F",
    "nitro": "[N+](=O)[O-]",
    "halide": "[Cl,Br,I]",
    "chiral_branch": "[CX4;R0]([!#1])([!#1])[!#1]",
}
_SCALARS = (
    "heavy_atoms",
    "mass",
    "backbone_length",
    "side_atoms",
    "side_fraction",
    "branches",
    "longest_side",
    "ring_atoms",
    "unsaturation",
    "rotatable",
    "tpsa",
    "crippen_logp",
    "crippen_mr",
    "backbone_hetero",
    "oxygen_fraction",
    "nitrogen_fraction",
    "donor_fraction",
    "rotatable_fraction",
    "tpsa_fraction",
    "logp_fraction",
    "mr_fraction",
    "backbone_hetero_fraction",
)
_GAPS = tuple(range(2, 8))  # bonds between neighbouring heteroatoms of the backbone; last: more
_PAIRS = tuple(range(2, 8))  # bonds between two acceptor atoms (N, O)
DESCRIPTORS = (
    *_SCALARS,
    *(f"n_{symbol}" for symbol in _ELEMENTS),
    *_PATTERNS,
    *(f"gap_{n}" for n in _GAPS),
    *(f"acceptors_{n}" for n in _PAIRS),
)


@dataclass(frozen=True)
class Chain:
    """One repeat unit of the endless chain.

    Attributes:
        ring: the unit closed into a ring of `copies` copies; the first `n` atoms are one unit.
        n: heavy atoms of a unit.
        copies: copies in the ring.
        in_ring: per atom of the unit, whether it is in a ring of the real polymer (n,).
        backbone: per atom of the unit, whether it carries the chain on (n,).
        backbone_length: bonds along the shortest way through a unit.
    """

    ring: Chem.Mol
    n: int
    copies: int
    in_ring: np.ndarray
    backbone: np.ndarray
    backbone_length: int


def chain_of(psmiles: str) -> Chain:
    """The endless chain of a repeat unit with two `[*]` ends.

    Raises:
        InvalidRequest: if it cannot be read or does not have exactly two ends.
    """
    unit = Chem.MolFromSmiles(psmiles)
    if unit is None:
        raise InvalidRequest(f"cannot read repeat unit {psmiles!r} as SMILES")
    stars = [atom.GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0]
    if len(stars) != 2 or any(unit.GetAtomWithIdx(star).GetDegree() != 1 for star in stars):
        raise InvalidRequest(f"a repeat unit has exactly two [*] ends, {psmiles!r} does not")
    n = unit.GetNumAtoms() - 2
    if not 1 <= n <= MAX_ATOMS:
        raise InvalidRequest(f"a repeat unit has 1 to {MAX_ATOMS} heavy atoms, this one {n}")
    path = Chem.GetShortestPath(unit, *stars)[1:-1]
    order = [index for index in range(n + 2) if index not in stars]
    place = {old: new for new, old in enumerate(order)}
    bond = unit.GetAtomWithIdx(stars[0]).GetBonds()[0].GetBondType()
    head, tail = place[path[0]], place[path[-1]]
    copies = -(-MIN_RING // len(path))
    return Chain(
        ring=_close(Chem.RenumberAtoms(unit, [*order, *stars]), n, head, tail, copies, bond),
        n=n,
        copies=copies,
        in_ring=np.array([unit.GetAtomWithIdx(index).IsInRing() for index in order]),
        backbone=_backbone(unit, path)[order],
        backbone_length=len(path),
    )


def _close(
    unit: Chem.Mol, n: int, head: int, tail: int, copies: int, bond: Chem.BondType
) -> Chem.Mol:
    """A ring of `copies` units; the two chain ends are the last two atoms of `unit`."""
    open_unit = Chem.RWMol(unit)
    for star in (n + 1, n):
        # RDKit would otherwise give a trivalent end its missing hydrogen
        open_unit.RemoveAtom(star)
    ring = Chem.RWMol()
    for _ in range(copies):
        ring.InsertMol(open_unit)
    for copy in range(copies):
        ring.AddBond(copy * n + tail, (copy + 1) % copies * n + head, bond)
    mol = ring.GetMol()
    problem = Chem.SanitizeMol(mol, catchErrors=True)
    if problem:
        raise InvalidRequest(f"repeat unit {Chem.MolToSmiles(unit)!r} does not join to itself")
    return mol


def _backbone(unit: Chem.Mol, path: tuple[int, ...]) -> np.ndarray:
    """Marks the shortest way through the unit and the rings that it crosses."""
    marked = np.zeros(unit.GetNumAtoms(), dtype=bool)
    marked[list(path)] = True
    on_path = set(path)
    for ring in unit.GetRingInfo().AtomRings():
        if len(on_path.intersection(ring)) > 1:
            marked[list(ring)] = True
    return marked


@cache
def _generator() -> rdFingerprintGenerator.FingerprintGenerator64:
    # redundant environments are kept: leaving them out would depend on the order of the atoms
    return rdFingerprintGenerator.GetMorganGenerator(
        radius=RADIUS, includeRedundantEnvironments=True
    )


@cache
def _queries() -> dict[str, Chem.Mol]:
    return {name: Chem.MolFromSmarts(smarts) for name, smarts in _PATTERNS.items()}


def _invariants(chain: Chain) -> list[int]:
    """What an atom is before its neighbours are looked at, packed into one number each."""
    packed = []
    for index in range(chain.n):
        atom = chain.ring.GetAtomWithIdx(index)
        code = atom.GetAtomicNum()
        code = code * 8 + min(atom.GetDegree(), 7)
        code = code * 8 + min(atom.GetTotalNumHs(), 7)
        code = code * 8 + max(0, min(atom.GetFormalCharge() + 3, 7))
        code = code * 8 + 4 * atom.GetIsAromatic() + 2 * chain.in_ring[index]
        packed.append(int(code + chain.backbone[index]))
    return packed * chain.copies


def environments(chain: Chain) -> dict[int, int]:
    """How often each atom environment of radius 0 to 3 occurs in one unit (hash -> count)."""
    fingerprint = _generator().GetSparseCountFingerprint(
        chain.ring,
        fromAtoms=list(range(chain.n)),
        customAtomInvariants=_invariants(chain),
    )
    return fingerprint.GetNonzeroElements()


def descriptors(chain: Chain) -> np.ndarray:
    """Sizes, shares, groups and distances of one unit, in the order of `DESCRIPTORS`."""
    ring, n = chain.ring, chain.n
    symbols = [ring.GetAtomWithIdx(index).GetSymbol() for index in range(n)]
    hits = [
        sum(1 for match in ring.GetSubstructMatches(query, maxMatches=5000) if match[0] < n)
        for query in _queries().values()
    ]
    counts = dict(zip(_PATTERNS, hits, strict=True))
    distance = Chem.GetDistanceMatrix(ring)
    elements = [symbols.count(symbol) for symbol in _ELEMENTS]
    scalars = _scalars(chain, symbols, counts, distance)
    pairs = _acceptor_pairs(chain, distance)
    return np.array([*scalars, *elements, *hits, *_gaps(chain), *pairs], dtype=np.float32)


def _scalars(
    chain: Chain, symbols: list[str], counts: dict[str, int], distance: np.ndarray
) -> list[float]:
    ring, n = chain.ring, chain.n
    atoms = [ring.GetAtomWithIdx(index) for index in range(n)]
    mass = sum(atom.GetMass() + 1.008 * atom.GetTotalNumHs() for atom in atoms)
    crippen = np.array(rdMolDescriptors._CalcCrippenContribs(ring)[:n])
    tpsa = sum(list(rdMolDescriptors._CalcTPSAContribs(ring))[:n])
    logp, refractivity = crippen.sum(axis=0)
    side = ~chain.backbone
    on = np.flatnonzero(np.tile(chain.backbone, chain.copies))
    longest = distance[:n][side][:, on].min(axis=1).max() if side.any() else 0
    branches = sum(
        1
        for atom in atoms
        if chain.backbone[atom.GetIdx()]
        for other in atom.GetNeighbors()
        if side[other.GetIdx() % n]
    )
    rotatable = sum(_is_rotatable(bond, chain) for bond in ring.GetBonds()) / chain.copies
    unsaturation = sum(
        atom.GetIsAromatic() or atom.GetHybridization() in (_SP, _SP2) for atom in atoms
    )
    hetero = sum(chain.backbone[i] and symbols[i] != "C" for i in range(n))
    sizes = [n, mass, chain.backbone_length, side.sum(), side.mean(), branches, longest]
    kinds = [chain.in_ring.sum(), unsaturation, rotatable, tpsa, logp, refractivity, hetero]
    shares = [
        symbols.count("O") / n,
        symbols.count("N") / n,
        counts["donor"] / n,
        rotatable / n,
        tpsa / n,
        logp / n,
        refractivity / n,
        hetero / max(1, chain.backbone.sum()),
    ]
    return [float(value) for value in (*sizes, *kinds, *shares)]


_SP, _SP2 = Chem.HybridizationType.SP, Chem.HybridizationType.SP2


def _is_rotatable(bond: Chem.Bond, chain: Chain) -> bool:
    ends = bond.GetBeginAtom(), bond.GetEndAtom()
    if bond.GetBondType() != Chem.BondType.SINGLE:
        return False
    if all(chain.in_ring[end.GetIdx() % chain.n] for end in ends):
        return False
    return all(end.GetDegree() > 1 for end in ends)


def _gaps(chain: Chain) -> list[float]:
    """How many bonds lie between a backbone heteroatom and the next one along the chain."""
    counts = [0.0] * len(_GAPS)
    for start in range(chain.n):
        if not _is_backbone_hetero(chain, start):
            continue
        seen, frontier = {start}, [start]
        for step in range(1, 2 * MIN_RING):
            frontier = _next_on_backbone(chain, frontier, seen)
            reached = [index for index in frontier if _is_backbone_hetero(chain, index)]
            for _ in reached:
                counts[min(max(step, _GAPS[0]), _GAPS[-1]) - _GAPS[0]] += 0.5
            frontier = [index for index in frontier if index not in reached]
            if not frontier:
                break
    return counts


def _is_backbone_hetero(chain: Chain, index: int) -> bool:
    on_backbone = bool(chain.backbone[index % chain.n])
    return on_backbone and chain.ring.GetAtomWithIdx(index).GetAtomicNum() != 6


def _next_on_backbone(chain: Chain, frontier: list[int], seen: set[int]) -> list[int]:
    found = []
    for index in frontier:
        for other in chain.ring.GetAtomWithIdx(index).GetNeighbors():
            place = other.GetIdx()
            if place not in seen and chain.backbone[place % chain.n]:
                seen.add(place)
                found.append(place)
    return found


def _acceptor_pairs(chain: Chain, distance: np.ndarray) -> list[float]:
    """Pairs of N or O atoms by the number of bonds between them (they hold a Li+ together)."""
    numbers = np.array([atom.GetAtomicNum() for atom in chain.ring.GetAtoms()])
    acceptor = np.isin(numbers, (7, 8))
    between = distance[: chain.n][acceptor[: chain.n]][:, acceptor]
    return [float((between == n).sum()) / 2 for n in _PAIRS]
