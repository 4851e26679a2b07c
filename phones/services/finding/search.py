"""Substring search over 100,000 phones: by a trigram index, or by scanning in list order if that is shorter.

The text of a row (`Phone.search_text`) is its number, nickname and note in lower case without accents. A query is
folded in the same way, and each of its words has to occur in the text; one that spells a number is also searched for
as plain digits. The names of agents match too, and so the phones they answer and dial from. A text that names numbers
finds these.

PostgreSQL estimates from its statistics how many rows match. With many, it scans the index of the order until the page
is full, instead of sorting all matches. SQLite has no such statistics, so a search there counts its matches first,
and uses one of two ways.
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

# The length of a text with numbers, and how many words are searched for.
QUERY_LIMIT = 500
WORD_LIMIT = 8
# The length of the shortest text that a trigram index can find.
TRIGRAM = 3
# Up to so many matches, reading and sorting them is quicker than scanning in order until the page is full.
FEW = 4000
LANES = ("inbound_agent_id", "outbound_agent_id")

# The keys of one project's rows are the numbers between two bounds; see the migration 0003_finding.
_HITS = """
SELECT rowid FROM phones_search WHERE phones_search MATCH %s
AND rowid > (SELECT place << 32 FROM phones_searchproject WHERE project_id = %s)
AND rowid < (SELECT place + 1 << 32 FROM phones_searchproject WHERE project_id = %s)
"""
# The limit keeps the list short; the condition for all other queries needs every match.
_FEW_PHONES = f"SELECT phone_id FROM phones_searchkey WHERE key IN ({_HITS} LIMIT {FEW + 1})"  # noqa: S608
_HIT_PHONES = f"SELECT phone_id FROM phones_searchkey WHERE key IN ({_HITS})"  # noqa: S608 - constants only.
_HIT_COUNT = f"SELECT count(*) FROM ({_HITS})"  # noqa: S608
_FEW_COUNT = f"SELECT count(*) FROM ({_HITS} LIMIT {FEW + 1})"  # noqa: S608


class Counted(Subquery):
    """The number of rows of a query, as a subquery."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, phones: QuerySet[Phone]) -> None:
        super().__init__(phones.order_by().values("pk"))


class _Hidden(Func):
    """A column wrapped in an expression, so that SQLite's planner uses no index on it."""

    template = "+%(expressions)s"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to find the matches: the phones, and how many there are."""

    phones: QuerySet[Phone]
    total: Combinable


# A dot between letters separates words; one in a number or an address doesn't.
_WORD = re.compile(r"(?:[^\s·•‧・|,;.]|(?<![^\W\d_])\.|\.(?![^\W\d_]))+")
_AROUND_WORDS = ".:!¡?¿\"'`´’‘“”«»()[]"


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a folded text without punctuation; the text itself if it is nothing else.

    A single letter stays with the word beside it, as in `linea b`. Two letters among other words match only at the
    start of a word: nearly every text contains them somewhere, and a trigram index can't find them.
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
    """A search text, prepared for comparison with a project's phones.

    `terms` are alternatives; each is a tuple of words that must all occur. `phone_ids` are the phones whose numbers a
    longer text names.
    """

    project: Project
    terms: tuple[tuple[str, ...], ...]
    agent_ids: tuple[uuid.UUID, ...]
    phone_ids: tuple[uuid.UUID, ...] = ()

    @classmethod
    def of(cls, project: Project, query: str, catalogue: Catalogue) -> "Search":
        """Return the search for a typed text, None if it is blank. Queries only if it is a text that names numbers."""
        query = query[:QUERY_LIMIT].strip()
        text, spelled = folded(query), spelled_digits(query)
        # A text that contains the digits as they stand would match nothing more than the digits do.
        texts = [] if any(digits in text for digits in spelled) else [(text,) if spelled else words_of(text)]
        words = words_of(text)
        named = tuple(agent.id for agent in catalogue.agents if all(word in f" {folded(agent.name)}" for word in words))
        resolved = resolve(projects=[project], candidates=numbers) if (numbers := numbers_named(query)) else None
        phone_ids = tuple(phone.pk for phone in resolved.found) if resolved else ()
        return cls(project, (*((digits,) for digits in spelled), *texts), named, phone_ids)

    @property
    def is_indexed(self) -> bool:
        """True if SQLite's trigram index can answer."""
        return connection.vendor == "sqlite" and all(len(word) >= TRIGRAM for words in self.terms for word in words)

    @property
    def condition(self) -> Q:
        """The condition for matching phones, for use in any other query."""
        texts = Q(pk__in=self._raw(_HIT_PHONES)) if self.is_indexed else self._texts
        found = texts | self._lanes(self.project)
        return found | Q(pk__in=self.phone_ids) if self.phone_ids else found

    def ways(self, narrowing: Q) -> list[Way]:
        """Return the ways to find the matches among the project's phones of this kind; no row is in two of them."""
        phones = Phone.objects.filter(narrowing, project=self.project)
        if not self.is_indexed or self.phone_ids:
            found = phones.filter(self.condition)
            return [Way(found, Counted(found))]
        is_few, is_many = LessThanOrEqual(self._likely, FEW), GreaterThan(self._likely, FEW)
        # The column is hidden, else SQLite would read the whole project instead of the matches.
        scattered = Phone.objects.filter(narrowing, Exact(_Hidden(F("project")), self.project.pk))
        hits = scattered.filter(Q(pk__in=self._raw(_FEW_PHONES)) | self._lanes(self._project_if(is_few)), is_few)
        # With no project, the scan ends at once; as a further condition it would be evaluated for every row.
        texts = self._texts | self._lanes(self.project)
        walked = Phone.objects.filter(narrowing, texts, Exact(F("project"), self._project_if(is_many)))
        if not narrowing and not self.agent_ids:
            total = self._raw(_HIT_COUNT)
            return [Way(hits, total), Way(walked, total)]
        return [Way(hits, Counted(hits)), Way(walked, Counted(scattered.filter(texts)))]

    def _project_if(self, lookup: "Lookup[Any]") -> Case:
        """Return the project's id if the lookup is true, else NULL."""
        return Case(When(lookup, then=Value(self.project.pk, output_field=UUIDField())), default=None)

    @property
    def _likely(self) -> Combinable:
        """How many phones match, counted up to the limit that decides."""
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
        """Match the agents that the query names. Each side of the OR names the project, for its own index."""
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
