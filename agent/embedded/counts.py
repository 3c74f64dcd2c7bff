# ruff: noqa: E501  patterns and word lists: one entry after another reads best on long lines
"""How many candidates are asked for."""

from __future__ import annotations

import re

from .numbers import NUMBER_WORDS, read_number

_NUMBER = rf"(?:\d{{1,4}}(?![.,/]?\d)(?!\s?%)|{NUMBER_WORDS})"
_NOUN = (
    r"(?:candidates?|cands?\b\.?|options?|ideas?|suggestions?|materials?|compounds?|structures?|cathod\w*|anod\w*|kathod\w*|\w*kathoden|\w*anoden|polymer\w*|repeat(?:ing)? units?|"
    r"monomer\w*|molecules?|solvents?|salts?|additiv\w*|\w*electrolyt\w*|\w*elektrolyt\w*|microstructur\w*|mikrostruktur\w*|elektrodenvolum\w*|volumes?|electrodes?|"
    r"interphas\w*|seis?|samples?|crystals?|proposals?|vorschläge\w*|kandidaten|lösungsmittel\w*|moleküle?|conductors?|hosts?|tomograms?|slices?|wiederholeinheit\w*|chemistries|compositions?|variants?|look-alikes?|"
    r"designs?|formulas?|alternatives?|homopolymers?|copolymers?|oxides?|sulfides?|phosphates?|nitriles?|entries|hits|results|varianten|strukturen|materialien|interphasen|images?|generated)"
)
_STOP = r"(?:with|that|which|whose|where|of|for|in|from|than|and|or|to|at|is|are|mit|die|der|und|für|von|gloveboxes|people|of us|days|weeks|years|months|two|hours)"
_BEFORE_NOUN = re.compile(
    rf"(?<![\w.,/\-])(?P<n>{_NUMBER})\s+(?:or so\s+)?(?:(?:\w+-\s+(?:and|or|und|oder)\s+)?(?!{_STOP}\b)[\w\-/+']+[ -]){{0,5}}?{_NOUN}(?!\w)",
    re.I,
)
_LABELLED = re.compile(
    rf"(?:\b(?:top|best|exactly|count|qty|quantity|up to(?=\s+\w+\s+[a-z])|as many as|number of (?:candidates|structures|samples|results|materials)|anzahl|n|stück|genau|just|only|beste[n]?|first|give me|gimme|treat me to|make me|sample|draw|generate|suggest|propose)\b\s*(?:wanted)?\s*[:=]?\s*|(?<!\w)#\s?|(?<!\w)(?<!\d )x\s?)(?P<n>{_NUMBER})(?![\w%^]|\s?[-/.]\s?\d)",
    re.I,
)
_TRAILING = re.compile(
    rf"(?<![\w.,/\-])(?P<n>{_NUMBER})\s*(?:of (?:them|'?em|those|these)|davon|stück|nos\b\.?|please|pls|plz|bitte|would (?:do|be)|will do|is (?:enough|plenty)|are (?:enough|plenty)|in total|total|pieces|pcs|x\b(?!\s?\d)|reichen|genügen|or so\b(?!\s*%))",
    re.I,
)
_SINGLE = re.compile(
    r"\b(?:just one|only one|a single|exactly one|one single|einen einzigen|eine einzige|ein einziges|nur eine?n?|genau eine?n?|precisely one|one and only one|single best|the one best)\b",
    re.I,
)
_AFTER_UNIT = re.compile(
    r"\s?(?:%|°|[munk]?V\b|M\b|m\b|bar\b|vol|wt|eV|meV|[mk]?Ah|[mk]?Wh|g\b|kg|S/|mS|nm|um|K\b|cP|GPa|MPa|C\b|V\b|percent|volt|per\b)"
)


def read_count(text: str) -> tuple[int | None, tuple[int, int]]:
    """The number of candidates asked for, and its place; None if none is."""
    text = re.sub(
        r"(?i)\b(looking|search|searching|look) 4\b", lambda m: m.group()[:-1] + " ", text
    )
    text = re.sub(r"(?i)\b(easy|simple) 2\b", lambda m: m.group()[:-1] + " ", text)
    if single := _SINGLE.search(text):
        return 1, single.span()
    for pattern in (_BEFORE_NOUN, _LABELLED, _TRAILING):
        for match in pattern.finditer(text):
            number = _whole(text, match)
            if number:
                return number, match.span("n")
    return None, (0, 0)


_IMPOSSIBLE = re.compile(rf"(?<![\w.,])((?:-\s?\d+|0|\d{{5,}}|minus \w+)\s+{_NOUN})(?!\w)", re.I)


def impossible_count(text: str) -> str | None:
    """A number of candidates that cannot be: none, fewer than none, or more than 10,000."""
    match = _IMPOSSIBLE.search(text)
    return match.group(1) if match else None


def _whole(text: str, match: re.Match[str]) -> int | None:
    written = match.group("n")
    value = read_number(re.sub(r"(?i)^(?:a|an)\s+(?=dozen|score)", "", written))
    if value is None or value != int(value) or not 1 <= value <= 10_000:
        return None
    if re.fullmatch(r"(?i)(?:one|an?|eine?[nrs]?|eins|a couple|couple)", written.strip()):
        return None
    if re.match(
        r"(?i)\s*(?:cycles?|times|hours?|days?|years?|weeks?|people|euros?|€|\$)",
        text[match.end("n") :],
    ):
        return None
    if _AFTER_UNIT.match(text[match.end("n") :]):
        return None
    return int(value)
