"""Orders of the list: every row once, in either direction, by every column, whatever comes between."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.rig.findable import assert_phones_are_findable
from phones import diga
from phones.models import Agent, Phone, Project
from phones.services.finding.keyset import KEYS, Order, agent_key
from phones.services.finding.phone_list import Criteria, PhonePage, phone_page
from phones.services.routing.catalogue import Catalogue
from phones.services.sync.store_agents import store_agents
from tests.support.database.north import GONE, NOON, RECEPTION, SALES, STRANGE, add_phone, catalogue, cursor_of, north
from tests.support.database.rows import delete_phones, made_up, store_rows

__all__ = ["catalogue", "north"]

SORTS = [sign + code for code in KEYS for sign in ("", "-")]
LANES = (None, RECEPTION, SALES, GONE, STRANGE)


def add_mixture(project: Project, count: int = 60) -> None:
    """Add rows that share values of every column, some without any."""
    for agent in Agent.objects.filter(project=project):
        agent.sort_key = agent_key(agent.pk, agent.name)
        agent.save()
    for index in range(count):
        add_phone(
            project,
            f"+3495100{index // 3:04d}",
            (None, "Öptica", "óptica", "Zeta")[index % 4],
            id=UUID(int=(index * 7919) % 100_003),
            status=("assigned", "released", "ported")[index % 3],
            telephony_provider=("netelip", "custom")[index % 2],
            inbound_agent_id=LANES[index % 5],
            outbound_agent_id=LANES[index % 4],
            assigned_at=None if index % 5 == 0 else NOON - timedelta(days=index % 6),
            fetched_at=NOON - timedelta(hours=index % 4),
        )


def page_of(project: Project, catalogue: Catalogue, **criteria: str) -> PhonePage:
    return phone_page(project, Criteria(size="25", **criteria), catalogue, NOON)


def walk(project: Project, catalogue: Catalogue, sort: str, side: str) -> list[UUID]:
    """Return the ids of all pages, from the first on or from the last back."""
    ids: list[UUID] = []
    cursor = "" if side == "after" else "end"
    while True:
        page = page_of(project, catalogue, sort=sort, **{side: cursor})
        chunk = [phone.pk for phone in page.phones]
        ids = [*ids, *chunk] if side == "after" else [*chunk, *ids]
        cursor = getattr(page, side)
        if not cursor:
            return ids
        assert len(ids) <= 60


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_shows_every_row_once_forwards_and_backwards(
    north: Project, catalogue: Catalogue, sort: str
) -> None:
    add_mixture(north)
    in_order = [phone.pk for phone in Order.of(sort).sorted(Phone.objects.all())]

    assert sorted(in_order) == sorted(Phone.objects.values_list("pk", flat=True))
    assert walk(north, catalogue, sort, "after") == in_order
    assert walk(north, catalogue, sort, "before") == in_order


@pytest.mark.parametrize("code", KEYS)
def test_reversed_order_is_the_order_turned_round(north: Project, catalogue: Catalogue, code: str) -> None:
    add_mixture(north)

    assert walk(north, catalogue, f"-{code}", "after") == walk(north, catalogue, code, "after")[::-1]


def values(project: Project, catalogue: Catalogue, sort: str, name: str) -> list[object]:
    """Return the values of a column down the list, one for each run of equal ones."""
    column = [
        getattr(phone, name) for pk in walk(project, catalogue, sort, "after") for phone in [Phone.objects.get(pk=pk)]
    ]
    return [value for place, value in enumerate(column) if place == 0 or column[place - 1] != value]


def test_agents_are_sorted_by_name_after_none_and_unknown(north: Project, catalogue: Catalogue) -> None:
    add_mixture(north)

    # “Alicia Recepción”, “Ñ Ventas” and “Old”, of which ñ is an n.
    assert values(north, catalogue, "inbound", "inbound_agent_id") == [None, STRANGE, RECEPTION, SALES, GONE]


def test_nicknames_are_sorted_without_case_and_accents_and_dates_from_never(
    north: Project, catalogue: Catalogue
) -> None:
    add_mixture(north)

    assert values(north, catalogue, "nickname", "nickname_key") == ["", "optica", "zeta"]
    assert values(north, catalogue, "assigned", "assigned_at")[0] is None


def test_youngest_reading_comes_first_by_age(north: Project, catalogue: Catalogue) -> None:
    add_mixture(north)

    assert values(north, catalogue, "age", "fetched_at") == [NOON - timedelta(hours=hours) for hours in range(4)]


def test_renamed_and_newly_listed_agents_move_their_phones(north: Project, catalogue: Catalogue) -> None:
    add_mixture(north)
    names = {RECEPTION: "Alicia Recepción", SALES: "AAA", STRANGE: "Mid"}
    agents = [diga.Agent(agent_id=agent_id, name=name, versions=()) for agent_id, name in names.items()]
    store_agents(north, diga.AgentList(tuple(agents)), asked_at=NOON + timedelta(minutes=1))

    assert_phones_are_findable()
    assert values(north, catalogue, "inbound", "inbound_agent_id") == [None, SALES, RECEPTION, STRANGE, GONE]


def test_phone_moves_with_its_agent(north: Project, catalogue: Catalogue) -> None:
    add_mixture(north, 3)
    phone, *others = map(made_up, Phone.objects.order_by("pk"))
    phone.inbound_agent_id = None
    for other in others:
        other.inbound_agent_id = SALES
    store_rows([phone, *others])

    assert_phones_are_findable()

    assert page_of(north, catalogue, sort="inbound").phones[0].pk == phone.pk


@given(inserted=st.lists(st.integers(0, 9999), max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_that_come_between_pages_neither_hide_nor_repeat_others(
    north: Project, catalogue: Catalogue, inserted: list[int]
) -> None:
    delete_phones()
    add_mixture(north, 60)
    before = {phone.pk for phone in Phone.objects.all()}
    first = page_of(north, catalogue, sort="status")
    for number in inserted:
        add_phone(north, f"+3495100{number:04d}", status="released")

    seen = [phone.pk for phone in first.phones]
    cursor = first.after
    while cursor:
        page = page_of(north, catalogue, sort="status", after=cursor)
        seen += [phone.pk for phone in page.phones]
        cursor = page.after

    assert len(seen) == len(set(seen))
    assert before <= set(seen)


@pytest.mark.parametrize(
    "cursor",
    [
        cursor_of("2026-11-24", "+34951", UUID(int=1).hex),
        cursor_of("no moment", "+34951", UUID(int=1).hex),
        cursor_of("+34951", UUID(int=1).hex),
        cursor_of(None, None, None),
    ],
)
def test_cursor_of_another_order_shows_the_first_page(north: Project, catalogue: Catalogue, cursor: str) -> None:
    add_mixture(north, 40)

    assert page_of(north, catalogue, sort="assigned", after=cursor) == page_of(north, catalogue, sort="assigned")


def test_unheard_of_order_is_by_number() -> None:
    assert Order.of("price") == Order.of("") == Order.of("number")
