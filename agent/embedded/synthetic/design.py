"""Generated requests for candidates: openers, roles, elements, targets, counts, distractors."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from . import words as w
from .contents import class_word, excluded, likened, required
from .pieces import Text, element, filled, joined, material, small_talk, tagged
from .talk import LOOKALIKES
from .wishes import target


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
            f"{role} für {name}-Ionen-Batterien", f"{name}-Ionen-{role}", f"{ion}-{role}",
            f"{role} für {name}batterien", f"{name}{role.lower()}", f"{role} für {name}akkus",
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
    before: list[Text] = []
    after: list[Text] = []
    for maker, chance in (
        (excluded, 0.4),
        (required, 0.3),
        (
            class_word,
            0.2
            if domain in w.GENERATORS and w.GENERATORS[domain] == w.GENERATORS["cathode"]
            else 0.0,
        ),
    ):
        if rng.random() < chance:
            piece, leading = maker(rng, german)
            (before if leading else after).append(piece)
    if rng.random() < 0.08 and not german:
        yes, no = tagged(element(rng, False)[0], "REQ"), tagged(element(rng, False)[0], "EXC")
        after.append(
            filled(
                rng.choice(["contain {y} but no {n}", "with {y} but without {n}", "{y} yes, {n} no",
                            "having {y} and free of {n}", "{y} but not {n}", "w/ {y}, w/o {n}"]),
                y=yes, n=no,
            )
        )  # fmt: skip
    keys = list(
        dict.fromkeys(
            rng.choices(
                w.PROPERTIES[domain], k=rng.choices([0, 1, 2, 3, 4], weights=[1, 8, 8, 4, 2])[0]
            )
        )
    )
    targets = [target(rng, key, german) for key in keys]
    if rng.random() < 0.12:
        after.append(likened(rng, german))
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
    if rng.random() < 0.05:
        text = rng.choice(LOOKALIKES) + text
    if rng.random() < 0.06:
        text = text + " " + small_talk(rng).strip()
    if rng.random() < 0.08:
        text = text + rng.choice(w.CHAT_AFTER)
    return text
