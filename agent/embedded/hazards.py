# ruff: noqa: E501  patterns and word lists: one entry after another reads best on long lines
"""Requests that are refused: explosives, chemical weapons, poisons, drugs, weaponised batteries."""

from __future__ import annotations

import re


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(patterns)})(?![\w])", re.IGNORECASE)


# names that have no place in a battery
_AGENTS = _words(
    "sarin", "soman", "tabun", "cyclosarin", "novichok", "nowitschok", "vx(?: gas| agent| analog\\w*)?", "mustard gas", "sulfur mustard", "sulphur mustard", "nitrogen mustard", "senfgas", "lewisite",
    "nerve[- ](?:agents?|gas(?:es)?|toxins?|poisons?)", "nervengas\\w*", "nervenkampfstoff\\w*", "nervengift\\w*", "chemical weapons?", "chemical warfare", "chemiewaffen?", "chemische\\w* waffen?", "kampfstoff\\w*", "giftgas\\w*", "poison gas(?:es)?", "toxic gas attack", "blister agents?", "blood agents?", "choking agents?", "ricin", "rizin", "botulinum\\w*", "cyanogen chloride",
    "zyklon[ -]?b", "tear gas", "chlorine bombs?", "dirty bombs?", "schmutzige bombe", "bioweapons?", "biological weapons?", "nuclear (?:bombs?|weapons?)", "weapons?[- ]grade (?:uranium|plutonium|material)", "saxitoxin", "tetrodotoxin", "polonium", "strychnine?", "strychnin",
    "tnt", "rdx", "hmx", "petn", "tatp", "hmtd", "cl-?20", "semtex", "c-?4 explosives?", "nitroglycerin\\w*", "nitroglyzerin", "trinitrotolu\\w+", "picric acid", "pikrinsäure", "lead azide", "bleiazid", "silver azide", "mercury fulminate", "knallquecksilber", "fulminates?", "anfo", "black powder (?:charges?|explosives?|recipe|bombs?)", "fire ?bombs?", "suicide (?:vests?|bomb\\w*)", "brisance", "gunpowder", "schwarzpulver", "schießpulver", "napalm", "thermite(?![- ](?:like|type))", "thermit", "hexogen", "oktogen", "nitropenta", "acetone peroxide", "triacetone triperoxide", "acetonperoxid", "flash powder", "octanitrocubane", "tetryl", "molotov\\w*", "rohrbombe\\w*", "pipe[- ]bombs?", "nail[- ]bombs?", "letter[- ]bombs?", "parcel[- ]bombs?", "briefbombe\\w*", "car[- ]bombs?", "autobombe\\w*", "detonators?", "detonator\\w*", "blasting caps?", "sprengsatz\\w*", "sprengsätze\\w*", "sprengstoff\\w*", "sprengkörper\\w*", "zünder", "booby[- ]?traps?", "ied", "ieds", "improvised explosive\\w*", "landmines?", "hand ?grenades?", "handgranate\\w*",
    "meth", "methamphetamine?\\w*", "crystal meth", "amphetamin\\w*", "mdma", "ecstasy (?:pills?|tablets?)", "lsd", "heroin", "cocaine", "kokain", "crack cocaine", "fentanyl\\w*", "carfentanil", "ketamine", "ketamin", "ghb", "opioids?", "opioide\\w*", "illicit drugs?", "illegal drugs?", "street drugs?", "designer drugs?", "recreational drugs?", "party drugs?", "synthetic cannabinoids?", "methcathinone", "mephedrone", "psilocybin", "dmt (?:drug|synthesis)", "drogen?", "terroris\\w*", "attentat\\w*", "anschlag\\w*", "rauschgift\\w*", "rauschmittel\\w*", "phencyclidine", "oxycodone", "date[- ]rape\\w*", "roofies?", "k\\.?o\\.?-tropfen",
)  # fmt: skip
# explosives and poisons as a purpose
_MAKE = (
    r"(?:make|making|made|build|building|synthesi[sz]\w*|design\w*|generat\w*|propos\w*|suggest\w*|find|create|produce|producing|prepare|cook|brew|mix|need|want|give|list|rank|which|how|turn\w*|recipe|"
    r"herstell\w*|bau\w*|mach\w*|koch\w*|misch\w*|erzeug\w*|entwerf\w*|entwirf|vorschl\w*|schlag\w*|wie|such\w*|brauch\w*|nenn\w*|act\w*|work\w*|serve|candidates?|formulate|develop|identify|screen|sample|predict|estimate|optimi[sz]e\w*|convert|rig\w*|compute|compare|what|looking|welche\w*|gib|help|tell|show|can|could)"
)
_MADE_TO = re.compile(
    r"\b(?:(?:primary|secondary|high|plastic|liquid|powerful|strong\w*|homemade|home-made|military|improvised|binary|new|powerful|undetectable|stable|insensitive|peroxide) explosives?\b"
    r"|explosives?\b(?! growth| rise| interest| decomposition| limits?| atmosphere| hazards?| risk| power of| environment|-proof| demand| field| development| expansion| popularity| increase)"
    r"|explosive(?:s|n|r|m)? (?:mixtures?|devices?|charges?|compounds?|materials?|molecules?|power|force|yield|verbindung\w*|stoffe?\w*|mischung\w*)"
    r"|energetic (?:materials?|molecules?|compounds?|salts?|binder)|detonat(?:e|es|ing|ion)\b|detonationsgeschwindigkeit"
    r"|(?:turn|rig|modify|convert|transform|make|build|use|wandle|umbauen|baue?n?)\b.{0,60}\b(?:bombs?|weapons?|incendiary|grenades?|bombe|waffe|brandsatz|explosive device)\b"
    r"|\b(?:bombs?|bombe|brandsatz|weapon|waffe)\b.{0,30}\b(?:build|make|bauen|basteln|herstellen|recipe|anleitung|instructions|out of)"
    r"|incendiary (?:device|weapon|mixture|bomb)s?|propellants? for (?:a |my )?(?:gun|rocket|missile|weapon)s?|brandbombe\w*)",
    re.IGNORECASE,
)
_HARM = re.compile(
    r"\b(?:poison(?:s|ed|ing)? (?:for|that|to|someone|somebody|my|the (?:water|food|reservoir|well|dog|neighbo\w+)|a |people|him|her|drinks?|rats? and|without)"
    r"|(?:kill|murder|harm|hurt|injure|maim|assassinat\w*|incapacitat\w*|sedate|drug|poison|töte\w*|umbring\w*|vergift\w*|verletz\w*)(?:s|ing|en|et|t)? (?:a |an |my |the |as many |some ?|many |einen? |meine[nr]? |jemand\w* |den |die )?(?:people|person|humans?|someone|somebody|neighbo\w+|ex\b|wife|husband|boss|crowd|soldiers?|enem\w+|colleague|victims?|men|women|children|passengers?|menschen|nachbar\w*|jemand\w*|dog|cat|cattle|fish|wildlife|rival\w*|leute|personen|chef)"
    r"|(?:deadly|lethal|fatal|tödlich\w*|untraceable|undetectable|highly toxic|as toxic as possible|acutely toxic|most toxic|maximally toxic|most poisonous)\b.{0,40}\b(?:poisons?|toxins?|gas(?:es)?|dose|agents?|compounds?|molecules?|vapou?rs?|fumes?|gift\w*|substanz\w*|stoff\w*|humans?|people|if inhaled|solvents?|additives?|smoke|powder)"
    r"|(?:toxic|lethal|deadly|poisonous|giftig|tödlich)\w*\b(?: \w+){0,4} (?:to|for|against|für|on|in|when) (?:humans?|people|mammals|soldiers|menschen|crowds?|insects and people|personen|a crowd|breathed|swallowed|inhaled)"
    r"|make\w* (?:my|someone|somebody|him|her|people|them|a person|my \w+)(?: \w+){0,2} (?:sick|ill|unconscious|faint|pass out|sleepy)|gas (?:a|the|some|my)(?: \w+){0,1} (?:subway|train|crowd|building|room|people|bus|school|office)|(?:neighbo\w+|my ex|boss|husband|wife|rival|colleague|dog|cat|nachbar\w*|chef)\b.{0,80}\b(?:silence|shut (?:it|him|her|them) up|silence (?:it|him|her|them)|put (?:it|him|her) to sleep|drop dead)|\b(?:deadliest|most lethal|most deadly)\b|kills? (?:quietly|silently|slowly|instantly|unnoticed)|burn\w* down (?:an?|the|my|his|her|their) (?:house|building|flat|office|home|shop)|(?:releas\w+|emit\w*|giv\w* off)[ -](?:\w+ ){0,3}(?:cyanide|poison|nerve|toxic|deadly|lethal)\w*(?: \w+){0,8} (?:people|crowd|victims?|opened)|(?:cyanide|poison|toxin)\w*[- ]releasing .{0,60}(?:people|crowd|closed room)|water suppl\w+|(?:against|on) (?:an? |the |some )?(?:enem\w+|soldiers?|platoon|crowds?|civilians?|troops|protesters)|acetylcholin\w+|cholinesterase\w*|untraceable poison\w*|paraly[sz]e\w* (?:people|humans?|someone|a person)|stop\w* (?:someone's|a person's|the) (?:heart|breathing)|spike\w* (?:someone'?s?|a|her|his|the) drinks?|get\w* (?:you|me|people|us) high(?=\s*(?:[.,!?]|$|off\b|on\b))|psychoactive|hallucinogen\w*|psychedelic\w*|makes? (?:you|people|me|users?) (?:high|hallucinate)|gift\b.{0,40}\b(?:nachbar\w*|menschen|jemand\w*|nachweis\w*|unauffällig\w*)|rattengift|mass casualt\w+)",
    re.IGNORECASE,
)
_CELLS = re.compile(
    r"\b(?:batter\w+|packs?|cells?|phones?|laptops?|akkus?|powerbanks?|power banks?|handy\w*|zellen?|e-?bikes?|scooters?|drones?|pagers?|zelle)\b.{0,140}\b(?:explod\w+|blows? up|blow up|detonat\w*|catch(?:es)? fire|burst\w* into flames?|explodier\w*|hochgeh\w*|in die luft\w*|go(?:es)? off|ignite\w*|burns? down)\b.{0,80}\b(?:on (?:command|demand|cue|purpose)|remote\w*|deliberate\w*|intentional\w*|in (?:a|someone'?s|somebody'?s|the|his|her|my \w+'s|people's) (?:parcel|pocket|hands?|face|car|house|office|bag|luggage|plane|crowd\w*|mailbox|flat|room)|by (?:radio|timer|remote|phone)|auf (?:befehl|kommando|knopfdruck)|absichtlich|ferngesteuert|timer|as a weapon|aboard|on (?:a|the) (?:plane|train|bus)|when (?:someone|he|she|they|my|the victim|opened|triggered)|at a (?:set|chosen|given) (?:time|moment)|trigger\w*|per (?:funk|fernzünd\w*|sms|handy)|paket|im flugzeug)"
    r"|\b(?:remote\w*|deliberate\w*|on (?:command|demand|purpose)|intentional\w*|absichtlich|ferngesteuert)\b.{0,60}\b(?:explod\w+|explosion\w*|blow\w* up|detonat\w*|explodier\w*)|\b(?:sabotage\w*|tamper\w*|weaponi[sz]e\w*)\b.{0,100}\b(?:batter\w+|cells?|akku\w*|packs?)"
    r"|\bweaponi[sz]\w*|\bas a weapon|\bals waffe|\b(?:batter\w+|cells?|packs?|akkus?)\b.{0,60}\b(?:bombs?|grenades?|weapons?|bombe\w*|waffe\w*|shrapnel)\b(?!-)",
    re.IGNORECASE,
)
_SAFE = re.compile(
    r"\b(?:non|not|less|least|un|low|nicht|weniger|no|without|avoid\w*|free of|never|nor|keine?|ohne|instead of|replac\w+|alternatives? to|minimally|ungiftig)[- ]?(?:\w+ ){0,3}(?:toxic\w*|poison\w*|harmful|lethal|deadly|fatal|hazardous|giftig\w*|toxisch\w*|tödlich\w*)(?: \w+){0,4}|\b(?:suppress|prevent|avoid|inhibit|survive|withstand|resist|verhinder|against|reduc|stop)\w*\s+(?:\w+ ){0,3}(?:explosion|explod|detonat|fire|explodier|brennen|brand)\w*|\bticking(?: time)? bombs?|\btime bombs?|\b(?:costs?|spent|cost us) a bomb|\bbomb (?:crater|of a|threat)|\bexplosive (?:mixtures?|atmospheres?|limits?) (?:with|in) (?:the )?air|\bTNT[- ]equivalents?|\bequivalent (?:of|to) .{0,20}TNT|\b(?:as much (?:energy )?as|than|like|compared (?:to|with)|versus) (?:\d+ ?k?g of )?(?:TNT|dynamite)\b|\bbomb[- ]?(?:proof|calorimet\w*|test)|\bbombenm\w+|\bbombig\w*|\bbombed?_\w+\.\w+|\bbombenfest|\bbombensicher\w*|non-?explosive\b|explosion[- ]proof|explosionsgesch\w+|no explosives?\b|(?:azide|explosive|peroxide|perchlorate)[- ]free|(?:without|not|never|won't|avoid\w*|prevent\w*|against|resist\w*|no risk of|nicht|keine?|ohne|verhinder\w*)\s+(?:any\s+|it\s+|to\s+|the\s+|an?\s+|be(?:ing)?\s+)*(?:explo\w+|detonat\w+|blow\w* up|explodier\w*|catch\w* fire)|killer (?:app|cathode|feature|material|additive|electrolyte|\w+)|kill(?:s|ing|ed)? (?:the |my |our |me|it|all )?(?:dendrit\w*|capacity|cells?|performance|battery|cathode|time)|poison\w* (?:the |a |our )?(?:anode|cathode|catalyst|electrode)s?|dead cells?",
    re.IGNORECASE,
)
# SMARTS of groups that no electrolyte carries: polynitro, azides, nerve agents, mustards, peroxides
_SMARTS = (
    "[CX4]([N+](=O)[O-])([N+](=O)[O-])[N+](=O)[O-]",
    "c([N+](=O)[O-])c([*])c([N+](=O)[O-])[*]c([N+](=O)[O-])",
    "[NX3]([N+](=O)[O-])C[NX3]([N+](=O)[O-])",
    "C(O[N+](=O)[O-])C(O[N+](=O)[O-])CO[N+](=O)[O-]",
    "C(CO[N+](=O)[O-])(CO[N+](=O)[O-])CO[N+](=O)[O-]",
    "[CH3]P(=O)(F)O",
    "CP(=O)(F)OC",
    "CP(=O)(OC)SCCN",
    "P(=O)(C#N)(N)O",
    "ClCCSCCCl",
    "ClCCN(C)CCCl",
    "ClCCN(CCCl)CCCl",
    "CC1(C)OOC(C)(C)OOC(C)(C)OO1",
    "CNC(C)Cc1ccccc1",
    "CC(N)Cc1ccccc1",
    "CNC(C)Cc1ccc2OCOc2c1",
    "c1ccccc1CCN2CCC(CC2)N(c3ccccc3)C(=O)CC",
    "ClC=C[As](Cl)Cl",
    "[N-]=[N+]=NCCN=[N+]=[N-]",
)


