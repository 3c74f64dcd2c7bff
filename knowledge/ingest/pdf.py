"""PDF files, page by page."""

from __future__ import annotations

import io
import logging

from ionwright.knowledge.entries import Entry

from .document import Document, Unreadable, find_doi, passages, tidy

MOST_PAGES = 5000


def read_pdf(content: bytes, name: str) -> Document:
    """The passages of a PDF with their pages; two columns come one after the other.

    Raises:
        Unreadable: if it is damaged, encrypted, or holds no text (a scan).
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of every blemish
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("it is encrypted: remove the password first")
    if len(reader.pages) > MOST_PAGES:
        raise Unreadable(f"it has {len(reader.pages)} pages; split it at {MOST_PAGES}")
    pages, broken = [], 0
    for page in reader.pages:
        try:
            pages.append(tidy(page.extract_text()))
        except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError):
            pages.append("")  # one bad page does not lose the rest
            broken += 1
    title = str(reader.metadata.title or "").strip() if reader.metadata else ""
    entries = tuple(
        Entry(text=passage, page=number)
        for number, text in enumerate(pages, 1)
        for passage in passages(text)
    )
    if not entries:
        raise Unreadable("it holds no text; a scan needs text recognition first")
    return Document(
        kind="pdf",
        title=tidy(title) or _first_line(pages) or name,
        entries=entries,
        doi=find_doi(pages[0]),  # later ones are of the literature it cites
        notes=(f"{broken} pages could not be read",) if broken else (),
    )


def _first_line(pages: list[str]) -> str:
    lines = (line.strip() for text in pages for line in text.splitlines())
    return next((line[:200] for line in lines if len(line) > 15), "")
