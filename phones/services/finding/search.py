"""Substring search over 100,000 phones: by a trigram index, or by walking the list where that is shorter.

The text of a row (`Phone.search_text`) is its number, nickname and note in lower case without accents. A query is
folded alike, and each of its words has to be somewhere in it; one that spells a number is also looked for as bare
digits. It matches the names of agents too, and so the phones they answer and dial from. A text that names numbers finds
these.

PostgreSQL knows from its statistics whether many rows match, and then walks the index of the order until the page is
full instead of collecting them all. SQLite doesn't, so there a search has two ways, of which it counts its way to one.
"""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Case, F, Func, IntegerField, Lookup, Q, QuerySet, Subquery, UUIDField, Value, When
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.lookups import Exact, GreaterThan, LessThanOrEqual

from phones.models import Phone, Project
from phones.services.finding.resolve import resolve
from phones.services.number_reader.queries import numbers_named, spelled_digits
from phones.services.phone_numbers import folded
from phones.services.routing.catalogue import Catalogue

# A sentence with numbers, and as many words as are looked for.
QUERY_LIMIT = 500
WORD_LIMIT = 8
# A trigram index knows nothing shorter.
TRIGRAM = 3
# Up to so many hits are read and sorted sooner than a walk meets a page of them.
FEW = 4000
LANES = ("inbound_agent_id", "outbound_agent_id")

# The keys of one project's rows are the numbers between two bounds; see the migration 0003_finding.
_HITS = """
SELECT rowid FROM phones_search WHERE phones_search MATCH %s
AND rowid > (SELECT place << 32 FROM phones_searchproject WHERE project_id = %s)
AND rowid < (SELECT place + 1 << 32 FROM phones_searchproject WHERE project_id = %s)
"""
# Never more than are worth reading one by one; the condition for any other query has to have them all.
_FEW_PHONES = f"SELECT phone_id FROM phones_searchkey WHERE key IN ({_HITS} LIMIT {FEW + 1})"  # noqa: S608
_HIT_PHONES = f"SELECT phone_id FROM phones_searchkey WHERE key IN ({_HITS})"  # noqa: S608 - constants only.
_HIT_COUNT = f"SELECT count(*) FROM ({_HITS})"  # noqa: S608
_FEW_COUNT = f"SELECT count(*) FROM ({_HITS} LIMIT {FEW + 1})"  # noqa: S608


