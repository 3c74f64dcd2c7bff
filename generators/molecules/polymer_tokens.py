"""Tokens of a repeat unit's text, and the grammar that sampled tokens must keep.

A canonical repeat unit is `[*]`, a body, `[*]`: both chain ends are outside the body, so a model
that writes bodies cannot get their number wrong. While it writes, `Grammar` masks tokens that would
break brackets, ring closures or valence. What it does not see: whether an aromatic ring can be
given double bonds (a few per thousand of aromatic samples fail there).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

PAD, BOS, EOS = 0, 1, 2
SPECIAL = ("<pad>", "<bos>", "<eos>")
END = "[*]"
_TOKEN = re.compile(r"\[[^\]]*\]|Br|Cl|%\d\d|.")
_BOND_ORDER = {"-": 1, "=": 2, "#": 3}
# How many bonds an atom of this token can take; an aromatic ring bond counts one. Aromatic carbon
# can carry a double-bonded oxygen. Charged and hydrogen-bearing tokens are as RDKit counts them.
_VALENCE = {"B": 3, "C": 4, "N": 3, "O": 2, "F": 1, "P": 5, "S": 6, "Cl": 1, "Br": 1, "I": 1}
_VALENCE |= {"c": 4, "n": 3, "o": 2, "s": 2, "p": 3, "[nH]": 2, "[n+]": 3, "[n-]": 2, "[c-]": 2}
_VALENCE |= {"[Si]": 4, "[N+]": 4, "[O-]": 1, "[N-]": 2, "[CH-]": 2, "[S-]": 1, "[cH-]": 2}
_VALENCE |= {"[NH-]": 1, "[nH+]": 2, "[NH+]": 3, "[NH2+]": 2, "[P+]": 4, "[B-]": 4, "[PH]": 3}
_FREE = 4  # valence of tokens not listed
_RINGS = 10


def split_tokens(psmiles: str) -> list[str]:
    """The tokens of the body between the chain ends."""
    return _TOKEN.findall(psmiles.removeprefix(END).removesuffix(END))


def build_vocabulary(polymers: Iterable[str], least: int) -> list[str]:
    """Special tokens, then the tokens seen at least `least` times, most frequent first."""
    counts = Counter(token for polymer in polymers for token in split_tokens(polymer))
    frequent = [token for token, n in counts.most_common() if n >= least]
    return [*SPECIAL, *frequent]


def element_of(token: str) -> str | None:
    """The element symbol of an atom token, None for other tokens."""
    match = re.fullmatch(r"\[?\d*([A-Z][a-z]?|[a-z]{1,2}?)(?:H\d*)?[+-]?\d*\]?", token)
    return match.group(1).capitalize() if match else None


class Tokenizer:
    """Texts to rows of token ids and back."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = list(vocabulary)
        self.index = {token: i for i, token in enumerate(self.vocabulary)}

    def encode(self, psmiles: str) -> list[int] | None:
        """Token ids between BOS and EOS; None if a token is not in the vocabulary."""
        ids = [self.index.get(token) for token in split_tokens(psmiles)]
        known = [i for i in ids if i is not None]
        return [BOS, *known, EOS] if len(known) == len(ids) else None

    def decode(self, ids: Sequence[int]) -> str:
        """The text of a row, up to EOS, chain ends included."""
        body = []
        for i in ids:
            if i == EOS:
                break
            if i >= len(SPECIAL):
                body.append(self.vocabulary[i])
        return END + "".join(body) + END

    def with_elements(self, elements: Sequence[str]) -> list[int]:
        """Ids of the tokens that are atoms of these elements."""
        return [i for i, token in enumerate(self.vocabulary) if element_of(token) in elements]


