# ruff: noqa: E501  patterns and word lists: one entry after another reads best on long lines
"""Which of the intents a request has, and which domain, by the words that say so."""

from __future__ import annotations

import re
from itertools import pairwise

from .lexicon import domain_patterns, lexicon
from .subjects import Subject


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w])(?:{'|'.join(patterns)})(?![\w])", re.IGNORECASE)


_EXPLAIN = _words(
    "why", "y (?:does|do|is|are)", "how come", "how does", "how do(?! (you|i|they|the|[A-Z]\\w+ and))", "what makes", "explain", "elucidate",
    "the mechanism", "what is the reason", "what's behind", "what is behind", "reason (that|why|for)",
    "warum", "wieso", "weshalb", "wie kommt es", "was macht", "erklär\\w*", "erläuter\\w*", "what causes",
    "what happens", "how can it be", "wodurch", "woran liegt", "what explains", "help me understand",
    "how is it that", "what (?:\\w+ ){0,2}is it about", "what (?:lets|allows|keeps|gets|stops|prevents)", "in what way", "how exactly", "what limits", "what governs", "what determines",
)  # fmt: skip
_COMPARE = _words(
    "compar\\w+", "versus", "vs\\.?", "contrast", "vergleich\\w*", "which (of|has|is|one|swells|conducts|"
    "gives|would|shows|offers|melts|boils|oxidi\\w+|anode|cathode|material|solvent|salt|polymer|electrolyte|additive)",
    "of (?:the|these|those) two", "which (?:\\w+ ){0,2}(?:survives|tolerates|withstands|resists|stores|holds|carries|lasts|flows|freezes|wins|delivers|expands|breaks|reduces|moves|boasts|wins out)",
    "head[- ]to[- ]head", "side by side", "side-by-side", "against", "(?:höhere|niedrigere|größere|geringere|kleinere|bessere|mehr|weniger)\\w* .{0,80}oder", "difference between", "differ\\w*", "better than", "or .{0,60}\\bwhich", "gegenüber\\w*", "welche[rs]?",
    "rank", "(?:larger|bigger|smaller|greater|better|faster) .{0,40}than", "higher .{0,40} than", "lower .{0,40} than", "more .{0,30} than", "less .{0,30} than", "besser", "between .+ and .+ which", "how do .+ and .+ compare",
)  # fmt: skip
_LOOKUP = _words(
    "literature", "lit\\.?", "reported", "published", "known", "measured", "papers?", "handbook", "on record",
    "look ?up", "what is", "what's", "whats", "what are", "what was", "what were", "how (large|big|thick|dense|viscous|high|wide|heavy|low) is",
    "how high are", "tell me the", "experimental\\w*", "literatur\\w*", "bekannt\\w*", "veröffentlicht\\w*",
    "gemessen\\w*", "was ist", "wie (hoch|groß|dick|dicht) (ist|sind)", "wie lautet", "reference value", "database", "again\\?", "cite\\w*", "source",
    "state of knowledge", "which .{0,40} (papers|reports?|measured)", "find out", "wie viel", "do we know", "data on", "values? (of|for)", "what does .{1,60} have",
    "what do .{1,40} (say|give|report)", "berichtet\\w*", "publiziert\\w*", "value", "remind me", "lmk", "wat is", "wats",
)  # fmt: skip
PREDICTS = _words(
    "predict\\w*", "estimat\\w*", "compute", "comput(es|ing)", "calculat\\w*", "forecast", "evaluate", "calc", "work out",
    "vorhersag\\w*", "vorhersage", "sag\\w* .{1,140} (vorher|voraus)", "schätz\\w*", "berechn\\w*", "abschätz\\w*", "prognos\\w*",
    "(is|are|ist|sind) .{1,60}\\bstabi?le?", "how stable", "how stabil", "infer", "model'?s? (value|guess)", "ist \\S+ stabil", "are \\S+ .{0,20}stable", "run the predictor\\w*",
)  # fmt: skip
WOULD = _words(
    "would(?! (?:do|like|love|make|suit|help|be (?:great|nice|enough|plenty|lovely)))",
    "expect\\w*",
    "guess",
    "wäre\\w*",
    "würde\\w*",
)
_SIMULATE = _words(
    "simulat\\w*", "sim", "simulier\\w*", "molecular dynamics", "molekulardynamik", "MD", "AIMD", "NVT", "NPT", "run .{0,60}dischar\\w*",
    "discharg\\w* .{0,60}\\d ?C", "discharg\\w* .{0,60}C/\\d+", "\\d ?C\\b.{0,40}discharg\\w*", "entlad\\w+ .{0,60}\\d ?C", "rate test", "DFN", "P2D", "single particle model",
    "md run", "run \\d+(?:[.,]\\d+)? ?C\\b", "run C/\\d+", "entladung\\w*", "molecular-dynamics", "cycle (a|the|my) cell", "run (?:an?|the|my|this) .{0,30}cell",
)  # fmt: skip
_MEASURE = _words(
    "characteri[sz]e\\w*", "measure", "quantify", "analy[sz]e\\w*", "analysier\\w*", "bestimm\\w*", "miss", "messen", "vermiss\\w*", "uploaded", "attached",
    "hochgeladen\\w*", "angehängt\\w*", "extract", "segment\\w*", "charakterisier\\w*", "quantifizier\\w*", "ausmessen", "accompanying", "evaluate", "auswerten", "werte",
)  # fmt: skip
_DESIGN = _words(
    "find", "suggest\\w*", "propos\\w*", "generat(e|es|ed|ing)", "design", "invent", "give me", "gimme", "make (me|a|some|us|new|synthetic|\\d+|four|three|five|ten)", "i need", "we need", "need", "needed",
    "looking for", "look for", "looking 4", "search(ing)? for", "sought", "recommend", "sample", "create", "screen", "candidates?", "come up with", "discover", "wanted",
    "want", "i'd (like|love)", "dream up", "produce\\w*", "brainstorm", "suche", "such mir", "such\\w*", "gesucht", "finde", "schlag\\w*", "vorschl\\w*", "erzeug\\w*", "generier\\w*", "entwirf\\w*",
    "entwickel\\w*", "brauche?n?", "gib mir", "nenne", "design\\w*", "identif\\w+", "develop\\w*", "wish", "required", "requir(e|es|ement)", "show me", "get me", "hunt\\w*", "decode", "anything", "any chance of", "treat me to", "build",
    "draw up", "list", "replace\\w*", "alternatives?", "optimi[sz]e", "must", "should", "like .{1,40} but", "analog\\w*", "derivatives?", "relatives? of", "similar", "variants?", "ideas?", "möchte\\w*", "want(s)? to have", "some", "who can make", "is there (a|an|any)", "are there (any|some)", "do you (have|know) (a|an|any)",
)  # fmt: skip
_HELP = _words(
    "what can you do", "who are you", "help me out", "manual", "how do i use", "what do you do", "was kannst du", "wie benutze ich", "hilfe", "commands?", "instructions", "tutorial", "how do i upload",
    "how does this work", "what are you", "how can you help", "what can i ask", "was können sie", "your (features|capabilities|functions)", "anleitung", "get started", "what is this (tool|program|thing)",
)  # fmt: skip
_OUTSIDE = _words(
    "solar cells?", "photovoltaic\\w*", "absorber", "steel", "concrete", "logo", "haiku", "poem", "football", "recipe", "weather", "stock", "translate", "thermoelectric\\w*", "led", "laser\\w*", "catalysts?",
    "fuel cells?", "wind turbine\\w*", "superalloys?", "turbine\\w*", "paint", "drug", "protein", "vaccine", "election", "olympics?", "capital of", "movie", "song", "bakery", "fertili[sz]er", "wetter",
)  # fmt: skip
FIELD = _words(
    "batter\\w+", "cathod\\w*", "anod\\w*", "electrol\\w*", "elyte", "solvents?", "additives?", "polymers?", "repeat units?", "tomogra\\w*", "microstructur\\w*", "SEI", "CEI", "\\w*kathode\\w*", "\\w*anode\\w*",
    "\\w*batterie\\w*", "\\w*akku\\w*", "\\w*elektro\\w+", "monomers?", "dendrites?", "separators?", "electrodes?", "lithiation", "salts?", "solid-state", "superionic\\w*", "LIBs?", "NIBs?", "thermal runaway", "interphases?",
    "m?Ah ?/ ?(?:g|cm3|kg|l)", "k?Wh ?/ ?(?:kg|l)", "m?S/cm", "layered oxides?", "ion exchange", "intercalation", "ionic", "garnets?", "spinels?", "argyrodites?", "olivines?", "polyanion\\w*", "conductors?", "coin cells?", "pouch cells?", "lösungsmittel\\w*", "cath", "porosity", "tortuosity", "slicegan", "\\w*elektrolyt\\w*",
)  # fmt: skip


