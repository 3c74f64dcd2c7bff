"""Generated requests for candidates: openers, roles, elements, targets, counts, distractors."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ionwright.knowledge.vocabulary import property_of

from . import words as w
from .pieces import Text, amount, element, filled, joined, material, small_talk, tagged


@dataclass
class Draft:
    """A request in the making."""

    text: Text
    intent: str
    domain: str | None = None
    working_ion: str | None = None
    generator: str | None = None


def design(rng: Random) -> Draft:
    """One request for candidates, English or German, in one of several styles."""
    german = rng.random() < 0.14
    domain = rng.choices(list(w.PROPERTIES), weights=[5, 3, 4, 4, 3, 4, 3, 2], k=1)[0]
    named = rng.random() < 0.96
    ion = _ion(rng, domain)
    role, said = _role(rng, domain, ion, german) if named else (Text("something"), None)
    generator, via = _generator(rng, domain, german)
    parts = _parts(rng, domain, role, said, german)
    style = rng.random()
    text = (
        _spec_sheet(rng, parts, domain)
        if style < 0.12 and not german
        else _prose(rng, parts, german)
    )
    if generator and rng.random() < 0.3:
        text = (
            rng.choice(["Using ", "With ", "Use ", "Take "])
            + w_of(rng, generator)
            + rng.choice([", ", ": ", " to find ", " please: "])
            + text
        )
    elif generator:
        text = text + rng.choice([" ", ", ", ". ", "; "]) + via
    implied = domain if named else None
    return Draft(_wrapped(rng, text), "design", implied, said, generator)


def _ion(rng: Random, domain: str) -> str | None:
    if domain in ("microstructure", "interphase") and rng.random() < 0.8:
        return None
    if rng.random() < 0.45:
        return None
    return rng.choices(list(w.ION_NAMES), weights=[5, 5, 2, 2, 2, 2, 1])[0]


def _role(rng: Random, domain: str, ion: str | None, german: bool) -> tuple[Text, str | None]:
    role = rng.choice((w.ROLES_DE if german else w.ROLES)[domain])
    if ion is None:
        return Text(role), None
    if german:
        name = w.ION_DE[ion]
        return Text(rng.choice([
            f"{role} für {name}-Ionen-Batterien", f"{name}-Ionen-{role}", f"{role} für {name}batterien", f"{name}{role.lower()}", f"{role} für {name}akkus", f"{ion}-{role}",
        ])), ion  # fmt: skip
    name, short = rng.choice(w.ION_NAMES[ion]), rng.choice(w.ION_SHORT.get(ion, [f"{ion}-ion"]))
    before = [
        f"{name}-ion {role}",
        f"{name} {role}",
        f"{name} ion battery {role}",
        f"{short} {role}",
        f"{name} battery {role}",
        f"{name}-ion battery {role}",
    ]
    after = [
        f"{role} for {name} batteries",
        f"{role} for {name}-ion cells",
        f"{role} for a {short}",
        f"{role} for {name} metal batteries",
        f"{role} for {name}-ion",
        f"{role} for {name}",
        f"{role} for all-solid-state {name} batteries",
    ]
    if domain in ("cathode", "anode", "solid_electrolyte"):
        return Text(rng.choice(before + after)), ion
    salt = {"Li": ["LiTFSI", "LiPF6", "LiFSI"], "Na": ["NaPF6", "NaTFSI"]}.get(ion, [])
    return Text(rng.choice(after + [f"{role} for {s}" for s in salt])), ion


def _generator(rng: Random, domain: str, german: bool) -> tuple[str | None, Text]:
    if rng.random() > 0.14:
        return None, Text()
    name = rng.choice(w.GENERATORS[domain])
    via = rng.choice(w.VIA) if not german else "mit {g}"
    return name, Text(via.format(g=rng.choice(w.GENERATOR_WORDS[name])))


def w_of(rng: Random, generator: str) -> str:
    """A word for a generator."""
    return rng.choice(w.GENERATOR_WORDS[generator])


@dataclass
class Parts:
    """What is asked for, piece by piece."""

    role: Text
    ion: str | None
    before: list[Text]
    after: list[Text]
    targets: list[Text]
    count: Text | None


def _parts(rng: Random, domain: str, role: Text, ion: str | None, german: bool) -> Parts:
    before, after = [], []
    for maker, chance in (
        (excluded, 0.4),
        (required, 0.3),
        (
            _class,
            0.2
            if domain in w.GENERATORS and w.GENERATORS[domain] == w.GENERATORS["cathode"]
            else 0.0,
        ),
    ):
        if rng.random() < chance:
            piece, leading = maker(rng, german)
            (before if leading else after).append(piece)
    keys = list(
        dict.fromkeys(
            rng.choices(
                w.PROPERTIES[domain], k=rng.choices([0, 1, 2, 3, 4], weights=[1, 8, 8, 4, 2])[0]
            )
        )
    )
    targets = [target(rng, key, german) for key in keys]
    if rng.random() < 0.12:
        after.append(_subject(rng, german))
    if rng.random() < 0.05:
        key, words, op = rng.choice(w.BEATS)
        ask = "reduces before " if words == "REDUCE" else f"{words} than "
        piece = tagged(
            ask.split(" than")[0].strip() if words != "REDUCE" else "reduces before", "ASK", key, op
        )
        targets.append(
            "that is " * (words != "REDUCE")
            + piece
            + (" than " if words != "REDUCE" else " ")
            + tagged(material(rng), "SUBJ")
        )
    if rng.random() < 0.2:
        after.append(Text(rng.choice(w.NOISE)))
    return Parts(role, ion, before, after, targets, _count(rng, german))


def _count(rng: Random, german: bool) -> Text | None:
    if rng.random() > 0.3:
        return None
    words = (
        rng.choice(w.COUNTS_DE if german else w.COUNTS)
        if rng.random() < 0.9
        else rng.choice(w.SINGLES)
    )
    return tagged(words, "COUNT")


def excluded(rng: Random, german: bool) -> tuple[Text, bool]:
    """Elements that must not be in it; the second value says that it stands before the noun."""
    group = rng.random() < 0.06
    some = [
        ("halogen", "") if group else element(rng, german)
        for _ in range(1 if group else rng.choices([1, 2, 3], weights=[6, 3, 1])[0])
    ]
    words = [tagged(name, "EXC") for name, _ in some]
    if rng.random() < 0.35:
        ending = (
            rng.choice(["freie", "-freie", "frei"])
            if german
            else rng.choice(["-free", "-free", " free"])
        )
        return joined(words, rng.choice(["/", "-, ", "- and ", " and "])) + ending, True
    dirty = [Text(rng.choice(w.TRASH) if not german else "") + word for word in words]
    if german:
        return rng.choice(["ohne ", "kein ", "frei von ", "nicht mit "]) + joined(
            dirty, ", ", " und "
        ), False
    lead = rng.choice(
        [
            "no ",
            "no ",
            "without ",
            "without ",
            "free of ",
            "excluding ",
            "avoid ",
            "w/o ",
            "not containing ",
            "containing no ",
            "that contains no ",
            "does not contain ",
            "exclude ",
            "with no ",
            "and no ",
            "but no ",
            "avoiding ",
            "without any ",
            "must not contain ",
            "minus the ",
            "neither ",
        ]
    )
    last = (
        " nor " if lead == "neither " else rng.choice([" or ", " and ", ", ", " and no ", " nor "])
    )
    tail = rng.choice(
        ["", "", "", "", " please", " at all", " (too expensive)", " because it is toxic", " in it"]
    )
    return lead + joined(dirty, ", ", last) + tail, False


def required(rng: Random, german: bool) -> tuple[Text, bool]:
    """Elements that must be in it."""
    words = [
        tagged(element(rng, german)[0], "REQ")
        for _ in range(rng.choices([1, 2], weights=[4, 1])[0])
    ]
    if rng.random() < 0.4:
        ending = (
            rng.choice(["haltige", "reiche", "-haltige", "-basierte"])
            if german
            else rng.choice(["-based", "-rich", "-containing", " based", " rich", " containing"])
        )
        return joined(words, rng.choice(["/", "-", " and "])) + ending, True
    if german:
        return rng.choice(
            ["mit ", "die {0} enthalten".split("{")[0] + "mit ", "auf Basis von ", "enthält "]
        ) + joined(words, " und "), False
    lead = rng.choice(
        [
            "with ",
            "containing ",
            "that contains ",
            "based on ",
            "must contain ",
            "with some ",
            "rich in ",
            "including ",
            "built around ",
            "has to contain ",
            "made of ",
            "that has ",
        ]
    )
    tail = rng.choice(["", "", "", " in it", " in the structure"])
    return lead + joined(words, ", ", " and ") + tail, False


def _class(rng: Random, german: bool) -> tuple[Text, bool]:
    if german:
        return tagged(rng.choice(w.CLASSES_DE), "REQ") + "-", True
    word = tagged(rng.choice(w.CLASSES), "REQ")
    if rng.random() < 0.8:
        layered = rng.choice(["", "", "layered ", "spinel ", "amorphous "])
        metal = tagged(element(rng, False)[0], "REQ") + " " if rng.random() < 0.25 else Text()
        return layered + metal + word, True
    return rng.choice(["must be a ", "preferably a ", "class: ", "a "]) + word, False


def _subject(rng: Random, german: bool) -> Text:
    one = tagged(material(rng), "SUBJ")
    two = tagged(material(rng), "SUBJ")
    if german:
        return rng.choice(["wie ", "ähnlich wie ", "als Ersatz für ", "besser als "]) + one
    if rng.random() < 0.2:
        return rng.choice(
            [
                filled("somewhere between {a} and {b}", a=one, b=two),
                filled("from {a} and {b}", a=one, b=two),
                filled("made from {a} and {b}", a=one, b=two),
            ]
        )
    return (
        rng.choice(
            [
                "like ",
                "similar to ",
                "such as ",
                "starting from ",
                "that can replace ",
                "along the lines of ",
                "better than ",
                "derived from ",
                "to beat ",
                "instead of ",
                "close to ",
                "in the style of ",
                "that outperforms ",
                "start from: ",
                "variants of ",
                "near ",
            ]
        )
        + one
    )


def target(rng: Random, key: str, german: bool) -> Text:
    """One target: a property with a value, a verb, a bare value or a wish without a number."""
    kind = rng.random()
    ready = [entry for entry in w.WHOLE_ASKS if entry[0] == key]
    if kind < 0.10 and ready:
        _, words, op = rng.choice(ready)
        return rng.choice(["", "", "", "and "]) * 0 + tagged(words, "ASK", key, op)
    if kind < 0.22 and key not in ("molecular_weight", "formation_energy_per_atom"):
        return _wish(rng, key, german)
    verbs = [entry for entry in w.VERBS if entry[0] == key]
    if kind < 0.36 and verbs and not german:
        _, words, op = rng.choice(verbs)
        value, ranged = amount(rng, key, False)
        return words + tagged(value, "VAL", key, ranged or op)
    value, ranged = amount(rng, key, german)
    op = ranged or rng.choices([">=", "<=", "="], weights=_leaning(key))[0]
    bare = key in w.BARE_UNIT and rng.random() < 0.4
    return _valued(rng, key, op, value, german, bare)


def _leaning(key: str) -> list[int]:
    return {"higher": [6, 1, 2], "lower": [1, 6, 1], "near": [3, 3, 2]}[property_of(key).better]


def _wish(rng: Random, key: str, german: bool) -> Text:
    up = property_of(key).better != "lower"
    if rng.random() < 0.2:
        up = not up
    table = (w.HIGH_DE if up else w.LOW_DE) if german else (w.HIGH if up else w.LOW)
    before, _, after = rng.choice(table).partition("{p}")
    return before + tagged(name_of(rng, key, german), "ASK", key, "max" if up else "min") + after


def name_of(rng: Random, key: str, german: bool) -> str:
    """A noun for a property."""
    aliases = [
        a
        for a in property_of(key).aliases
        if not a.endswith(("s up", " by", " down"))
        and not a.startswith(("is ", "gets ", "resist", "withst"))
    ]
    early = aliases[:6]
    word = rng.choice(early if rng.random() < 0.5 else aliases)
    if german:
        words = [
            a
            for a in aliases
            if any(c in a for c in "äöü")
            or a.endswith(
                (
                    "ung",
                    "keit",
                    "ität",
                    "punkt",
                    "zahl",
                    "dichte",
                    "energie",
                    "größe",
                    "dicke",
                    "ial",
                )
            )
        ]
        word = rng.choice(words or early).capitalize()
    if key == "average_voltage" and rng.random() < 0.4 and not german:
        word = "voltage"
    return word


def _valued(rng: Random, key: str, op: str, value: str, german: bool, bare: bool) -> Text:
    anchored = tagged(value, "VAL", key, op)
    if op in (">=", "<=", "=") and rng.random() < 0.14:
        tail = rng.choice((w.AFTER_DE if german else w.AFTER)[op])
        ranked: Text = anchored + tail
    else:
        ranked = rng.choice((w.OPS_DE if german else w.OPS)[op]) + anchored
    if bare:
        return ranked
    name = name_of(rng, key, german)
    order = rng.random()
    if order < 0.16 and not german:
        return ranked + rng.choice([" ", " ", " of "]) + name
    link = (
        rng.choice([" ", " ", ": ", " of ", " is ", " should be ", " = ", " must be ", " "])
        if not german
        else rng.choice([" ", " ", ": ", " von "])
    )
    if link in (" of ", " von ") and ranked.words.startswith(
        ("of ", "von ", ">", "<", "≥", "≤", "=")
    ):
        link = " "
    lead = (
        rng.choice(["", "", "", "with a ", "with ", "a ", "whose "])
        if not german
        else rng.choice(["", "", "mit "])
    )
    return lead + name + link + ranked


def _prose(rng: Random, parts: Parts, german: bool) -> Text:
    ask = rng.choice(w.ASKS_DE if german else w.ASKS) if rng.random() < 0.75 else ""
    count = parts.count
    noun = joined([*parts.before, parts.role], " ")
    late = count is not None and rng.random() < 0.2
    article = rng.choice(["", "a ", "an ", "some ", "new "]) if count is None and not german else ""
    head = joined(
        [p for p in (Text(ask) if ask else None, None if late else count, article + noun) if p], " "
    )
    tail = [*parts.targets, *parts.after]
    rng.shuffle(tail)
    separator = rng.choice(
        [", ", ", ", "; ", " and ", ", and ", " ", " und " if german else " with ", " / "]
    )
    body = joined(tail, separator, rng.choice([None, " and " if not german else " und ", ", "]))
    link = rng.choice(
        [
            " with ",
            ", ",
            ": ",
            " that has ",
            " having ",
            " ",
            "; ",
            ". ",
            " mit " if german else " w/ ",
        ]
    )
    if rng.random() < 0.08 and tail:
        text = body + rng.choice([", ", ": ", " - "]) + head
    else:
        text = head + link + body if tail else head
    if late and count is not None:
        text = (
            text
            + rng.choice([", ", ". ", "; "])
            + count
            + rng.choice(
                [
                    " please",
                    " of them",
                    " candidates",
                    " would do",
                    ".",
                    " pls",
                    " nos.",
                    " in total",
                ]
            )
        )
    return text + rng.choice(["", "", ".", "?", "!", "..."])


def _spec_sheet(rng: Random, parts: Parts, domain: str) -> Text:
    rows = [
        rng.choice(["Role: ", "Type: ", "Design: ", "TYPE: ", "", "Wanted: ", "Material: "])
        + joined([*parts.before, parts.role], " ")
    ]
    rows += parts.targets + parts.after
    if rng.random() < 0.25:
        rows.append(
            tagged(element(rng, False)[0], "EXC") + rng.choice([": no", " no", ": none", " = no"])
        )
    if rng.random() < 0.25:
        rows.append(
            tagged(element(rng, False)[0], "REQ") + rng.choice([": yes", " yes", ": required"])
        )
    if rng.random() < 0.2:
        some = [tagged(element(rng, False)[0], "EXC") for _ in range(rng.choice([1, 2, 3]))]
        rows.append(
            rng.choice(["Exclude: ", "exclude ", "Not allowed: ", "Excluded elements: ", "avoid: "])
            + joined(some, ", ")
        )
    if parts.count is not None:
        rows.append(
            rng.choice(
                ["Number of candidates: ", "count: ", "qty: ", "n = ", "N: ", "Anzahl: ", "top "]
            )
            + parts.count
        )
    head, *rest = rows
    rng.shuffle(rest)
    return joined([head, *rest], rng.choice(["; ", "; ", "\n", " | ", ". ", ", "]))


def _wrapped(rng: Random, text: Text) -> Text:
    return chatty(rng, text)


def chatty(rng: Random, text: Text) -> Text:
    """The request with small talk around it now and then."""
    if rng.random() < 0.1:
        text = rng.choice(w.CHAT_BEFORE) + text
    for _ in range(rng.choices([0, 1, 2], weights=[86, 9, 5])[0]):
        text = small_talk(rng) + text
    if rng.random() < 0.06:
        text = text + " " + small_talk(rng).strip()
    if rng.random() < 0.08:
        text = text + rng.choice(w.CHAT_AFTER)
    return text
