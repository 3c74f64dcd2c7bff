"""One polymer, one string: canonical repeat units, their variants, scaffolds and the split."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.psmiles import (
    backbone_scaffold,
    canonical_psmiles,
    is_valid_psmiles,
    psmiles_hash,
    repeat_unit_mol,
    repeated,
    segments_of,
    split_of,
    variants_of,
)

# Pieces that may follow one another in any order, written from left to right.
PIECES = [
    "C",
    "O",
    "S",
    "C(=O)",
    "C(C)",
    "C(C)(C)",
    "N(C)",
    "C(CC#N)",
    "C(OCC1CC1)",
    "C(C(F)(F)F)",
    "[Si](C)(C)",
    "c1ccc(cc1)",
    "c1cccc(c1)",
    "C1CCC(CC1)",
    "C=C",
    "C(c1ccccc1)",
    "c1ccc2c(c1)Cc1cc(ccc1-2)",
    "S(=O)(=O)",
]
units = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7)


def written(pieces: list[str]) -> str:
    return "[*]" + "".join(pieces) + "[*]"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("[*]CCO[*]", "[*]CCO[*]"),
        ("[*]COC[*]", "[*]CCO[*]"),
        ("[*]OCC[*]", "[*]CCO[*]"),
        ("*OCCOCCOCC*", "[*]CCO[*]"),
        ("[Cu]CCO[Au]", "[*]CCO[*]"),
        ("[Mg]CCO[Mg]", "[*]CCO[*]"),
        ("[*:1]CCO[*:2]", "[*]CCO[*]"),
        ("O([*])CC[*]", "[*]CCO[*]"),
        ("*CC*", "[*]C[*]"),
        ("*=CC=*", "[*]C=C[*]"),
        ("*=C=*", "[*]=C=[*]"),
        ("*c1ccc(-c2ccc(*)cc2)cc1", "[*]c1ccc(cc1)[*]"),
        ("CC(*)C*", "[*]CC(C)[*]"),
        ("[Mg]O[Al-]([Mg])(Oc1ccco1)Oc1ccco1", "[*]O[Al-]([O]c1ccco1)([O]c1ccco1)[*]"),
        ("O=C([Au])OCCO[Cu]", "[*]CCOC(=O)O[*]"),
    ],
)
def test_ways_of_writing_are_one_polymer(text: str, canonical: str) -> None:
    assert canonical_psmiles(text) == canonical


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("CCO", "0 chain ends"),
        ("[*]CCO", "1 chain ends"),
        ("[*]CC([*])O[*]", "3 chain ends"),
        ("[*]CC(O[*]", "not readable"),
        ("[*]C(C)(C)(C)(C)[*]", "not readable"),
        ("[*][*]", "no atoms"),
        ("[*]=CC[*]", "different bonds"),
        ("C1[*]C[*]1", "just one bond"),
        ("[*]CC[*].CC", "several pieces"),
        ("[*]" + "C" * 100_000 + "[*]", "allowed: up to"),
        ("[*]\x00\ud800[*]", "not readable"),
        ("[*]CCN(C)(->[Zn])[*]", "dative"),
    ],
)
def test_no_repeat_unit_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        canonical_psmiles(text)
    assert not is_valid_psmiles(text)


@settings(max_examples=150, deadline=None)
@given(pieces=units, turn=st.integers(0, 6), times=st.integers(1, 3), seed=st.integers(0, 2**16))
def test_shift_multiple_and_reading_order_do_not_matter(
    pieces: list[str], turn: int, times: int, seed: int
) -> None:
    expected = canonical_psmiles(written(pieces))
    turn %= len(pieces)
    other = written((pieces[turn:] + pieces[:turn]) * times)
    mol = Chem.MolFromSmiles(other)
    # any order of atoms: reversed units are among these
    order = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed)[0]
    assert canonical_psmiles(other) == expected
    assert canonical_psmiles(order) == expected


@settings(max_examples=100, deadline=None)
@given(pieces=units)
def test_canonical_is_a_fixed_point_and_keeps_the_polymer(pieces: list[str]) -> None:
    canonical = canonical_psmiles(written(pieces))
    assert canonical_psmiles(canonical) == canonical
    assert canonical.startswith("[*]")
    assert canonical.endswith("[*]")
    assert Chem.MolFromSmiles(canonical) is not None
    assert {canonical_psmiles(way) for way in variants_of(canonical)} == {canonical}
    assert canonical_psmiles(repeated(canonical, 3)) == canonical
    heavy = repeat_unit_mol(canonical).GetNumHeavyAtoms()
    assert Chem.MolFromSmiles(written(pieces)).GetNumHeavyAtoms() % heavy == 0


@settings(max_examples=100, deadline=None)
@given(pieces=units, turn=st.integers(0, 6))
def test_scaffold_and_split_belong_to_the_polymer(pieces: list[str], turn: int) -> None:
    turn %= len(pieces)
    here, there = written(pieces), written(pieces[turn:] + pieces[:turn])
    assert backbone_scaffold(here) == backbone_scaffold(there)
    assert split_of(here) == split_of(there)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40))
def test_any_text_is_a_polymer_or_a_clear_refusal(text: str) -> None:
    try:
        canonical = canonical_psmiles(text)
    except InvalidRequest as error:
        assert str(error)
    else:
        assert canonical_psmiles(canonical) == canonical


def test_different_polymers_stay_different() -> None:
    texts = ["[*]CCO[*]", "[*]CCCO[*]", "[*]CCOCO[*]", "[*]CC(C)O[*]", "[*]CCOCCOCO[*]"]
    texts += ["[*]c1ccc(cc1)O[*]", "[*]c1cccc(c1)O[*]", "[*]C(=O)CO[*]", "[*]CC(=O)O[*]"]
    assert len({canonical_psmiles(text) for text in texts}) == len(texts) - 1  # the last two
    assert canonical_psmiles(texts[-1]) == canonical_psmiles(texts[-2])
    assert len({psmiles_hash(canonical_psmiles(text)) for text in texts}) == len(texts) - 1


def test_head_to_tail_is_not_head_to_head() -> None:
    assert canonical_psmiles("[*]CC(C)CC(C)[*]") == "[*]CC(C)[*]"
    assert canonical_psmiles("[*]CC(C)C(C)C[*]") != "[*]CC(C)[*]"


def test_scaffold_drops_side_chains_and_long_spacers() -> None:
    assert backbone_scaffold("[*]CC(CCOC)OC(=O)O[*]") == backbone_scaffold("[*]CCOC(=O)O[*]")
    assert backbone_scaffold("[*]CCCCCO[*]") == backbone_scaffold("[*]CCCO[*]")
    assert backbone_scaffold("[*]CCO[*]") != backbone_scaffold("[*]CCN[*]")
    assert split_of("[*]CCO[*]") == split_of("[*]CC(C)O[*]")


def test_segments_join_to_the_canonical_text() -> None:
    segments = segments_of("[*]OCC(C)[*]")
    assert "[*]" + "".join(segment.forward for segment in segments) + "[*]" == "[*]CC(C)O[*]"
