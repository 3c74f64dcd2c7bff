"""Numbers that describe a polymer's endless chain, whichever way its repeat unit is written.

The unit is closed into a ring of a few copies, so that every atom sees the neighbours that it has
in the chain and no end is special. Counts are taken over the atoms of one unit: they do not change
when the unit is shifted along the chain or read backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from ionwright.knowledge.errors import InvalidRequest

RADIUS = 3
MIN_RING = 9  # atoms: an environment of radius 3 spans 7, so it never meets itself
MAX_ATOMS = 200  # heavy atoms of a repeat unit; longer ones are not repeat units of this field

_ELEMENTS = ("C", "N", "O", "F", "S", "P", "Si", "Cl", "Br", "B")
_NUMBERS = np.array([6, 7, 8, 9, 16, 15, 14, 17, 35, 5])
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
        atoms: per atom of the unit its number, heavy neighbours, hydrogens, charge, and 0 or 1 for
            aromatic, unsaturated, in a ring of the real polymer, on the backbone (n, 8).
        bonds: directed bonds that lead to an atom of the unit: from (in the ring), to, and kind
            (0 single, 1 double, 2 triple, 3 aromatic) (m, 3).
        backbone_length: bonds along the shortest way through a unit.
    """

    ring: Chem.Mol
    n: int
    copies: int
    atoms: np.ndarray
    bonds: np.ndarray
    backbone_length: int

    @property
    def backbone(self) -> np.ndarray:
        """Which atoms of the unit carry the chain on (n,)."""
        return self.atoms[:, BACKBONE].astype(bool)


NUMBER, DEGREE, HYDROGENS, CHARGE, AROMATIC, UNSATURATED, IN_RING, BACKBONE = range(8)
_KIND = {
    Chem.BondType.SINGLE: 0,
    Chem.BondType.DOUBLE: 1,
    Chem.BondType.TRIPLE: 2,
    Chem.BondType.AROMATIC: 3,
}


def chain_of(psmiles: str) -> Chain:
    """The endless chain of a repeat unit with two `[*]` ends.

    Raises:
        InvalidRequest: if it cannot be read or does not have exactly two ends.
    """
    with rdBase.BlockLogs():  # what is wrong is said in our own words
        return _chain_of(psmiles)


