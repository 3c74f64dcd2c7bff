# ruff: noqa: E501  patterns: one property after another reads best on long lines
"""How questions tell a property without its name: "how fast does Na+ move", "in g/mol"."""

from __future__ import annotations

import re
from functools import cache

_ION = r"(?:(?:li|na|k|mg|ca|zn)\+{0,2}|lithium|sodium|potassium|magnesium|cations?|ions?|ionen)"
_MOVE = r"(?:mov\w+|travel\w*|hop\w*|migrat\w+|get\w*|go(?:es)?|transport\w*|zip\w*|shoot\w*|run\w*|pass\w*|beweg\w+|wander\w+|conduct\w*)"
_MAKE = r"(?:make|made|making|synthesi[sz]e\w*|prepare|produce|synthetisier\w*|herstell\w*|herzustellen|darstell\w*|machen)"

PHRASES = {
    "ionic_conductivity": rf"\b(?:carr(?:y|ies)|let|transport)s? .{{0,20}}{_ION}\b|how (?:fast|quickly|quick|well|readily|easily) .{{0,40}}\b{_ION}\b.{{0,30}}\b{_MOVE}|how (?:fast|quickly|well|mobile) (?:is|are) (?:the )?{_ION}|(?<!electrons )\b(?:m|u|µ)?S ?(?:/ ?cm|cm-1|/ ?m)\b|\bsigma\b|\bconduct(?:s|ive|ing|ors?)?\b|\bleit(?:et|fähig)\b|\bionic transport\b|{_ION} (?:ion )?(?:transport|conduction)\b|\bion(?:ic)? conduction",
    "electronic_conductivity": r"electronic(?:ally)? conduct\w*|(?:leak\w*|conduct\w*) .{0,15}electrons|electron(?:ic)? (?:leak\w*|conduct\w*)|elektronisch\w* leit\w*",
    "li_diffusivity": rf"how (?:fast|quickly|mobile) .{{0,40}}\b{_ION}\b.{{0,25}}diffus\w*|diffus\w+ of {_ION}\b|(?:diffundier\w*|diffusion) .{{0,20}}\b{_ION}\b|\b(?:cm2|cm\^2|cm²|m2|m²) ?/ ?s\b|\bD_?(?:Li|Na)\b|\bdiffusivit\w+|\bdiffusion coefficient|diffusionskoeffizient",
    "anion_diffusivity": r"\b(?:anions?|tfsi|pf6|counter-?ions?)\b-?.{0,40}\b(?:diffus\w*|diffund\w*|mov\w+|mobil\w+)|\b(?:diffus\w*|diffund\w*|mobility) .{0,30}\b(?:anions?|tfsi|counter-?ions?)\b",
    "polymer_diffusivity": r"\b(?:chains?|segments?|segmental|polymers?|kettens?|polymerketten?)\b.{0,30}\b(?:diffus\w*|diffund\w*|mov\w+|mobil\w+)|\b(?:diffus\w*|diffund\w*|mobility) .{0,40}\b(?:chains?|segments?|polymerketten?|ketten)\b",
    "transference_number": r"\bt(?:_?li)?\+|\bshare of (?:the )?(?:current|charge) .{0,20}(?:carried|li|cation)|transference|überführungszahl|bruce.{0,3}vincent",
    "viscosity": r"\bmPa\.?·?\*? ?s\b|\bcP\b|\bcentipoise\b|how (?:runny|viscous|syrupy)|\b(?:thinner|thicker|runnier) than (?:water|oil|honey)|zähflüssig|dünnflüssig",
    "dielectric_constant": r"\bepsilon\b|\bpermittivit\w*|\bdielectric\b|\bdk\b|\bhow polar\b|\bwie polar\b|dielektrizit\w+|\bε_?r?\b",
    "dipole_moment": r"\bdebyes?\b|\bdipol\w*",
    "molecular_weight": r"\bg ?/ ?mol\b|\bgrams? per mol\w*|\b(?:weigh\w*|heavy|wiegt|schwer) .{0,40}\bmol(?:e|es|s)?\b|\bmol(?:e|s)?\b.{0,40}\b(?:weigh\w*|heavy|wiegt)|\bone mole\b|^\W*M of\b|\bmol\w*[ -]?(?:mass|weight|masse|gewicht)\b|molmasse|\bmw\b",
    "sa_score": rf"how (?:hard|easy|easily|difficult|tricky|complicated|simple|accessible|straightforward) .{{0,40}}\b{_MAKE}|\bsynthetic\w*.{{0,15}}accessib\w*|\beas(?:e|y) (?:of|to) (?:synthesi\w*|make)|\bsa[ _-]?score\b|wie (?:leicht|schwer|schwierig|einfach|gut|aufwendig) .{{0,60}}\b(?:{_MAKE}|synthetisch|zu synth\w+)|synthetische\w* zugänglich\w*|synthesi[sz]ab\w*",
    "flash_point": r"\bflash\w*|\bflammab\w*|\bcatch(?:es)? fire\b|\bignit\w*|\bentflamm\w*|\bflammpunkt\w*|\bentzünd\w*",
    "boiling_point": r"\bboil\w*|\bdistil\w*|\bvapori[sz]e\w*|\bsied\w*|\bevaporat\w*|\bb\.?p\b",
    "melting_point": r"\bmelt\w*|\bfreez\w*|\bsolidif\w*|\bfrozen\b|\bfrier\w*|\bgefrier\w*|\bschmilzt\b|\bschmelz\w*|\b(?:wird|becomes?|turns?|goes|gets) .{0,20}(?:fest|solid|liquid|flüssig)\b|\berstarrt?\b|\bm\.?p\b",
    "max_delta_volume": r"\bblows? up\b|\bvolum\w+\b.{0,40}\b(?:chang\w*|expan\w*|shrink\w*|grow\w*|swell\w*|änder\w*)|\b(?:chang\w*|expan\w*|shrink\w*|grow\w*|swell\w*)\b.{0,30}\bvolum\w*|\b(?:swell|shrink|expand|breath|schrumpf|quill|schwill)\w*|dehnt sich",
    "average_voltage": r"\b(?:what|which|how many|how much) (?:volt\w*|potential)|\bwelche\w* spannung|wie viel\w* volt|\bbei wie ?viel volt|\bvoltage\b|\bspannung\b|\boperat\w+ .{0,20}\bvolts?\b|\bvolts? .{0,20}(?:vs|versus|against|gegen)\b|where does .{0,40} sit\b",
    "oxidation_potential": r"\b(?:which|what|how high a|how many) (?:volt\w*|potential).{0,40}\b(?:hold|surviv\w*|withst\w*|resist\w*|stable|last|endure)\b|\boxidi[sz]\w*|\boxidation\b|\banodic\w*|\boxidiert\w*",
    "reduction_potential": r"\breduc(?:ed?|es|ing|tion)\b|\bcathodic\w*|\breduziert\w*|\breduktion\w*",
    "capacity_grav": r"\bm?Ah\b.{0,25}\b(?:one gram|grams?|gramm)\b|\bm?Ah ?(?:/ ?k?g|g-1)\b|\b(?:m?Ah|milliamp\w*) (?:per|pro|je) (?:k?g|grams?|gramm)\b|\bcharge\b.{0,30}\b(?:per gram|hold\w*|stor\w*|deliver\w*|take)|\bladung pro gramm|\bcapacit\w+|\bkapazität\w*|how much (?:lithium|sodium|charge) .{0,30}(?:hold|store|take)",
    "energy_grav": r"\bk?Wh ?/ ?k?g\b|\bspecific energy\b|\benergy density\b|\benergiedichte\b",
    "band_gap": r"\b(?:band ?)?gap\b|\bbandlücke\b",
    "migration_barrier": rf"\benergy (?:hill|barrier)|\benergy\b.{{0,40}}\b(?:jump|hop)\b|\b(?:hop\w*|jump\w*|migrat\w*|diffusion)[- ](?:barrier|energy)|\b(?:barrier|energy|barriere)\b.{{0,40}}\b(?:climb|overcome|hop|jump|überwinden)|\bbarrier\b|\bbarriere\b|\benergy .{{0,20}}{_ION} .{{0,15}}(?:hop|overcome)",
    "activation_energy": r"\bE_?a\b|\bactivation\b|\baktivierung\w*",
    "bulk_modulus": r"^\W*K of\b|\bbulk modul\w*|\b(?:uniform|hydrostatic) compress\w*|\bcompressib\w*|\bkompressionsmodul",
    "shear_modulus": r"^\W*(?:.{0,40}: ?)?G of\b.*\bGPa\b|\bshear\b|\bschubmodul|\bscher\w*",
    "porosity": r"\bporos?\w*|\bfraction .{0,25}(?:pores?|voids?|empty)|\bvoid\w*|\bporös\w*|\bhohlraum\w*|\bwie porös\b",
    "tortuosity_factor": r"\btau\b|\btortu\w+|\bgewunden\w*|\btwist\w*|\bwinding\b|\bdetours?\b|\bumweg\w*",
    "thickness": r"\bhow thick\b|\bthickness\b|\bthick\b|\bnm\b.{0,10}\bthick|\bwie dick\b|\bdicke\b",
    "particle_size": r"\b(?:size|diameter|large|big|small|groß|durchmesser)\b.{0,40}\b(?:particles?|grains?|partikel|teilchen)\b|\b(?:particles?|grains?|partikel|teilchen)\b.{0,30}\b(?:size|diameter|large|big|groß|durchmesser|d50)\b|\bd50\b",
    "surface_area_density": r"\b(?:interfac\w*|specific|surface|active)[- ](?:surface )?area\b|\boberfläche\b",
    "density": r"\bhow dense\b|\bhow light\b|\bdensity\b|\bg ?/ ?cm(?:3|³|\^3)|\bdichte\b|\bwie dicht\b",
}  # fmt: skip
# where the second is asked for, the first is only a part of its words
_WIDER = (
    ("capacity", "capacity_grav"),
    ("thickness", "viscosity"),
    ("ionic_conductivity", "electronic_conductivity"),
    ("li_diffusivity", "anion_diffusivity"),
    ("li_diffusivity", "polymer_diffusivity"),
    ("polymer_diffusivity", "anion_diffusivity"),
    ("ionic_conductivity", "anion_diffusivity"),
    ("ionic_conductivity", "polymer_diffusivity"),
    ("ionic_conductivity", "li_diffusivity"),
    ("dielectric_constant", "dipole_moment"),
    ("average_voltage", "oxidation_potential"),
    ("average_voltage", "reduction_potential"),
    ("capacity_grav", "energy_grav"),
    ("density", "energy_grav"),
    ("migration_barrier", "activation_energy"),
    ("energy_grav", "migration_barrier"),
    ("energy_grav", "activation_energy"),
)


def told_properties(text: str) -> list[str]:
    """The properties that phrases and units of a text tell of, in the order in which they stand."""
    found = {key: m.start() for key, p in _patterns().items() if (m := p.search(text))}
    return narrowed(sorted(found, key=found.__getitem__), list(found))


def narrowed(keys: list[str], told: list[str]) -> list[str]:
    """The properties, those that phrases tell more narrowly in the place of the wider ones."""
    kept = [narrow for wide, narrow in _WIDER if wide in keys and narrow in told]
    wider = {wide for wide, narrow in _WIDER if narrow in told}
    return list(dict.fromkeys([*(k for k in keys if k not in wider), *kept]))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {key: re.compile(pattern, re.IGNORECASE) for key, pattern in PHRASES.items()}
