# ruff: noqa: E501  patterns and word lists: one entry after another reads best on long lines
"""Generated requests that are not for candidates: values, comparisons, images, runs, reasons."""

from __future__ import annotations

from random import Random

from . import words as w
from .design import Draft, chatty
from .pieces import Text, filled, joined, material, tagged
from .talk import EXPLAIN, EXPLAIN_PLAIN, HELP, REFUSE
from .wishes import name_of

_ANY = [key for keys in w.PROPERTIES.values() for key in keys]
_PREDICT = [
    "Predict {p} of {s}", "predict the {p} for {s}", "Estimate the {p} of {s}", "Compute {p} of {s}.", "Calculate {p} for {s}", "How high would the {p} of {s} be?", "what {p} would {s} have?", "Could you estimate {p} of {s}?", "What would you predict for the {p} of {s}?",
    "Please calculate {p} of {role} {s}", "Task: predict. Material: {s}. Outputs: {p}", "compute {p}, {s}", "{s}: estimate {p}", "I need a prediction of {p} for {s}", "give me an estimate of {p} for {s}", "How large would {p} of {s} come out?", "Kindly predict {p} of {s}.", "hazard a guess at the {p} of {s}", "calc {p} {s} pls",
    "Sag mir {p} von {s} voraus", "Berechne {p} von {s}", "Schätze {p} für {s}", "Wie hoch wäre {p} von {s}?", "What {p} would you expect for {role} {s}?", "run the predictor for {p} on {s}", "Predict {p} of {role} {s}", "Estimate {p} of {role} {s}", "{s} - {p}, calculated",
]  # fmt: skip
_LOOKUP = [
    "What is the {p} of {s}?", "what's the {p} of {s}", "What {p} has been reported for {s}?", "What is known about the {p} of {s}?", "Literature {p} of {s}?", "lit. value for {p} of {s}", "Published {p} of {s}", "How large is the {p} of {s}?", "Look up {p} of {s}", "What is the measured {p} of {s}?", "known {p} of {s}?", "What do papers give for the {p} of {s}?",
    "Source: published data / Compound: {s} / Fields: {p}", "Which {p} was measured for {role} {s}?", "tell me the {p} of {s} from the literature", "{p} of {s} again?", "any reported values for {p} of {s}?", "Was ist die {p} von {s}?", "Welche {p} wurde für {s} berichtet?", "Literaturwert: {p} von {s}", "What is the {p} of {role} {s}?", "experimental {p} of {s}", "What does the literature say about {p} of {s}?", "I am wanting to know what is {p} of {s}", "{p} of {s} on record?", "How high is {p} of {s}?",
]  # fmt: skip
_COMPARE = [
    "Compare {s} and {t}: {p}", "Compare {s} with {t} in {p}", "{s} vs {t}: {p}", "{s} versus {t}, {p}?", "Which has the higher {p}, {s} or {t}?", "Does {s} have a higher {p} than {t}?", "{s} or {t}, which has better {p}?", "compare {s}, {t} and {u} by {p}", "Contrast {p} of {s} and {t}.", "Which of {s}, {t} and {u} has the lowest {p}?", "How do {s} and {t} compare in {p}?", "Compare the {roles} {s} and {t} for {p}",
    "Between {s} and {t}, which has the lower {p}?", "Vergleiche {s} und {t}: {p}", "Was hat die höhere {p}, {s} oder {t}?", "{s} vs {t} which one has more {p}", "{p}: {s} against {t}", "Settle a bet: {s} or {t}, which has more {p}?", "difference in {p} between {s} and {t}", "please compare for me {s} with {t}, the {p}", "put {s} and {t} side by side: {p}", "Is {p} of {s} larger than that of {t}?",
]  # fmt: skip
_MEASURE = [
    "Measure {p} of {f}", "What is the {p} in {f}?", "Characterise {f}: {p}", "Quantify {p} from the tomogram {f}", "{p} of {f} pls", "Analyse {f} and give me {p}", "{f}: {p}", "Please work out {p} in my slice {f}", "Determine {p} from {f}.", "I uploaded a tomogram, what is its {p}?", "Compute {p} of the uploaded image", "Bestimme {p} von {f}", "{p} von {f} bestimmen, danke", "From the attached scan {f}, get {p}", "Analyze these slices, {f} and {g}: {p}", "Characterize the uploaded volume: {p}", "how much {p} does {f} show?", "evaluate {p} in stack {f}", "the nail test killed it, measure {p} in {f}",
]  # fmt: skip
_SIMULATE = [
    ("Simulate a {c} discharge of a {ion}cell and give me the {p}", "cell"), ("Run a discharge at {c} and tell me the {p}", "cell"), ("simulate the discharge of a {s} cell at {c}, {p}?", "cell"), ("What {p} is left if you discharge a {ion}cell at {c}? Please run it", "cell"), ("Cell simulation: {ion}cell; rates {c}; outputs: {p}", "cell"), ("sim 18650 cell {c} disch., want {p}", "cell"), ("Run the pouch cell at {c} and report {p}", "cell"), ("Simuliere die Entladung einer {ion}Zelle bei {c}, {p}", "cell"), ("could you run a simulated discharge of the coin cell at {c}? {p} each time", "cell"),
    ("Run molecular dynamics on {s} at {k} and tell me {p}", None), ("MD of {s}, 2 ns at {k}: {p}", None), ("Run NVT MD on {s} at {k}; I want {p}", None), ("Simulate {s} with molecular dynamics at {k}, {p}", None), ("Molekulardynamik für {s} bei {k}: {p}", None), ("Could you realise a molecular dynamics of {s} at {k} and give me {p}?", None), ("molecular dynamics for the polymer electrolyte {s} at {k}, I'm after {p}", "polymer_electrolyte"),
]  # fmt: skip


