"""The store keeps what it is given, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest

from ionwright.knowledge.entries import Entry, Source
from ionwright.knowledge.errors import Cancelled, Damaged, InvalidRequest, NotAvailable
from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.search import search
from ionwright.knowledge.store.vectors import Vectors

from .processes import PER_SOURCE, encode, source


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    return KnowledgeStore(tmp_path, encoder=encode)


def test_a_source_is_added_once(store: KnowledgeStore) -> None:
    assert store.add(*source(1)) == PER_SOURCE
    assert store.add(*source(1)) == 0
    assert len(store) == len(store.vectors) == PER_SOURCE


def test_an_entry_that_two_sources_share_is_there_once(store: KnowledgeStore) -> None:
    entry = Entry(id="publication-1", text="The same publication in two libraries.")
    for number in (1, 2):
        made = Source(id=f"lib{number}", kind="bibliography", title="lib", location="x")
        store.add(made, [entry])
    assert len(store) == 1
    assert [n for _, n in store.sources()] == [1, 0]


def test_removing_a_source_removes_its_entries(store: KnowledgeStore) -> None:
    store.add(*source(1))
    store.add(*source(2))
    assert store.remove("source-1") == PER_SOURCE
    assert len(store) == len(store.vectors) == PER_SOURCE
    assert not search(store, "topic1x3", lanes=["lexical"])
    assert search(store, "topic2x3", lanes=["lexical"])
    for table in ("name", "fact", "element", "words"):
        column = "rowid" if table == "words" else "entry"
        lost = f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT row FROM entry)"
        assert store.db.execute(lost).fetchone() == (0,)
    with pytest.raises(InvalidRequest, match="no source 'source-1'"):
        store.remove("source-1")


def test_the_vector_index_can_be_made_anew(store: KnowledgeStore) -> None:
    store.add(*source(1))
    before = search(store, "Passage 7 of source 1", lanes=["dense"])
    store.vectors.clear()
    assert store.rebuild() == PER_SOURCE
    assert search(store, "Passage 7 of source 1", lanes=["dense"]) == before


def test_a_damaged_vector_index_can_be_made_anew(tmp_path: Path) -> None:
    with KnowledgeStore(tmp_path, encoder=encode) as store:
        store.add(*source(1))
    later = tmp_path / "moved"  # another path: an open index of this process is not asked for it
    tmp_path.joinpath("vectors").rename(later)
    later.joinpath("chroma.sqlite3").write_bytes(b"no database" * 1000)
    with KnowledgeStore(tmp_path, encoder=encode) as store:
        store.vectors = Vectors(later)
        with pytest.raises(NotAvailable, match="--rebuild"):
            search(store, "Passage 7 of source 1", lanes=["dense"])
        assert store.rebuild() == PER_SOURCE
        assert search(store, "Passage 7 of source 1", lanes=["dense"])


def test_what_was_half_done_is_finished_by_the_next_writer(store: KnowledgeStore) -> None:
    store.add(*source(1))
    store.add(*source(2))
    with store.db:  # as if killed after the records, before the vectors
        store.db.execute("UPDATE source SET state = 'adding' WHERE id = 'source-1'")
        store.db.execute("UPDATE source SET state = 'removing' WHERE id = 'source-2'")
    store.vectors.remove([f"source-1-{i}" for i in range(PER_SOURCE)])
    assert not store.has("source-1")
    store.add(*source(3))
    assert store.has("source-1")
    assert not store.has("source-2")
    assert len(store) == len(store.vectors) == 2 * PER_SOURCE


def test_a_stop_leaves_nothing_behind(store: KnowledgeStore) -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        store.add(*source(1), on_progress=stop)
    assert len(store) == 0
    assert not store.sources()


def test_every_entry_is_found_by_its_own_vector(store: KnowledgeStore) -> None:
    for number in range(20):
        store.add(*source(number))
    texts = [t for n in range(20) for t in (e.text for e in source(n)[1])]
    near = [store.vectors.nearest(v, 1)[0][1] for v in encode(texts)]
    assert np.min(near) > 0.99


def test_a_damaged_store_says_so(tmp_path: Path) -> None:
    (tmp_path / "knowledge.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(Damaged, match="move it away"):
        KnowledgeStore(tmp_path)


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidRequest, match="IONWRIGHT_KNOWLEDGE"):
        KnowledgeStore(tmp_path / "file" / "below")


@pytest.mark.parametrize("place", ["nonsense", "ftp://host"])
def test_a_wrong_server_address_says_what_is_right(place: str) -> None:
    with pytest.raises(InvalidRequest, match="http://host:8000"):
        len(Vectors(place))


def test_a_server_that_is_not_there_says_so() -> None:
    with pytest.raises(NotAvailable, match="no Chroma server answers"):
        len(Vectors("http://127.0.0.1:9"))
