"""Answers to questions, in words made from the records: every value with its source's number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ionwright.knowledge.records import METHODS, Citation, Goal
from ionwright.knowledge.store.mentions import properties_in
from ionwright.knowledge.store.words import STOPWORDS, keys_of, tokens
from ionwright.knowledge.vocabulary import property_of

MOST_VALUES = 8  # lines of values for one subject and property
MOST_CLAIMS = 6
MOST_QUOTED = 300  # characters of the user's own documents shown in an answer
# what often is meant where the other is asked for
RELATED = {
    "migration_barrier": ("activation_energy",),
    "activation_energy": ("migration_barrier",),
    "average_voltage": ("oxidation_potential", "reduction_potential"),
    "oxidation_potential": ("homo", "average_voltage"),
    "reduction_potential": ("lumo",),
    "capacity": ("capacity_grav",),
}
_SIGNS = {">=": "at least ", "<=": "at most ", "=": "", "between": ""}


@dataclass(frozen=True)
class Stated:
    """One value of one citation; `number` is the citation's, from 1."""

    number: int
    citation: Citation
    fact: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """What the fact is about, by every name."""
        return [self.fact["subject"], *self.fact.get("names", ())]

    @property
    def keys(self) -> set[str]:
        """The keys of all its names."""
        names = [*self.names, self.fact.get("formula")]
        return {key for name in names if name for key in keys_of(name)}

    def shares(self, words: str) -> bool:
        """Whether its claim or a name has a word of these that says something."""
        names = " ".join([self.citation.text, *self.names])
        label = set(tokens(property_of(self.fact["property"]).label))
        common = set(tokens(words)) & set(tokens(names)) - label - STOPWORDS
        return any(len(word) > 3 for word in common)

    def mentions(self, words: str) -> bool:
        """Whether a name of what the fact is about contains these words."""
        return any(words.casefold() in name.casefold() for name in self.names)


