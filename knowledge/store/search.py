"""Finding entries: dense, lexical and by facts, fused by reciprocal rank (Cormack et al. 2009)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from ionwright.knowledge.entries import Hit, SourceKind
from ionwright.knowledge.records import Domain, Target

from .mentions import Mentions, mentions_in
from .store import KnowledgeStore
from .words import STOPWORDS, keys_of, match_query, phrase_query, tokens

Lane = Literal["dense", "lexical", "facts"]
LANES: tuple[Lane, ...] = ("dense", "lexical", "facts")
DEPTH = 100  # entries that each lane hands in
FUSION = 8.0  # ranks below this weigh little less than the first
WEIGHTS: dict[Lane, float] = {"dense": 1.3, "lexical": 1.0, "facts": 0.5}
EXACT = 0.09  # for a fact on the very subject and property that are asked for: a first rank more
BULK = 0.4  # of the score is left to data in bulk (handbooks, computed) that was not asked for
NAMED_ONLY = 0.5  # weight of facts about a subject where no property is asked: a reason is, mostly
FEW = 5000  # entries up to which the dense index is asked for these alone
TOLERANCE = 0.1  # of a wished-for value, where about it is asked


@dataclass(frozen=True)
class Filters:
    """What an entry must be. Only entries with facts can meet those on values and elements."""

    targets: tuple[Target, ...] = ()
    material_class: str | None = None
    working_ion: str | None = None
    elements_required: tuple[str, ...] = ()
    elements_excluded: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    temperature: tuple[float, float] | None = None  # K
    years: tuple[int, int] | None = None
    source_kinds: tuple[SourceKind, ...] = ()

    def __bool__(self) -> bool:
        return self != Filters()


def search(
    store: KnowledgeStore,
    words: str,
    *,
    names: Sequence[str] = (),
    properties: Sequence[str] = (),
    domain: Domain | None = None,
    filters: Filters = Filters(),
    k: int = 10,
    lanes: Sequence[Lane] = LANES,
    strict: bool = True,
) -> list[Hit]:
    """The k entries that answer the words best.

    Args:
        store: where to look.
        words: the question.
        names: subjects known to be meant, beside those found in the words.
        properties: properties known to be meant, beside those found in the words.
        domain: what the materials are used as; entries on such with the property come first.
        filters: what an entry must be.
        k: how many.
        lanes: which of the three ways of finding to use.
        strict: whether the filters were given as such. If they were only read from words, entries
            that state a value beyond a bound are left out as long as some state one within; the
            rest of the filters says what comes first.
    """
    ask = partial(_search, store, words, names, properties, domain, lanes=lanes)
    hits = ask(filters, k)
    if strict or not filters or len(hits) == k:
        return hits
    bounds = Filters(targets=tuple(t for t in filters.targets if t.op != "="))
    for wider in (bounds, Filters()):
        if hits and bounds and not wider:
            break
        seen = {hit.entry.id for hit in hits}
        hits += [hit for hit in ask(wider, k) if hit.entry.id not in seen]
    return hits[:k]


def _search(
    store: KnowledgeStore,
    words: str,
    names: Sequence[str],
    properties: Sequence[str],
    domain: Domain | None,
    filters: Filters,
    k: int,
    *,
    lanes: Sequence[Lane],
) -> list[Hit]:
    allowed = _allowed(store, filters) if filters else None
    if allowed == []:
        return []
    mentions = mentions_in(words, store.db, names=names, properties=properties)
    ranked: dict[Lane, list[int]] = {}
    if "dense" in lanes:
        ranked["dense"] = _dense(store, words, allowed)
    if "lexical" in lanes:
        ranked["lexical"] = _lexical(store, words, mentions, allowed)
    weights = WEIGHTS if mentions.properties else {**WEIGHTS, "facts": NAMED_ONLY}
    if "facts" in lanes:
        ranked["facts"] = _facts(store, mentions, domain, allowed, _fused(ranked, weights))
    scores = _fused(ranked, weights)
    if "facts" in lanes:
        _weigh(store, scores, mentions)
    if not scores and allowed:  # the filters alone say what is wanted
        scores = {row: 1.0 / (FUSION + rank) for rank, row in enumerate(allowed[:k])}
    best = sorted(scores, key=lambda row: (-scores[row], row))[:k]
    found = store.entries(best)
    return [
        Hit(entry=found[row][0], source=found[row][1], score=round(scores[row], 6)) for row in best
    ]


def _fused(ranked: dict[Lane, list[int]], weights: dict[Lane, float]) -> dict[int, float]:
    """Score by row: the sum over lists of weight / (k + rank)."""
    scores: dict[int, float] = {}
    for lane, rows in ranked.items():
        for rank, row in enumerate(rows):
            scores[row] = scores.get(row, 0.0) + weights[lane] / (FUSION + rank)
    return scores


def _weigh(store: KnowledgeStore, scores: dict[int, float], mentions: Mentions) -> None:
    """Raises facts on what is asked for, and lowers data in bulk that is beside it."""
    named, keys = _one_of("name.key", sorted(mentions.name_keys))
    asked, properties = _one_of("fact.property", mentions.properties)
    rows = json.dumps(list(scores))
    found = store.db.execute(
        f"""
        SELECT entry, max({asked}), max(bulk), EXISTS (
          SELECT 1 FROM name WHERE name.entry = fact.entry AND {named})
        FROM fact WHERE entry IN (SELECT value FROM json_each(?)) GROUP BY entry
        """,
        (*properties, *keys, rows),
    )
    for row, right, bulk, about in found:
        if right and about:
            scores[row] += EXACT
        elif bulk and not right:
            scores[row] *= BULK


def _dense(store: KnowledgeStore, words: str, allowed: list[int] | None) -> list[int]:
    if not words.strip():
        return []
    vector = store.encode([words])[0]
    if allowed is None:
        return _rows(store, store.vectors.nearest(vector, DEPTH))
    if len(allowed) <= FEW:
        return _rows(store, store.vectors.nearest(vector, DEPTH, _ids(store, allowed)))
    keep = set(allowed)
    return [r for r in _rows(store, store.vectors.nearest(vector, 10 * DEPTH)) if r in keep][:DEPTH]


def _rows(store: KnowledgeStore, found: list[tuple[str, float]]) -> list[int]:
    rows = store.rows_of([i for i, _ in found])
    return [rows[i] for i, _ in found if i in rows]


def _ids(store: KnowledgeStore, rows: list[int]) -> list[str]:
    marks = ",".join("?" * len(rows))
    return [i for (i,) in store.db.execute(f"SELECT id FROM entry WHERE row IN ({marks})", rows)]


def _lexical(
    store: KnowledgeStore, words: str, mentions: Mentions, allowed: list[int] | None
) -> list[int]:
    several = [*tokens(words), *(t for n in mentions.names for t in tokens(n))]
    phrases = phrase_query(n for n in mentions.phrases if n.casefold() not in words.casefold())
    query = " OR ".join(filter(None, [match_query(_telling(store, several)), phrases]))
    if not query:
        return []
    inside, values = _inside("rowid", allowed)
    found = store.db.execute(
        f"SELECT rowid FROM words WHERE words MATCH ? {inside} "
        "ORDER BY bm25(words, 1.0, 2.0) LIMIT ?",
        (query, *values, DEPTH),
    )
    return [row for (row,) in found]


def _telling(store: KnowledgeStore, words: list[str]) -> list[str]:
    """The words without those that stand in very many entries: they tell little and cost most."""
    many = max(FEW, len(store) // 20)
    rare = [w for w in words if w not in STOPWORDS and store.frequency(w) <= many]
    return rare or words


def _facts(
    store: KnowledgeStore,
    mentions: Mentions,
    domain: Domain | None,
    allowed: list[int] | None,
    scores: dict[int, float],
) -> list[int]:
    """Entries about a named subject, or on the property of a named class or domain.

    Those with the property asked for come first, then the closest to the name, then by score.

    Args:
        store: where to look.
        mentions: what the question names.
        domain: what the materials are used as.
        allowed: the rows that may be found; all if None.
        scores: what the other lists say of a row.
    """
    named, keys = _one_of("name.key", sorted(mentions.name_keys))
    asked, properties = _one_of("fact.property", mentions.properties)
    classed, classes = _one_of("fact.material_class", mentions.classes)
    about, given = [], []
    if keys:
        about.append(f"SELECT entry, 2 + subject AS closeness FROM name WHERE {named}")
        given += keys
    if properties and classes:
        about.append(f"SELECT entry, 1 FROM fact WHERE {classed} AND {asked}")
        given += [*classes, *properties]
    if properties and domain:
        about.append(f"SELECT entry, 1 FROM fact WHERE domain = ? AND {asked}")
        given += [domain, *properties]
    if keys and domain and (told := _told_of(store, domain, mentions)):
        about.append("SELECT value, 4 FROM json_each(?)")
        given.append(str(told))
    if not about:
        return []
    wanted = f"ifnull({asked}, 0)"  # an entry without facts has none that is asked for
    inside, values = _inside("entry.row", allowed)
    found = store.db.execute(
        f"""
        WITH about (entry, closeness) AS ({" UNION ALL ".join(about)})
        SELECT entry.row, max({wanted}), max(about.closeness)
        FROM about JOIN entry ON entry.row = about.entry
        LEFT JOIN fact ON fact.entry = entry.row
        WHERE 1 {inside}
        GROUP BY entry.row
        """,
        (*given, *properties, *values),
    ).fetchall()
    found.sort(key=lambda row: (-row[1], -row[2], -scores.get(row[0], 0.0), row[0]))
    return [row for row, _, _ in found[:DEPTH]]


def _told_of(store: KnowledgeStore, domain: Domain, mentions: Mentions) -> list[int]:
    """Entries on a domain that tell of a subject from another: additives that spare EC."""
    named, keys = _one_of("key", sorted(mentions.name_keys))
    own = f"SELECT 1 FROM name JOIN fact USING (entry) WHERE {named} AND domain = ?"
    query = phrase_query(mentions.phrases)
    if not query or store.db.execute(f"{own} LIMIT 1", (*keys, domain)).fetchone():
        return []
    found = store.db.execute(
        "SELECT rowid FROM words WHERE words MATCH ? "
        "AND rowid IN (SELECT entry FROM fact WHERE domain = ?) LIMIT ?",
        (f"text : ({query})", domain, DEPTH),
    )
    return [row for (row,) in found]


def _one_of(column: str, values: Sequence[str]) -> tuple[str, list[str]]:
    if not values:
        return "0", []
    return f"{column} IN ({','.join('?' * len(values))})", list(values)


def _inside(column: str, allowed: list[int] | None) -> tuple[str, list[Any]]:
    if allowed is None:
        return "", []
    # a bound parameter each may be too many: hand them over as one JSON list
    return f"AND {column} IN (SELECT value FROM json_each(?))", [str(allowed)]


def _allowed(store: KnowledgeStore, filters: Filters) -> list[int]:
    """Rows that meet the filters."""
    clauses: list[str] = []
    values: list[Any] = []
    simple = {
        "material_class": filters.material_class,
        "working_ion": filters.working_ion,
    }
    for column, wanted in simple.items():
        if wanted is not None:
            clauses.append(f"EXISTS (SELECT 1 FROM fact WHERE entry = row AND {column} = ?)")
            values.append(wanted)
    for target in filters.targets:
        clause, given = _meets(target, filters.temperature)
        clauses.append(clause)
        values += given
    for symbol in filters.elements_required:
        clauses.append("EXISTS (SELECT 1 FROM element WHERE entry = row AND symbol = ?)")
        values.append(symbol)
    if filters.elements_excluded:
        # without any element known nothing can be said, so such entries do not pass
        several, symbols = _one_of("symbol", filters.elements_excluded)
        clauses.append("EXISTS (SELECT 1 FROM element WHERE entry = row)")
        clauses.append(f"NOT EXISTS (SELECT 1 FROM element WHERE entry = row AND {several})")
        values += symbols
    if filters.names:
        named, keys = _one_of("key", [k for n in filters.names for k in keys_of(n)])
        clauses.append(f"EXISTS (SELECT 1 FROM name WHERE entry = row AND {named})")
        values += keys
    if filters.temperature and not filters.targets:
        clauses.append(
            "EXISTS (SELECT 1 FROM fact WHERE entry = row AND temperature BETWEEN ? AND ?)"
        )
        values += filters.temperature
    if filters.years:
        clauses.append("entry.year BETWEEN ? AND ?")
        values += filters.years
    if filters.source_kinds:
        inside, given = _one_of("kind", filters.source_kinds)
        clauses.append(f"source IN (SELECT id FROM source WHERE {inside})")
        values += given
    rows = store.db.execute(f"SELECT row FROM entry WHERE {' AND '.join(clauses)}", values)
    return [row for (row,) in rows]


def _meets(target: Target, temperature: tuple[float, float] | None) -> tuple[str, list[Any]]:
    """That an entry states a value which surely meets the target."""
    test = "fact.property = ?"
    values: list[Any] = [target.property]
    match target.op:
        case ">=":
            test, values = f"{test} AND low >= ?", [*values, target.value]
        case "<=":
            test, values = f"{test} AND high <= ?", [*values, target.value]
        case "between":
            test, values = f"{test} AND low >= ? AND high <= ?", [*values, *_pair(target)]
        case "=":
            centre = _pair(target)[0]
            reach = abs(centre) * TOLERANCE
            test = f"{test} AND low <= ? AND high >= ? AND low > -1e308 AND high < 1e308"
            values = [*values, centre + reach, centre - reach]
    if temperature:
        test, values = f"{test} AND temperature BETWEEN ? AND ?", [*values, *temperature]
    return f"EXISTS (SELECT 1 FROM fact WHERE entry = row AND {test})", values


def _pair(target: Target) -> tuple[float, float]:
    value = target.value
    if isinstance(value, tuple):
        return value
    assert value is not None, "an op with a number has one"
    return value, value
