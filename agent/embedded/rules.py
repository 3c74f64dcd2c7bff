"""The rules parser: a request in words becomes a Goal by lexicon and grammar alone."""

from __future__ import annotations

import re

from ionwright.knowledge.records import Goal

from .counts import read_count
from .elements import excluded_elements, required_elements, working_ion
from .hazards import hazard_of
from .intents import read_domain, read_intent
from .lexicon import generator_patterns
from .quantities import Amount, find_amounts
from .spelling import corrected
from .subjects import Subject, find_subjects
from .targets import Mention, Scene, find_properties, in_context, read_targets, share_units
from .text import unspoken


def read_by_rules(text: str, intent: str | None = None) -> Goal:
    """The goal of a cleaned request; its intent can be given by who knows better."""
    subjects = find_subjects(text)
    subjects += _elemental(text, subjects)
    if hazard := hazard_of(text, tuple(s.text for s in subjects if s.kind == "smiles")):
        return Goal(intent="refuse", warnings=(hazard,))
    text, subjects = _spelt_right(text, subjects)
    goal = _read(text, subjects, intent)
    if goal.intent == "design" and (likened := _likened(text, subjects)) != subjects:
        # "sodium iron phosphate cathodes" is a class, not a material to start from
        return _read(text, likened, intent)
    return goal


def _read(text: str, subjects: list[Subject], given: str | None) -> Goal:
    bare = unspoken(text, [(s.start, s.end) for s in subjects])
    generator, bare = _take_generator(bare)
    count, place = read_count(bare)
    bare = unspoken(bare, [place])
    amounts = find_amounts(bare)
    named = find_properties(bare)
    amounts = share_units(bare, amounts, named)
    mentions = [m for m in named if not _inside_unit(m, amounts)]
    amounts = [a for a in amounts if a.unit or not _inside_word(a, mentions)]
    intent = given or read_intent(
        text, subjects, properties=len(mentions), targets=_has_numbers(mentions, amounts)
    )
    if intent == "help":
        return Goal(intent="help")
    return _assemble(text, bare, intent, subjects, count, generator, mentions, amounts)


_LIKENED = re.compile(
    r"(?i)\b(?:like|similar to|than|replac\w+|instead of|from|variants? of|between|and|before|"
    r"ahead of|near|along the lines of|based on|style of|analog\w* (?:of|to)|beat\w*|outperform\w*|"
    r"vor|wie|als|ersatz für|resembl\w+|near it|to|of)\s+(?:the |an? )?$"
)


def _likened(text: str, subjects: list[Subject]) -> list[Subject]:
    """The materials of a design: compounds named systematically only where they are likened to."""
    return [
        s
        for s in subjects
        if s.kind != "compound" or _LIKENED.search(text[max(0, s.start - 40) : s.start])
    ]


def _assemble(
    text: str,
    bare: str,
    intent: str,
    subjects: list[Subject],
    count: int | None,
    generator: str | None,
    mentions: list[Mention],
    amounts: list[Amount],
) -> Goal:
    domain = read_domain(bare, intent, subjects) or _implied(generator, bare, intent, mentions)
    mentions = [in_context(mention, domain, bare) for mention in mentions]
    scene = Scene(bare, intent, domain, mentions, amounts)
    targets, left = read_targets(scene)
    spoken = [(m.start, m.end) for m in mentions] + [(a.start, a.end) for a in amounts if a.unit]
    excluded, required = _elements(bare, intent, spoken, domain)
    return Goal(
        intent=intent,  # type: ignore[arg-type]  # the record checks it
        domain=domain,  # type: ignore[arg-type]
        working_ion=working_ion(_ion_text(text, subjects, intent, domain)),
        elements_required=tuple(required),
        elements_excluded=tuple(excluded),
        subjects=_kept(subjects, intent, text),
        targets=targets,
        count=count if intent == "design" else None,
        generator=generator if intent == "design" else None,
        assumptions=tuple(dict.fromkeys(scene.assumptions)),
        not_understood=tuple(left),
    )


def _spelt_right(text: str, subjects: list[Subject]) -> tuple[str, list[Subject]]:
    right = corrected(text, [(s.start, s.end) for s in subjects])
    if right == text:
        return right, subjects
    # places have moved: find the same materials again
    known = {s.text for s in subjects}
    again = find_subjects(right)
    again += _elemental(right, again)
    return right, [s for s in again if s.text in known]


def _inside_unit(mention: Mention, amounts: list[Amount]) -> bool:
    return any(a.unit and a.start <= mention.start < a.end for a in amounts)


def _inside_word(amount: Amount, mentions: list[Mention]) -> bool:
    return any(m.start <= amount.start < m.end for m in mentions)


def _take_generator(text: str) -> tuple[str | None, str]:
    for name, pattern in generator_patterns().items():
        if match := pattern.search(text):
            return name, unspoken(text, [match.span()])
    return None, text


def _has_numbers(mentions: list[Mention], amounts: list[Amount]) -> bool:
    from .units import compatible

    return any(
        a.unit not in ("", "C", "K", "degC", "%") and compatible(a.unit) for a in amounts
    ) or (bool(mentions) and any(a.unit in ("K", "degC", "%", "C") for a in amounts))


_GENERATOR_DOMAINS = {
    "polymer_electrolyte": ("polymer_gpt", "polymer_diffusion"),
    "microstructure": ("dcgan", "slicegan", "superres", "latent_diffusion"),
    "interphase": ("sei_vae",),
}


