"""Substring search over 100,000 phones: by a trigram index, or by scanning in list order if that is shorter.

The text of a row (`Phone.search_text`) is its number, nickname and note in lower case without accents. A query is
folded in the same way, and each of its words has to occur in the text; one that spells a number is also searched for
as plain digits. The names of agents match too, and so the phones they answer and dial from. A text that names numbers
finds these.

PostgreSQL knows from its statistics whether many rows match, and then walks the index of the order until the page is
full instead of collecting them all. SQLite doesn't, so there the hits are counted first, up to `FEW`.
"""

import re
import uuid
from dataclasses import dataclass

from django.db.models import F, Func, IntegerField, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.lookups import Exact

from phones.models import Phone, Project
from phones.services.finding import sqlite_search
from phones.services.finding.resolve import resolve
from phones.services.finding.sqlite_search import TRIGRAM
from phones.services.number_reader.queries import numbers_named, spelled_digits
from phones.services.phone_numbers import folded
from phones.services.routing.catalogue import Catalogue

# The length of a text with numbers, and how many words are searched for.
QUERY_LIMIT = 500
WORD_LIMIT = 8
# Up to so many hits are read and sorted sooner than a walk meets a page of them.
FEW = 4000
LANES = ("inbound_agent_id", "outbound_agent_id")


class Counted(Subquery):
    """The number of rows of a query, as a subquery."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, phones: QuerySet[Phone]) -> None:
        super().__init__(phones.order_by().values("pk"))


class _Hidden(Func):
    """A column wrapped in an expression, so that SQLite's planner uses no index on it."""

    template = "+%(expressions)s"


# A dot between letters parts words, one in a number or an address doesn't.
_WORD = re.compile(r"(?:[^\s·•‧・|,;.]|(?<![^\W\d_])\.|\.(?![^\W\d_]))+")
_AROUND_WORDS = ".:!¡?¿\"'`´’‘“”«»()[]"


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a folded text without punctuation; the text itself if it is nothing else.

    A single letter stays with the word beside it, as in `linea b`. Two letters match only at the start of a word:
    nearly every text contains them somewhere, and a trigram index can't find them there.
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
    if not words:
        return (text,)
    is_letter = not words[1:] and len(words[0]) == 1
    return words if is_letter else tuple(word if len(word) >= TRIGRAM else f" {word}" for word in words)


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
    def condition(self) -> Q:
        """What the matching phones have in common, for any other query."""
        return self._hits if sqlite_search.can_answer(self.terms) else self._texts

    def phones(self, narrowing: Q) -> tuple[QuerySet[Phone], Combinable]:
        """Return what matches among the project's phones of this kind, and how many that are.

        One query where SQLite has to choose between reading the hits and walking the list.
        """
        phones = Phone.objects.filter(narrowing, project=self.project)
        if not sqlite_search.can_answer(self.terms) or self.phone_ids:
            found = phones.filter(self.condition)
            return found, Counted(found)
        # Hidden, else SQLite would read the whole project where it should read the hits alone.
        scattered = Phone.objects.filter(narrowing, Exact(_Hidden(F("project")), self.project.pk))
        if self._is_found_by_few():
            found = scattered.filter(self._hits)
            return found, Counted(found)
        walked = phones.filter(self._texts)
        if narrowing or self.agent_ids:
            return walked, Counted(scattered.filter(self._texts))
        return walked, sqlite_search.hit_count(self.project.pk, self.terms)

    def _is_found_by_few(self) -> bool:
        """Say whether few enough phones match to read them one by one, before any narrowing."""
        likely: Combinable = sqlite_search.hit_count(self.project.pk, self.terms, limit=FEW + 1)
        if self.agent_ids:
            likely = likely + Counted(Phone.objects.filter(self._lanes))
        return bool(Project.objects.filter(pk=self.project.pk).values_list(likely, flat=True).get() <= FEW)

    @property
    def _hits(self) -> Q:
        return Q(pk__in=sqlite_search.hits(self.project.pk, self.terms)) | self._others

    @property
    def _texts(self) -> Q:
        found = Q()
        for words in self.terms:
            found |= Q(*(Q(search_text__contains=word) for word in words))
        return found | self._others

    @property
    def _others(self) -> Q:
        """Match what the text of a row doesn't tell: the agents that the query names, and its numbers."""
        return self._lanes | Q(pk__in=self.phone_ids) if self.phone_ids else self._lanes

    @property
    def _lanes(self) -> Q:
        """Match the agents the query names. The project's id again: each side of an "or" is looked up by itself."""
        if not self.agent_ids:
            return Q()
        inbound, outbound = (Q(**{"project": self.project, f"{lane}__in": self.agent_ids}) for lane in LANES)
        return inbound | outbound
