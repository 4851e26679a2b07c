"""Counts for the charts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from phones.models import Phone, Project, Source
from phones.services.agents.tallies import DayTally, Uses, changes_by_day, phones_by_status, uses_of_agents
from phones.services.agents.usage import SHOWN_COUNT, numbers_of_agent
from tests.support.database.history import add_changes

pytestmark = pytest.mark.django_db
MADRID = ZoneInfo("Europe/Madrid")


def test_phones_by_status_are_most_first_and_of_one_project(aurora: Project, talleres: Project) -> None:
    counts = phones_by_status(aurora)

    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    assert sum(counts.values()) == 40
    assert counts["released"] == 1


def test_uses_of_agents_know_both_directions(aurora: Project, sales_phone: Phone) -> None:
    before = uses_of_agents(aurora)

    Phone.objects.filter(pk=sales_phone.pk).update(outbound_agent_id=None)

    agent_id = sales_phone.inbound_agent_id
    assert agent_id
    assert uses_of_agents(aurora)[agent_id] == Uses(before[agent_id].inbound, before[agent_id].outbound - 1)


def test_number_that_left_diga_is_in_no_count(aurora: Project, sales_phone: Phone) -> None:
    agent_id = sales_phone.inbound_agent_id
    assert agent_id
    uses, numbers, statuses = (
        uses_of_agents(aurora)[agent_id],
        numbers_of_agent(aurora, agent_id),
        phones_by_status(aurora),
    )

    Phone.objects.filter(pk=sales_phone.pk).update(missing_since=timezone.now())

    fewer = Uses(uses.inbound - 1, uses.outbound - 1)
    left = numbers_of_agent(aurora, agent_id)
    assert uses_of_agents(aurora)[agent_id] == left.uses == fewer
    assert (left.number_count, sales_phone in left.phones) == (numbers.number_count - 1, False)
    assert phones_by_status(aurora)["assigned"] == statuses["assigned"] - 1


def _days(project: Project, now: datetime, zone: ZoneInfo = MADRID) -> list[DayTally]:
    return changes_by_day(project, now=now, zone=zone, day_count=3)


def test_days_without_changes_are_there_too(aurora: Project) -> None:
    now = datetime(2026, 10, 9, 12, tzinfo=UTC)

    assert _days(aurora, now) == [DayTally(date(2026, 10, day), 0, 0) for day in (7, 8, 9)]


def test_days_tell_ours_from_outside_whatever_became_of_it(aurora: Project, sales_phone: Phone) -> None:
    now = datetime(2026, 10, 9, 12, tzinfo=UTC)
    add_changes(sales_phone, 2, created_at=now)
    add_changes(sales_phone, 1, created_at=now, outcome="REFUSED", source=Source.REVERT)
    add_changes(sales_phone, 4, created_at=now - timedelta(days=1), outcome="OBSERVED", source=Source.OUTSIDE)

    assert _days(aurora, now)[1:] == [DayTally(date(2026, 10, 8), 0, 4), DayTally(date(2026, 10, 9), 3, 0)]


@pytest.mark.parametrize(("zone", "counts"), [("Europe/Madrid", [0, 0, 1]), ("America/Bogota", [0, 1, 0])])
def test_days_are_those_of_the_zone(aurora: Project, sales_phone: Phone, zone: str, counts: list[int]) -> None:
    add_changes(sales_phone, 1, created_at=datetime(2026, 10, 8, 22, 30, tzinfo=UTC))

    days = _days(aurora, datetime(2026, 10, 9, 12, tzinfo=UTC), ZoneInfo(zone))

    assert [day.ours for day in days] == counts


def test_first_day_begins_at_midnight_of_its_own_offset(aurora: Project, sales_phone: Phone) -> None:
    """In Madrid the clocks went back on 25 October 2026: the 24th began at 22:00 UTC, the 26th at 23:00."""
    now = datetime(2026, 10, 26, 12, tzinfo=UTC)
    add_changes(sales_phone, 1, created_at=datetime(2026, 10, 23, 22, 0, tzinfo=UTC))
    add_changes(sales_phone, 1, created_at=datetime(2026, 10, 23, 21, 59, 59, tzinfo=UTC))
    add_changes(sales_phone, 1, created_at=datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC))

    assert [day.ours for day in _days(aurora, now)] == [1, 1, 0]


def test_changes_of_another_project_are_not_counted(aurora: Project, talleres: Project) -> None:
    now = datetime(2026, 10, 9, 12, tzinfo=UTC)
    add_changes(Phone.objects.filter(project=talleres)[0], 1, created_at=now)

    assert _days(aurora, now)[-1].ours == 0


def test_numbers_of_agent_are_the_first_with_all_counts(
    aurora: Project, talleres: Project, sales_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    agent_id = sales_phone.inbound_agent_id
    assert agent_id
    Phone.objects.update(inbound_agent_id=agent_id, outbound_agent_id=None)
    Phone.objects.filter(pk=sales_phone.pk).update(inbound_agent_id=None, outbound_agent_id=agent_id)
    copy = Phone.objects.get(pk=sales_phone.pk)
    Phone.objects.bulk_create(
        Phone(
            project=aurora,
            number=f"+3499{place:07d}",
            status="assigned",
            fetched_at=copy.fetched_at,
            inbound_agent_id=agent_id,
        )
        for place in range(1000)
    )

    with django_assert_num_queries(2):
        numbers = numbers_of_agent(aurora, agent_id)

    assert [phone.number for phone in numbers.phones] == sorted(phone.number for phone in numbers.phones)
    assert (len(numbers.phones), numbers.has_more) == (SHOWN_COUNT, True)
    assert (numbers.uses, numbers.number_count) == (Uses(1039, 1), 1040)
