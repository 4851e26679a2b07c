"""What the overview shows: how fresh our copy is, what needs a look, and what happened lately."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from phones.models import Change, Phone, Project, SyncRun

from .directory import Directory, directory_of
from .explaining import words_for_cause
from .finding import MISSING, NONE, UNKNOWN, Criteria, matching
from .freshness import is_stale

RUN_COUNT = 5
CHANGE_COUNT = 8

# What needs a look, by the filters that find it: the count and the list it leads to are one query.
QUEUE: dict[str, Criteria] = {
    "no_inbound": Criteria(status="assigned", inbound=NONE),
    "unknown_agent": Criteria(inbound=UNKNOWN),
    "pending_verification": Criteria(status="pending_verification"),
    "quarantine": Criteria(status="released"),
    "missing": Criteria(status=MISSING),
}


@dataclass(frozen=True, slots=True)
class RunLine:
    """A pass over Diga's lists, and why it stopped in words ("" where it didn't)."""

    run: SyncRun
    why: str


@dataclass(frozen=True, slots=True)
class Overview:
    """One look at a project. `queue` counts by the keys of `QUEUE`; runs and changes are newest first."""

    queue: dict[str, int]
    runs: list[RunLine]
    changes: list[Change]
    is_stale: bool
    why_failing: str


@dataclass(frozen=True, slots=True)
class Uses:
    """How many numbers an agent answers, and how many it dials from."""

    inbound: int
    outbound: int


def overview_of(project: Project, *, now: datetime) -> Overview:
    """Return what the overview shows. Seven queries, and two where the agents have changed."""
    directory = directory_of(project)
    changes = Change.objects.filter(project=project)
    return Overview(
        queue=queue_of(project, directory, now),
        runs=[
            RunLine(run, words_for_cause(run.cause) if run.cause else "")
            for run in project.sync_runs.order_by("-pk")[:RUN_COUNT]
        ],
        changes=list(changes.order_by("-pk")[:CHANGE_COUNT]),
        is_stale=is_stale(project.synced_at, now),
        why_failing=words_for_cause(project.sync_cause) if project.sync_cause else "",
    )


def queue_of(project: Project, directory: Directory, now: datetime) -> dict[str, int]:
    """Return how many phones need a look, by the keys of `QUEUE`. A query each."""
    return {key: matching(project, criteria, directory, now).count() for key, criteria in QUEUE.items()}


def uses_of_agents(project: Project) -> dict[uuid.UUID, Uses]:
    """Return how the phones of the project use its agents, by agent id. Two queries."""
    inbound, outbound = (_count_by(project, lane) for lane in ("inbound_agent_id", "outbound_agent_id"))
    return {agent_id: Uses(inbound[agent_id], outbound[agent_id]) for agent_id in inbound.keys() | outbound.keys()}


def _count_by(project: Project, lane: str) -> Counter[uuid.UUID]:
    rows = Phone.objects.filter(project=project, **{f"{lane}__isnull": False}).values_list(lane)
    return Counter(dict(rows.annotate(count=Count("pk")).order_by()))


def is_first_run(run: SyncRun) -> bool:
    """Say whether no pass of the project was complete before this one."""
    return not SyncRun.objects.filter(project=run.project_id, state="COMPLETE", pk__lt=run.pk).exists()
