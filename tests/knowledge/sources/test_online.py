"""Online sources against a local server that speaks their wire formats."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ionwright.knowledge.errors import InvalidRequest, NotAvailable
from ionwright.knowledge.sources import look_up, source_named
from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.search import search
from ionwright.tools.context import Context
from ionwright.tools.search import search as search_tool

from .standin import StandIn, standing_in

CASES = {
    "materials_project": ("", ["LiFePO4"], "average voltage of LiFePO4", "3.39 V"),
    "optimade": ("", ["LiFePO4"], "crystal structure", "FeLiO4P with 28 sites"),
    "pubchem": ("", ["ethylene carbonate"], "molar mass of ethylene carbonate", "88.06 g/mol"),
    "openalex": ("gallium wetting", [], "gallium wets garnet", "Gallium wets garnets and garnets"),
    "crossref": ("zinc plates", [], "zinc plates", "Zinc plates root in the separator."),
}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with standing_in() as state:
        yield state


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    return KnowledgeStore(tmp_path)


def source(name: str, store: KnowledgeStore, address: str, key: str = "secret"):  # type: ignore[no-untyped-def]
    return source_named(name, store, addresses={name: address}, key=key)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(CASES))
def test_answers_are_kept_and_found_without_a_network(
    name: str, server: StandIn, store: KnowledgeStore
) -> None:
    words, names, question, told = CASES[name]
    assert look_up(store, source(name, store, server.address), words, names) > 0
    asked = len(server.asked)
    assert look_up(store, source(name, store, server.address), words, names) == 0
    assert len(server.asked) == asked  # the second time from the cache
    hits = search(store, question, k=5)
    assert any(told in hit.entry.text for hit in hits)
    assert all(str(hit.entry.reference) for hit in hits)
    assert hits[0].source.kind == "online"


def test_fractions_become_percent(server: StandIn, store: KnowledgeStore) -> None:
    look_up(store, source("materials_project", store, server.address), "", ["LiFePO4"])
    facts = [f for h in search(store, "LiFePO4", k=20) for f in h.entry.facts]
    assert {f.property: f.value for f in facts}["max_delta_volume"] == pytest.approx(6.6)


def test_the_key_goes_to_its_own_source_alone(server: StandIn, store: KnowledgeStore) -> None:
    look_up(store, source("materials_project", store, server.address), "", ["LiFePO4"])
    look_up(store, source("crossref", store, server.address), "zinc", [])
    keys = [headers.get("X-API-Key") for _, _, headers in server.asked]
    assert keys == ["secret", "secret", None]
    assert b"secret" not in (store.folder / "online.sqlite").read_bytes()
    with pytest.raises(NotAvailable, match="IONWRIGHT_MP_API_KEY"):
        look_up(store, source("materials_project", store, server.address, ""), "", ["LiFePO4"])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_source_is_asked_again(status: int, server: StandIn, store: KnowledgeStore) -> None:
    server.failures = [status]
    assert look_up(store, source("crossref", store, server.address), "zinc", []) == 1
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("failures", "body", "says"),
    [
        ([500] * 9, None, "answers with an error"),
        ([403], None, "refuses the key"),
        ([], b"<html>maintenance</html>", "no JSON"),
        ([], b'{"message": [1, 2]}', "another form"),
        ([], b'{"message": {"items": [{"title": 3}]}}', "another form"),
    ],
)
def test_a_failing_source_says_what_is_wrong(
    failures: list[int], body: bytes | None, says: str, server: StandIn, store: KnowledgeStore
) -> None:
    server.failures, server.body = failures, body
    with pytest.raises(NotAvailable, match=says):
        look_up(store, source("crossref", store, server.address), "zinc", [])
    assert len(store) == 0


def test_offline_the_store_still_answers(store: KnowledgeStore, server: StandIn) -> None:
    look_up(store, source("crossref", store, server.address), "zinc plates", [])
    ctx = Context(library=store.folder, addresses={"openalex": "http://127.0.0.1:9"})
    result = search_tool(ctx, query="zinc plates", online=["openalex"])
    assert "cannot be reached" in result.text
    assert result.data["results"]


def test_what_is_not_known_is_no_error(server: StandIn, store: KnowledgeStore) -> None:
    assert look_up(store, source("pubchem", store, server.address), "", ["unobtainium"]) == 0


def test_an_unknown_source_says_which_there_are(store: KnowledgeStore) -> None:
    with pytest.raises(InvalidRequest, match="openalex"):
        source("google", store, "")
