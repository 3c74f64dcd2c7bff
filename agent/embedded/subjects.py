# ruff: noqa: E501  patterns and word lists: one entry after another reads best on long lines
"""Particular materials and files in a request: formulas, SMILES, names, abbreviations, file names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ionwright.knowledge.vocabulary import ELEMENTS

from .lexicon import any_of, lexicon

Kind = Literal["file", "smiles", "formula", "name", "salt", "compound"]

_COUNT = r"(?:\d+(?:\.\d+)?|[₀-₉]+(?:\.[₀-₉]+)?)?(?:[-+]?[xyδ](?![a-z]))?"
_GROUP = rf"[\[(](?:[A-Z][a-z]?{_COUNT}|\([A-Z][a-zA-Z]*\)\d?)+[\])]"
_FORMULA = re.compile(
    rf"(?<![\w=#@*\[(])(?:(?:[A-Z][a-z]?|{_GROUP}){_COUNT})+(?:[-+·*]?[xyδ])?(?![\w=#\[(@])"
)
_ANIONS = re.compile(
    r"(?<!\w)(?:Li|Na|K|Mg|Ca|Zn|Al)[\[(](?:TFSI|FSI|OTf|B\(hfip\)4|BH4|BOB|hfip|CB11H12)[\])]\d?"
)
_SMILES = re.compile(r"(?<!\S)[\"'`(]?([A-Za-z\[*][A-Za-z0-9@+\-\[\]()=#$/\\.*%:]*)")
_SMILES_SIGNS = re.compile(r"[=#*@\[]|[a-zA-Z]\d.*[a-zA-Z]\d|\(|^[CNOFSP]{3,}$")
_LOWER_SMILES = re.compile(r"(?=.*[=*#(])[cnofsp\[\]*()=#0-9]{5,}")
_LOWER_FORMULA = re.compile(
    r"(?<![\w.])(?=[a-z().]*\d)(?:li|na|k|mg|ca|zn|al|v|mn|fe|ti|mo|sn|sb)(?:[a-z]|\d|[().])+(?![\w])"
)
_ATOMS = re.compile(r"Cl|Br|Si|Li|Na|Se|[BCNOFPSIK]|[cnops]|\[[^\]]+\]|[()=#@+\-/\\.*%:0-9$]")


@dataclass(frozen=True)
class Subject:
    """A material or file as the user wrote it, at its place in the text."""

    start: int
    end: int
    text: str
    kind: Kind


def find_subjects(text: str) -> list[Subject]:
    """All particular materials and files of a cleaned text, in order, none inside another."""
    found: list[Subject] = []
    for finder in (_files, _smiles, _names, _anions, _compounds, _formulas):
        for subject in finder(text):
            if not any(subject.start < s.end and s.start < subject.end for s in found):
                found.append(subject)
    return sorted(found, key=lambda subject: subject.start)


def _files(text: str) -> list[Subject]:
    endings = "|".join(lexicon()["subjects"]["files"])
    pattern = re.compile(rf"(?<![\w.])[\w\-/\\.~]*[\w\-]\.(?:{endings})(?!\w)", re.IGNORECASE)
    return [_subject(m, "file") for m in pattern.finditer(text)]


def _smiles(text: str) -> list[Subject]:
    subjects = []
    for match in _SMILES.finditer(text):
        token = _trimmed(match.group(1))
        if is_smiles(token) or (_LOWER_SMILES.fullmatch(token) and is_smiles(token.upper())):
            start = match.start(1)
            subjects.append(Subject(start, start + len(token), token, "smiles"))
    return subjects


def _trimmed(token: str) -> str:
    token = token.rstrip(".,;:?!")
    while token.endswith((")", "]")) and token.count(token[-1]) > token.count(
        "(" if token[-1] == ")" else "["
    ):
        token = token[:-1]
    return token


def is_smiles(token: str) -> bool:
    """Whether a word is the SMILES or PSMILES of a molecule rather than a word or a formula."""
    if len(token) < 3 or not _SMILES_SIGNS.search(token) or _ATOMS.sub("", token):
        return False
    carbons = len(re.findall(r"[Cc](?!l)", token))
    plain = re.fullmatch(r"[A-Z]+", token)
    if carbons < (2 if plain else 1) or (is_formula(token) and not plain):
        return False
    if plain and re.search(any_of(lexicon()["subjects"]["abbreviations"], 0), token):
        return False
    return _parses(token)


@cache
def _parses(token: str) -> bool:
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(token) is not None


def is_formula(token: str) -> bool:
    """Whether a word is the formula of a compound of at least two elements."""
    if not _FORMULA.fullmatch(token) or token in lexicon()["subjects"]["not_formulas"]:
        return False
    symbols = re.findall(r"[A-Z][a-z]?", re.sub(r"[xyδ](?![a-z])", "", token))
    if not all(symbol in ELEMENTS for symbol in symbols) or len(set(symbols)) < 2:
        return False
    # all-capital words ("NOW", "UP") are not formulas unless they count something
    return bool(re.search(r"[\d₀-₉]", token)) or any(len(symbol) == 2 for symbol in symbols)


def _formulas(text: str) -> list[Subject]:
    found = [_subject(m, "formula") for m in _FORMULA.finditer(text) if is_formula(m.group())]
    for match in _LOWER_FORMULA.finditer(text):
        token = _trimmed(match.group())
        if is_formula(capitalised(token)):
            found.append(Subject(match.start(), match.start() + len(token), token, "formula"))
    return found


def capitalised(formula: str) -> str:
    """A formula typed in lower case with its capitals: two-letter symbols where they are common."""
    return re.sub(r"[a-z]+", lambda m: _spelled(m.group()) or m.group(), formula)


@cache
def _spelled(letters: str) -> str:
    if not letters:
        return ""
    for length in (2, 1):
        symbol = letters[:length].capitalize()
        rest = _spelled(letters[length:]) if symbol in _USUAL else ""
        if symbol in _USUAL and (rest or len(letters) <= length):
            return symbol + rest
    return ""


_USUAL = frozenset(
    [
        "Li",
        "Na",
        "K",
        "Mg",
        "Ca",
        "Zn",
        "Al",
        "Fe",
        "Mn",
        "Co",
        "Ni",
        "V",
        "Cr",
        "Ti",
        "Zr",
        "La",
        "Ta",
        "Nb",
        "Ge",
        "Sn",
        "Sb",
        "Si",
        "Cl",
        "Br",
        "In",
        "Y",
        "Sc",
        "Mo",
        "Cu",
        "O",
        "S",
        "P",
        "F",
        "N",
        "B",
        "H",
        "C",
        "I",
        "Se",
    ]
)


# systematic names that no list could hold: groups first, the class of the compound last
_GROUPS = (
    r"(?:(?:di|tri|tetra|per|mono|bis|iso|n-|tert-?|\d[\d,']*-)*(?:fluoro?|chloro?|bromo?|cyano|nitro|amino|hydroxy|"
    r"methoxy|ethoxy|methyl|ethyl|propyl|butyl|pentyl|hexyl|allyl|vinyl|phenyl|benzyl|silyl|ethylene|propylene|"
    r"butylene|vinylene|methylene|trimethylene|ethylen|propylen|oxalato|sulfonyl|glycol)+)"
)
_ENDS = (
    r"(?:carbonate?|acetate?|formiate?|formate|propionate|butyrate|ethers?|sulfones?|sulfoxide?|sulfate?|sulfite|phosphate?|"
    r"phosphite|phosphonate|borate?|oxalate|silane|siloxane|anhydride|sultone?|isocyanate|lactone|nitrile?|amide|imide|oxide|sulfide|acrylate|methacrylate|alcohol|glycol|chloride|fluoride)"
)
_WORDS = (
    r"(?:[\d,'\-]*[a-z]{2,}(?:benzene|benzol|onitrile?|olactone?|ofuran|dioxane|oxolane|oxane|glyme|lane|pyridine|toluene|acetamide|formamide|"
    r"pyrrolidone|oxazolidinone|imidazole|thiophene|ethane|silane|siloxane|phenone|sultone|anhydride|oxirane|quinone))"
)
_ALKALI = r"(?:lithium|sodium|potassium|magnesium|calcium|zinc|aluminium|natrium|kalium)"
_COMPOUND = re.compile(
    rf"(?<![\w-])(?:[\d,]+-)?(?:{_GROUPS}[ -]?)+(?:[ -]?\w+[ -])?{_ENDS}(?![\w-])|(?<![\w-]){_WORDS}(?![\w-])|"
    rf"(?<![\w-]){_ALKALI} (?:(?:tetra|hexa|di|bis)?[a-z]*\([a-z]+\)[a-z]*|[a-z]{{4,}} )?[a-z]{{3,}}(?:ates?|ides?|ites?)(?![\w-])|(?<![\w-])poly[a-z]{{5,}}(?:ide|ate|ene|ol|oxane|one|imine|ester|amide|sulfone)(?![\w-])",
    re.IGNORECASE,
)


def _compounds(text: str) -> list[Subject]:
    found: list[Subject] = []
    for match in _COMPOUND.finditer(text):
        if found and text[found[-1].end : match.start()] == " ":
            start = found.pop().start  # "diethylene glycol dimethyl ether" is one name
            found.append(Subject(start, match.end(), text[start : match.end()], "compound"))
        else:
            found.append(_subject(match, "compound"))
    return found


def _anions(text: str) -> list[Subject]:
    return [_subject(m, "salt") for m in _ANIONS.finditer(text)]


@cache
def _name_patterns() -> tuple[tuple[re.Pattern[str], Kind], ...]:
    table = lexicon()["subjects"]
    long = [a for a in table["abbreviations"] if len(a) > 2 and a.lower() not in _SHORT_WORDS]
    return (
        (any_of([*table["salts"], *(s.lower() for s in table["salts"])], 0), "salt"),
        (any_of(table["names"]), "name"),
        (any_of(table["abbreviations"], 0), "name"),
        (any_of([a.lower() for a in long], 0), "name"),
        (
            re.compile(
                r"(?<=\bvs )(?:ec|pc|dec|pan|ps)\b|\b(?:ec|pc|dec|pan|ps)\b(?= (?:vs|stable|or)\b)|(?<=\bthan )(?:ec|pc|dec|pan|ps)\b|(?<=\bbefore )(?:ec|pc|dec)\b|(?<=\blike )(?:ec|pc|dec)\b|(?<=\bof )(?:ec|pc|dec)\b"
            ),
            "name",
        ),
    )


_SHORT_WORDS = frozenset(
    [
        "an",
        "ma",
        "ea",
        "es",
        "sn",
        "pc",
        "ec",
        "pan",
        "pes",
        "ps",
        "pil",
        "pec",
        "adn",
        "tte",
        "tmp",
        "dec",
        "bc",
    ]
)


def _names(text: str) -> list[Subject]:
    found: list[Subject] = []
    for pattern, kind in _name_patterns():
        for match in pattern.finditer(text):
            if not any(match.start() < s.end and s.start < match.end() for s in found):
                found.append(_subject(match, kind))
    return found


def _subject(match: re.Match[str], kind: Kind) -> Subject:
    return Subject(match.start(), match.end(), match.group(), kind)
