"""Files of every kind go in once, are found, and leave again; bad ones are told and skipped."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.ingest import ingest
from ionwright.knowledge.ingest.document import LONGEST, Unreadable, find_doi, passages, tidy
from ionwright.knowledge.ingest.ingest import READERS, read_document
from ionwright.knowledge.ingest.table import column_of, parse_mapping, read_table
from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.search import Filters, search

from . import documents
from .documents import LEFT, RIGHT


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    return KnowledgeStore(tmp_path / "store")


def found(store: KnowledgeStore, question: str):  # type: ignore[no-untyped-def]
    return search(store, question, k=1)[0]


def test_a_pdf_keeps_its_pages(store: KnowledgeStore, tmp_path: Path) -> None:
    pages = ["Nothing here but the weather of last year.", "Osmium boride is hard as diamond."]
    path = documents.pdf(tmp_path / "a.pdf", pages, title="On borides")
    report = ingest(store, [path])
    assert [(s.kind, s.title, n) for s, n in report.added] == [("pdf", "On borides", 2)]
    assert found(store, "hardness of osmium boride").entry.page == 2


def test_two_columns_come_one_after_the_other(store: KnowledgeStore, tmp_path: Path) -> None:
    ingest(store, [documents.two_columns(tmp_path / "two.pdf")])
    hit = found(store, "pellets pressed at 370 megapascal")
    assert RIGHT.strip() in hit.entry.text
    assert LEFT.strip() in found(store, "mercury telluride wetted").entry.text
    assert "Li3ErCl6 0.31" in found(store, "Li3ErCl6 conductivity").entry.text


def test_bibliographies_become_publications(store: KnowledgeStore, tmp_path: Path) -> None:
    report = ingest(
        store, [documents.bibtex(tmp_path / "a.bib"), documents.ris(tmp_path / "b.ris")]
    )
    assert [n for _, n in report.added] == [2, 1]
    assert report.notes == ("a.bib: 1 publications without a title were left out",)
    reference = found(store, "microcracks tomography").entry.reference
    assert reference is not None
    assert (reference.doi, reference.year, reference.venue) == ("10.1000/crack", 2021, "J. Test")
    assert reference.authors == "Müller, J.; Li, X."
    assert str(found(store, "zinc plates").entry.reference).endswith("10.1000/zinc")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".parquet"])
def test_rows_of_tables_become_facts(store: KnowledgeStore, tmp_path: Path, suffix: str) -> None:
    path, table = tmp_path / f"mine{suffix}", documents.frame()
    match suffix:
        case ".csv":
            table.to_csv(path, index=False)
        case ".tsv":
            table.to_csv(path, index=False, sep="\t")
        case ".parquet":
            table.to_parquet(path)
        case _:
            table.to_json(path, orient="records", lines=suffix == ".jsonl")
    report = ingest(store, [path])
    assert [n for _, n in report.added] == [3]
    fact = found(store, "conductivity of Li9Foo").entry.facts[0]
    assert (fact.value, fact.unit) == (pytest.approx(1.5e-3), "S/cm")
    assert fact.temperature == pytest.approx(298.15)
    assert fact.reference.doi == "10.1000/t1"
    known = search(store, "", filters=Filters(names=("Na3Zr2Si2PO12",)))
    assert known[0].entry.facts[0].formula is None


def test_columns_can_be_mapped(store: KnowledgeStore, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("what,sigma\nLi9Foo,2\n")
    ingest(store, [path])
    assert not search(store, "Li9Foo")[0].entry.facts
    mapping = parse_mapping(["what=subject", "sigma=ionic_conductivity mS/cm"])
    report = ingest(store, [path], mapping=mapping)  # another reading of the same file
    assert [n for _, n in report.added] == [1]
    assert search(store, "Li9Foo conductivity")[0].entry.facts[0].value == pytest.approx(2e-3)


@pytest.mark.parametrize("text", ["nonsense", "a=b", "a=ionic_conductivity kg", "=subject2"])
def test_a_wrong_mapping_says_what_is_right(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_mapping([text])


def test_a_value_that_cannot_be_read_is_told_and_the_row_kept() -> None:
    content = b"material,conductivity (S/cm)\nLi9Foo,high\nLi8Foo,1e-4\n"
    document = read_table(content, "t.csv", suffix=".csv")
    assert [len(e.facts) for e in document.entries] == [0, 1]
    assert "row 1, column 'conductivity (S/cm)'" in document.notes[0]


def test_structures_markdown_html_and_text(store: KnowledgeStore, tmp_path: Path) -> None:
    documents.cif(tmp_path / "salt.cif")
    (tmp_path / "n.md").write_text(
        "# Notes\n\n## Anodes\n\nHard carbon of coconut gave 312 mAh/g.\n"
    )
    (tmp_path / "p.html").write_text(
        "<title>SEI</title><script>hidden()</script><p>Silicon cracks at every cycle, they say.</p>"
    )
    (tmp_path / "t.txt").write_text("Plain words about gallium wetting a garnet pellet.")
    report = ingest(store, [tmp_path])
    assert len(report.added) == 4
    assert "space group Fm-3m" in found(store, "structure of NaCl").entry.text
    assert found(store, "coconut").entry.text == "Anodes: Hard carbon of coconut gave 312 mAh/g."
    assert found(store, "silicon cracks").source.title == "SEI"
    assert not search(store, "hidden()", lanes=["lexical"])
    assert found(store, "gallium wetting").source.kind == "text"


def test_the_same_content_goes_in_once(store: KnowledgeStore, tmp_path: Path) -> None:
    first = documents.pdf(tmp_path / "a.pdf", ["Osmium boride is hard as diamond."])
    ingest(store, [first])
    copy = tmp_path / "copy.pdf"
    copy.write_bytes(first.read_bytes())
    report = ingest(store, [first, copy, tmp_path])
    assert not report.added
    assert len(report.known) == 2


def test_the_same_doi_is_recognised(store: KnowledgeStore, tmp_path: Path) -> None:
    text = "The article 10.1000/same-doi tells of osmium."
    ingest(store, [documents.pdf(tmp_path / "a.pdf", [text])])
    report = ingest(store, [documents.pdf(tmp_path / "b.pdf", [text, "A later print."])])
    assert "same DOI 10.1000/same-doi" in report.skipped[0].reason


def test_one_bad_file_does_not_lose_the_others(store: KnowledgeStore, tmp_path: Path) -> None:
    good = documents.pdf(tmp_path / "good.pdf", ["Osmium boride is hard as diamond."])
    (tmp_path / "cut.pdf").write_bytes(good.read_bytes()[:700])
    documents.pdf(tmp_path / "locked.pdf", ["A secret of some length."], password="x")
    documents.pdf(tmp_path / "scan.pdf", [""])
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing PAR1")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "bad.cif").write_text("data_x\nloop_\n_atom_site_label\n")
    (tmp_path / "bad.bib").write_text("@article{,,,,}")
    (tmp_path / "bad.ris").write_bytes(b"\xff\xfe\x00TY")
    (tmp_path / "bad.html").write_text("")
    (tmp_path / "bad.txt").write_bytes(b"\x00\x01\x02")
    report = ingest(store, [tmp_path])
    assert [s.title for s, _ in report.added] == ["Osmium boride is hard as diamond."]
    assert len(report.skipped) == 11
    reasons = {Path(s.path).name: s.reason for s in report.skipped}
    assert "damaged" in reasons["cut.pdf"]
    assert "encrypted" in reasons["locked.pdf"]
    assert "scan" in reasons["scan.pdf"]


def test_what_is_not_there_or_no_kind_of_ours(store: KnowledgeStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no file"):
        ingest(store, [tmp_path / "nowhere.pdf"])
    with pytest.raises(InvalidRequest, match="kinds that are"):
        ingest(store, [tmp_path])
    (tmp_path / "x.docx").write_bytes(b"PK")
    assert "no kind that is read" in ingest(store, [tmp_path / "x.docx"]).skipped[0].reason


@pytest.mark.parametrize("suffix", sorted(READERS))
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(suffix: str, content: bytes) -> None:
    try:
        document = read_document(READERS[suffix], content, "any")
    except Unreadable as error:
        assert str(error)
    else:
        assert document.entries


@given(content=st.binary(max_size=200), suffix=st.sampled_from([".csv", ".tsv", ".json", ".jsonl"]))
def test_any_bytes_are_a_table_or_refused(content: bytes, suffix: str) -> None:
    try:
        read_document(partial(read_table, suffix=suffix), content, "any")
    except Unreadable as error:
        assert str(error)


@given(st.text(max_size=5000))
def test_passages_hold_all_words_and_are_short(text: str) -> None:
    cut = list(passages(text))
    assert all(len(p) <= LONGEST + 200 for p in cut)
    if len(" ".join(text.split())) >= 30:
        assert set(text.split()) <= {w for p in cut for w in p.split()} or any(
            len(w) > LONGEST for w in text.split()
        )


def test_headers_are_understood() -> None:
    read = {
        h: column_of(h) for h in ("Conductivity [S/cm]", "average_voltage", "Band gap (eV)", "x")
    }
    fields = {h: (c.field, c.unit) if c else None for h, c in read.items()}
    assert fields == {
        "Conductivity [S/cm]": ("ionic_conductivity", "S/cm"),
        "average_voltage": ("average_voltage", "V"),
        "Band gap (eV)": ("band_gap", "eV"),
        "x": None,
    }


def test_small_helpers() -> None:
    assert find_doi("see https://doi.org/10.1021/ABC.123).") == "10.1021/abc.123"
    assert tidy("con-\nductivity\x00 of  x") == "conductivity of x"
