"""Polymer repeat units as PSMILES: one canonical string each, a scaffold, and a fixed data split.

A repeat unit stands for an endless chain, so many texts mean one polymer: `[*]CCO[*]`, `[*]COC[*]`
(shifted), `[*]OCC[*]` (reversed) and `[*]CCOCCO[*]` (doubled). We cut the unit at every backbone
bond that is not in a ring. That gives a cyclic sequence of segments, each written canonically in
both directions; the canonical unit is the shortest period of that sequence in its least rotation.
Segments are few and short, so their canonical forms are cached and the rest is work on strings.

Stereochemistry and isotopes are dropped: the data that we learn from carries neither.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from rdkit import Chem, rdBase

from .errors import InvalidRequest

Split = Literal["generator", "judge", "test"]

MAX_LENGTH = 2_000  # characters; longer texts are no repeat units and would only cost time
_ENDS = re.compile(r"\[(?:Cu|Au|Mg|\d*\*(?::\d+)?)\]")
_TOKEN = re.compile(r"\[[^\]]*\]|Br|Cl|%\d\d|[A-Za-z*]|\d|[-=#$:/\\()~.]")
_BONDS = frozenset("-=#$:/\\~")
_LEFT, _RIGHT = "[1*]", "[2*]"
_SPLIT_SALT = 2846


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of backbone between two cuts.

    `forward` and `backward` are its SMILES from the left and from the right end, without the ends:
    the outgoing bond is always the last thing in the text, so that segments are joined by writing
    them one after another. `bonds` are the incoming and the outgoing bond ("" = single).
    """

    forward: str
    backward: str
    bonds: tuple[str, str] = ("", "")

    def reversed(self) -> Segment:
        """The same segment walked from its other end."""
        return Segment(self.backward, self.forward, self.bonds[::-1])


def canonical_psmiles(text: str) -> str:
    """The one PSMILES of this polymer, whatever way its repeat unit was written.

    Args:
        text: a repeat unit with two chain ends written `[*]`, `*`, `[Cu]`/`[Au]` or `[Mg]`.

    Returns:
        A string that starts and ends with `[*]`.

    Raises:
        InvalidRequest: if it is no repeat unit with exactly two chain ends.
    """
    return _joined(segments_of(text))


def is_valid_psmiles(text: str) -> bool:
    """Whether the text is a repeat unit: readable, one piece, exactly two chain ends."""
    try:
        segments_of(text)
    except InvalidRequest:
        return False
    return True


@lru_cache(maxsize=65_536)
def segments_of(text: str) -> tuple[Segment, ...]:
    """The canonical period of a repeat unit as segments, from one end to the other.

    Raises:
        InvalidRequest: if it is no repeat unit with exactly two chain ends.
    """
    mol = _read(text)
    ends = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    _check_ends(ends, text)
    rooted = Chem.MolToSmiles(mol, isomericSmiles=False, rootedAtAtom=ends[0].GetIdx())
    if ">" in rooted:  # RDKit writes "->" or "<-"
        raise InvalidRequest(f"repeat unit {_shown(text)} has dative bonds, which are not covered")
    return _least_period(tuple(_segment(piece) for piece in _cut(rooted)))


def variants_of(text: str) -> list[str]:
    """Every way to write the same polymer with one period: all shifts, both directions."""
    segments = segments_of(text)
    backward = tuple(segment.reversed() for segment in segments[::-1])
    turned = (_rotated(way, i) for way in (segments, backward) for i in range(len(segments)))
    return sorted({_joined(way) for way in turned if way[0].bonds[0] == segments[0].bonds[0]})


def repeated(text: str, n: int) -> str:
    """`n` canonical repeat units in a row, chain ends kept."""
    return _joined(segments_of(text) * n)


def repeat_unit_mol(text: str) -> Chem.Mol:
    """The canonical repeat unit as an RDKit molecule with two dummy atoms."""
    return Chem.MolFromSmiles(canonical_psmiles(text))


