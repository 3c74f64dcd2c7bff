"""Several processes on one store: readers beside a writer, and a writer that is killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.search import search

from .processes import PER_SOURCE, encode, source

ROOT = Path(__file__).parents[3]


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.knowledge.store.processes", *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_read_while_one_writes(tmp_path: Path) -> None:
    with KnowledgeStore(tmp_path, encoder=encode) as store:
        store.add(*source(0))
    readers = [start("read", tmp_path) for _ in range(2)]
    writer = start("write", tmp_path, 60)
    written = writer.communicate()[0].split()
    results = [reader.communicate("") for reader in readers]
    assert written == [str(i) for i in range(60)]
    for reader, (out, err) in zip(readers, results, strict=True):
        assert reader.returncode == 0, err
        assert int(out) >= 1
    with KnowledgeStore(tmp_path, encoder=encode) as store:
        assert len(store) == len(store.vectors) == 60 * PER_SOURCE


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 5, 12])
def test_a_killed_writer_loses_nothing_that_it_reported(tmp_path: Path, after: int) -> None:
    writer = start("write", tmp_path, 1000)
    assert writer.stdout is not None
    reported = [int(writer.stdout.readline()) for _ in range(after)]
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate()
    reported += [int(line) for line in rest.split()]
    with KnowledgeStore(tmp_path, encoder=encode) as store:
        for number in reported:
            made, entries = source(number)
            assert store.has(made.id)
            found = search(store, entries[3].text, k=1, lanes=["dense"])
            assert found[0].entry.text == entries[3].text
        half = max(reported) + 1  # what it was at when it was killed
        store.add(*source(half))
        assert store.has(source(half)[0].id)
        assert len(store) == len(store.vectors)