class Grammar:
    """What may come next, for `n` rows written in step: one tensor operation for all rows.

    The main chain is kept able to go on: its atoms always leave a bond for the chain end.
    """

    ATOM, BOND, OPEN, CLOSE, RING, OTHER = range(6)

    def __init__(self, tokenizer: Tokenizer, n: int, device: str = "cpu", depth: int = 24) -> None:
        vocabulary = tokenizer.vocabulary
        kinds = [self._kind(token) for token in vocabulary]
        self.kind = torch.tensor(kinds, device=device)
        self.order = torch.tensor([_BOND_ORDER.get(t, 1) for t in vocabulary], device=device)
        valence = [
            _VALENCE.get(t, _FREE) if k == self.ATOM else 0
            for t, k in zip(vocabulary, kinds, strict=True)
        ]
        self.valence = torch.tensor(valence, device=device)
        digits = [int(t) if k == self.RING else -1 for t, k in zip(vocabulary, kinds, strict=True)]
        self.digit = torch.tensor(digits, device=device)
        zeros = torch.zeros(n, dtype=torch.long, device=device)
        self.free = (
            zeros + 1
        )  # bonds that the current atom still has; at the start, the chain end's
        self.atom, self.parent, self.count = zeros - 1, zeros - 2, zeros.clone()
        self.bond, self.depth = zeros + 1, zeros.clone()
        self.last = zeros + self.BOND  # the start behaves as after a bond: an atom must follow
        self.stack = torch.zeros(n, depth, 3, dtype=torch.long, device=device)
        self.ring = torch.full((n, _RINGS), -1, device=device)  # atom that opened it, -1 = closed

    @classmethod
    def _kind(cls, token: str) -> int:
        if token in SPECIAL:
            return cls.OTHER
        if token in "()":
            return cls.OPEN if token == "(" else cls.CLOSE
        if token in _BOND_ORDER:
            return cls.BOND
        return cls.RING if token.isdigit() else cls.ATOM

    def allowed(self) -> Tensor:
        """(rows, vocabulary) bool: the tokens that keep the grammar."""
        kind, last = self.kind[None], self.last[:, None]
        free, bond, depth = self.free[:, None], self.bond[:, None], self.depth[:, None]
        main = (depth == 0).long()
        spare = free - (last == self.OPEN).long()  # after a branch, the chain goes on here
        atom = (kind == self.ATOM) & (spare >= bond) & (self.valence[None] >= bond + main)
        order_fits = spare >= self.order[None]
        bonds = (kind == self.BOND) & (last != self.BOND) & order_fits
        after_atom = (last == self.ATOM) | (last == self.RING)
        room = self.stack.shape[1] - 1
        opens = (kind == self.OPEN) & (last != self.BOND) & (last != self.OPEN)
        opens &= (free >= 2) & (depth < room)
        closes = (kind == self.CLOSE) & after_atom & (depth > 0)
        rings = (kind == self.RING) & after_atom & (free >= 1 + main) & self._ring_fits()
        # a branch at the very end is followed by the chain end
        ends = (
            (after_atom | (last == self.CLOSE))
            & (depth == 0)
            & (free >= 1)
            & (self.ring < 0).all(1, keepdim=True)
        )
        mask = atom | bonds | opens | closes | rings
        mask[:, EOS] = ends[:, 0]
        return mask

    def _ring_fits(self) -> Tensor:
        """A ring digit may close a ring of three or more, or open the smallest free digit."""
        opened_by = self.ring[:, self.digit.clamp(min=0)]
        is_open = opened_by >= 0
        closes = is_open & (opened_by != self.atom[:, None]) & (opened_by != self.parent[:, None])
        smallest = (self.ring[:, 1:] >= 0).long().cumprod(1).sum(1) + 1
        return closes | (~is_open & (self.digit[None] == smallest[:, None]))

    def push(self, token: Tensor) -> None:
        """Takes the token that each row has written (long, one per row)."""
        kind = self.kind[token]
        rows = torch.arange(len(token), device=token.device)
        self._open_or_close(rows, kind)
        self._close_or_open_ring(rows, token, kind)
        is_atom, is_bond = kind == self.ATOM, kind == self.BOND
        # the first atom of a branch takes its bond from the atom that the branch hangs on
        top = (self.depth - 1).clamp(min=0)
        starts_branch = is_atom & (self.depth > 0) & (self.stack[rows, top, 1] == self.atom)
        self.stack[rows, top, 0] -= torch.where(starts_branch, self.bond, 0)
        self.free = torch.where(is_atom, self.valence[token] - self.bond, self.free)
        self.parent = torch.where(is_atom, self.atom, self.parent)
        self.atom = torch.where(is_atom, self.count, self.atom)
        self.count += is_atom
        ones = torch.ones_like(self.bond)
        self.bond = torch.where(is_bond, self.order[token], ones)
        self.last = kind

    def _open_or_close(self, rows: Tensor, kind: Tensor) -> None:
        opened, closed = kind == self.OPEN, kind == self.CLOSE
        state = torch.stack([self.free, self.atom, self.parent], 1)
        here = self.stack[rows, self.depth]
        self.stack[rows, self.depth] = torch.where(opened[:, None], state, here)
        self.depth = self.depth + opened.long() - closed.long()
        self.depth.clamp_(0, self.stack.shape[1] - 1)
        back = self.stack[rows, self.depth]
        self.free = torch.where(closed, back[:, 0], self.free)
        self.atom = torch.where(closed, back[:, 1], self.atom)
        self.parent = torch.where(closed, back[:, 2], self.parent)

    def _close_or_open_ring(self, rows: Tensor, token: Tensor, kind: Tensor) -> None:
        is_ring = kind == self.RING
        digit = self.digit[token].clamp(min=0)
        now = self.ring[rows, digit]
        self.ring[rows, digit] = torch.where(is_ring, torch.where(now >= 0, -1, self.atom), now)
        self.free -= is_ring.long()

    def keep(self, rows: Tensor) -> None:
        """Drops all rows but these (indices)."""
        for name in ("free", "atom", "parent", "count", "bond", "depth", "last", "stack", "ring"):
            setattr(self, name, getattr(self, name)[rows])
