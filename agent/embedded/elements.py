# ruff: noqa: E501  patterns and word lists: one entry after another reads best on long lines
"""Elements that a material must or must not contain, and the working ion."""

from __future__ import annotations

import re
from functools import cache

from ionwright.knowledge.vocabulary import ELEMENTS, WORKING_IONS

from .lexicon import class_elements, element_names, lexicon, symbol_of

_NAMES = "|".join(sorted(element_names(), key=len, reverse=True))
_CLASSES = "|".join(sorted(class_elements(), key=len, reverse=True))
_SYMBOLS = "|".join(sorted(ELEMENTS, key=len, reverse=True))
_LOWER = "co|ni|mn|fe|cu|cr|ti|zn|mg|al|na|li|ge|sn|sb|pb|cd|nb|zr|ta|la|si|se|cl|br|te|mo"
# an element or a class, as one word; symbols with their case, names without
ONE = rf"(?:(?i:{_NAMES})|(?:{_SYMBOLS})|(?i:halogene?n?s?|halides?)|(?i:(?:{_CLASSES})(?:e|s)?)|{_LOWER})"
_FILLER = r"(?:(?i:any|the|a|an|its|of|toxic|poisonous|expensive|critical|costly|scarce|rare|heavy|pricey|nasty|conflict|harmful|carcinogenic|element|elements|metals?|some|definitely|giftiges?|teures?|lots|plenty|atoms?|even|traces?|both|either|such|as|like|plus|little|much|metallic|elemental)\s+)*"
_JOIN = r"\s*(?:,\s*(?:(?i:and|or|nor|und|oder|noch)\s+)?|/|&|\+|;\s*(?:no\s+)|\s(?i:and|or|nor|und|oder|noch|neither|as well as|sowie)\s+)\s*(?:(?i:no|without|kein|keine?n?|ohne|with)\s+)?"
LIST = rf"{_FILLER}(?<!\w){ONE}(?!\w)(?:{_JOIN}{_FILLER}(?<!\w){ONE}(?!\w|-free|-frei))*"

