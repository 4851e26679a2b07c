"""What is set for a time with a plan, and what can be."""

from dataclasses import dataclass

from django.utils import timezone

from phones.access import Desk
from phones.models import OPEN_SCHEDULES, Plan, PlanState, ScheduleKind
from phones.services.schedules.plans import needs_second_person_to_end
from phones.services.schedules.queries import of_plan
from phones.views.parts.schedules import ScheduleLine

_MAY_END = {PlanState.PREVIEW, PlanState.RUNNING, PlanState.PAUSED, PlanState.STOPPED, PlanState.FINISHED}


@dataclass(frozen=True, slots=True)
class PlanAgenda:
    """What is set, and whether its end and its start can be set by this person."""

    lines: list[ScheduleLine]
    can_end: bool
    can_start: bool

    @classmethod
    def of(cls, plan: Plan, desk: Desk) -> "PlanAgenda":
        """Return the agenda of a plan. One query, and one where an end may need a second person."""
        rows, now = of_plan(plan), timezone.now()
        known = {row.kind for row in rows if row.state in OPEN_SCHEDULES}
        may_set = desk.may_bulk and not plan.is_publishing
        return cls(
            [ScheduleLine.of(row, desk, now) for row in rows],
            may_set
            and plan.state in _MAY_END
            and ScheduleKind.PUT_BACK_PLAN not in known
            and not needs_second_person_to_end(plan),
            may_set and plan.state == PlanState.PREVIEW and ScheduleKind.START_PLAN not in known,
        )