def predict(rng: Random) -> Draft:
    """A value of a named material is to be computed."""
    if rng.random() < 0.12:
        key = "energy_above_hull"
        text = filled(
            rng.choice(["Is {s} {p}?", "Would {s} be {p}?", "is {s} thermodynamically {p}?", "Ist {s} {p}?", "How {p} is {s}?"]),
            s=_subject(rng), p=tagged("stable" if rng.random() < 0.8 else "stabil", "ASK", key, "report"),
        )  # fmt: skip
        return Draft(chatty(rng, text), "predict")
    return _asked(rng, "predict", _PREDICT)


def lookup(rng: Random) -> Draft:
    """A known value of a named material."""
    return _asked(rng, "lookup", _LOOKUP)


def _asked(rng: Random, intent: str, templates: list[str]) -> Draft:
    domain = rng.choice(list(w.PROPERTIES)[:6])
    template = rng.choice(templates)
    role = rng.choice(w.ROLES[domain][:4]) if "{role}" in template else ""
    role = role.removesuffix("s")
    ion = None
    if role and rng.random() < 0.3:
        ion = rng.choice(list(w.ION_NAMES))
        role = f"{w.ION_NAMES[ion][0]} {role}"
    text = filled(template, p=_asks(rng, domain), s=_subject(rng), role="the " * bool(role) + role)
    if rng.random() < 0.15:
        text = text + " " + rng.choice(w.NOISE)
    return Draft(chatty(rng, text), intent, domain if role else None, ion)


def compare(rng: Random) -> Draft:
    """Two or three named materials against each other."""
    domain = rng.choice(list(w.PROPERTIES)[:6])
    template = rng.choice(_COMPARE)
    roles = rng.choice(w.ROLES[domain][:2])
    roles = roles if roles.endswith("s") else roles + "s"
    text = filled(
        template,
        p=_asks(rng, domain),
        s=_subject(rng),
        t=_subject(rng),
        u=_subject(rng),
        roles=roles,
    )
    return Draft(chatty(rng, text), "compare", domain if "{roles}" in template else None)


