# ruff: noqa: E501  word lists: one entry after another reads best on long lines
"""Questions for a value of a named material, whatever their form, are looked up.

Both readers learned tidy questions. A value is asked for in many ways more ("water mp", "LFP sits at
which voltage?", "LiF has a gap above 10 eV, right?"), and all of them name a material and a
property, and nothing that should be made.
"""

from __future__ import annotations

import re

from ionwright.knowledge.records import Goal, Target
from ionwright.knowledge.store.words import STOPWORDS
from ionwright.knowledge.vocabulary import property_of

from .intents import PREDICTS, WOULD, is_in_medium, shows_image
from .known import find_known
from .phrases import narrowed, told_properties
from .quantities import find_amounts
from .rules import find_elemental, read_by_rules
from .spelling import corrected
from .subjects import Subject, find_subjects
from .targets import find_properties
from .text import unspoken

_LONGEST_NOTE = 12  # words of "LLZO sigma at RT" and the like


def as_asked(text: str, goal: Goal, rules: Goal) -> Goal:
    """The goal, as a lookup where the text asks for a value of a named material.

    Args:
        text: the cleaned request.
        goal: what both readers make of it.
        rules: what the rules read.
    """
    if goal.intent == "refuse" or rules.generator or goal.domain == "interphase":
        return goal
    text = corrected(text, [(s.start, s.end) for s in named_things(text)])
    things = named_things(text) or _tagged(text, goal)
    keys = asked_properties(text, things)
    if not things or not keys or any(s.kind == "file" for s in things):
        return goal
    if goal.intent == "lookup":
        return _completed(goal, text, things, keys)
    if not _asks_value(text, things, goal, rules):
        return _completed(goal, text, things, keys) if goal.intent == "predict" else goal
    read = read_by_rules(text, "lookup")
    if read.intent != "lookup":
        return goal
    return read.model_copy(
        update={"subjects": _written(text, things), "targets": _reported(keys, read)}
    )


def _completed(goal: Goal, text: str, things: list[Subject], keys: list[str]) -> Goal:
    """A question with what it lacks: the material, or the property."""
    written = _written(text, things)
    told = [s for s in goal.subjects if not STOPWORDS & set(s.casefold().split())]
    whole = [next((w for w in written if s in w), s) for s in told]
    goal = goal.model_copy(update={"subjects": tuple(dict.fromkeys(whole)) or written})
    read = [t.property for t in goal.targets]
    if not set(read) & set(keys) or narrowed(read, keys) != read:
        keys = narrowed(read, keys) if set(read) & set(keys) else keys
        goal = goal.model_copy(update={"targets": _reported(keys, goal)})
    return goal


def _tagged(text: str, goal: Goal) -> list[Subject]:
    """The materials that the network marked, where no list or pattern knows one."""
    places = [(text.find(s), s) for s in goal.subjects]
    return [Subject(at, at + len(s), s, "name") for at, s in places if at >= 0 and len(s) > 2]


def _written(text: str, things: list[Subject]) -> tuple[str, ...]:
    """The materials asked about; a salt inside an electrolyte only where it is the only one."""
    free = [s.text for s in things if not is_in_medium(s, text)]
    return tuple(dict.fromkeys(free or [s.text for s in things]))


def _reported(keys: list[str], goal: Goal) -> tuple[Target, ...]:
    material = goal.domain if goal.domain == "microstructure" else None
    return tuple(
        Target(property=key, op="report", unit=property_of(key).unit_for(material)) for key in keys
    )


def named_things(text: str) -> list[Subject]:
    """Particular materials by form and by name; of those that overlap the longest."""
    found: list[Subject] = []
    both = [*find_subjects(text), *find_known(text)] or find_elemental(text)
    for subject in sorted(both, key=lambda s: s.start - s.end):
        if not any(subject.start < s.end and s.start < subject.end for s in found):
            found.append(subject)
    return sorted(found, key=lambda s: s.start)


