"""What the knowledge store holds: sources, and the entries that were read from them."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import Field

from .facts import Fact, Reference
from .records import Record

SourceKind = Literal["corpus", "pdf", "bibliography", "table", "structures", "text", "online"]


class Source(Record):
    """Where entries come from. The id is a hash of the content, so the same file is the same."""

    id: str
    kind: SourceKind
    title: str
    location: str
    doi: str | None = None
    year: int | None = None


class Entry(Record):
    """One passage or one fact: the unit that is found and cited.

    `text` is what is searched and shown. `facts` hold the values it states; an entry of the corpus
    or of a table row carries them, a passage of a document has none.
    """

    id: str = ""
    text: Annotated[str, Field(min_length=1)]
    names: tuple[str, ...] = ()
    page: Annotated[int, Field(ge=1)] | None = None
    reference: Reference | None = None
    facts: tuple[Fact, ...] = ()
    cif: str | None = None


class Hit(Record):
    """A found entry with the score of its rank; higher is better."""

    entry: Entry
    source: Source
    score: float


def source_id(content: bytes) -> str:
    """The id of a source with this content."""
    return hashlib.sha256(content).hexdigest()[:20]


def entry_of(fact: Fact) -> Entry:
    """The entry of one fact: its claim, found by every name of its subject."""
    names = (fact.subject, *fact.names, *(n for n in (fact.formula, fact.smiles) if n))
    return Entry(
        id=fact.id,
        text=fact.claim,
        names=tuple(dict.fromkeys(names)),
        reference=fact.reference,
        facts=(fact,),
    )


def with_id(entry: Entry, source: str, place: int) -> Entry:
    """The entry with an id of its own: kept if it has one, else by its place in the source."""
    return entry if entry.id else entry.model_copy(update={"id": f"{source}-{place}"})
