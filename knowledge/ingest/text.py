"""Markdown, HTML and plain text, section by section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ionwright.knowledge.entries import Entry

from .document import Document, Unreadable, find_doi, passages, tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BLOCKS = (*HEADINGS, "p", "li", "pre", "blockquote", "tr", "dt", "dd", "figcaption", "caption")
UNSEEN = ("script", "style", "noscript", "template", "nav", "iframe", "svg", "form")


def read_plain(content: bytes, name: str) -> Document:
    """The passages of a plain text.

    Raises:
        Unreadable: if there is none.
    """
    return _document(name, [("", _decoded(content))])


def read_markdown(content: bytes, name: str) -> Document:
    """The passages of a Markdown text with their headings.

    Raises:
        Unreadable: if there is none.
    """
    from markdown_it import MarkdownIt

    # HTML inside Markdown is shown as text: nothing hides in it
    page = MarkdownIt("commonmark", {"html": False}).enable("table").render(_decoded(content))
    return _from_html(page.encode(), name)


def read_html(content: bytes, name: str) -> Document:
    """The visible passages of a page with their headings.

    Raises:
        Unreadable: if there is none.
    """
    return _from_html(content, name)


def _from_html(content: bytes, name: str) -> Document:
    from lxml.html import HTMLParser, document_fromstring

    # no network, no entities from elsewhere
    parser = HTMLParser(encoding="utf-8", no_network=True, remove_comments=True)
    root = document_fromstring(content, parser=parser)
    for hidden in list(root.iter(*UNSEEN)):
        hidden.drop_tree()
    title = root.findtext(".//title") or root.findtext(".//h1") or name
    return _document(tidy(title) or name, list(_sections(root)))


def _sections(root: HtmlElement) -> Iterator[tuple[str, str]]:
    """Heading and text of each section; what lies inside another block is not said twice."""
    heading = ""
    lines: list[str] = []
    for element in root.iter(*BLOCKS):
        if any(above.tag in BLOCKS for above in element.iterancestors()):
            continue
        if element.tag in HEADINGS:
            yield heading, "\n".join(lines)
            heading, lines = tidy(element.text_content()), []
        elif element.tag == "tr":
            lines.append(" | ".join(tidy(cell.text_content()) for cell in element) + ".")
        else:
            lines.append(element.text_content())
    yield heading, "\n".join(lines)


def _document(title: str, sections: list[tuple[str, str]]) -> Document:
    entries = tuple(
        Entry(text=f"{heading}: {passage}" if heading else passage)
        for heading, text in sections
        for passage in passages(tidy(text))
    )
    if not entries:
        raise Unreadable("it holds no text")
    return Document("text", title, entries, doi=find_doi(" ".join(t for _, t in sections)[:5000]))


def _decoded(content: bytes) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wide and b"\x00" in content[:4096]:
        raise Unreadable("it is no text but a binary file")
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
