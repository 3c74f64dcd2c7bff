"""Asking online sources and keeping what they say in the store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from ionwright.knowledge.entries import Source
from ionwright.knowledge.errors import InvalidRequest, NotAvailable
from ionwright.knowledge.store.store import KnowledgeStore, Progress, silent

from .base import ADDRESSES, OnlineName, OnlineSource, session_for
from .databases import MaterialsProject, Optimade, PubChem
from .publications import Crossref, OpenAlex

_SOURCES: dict[OnlineName, type[OnlineSource]] = {
    s.name: s for s in (MaterialsProject, Optimade, PubChem, OpenAlex, Crossref)
}


def source_named(
    name: OnlineName, store: KnowledgeStore, *, addresses: Mapping[str, str], key: str = ""
) -> OnlineSource:
    """An online source whose answers are kept beside a store.

    Args:
        name: which one.
        store: beside which answers are kept.
        addresses: other addresses by name, for mirrors and other providers.
        key: of the Materials Project.

    Raises:
        InvalidRequest: for an unknown name.
        NotAvailable: if the extra `online` is not installed.
    """
    if name not in _SOURCES:
        raise InvalidRequest(f"unknown online source {name!r}; allowed: {', '.join(ADDRESSES)}")
    made = _SOURCES[name]
    try:
        session = session_for(store.folder, made.per_second)
    except ImportError as error:
        raise NotAvailable(
            "online sources need an extra: pip install 'ionwright[online]'"
        ) from error
    own_key = key if name == "materials_project" else ""
    return made(session, addresses.get(name, ""), own_key)


def look_up(
    store: KnowledgeStore,
    source: OnlineSource,
    words: str,
    names: Sequence[str],
    *,
    k: int = 10,
    on_progress: Progress = silent,
) -> int:
    """Asks a source, puts what it says into the store, and tells how many entries are new.

    Raises:
        NotAvailable: if the source cannot be reached or needs a key.
    """
    try:
        entries = source.search(words, names, k)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise NotAvailable(
            f"{source.name} gave an answer of another form than expected ({error!r}): its "
            "interface may have changed"
        ) from error
    if not entries:
        return 0
    asked = f"{source.name} {source.address} {words} {sorted(names)} {k}"
    found = Source(
        id=f"online-{hashlib.sha256(asked.encode()).hexdigest()[:16]}",
        kind="online",
        title=source.name.replace("_", " "),
        location=source.address,
    )
    return store.add(found, entries, on_progress=on_progress)
