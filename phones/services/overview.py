"""The figures of the overview: how fresh our copy is, which phones have a problem, and the newest changes."""

import uuid
from dataclasses import dataclass
from datetime import datetime, tzinfo

from phones.models import Change, Project, SyncRun
from phones.services.agents.tallies import DayTally, Uses, changes_by_day, phones_by_status, uses_of_agents
from phones.services.audit.folding import PlanCount, counts_of_plans
from phones.services.audit.queries import LED_TO, with_late_entries
from phones.services.finding.health import Queue, queue_of
from phones.services.routing.catalogue import Catalogue, catalogue_of
from phones.services.sync.freshness import is_stale
from phones.services.sync.passes import is_silent

RUN_COUNT = 5
CHANGE_COUNT = 8
# Among so many of the newest changes, those of a plan are taken together.
LOOKED_THROUGH = 400
DAY_COUNT = 30


@dataclass(frozen=True, slots=True)
class Recent:
    """A change; or the newest one of a plan, for all that it has made."""

    change: Change
    made: PlanCount


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview of a project at one moment. Runs and changes are newest first.

    `silent_runs` are ids of runs whose process has probably died.
    """

    queue: Queue
    catalogue: Catalogue
    statuses: dict[str, int]
    uses: dict[uuid.UUID, Uses]
    days: list[DayTally]
    runs: list[SyncRun]
    silent_runs: set[int]
    changes: list[Recent]
    is_stale: bool

    @property
    def phone_count(self) -> int:
        """The number of phones in Diga, by our copy."""
        return sum(self.statuses.values())


def overview_of(project: Project, *, now: datetime, zone: tzinfo) -> Overview:
    """Return the overview, with days of the given zone. Nine queries, one more if a plan is among
    the newest changes, and two if the agents have changed.
    """
    catalogue = catalogue_of(project)
    runs = list(project.sync_runs.order_by("-pk")[:RUN_COUNT])
    return Overview(
        queue=queue_of(project, catalogue, now),
        catalogue=catalogue,
        statuses=phones_by_status(project),
        uses=uses_of_agents(project),
        days=changes_by_day(project, now=now, zone=zone, day_count=DAY_COUNT),
        runs=runs,
        silent_runs={run.pk for run in runs if is_silent(run, clock=lambda: now)},
        changes=recent_changes(project),
        is_stale=is_stale(project.synced_at, now),
    )


def recent_changes(project: Project) -> list[Recent]:
    """Return the newest changes, newest first, those of a plan as one. Two queries, and one for plans."""
    newest = Change.objects.filter(project=project).order_by("-pk").values_list("pk", "plan_id")[:LOOKED_THROUGH]
    first: dict[tuple[str, int], int] = {}
    for pk, plan_id in newest:
        first.setdefault(("plan", plan_id) if plan_id else ("change", pk), pk)
    shown = dict(list(first.items())[:CHANGE_COUNT])
    found = Change.objects.filter(pk__in=shown.values()).select_related(*LED_TO).order_by("-pk")
    counts = counts_of_plans([key for kind, key in shown if kind == "plan"], Change.objects.all())
    return [Recent(change, counts.get(change.plan_id or 0, PlanCount())) for change in with_late_entries(found)]


def queue_now(project: Project, *, now: datetime) -> Queue:
    """Return how many phones have each problem. Two queries, and two if the agents have changed."""
    return queue_of(project, catalogue_of(project), now)


def is_first_run(run: SyncRun) -> bool:
    """Return whether no earlier pass of the project was complete."""
    return not SyncRun.objects.filter(project=run.project_id, state="COMPLETE", pk__lt=run.pk).exists()