def read_intent(text: str, subjects: list[Subject], *, properties: int, targets: bool) -> str:
    """The intent of a harmless request.

    `text` is cleaned; `properties` counts the property words; `targets` says whether any of them
    (or a unit) carries a number.
    """
    materials = [s for s in subjects if s.kind != "file" and not is_in_medium(s, text)]
    in_field = bool(
        materials or FIELD.search(text) or _image(subjects) or properties or _names_domain(text)
    )
    if _is_help(text, bool(materials), properties, in_field):
        return "help"
    design = _DESIGN.search(text)
    if (_image(subjects) or shows_image(text)) and not _IMAGINES.search(text):
        return "characterize"
    if _SIMULATE.search(text) and not _IMAGINES.search(text):
        return "simulate"
    if len(materials) >= 2 and properties and _SIDE_BY_SIDE.search(text):
        return "compare"
    if _EXPLAIN.search(text) and not (targets and design):
        return "explain"
    if (
        len(materials) >= 2
        and (_COMPARE.search(text) or _either(text, materials))
        and not _asks_new(text, targets)
    ):
        return "compare"
    asks = properties and not targets and not _names_domain(text)
    if asks and not materials and PREDICTS.search(text):
        return "predict"
    if asks and materials and not (design or PREDICTS.search(text) or WOULD.search(text)):
        return "lookup"
    return _design_or_question(text, materials, targets)


