"""Publications: OpenAlex and Crossref."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import Any

from ionwright.knowledge.entries import Entry
from ionwright.knowledge.ingest.bibliography import publication_entries, several_authors
from ionwright.knowledge.ingest.document import find_doi, tidy

from .base import OnlineSource


class OpenAlex(OnlineSource):
    """An open index of scholarly works (Priem et al. 2022)."""

    name = "openalex"
    per_second = 8.0

    def search(self, words: str, names: Sequence[str], k: int) -> list[Entry]:
        """Titles and abstracts of the works that answer the words best."""
        found = self._get("/works", search=_words(words, names), **{"per-page": k})
        return [e for row in (found or {}).get("results", []) for e in _openalex_entries(row)][:k]


def _openalex_entries(row: dict[str, Any]) -> list[Entry]:
    place = (row.get("primary_location") or {}).get("source") or {}
    authors = [a["author"]["display_name"] for a in row.get("authorships") or []]
    return publication_entries({
        "key": row["id"], "url": row["id"], "doi": find_doi(row.get("doi") or ""),
        "title": _plain(row.get("title") or ""), "abstract": _unfolded(row), "keywords": "",
        "authors": several_authors(authors), "venue": place.get("display_name") or "",
        "year": row.get("publication_year"),
    })  # fmt: skip


def _unfolded(row: dict[str, Any]) -> str:
    """The abstract from its inverted index: word -> places."""
    places = row.get("abstract_inverted_index") or {}
    words = {place: word for word, several in places.items() for place in several}
    return _plain(" ".join(words[place] for place in sorted(words)))


class Crossref(OnlineSource):
    """The register of DOIs."""

    name = "crossref"

    def search(self, words: str, names: Sequence[str], k: int) -> list[Entry]:
        """Titles and abstracts of the works that answer the words best."""
        found = self._get("/works", query=_words(words, names), rows=k)
        rows = (found or {}).get("message", {}).get("items", [])
        return [e for row in rows for e in _crossref_entries(row)][:k]


def _crossref_entries(row: dict[str, Any]) -> list[Entry]:
    people = row.get("author") or []
    authors = [" ".join(filter(None, [a.get("given"), a.get("family")])) for a in people]
    dates = (row.get("issued") or {}).get("date-parts") or [[None]]
    return publication_entries({
        "key": row["DOI"], "url": row.get("URL"), "doi": find_doi(row["DOI"]),
        "title": _plain(next(iter(row.get("title") or []), "")),
        "abstract": _plain(row.get("abstract") or ""), "keywords": "",
        "authors": several_authors(authors),
        "venue": _plain(next(iter(row.get("container-title") or []), "")), "year": dates[0][0],
    })  # fmt: skip


def _plain(text: str) -> str:
    """Text without markup."""
    return tidy(unescape(re.sub(r"<[^>]{0,200}>", " ", text)))


def _words(words: str, names: Sequence[str]) -> str:
    return words or " ".join(names)