def characterize(rng: Random) -> Draft:
    """An image or volume is to be measured."""
    layer = rng.random() < 0.12
    files = [tagged(rng.choice(w.FILES), "SUBJ") for _ in range(2)]
    asks = _asks(rng, "interphase" if layer else "microstructure")
    text = filled(rng.choice(_MEASURE), p=asks, f=files[0], g=files[1])
    if layer:
        text = "Cryo-TEM of the SEI. " + text
    return Draft(chatty(rng, text), "characterize", "interphase" if layer else "microstructure")


def simulate(rng: Random) -> Draft:
    """A cell or molecular dynamics is to be run."""
    template, domain = rng.choice(_SIMULATE)
    ion = rng.choice(["Li", "Na"]) if "{ion}" in template and rng.random() < 0.5 else None
    words = f"{w.ION_NAMES[ion][0]}-ion " if ion else ""
    if domain == "cell":
        key = "capacity"
        asks = tagged(
            rng.choice(
                [
                    "capacity",
                    "discharge capacity",
                    "delivered capacity",
                    "capacity in mAh",
                    "mAh out",
                    "Kapazität",
                ]
            ),
            "ASK",
            key,
            "report",
        )
        if rng.random() < 0.2:
            asks = (
                asks
                + rng.choice([", ", " and the "])
                + tagged(
                    rng.choice(["average voltage", "mean voltage"]),
                    "ASK",
                    "average_voltage",
                    "report",
                )
            )
    else:
        asks = _asks(
            rng,
            "polymer_electrolyte" if rng.random() < 0.4 else "solid_electrolyte",
            keys=["ionic_conductivity", "li_diffusivity", "density", "anion_diffusivity"],
        )
    if domain is None and rng.random() < 0.2:
        asks, ion = asks + " of lithium", "Li"
    subject = (
        _subject(rng)
        if domain != "cell"
        else tagged(rng.choice(["LFP", "NMC811", "NMC622", "LCO"]), "SUBJ")
    )
    rates = rng.choice(
        [
            "1C",
            "C/2 and 2C",
            "0.5C",
            "0.2C and 1C",
            "C/10, 1C, 5C",
            "3C",
            "4C instead of C/2",
            "1C/2C/5C",
        ]
    )
    kelvin = rng.choice(
        ["500 K", "300 K", "600 K", "363 K", "60 °C", "700 K", "500, 700 and 900 K"]
    )
    text = filled(template, ion=words, c=rates, p=asks, s=subject, k=kelvin)
    return Draft(chatty(rng, text), "simulate", domain, ion)


def explain(rng: Random) -> Draft:
    """A reason is wanted."""
    if rng.random() < 0.35:
        words, domain, ion = rng.choice(EXPLAIN_PLAIN)
        return Draft(chatty(rng, Text(words)), "explain", domain, ion)
    template, domain, ion = rng.choice(EXPLAIN)
    text = filled(
        template, s=_subject(rng), t=_subject(rng), p=name_of(rng, rng.choice(_ANY), False)
    )
    return Draft(chatty(rng, text), "explain", domain, ion)


def help_(rng: Random) -> Draft:
    """Greetings and everything outside the field."""
    text = rng.choice(HELP)
    if rng.random() < 0.2:
        text = (
            rng.choice(["Hi! ", "Hello, ", "hey, ", "Bitte: ", "Quick question: ", "So, "]) + text
        )
    return Draft(Text(text), "help")


def refuse(rng: Random) -> Draft:
    """What is refused."""
    return Draft(Text(rng.choice(REFUSE)), "refuse")


def _subject(rng: Random) -> Text:
    return tagged(material(rng), "SUBJ")


def _asks(rng: Random, domain: str, keys: list[str] | None = None) -> Text:
    chosen = list(
        dict.fromkeys(rng.choices(keys or w.PROPERTIES[domain], k=rng.choice([1, 1, 1, 2, 2, 3])))
    )
    pieces = [tagged(name_of(rng, key, False), "ASK", key, "report") for key in chosen]
    return joined(
        pieces,
        rng.choice([", ", ", ", " and ", " + ", " and the "]),
        rng.choice([None, " and ", " and the "]),
    )
