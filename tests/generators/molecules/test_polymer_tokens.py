"""Tokens and grammar: what is written letter by letter stays a molecule."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ionwright.generators.molecules.polymer_tokens import (
    EOS,
    Grammar,
    Tokenizer,
    build_vocabulary,
    element_of,
    split_tokens,
)
from ionwright.knowledge.psmiles import is_valid_psmiles

TRAINING = [
    "[*]CC(=O)OCC1CCCCC1C(F)(F)C[*]",
    "[*]CC(CC#N)NC(=S)[Si](C)(C)[*]",
    "[*]C(C1CC1)C=CS(=O)(=O)[*]",
    "[*]P(Cl)(Br)([N+](=O)[O-])[*]",
]
TOKENIZER = Tokenizer(build_vocabulary(TRAINING, 1))


def write(seed: int, rows: int, steps: int) -> list[list[int]]:
    """Random tokens within the grammar; closing ones are favoured near the end."""
    rng = np.random.default_rng(seed)
    grammar = Grammar(TOKENIZER, rows)
    written: list[list[int]] = [[] for _ in range(rows)]
    done = [False] * rows
    for _ in range(steps):
        allowed = grammar.allowed()
        assert allowed.any(1)[~torch.tensor(done)].all(), "a dead end"
        token = []
        for row in range(rows):
            ids = allowed[row].nonzero()[:, 0].tolist() or [EOS]
            closing = [i for i in ids if TOKENIZER.vocabulary[i] in (")", "<eos>", "1", "2")]
            token.append(int(rng.choice(closing if closing and rng.random() < 0.3 else ids)))
            if not done[row]:
                written[row].append(token[-1])
            done[row] |= token[-1] == EOS
        grammar.push(torch.tensor(token))
    return [ids for ids, over in zip(written, done, strict=True) if over]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_whatever_the_grammar_lets_through_is_valid(seed: int) -> None:
    for ids in write(seed, rows=16, steps=60):
        text = TOKENIZER.decode(ids)
        assert is_valid_psmiles(text), text


@pytest.mark.parametrize(
    "text",
    [
        *TRAINING,
        "[*]c1ccc(cc1)[*]",
        "[*]CC(c1ccccc1)[*]",
        "[*]c1ccc2c(c1)c1ccccc1n2[*]",
        "[*]C1CC1C(C)(C)O[*]",
        "[*]CC(C(=O)OC)(C#N)[*]",
    ],
)
def test_real_polymers_keep_the_grammar(text: str) -> None:
    tokenizer = Tokenizer(build_vocabulary([text], 1))
    ids = tokenizer.encode(text)
    assert ids is not None
    grammar = Grammar(tokenizer, 1)
    for token in ids[1:]:
        assert grammar.allowed()[0, token], tokenizer.vocabulary[token]
        grammar.push(torch.tensor([token]))
    assert tokenizer.decode(ids[1:]) == text


@pytest.mark.parametrize(
    ("token", "element"),
    [
        *[("C", "C"), ("c", "C"), ("Cl", "Cl"), ("[nH]", "N"), ("[O-]", "O"), ("[Si]", "Si")],
        *[("[SiH2]", "Si"), ("[N+]", "N"), ("(", None), ("=", None), ("1", None)],
        *[("[13CH2]", "C"), ("<eos>", None), ("[se]", "Se"), ("[NH2+]", "N")],
    ],
)
def test_elements_of_tokens(token: str, element: str | None) -> None:
    assert element_of(token) == element


def test_unknown_tokens_are_not_encoded() -> None:
    assert TOKENIZER.encode("[*]C[Zr]C[*]") is None
    assert split_tokens("[*]CClC[*]") == ["C", "Cl", "C"]