def _either(text: str, materials: list[Subject]) -> bool:
    """ "A or B?" with two materials."""
    pairs = pairwise(materials)
    asked = "?" in text or re.match(
        r"(?i)\W*(?:is|are|does|do|which|what\w*|wat|ist|hat|was)\b", text
    )
    return bool(asked) and any(
        re.fullmatch(r"(?i)\W*(?:or|oder)\W*", text[a.end : b.start]) for a, b in pairs
    )


_MEDIUM = re.compile(r"(?i)\b(?:for|in|with|f\.|für|mit)\s+(?:\d+ ?M )?$")


def is_in_medium(subject: Subject, text: str) -> bool:
    """A salt inside an electrolyte is not a material that the question is about."""
    return subject.kind == "salt" and bool(_MEDIUM.search(text[: subject.start]))


def _design_or_question(text: str, materials: list[Subject], targets: bool) -> str:
    if materials and not _asks_new(text, targets):
        told = re.search(r"\b(reported|published|literature)\b", text, re.I)
        if not told and (PREDICTS.search(text) or (WOULD.search(text) and _open(text, targets))):
            return "predict"
        if _LOOKUP.search(text) or (re.search(r"\?\s*$", text.strip()) and not targets):
            return "lookup"
    if re.search(
        r"\b(what|which|how)\b.*\b(reported|published|known|measured|papers|literature)\b",
        text,
        re.I,
    ):
        return "lookup"
    return "design"


def _asks_new(text: str, targets: bool) -> bool:
    return _makes(text) or bool(_DESIGN.search(text) and (targets or _NEW.search(text)))


def _open(text: str, targets: bool) -> bool:
    """Whether "would" asks for a value rather than for something new."""
    return not targets or bool(re.search(r"(?i)^\W*(?:how|what|wie|would|and)\b|\?", text))


_NEW = _words(
    "like", "similar", "but", "alternatives?", "variants?", "than", "from", "between", "replac\\w*", "beats?", "something", "such as", "instead", "wie", "ähnlich\\w*", "als", "around",
    "candidates?", "additives?", "solvents?", "cathodes?", "anodes?", "polymers?", "repeat units?", "monomers?", "electrolytes?", "easy",
)  # fmt: skip