def psmiles_hash(canonical: str) -> int:
    """64 bits of the SHA-256 of a canonical PSMILES: a compact name for sets of known polymers."""
    return int.from_bytes(hashlib.sha256(canonical.encode()).digest()[:8], "little")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _read(text: str) -> Chem.Mol:
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequest("empty repeat unit; write one such as [*]CCO[*]")
    if len(text) > MAX_LENGTH:
        raise InvalidRequest(
            f"repeat unit {_shown(text)} has {len(text)} characters; allowed: up to {MAX_LENGTH}"
        )
    try:
        with rdBase.BlockLogs():
            mol = Chem.MolFromSmiles(_ENDS.sub("*", text.strip()))
    except UnicodeEncodeError:  # lone surrogates cannot reach the C++ side
        mol = None
    if mol is None:
        raise InvalidRequest(f"repeat unit {_shown(text)} is not readable as SMILES")
    if ":" in text:  # atom numbers name nothing in a polymer
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
    return mol


def _check_ends(ends: list[Chem.Atom], text: str) -> None:
    if len(ends) != 2:
        raise InvalidRequest(
            f"repeat unit {_shown(text)} has {len(ends)} chain ends; exactly two are needed, "
            "such as [*]CCO[*]"
        )
    if any(end.GetDegree() != 1 or end.GetTotalNumHs() or end.GetFormalCharge() for end in ends):
        raise InvalidRequest(f"repeat unit {_shown(text)}: a chain end must have just one bond")
    first, second = (end.GetBonds()[0] for end in ends)
    if first.GetIdx() == second.GetIdx():
        raise InvalidRequest(f"repeat unit {_shown(text)} has no atoms between its chain ends")
    if first.GetBondType() != second.GetBondType():
        raise InvalidRequest(f"repeat unit {_shown(text)}: its chain ends have different bonds")
    mol = ends[0].GetOwningMol()
    if len(Chem.GetMolFrags(mol)) != 1:
        raise InvalidRequest(f"repeat unit {_shown(text)} is in several pieces; it must be one")


@dataclass(slots=True)
class _Tree:
    """A SMILES text as the tree that it is, atoms in order of writing."""

    tokens: list[str]
    atoms: list[int]  # token index of each atom
    parents: list[int]  # atom -> atom, -1 at the root
    ends: list[int]  # atom -> token index just after its subtree
    rings: list[tuple[int, int, str]]  # atoms joined by a ring closure, and its bond if written


def _tree(smiles: str) -> _Tree:
    tokens = _TOKEN.findall(smiles)
    atoms: list[int] = []
    parents: list[int] = []
    rings: list[tuple[int, int, str]] = []
    open_rings: dict[str, tuple[int, str]] = {}
    branches: list[int] = []
    last = -1
    for i, token in enumerate(tokens):
        if token == "(":
            branches.append(last)
        elif token == ")":
            last = branches.pop()
        elif token[0].isdigit() or token[0] == "%":
            bond = tokens[i - 1] if tokens[i - 1] in _BONDS else ""
            if token in open_rings:
                first, other = open_rings.pop(token)
                rings.append((first, last, bond or other))
            else:
                open_rings[token] = (last, bond)
        elif token not in _BONDS:
            parents.append(last)
            atoms.append(i)
            last = len(atoms) - 1
    return _Tree(tokens, atoms, parents, _subtree_ends(tokens, atoms), rings)


def _subtree_ends(tokens: list[str], atoms: list[int]) -> list[int]:
    """A subtree runs to the bracket that closes the branch it lies in, or to the end."""
    ends = [len(tokens)] * len(atoms)
    depth_of: list[list[int]] = [[]]  # atoms seen at each open depth
    atom = 0
    for i, token in enumerate(tokens):
        if token == "(":
            depth_of.append([])
        elif token == ")":
            for inside in depth_of.pop():
                ends[inside] = i
        elif atom < len(atoms) and atoms[atom] == i:
            depth_of[-1].append(atom)
            atom += 1
    return ends