class Counted(Subquery):
    """How many rows a query would give, as a part of another query."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, phones: QuerySet[Phone]) -> None:
        super().__init__(phones.order_by().values("pk"))


class _Hidden(Func):
    """A column that SQLite's planner finds no index for."""

    template = "+%(expressions)s"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to find what matches: the phones, and how many there are of them."""

    phones: QuerySet[Phone]
    total: Combinable


# A dot between letters parts words, one in a number or an address doesn't.
_WORD = re.compile(r"(?:[^\s·•‧・|,;.]|(?<![^\W\d_])\.|\.(?![^\W\d_]))+")
_AROUND_WORDS = ".:!¡?¿\"'`´’‘“”«»()[]"


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a folded text, without the marks between them; the text itself where it is nothing else.

    A letter alone stays with its neighbour, as in `linea b`, and two letters among other words are looked for where a
    word begins: nearly every text holds them somewhere, and a trigram index doesn't know them.
    """
    if "@" in text and " " not in text:
        return (text,)
    places: list[tuple[int, int]] = []
    for found in _WORD.finditer(text):
        word = found[0].strip(_AROUND_WORDS)
        start = found.start() + found[0].find(word)
        is_alone = places and (len(word) == 1 or places[-1][1] - places[-1][0] == 1)
        if word:
            places.append((places.pop()[0] if is_alone else start, start + len(word)))
    words = tuple(dict.fromkeys(text[slice(*place)] for place in places))[:WORD_LIMIT]
    return tuple(word if len(word) >= TRIGRAM else f" {word}" for word in words) if words[1:] else words or (text,)


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody typed, made ready to be compared with a project's phones.

    `terms` are ways to match a text, each of which is words that all have to be in it. `phone_ids` are the phones whose
    numbers a longer text names.
    """

    project: Project
    terms: tuple[tuple[str, ...], ...]
    agent_ids: tuple[uuid.UUID, ...]
    phone_ids: tuple[uuid.UUID, ...] = ()

    @classmethod
    def of(cls, project: Project, query: str, catalogue: Catalogue) -> "Search":
        """Return the search for what was typed, if not nothing. Queries only where it is a text that names numbers."""
        query = query[:QUERY_LIMIT].strip()
        text, spelled = folded(query), spelled_digits(query)
        # A text that has the digits as they stand matches nothing that they don't.
        texts = [] if any(digits in text for digits in spelled) else [(text,) if spelled else words_of(text)]
        words = words_of(text)
        named = tuple(agent.id for agent in catalogue.agents if all(word in f" {folded(agent.name)}" for word in words))
        resolved = resolve(projects=[project], candidates=numbers) if (numbers := numbers_named(query)) else None
        phone_ids = tuple(phone.pk for phone in resolved.found) if resolved else ()
        return cls(project, (*((digits,) for digits in spelled), *texts), named, phone_ids)

    @property
    def is_indexed(self) -> bool:
        """True where SQLite's trigram index can answer."""
        return connection.vendor == "sqlite" and all(len(word) >= TRIGRAM for words in self.terms for word in words)

    @property
    def condition(self) -> Q:
        """What the matching phones have in common, for any other query."""
        texts = Q(pk__in=self._raw(_HIT_PHONES)) if self.is_indexed else self._texts
        found = texts | self._lanes(self.project)
        return found | Q(pk__in=self.phone_ids) if self.phone_ids else found

    def ways(self, narrowing: Q) -> list[Way]:
        """Return the ways to what matches among the project's phones of this kind; no row is on two of them."""
        phones = Phone.objects.filter(narrowing, project=self.project)
        if not self.is_indexed or self.phone_ids:
            found = phones.filter(self.condition)
            return [Way(found, Counted(found))]
        is_few, is_many = LessThanOrEqual(self._likely, FEW), GreaterThan(self._likely, FEW)
        # Hidden, else it would read the whole project where it should read the hits alone.
        scattered = Phone.objects.filter(narrowing, Exact(_Hidden(F("project")), self.project.pk))
        hits = scattered.filter(Q(pk__in=self._raw(_FEW_PHONES)) | self._lanes(self._project_if(is_few)), is_few)
        # A walk of no project is over before it begins; as one more condition it would be asked at every row.
        texts = self._texts | self._lanes(self.project)
        walked = Phone.objects.filter(narrowing, texts, Exact(F("project"), self._project_if(is_many)))
        if not narrowing and not self.agent_ids:
            total = self._raw(_HIT_COUNT)
            return [Way(hits, total), Way(walked, total)]
        return [Way(hits, Counted(hits)), Way(walked, Counted(scattered.filter(texts)))]

    def _project_if(self, lookup: "Lookup[Any]") -> Case:
        """Return the project where the lookup is true, and none where it isn't."""
        return Case(When(lookup, then=Value(self.project.pk, output_field=UUIDField())), default=None)

    @property
    def _likely(self) -> Combinable:
        """How many phones match at most, as far as it matters."""
        likely: Combinable = self._raw(_FEW_COUNT)
        for lane in LANES if self.agent_ids else ():
            likely = likely + Counted(Phone.objects.filter(**{"project": self.project, f"{lane}__in": self.agent_ids}))
        return likely

    @property
    def _texts(self) -> Q:
        found = Q()
        for words in self.terms:
            found |= _all_of(words)
        return found

    def _lanes(self, project: Project | Case) -> Q:
        """Match the agents the query names. The project's id again: each side of an "or" is looked up by itself."""
        if not self.agent_ids:
            return Q()
        inbound, outbound = (Q(**{"project": project, f"{lane}__in": self.agent_ids}) for lane in LANES)
        return inbound | outbound

    def _raw(self, sql: str) -> RawSQL:
        ways = (" AND ".join(f'"{word.replace(chr(34), chr(34) * 2)}"' for word in words) for words in self.terms)
        project_id = self.project.pk.hex
        matched = " OR ".join(f"({way})" for way in ways)
        return RawSQL(sql, (matched, project_id, project_id), output_field=IntegerField())  # noqa: S611


def _all_of(words: Iterable[str]) -> Q:
    found = Q()
    for word in words:
        found &= Q(search_text__contains=word)
    return found