def _chain_of(psmiles: str) -> Chain:
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
    bond = unit.GetAtomWithIdx(stars[0]).GetBonds()[0].GetBondType()
    head, tail = order.index(path[0]), order.index(path[-1])
    copies = -(-MIN_RING // len(path))
    in_ring = np.array([unit.GetAtomWithIdx(index).IsInRing() for index in order])
    ring = _close(Chem.RenumberAtoms(unit, [*order, *stars]), n, head, tail, copies, bond)
    atoms, bonds = _tables(ring, n, in_ring, _backbone(unit, path)[order])
    return Chain(ring, n, copies, atoms, bonds, backbone_length=len(path))


def _tables(
    ring: Chem.Mol, n: int, in_ring: np.ndarray, backbone: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`atoms` and `bonds` of a Chain."""
    rows, bonds = [], []
    for index in range(n):
        atom = ring.GetAtomWithIdx(index)
        flat = atom.GetIsAromatic() or atom.GetHybridization() in (_SP, _SP2)
        own = (atom.GetAtomicNum(), atom.GetDegree(), atom.GetTotalNumHs(), atom.GetFormalCharge())
        rows.append((*own, atom.GetIsAromatic(), flat))
        for bond in atom.GetBonds():
            bonds.append((bond.GetOtherAtomIdx(index), index, _KIND.get(bond.GetBondType(), 0)))
    atoms = np.column_stack([np.array(rows, dtype=np.int32), in_ring, backbone])
    return atoms.astype(np.int32), np.array(bonds, dtype=np.int32)


_SP, _SP2 = Chem.HybridizationType.SP, Chem.HybridizationType.SP2


def _close(
    unit: Chem.Mol, n: int, head: int, tail: int, copies: int, bond: Chem.BondType
) -> Chem.Mol:
    """A ring of `copies` units; the two chain ends are the last two atoms of `unit`."""
    open_unit = Chem.RWMol(unit)
    for star in (n + 1, n):
        open_unit.RemoveAtom(star)
    ring = Chem.RWMol()
    for _ in range(copies):
        ring.InsertMol(open_unit)
    for copy in range(copies):
        ring.AddBond(copy * n + tail, (copy + 1) % copies * n + head, bond)
    mol = ring.GetMol()
    problem = Chem.SanitizeMol(mol, _NO_NEW_RINGS, catchErrors=True)
    if problem:
        raise InvalidRequest(f"repeat unit {Chem.MolToSmiles(unit)!r} does not join to itself")
    return mol


# Aromaticity stays that of the unit: the ring of copies is ours and must not become an annulene.
_NO_NEW_RINGS = (
    Chem.SanitizeFlags.SANITIZE_ALL
    ^ Chem.SanitizeFlags.SANITIZE_SETAROMATICITY
    ^ Chem.SanitizeFlags.SANITIZE_KEKULIZE
)


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
    atoms = chain.atoms.astype(np.int64)
    code = atoms[:, NUMBER] * 8 + np.minimum(atoms[:, DEGREE], 7)
    code = code * 8 + np.minimum(atoms[:, HYDROGENS], 7)
    code = code * 8 + np.clip(atoms[:, CHARGE] + 3, 0, 7)
    code = code * 8 + 4 * atoms[:, AROMATIC] + 2 * atoms[:, IN_RING] + atoms[:, BACKBONE]
    return code.tolist() * chain.copies


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
    hits = {
        name: sum(match[0] < chain.n for match in chain.ring.GetSubstructMatches(query))
        for name, query in _queries().items()
    }
    distance = Chem.GetDistanceMatrix(chain.ring)
    numbers = chain.atoms[:, NUMBER]
    elements = (numbers[:, None] == _NUMBERS).sum(axis=0)
    scalars = _scalars(chain, hits["donor"], distance)
    pairs = _acceptor_pairs(chain, distance)
    return np.array([*scalars, *elements, *hits.values(), *_gaps(chain), *pairs], dtype=np.float32)


def _scalars(chain: Chain, donors: int, distance: np.ndarray) -> list[float]:
    n, backbone, side = chain.n, chain.backbone, ~chain.backbone
    numbers = chain.atoms[:, NUMBER]
    logp, refractivity, tpsa = _contributions(chain)
    on = np.flatnonzero(np.tile(backbone, chain.copies))
    longest = distance[:n][side][:, on].min(axis=1).max() if side.any() else 0
    source, target, _ = chain.bonds.T
    branches = (backbone[target] & side[source % n]).sum()
    rotatable = _rotatable(chain)
    hetero = (backbone & (numbers != 6)).sum()
    sizes = [n, _mass(chain), chain.backbone_length, side.sum(), side.mean(), branches, longest]
    flat = chain.atoms[:, UNSATURATED].sum()
    kinds = [chain.atoms[:, IN_RING].sum(), flat, rotatable, tpsa, logp, refractivity, hetero]
    totals = [(numbers == 8).sum(), (numbers == 7).sum(), donors, rotatable, tpsa, logp]
    shares = [total / n for total in (*totals, refractivity)]
    return [float(value) for value in (*sizes, *kinds, *shares, hetero / backbone.sum())]


def _contributions(chain: Chain) -> tuple[float, float, float]:
    """Sums over one unit of Crippen's log P and molar refractivity, and of the polar surface."""
    crippen = rdMolDescriptors._CalcCrippenContribs(chain.ring)[: chain.n]
    tpsa = list(rdMolDescriptors._CalcTPSAContribs(chain.ring))[: chain.n]
    return sum(logp for logp, _ in crippen), sum(mr for _, mr in crippen), sum(tpsa)


def _mass(chain: Chain) -> float:
    table = Chem.GetPeriodicTable()
    heavy = sum(table.GetAtomicWeight(int(number)) for number in chain.atoms[:, NUMBER])
    return heavy + 1.008 * float(chain.atoms[:, HYDROGENS].sum())


def _rotatable(chain: Chain) -> float:
    """Single bonds between atoms that have other neighbours, outside rings of the polymer."""
    source, target, kind = chain.bonds.T
    source = source % chain.n
    inner = (chain.atoms[source, DEGREE] > 1) & (chain.atoms[target, DEGREE] > 1)
    ring = chain.atoms[source, IN_RING] & chain.atoms[target, IN_RING]
    return float(((kind == 0) & inner & (ring == 0)).sum()) / 2


def _gaps(chain: Chain) -> list[float]:
    """How many bonds lie between a backbone heteroatom and the next one along the chain."""
    hetero = chain.backbone & (chain.atoms[:, NUMBER] != 6)
    counts = [0.0] * len(_GAPS)
    for start in np.flatnonzero(hetero).tolist():
        seen, frontier = {start}, [start]
        for step in range(1, 2 * MIN_RING):
            frontier = _next_on_backbone(chain, frontier, seen)
            reached = [index for index in frontier if hetero[index % chain.n]]
            counts[min(max(step, _GAPS[0]), _GAPS[-1]) - _GAPS[0]] += 0.5 * len(reached)
            frontier = [index for index in frontier if index not in reached]
            if not frontier:
                break
    return counts


def _next_on_backbone(chain: Chain, frontier: list[int], seen: set[int]) -> list[int]:
    found = []
    for index in frontier:
        for other in chain.ring.GetAtomWithIdx(index).GetNeighbors():
            place = other.GetIdx()
            if place not in seen and chain.atoms[place % chain.n, BACKBONE]:
                seen.add(place)
                found.append(place)
    return found


def _acceptor_pairs(chain: Chain, distance: np.ndarray) -> list[float]:
    """Pairs of N or O atoms by the number of bonds between them (they hold a Li+ together)."""
    numbers = chain.atoms[:, NUMBER]
    acceptor = (numbers == 7) | (numbers == 8)
    between = distance[: chain.n][acceptor][:, np.tile(acceptor, chain.copies)]
    return [float((between == n).sum()) / 2 for n in _PAIRS]