def _path_to(tree: _Tree, atom: int) -> list[int]:
    path = []
    while atom >= 0:
        path.append(atom)
        atom = tree.parents[atom]
    return path[::-1]


def _cut(rooted: str) -> list[str]:
    """Cuts a SMILES that starts at a chain end at all backbone bonds outside rings.

    Each piece is a SMILES that starts with `[1*]` and holds one `[2*]`.
    """
    tree = _tree(rooted)
    tokens = tree.tokens
    second = max(i for i, at in enumerate(tree.atoms) if tokens[at] in ("*", "[*]"))
    cuts = [atom for atom in _path_to(tree, second)[1:] if not _in_ring_with_parent(tree, atom)]
    pieces = []
    for here, there in pairwise(cuts):
        start, stop = tree.atoms[here], tree.atoms[there]
        bond = tokens[start - 1] if tokens[start - 1] in _BONDS else ""
        inside = "".join(tokens[start:stop])
        after = "".join(tokens[tree.ends[there] : tree.ends[here]])
        pieces.append(f"{_LEFT}{bond}{inside}{_RIGHT}{after}")
    return pieces


def _in_ring_with_parent(tree: _Tree, atom: int) -> bool:
    """Whether a ring closure leads from the atom's subtree to outside it."""
    start, end = tree.atoms[atom], tree.ends[atom]
    return any(tree.atoms[low] < start <= tree.atoms[high] < end for low, high, _ in tree.rings)


@lru_cache(maxsize=65_536)
def _segment(piece: str) -> Segment:
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(piece)
    if mol is None:
        raise InvalidRequest(f"repeat unit holds {piece!r}, which cannot stand alone as SMILES")
    left, right = _labelled(mol, 1), _labelled(mol, 2)
    incoming, forward = _written(mol, left)
    left.SetIsotope(2)
    right.SetIsotope(1)
    outgoing, backward = _written(mol, right)
    return Segment(forward, backward, (incoming, outgoing))


def _labelled(mol: Chem.Mol, label: int) -> Chem.Atom:
    return next(a for a in mol.GetAtoms() if a.GetIsotope() == label and not a.GetAtomicNum())


def _written(mol: Chem.Mol, left: Chem.Atom) -> tuple[str, str]:
    """The bond that leads in, and the piece as canonical SMILES with its right end last."""
    tree = _tree(Chem.MolToSmiles(mol, rootedAtAtom=left.GetIdx()))
    right = next(i for i, at in enumerate(tree.atoms) if tree.tokens[at] == _RIGHT)
    text = _renumbered(_main_chain_last(tree, set(_path_to(tree, right)), 0))
    body = text.removeprefix(_LEFT).removesuffix(_RIGHT)
    bond = body[0] if body[0] in _BONDS else ""
    return bond, body.removeprefix(bond)


def _main_chain_last(tree: _Tree, path: set[int], atom: int) -> str:
    """Writes the subtree of an atom so that the branch on the path comes last."""
    start = tree.atoms[atom]
    children = [child for child, parent in enumerate(tree.parents) if parent == atom]
    children.sort(key=lambda child: child in path)  # stable: the others keep their order
    own = tree.tokens[start]
    # ring closures are numbered anew later: an order of our own may need other digits
    rings = [f"{b}<{n}>" for n, (low, high, b) in enumerate(tree.rings) if atom in (low, high)]
    texts = []
    for child in children:
        at = tree.atoms[child]
        bond = tree.tokens[at - 1] if tree.tokens[at - 1] in _BONDS else ""
        texts.append(bond + _main_chain_last(tree, path, child))
    return own + "".join(rings) + "".join(f"({text})" for text in texts[:-1]) + "".join(texts[-1:])


