"""Which number belongs to which property, and which way it points."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ionwright.knowledge.records import Target
from ionwright.knowledge.vocabulary import property_of

from .directions import comparator, direction, suffix_end
from .lexicon import alias_pattern, property_named
from .normalise import TEMPERATURES, family_member, make_target, unit_default
from .quantities import Amount

REPORTING = ("predict", "lookup", "compare", "characterize", "simulate")
_FAR = 90.0


@dataclass(frozen=True)
class Mention:
    """A word for a property at its place in the text."""

    start: int
    end: int
    key: str
    words: str


def find_properties(text: str) -> list[Mention]:
    """All property words of a cleaned text, in order."""
    found = []
    for match in alias_pattern().finditer(text):
        key = property_named(match.group())
        if key and not _PORE_ROLE.match(text, match.start()):
            found.append(Mention(match.start(), match.end(), key, match.group()))
    return found


# "porous electrodes" says what the thing is, not how porous it should be
_PORE_ROLE = re.compile(r"(?i)(?:porous|poröse\w?) (?:electrode|elektrode|cathode|anode|separator)")


@dataclass(frozen=True)
class Scene:
    """What the targets are read from."""

    text: str
    intent: str
    domain: str | None
    mentions: list[Mention]
    amounts: list[Amount]
    assumptions: list[str] = field(default_factory=list)


def read_targets(scene: Scene) -> tuple[tuple[Target, ...], list[str]]:
    """The targets in the order of the text, and the quantities without a property."""
    if scene.intent in ("explain", "help", "refuse"):
        return (), []
    if scene.intent in REPORTING:
        return _reported(scene), []
    pairs, loose = _assign(scene)
    pairs, loose = _second_bounds(scene, pairs, loose)
    placed = [(a.start, t) for a, m in pairs if (t := _numbered(scene, a, m.key, m))]
    taken = {id(m) for _, m in pairs}
    left: list[str] = []
    for amount in loose:
        key = unit_default(amount, scene.domain, scene.text)
        target = _numbered(scene, amount, key, None) if key else None
        if target and not _small_talk(target):
            placed.append((amount.start, target))
        elif _worth_telling(scene, amount):
            left.append(scene.text[amount.start : amount.end].strip())
    known = {target.property for _, target in placed}
    for mention in scene.mentions:
        if id(mention) in taken:
            continue
        op = direction(scene.text, mention.start, mention.end, mention.key)
        if op and mention.key not in known:
            if wish := make_target(mention.key, op, None, "", scene.domain):
                placed.append((mention.start, wish))
            known.add(mention.key)
    return once([target for _, target in sorted(placed, key=lambda pair: pair[0])]), left


def _reported(scene: Scene) -> tuple[Target, ...]:
    material = scene.domain if scene.domain in ("microstructure", "interphase") else None
    return tuple(
        Target(property=key, op="report", unit=property_of(key).unit_for(material))
        for key in dict.fromkeys(mention.key for mention in scene.mentions)
    )


def in_context(mention: Mention, domain: str | None, text: str) -> Mention:
    """The mention with the property meant here: "eps" of a pore space, "capacity" of a cell."""
    return replace(mention, key=_key_in_context(mention, domain, text))


def _key_in_context(mention: Mention, domain: str | None, text: str) -> str:
    after = text[mention.end : mention.end + 25].lower()
    before = text[max(0, mention.start - 45) : mention.start].lower()
    if mention.key == "average_voltage" and mention.words.lower().startswith("potential"):
        near = re.findall(r"(reduc|reduz|oxid)\w*(?![^.;]*[.;,])", before)
        if near and domain in (
            "additive",
            "liquid_electrolyte",
            "polymer_electrolyte",
            "solid_electrolyte",
        ):
            return "oxidation_potential" if near[-1] == "oxid" else "reduction_potential"
    if mention.key == "capacity_grav":
        if domain == "cell":
            return "capacity"
        if re.match(
            r"\W*(?:in |as )?(?:m?ah\s?(?:/|per)\s?(?:cm|l|ml)|per (?:volume|litre|liter))", after
        ):
            return "capacity_vol"
    freezes = mention.key == "melting_point" and re.match(r"(?i)freez|solidif", mention.words)
    if freezes and domain == "polymer_electrolyte":
        return "glass_transition_temperature"
    if mention.key == "dielectric_constant" and domain in ("microstructure", "interphase"):
        return "porosity"
    if mention.key == "energy_grav" and re.match(
        r"\W*(?:in |as )?(?:wh\s?(?:/|per)\s?l|per (?:volume|litre|liter))", after
    ):
        return "energy_vol"
    return mention.key


def _assign(scene: Scene) -> tuple[list[tuple[Amount, Mention]], list[Amount]]:
    """Pairs each number with the nearest word for a property that its unit can be of."""
    costs = []
    for amount in scene.amounts:
        for mention in scene.mentions:
            key = family_member(mention.key, amount.unit, scene.domain, mention.words)
            cost = _distance(scene, amount, mention)
            if key and cost < _FAR and not _is_condition(scene, amount, key, cost):
                costs.append((cost, amount, mention, key))
    pairs: list[tuple[Amount, Mention]] = []
    used_amounts: set[int] = set()
    used_mentions: set[int] = set()
    for _, amount, mention, key in sorted(costs, key=lambda entry: entry[0]):
        if id(amount) in used_amounts or id(mention) in used_mentions:
            continue
        used_amounts.add(id(amount))
        used_mentions.add(id(mention))
        pairs.append((amount, Mention(mention.start, mention.end, key, mention.words)))
    # the mentions of the pairs are copies with the property that the unit tells: they take over
    scene.mentions[:] = [m for m in scene.mentions if id(m) not in used_mentions] + [
        m for _, m in pairs
    ]
    return pairs, [a for a in scene.amounts if id(a) not in used_amounts]


_AND_BOUND = re.compile(
    r"(?i)[\s,]*(?:(?:but|yet|and|though|nor|or|und|aber|noch)\b[\s,]*)"
    r"(?:(?!\band\b|\bwith\b|\bmit\b)[A-Za-zäöüß'<>≥≤=]+\s*){1,6}$"
)


def share_units(text: str, amounts: list[Amount], mentions: list[Mention]) -> list[Amount]:
    """The amounts, a bare first bound with its partner's unit: "over 200 but below 300 mAh/g"."""
    shared = list(amounts)
    for place, (first, second) in enumerate(pairwise(amounts)):
        gap = text[first.end : second.start]
        named = any(first.end <= m.start < second.start for m in mentions)
        if named or first.unit or not second.unit or not _AND_BOUND.fullmatch(gap):
            continue
        ops = {_way(text, first), _way(text, second)}
        if ops == {">=", "<="}:
            shared[place] = replace(first, unit=second.unit)
    return shared


