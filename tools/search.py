"""Searching the knowledge store: literature and database entries, each with its source."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ionwright.knowledge.entries import Hit, SourceKind
from ionwright.knowledge.errors import InvalidRequest, NotAvailable
from ionwright.knowledge.facts import Fact, MaterialClass
from ionwright.knowledge.records import Domain, Element, PropertyKey, Target, WorkingIon
from ionwright.knowledge.sources.base import OnlineName

from .base import Flag, ToolResult, tool
from .context import Context

MOST_WORDS = 10_000  # characters of a question


@tool(estimate=lambda **_: 1.0)
def search(
    ctx: Context,
    query: Annotated[str, Flag(positional=True, metavar="WORDS")] = "",
    names: Annotated[list[str], Flag("--name")] = [],  # noqa: B006
    properties: Annotated[list[PropertyKey], Flag("--property")] = [],  # noqa: B006
    conditions: Annotated[list[Target], Flag("--condition")] = [],  # noqa: B006
    domain: Domain | None = None,
    material_class: MaterialClass | None = None,
    working_ion: WorkingIon | None = None,
    elements_required: Annotated[list[Element], Flag("--with")] = [],  # noqa: B006
    elements_excluded: Annotated[list[Element], Flag("--without")] = [],  # noqa: B006
    temperature_from: Annotated[float, Field(gt=0)] | None = None,
    temperature_to: Annotated[float, Field(gt=0)] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    source_kinds: Annotated[list[SourceKind], Flag("--source")] = [],  # noqa: B006
    strict: bool = True,
    online: Annotated[list[OnlineName], Flag("--online")] = [],  # noqa: B006
    count: Annotated[int, Field(ge=1, le=1000), Flag(short="-n")] = 10,
) -> ToolResult:
    """Search literature and database entries, each with its source and the values it states.

    Args:
        query: what is looked for, in words.
        names: materials, molecules or methods that the entries should be about.
        properties: keys of the properties that are asked for.
        conditions: values that an entry must state, such as "ionic_conductivity>=1e-4 S/cm".
        domain: what the material is used as; entries on such materials come first.
        material_class: the class of the material, such as garnet.
        working_ion: the ion that moves or is stored.
        elements_required: elements that the material must contain.
        elements_excluded: elements that the material must not contain.
        temperature_from: lowest temperature of a stated value in kelvin.
        temperature_to: highest temperature of a stated value in kelvin.
        year_from: first year of publication.
        year_to: last year of publication.
        source_kinds: only sources of these kinds.
        strict: whether entries that do not meet the filters are left out; else they come last.
        online: online sources to ask first; what they say is kept in the store.
        count: how many entries at most.
    """
    from ionwright.knowledge.store.search import Filters
    from ionwright.knowledge.store.search import search as find

    if len(query) > MOST_WORDS:
        raise InvalidRequest(f"the question has {len(query)} characters; ask in {MOST_WORDS}")
    filters = Filters(
        targets=tuple(conditions),
        material_class=material_class,
        working_ion=working_ion,
        elements_required=tuple(elements_required),
        elements_excluded=tuple(elements_excluded),
        temperature=_range(temperature_from, temperature_to),
        years=_range(year_from, year_to),
        source_kinds=tuple(source_kinds),
    )
    if not (query.strip() or names or filters):
        raise InvalidRequest("say what to search for, such as: conductivity of LLZO")
    warnings = [w for name in online if (w := _ask_online(ctx, name, query, names, count))]
    hits = find(
        ctx.knowledge(),
        query,
        names=names,
        properties=properties,
        domain=domain,
        filters=filters,
        k=count,
        strict=strict,
    )
    return ToolResult(
        text="; ".join([_counted(hits), *warnings]),
        data={
            "results": [result_of(hit) for hit in hits],
            **({"warnings": [*warnings]} if warnings else {}),
        },
    )


def _ask_online(ctx: Context, name: OnlineName, words: str, names: list[str], k: int) -> str:
    """Puts what an online source says into the store; the reason if it says nothing."""
    from ionwright.knowledge.sources import look_up, source_named

    store = ctx.knowledge()
    try:
        source = source_named(name, store, addresses=ctx.addresses, key=ctx.mp_api_key)
        look_up(store, source, words, names, k=k, on_progress=ctx.progress)
    except NotAvailable as error:
        return str(error)
    return ""


def result_of(hit: Hit) -> dict[str, Any]:
    """A found entry as the contract gives it, and with the page and the id of its entry."""
    entry, source = hit.entry, hit.source
    reference = str(entry.reference) if entry.reference else source.location
    return {
        "text": entry.text,
        "score": hit.score,
        "source": source.title,
        "reference": reference,
        "facts": [stated(fact) for fact in entry.facts],
        "kind": source.kind,
        "page": entry.page,
        "id": entry.id,
    }


def stated(fact: Fact) -> dict[str, Any]:
    """What a fact states, without what is empty."""
    told = fact.model_dump(mode="json", exclude={"claim", "reference", "id", "elements"})
    return {key: value for key, value in told.items() if value not in (None, "", [])}


def _range(low: Any, high: Any) -> Any:
    if low is None and high is None:
        return None
    low, high = (0 if low is None else low), (10_000 if high is None else high)
    if low > high:
        raise InvalidRequest(f"the range from {low} to {high} runs backwards")
    return low, high


def _counted(hits: list[Hit]) -> str:
    if not hits:
        return "nothing found"
    sources = len({h.entry.reference or h.source.id for h in hits})
    entries = f"{len(hits)} entries" if len(hits) > 1 else "1 entry"
    return f"{entries} from {sources} source{'s' if sources > 1 else ''}"
