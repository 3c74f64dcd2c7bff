"""Searching the shipped corpus: by meaning, by words, by facts, and with filters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.knowledge.records import Target
from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.mentions import mentions_in
from ionwright.knowledge.store.search import Filters, search
from ionwright.knowledge.store.words import formula_key, index_text, match_query, name_key, tokens


def target(key: str, op: str, value=None) -> Target:  # type: ignore[no-untyped-def]
    return Target.model_validate({"property": key, "op": op, "value": value})


@pytest.mark.parametrize(
    ("question", "subject", "key"),
    [
        ("what conductivity has LLZO at room temperature?", "Li7La3Zr2O12", "ionic_conductivity"),
        ("how conductive is Li6PS5Cl", "Li6PS5Cl", None),
        ("ionic conductivity of lithium phosphorus sulfur chloride LPSCl", "Li6PS5Cl", None),
        ("Li1.3Al0.3Ti1.7(PO4)3", "Li1.3Al0.3Ti1.7(PO4)3", None),
    ],
)
def test_the_first_entry_is_about_the_subject(
    library: KnowledgeStore, question: str, subject: str, key: str | None
) -> None:
    best = search(library, question, k=1)[0].entry.facts[0]
    assert best.subject == subject
    assert key is None or best.property == key


def test_values_are_filtered_as_values(library: KnowledgeStore) -> None:
    above = Filters(targets=(target("ionic_conductivity", ">=", 5e-4),), material_class="garnet")
    hits = search(library, "garnet", filters=above, k=20)
    assert hits
    for hit in hits:
        facts = [f for f in hit.entry.facts if f.property == "ionic_conductivity"]
        assert any(f.bounds()[0] >= 5e-4 for f in facts)
        assert hit.entry.facts[0].material_class == "garnet"


@pytest.mark.parametrize(
    ("op", "value", "meets"),
    [
        (">=", 1e-3, lambda low, high: low >= 1e-3),
        ("<=", 1e-7, lambda low, high: high <= 1e-7),
        ("between", (1e-4, 1e-3), lambda low, high: low >= 1e-4 and high <= 1e-3),
        ("=", 1e-3, lambda low, high: low <= 1.1001e-3 and high >= 0.8999e-3),
        ("report", None, lambda low, high: True),
    ],
)
def test_every_sign_filters(library: KnowledgeStore, op, value, meets) -> None:  # type: ignore[no-untyped-def]
    filters = Filters(targets=(target("ionic_conductivity", op, value),))
    hits = search(library, "", filters=filters, k=50)
    assert hits
    for hit in hits:
        facts = [f for f in hit.entry.facts if f.property == "ionic_conductivity"]
        assert any(meets(*f.bounds()) for f in facts)


def test_elements_are_required_and_excluded(library: KnowledgeStore) -> None:
    filters = Filters(elements_required=("Zr",), elements_excluded=("La", "Ta"))
    hits = search(library, "zirconium conductor", filters=filters, k=20)
    assert hits
    for hit in hits:
        elements = {e for f in hit.entry.facts for e in f.elements}
        assert "Zr" in elements
        assert not elements & {"La", "Ta"}


def test_what_no_entry_states_is_not_found(library: KnowledgeStore) -> None:
    filters = Filters(targets=(target("ionic_conductivity", ">=", 9.0),))
    assert search(library, "garnet", filters=filters) == []


def test_the_same_name_is_found_in_every_spelling(library: KnowledgeStore) -> None:
    for spelling in ("LLZO", "llzo", "Li7La3Zr2O12", "La3Zr2Li7O12", "Li₇La₃Zr₂O₁₂"):
        assert mentions_in(spelling, library.db).names, spelling


def test_two_letters_keep_their_case() -> None:
    assert name_key("Co") != name_key("CO")
    assert name_key("LiCoO2") == name_key("LICOO2")
    assert name_key("beta-Li3PS4") == name_key("β-Li3PS4".replace("β", "beta"))


def test_formulas_are_one_whatever_their_order() -> None:
    assert formula_key("LiFePO4") == formula_key("FePO4Li") == formula_key("Li2Fe2P2O8")
    assert formula_key("Li0.5CoO2") == formula_key("LiCo2O4")
    assert formula_key("lithium") is None


def test_compounds_are_found_by_their_parts() -> None:
    assert tokens("lithium-ion cells") == ["lithium-ion", "lithium", "ion", "cells"]
    assert "1,3-dioxolane" in tokens("In 1,3-dioxolane.")


@given(st.text(max_size=200))
def test_any_text_is_a_safe_query(library: KnowledgeStore, text: str) -> None:
    query = match_query(tokens(text))
    if query:
        library.db.execute("SELECT rowid FROM words WHERE words MATCH ?", (query,)).fetchall()
    assert '"' not in index_text(text)
    mentions_in(text, library.db)


@given(st.text(max_size=120))
def test_any_question_is_answered_or_not_found(library: KnowledgeStore, text: str) -> None:
    for hit in search(library, text, k=3, lanes=["lexical", "facts"]):
        assert hit.entry.text