def _way(text: str, amount: Amount) -> str:
    return comparator(text, amount.start, amount.end, "average_voltage")


def _second_bounds(
    scene: Scene, pairs: list[tuple[Amount, Mention]], loose: list[Amount]
) -> tuple[list[tuple[Amount, Mention]], list[Amount]]:
    """Gives "at least 10 yet less than 60 %" both bounds of the one property that is named."""
    found, left = list(pairs), []
    for amount in loose:
        before = [p for p in pairs if p[0].end <= amount.start]
        first, mention = max(before, key=lambda p: p[0].start) if before else (None, None)
        if first is None or mention is None or not _partners(scene.text, first, amount):
            left.append(amount)
        else:
            found.append((amount, mention))
    return found, left


def _partners(text: str, first: Amount, second: Amount) -> bool:
    if second.unit != first.unit or not _AND_BOUND.fullmatch(text[first.end : second.start]):
        return False
    return {_way(text, first), _way(text, second)} == {">=", "<="}


def _is_condition(scene: Scene, amount: Amount, key: str, cost: float) -> bool:
    """A C-rate or a temperature "at" which something holds."""
    before = scene.text[max(0, amount.start - 8) : amount.start].lower()
    if amount.unit in ("C", "K", "degC", "degF"):
        return key not in TEMPERATURES or (
            bool(re.search(r"(@|\bat|\bbei)\s*$", before)) and cost > 12
        )
    return False


def _distance(scene: Scene, amount: Amount, mention: Mention) -> float:
    if mention.end <= amount.start:
        gap, cost = scene.text[mention.end : amount.start], 0.0
    elif mention.start >= amount.end:
        gap, cost = scene.text[amount.end : mention.start], 8.0
        if re.fullmatch(r"[\s\-]*(?:(?:of|in|the|for|von|an?)\s+){0,2}", gap):
            cost = 0.0
    else:
        return 0.0
    cost += len(gap)
    cost += 60 * len(re.findall(r"[;\n]|\.\s+(?=[A-ZÄÖÜ])|[.:!?]\s*$", gap))
    cost += 70 * len(re.findall(r"\b(?:while|whereas|während)\b", gap))
    cost += 14 * len(re.findall(r",|\band\b|\bund\b|\bwith\b|\bmit\b|&|\+|\bbut\b", gap))
    low, high = (
        sorted((mention.end, amount.start))
        if mention.end <= amount.start
        else sorted((amount.end, mention.start))
    )
    between = [a for a in scene.amounts if a is not amount and low <= a.start < high and a.unit]
    cost += 30 * len(between)
    cost += 12 * sum(m is not mention and low <= m.start < high for m in scene.mentions)
    if amount.unit == "":
        cost += 0 if _bare(gap) else _FAR
    return cost


