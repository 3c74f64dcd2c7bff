"""The nearest known materials: the same one is found as the same."""

from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure

from ionwright.knowledge.convert import candidate_from_text
from ionwright.knowledge.entries import Source, entry_of
from ionwright.knowledge.facts import Fact
from ionwright.knowledge.ingest import ingest
from ionwright.knowledge.records import Candidate, Provenance
from ionwright.knowledge.store import KnowledgeStore
from ionwright.knowledge.store.known import nearest_known
from ionwright.tools.context import Context
from ionwright.tools.known import find_known_materials
from tests.knowledge.ingest import documents
from tests.knowledge.store.processes import encode

ORIGIN = Provenance(source="test", version="1")


def crystal(a: float, species: list[str], group: str = "Fm-3m") -> Candidate:
    places = [[0, 0, 0], [0.5, 0.5, 0.5]]
    structure = Structure.from_spacegroup(group, Lattice.cubic(a), species, places)
    return Candidate(
        material="crystal", encoding="cif", data=structure.to(fmt="cif"), provenance=ORIGIN
    )


def about(subject: str, **fields: object) -> Fact:
    return Fact.model_validate(
        {
            "subject": subject,
            "material_class": "other",
            "claim": f"{subject} is known to us by this claim.",
            "reference": {"title": "A book", "doi": "10.1000/book"},
            **fields,
        }
    )


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    made = KnowledgeStore(tmp_path / "store", encoder=encode)
    facts = [
        about("poly(ethylene oxide)", smiles="[*]CCO[*]"),
        about("polystyrene", smiles="[*]CC(c1ccccc1)[*]"),
        about("ethylene carbonate", smiles="O=C1OCCO1"),
        about("KCl", formula="KCl"),
        about("LiFePO4", formula="LiFePO4"),
    ]
    source = Source(id="facts", kind="text", title="facts", location="test")
    made.add(source, [entry_of(f) for f in facts])
    ingest(made, [documents.cif(tmp_path / "salt.cif")])
    return made


@pytest.mark.parametrize(
    ("text", "name", "least"),
    [
        ("[*]CCO[*]", "poly(ethylene oxide)", 1.0),
        ("[*]OCC[*]", "poly(ethylene oxide)", 1.0),
        ("[*]CC(c1ccc(C)cc1)[*]", "polystyrene", 0.4),
        ("CC1COC(=O)O1", "ethylene carbonate", 0.3),
    ],
)
def test_molecules_and_polymers(store: KnowledgeStore, text: str, name: str, least: float) -> None:
    best = nearest_known(store, candidate_from_text(text, version="1"))[0]
    assert (best.name, best.measure) == (name, "Tanimoto")
    assert best.similarity >= least


def test_the_same_crystal_is_the_same(store: KnowledgeStore) -> None:
    best = nearest_known(store, crystal(5.7, ["Na", "Cl"]))[0]
    assert (best.name, best.similarity, best.same_structure) == ("NaCl", 1.0, True)
    other = nearest_known(store, crystal(3.4, ["Na", "Cl"], "Pm-3m"))[0]
    assert (other.name, other.similarity, other.same_structure) == ("NaCl", 1.0, False)


def test_a_crystal_without_known_structure(store: KnowledgeStore) -> None:
    near = nearest_known(store, crystal(6.3, ["K", "Cl"]))
    assert (near[0].name, near[0].same_structure) == ("KCl", None)
    assert near[1].name == "NaCl"
    assert near[1].similarity == pytest.approx(0.5)


def test_what_cannot_be_read_has_no_neighbours(store: KnowledgeStore) -> None:
    broken = Candidate(material="crystal", encoding="cif", data="nothing", provenance=ORIGIN)
    assert nearest_known(store, broken) == []


def test_new_entries_are_seen(store: KnowledgeStore) -> None:
    candidate = crystal(5.0, ["Li", "F"])
    assert nearest_known(store, candidate)[0].similarity < 1
    source = Source(id="more", kind="text", title="more", location="test")
    store.add(source, [entry_of(about("LiF", formula="LiF"))])
    assert nearest_known(store, candidate)[0].name == "LiF"


def test_the_tool_notes_the_nearest(store: KnowledgeStore) -> None:
    ctx = Context(library=store.folder)
    peo = candidate_from_text("[*]CCO[*]", version="1")
    ctx.add([peo])
    result = find_known_materials(ctx, ids=[peo.id])
    assert "nearest known: poly(ethylene oxide) (Tanimoto 1.00)" in result.candidates[0].notes
    assert result.data["known"][peo.id][0]["name"] == "poly(ethylene oxide)"  # type: ignore[index,call-overload]


def test_without_a_store_the_candidates_stay(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ctx = Context(library=tmp_path / "file")
    peo = candidate_from_text("[*]CCO[*]", version="1")
    ctx.add([peo])
    assert "not compared" in find_known_materials(ctx, ids=[peo.id]).text