_NOT = r"(?i:\b(?:no|not any|without|w/o|w/out|excluding|exclud(?:e|es|ed|ing)|avoid(?:s|ing)?|free of|free from|free off|devoid of|lacking|lacks|minus|sans|never|neither|nor|nothing with|not contain(?:ing|s)?|(?:do|does|should|must|may|can)(?:es)?(?: ?n[o']t|not) (?:contain|include|have|use|need)|(?:don'?t|doesn'?t|mustn'?t|shouldn'?t|can'?t|cannot) (?:contain|include|have|use|need)|not (?:contain|include|have|use)|instead of|not allowed:?|excluded(?: elements?)?|skip|ban(?:ned|s)?|forbidden|leave out|leaving out|keep out|rule out|stay away from|anything but|everything but|all but|barring|no trace of|steer clear of|not based on|contain(?:s|ing)? (?:no|neither)|but not|not an?|isn't an?|not|rather than|other than|apart from|except(?: for)?|besides|non-|ohne|nicht mit|darf kein\w*|keinerlei|kein(?:e|en|er|em|erlei)?|frei von|nicht|weder|vermeide\w*|ausschlie\w+|ausgenommen|außer)(?:\b|(?<=-)))\s*:?\s*(?:(?i:to|contain(?:s|ing)?|include|with|any|of|use|on|enthalten)\s+)*"
_EXCLUDED_AFTER = rf"(?<!\w)(?:{ONE}(?!\w)(?:\s*[,/&]\s*|\s+(?i:and|or|und|oder)\s+)?(?:-\s*(?:,\s*)?(?:(?i:and|und|or|oder)\s+)?)?)*(?<!\w){ONE}[- ]?(?i:free|frei(?:e|en|er|es)?|less|los)(?!\w)"
_HAVE = r"(?i:(?:(?<!\w)w/|(?<!\w)w(?=\s)|\b(?:with|contain(?:s|ing)?|includ(?:es|e|ing)|incorporat(?:es|e|ing)|has(?: got)?(?: to have)?|have|having|built (?:on|around|from)|based (?:on|around)|made (?:of|from|with)|must (?:have|contain|include|be an?)|should (?:have|contain|include|be an?)|rich in|comprising|keep|doped with|use|uses|using|mit|enthält|enthalten|aus|auf basis von|basierend auf)\b))\s*:?\s*"
_BASED = rf"(?<!\w)(?:{ONE}(?:-?\s?[,&]\s?|[/-]|\s+(?i:and|und)\s+|-?\s(?i:and|und)\s))*{ONE}[- ]?(?i:based|rich|containing|bearing|doped|haltig(?:e|en|er|es)?|reich(?:e|en|er|es)?|basiert(?:e|en|er|es)?|basis|substituted)(?!\w)"
_INSIDE = rf"(?<!\w)({ONE})(?!\w)\s+(?:(?i:definitely|must be|somewhere|has to be|should be|is)\s+)?(?i:in it|in there|inside|drin|in the (?:structure|lattice|framework|composition|formula)|present|somewhere)"
_YES = rf"(?<!\w)({ONE})\s*(?::|=)?\s*(?i:yes|ja|required|mandatory)(?!\w)"
_NEVER = rf"(?<!\w)({ONE})\s*(?::|=)?\s*(?i:no(?!\s*(?:\w+[- ]){{0,2}}{ONE})|nein|none|forbidden|excluded|verboten|not allowed|prohibited)(?!\w)"
_OF_ROLE = rf"(?<![\w-])(?P<elements>(?i:{_NAMES})(?:(?:\s?[,/-]\s?|\s(?i:and|or|und|oder)\s)(?i:{_NAMES}))*)[- ](?:(?i:alloy|metal|layered|spinel|oxide)[- ])*(?i:cathodes?|anodes?|electrolytes?|kathoden?|anoden?|spinels?|perovskites?|solid electrolytes?)(?!\w)"
_REPLACED = rf"(?<!\w)({ONE}(?:\s(?i:and|und|&)\s{ONE})*)(?!\w)\s+(?:is |are |ist |sind |be |to be |being |has been |should be |must be |(?i:has to |must |should |shall |to )?)?(?i:stays? (?:out|away)|remains? out|kept out|(?:is|are)(?:n't| not) (?:tolerated|allowed|wanted|welcome|acceptable|permitted|an option|okay|ok|desired)|isn't(?=\s*(?:[.,;!)]|$))|aren't(?=\s*(?:[.,;!)]|$))|replaced|swapped|substituted|ersetzt|removed|taken out|left out|off the table|an? (?:absolute )?no-?go|out(?: of the question)?\b|taboo|tabu|unwelcome|unwanted|not (?:welcome|wanted|allowed|an option|acceptable|okay|ok|permitted)|no option|banned|forbidden|verboten|unerwünscht|ausgeschlossen|nicht erlaubt|tabu)"
_OUT = rf"(?i:\b(?:leav(?:e|ing)|keep(?:ing)?|tak(?:e|ing)|cut(?:ting)?|lass\w*))\s+{LIST}\s+(?i:out|weg|away)\b"
_ALL_OUT = rf"(?<!\w){ONE}(?!\w)[^.;!?]{{1,80}}(?i:\b(?:leave|keep|avoid|skip|rule)\s+(?:both|them|these|those|it|either|all)\b)"
_CLASS_WORD = rf"(?<![\w-])(?i:(?:{_CLASSES}))(?i:s|e|en|ic|ische?r?|-type|-based)?(?![\w])"
_COMPOUND = rf"(?<!\w)(?i:({_NAMES}))[- ]?(?i:({_CLASSES}))(?i:s|e|n)?(?!\w)"