def _bare(gap: str) -> bool:
    """Whether a number without a unit stands right behind its property."""
    return (
        bool(re.fullmatch(r"[\s:=<>≥≤~of\-–]*(?:[\w']+,?\s+){0,7}[<>≥≤=~]*\s*", gap))
        and len(gap) < 40
    )


def _numbered(scene: Scene, amount: Amount, key: str, mention: Mention | None) -> Target | None:
    op = _adjective(scene, amount, mention) or _compared(scene, amount, key)
    if (
        key == "oxidation_potential"
        and op == "<="
        and re.search(r"(?i)\b(up to|bis(?: zu)?|until)\s*$", scene.text[: amount.start])
    ):
        op = ">="
    if key == "melting_point" and op == "=" and mention and _LIQUID.search(mention.words):
        op = "<="
    target = make_target(key, op, amount.value, amount.unit, scene.domain)
    bare = amount.unit == ""
    if target and bare and (target.value != amount.value or target.unit != "1"):
        written = scene.text[amount.start : amount.end].strip()
        scene.assumptions.append(f"{written!r} has no unit and is read as: {target}")
    return target


def _adjective(scene: Scene, amount: Amount, mention: Mention | None) -> str | None:
    """The bound in "thinner than 20 nm", where the comparing word is the property itself."""
    if mention and re.match(r"(?i)withst|resist", mention.words):
        gap = scene.text[mention.end : amount.start]
        return ">=" if re.fullmatch(r"\s*(?:up to |at |bis )?\s*", gap) else None
    if mention is None or not re.fullmatch(
        r"\s*(?:than|als)\s*", scene.text[mention.end : amount.start]
    ):
        return None
    up = re.fullmatch(r"(?i)thicker|dicker|denser", mention.words)
    if not up and not re.fullmatch(r"(?i)thinner|dünner", mention.words):
        return None
    no = re.search(
        r"(?i)\b(?:no|not|nicht|never|nothing|neither|nor|weder|noch)\s+$",
        scene.text[: mention.start],
    )
    return ">=" if bool(up) != bool(no) else "<="


def _compared(scene: Scene, amount: Amount, key: str) -> str:
    text = _blanked(scene)
    before = [a for a in scene.amounts if a.end <= amount.start]
    floor = suffix_end(text, before[-1].end) if before else 0
    op = comparator(text, amount.start, amount.end, key, floor)
    if (
        op == "="
        and before
        and re.fullmatch(r"\s*(?:and|,|und|&)\s*", text[before[-1].end : amount.start])
    ):
        # "above 3.6 V and 200 mAh/g": the word counts for both
        return comparator(text, before[-1].start, before[-1].end, key)
    return op


def _blanked(scene: Scene) -> str:
    text = scene.text
    for other in scene.mentions:
        text = text[: other.start] + "·" * (other.end - other.start) + text[other.end :]
    return text


def _small_talk(target: Target) -> bool:
    """A bare value that no material can have, as in "my e-bike pack has 36 V"."""
    low, high = property_of(target.property).range
    return target.op == "=" and isinstance(target.value, float) and not low <= target.value <= high


def _worth_telling(scene: Scene, amount: Amount) -> bool:
    """Whether a number that found no property looks like a target rather than small talk."""
    before = scene.text[max(0, amount.start - 14) : amount.start]
    if amount.unit in ("K", "degC", "degF", "%"):
        return not _CONDITION.search(before)
    return amount.unit not in ("", "C", "s", "h", "m", "A", "W", "kg", "g", "L")


_LIQUID = re.compile(r"(?i)liquid|fluid|flüssig")
_CONDITION = re.compile(r"(?i)(?:@|\bat|\bbei|\bto|\bof)\s+(?:about\s+|around\s+)?$")


def once(targets: list[Target]) -> tuple[Target, ...]:
    """Drops repeats; a lower and an upper bound that fit together become a range."""
    merged: list[Target] = []
    for target in targets:
        twin = next((t for t in merged if t.property == target.property), None)
        if twin is None:
            merged.append(target)
        elif joined := _joined(twin, target):
            merged[merged.index(twin)] = joined
        elif target not in merged:
            merged.append(target)
    return tuple(merged)


def _joined(first: Target, second: Target) -> Target | None:
    if first == second:
        return first
    if {first.op, second.op} != {">=", "<="}:
        return None
    low, high = (first, second) if first.op == ">=" else (second, first)
    if not isinstance(low.value, float) or not isinstance(high.value, float):
        return None
    if low.value > high.value:
        return None
    unit = property_of(first.property).unit if first.unit == second.unit else first.unit
    return Target(property=first.property, op="between", value=(low.value, high.value), unit=unit)
