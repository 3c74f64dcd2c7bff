# ruff: noqa: E501  patterns and word lists: one entry after another reads best on long lines
"""Words that compare: above, at most, not below, or better, as high as possible."""

from __future__ import annotations

import re
from typing import Literal

from ionwright.knowledge.vocabulary import property_of

Bound = Literal[">=", "<=", "="]

_UP = (
    r"above|over|more|greater|higher|larger|bigger|beyond|exceed(?:s|ing)?|at (?:the (?:very )?)?least|minimum|minimal|min\.?|north of|upwards? of|"
    r"starting (?:at|from)|surpass(?:es|ing)?|superior|better|past|top(?:s|ping)|beats?|no less than|mindestens|minimal|wenigstens|über|ueber|oberhalb|mehr|größer|groesser|höher|hoeher|ab|besser|thicker|wider|"
    r"denser|stiffer|harder|hotter|faster|shallower|≥|>=|=>|>|⩾|&gt;|and up from|clear(?:s|ing)?|reach(?:es|ing)?|from|hits?|heavier|longer"
)
_DOWN = (
    r"below|under|underneath|less|lesser|lower|smaller|fewer|at (?:the (?:very )?)?most|maximum|max\.?|up to|south of|within|capped at|cap of|limited to|limit of|limit|beneath|"
    r"höchstens|hoechstens|maximal|unter|unterhalb|weniger|kleiner|geringer|niedriger|bis zu|bis|thinner|slimmer|narrower|≤|<=|=<|<|&lt;|inferior|deeper|tiefer|shy of|inside|ceiling of|finer|lighter|softer|cooler|colder|slower|shorter|until"
)
_EQUAL = r"around|about|near|roughly|approximately|approx\.?|aprox\.?|ca\.?|circa|some|close to|aim(?:ing)? for|exactly|~|=|equal to|rund|etwa|ungefähr|gegen|um die|um|in the (?:neighbou?rhood|region|ballpark|vicinity) of|target(?:ing)?|of|a|nahe|bei|genau|c\."
_NEGATORS = r"(?:not|no|nothing|never|n't|nicht|kein\w*|nie|neither|nor|none|without|ohne|don't|doesn't|must not|cannot|nowhere|isn't)"
_WORD = re.compile(rf"(?<![A-Za-zäöüß])(?:({_UP})|({_DOWN}))(?![A-Za-zäöüß])", re.IGNORECASE)
_GAP = re.compile(
    r"(?:\s|·|[:,(]|\b(?:than|as|a|an|the|of|to|at|in|is|be|about|around|roughly|value|values|or|equal|say|bit|some|only|just|als|von|einer?|einem|eines|die|der|den|bei|auf|liegt|limit|it|degree|hair|mark|gleich|no|any|goes|go|stays?|minus|required|even|well|far|slightly|little|comes?|equals?|heavy|dense|viscous|thick|stiff|soft|wide|polar)\b|~|=)*",
    re.IGNORECASE,
)  # fmt: skip
_AFTER_UP = re.compile(
    r"[\s,(]*(?:(?:(?:or|and|oder|und)\s+(?:more|better|higher|above|up|over|greater|larger|mehr|besser|höher|hoeher|darüber|größer|upwards?|beyond|bigger|faster|thicker|wider|faster)(?!\w)|(?:at )?minimum|min\b\.?(?!\w)|at (?:the )?(?:very )?least|plus\b|\+(?!\s?/)(?!\s?\d)|upwards?|and upward|mindestens|or so more|is the minimum|as a minimum|at a minimum))",
    re.IGNORECASE,
)
_AFTER_DOWN = re.compile(
    r"[\s,(]*(?:(?:(?:or|and|oder|und)\s+(?:less|lower|below|under|smaller|fewer|weniger|niedriger|kleiner|geringer|darunter|thinner|deeper|tiefer|slower)(?!\w)|(?:at )?maximum|max\b\.?(?!\w)|at (?:the )?(?:very )?most|tops\b|höchstens|maximal|is the maximum|as a maximum|at a maximum|at the outside|ceiling))",
    re.IGNORECASE,
)


