"""Generated words for what a material must contain, must not contain, or be like."""

from __future__ import annotations

from random import Random

from . import words as w
from .pieces import Text, element, filled, joined, material, tagged


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
            ["mit ", ["die ", "0} enthalten"][0] + "mit ", "auf Basis von ", "enthält "]
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


def class_word(rng: Random, german: bool) -> tuple[Text, bool]:
    if german:
        return tagged(rng.choice(w.CLASSES_DE), "REQ") + "-", True
    word = tagged(rng.choice(w.CLASSES), "REQ")
    if rng.random() < 0.8:
        layered = rng.choice(["", "", "layered ", "spinel ", "amorphous "])
        metal = tagged(element(rng, False)[0], "REQ") + " " if rng.random() < 0.25 else Text()
        return layered + metal + word, True
    return rng.choice(["must be a ", "preferably a ", "class: ", "a "]) + word, False


def likened(rng: Random, german: bool) -> Text:
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
