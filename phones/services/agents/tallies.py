"""Counts for charts and tables: phones by status and by agent, changes by day."""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from django.db.models import Count
from django.db.models.functions import TruncDate

from phones.models import Change, Phone, Project, Source


@dataclass(frozen=True, slots=True)
class Uses:
    """How many numbers an agent answers, and how many it dials from."""

    inbound: int = 0
    outbound: int = 0

    @property
    def total(self) -> int:
        """Both directions; a number that has the agent in both counts twice."""
        return self.inbound + self.outbound


@dataclass(frozen=True, slots=True)
class DayTally:
    """The changes of one day: sent from here, whatever became of them, and seen from outside."""

    day: date
    ours: int
    outside: int


def phones_by_status(project: Project) -> dict[str, int]:
    """Return how many phones have each status, most first; those that left Diga have none. One query."""
    rows = Phone.objects.filter(project=project, missing_since=None).values_list("status").annotate(count=Count("*"))
    return dict(rows.order_by("-count", "status"))


def uses_of_agents(project: Project) -> dict[uuid.UUID, Uses]:
    """Return how the phones of the project use its agents, by agent id; those that left Diga use none. Two queries."""
    inbound, outbound = (_count_by(project, lane) for lane in ("inbound_agent_id", "outbound_agent_id"))
    return {agent_id: Uses(inbound[agent_id], outbound[agent_id]) for agent_id in inbound.keys() | outbound.keys()}


def _count_by(project: Project, lane: str) -> Mapping[uuid.UUID, int]:
    known = Phone.objects.filter(project=project, missing_since=None)
    rows = known.filter(**{f"{lane}__isnull": False}).values_list(lane)
    return Counter(dict(rows.annotate(count=Count("*")).order_by()))


def changes_by_day(project: Project, *, now: datetime, zone: tzinfo, day_count: int) -> list[DayTally]:
    """Return the changes of the last days, today's last, days without any included. One query.

    A day is a day of the zone, so one with a change of the clock has 23 or 25 hours.
    """
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in reversed(range(day_count))]
    start = datetime(days[0].year, days[0].month, days[0].day, tzinfo=zone)
    changes = Change.objects.filter(project=project, created_at__gte=start)
    rows = changes.values_list(TruncDate("created_at", tzinfo=zone), "source").annotate(count=Count("*"))
    counts: Counter[tuple[date, bool]] = Counter()
    for day, source, count in rows.order_by():
        counts[day, source == Source.OUTSIDE] += count
    return [DayTally(day, counts[day, False], counts[day, True]) for day in days]
