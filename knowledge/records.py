"""The records that travel between layers. All are frozen and survive a JSON round trip."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    model_validator,
)

from .vocabulary import ELEMENTS, WORKING_IONS, property_of, vocabulary

CandidateMaterial = Literal["crystal", "molecule", "polymer", "microstructure", "interphase"]
Encoding = Literal["cif", "smiles", "psmiles", "npz", "json"]
Method = Literal["measured", "computed", "predicted", "estimated"]
METHODS: tuple[Method, ...] = get_args(Method)  # the surest first: the order of showing values
Op = Literal[">=", "<=", "=", "between", "max", "min", "report"]
Intent = Literal[
    "design",
    "predict",
    "lookup",
    "compare",
    "characterize",
    "simulate",
    "explain",
    "help",
    "refuse",
]
Domain = Literal[
    "cathode",
    "anode",
    "solid_electrolyte",
    "liquid_electrolyte",
    "additive",
    "polymer_electrolyte",
    "microstructure",
    "interphase",
    "cell",
]


def _known_property(key: str) -> str:
    property_of(key)
    return key


def _known_element(symbol: str) -> str:
    if symbol not in ELEMENTS:
        raise ValueError(f"unknown element {symbol!r}; give a symbol such as Fe")
    return symbol


def _known_ion(symbol: str) -> str:
    if symbol not in WORKING_IONS:
        raise ValueError(f"unknown working ion {symbol!r}; allowed: {', '.join(WORKING_IONS)}")
    return symbol


PropertyKey = Annotated[str, AfterValidator(_known_property)]
Element = Annotated[str, AfterValidator(_known_element)]
WorkingIon = Annotated[str, AfterValidator(_known_ion)]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Record(BaseModel):
    """Base of all records: frozen, no unknown fields, finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Provenance(Record):
    """Where something comes from, down to the weights and the seed."""

    source: str
    version: str
    weights: str | None = None
    seed: int | None = None
    inputs: dict[str, JsonValue] = {}
    parents: tuple[str, ...] = ()
    reference: str | None = None
    created: str = Field(default_factory=_now)


class Quantity(Record):
    """A value with its unit, doubt and origin; doubt that is unknown is None, never 0."""

    property: PropertyKey
    value: FiniteFloat
    unit: str
    std: Annotated[FiniteFloat, Field(gt=0)] | None = None
    interval: tuple[FiniteFloat, FiniteFloat] | None = None
    in_domain: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    method: Method
    reference_electrode: str | None = None
    temperature: Annotated[FiniteFloat, Field(gt=0)] | None = None
    provenance: Provenance

    @model_validator(mode="after")
    def _consistent(self) -> Quantity:
        units = property_of(self.property).units
        if self.unit not in units:
            allowed = " or ".join(sorted(units))
            raise ValueError(f"{self.property} travels in {allowed}, not {self.unit!r}")
        if self.interval is not None and self.interval[0] > self.interval[1]:
            raise ValueError(f"interval {self.interval} runs backwards")
        return self


class Candidate(Record):
    """One material. `data` is canonical for its encoding, so the same material has the same id."""

    id: str = ""
    material: CandidateMaterial
    encoding: Encoding
    data: str
    name: str = ""
    quantities: tuple[Quantity, ...] = ()
    checks: dict[str, bool | None] = {}
    notes: tuple[str, ...] = ()
    provenance: Provenance

    @model_validator(mode="before")
    @classmethod
    def _identify(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and not fields.get("id") and "data" in fields:
            return {**fields, "id": content_id(str(fields.get("material")), str(fields["data"]))}
        return fields

    @model_validator(mode="after")
    def _id_matches(self) -> Candidate:
        if self.id != content_id(self.material, self.data):
            raise ValueError(f"id {self.id!r} does not belong to this material: leave it out")
        return self

    def quantity(self, key: str) -> Quantity | None:
        """The newest quantity of a property, or None."""
        return next((q for q in reversed(self.quantities) if q.property == key), None)

    def with_quantities(self, quantities: tuple[Quantity, ...] | list[Quantity]) -> Candidate:
        """A copy in which these quantities replace those of the same property and source."""
        new = {(q.property, q.provenance.source) for q in quantities}
        kept = [q for q in self.quantities if (q.property, q.provenance.source) not in new]
        return self.model_copy(update={"quantities": (*kept, *quantities)})

    def with_checks(self, **checks: bool | None) -> Candidate:
        """A copy with these checks added or replaced."""
        return self.model_copy(update={"checks": {**self.checks, **checks}})

    def with_notes(self, *notes: str) -> Candidate:
        """A copy with these notes appended, each once."""
        added = tuple(note for note in notes if note not in self.notes)
        return self.model_copy(update={"notes": (*self.notes, *added)})


def content_id(material: str, data: str) -> str:
    """The id of a material: its kind and the first 12 hex digits of the hash of its data."""
    digest = hashlib.sha256(f"{material}\n{data}".encode()).hexdigest()
    return f"{material}-{digest[:12]}"


class Target(Record):
    """What is asked of one property, in its canonical unit. Also the condition of a generator."""

    property: PropertyKey
    op: Op
    value: FiniteFloat | tuple[FiniteFloat, FiniteFloat] | None = None
    unit: str

    @model_validator(mode="before")
    @classmethod
    def _default_unit(cls, fields: Any) -> Any:
        if (
            isinstance(fields, dict)
            and "unit" not in fields
            and fields.get("property") in vocabulary()
        ):
            return {**fields, "unit": vocabulary()[fields["property"]].unit}
        return fields

    @model_validator(mode="after")
    def _consistent(self) -> Target:
        prop = property_of(self.property)
        if self.unit not in prop.units:
            raise ValueError(f"{self.property} is given in {prop.unit}, not {self.unit!r}")
        if self.op == "between":
            if not isinstance(self.value, tuple) or self.value[0] > self.value[1]:
                raise ValueError(f"between needs [low, high], not {self.value}")
        elif self.op in (">=", "<=", "="):
            if not isinstance(self.value, float | int):
                raise ValueError(f"{self.op} needs one number, not {self.value}")
        elif self.value is not None:
            raise ValueError(f"{self.op} takes no value, not {self.value}")
        return self

    def __str__(self) -> str:
        words = {"max": "as high as possible", "min": "as low as possible", "report": "to be told"}
        label, unit = property_of(self.property).label, "" if self.unit == "1" else f" {self.unit}"
        if isinstance(self.value, tuple):
            return f"{label} between {self.value[0]:g} and {self.value[1]:g}{unit}"
        if self.value is None:
            return f"{label} {words[self.op]}"
        return f"{label} {self.op} {self.value:g}{unit}"


class Goal(Record):
    """What the user wants, as far as it was understood. What was not is listed, never guessed."""

    intent: Intent
    domain: Domain | None = None
    working_ion: WorkingIon | None = None
    elements_required: tuple[Element, ...] = ()
    elements_excluded: tuple[Element, ...] = ()
    subjects: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    generator: str | None = None
    options: dict[str, JsonValue] = {}
    assumptions: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Citation(Record):
    """A passage or database entry that supports a statement, with the values that it states."""

    text: str
    source: str
    reference: str | None = None
    score: float | None = None
    facts: tuple[dict[str, JsonValue], ...] = ()
    kind: str = ""
    page: int | None = None
    id: str = ""
