"""Taking files into the store: idempotent by content, one bad file never loses the others."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ionwright.knowledge.entries import Source, source_id
from ionwright.knowledge.errors import Cancelled, InvalidRequest
from ionwright.knowledge.store.store import KnowledgeStore, Progress, silent

from .bibliography import read_bibtex, read_ris
from .document import Document, Unreadable
from .pdf import read_pdf
from .structure import read_cif
from .table import Column, read_table
from .text import read_html, read_markdown, read_plain

MOST_BYTES = 512 * 2**20
Reader = Callable[[bytes, str], Document]
READERS: dict[str, Reader] = {
    ".pdf": read_pdf,
    ".bib": read_bibtex,
    ".ris": read_ris,
    ".cif": read_cif,
    ".md": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".txt": read_plain,
}
TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
SUFFIXES = (*READERS, *TABLES)


@dataclass(frozen=True)
class Skipped:
    """A file that was not taken, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Report:
    """What became of the files. `added` tells source and number of entries of each new file."""

    added: tuple[tuple[Source, int], ...] = ()
    known: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


def ingest(
    store: KnowledgeStore,
    paths: Sequence[Path],
    *,
    mapping: Mapping[str, Column] | None = None,
    on_progress: Progress = silent,
) -> Report:
    """Takes files and folders into the store. What is reported as added is there to stay.

    Args:
        store: where they go.
        paths: files, and folders whose files are taken, those below included.
        mapping: what the columns of tables mean, where their names do not say.
        on_progress: what, done, total; also where a stop takes effect, between two files.

    Raises:
        InvalidRequest: if a path does not exist, or nothing in it can be read.
    """
    files = list(dict.fromkeys(_files(paths)))
    if not files:
        raise InvalidRequest(f"there is no file to read; kinds that are: {', '.join(SUFFIXES)}")
    added: list[tuple[Source, int]] = []
    known: list[str] = []
    skipped: list[Skipped] = []
    notes: list[str] = []
    for place, path in enumerate(files):
        on_progress(path.name, place, len(files))
        try:
            took = _take(store, path, mapping, notes, on_progress)
        except Unreadable as error:
            skipped.append(Skipped(str(path), str(error)))
            continue
        except OSError as error:
            skipped.append(Skipped(str(path), f"it cannot be opened: {error.strerror}"))
            continue
        if took is None:
            known.append(str(path))
        else:
            added.append(took)
    on_progress("done", len(files), len(files))
    return Report(tuple(added), tuple(known), tuple(skipped), tuple(notes))


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = (p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
            yield from sorted(inside)
        elif path.is_file():
            yield path
        else:
            raise InvalidRequest(f"there is no file {str(path)!r}")


def read_document(reader: Reader, content: bytes, name: str) -> Document:
    """What a reader makes of a file's content.

    Raises:
        Unreadable: if it is damaged or holds nothing; the message is the reason.
    """
    try:
        return reader(content, name)
    except (Unreadable, Cancelled):
        raise
    except Exception as error:  # the edge to foreign files: their parsers raise anything
        logging.getLogger(__name__).debug("cannot read %s", name, exc_info=True)
        raise Unreadable(f"it is damaged ({type(error).__name__}: {error})") from error


def _take(
    store: KnowledgeStore,
    path: Path,
    mapping: Mapping[str, Column] | None,
    notes: list[str],
    on_progress: Progress,
) -> tuple[Source, int] | None:
    """The source and how many entries it brought; None if the store has it already."""
    reader = _reader(path, mapping)
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable(f"it is over {MOST_BYTES // 2**20} MiB: split it")
    content = path.read_bytes()
    mark = source_id(content + _mapped(path, mapping))
    if store.has(mark):
        return None
    document = read_document(reader, content, path.name)
    if document.doi and (other := store.with_doi(document.doi)):
        raise Unreadable(f"{other.title!r} with the same DOI {document.doi} is there already")
    source = Source(
        id=mark,
        kind=document.kind,
        title=document.title[:300],
        location=str(path.resolve()),
        doi=document.doi,
        year=document.year,
    )
    count = store.add(source, document.entries, on_progress=on_progress)
    notes += [f"{path.name}: {note}" for note in document.notes]
    return source, count


def _reader(path: Path, mapping: Mapping[str, Column] | None) -> Reader:
    suffix = path.suffix.lower()
    if suffix in TABLES:
        return partial(read_table, suffix=suffix, mapping=mapping)
    if suffix not in READERS:
        raise Unreadable(f"{suffix or 'no suffix'} is no kind that is read: {', '.join(SUFFIXES)}")
    return READERS[suffix]


def _mapped(path: Path, mapping: Mapping[str, Column] | None) -> bytes:
    """A table read with another mapping is another source."""
    if not mapping or path.suffix.lower() not in TABLES:
        return b""
    return hashlib.sha256(repr(sorted(mapping.items())).encode()).digest()


def summary(report: Report) -> Iterable[str]:
    """The report in lines for people."""
    for source, count in report.added:
        yield f"added {count} entries from {source.title} ({source.id})"
    for path in report.known:
        yield f"already there: {path}"
    for skip in report.skipped:
        yield f"skipped {skip.path}: {skip.reason}"
    yield from report.notes