def asked_properties(text: str, things: list[Subject]) -> list[str]:
    """The properties that words outside the names tell of: named, else by a phrase or unit."""
    bare = unspoken(text, [(s.start, s.end) for s in things])
    told = told_properties(bare)
    named = list(dict.fromkeys(m.key for m in find_properties(bare)))
    return narrowed(named, told) if named else told


_NEW = re.compile(
    r"(?i)\b(?:new|novel|design\w*|suggest\w*|propos\w*|generat\w*|invent\w*|create|come up|alternatives?|replac\w*|instead|similar|analog\w*|"
    r"derivatives?|relatives?|variants?|candidates?|anything|something|ideas?|recommend\w*|screen\w*|optimi[sz]\w*|outperform\w*|looking for|i want an?|we need|"
    r"(?:should|must) (?:have|show|reach|withstand|be (?:free|at least|above|below|under|stable))|suche|such mir|gesucht|neue\w*|vorschl\w*|schlag\w*|erzeug\w*|entwirf|ähnlich\w*|brauche? ein\w*|brainstorm|wanted|dream up|"
    r"sth|(?:beats?|like|before|b4|ahead of|prior to|vor|wie|between|near|(?:than|als)(?: that of| the \w+ of)?) §|substitut\w+|doping|dopants?|could you find|can you find|find me)(?![\w])"
)
_KIND = (
    r"(?:(?:cathode|anode|electrolyte|solvent|additive|salt|polymer|material|compound|conductor|composition|diluent|binder|monomer|garnet|argyrodite|"
    r"sulfide|oxide|halide|repeat unit|kathode|anode|elektrolyt|additiv|salz|lösungsmittel|zusatz)(?:s|n|e|en)?)"
)
_ONE_OF_MANY = re.compile(
    rf"(?i)(?<!as )(?<!als )(?<!for )(?<!für )(?<!in )(?<!§ )(?:^|(?<=\W))"
    rf"(?:(?:an?|any|some|which|what|more|other|welche\w*|ein\w*|\d+(?! [VAK] )|two|three|four|five|six|seven|eight|nine|ten|twelve|dozen|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf) )(?:(?!(?:as|als|of|for|in|is|are|has|does|do|hat|ist) )[\w-]+ ){{0,3}}{_KIND}(?!\w)|"
    rf"{_KIND} (?:that|which|who|whose|with|mit)(?!\w)|\b(?:find|need|list|suche) (?:[\w-]+ ){{0,3}}{_KIND}(?!\w)"
)
_WHY = re.compile(
    r"(?i)\b(?:why|how come|explain\w*|reason|mechanism|what makes|warum|wieso|weshalb|depend\w*|behind|secret|comes? from|origin\w*|role|go|goes|same|influenc\w*|affect\w*|erklär\w*)\b"
)
_ASKS = re.compile(
    r"(?i)\b(?:what|what's|whats|which|how|hows|where|wher|when|wie|wieviel|was|welche\w*|wo|wann|wat|wats|tell|give|state|quote|report|name|note|check|read out|"
    r"specify|list|look(?:ing)? ?up|say|inform|learn|remind|know|number|value|score|nenn\w*|sag\w*|gib|get|fetch|show|find|wonder\w*|curio\w*|remember|forg[eo]t\w*|need|literature|published|reported|measured|please|plz|pls|bitte)\b|\?\s*$"
)
_CLAIMED = re.compile(
    r"(?i)\b(?:is|are|does|do|can|has|have|did|was|ist|sind|hat|kann|leitet|liegt|surely|really|wirklich|said to|claim\w*|supposed\w*|heard|true|angeblich|rumou?r\w*)\b[^?]*§|"
    r"§[^?]*\b(?:really|said to|claim\w*|supposed\w*|right|true|correct|isn't|doesn't|don't|aren't|oder|nicht wahr|stimmt|no|is that so|angeblich)\b[^?]*\?"
)
_POSES = re.compile(
    r"(?i)\b(?:is there|are there|does anyone make|gibt es|do you have|have you got|got any)\b"
)
_MODELLED = re.compile(
    r"(?i)\b(?:models?|surrogate|network|ballpark|money|relax\w*|force field|(?<!synthetically )stable|stabil|if you|come out|prediction|modells?|would be if)\b"
)
_POLITE = re.compile(
    r"(?i)\b(?:i|we|it|you) would\b|\bwould (?:you|it|be (?:grateful|kind|so kind))\b"
)
_TOLD = re.compile(
    r"(?i)\b(?:look(?:ed)? ?up|literature|reported|published|measured|in print|literatur|experiment\w*|handbook|on record)\b"
)
_BESIDE = re.compile(
    r"(?i)\b(?:compar\w*|contrast\w*|versus|vs\.? [A-Z]|more|higher|lower|less|stack|between|against|vergleich\w*|gegenüber|oder|or)\b"
)
_HOW_MUCH = re.compile(
    r"(?i)\b(?:how (?:much|many|well|fast|quickly|high|large|big|thick|dense|viscous|low|stiff|wide|far)|wie ?viele?|wie (?:hoch|groß|gut|schnell|dick|dicht|stark)|"
    r"(?:what|which|welche\w*) (?:[\w-]+ ){0,2}¤|what(?:'s| is| are| was)|was (?:ist|sind)|where (?:is|does|do)|wo liegt|when does|ab wann|(?:at|up to|bei|bis zu) (?:what|which|welche\w*))(?!\w)"
)
_OF = re.compile(r"^\W*(?:[\w-]+ ){0,4}¤ (?:of|for|in|von|bei) (?:[\w-]+ ){0,3}§")
_MADE = re.compile(
    r"(?i)\b(?:simulat\w*|md run|discharg\w+ .{0,40}\d ?C\b|run\b|uploaded|attached)"
)


