"""The label sets of the tagger and how a request becomes tokens and labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, get_args

from ionwright.knowledge.records import Domain, Intent
from ionwright.knowledge.vocabulary import WORKING_IONS, vocabulary

from .lexicon import lexicon

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TAGS = ("SUBJ", "REQ", "EXC", "COUNT", "VAL", "ASK")
BIO = ("O", *(f"{place}-{tag}" for tag in TAGS for place in "BI"))
INTENTS: tuple[str, ...] = get_args(Intent)
DOMAINS: tuple[str | None, ...] = (None, *get_args(Domain))
IONS: tuple[str | None, ...] = (None, *WORKING_IONS)
GENERATORS: tuple[str | None, ...] = (None, *lexicon()["generators"])
OPS = (">=", "<=", "=", "between", "max", "min", "report")
PROPERTIES = tuple(vocabulary())
SHAPES = ("lower", "Capital", "CAPITALS", "other")
MAX_TOKENS = 512


@cache
def tokenizer() -> Tokenizer:
    """MiniLM's tokenizer, without padding; texts are cut at what the base can hold."""
    from tokenizers import Tokenizer

    from ionwright.knowledge.minilm import base_folder

    loaded = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    loaded.no_padding()
    loaded.enable_truncation(MAX_TOKENS)
    return loaded


@dataclass(frozen=True)
class Encoded:
    """Token ids, their shapes, and the place of each in the text."""

    ids: list[int]
    shapes: list[int]
    offsets: list[tuple[int, int]]


def encode(text: str) -> Encoded:
    """The tokens of a text."""
    encoding = tokenizer().encode(text)
    shapes = [_shape(text[start:end]) for start, end in encoding.offsets]
    return Encoded(encoding.ids, shapes, encoding.offsets)


def _shape(word: str) -> int:
    if not word.isalpha():
        return 3
    if word.islower():
        return 0
    return 2 if word.isupper() and len(word) > 1 else 1
