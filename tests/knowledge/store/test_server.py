"""A Chroma server that several stores share."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionwright.knowledge.errors import NotAvailable
from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.search import search
from ionwright.knowledge.store.vectors import Vectors

from .processes import PER_SOURCE, encode, source

CHROMA = Path(sys.executable).with_name("chroma")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [CHROMA, "run", "--path", tmp_path / "server", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            len(Vectors(address))
            break
        except NotAvailable:
            time.sleep(0.2)
    yield address
    process.terminate()
    process.wait(30)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which(CHROMA), reason="the command chroma is not installed")
def test_a_store_works_with_a_server(server: str, tmp_path: Path) -> None:
    with KnowledgeStore(tmp_path / "store", encoder=encode, server=server) as store:
        store.add(*source(1))
        assert len(store.vectors) == PER_SOURCE
        text = source(1)[1][7].text
        assert search(store, text, k=1, lanes=["dense"])[0].entry.text == text
        store.add(*source(2))
        store.remove("source-1")
        assert len(store.vectors) == PER_SOURCE
        assert store.rebuild() == PER_SOURCE
    assert not (tmp_path / "store" / "vectors").exists()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which(CHROMA), reason="the command chroma is not installed")
def test_a_team_has_what_any_of_it_added(server: str, tmp_path: Path) -> None:
    mine = KnowledgeStore(tmp_path / "mine", encoder=encode, server=server)
    yours = KnowledgeStore(tmp_path / "yours", encoder=encode, server=server)
    mine.add(*source(1))
    assert yours.pull() == PER_SOURCE
    text = source(1)[1][7].text
    hit = search(yours, text, k=1)[0]
    assert (hit.entry.text, hit.source) == (text, source(1)[0])
    assert yours.pull() == 0
    yours.add(*source(2))
    mine.pull()
    mine.remove("source-1")
    assert yours.pull() == PER_SOURCE
    assert [s.id for s, _ in yours.sources()] == ["source-2"]
    assert len(yours) == len(mine) == len(mine.vectors) == PER_SOURCE
    mine.add(*source(1))  # there again, though it was removed once
    assert yours.pull() == PER_SOURCE
    mine.vectors.clear()  # as if the server had lost everything
    assert yours.pull() == 0
    assert len(yours.vectors) == len(yours) == 2 * PER_SOURCE


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which(CHROMA), reason="the command chroma is not installed")
def test_a_store_of_ones_own_joins_a_server_and_loses_nothing(server: str, tmp_path: Path) -> None:
    with KnowledgeStore(tmp_path / "mine", encoder=encode) as alone:
        alone.add(*source(1))
    with KnowledgeStore(tmp_path / "mine", encoder=encode, server=server) as joined:
        joined.pull()
        assert len(joined) == len(joined.vectors) == PER_SOURCE