_IMAGINES = _words(
    "generate", "make (me|a|some|synthetic|new|us|\\d+|two|three|four|five|ten)", "create", "design", "propose", "suggest", "sample", "synthetic", "erzeuge\\w*", "generiere\\w*", "invent", "look-alikes?", "entwirf", "draw up", "super-?\\s?res\\w*", "higher? resolution version", "upscale\\w*",
)  # fmt: skip
_SIDE_BY_SIDE = _words(
    "compare",
    "compar\\w+",
    "versus",
    "vs\\.?",
    "contrast",
    "vergleiche?",
    "side by side",
    "head[- ]to[- ]head",
)


def _makes(text: str) -> bool:
    return bool(_MAKES.search(text))


_MAKES = _words(
    "generate", "make me", "suggest", "propose", "design (?!of)", "come up with", "find me", "invent", "create", "make (a|some|synthetic|new|me|us|\\d+)", "gimme", "give me (variants|an?(?! (?:estimate|prediction|guess|value|number|rough))|some|three|two|four|five|ten|\\d+|new)", "erzeuge\\w*", "generiere\\w*",
    "schlag\\w*", "looking for", "look for", "such mir", "ich suche", "suche", "sample", "dream up", "entwirf", "synthetic", "similar \\w+ ?\\w*", "can you find", "could you find( me)?", "entwickle", "i need(?! (?:an? (?:prediction|estimate|value|number)|the |to know))", "find", "i want", "wanted(?!:? (?:outputs?|fields?|properties|quantities|values?))", "we need", "i'd (love|like)",
)  # fmt: skip


def _is_help(text: str, materials: bool, properties: int, in_field: bool) -> bool:
    if _HELP.search(text) and not (materials and properties):
        return True
    if _OUTSIDE.search(text) and not materials and not FIELD.search(text):
        return True
    return not in_field


def _names_domain(text: str) -> bool:
    return any(p.search(text) for name, p in domain_patterns().items() if name != "cell")


def _image(subjects: list[Subject]) -> bool:
    endings = "|".join(lexicon()["subjects"]["images"])
    return any(re.search(rf"\.(?:{endings})$", s.text, re.I) for s in subjects if s.kind == "file")


def shows_image(text: str) -> bool:
    """Whether something is to be measured on an image that is shown."""
    shown = _words(
        "tomogra\\w*",
        "slices?",
        "images?",
        "scans?",
        "stack",
        "volume",
        "bild",
        "aufnahme",
        "SEM",
        "mikrostruktur",
        "micrograph",
    )
    return bool(_MEASURE.search(text) and shown.search(text))


_ORDER = ("polymer_electrolyte", "additive", "interphase", "microstructure", "solid_electrolyte",
          "liquid_electrolyte", "cathode", "anode")  # fmt: skip


def read_domain(text: str, intent: str, subjects: list[Subject]) -> str | None:
    """The domain that a word of the request names, null if none does."""
    found = {name: m.start() for name, p in domain_patterns().items() if (m := p.search(text))}
    if intent == "simulate" and "cell" in found and not _MD.search(text):
        return "cell"
    found.pop("cell", None)
    if re.search(r"(?i)\b(psmiles|poly)", text) is None and any(
        s.kind == "smiles" and "*" in s.text for s in subjects
    ):
        found.setdefault("polymer_electrolyte", -1) if intent == "design" else None
    if not found and intent == "characterize" and (_image(subjects) or shows_image(text)):
        return "microstructure"
    if "solid_electrolyte" in found or "polymer_electrolyte" in found:
        found.pop("liquid_electrolyte", None)
    if "additive" in found:
        found.pop("liquid_electrolyte", None)
    if re.search(r"(?i)solid electrolyte interphase", text):
        found.pop("solid_electrolyte", None)
    if "additive" in found and intent == "design":
        found.pop("interphase", None)
    if "microstructure" in found and intent in ("design", "characterize"):
        found.pop("cathode", None)
        found.pop("anode", None)
    if "interphase" in found and intent in ("characterize", "explain", "lookup"):
        return "interphase"
    if not found and re.search(
        r"(?i)\b(?:argyrodites|garnets|anti-?perovskites|nasicons|superionic)\b", text
    ):
        return "solid_electrolyte"
    return min(found, key=lambda name: (found[name], _ORDER.index(name))) if found else None


_MD = _words("MD", "molecular[- ]dynamics", "AIMD", "NVT", "NPT", "molekulardynamik")
