"""Facts are whole: a value has a unit of the vocabulary, and every claim a reference."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ionwright.knowledge.corpus import (
    corpus_entries,
    corpus_source,
    corpus_vectors,
    fact_files,
    folder,
    read_facts,
)
from ionwright.knowledge.facts import Fact, Reference
from ionwright.knowledge.vocabulary import property_of, vocabulary

FACTS = read_facts()


def fact(**fields):
    return Fact.model_validate(
        {
            "subject": "LiFePO4",
            "material_class": "olivine",
            "property": "average_voltage",
            "value": 3.4,
            "unit": "V",
            "claim": "LiFePO4 gives about 3.4 V against lithium.",
            "reference": {"doi": "10.1149/1.1837571", "title": "Phospho-olivines"},
            **fields,
        }
    )


def test_corpus_is_as_large_as_promised() -> None:
    by_hand = (folder() / "facts").iterdir()
    lines = [line for file in by_hand for line in file.read_text(encoding="utf-8").splitlines()]
    written = [Fact.model_validate(json.loads(line)) for line in lines]
    assert sum(fact.reference.doi is not None for fact in written) >= 300
    assert len(FACTS) >= 1000


@pytest.mark.parametrize("file", fact_files(), ids=lambda f: f.name)
def test_every_fact_of_the_corpus_is_valid_and_told_once(file) -> None:  # type: ignore[no-untyped-def]
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    facts = [Fact.model_validate(line) for line in lines]
    assert len({f.id for f in facts}) == len(facts)
    for each in facts:
        assert each.reference.doi or each.reference.software or each.reference.url
        if each.property:
            assert each.unit in property_of(each.property).units


def test_claims_state_their_value() -> None:
    """The number of a fact stands in its sentence, in some unit: a bare sentence is no claim."""
    silent = [f.id for f in FACTS if f.property and not re.search(r"\d", f.claim)]
    assert not silent


def test_vectors_of_the_corpus_are_current() -> None:
    entries = corpus_entries()
    vectors = corpus_vectors(entries)
    assert vectors is not None, "run python -m ionwright.tools.corpus --only-vectors"
    assert vectors.shape == (len(entries), 384)
    assert corpus_source().id == corpus_source().id


@pytest.mark.parametrize(
    "fields",
    [
        {"unit": "mV"},
        {"value": None},
        {"property": None},
        {"op": "between"},
        {"op": "between", "value": (3.5, 3.1)},
        {"value": 340.0},
        {"claim": "short"},
        {"reference": {"title": "no way to find it"}},
        {"reference": {"doi": "doi:10.1/x", "title": "wrong form"}},
        {"material_class": "nonsense"},
        {"temperature": -3},
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict) -> None:
    with pytest.raises(ValidationError):
        fact(**fields)


@given(
    key=st.sampled_from(sorted(vocabulary())),
    share=st.floats(0, 1),
    op=st.sampled_from(["=", ">=", "<="]),
)
def test_facts_survive_json(key: str, share: float, op: str) -> None:
    low, high = property_of(key).range
    made = fact(property=key, value=low + share * (high - low), unit=property_of(key).unit, op=op)
    assert Fact.model_validate_json(made.model_dump_json()) == made
    assert Fact.model_validate_json(made.model_dump_json(exclude_defaults=True)).id == made.id


def test_the_same_claim_has_the_same_id() -> None:
    assert fact().id == fact(names=("LFP",)).id
    assert fact().id != fact(value=3.45).id


def test_reference_reads_as_a_citation() -> None:
    told = Reference(doi="10.1000/ABC", title="T itle", authors="A", venue="V", year=1999)

    assert str(told) == "A, T itle. V, 1999. https://doi.org/10.1000/abc"
