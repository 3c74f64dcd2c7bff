"""What all tests share: a knowledge store of their own, so that nobody's is touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.library import shared_library


@pytest.fixture(scope="session", autouse=True)
def knowledge_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the session's store; the environment names it to every process."""
    folder = tmp_path_factory.mktemp("knowledge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IONWRIGHT_KNOWLEDGE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def library(knowledge_folder: Path) -> KnowledgeStore:
    """The session's store with the shipped corpus in it."""
    return shared_library(knowledge_folder)