def _renumbered(text: str) -> str:
    """Ring marks `<n>` as the smallest free digits, in order of writing."""
    taken: dict[str, int] = {}

    def digit(match: re.Match[str]) -> str:
        mark = match.group(1)
        if mark in taken:
            number = taken.pop(mark)
        else:
            number = next(n for n in range(1, 100) if n not in taken.values())
            taken[mark] = number
        return str(number) if number < 10 else f"%{number}"

    return re.sub(r"<(\d+)>", digit, text)


def _least_period(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The shortest period of a cyclic sequence, in its least rotation, in its lesser direction."""
    texts = [segment.forward for segment in segments]
    n = len(texts)
    period = next(p for p in range(1, n + 1) if n % p == 0 and texts[p:] + texts[:p] == texts)
    forward = segments[:period]
    backward = tuple(segment.reversed() for segment in forward[::-1])
    ways = [_rotated(way, i) for way in (forward, backward) for i in range(period)]
    return min(ways, key=_order)


def _order(way: tuple[Segment, ...]) -> tuple[bool, list[str]]:
    # a chain is cut at a single bond where it has one, then in the order of the texts
    return way[0].bonds[0] != "", [segment.forward for segment in way]


def _rotated(way: tuple[Segment, ...], i: int) -> tuple[Segment, ...]:
    return way[i:] + way[:i]


def _joined(segments: tuple[Segment, ...]) -> str:
    body = "".join(segment.forward for segment in segments)
    return f"[*]{segments[0].bonds[0]}{body}[*]"


def backbone_scaffold(text: str) -> str:
    """The repeat unit without side chains: a key under which near relatives fall together.

    Only double-bonded O and S stay on the backbone. Unsaturated carbon counts as carbon, and runs
    of three and more backbone carbons as three, so that homologous long spacers are one scaffold.
    Two backbones that differ by one carbon in a shorter spacer are two scaffolds.

    Raises:
        InvalidRequest: if it is no repeat unit.
    """
    segments = segments_of(text)
    forward = _short_spacers([_bare(segment.forward) for segment in segments])
    backward = _short_spacers([_bare(segment.backward) for segment in segments[::-1]])
    ways = (way[i:] + way[:i] for way in (forward, backward) for i in range(len(way)))
    return "".join(min(ways))


def split_of(text: str) -> Split:
    """The part of the labelled polymers that this one belongs to, whole scaffolds at a time.

    "generator" and "judge" train different models, so that a judge can score what the generator
    makes without both having seen the same polymers; "test" is for the final figures only. The
    split hashes the scaffold and needs no file. Of the 6,025 labelled polymers of htp_md it puts
    54 / 29 / 16 % on the three sides. The salt was chosen among 4,000 so that sizes and
    distributions of conductivity and transference number agree, before any training.

    Raises:
        InvalidRequest: if it is no repeat unit.
    """
    digest = hashlib.sha256(f"{_SPLIT_SALT}:{backbone_scaffold(text)}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return "generator" if share < 0.55 else "judge" if share < 0.85 else "test"


def _bare(body: str) -> str:
    """The segment's text without its branches, but for =O and =S."""
    kept, branch, depth = "", "", 0
    for token in _TOKEN.findall(body):
        depth -= token == ")"
        if depth > 0:
            branch += token
        elif token == ")":
            kept += f"({branch})" if branch in ("=O", "=S") else ""
        elif token != "(":
            kept += token
        if token == "(":
            branch = branch + token if depth else ""
            depth += 1
    return kept


def _short_spacers(bare: list[str]) -> list[str]:
    """Carbon segments as plain C, at most three in a row around the cycle."""
    plain = ["C" if text in ("C", "C=", "C#") else text for text in bare]
    if all(text == "C" for text in plain):
        return plain[:3]
    while plain[-1] == "C":  # start after a run of carbons, not within one
        plain = plain[-1:] + plain[:-1]
    kept: list[str] = []
    for text in plain:
        if text != "C" or kept[-3:] != ["C"] * 3:
            kept.append(text)
    return kept
