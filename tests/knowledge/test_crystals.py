import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp import Poscar

from ionwright.knowledge.crystals import (
    MAX_ATOMS,
    cif_of,
    crystal_candidate,
    read_structure,
    structure_from_text,
    structure_of,
)
from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Provenance

ORIGIN = Provenance(source="test", version="1")
SALT = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)

lengths = st.tuples(*[st.floats(4, 9)] * 3)
angles = st.tuples(*[st.floats(75, 105)] * 3)
coords = st.lists(st.tuples(*[st.floats(-1, 2)] * 3), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(lengths, angles, coords)
def test_what_is_read_back_from_a_cif_writes_the_same_cif(lengths, angles, coords):
    species = ["Li", "Fe", "O", "P"][: len(coords)]
    structure = Structure(Lattice.from_parameters(*lengths, *angles), species, coords)
    assume(structure.is_valid(0.5))
    text = cif_of(structure)
    again = Structure.from_str(text, fmt="cif")
    assert cif_of(again) == text
    assert again.composition == structure.composition
    assert again.volume == pytest.approx(structure.volume, rel=1e-3)


def test_a_candidate_holds_the_structure_and_does_not_depend_on_the_order_of_sites():
    shuffled = Structure.from_sites(list(SALT)[::-1])
    one, other = (crystal_candidate(s, provenance=ORIGIN) for s in (SALT, shuffled))
    assert one.id == other.id and one.name == "NaCl"
    assert structure_of(one).matches(SALT)


def test_a_structure_that_is_given_away_is_a_copy():
    candidate = crystal_candidate(SALT, provenance=ORIGIN)
    structure_of(candidate).remove_sites([0])
    assert len(structure_of(candidate)) == len(SALT)


def test_a_molecule_is_no_crystal():
    ethanol = Candidate(material="molecule", encoding="smiles", data="CCO", provenance=ORIGIN)
    with pytest.raises(InvalidRequest, match="not a crystal"):
        structure_of(ethanol)


def test_files_are_read_by_what_they_are(tmp_path):
    (tmp_path / "salt.cif").write_text(cif_of(SALT))
    (tmp_path / "POSCAR").write_text(Poscar(SALT).get_str())
    for name in ("salt.cif", "POSCAR"):
        assert read_structure(tmp_path / name).matches(SALT)


@pytest.mark.parametrize(
    "text", ["", "not a crystal", "data_x\n_cell_length_a 1\n", "\0\1\2", "C 0 0 0\nO 0 0 1.2"]
)
def test_what_is_no_crystal_is_refused_in_words(tmp_path, text):
    for name in ("x.cif", "POSCAR"):
        (tmp_path / name).write_text(text)
        with pytest.raises(InvalidRequest, match="periodic structure"):
            read_structure(tmp_path / name)


def test_partial_occupancy_is_refused_with_the_way_out():
    half = Structure(SALT.lattice, [{"Na": 0.5, "K": 0.5}, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(InvalidRequest, match="partly occupied.*OrderDisordered"):
        structure_from_text(half.to(fmt="cif"), "cif")


def test_an_atom_given_twice_is_refused():
    twice = SALT.copy()
    twice.append("Na", [0.02, 0, 0])
    with pytest.raises(InvalidRequest, match="given twice"):
        structure_from_text(Poscar(twice).get_str(), "poscar")


def test_five_thousand_atoms_are_refused_with_the_limit():
    many = SALT * (9, 9, 8)
    with pytest.raises(InvalidRequest, match=f"{len(many)} atoms.*{MAX_ATOMS}"):
        structure_from_text(Poscar(many).get_str(), "poscar")


def test_oxidation_states_are_dropped():
    charged = SALT.copy()
    charged.add_oxidation_state_by_element({"Na": 1, "Cl": -1})
    read = structure_from_text(charged.to(fmt="cif"), "cif")
    assert {site.specie.symbol for site in read} == {"Na", "Cl"}
    assert not any(getattr(site.specie, "oxi_state", None) for site in read)
