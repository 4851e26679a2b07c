"""The figures of the overview: how fresh our copy is, which phones have a problem, and the newest changes."""

import uuid
from dataclasses import dataclass
from datetime import datetime, tzinfo

from phones.models import Change, Project, SyncRun
from phones.services.agents.tallies import DayTally, Uses, changes_by_day, phones_by_status, uses_of_agents
from phones.services.audit.queries import LED_TO, with_late_entries
from phones.services.finding.health import Queue, queue_of
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.sync.freshness import is_stale

RUN_COUNT = 5
CHANGE_COUNT = 8
DAY_COUNT = 30


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview of a project at one moment. Runs and changes are newest first."""

    queue: Queue
    catalogue: Catalogue
    statuses: dict[str, int]
    uses: dict[uuid.UUID, Uses]
    days: list[DayTally]
    runs: list[SyncRun]
    changes: list[Change]
    is_stale: bool

    @property
    def phone_count(self) -> int:
        """The number of phones in Diga, by our copy."""
        return sum(self.statuses.values())


def overview_of(project: Project, *, now: datetime, zone: tzinfo) -> Overview:
    """Return the overview, with days of the given zone. Eight queries, and two if the agents have changed."""
    catalogue = catalogue_of(project)
    changes = Change.objects.filter(project=project)
    return Overview(
        queue=queue_of(project, catalogue, now),
        catalogue=catalogue,
        statuses=phones_by_status(project),
        uses=uses_of_agents(project),
        days=changes_by_day(project, now=now, zone=zone, day_count=DAY_COUNT),
        runs=list(project.sync_runs.order_by("-pk")[:RUN_COUNT]),
        changes=with_late_entries(changes.select_related(*LED_TO).order_by("-pk")[:CHANGE_COUNT]),
        is_stale=is_stale(project.synced_at, now),
    )


def queue_now(project: Project, *, now: datetime) -> Queue:
    """Return how many phones have each problem. Two queries, and two if the agents have changed."""
    return queue_of(project, catalogue_of(project), now)


def is_first_run(run: SyncRun) -> bool:
    """Return whether no earlier pass of the project was complete."""
    return not SyncRun.objects.filter(project=run.project_id, state="COMPLETE", pk__lt=run.pk).exists()
