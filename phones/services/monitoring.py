"""What monitors are told of the work: how old copies are, what waits, what is not known, is the history whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from phones.models import Change, Outcome, Plan, PlanState, Project, SyncRun, SyncState
from phones.services import heartbeat
from phones.services.audit.chain.runs import latest_verification
from phones.services.clock import Clock

WAITING_PLANS = (PlanState.PROPOSED, PlanState.RUNNING, PlanState.PAUSED)
OPEN = (Outcome.PENDING, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number with its labels. Projects are named by their slugs, as in addresses."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


HELP = {
    "worker_seen_seconds": "Seconds since a worker was seen last; none if there never was one.",
    "sync_age_seconds": "Seconds since the last complete sync of a project.",
    "sync_failing": "1 while the last attempt to sync a project has failed.",
    "key_rejected": "1 while Diga refuses the key of a project.",
    "sync_waiting_seconds": "Seconds since the oldest sync was asked for that no worker has taken; 0 if none waits.",
    "plans": "Plans that wait for a second person, run, or are paused.",
    "plan_waiting_seconds": "Seconds since the oldest plan in that state was made; 0 if there is none.",
    "changes_open": "Changes whose outcome is pending or unknown.",
    "change_open_seconds": "Seconds since the oldest of them was sent; 0 if there is none.",
    "history_faults": "Faults that the last verification has found in a chain.",
    "history_verified_seconds": "Seconds since the last verification of a chain.",
}


def gauges(*, clock: Clock) -> Iterator[Gauge]:
    """Yield the numbers of this moment. Some queries, and one for each project."""
    now = clock()
    if seen := heartbeat.last_seen():
        yield Gauge("worker_seen_seconds", _age(seen, now))
    projects = list(Project.objects.order_by("slug"))
    for project in projects:
        yield from _of_project(project, now)
    oldest = SyncRun.objects.filter(state=SyncState.RUNNING, is_taken=False).aggregate(at=Min("started_at"))["at"]
    yield Gauge("sync_waiting_seconds", _age(oldest, now))
    yield from _of_plans(now)
    yield from _of_changes(now)
    for chain in (*projects, None):
        yield from _of_chain(chain, now)


def _of_project(project: Project, now: datetime) -> Iterator[Gauge]:
    labels = {"project": project.slug}
    if project.synced_at:
        yield Gauge("sync_age_seconds", _age(project.synced_at, now), labels)
    yield Gauge("sync_failing", float(project.is_sync_failing), labels)
    yield Gauge("key_rejected", float(project.is_rejected), labels)


def _of_plans(now: datetime) -> Iterator[Gauge]:
    found = _tally(Plan.objects.filter(state__in=WAITING_PLANS), "state")
    for state in WAITING_PLANS:
        count, oldest = found.get(state, (0, None))
        yield Gauge("plans", count, {"state": state.value})
        yield Gauge("plan_waiting_seconds", _age(oldest, now), {"state": state.value})


def _of_changes(now: datetime) -> Iterator[Gauge]:
    found = _tally(Change.objects.filter(outcome__in=OPEN), "outcome")
    for outcome in OPEN:
        count, oldest = found.get(outcome, (0, None))
        yield Gauge("changes_open", count, {"outcome": outcome.value})
        yield Gauge("change_open_seconds", _age(oldest, now), {"outcome": outcome.value})


def _tally(rows: QuerySet[Any], column: str) -> dict[str, tuple[int, datetime | None]]:
    """Return how many rows there are for each value of a column, and when the first was made. One query."""
    counted = rows.order_by().values_list(column).annotate(count=Count("pk"), oldest=Min("created_at"))
    return {value: (count, oldest) for value, count, oldest in counted}


def _of_chain(project: Project | None, now: datetime) -> Iterator[Gauge]:
    if verified := latest_verification(project):
        labels = {"chain": project.slug if project else "site"}
        yield Gauge("history_faults", verified.fault_count, labels)
        yield Gauge("history_verified_seconds", _age(verified.at, now), labels)


def _age(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
