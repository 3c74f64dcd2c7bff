"""BibTeX and RIS libraries: one entry for each publication, with its abstract."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError

from ionwright.knowledge.entries import Entry
from ionwright.knowledge.facts import Reference

from .document import Document, Unreadable, find_doi, passages, tidy


def read_bibtex(content: bytes, name: str) -> Document:
    """The publications of a BibTeX library.

    Raises:
        Unreadable: if there is none in it.
    """
    import bibtexparser
    from bibtexparser.bparser import BibTexParser

    logging.getLogger("bibtexparser").setLevel(logging.ERROR)
    parser = BibTexParser(common_strings=True, ignore_nonstandard_types=False)
    library = bibtexparser.loads(content.decode("utf-8", errors="replace"), parser=parser)
    return _document(name, library.entries, _from_bibtex)


def read_ris(content: bytes, name: str) -> Document:
    """The publications of a RIS library.

    Raises:
        Unreadable: if there is none in it.
    """
    import rispy

    rows = rispy.loads(content.decode("utf-8-sig", errors="replace"))
    return _document(name, rows, _from_ris)


def _document(
    name: str, rows: Iterable[dict[str, Any]], fields_of: Callable[[dict[str, Any]], dict[str, Any]]
) -> Document:
    entries: list[Entry] = []
    untold = 0
    for row in rows:
        found = list(publication_entries(fields_of(row)))
        untold += not found
        entries += found
    if not entries:
        raise Unreadable("there is no publication with a title in it")
    notes = (f"{untold} publications without a title were left out",) if untold else ()
    return Document("bibliography", name, tuple(entries), notes=notes)


def publication_entries(fields: dict[str, Any]) -> list[Entry]:
    """One entry for the title and abstract of a publication; more if the abstract is long.

    Args:
        fields: key, title, abstract, keywords, authors, venue, year, doi and url.
    """
    title = fields["title"]
    if len(title) < 4:
        return []
    try:
        reference = Reference(
            doi=fields["doi"],
            url=fields["url"] or (None if fields["doi"] else f"library:{fields['key']}"),
            title=title,
            authors=fields["authors"],
            venue=fields["venue"],
            year=fields["year"],
        )
    except ValidationError:  # a DOI or year that is none: the title still says what it is
        reference = Reference(url=f"library:{fields['key']}", title=title)
    told = f"{title}. {fields['abstract']} {fields['keywords']}".strip()
    # ids by publication, so that the same one in two libraries is there once
    mark = hashlib.sha256((reference.doi or title.casefold()).encode()).hexdigest()[:16]
    parts = list(passages(told)) or [told]
    texts = [parts[0], *(f"{title}: {part}" for part in parts[1:])]
    return [
        Entry(id=f"publication-{mark}-{place}", text=text, reference=reference)
        for place, text in enumerate(texts)
    ]


def _from_bibtex(row: dict[str, Any]) -> dict[str, Any]:
    def told(key: str) -> str:
        return tidy(re.sub(r"[{}\\]", "", str(row.get(key, ""))))

    authors = [" ".join(a.split()) for a in re.split(r"\s+and\s+", told("author")) if a.strip()]
    return {
        "key": told("ID") or "entry",
        "title": told("title"),
        "abstract": told("abstract"),
        "keywords": told("keywords"),
        "authors": several_authors(authors),
        "venue": told("journal") or told("booktitle") or told("publisher"),
        "year": _year(told("year") or told("date")),
        "doi": find_doi(str(row.get("doi", "")) or str(row.get("url", ""))),
        "url": told("url") or None,
    }


def _from_ris(row: dict[str, Any]) -> dict[str, Any]:
    def told(*keys: str) -> str:
        return next((tidy(str(row[key])) for key in keys if row.get(key)), "")

    authors = row.get("authors") or row.get("first_authors") or []
    return {
        "key": told("id", "label") or "entry",
        "title": told("title", "primary_title"),
        "abstract": told("abstract", "notes_abstract"),
        "keywords": ", ".join(map(str, row.get("keywords") or [])),
        "authors": several_authors([str(a) for a in authors]),
        "venue": told("journal_name", "secondary_title", "alternate_title3", "publisher"),
        "year": _year(told("year", "publication_year", "date")),
        "doi": find_doi(told("doi")),
        "url": (row.get("urls") or [None])[0],
    }


def several_authors(authors: list[str]) -> str:
    """Up to three authors by name, of more the first."""
    return authors[0] + " et al." if len(authors) > 3 else "; ".join(authors)


def _year(text: str) -> int | None:
    found = re.search(r"\b(1[89]\d\d|20\d\d)\b", text)
    return int(found[1]) if found else None
