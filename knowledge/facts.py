"""Facts: one claim each about one subject, with its value, unit, conditions and reference."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from .records import Domain, Element, Method, PropertyKey, Record, WorkingIon
from .vocabulary import property_of

MaterialClass = Literal[
    "layered oxide", "spinel", "olivine", "polyanion", "tavorite", "prussian blue analogue",
    "disordered rocksalt", "conversion", "organic electrode", "sulfur", "air",
    "carbon", "alloy", "metal", "titanate", "phosphide",
    "garnet", "nasicon", "perovskite", "antiperovskite", "lisicon", "argyrodite", "thiophosphate",
    "halide", "hydride", "nitride", "oxide", "phosphate", "sulfide", "glass",
    "carbonate", "ether", "ester", "nitrile", "sulfone", "phosphorus compound",
    "fluorinated compound", "sulfur compound", "boron compound", "silicon compound", "salt",
    "ionic liquid", "polymer", "composite", "interphase", "electrode", "separator", "cell",
    "generative model", "predictor", "dataset", "method", "element", "other",
]  # fmt: skip
Checked = Literal["value", "reference"]


def _doi(text: str) -> str:
    if not re.fullmatch(r"10\.\d{4,9}/[^\s\"<>{}|]+", text):
        raise ValueError(f"not a DOI: {text!r}; write it bare, as in 10.1038/nmat3066")
    return text.lower()


Doi = Annotated[str, AfterValidator(_doi)]


class Reference(Record):
    """Where a claim is published, or which program computed it."""

    doi: Doi | None = None
    url: str | None = None
    software: str | None = None
    title: Annotated[str, Field(min_length=4)]
    authors: str = ""
    venue: str = ""
    year: Annotated[int, Field(ge=1800, le=2100)] | None = None

    @model_validator(mode="after")
    def _findable(self) -> Reference:
        if not (self.doi or self.url or self.software):
            raise ValueError("a reference needs a DOI, an address or a program")
        return self

    def __str__(self) -> str:
        who = f"{self.authors}, " if self.authors else ""
        where = ", ".join(str(part) for part in (self.venue, self.year) if part)
        link = f"https://doi.org/{self.doi}" if self.doi else self.url or self.software
        return f"{who}{self.title}{f'. {where}' if where else ''}. {link}"


class Fact(Record):
    """One claim. Values are in the canonical unit of their property.

    `checked` tells what was compared with a text other than the writer's memory: the value itself,
    or only that the reference exists and is about this subject.
    """

    id: str = ""
    subject: Annotated[str, Field(min_length=1, max_length=120)]
    names: tuple[str, ...] = ()
    formula: str | None = None
    smiles: str | None = None
    domain: Domain | None = None
    material_class: MaterialClass
    working_ion: WorkingIon | None = None
    elements: tuple[Element, ...] = ()
    property: PropertyKey | None = None
    op: Literal["=", ">=", "<=", "between"] = "="
    value: FiniteFloat | tuple[FiniteFloat, FiniteFloat] | None = None
    unit: str | None = None
    std: Annotated[FiniteFloat, Field(gt=0)] | None = None
    temperature: Annotated[FiniteFloat, Field(gt=0)] | None = None
    reference_electrode: str | None = None
    conditions: str = ""
    method: Method = "measured"
    claim: Annotated[str, Field(min_length=20, max_length=700)]
    reference: Reference
    checked: Checked = "reference"

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        fields = dict(fields)
        if fields.get("formula") and not fields.get("elements"):
            fields["elements"] = _elements(fields["formula"])
        if not fields.get("id"):
            fields["id"] = fact_id(fields)
        return fields

    @model_validator(mode="after")
    def _consistent(self) -> Fact:
        if (self.property is None) != (self.value is None):
            raise ValueError("property and value go together")
        if self.property is None or self.value is None:
            return self
        prop = property_of(self.property)
        if self.unit not in prop.units:
            raise ValueError(f"{self.property} travels in {' or '.join(prop.units)}")
        if (self.op == "between") != isinstance(self.value, tuple):
            raise ValueError("between needs [low, high], the other signs one number")
        low, high = self.bounds()
        if low > high:
            raise ValueError(f"range {self.value} runs backwards")
        if high < prop.range[0] or low > prop.range[1]:
            raise ValueError(f"{self.value} {self.unit} is outside {prop.range}: right unit?")
        return self

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value that the claim states; equal for a single number."""
        if isinstance(self.value, tuple):
            return self.value
        assert self.value is not None, "a fact without value has no bounds"
        return self.value, self.value


def fact_id(fields: dict[str, Any]) -> str:
    """A content id: the same claim from the same reference has the same id."""
    reference = fields.get("reference")
    if isinstance(reference, Reference):
        reference = reference.model_dump()
    where = (reference or {}).get("doi") or (reference or {}).get("url")
    told = [fields.get(k) for k in ("subject", "property", "value", "temperature", "claim")]
    digest = hashlib.sha256(json.dumps([*told, where], default=str).encode()).hexdigest()
    return f"fact-{digest[:12]}"


def _elements(formula: str) -> tuple[str, ...]:
    from pymatgen.core import Composition

    return tuple(sorted(e.symbol for e in Composition(formula).elements))