def answer_text(goal: Goal, evidence: list[Citation], words: str = "") -> str:
    """The answer to a question about what is known; says so if nothing was found.

    Args:
        goal: the understood question.
        evidence: what the search found, best first.
        words: the question as it was asked, in which more subjects may be named.
    """
    if not evidence:
        return f"Nothing found{_about(goal)} in the knowledge store."
    stated = _stated(evidence)
    goal = goal.model_copy(update={"subjects": _subjects(goal, stated, words)})
    asked, named = [t.property for t in goal.targets], properties_in(words)
    lines = list(_value_lines(goal, stated, asked, named)) if goal.intent != "explain" else []
    if lines and not any(line.startswith("- ") for line in lines):
        valued = [s for s in stated if s.fact.get("property") and s.shares(words)]
        near = [s for s in valued if s.fact["property"] in (asked or named)] or valued
        lines += (
            ["What comes near:", *(f"- {_line(s)}" for s in near[:MOST_CLAIMS])] if near else []
        )
    if goal.intent not in ("lookup", "compare", "explain"):
        lines.insert(0, f"Nothing here can {goal.intent} that yet; this is what is known.")
    told = {s.number for s in stated if lines and s.fact.get("property")}
    claims = [
        (n, c) for n, c in enumerate(evidence, 1) if n not in told or goal.intent == "explain"
    ]
    if not lines or goal.intent == "explain":
        lines += [f"- {_shown(c)} [{n}]" for n, c in claims[:MOST_CLAIMS]]
    elif related := [(n, c) for n, c in claims if _is_about(goal, c)][: MOST_CLAIMS // 2]:
        lines += ["What else is known:", *(f"- {_shown(c)} [{n}]" for n, c in related)]
    return "\n".join(lines)


def known_beside(goal: Goal, evidence: list[Citation], words: str = "") -> str:
    """The known values of what is predicted, with their sources; empty if there are none."""
    stated = _stated(evidence)
    goal = goal.model_copy(update={"subjects": _subjects(goal, stated, words)})
    asked = [t.property for t in goal.targets]
    lines = list(_value_lines(goal, stated, asked, properties_in(words)))
    return "\n".join(lines) if any(line.startswith("- ") for line in lines) else ""


def _stated(evidence: list[Citation]) -> list[Stated]:
    return [
        Stated(number, citation, dict(fact))
        for number, citation in enumerate(evidence, 1)
        for fact in citation.facts
    ]


def _subjects(goal: Goal, stated: list[Stated], words: str) -> tuple[str, ...]:
    """The goal's subjects, or those that the words name besides where none of them is known."""
    named = _named(stated, words)
    whole = [n for n in named for s in goal.subjects if _is_part(s, n)]
    known = {key for s in stated for key in s.keys}
    if whole:
        return tuple(dict.fromkeys(whole))
    if any(known & set(keys_of(s)) or any(f.mentions(s) for f in stated) for s in goal.subjects):
        return goal.subjects
    return named or goal.subjects


def _named(stated: list[Stated], words: str) -> tuple[str, ...]:
    """The longest name in the words of each material: one has several, silicon and Si."""
    found: dict[frozenset[str], str] = {}
    for each in stated:
        names = [n for n in each.names if _stands_in(n, words)]
        if names:
            keys = next((k for k in found if k & each.keys), frozenset(each.keys))
            found[keys] = max([*names, found.get(keys, "")], key=len)
    return tuple(dict.fromkeys(found.values()))


def _stands_in(name: str, words: str) -> bool:
    """Whether a name stands in the words; one of two letters only as it is written (Si, EC)."""
    short = len(name) == 2 and name[0].isupper()
    said = words if short else words.casefold()
    pattern = re.escape(name if short else name.casefold())
    return (
        len(name) > 1
        and (short or len(name) > 2)
        and bool(re.search(rf"(?<![\w-]){pattern}(?![\w-])", said))
    )


def _is_part(subject: str, name: str) -> bool:
    """Whether a name begins with the subject and goes on: PEG of PEG-X12."""
    return name.casefold().startswith(subject.casefold()) and len(name) > len(subject)


def _value_lines(
    goal: Goal, stated: list[Stated], asked: list[str], named: list[str]
) -> Iterator[str]:
    """Values by subject and property.

    Args:
        goal: the understood question.
        stated: all values of the evidence.
        asked: properties that the goal asks for.
        named: properties that the words name; they come first where the goal asks for none.
    """
    valued = [s for s in stated if s.fact.get("property")]
    if not goal.subjects:
        wanted = asked or named
        found = [s for s in valued if s.fact["property"] in wanted] if wanted else valued
        yield from (f"- {_line(s)}" for s in _ordered(goal, found or valued)[:MOST_VALUES])
        return
    for subject in goal.subjects:
        keys = set(keys_of(subject))
        mine = [s for s in valued if keys & s.keys]
        told = dict.fromkeys(s.fact["property"] for s in mine)
        for key in asked or sorted(told, key=lambda k: k not in named):
            these = [s for s in mine if s.fact["property"] == key]
            if these:
                yield from _one_property(subject, key, these)
                continue
            yield f"Nothing found on the {property_of(key).label} of {subject}."
            akin = {key, *RELATED.get(key, ())}
            near = [s for s in mine if s.fact["property"] in akin]
            near += [s for s in valued if s.fact["property"] in akin and s.mentions(subject)]
            if near:
                yield "What comes near:"
                yield from (f"- {_line(s)}" for s in near[:MOST_VALUES])
        if not mine and not asked:
            yield f"Nothing found on values of {subject}."


def _one_property(subject: str, key: str, stated: list[Stated]) -> Iterator[str]:
    label = property_of(key).label
    yield f"{label[0].upper()}{label[1:]} of {subject}:"
    surest = sorted(stated, key=lambda s: METHODS.index(s.fact.get("method", "measured")))
    for each in surest[:MOST_VALUES]:
        yield f"- {_line(each, labelled=False)}"
    measured = [s for s in stated if s.fact.get("method", "measured") == "measured"]
    if len({_low(s) for s in measured}) > 1:
        show, unit = _format(key), _unit_words(measured[0].fact)
        low, high = (show(end(map(_low, measured))) for end in (min, max))
        yield f"  {len(measured)} measured values from {low} to {high}{unit}; conditions differ."


def _ordered(goal: Goal, stated: list[Stated]) -> list[Stated]:
    """By the first wish of the goal (highest, lowest); else as they were found."""
    wish = next((t for t in goal.targets if t.op in ("max", "min")), None)
    if wish is None:
        return stated
    mine = [s for s in stated if s.fact["property"] == wish.property]
    return sorted(mine, key=_low, reverse=wish.op == "max")


def _line(stated: Stated, *, labelled: bool = True) -> str:
    fact = stated.fact
    conditions = ", ".join(
        filter(None, [fact.get("method", "measured"), fact.get("conditions", "")])
    )
    label = f"{property_of(fact['property']).label} " if labelled else ""
    return f"{_name(fact)}: {label}{value_words(fact)} ({conditions}) [{stated.number}]"


def _name(fact: dict[str, Any]) -> str:
    names = fact.get("names") or []
    known = (fact["subject"], fact.get("formula"))
    short = next((n for n in names if n.isupper() and len(n) <= 8 and n not in known), None)
    return f"{fact['subject']} ({short})" if short else fact["subject"]


def value_words(fact: dict[str, Any]) -> str:
    """Value, unit and temperature of a stated fact, such as 5.1e-4 S/cm at 298 K."""
    value, unit, show = fact["value"], _unit_words(fact), _format(fact["property"])
    told = f"{show(value[0])} to {show(value[1])}" if isinstance(value, list) else show(value)
    doubt = f" ± {show(fact['std'])}" if fact.get("std") else ""
    against = f" vs {fact['reference_electrode']}" if fact.get("reference_electrode") else ""
    when = f" at {fact['temperature']:.0f} K" if fact.get("temperature") else ""
    return f"{_SIGNS[fact.get('op', '=')]}{told}{doubt}{unit}{against}{when}"


def _low(stated: Stated) -> float:
    value = stated.fact["value"]
    return float(value[0] if isinstance(value, list) else value)


def _format(key: str) -> Callable[[float], str]:
    return (lambda v: f"{v:.2e}") if property_of(key).log else (lambda v: f"{v:.4g}")


def _unit_words(fact: dict[str, Any]) -> str:
    return "" if fact["unit"] == "1" else f" {fact['unit']}"


def _is_about(goal: Goal, citation: Citation) -> bool:
    keys = {key for subject in goal.subjects for key in keys_of(subject)}
    return not keys or any(keys & Stated(0, citation, dict(f)).keys for f in citation.facts)


def _shown(citation: Citation) -> str:
    """A claim of the corpus whole; of the user's own documents a short quotation with its page."""
    if citation.kind in ("corpus", "online"):
        return citation.text
    text = " ".join(citation.text.split())
    short = text if len(text) <= MOST_QUOTED else text[:MOST_QUOTED].rsplit(" ", 1)[0] + " ..."
    page = f", p. {citation.page}" if citation.page else ""
    return f"“{short}” ({citation.source}{page})"


def _about(goal: Goal) -> str:
    properties = " and ".join(property_of(t.property).label for t in goal.targets)
    subjects = ", ".join(goal.subjects)
    told = " of ".join(filter(None, [properties, subjects]))
    return f" on {told}" if told else ""


def cited_numbers(text: str, evidence: list[Citation]) -> list[int]:
    """The numbers of the citations that an answer points to, in order."""
    used = {int(n) for n in re.findall(r"\[(\d+)\]$", text, re.MULTILINE)}
    return [n for n in range(1, len(evidence) + 1) if n in used]


def source_lines(text: str, evidence: list[Citation]) -> list[str]:
    """The sources that an answer points to, each once with its numbers."""
    numbers: dict[str, list[int]] = {}
    for n in cited_numbers(text, evidence):
        numbers.setdefault(evidence[n - 1].reference or evidence[n - 1].source, []).append(n)
    return [f"[{', '.join(map(str, ns))}] {told}" for told, ns in numbers.items()]