def excluded_elements(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """Elements that must not be in the material, and the places in the text that say so."""
    symbols, spans = [], []
    for pattern in (
        _pattern(_OUT),
        _pattern(_ALL_OUT),
        _pattern(_EXCLUDED_AFTER),
        _pattern(_NOT + LIST),
        _pattern(_NEVER),
        _pattern(_REPLACED),
    ):
        for match in pattern.finditer(text):
            found = elements_in(match.group())
            if found:
                symbols += found
                spans.append(match.span())
    return _unique(symbols), spans


_MAY = re.compile(r"(?i)\b(?:may|can|could|might|darf|kann|könnte)\s+(?:also\s+)?$")


def required_elements(text: str) -> list[str]:
    """Elements that must be in the material; the text has its exclusions blanked out."""
    text = _ion_words().sub(lambda m: " " * len(m.group()), text)
    text = re.sub(r"\((?:Li|Na|K|Mg|Ca|Zn|Al),", lambda m: " " * len(m.group()), text)
    symbols: list[str] = []
    for match in re.finditer(rf"(?i)\b({_NAMES})-?basis\b", text):
        symbols += elements_in(match.group(1))
    for pattern in (_pattern(_BASED), _pattern(_HAVE + LIST), _pattern(_INSIDE), _pattern(_YES)):
        for match in pattern.finditer(text):
            if not _MAY.search(text[: match.start()]):
                symbols += elements_in(match.group())
    for match in _pattern(_OF_ROLE).finditer(text):
        symbols += elements_in(match.group("elements"))
    for match in _pattern(_COMPOUND).finditer(text):
        symbols += [*elements_in(match.group(1)), *_class_of(match.group(2))]
    for match in _pattern(_CLASS_WORD).finditer(text):
        symbols += _class_of(match.group())
    return _unique(symbols)


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def elements_in(words: str) -> list[str]:
    """The symbols of all elements and classes named in these words, in order."""
    symbols: list[str] = []
    for word in re.findall(r"[A-Za-zäöüß]+", words):
        lowered = word.lower()
        group = next((g for g in lexicon()["groups"] if lowered.startswith(g)), None)
        ending = re.fullmatch(
            rf"({_NAMES})(frei|haltig|reich|basiert|basis|free|less|los)\w*", lowered
        )
        if group:
            symbols += lexicon()["groups"][group]
        elif ending:
            symbols.append(element_names()[ending.group(1)])
        elif symbol := symbol_of(word):
            symbols.append(symbol)
        elif re.fullmatch(rf"(?:{_CLASSES})(?:e|s|en|ic|isch\w*|frei\w*|haltig\w*)?", lowered):
            symbols += _class_of(lowered)
    return symbols


def _class_of(word: str) -> tuple[str, ...]:
    lowered = word.lower()
    best = max((c for c in class_elements() if lowered.startswith(c)), key=len, default="")
    return class_elements().get(best, ())


def _unique(symbols: list[str]) -> list[str]:
    return list(dict.fromkeys(symbols))


def names_ion(text: str, ion: str) -> bool:
    """Whether a word of the text, reference electrodes apart, names this ion at all."""
    text = _REFERENCE.sub(" ", text)
    names = "|".join(n for n, s in element_names().items() if s == ion)
    extra = "|".join(lexicon()["ions"][ion])
    return bool(re.search(rf"(?i:{names}|\b(?:{extra})\b)|(?<![A-Za-z]){ion}(?![a-z])", text))


_ROLE = (
    r"(?:batter\w*|batts?|cells?|cath\w*|catho?d\w*|anod\w*|kathod\w*|akku\w*|zell\w*|elektrod\w*|"
    r"electrol\w*|elyte|elektrolyt\w*|fest(?:körper|stoff)?elektrolyt\w*|conduct\w*|ssb|se|ses|sse|superionic\w*|"
    r"hosts?|insertion|intercalation|chemistr\w*|storage|metal|metall\w*|diffus\w*|transport|"
    r"plating|salts?|salz|leitsalz\w*|argyrodites?|garnets?|negative electrodes?|positive electrodes?|solid-state)"
)
_BETWEEN = (
    r"(?:layered|oxide|sulfide|selenide|fluoride|chloride|halide|phosphate|nitride|spinel|garnet|"
    r"solid|solid-state|polyanion\w*|tunnel|superionic|glass|ceramic|metal|ion|hybrid|dual|half|"
    r"full|pouch|coin|alloy|conversion|insertion|intercalation|polymer|liquid|organic|state|all|"
    r"sulfur|air|rechargeable|secondary|aqueous|based|thin-film|schicht\w*)"
)


@cache
def _ion_patterns(ion: str) -> tuple[re.Pattern[str], ...]:
    names = "|".join([*(n for n, s in element_names().items() if s == ion)])
    lone = ion if ion in ("K", "Al", "Ca") else f"{ion}|{ion.lower()}"
    name = rf"(?:(?i:{names})|{lone})"
    extra = "|".join(lexicon()["ions"][ion])
    german = rf"(?i:(?:{names})-?(?:ionen)?-?(?:batterie|kathode|anode|akku|zelle|festelektrolyt|elektrolyt|leiter|metall|leitend|leitung|leitfähig)\w*)"
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"(?<![\w/]){name}[- ]?(?i:ion(?:s|en)?(?!ic))(?!\w)",
            rf"\b{german}",
            rf"(?i:ion|carrier|mobile ion|chemistry|leition)\s*[:=]\s*{name}(?!\w)",
            rf"(?<![\w/.]){name}[- ](?:(?i:{_BETWEEN})[- ])*(?i:{_ROLE})(?!\w)",
            rf"(?i:\b(?:for|für|fuer|to)\s+(?:a |an |the |my |our |use in |aqueous |rechargeable |solid-state |all-solid-state |secondary |wässrige\w* )*){name}(?i:(?=\s*(?:[,.;:!?)/|<>≥≤~(-]|$|(?:and|with|that|which|whose|having|of|from|w|w/o|without|ohne|at|above|over|below|under|near|around|using|via|mit|und|please|pls|on|come|to|as|in|is|are|can|could|would|should|has|have|where|when|if)\b)))",
            rf"(?:^|[;\n|]|\s/)\s*(?:(?i:{names})|{ion})\s*(?=[;\n|]|\s/|$)",
            rf"\(\s*(?:(?i:{names})|{ion})\s*[,;)]|,\s*(?i:{names})\s*(?=,|[.!?]?\s*$)",
            rf"(?i:conduct(?:s|ing|ors? of)?|carr(?:y|ies|ying)|leitet|speichert|transports?|transporting|hosts?|hosting|stores?|storing|intercalat(?:es?|ing)|inserts?|inserting|shuttles?|cycling of|diffusivity of(?: the)?|diffusion of(?: the)?|coefficient of(?: the)?)\s+{name}(?!\w)",
            rf"(?<!\w){name} (?i:speicher\w*|einlager\w*|wander\w*|leite\w*|hop\w*|migrat\w*|intercalat\w*|insert\w*|slips?|slides?|slipping|moves?|moving|travel\w*|pass(?:es)?|glid\w*|zips?|diffus(?:es?|ing)|shuttl\w*)",
            rf"(?<![\w/]){ion}(?:\d?\+|[²³]?⁺)(?![\w/])",
            rf"(?<!\w)(?i:{extra})(?!\w)",
        )
    )