def comparator(text: str, start: int, end: int, key: str, floor: int = 0) -> Bound:
    """Which way the number at start-end points; property words are blanked with middle dots.

    Words before `floor` belong to the number before and do not count.
    """
    after = re.sub(
        r"^[·\s]+(?=or |and |oder |und |at |max|min|tops|plus)", " ", text[end : end + 60]
    )
    if key == "oxidation_potential" and (
        _ENDURES.search(text[:start][-30:]) or _BEFORE_IT.match(after)
    ):
        return ">="
    if re.search(r"^[^A-Za-z]*\d\s?\+(?!\s?/)", text[start:end]):  # "150+ °C"
        return ">="
    if re.search(
        r"(?i)\b(?:no|not|nicht)\s+(?:worse|poorer|schlechter)\s+(?:than|als)\s*$", text[:start]
    ):
        return "<=" if property_of(key).better == "lower" else ">="
    if _NOT_BEFORE.search(text[max(floor, start - 60) : start]):
        # a reduction comes on the way down
        return "<=" if key == "reduction_potential" else ">="
    before = _before(text, start, floor)
    if before:
        return before
    if re.match(r"[\s,(]*(?:or|oder)\s+(?:better|besser)", after, re.IGNORECASE):
        return "<=" if property_of(key).better == "lower" else ">="
    if suffix_end(after, 0):
        return ">=" if _AFTER_UP.match(after) else "<="
    return "="


_ENDURES = re.compile(
    r"(?i)(?:takes?|withstand\w*|surviv\w*|tolerat\w*|resist\w*|endure\w*|stable|up to|stabil|bis(?: zu)?|until|hält)"
    r"[\s·]*(?:up to|to|at|bis(?: zu)?|until|against)?[\s·]*$"
)
_NOT_BEFORE = re.compile(
    r"(?i)(?:\b(?:not|never|nicht|nor|neither|no)|n't)\b[^,;.\d]{0,40}\b(?:before|until|ahead of|prior to|vor|bevor|unless)\s*(?:about\s*)?$"
)
_BEFORE_IT = re.compile(r"(?i)[\s·]*(?:before|without|ohne|bevor)\b")


def _before(text: str, start: int, floor: int) -> Bound | None:
    window_start = max(0, start - 70, floor)
    window = text[window_start:start]
    last = None
    for match in _WORD.finditer(window):
        last = match
    if last is None or not _GAP.fullmatch(window[last.end() :]):
        return None
    if window[last.end() :].startswith(","):
        return None  # "at most, 0.3 Ah/g": the words belong to the number before
    word = last.group().lower()
    if word in ("from", "ab", "reach", "reaches", "reaching", "hit", "hits") and word == "from":
        return None
    lead = window[: last.start()]
    negated = re.search(
        rf"(?:\b{_NEGATORS}|n\'t)\s*(?:(?:a|be|any|the|go(?:es)?|fall(?:s)?|drop(?:s)?|ris(?:e|es)|degree|hair|bit|to|single|exceed|come|lie|get|sink(?:t)?|deutlich|much|volt|·+|by|change|vary|weigh|cost|need)\s+)*$",
        lead,
        re.I,
    )
    up = bool(last.group(1))
    if word in ("until", "bis", "bis zu"):
        negated = None
    if word in ("no less than",):
        negated = None
    if negated:
        up = not up
    return ">=" if up else "<="


# "3.5 V, at least 140 mAh/g": the words belong to the next number
_COUNTS_AHEAD = re.compile(
    r"\s*(?:of\s+|an?\s+|als\s+|than\s+)?(?:[\d<>~]|\.\d|·+\s?(?:of |is |: ?)?[\d<>~])"
)


def suffix_end(text: str, end: int) -> int:
    """Where "or better", "at most" and their like behind a number end."""
    match = _AFTER_UP.match(text, end) or _AFTER_DOWN.match(text, end)
    return match.end() if match and not _COUNTS_AHEAD.match(text, match.end()) else end