def _asks_value(text: str, things: list[Subject], goal: Goal, rules: Goal) -> bool:
    """Whether the words ask for what is known of the things, not for something to be made."""
    marked = _marked(text, things)
    if goal.intent == "help":
        return bool(_ASKS.search(marked) or _CLAIMED.search(marked) or _is_note(text, things))
    makes = any(p.search(marked) for p in (_NEW, _ONE_OF_MANY, _POSES))
    if makes and goal.intent in ("design", "compare"):
        return False
    asks = _ASKS.search(marked) or _is_note(text, things)
    match goal.intent:
        case "predict":
            return bool(asks or _CLAIMED.search(marked)) and not _is_modelled(text)
        case "explain":
            return rules.intent != "explain" and not _WHY.search(text)
        case "compare":
            sole = len(_written(text, things)) < 2 and not _BESIDE.search(text)
            return sole and rules.intent != "compare"
        case "simulate" | "characterize":
            made = _MADE.search(text) or shows_image(text)
            return bool(asks) and rules.intent != "simulate" and not made
    bounded = any(t.op not in ("report", "max", "min") for t in (*goal.targets, *rules.targets))
    certain = (
        _is_note(text, things)
        or _HOW_MUCH.search(marked)
        or _CLAIMED.search(marked)
        or _OF.search(marked)
    )
    return bool(certain if bounded else asks)


def _marked(text: str, things: list[Subject]) -> str:
    """The text with a sign in the place of each material, and another for each property."""
    bare = unspoken(text, [(s.start, s.end) for s in things])
    spans = [(s.start, s.end, "§") for s in things]
    spans += [(m.start, m.end, "¤") for m in find_properties(bare)]
    for start, end, sign in sorted(spans, reverse=True):
        text = f"{text[:start]}{sign}{text[end:]}"
    return text


def _is_note(text: str, things: list[Subject]) -> bool:
    """A few words without a number to be met: "LLZO sigma at 298 K"."""
    bare = unspoken(text, [(s.start, s.end) for s in things])
    valued = any(a.unit not in ("", "K", "C", "degC") for a in find_amounts(bare))
    return len(text.split()) <= _LONGEST_NOTE and not valued


def _is_modelled(text: str) -> bool:
    """Whether a prediction is what is asked for, and not only what nobody said was known."""
    told = _POLITE.sub(" ", text)
    modelled = any(p.search(told) for p in (PREDICTS, _MODELLED, WOULD))
    return modelled and not _TOLD.search(text)