@cache
def _ion_words() -> re.Pattern[str]:
    """Names of working ions that belong to a battery part, not to a composition."""
    names = "|".join(n for n, s in element_names().items() if s in WORKING_IONS)
    symbols = "|".join([*WORKING_IONS, *(ion.lower() for ion in WORKING_IONS if len(ion) == 2)])
    tail = rf"(?=[- ](?:(?i:{_BETWEEN})[- ])*(?i:{_ROLE}|ion(?:s|en)?)(?!\w))"
    return re.compile(rf"(?<!\w)(?:(?i:{names})|{symbols}){tail}")


_REFERENCE = re.compile(
    r"(?i:\b(?:vs\.?|versus|against|gegen)\s*)(?:Li|Na|K|Mg|Ca|Zn|Al|lithium|sodium)\b(?:\s?/\s?(?:Li|Na|K|Mg|Ca|Zn|Al)\d?\+?)?"
    r"|(?:Li|Na|K|Mg|Zn|Ca|Al)\s?/\s?(?:Li|Na|K|Mg|Zn|Ca|Al)\d?\+"
)


def working_ion(text: str) -> str | None:
    """The ion that moves, when a word says or implies it; reference electrodes do not."""
    text = _REFERENCE.sub(lambda m: " " * len(m.group()), text)
    best: tuple[int, int, str] | None = None
    for ion in WORKING_IONS:
        for rank, pattern in enumerate(_ion_patterns(ion)):
            match = pattern.search(text)
            if match and (best is None or (rank // 3, match.start()) < best[:2]):
                best = (rank // 3, match.start(), ion)
                break
    return best[2] if best else None
