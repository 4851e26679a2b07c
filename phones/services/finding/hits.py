"""What a few typed words find at once: phones, agents and saved views, each a few of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.contrib.auth.models import User

from phones.models import Phone, Project, SavedView
from phones.services.finding.phone_list import Criteria, phone_page
from phones.services.finding.saved_views import views_for
from phones.services.phone_numbers import folded
from phones.services.routing.catalogue import AgentEntry, Catalogue

# How many of a kind are shown.
HITS_LIMIT = 6
_WORD = re.compile(r"\w+")
Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Hits:
    """The first of what a text finds, the best first; `phone_count` counts all phones that match."""

    phones: Sequence[Phone] = ()
    phone_count: int = 0
    agents: Sequence[AgentEntry] = ()
    views: Sequence[SavedView] = ()


def find_hits(*, project: Project, person: User, query: str, catalogue: Catalogue, now: datetime) -> Hits:
    """Return what a typed text finds in a project; without one, the person's views alone. At most three queries."""
    views = tuple(best(query, ((view.name, view) for view in views_for(project=project, person=person))))
    if not query:
        return Hits(views=views)
    page = phone_page(project, Criteria(q=query, size="25"), catalogue, now)
    agents = best(query, ((agent.name, agent) for agent in catalogue.agents if agent.is_listed))
    return Hits(page.phones[:HITS_LIMIT], page.total, tuple(agents), views)


def best(query: str, named: Iterable[tuple[str, Thing]], *, limit: int = HITS_LIMIT) -> list[Thing]:
    """Return the things whose names a text matches, the best first, else in the order given."""
    ranked = [(rank(query, name), place, thing) for place, (name, thing) in enumerate(named)]
    found = sorted((each for each in ranked if each[0] is not None), key=lambda each: each[:2])
    return [thing for _rank, _place, thing in found[:limit]]


def rank(query: str, name: str) -> int | None:
    """Return how well a text matches a name, the lower the better; None if not. No text matches every name alike.

    The name has to contain each word of the text, in any order; accents and case don't count. A name that is the text
    is best, then those that begin with it, then those in which each word begins one.
    """
    text, label = folded(query).strip(), folded(name)
    typed = text.split()
    if not all(word in label for word in typed):
        return None
    if label.startswith(text):
        return 0 if label == text else 1
    begun = _WORD.findall(label)
    return 2 if all(any(word.startswith(part) for word in begun) for part in typed) else 3