def _implied(generator: str | None, text: str, intent: str, mentions: list[Mention]) -> str | None:
    """The domain that a kind of generator, or the porosity of an electrode, implies."""
    shape = {"porosity", "tortuosity_factor", "surface_area_density", "particle_size"}
    if re.search(r"(?i)\b(?:electrodes?|elektroden?)\b", text) and any(
        m.key in shape for m in mentions
    ):
        return "microstructure"
    if intent != "design":
        return None
    return next((d for d, names in _GENERATOR_DOMAINS.items() if generator in names), None)


def _elements(
    text: str, intent: str, spoken: list[tuple[int, int]], domain: str | None
) -> tuple[list[str], list[str]]:
    if intent != "design":
        return [], []
    text = unspoken(text, spoken)
    if domain in ("liquid_electrolyte", "additive", "polymer_electrolyte"):
        # functional classes of molecules and polymers do not set elements
        text = _FUNCTIONAL.sub(lambda m: " " * len(m.group()), text)
    excluded, spans = excluded_elements(text)
    required = required_elements(unspoken(text, spans))
    return excluded, required


_FUNCTIONAL = re.compile(
    r"(?i)\b(?:poly)?(?:carbonate?|sulfate?|phosphate?|oxide?|sulfide?|nitride?|karbonate?|silicate)[sn]?\b"
)


def _ion_text(text: str, subjects: list[Subject], intent: str, domain: str | None) -> str:
    """The words that can say the ion: not the materials that a design starts from."""
    if intent != "design":
        return _bare_ion(text, subjects, domain)
    salts = [s for s in subjects if s.kind == "salt"]
    kept = _kept(salts, intent, text)
    return unspoken(text, [(s.start, s.end) for s in salts if s.text in kept])


def _bare_ion(text: str, subjects: list[Subject], domain: str | None) -> str:
    """The text without its materials; a salt inside an electrolyte still says the ion."""
    told = domain is not None and any(s.kind != "salt" for s in subjects)
    return unspoken(text, [(s.start, s.end) for s in subjects if s.kind != "salt" or not told])


_ELEMENTAL = re.compile(
    r"(?i)\b(silicon|phosphorus|sulfur|tin|antimony|germanium|silizium|phosphor|schwefel|zinn|aluminium)\b"
    r"(?<!-)(?![- ](?:bearing|containing|anode|cathode|free|based|rich|ion|oxide|batter|cell|akku))"
)
_WONDERED = re.compile(
    r"(?i)\b(?:why|y|how come|how|warum|wieso|weshalb|what makes)\s+(?:(?:does|do|is|are)\s+)?"
    r"(?:\w+t\s+)?(silicon|phosphorus|sulfur|tin|antimony|germanium|silizium|phosphor|schwefel|zinn)"
    r"(?=\s+[a-z])(?!\s+(?:anode|cathode|free|based|rich|ion|oxide|batter|cell|akku))"
)
_ASKED = re.compile(
    r"(?i)\b(?:compar\w+|contrast|versus|vs|vergleich\w*|or|oder|against|than|als)\b"
)


def find_elemental(text: str) -> list[Subject]:
    """The elements of a text that electrodes are made of as such, wherever they are named."""
    return [Subject(m.start(), m.end(), m.group(), "name") for m in _ELEMENTAL.finditer(text)]


def _elemental(text: str, subjects: list[Subject]) -> list[Subject]:
    """Elements that are materials themselves: "compare graphite with silicon"."""
    beside = any(
        re.match(r"(?i)\W*(?:and|or|und|oder|vs|versus|with|against|than|mit)?\W*$", gap)
        for gap in _gaps(text, subjects)
    )
    if not subjects and (asked := _WONDERED.search(text)):
        return [Subject(asked.start(1), asked.end(1), asked.group(1), "name")]
    if not subjects or not beside or not _ASKED.search(text):
        return []
    found = find_elemental(text)
    return [f for f in found if not any(f.start < s.end and s.start < f.end for s in subjects)]


def _gaps(text: str, subjects: list[Subject]) -> list[str]:
    """The words between a material and an element named beside it."""
    elements = list(_ELEMENTAL.finditer(text))
    return [
        text[min(m.end(), s.end) : max(m.start(), s.start)]
        for m in elements
        for s in subjects
        if m.end() <= s.start or s.end <= m.start()
    ]


_HOST = re.compile(
    r"(?i)(?:for|with|in|of|f\.|host|dissolv\w+|electrolytes?|plus|\+|/)\s*(?:\w+\s+)?$"
)


_UNWANTED = re.compile(
    r"(?i)\b(?:no|without|not (?:contain|a|use)|free of|ohne|contain(?:s|ing)? no|kein\w*|"
    r"avoid\w*)\s*$"
)


_SALT_TO_BEAT = re.compile(
    r"(?i)like|similar|than|replac\w+|instead of|from|variants? of|between|and\s*$"
)


def _kept(subjects: list[Subject], intent: str, text: str) -> tuple[str, ...]:
    kept = []
    for subject in subjects:
        lead = text[max(0, subject.start - 25) : subject.start]
        if intent == "design" and _UNWANTED.search(lead):
            continue
        if intent == "design" and subject.kind == "salt" and not _SALT_TO_BEAT.search(lead):
            continue
        kept.append(subject.text)
    return tuple(dict.fromkeys(kept))