_BOMB = (
    r"\b(?:make|build|turn\w*|convert\w*|into|bau\w*|bastel\w*|create|design)\b.{0,60}\b(?:bombs?|bomben?)\b"
    r"|\b(?:bombs?|bomben?)\b.{0,30}\b(?:out of|aus|bauen|basteln|bau\w*)\b"
)
_WHY = re.compile(
    r"(?i)\W*(?:\w+[,.!:]\s+)?(?:why|how come|what makes|what causes|warum|wieso|weshalb|explain why|was macht|how likely)\b"
)
_WILL = re.compile(
    r"(?i)\b(?:make|build|synthes\w+|cook|produce|prepare|turn|extract|recipe|herstell\w*|bau\w*|koch\w*|propose|suggest|design|generate)\b"
)


def is_reassuring(text: str) -> bool:
    """Whether a cleaned request says that it wants the hazard avoided, or only jokes with the word."""
    return bool(_SAFE.search(text))


def is_hazardous(text: str, smiles: tuple[str, ...] = ()) -> bool:
    """Whether a cleaned request asks for something that is refused."""
    calm = _SAFE.sub(" ", text)
    if _HARM.search(calm):
        return True
    if _WHY.match(calm) and not _WILL.search(calm):
        return any(_dangerous(one) for one in smiles)  # a reason is asked for, not a recipe
    if _AGENTS.search(calm) or _CELLS.search(calm):
        return True
    if _MADE_TO.search(calm) and re.search(rf"\b{_MAKE}\b", calm, re.IGNORECASE):
        return True
    if re.search(_BOMB, calm, re.IGNORECASE):
        return True
    return any(_dangerous(one) for one in smiles)


def _dangerous(smiles: str) -> bool:
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        return molecule is not None and any(
            molecule.HasSubstructMatch(Chem.MolFromSmarts(pattern)) for pattern in _SMARTS
        )
