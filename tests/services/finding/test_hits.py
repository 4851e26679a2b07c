"""Which names a typed text matches, and what it finds of a project."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.models import Phone, Project
from phones.services.finding.hits import HITS_LIMIT, Hits, best, find_hits, rank
from phones.services.finding.saved_views import save_view
from phones.services.routing.catalogue import catalogue_of


@pytest.mark.parametrize(
    ("query", "name", "expected"),
    [
        ("alicia · recepción", "Alicia · Recepción", 0),
        ("ALICIA", "Alicia · Recepción", 1),
        ("recepcion ali", "Alicia · Recepción", 2),
        ("urg", "Elena-Urgencias", 2),
        ("licia", "Alicia · Recepción", 3),
        ("cepcion ali", "Alicia · Recepción", 3),
        ("alicia citas", "Alicia · Recepción", None),
        ("", "Alicia · Recepción", 1),
    ],
)
def test_words_occur_in_a_name_in_any_order_and_best_begin_one(query: str, name: str, expected: int | None) -> None:
    assert rank(query, name) == expected


def test_best_names_come_first_and_equal_ones_as_given() -> None:
    names = ["Find numbers", "Phones", "Numbers found", "numbers"]

    assert best("numbers", [(name, name) for name in names]) == ["numbers", "Numbers found", "Find numbers"]
    assert best("", [(name, name) for name in names], limit=2) == ["Find numbers", "Phones"]


def _found(project: Project, person: User, query: str) -> Hits:
    now = timezone.now()
    return find_hits(project=project, person=person, query=query, catalogue=catalogue_of(project), now=now)


def test_few_of_each_kind_are_found(aurora: Project, viewer: User, lead: User) -> None:
    shared = save_view(
        project=aurora, owner=lead, name="Alicia’s numbers", query="q=alicia", is_shared=True, now=timezone.now()
    )
    save_view(project=aurora, owner=lead, name="Alicia, private", query="q=alicia", now=timezone.now())

    hits = _found(aurora, viewer, "alicia")

    assert [agent.name for agent in hits.agents] == ["Alicia · Recepción"]
    assert list(hits.views) == [shared]
    assert len(hits.phones) == HITS_LIMIT
    alicia = hits.agents[0].id
    answered = Phone.objects.filter(project=aurora, inbound_agent_id=alicia)
    assert hits.phone_count == (answered | Phone.objects.filter(project=aurora, outbound_agent_id=alicia)).count()


def test_nothing_typed_finds_views_alone(aurora: Project, viewer: User) -> None:
    own = save_view(project=aurora, owner=viewer, name="Mine", query="status=assigned", now=timezone.now())

    assert _found(aurora, viewer, "") == Hits(views=(own,))