_HIGH = re.compile(
    r"(?<!\w)(?:high(?:er|est|ly)?|large(?:r|st)?|big(?:ger|gest)?|much|max(?:imum|imal\w*|imi[sz]e[sd]?|imi[sz]ing)?|hoch|hohe[rnms]?|höher\w*|höchst\w*|groß\w*|größ\w*|more|most|great(?:er|est)?|wide(?:r|st)?|strong(?:er|est)?|thick(?:er|est)?|plenty|increase[sd]?|boost\w*|maximier\w*|mehr|rais(?:e|ing)|fast(?:er|est)?|bessere?[rn]?|rich|tall|super|ultra-?high|stiff\w*|dense(?:r|st)?)(?!\w)",
    re.IGNORECASE,
)
_LOW = re.compile(
    r"(?<!\w)(?:low(?:er|est)?|small(?:er|est)?|min(?:imum|imal\w*|imi[sz]e[sd]?|imi[sz]ing)?|least|little|thin(?:ner|nest)?|narrow(?:er|est)?|niedrig\w*|gering\w*|klein\w*|wenig\w*|less|reduce[sd]?|hardly|barely|minimier\w*|dünn\w*|tiny|negligible|kaum|no|not|n't|never|without|nicht|schwach\w*|zero|dont|doesnt|ohne|fewest|tief\w*|nearly no|almost no)(?!\w)",
    re.IGNORECASE,
)
_GOOD = re.compile(
    r"(?<!\w)(?:good|best|better|great|excellent|improved?|beats?|beating|outperform\w*|surpass\w*|optimal|decent|outstanding|gut\w*|beste\w*|besser\w*|superior|top|nice|easy|easily|leicht|einfach)(?!\w)",
    re.IGNORECASE,
)
_SELF_LOW = re.compile(
    r"(?i)thin|dünn|easy|easily|leicht|einfach|stable|stabil|swell|breath|expan|quell|ausdehn|runny|leak"
)
_FLUID = re.compile(r"(?i)pour|honey|syrup")
_SELF_HIGH = re.compile(
    r"(?i)thick$|dick$|conducti(?:ve|ng)|conducts?$|leitfähig$|leitet|porous|dense$"
)


def direction(text: str, start: int, end: int, key: str) -> Literal["max", "min"] | None:
    """Whether a property named without a number is wanted high or low, None if neither is said."""
    words = text[start:end]
    lead = re.split(
        r"[,;:.\n!?]|\band\b|\bund\b|\bbut\b|\bwith\b|\bmit\b", text[max(0, start - 45) : start]
    )[-1]
    tail = re.split(r"[,;.\n!?]|\band\b|\bund\b|\bbut\b|\bwith\b", text[end : end + 45])[0]
    better: Literal["max", "min"] = "min" if property_of(key).better == "lower" else "max"
    if key == "sa_score" or (key == "viscosity" and _FLUID.search(words)):
        return "min"
    if key == "max_delta_volume" or (key == "energy_above_hull" and re.search("(?i)stab", words)):
        return "min"
    if key == "reduction_potential" and re.search(
        r"(?i)before|ahead|earlier|vor\b|prior", text[start - 30 if start > 30 else 0 : end + 30]
    ):
        return "max"
    if key == "oxidation_potential" and re.search(r"(?i)before|ahead|earlier|vor\b|prior", tail):
        return "min"
    if own := re.match(r"(?i)(low|high)", words):
        return "min" if own.group().lower() == "low" else "max"
    near = " ".join(lead.split()[-5:])
    own_word = re.match(r"(?i)(?:thin|thick|dünn|dick)\w*$", words)
    for window in (near,) if own_word else (near, tail):
        low, high, good = _LOW.search(window), _HIGH.search(window), _GOOD.search(window)
        if low and not (high and high.start() > low.start() and low.group().lower() != "no"):
            return (
                "max" if _SELF_LOW.search(words) and low.group().lower() in ("no", "not") else "min"
            )
        if high:
            return "max"
        if good:
            return better
    if _SELF_LOW.search(words):
        return "min"
    if _SELF_HIGH.search(words):
        return "max"
    return None
