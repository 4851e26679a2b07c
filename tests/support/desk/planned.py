"""How tests make plans, let them run in this process, and look at what came of them."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of
from phones.access import may_run_plan
from phones.models import Foreseen, ItemState, Phone, Plan, PlanItem, PlanState, Project
from phones.services.routing.edits import PhoneEdit
from phones.services.running import runner
from tests.support.database.history import add_changes


def work_at(plan: Plan, **more: Any) -> Plan:
    """Let one worker work at the plan until it has no more reason to."""
    fresh = Plan.objects.select_related("project").get(pk=plan.pk)
    runner.run_plan(plan=fresh, **({"clock": timezone.now, "may_run": may_run_plan} | more))
    plan.refresh_from_db()
    return plan


def renames(text: str) -> Callable[[int], PhoneEdit]:
    """Return a wish for each place: the text with the place behind it."""
    return lambda place: PhoneEdit(nickname=f"{text} {place}")


def finish(plan: Plan, *ends: ItemState, **more: Any) -> Plan:
    """Let a plan have run: its rows end so, in their order, the last end for all that are left."""
    now = timezone.now()
    for place, item in enumerate(plan.items.filter(state=ItemState.WAITING).order_by("number")):
        item.state, item.finished_at = ends[min(place, len(ends) - 1)], now
        if item.state == ItemState.DONE:
            item.change = add_changes(item.phone, 1, before=item.before, after=item.after, plan=plan, source="PLAN")[0]
        item.save()
    values = {"state": PlanState.FINISHED, "started_at": now, "finished_at": now, "resumed_at": None} | more
    Plan.objects.filter(pk=plan.pk).update(**values)
    plan.refresh_from_db()
    return plan


def big_plan(project: Project, author: User, count: int, **more: Any) -> Plan:
    """Make a plan of so many new phones, row by row in the database: all of them will change, or as `more` says."""
    plan = make_plan(author, phones_of(project, 1), PhoneEdit(nickname="Line 1"))
    PlanItem.objects.filter(plan=plan).delete()
    now = timezone.now()
    phones = Phone.objects.bulk_create(
        Phone(
            project=project,
            number=f"+3495{n:07d}",
            shown=f"+34 95{n:07d}",
            status="assigned",
            nickname="N",
            fetched_at=now,
        )
        for n in range(count)
    )
    common: dict[str, Any] = {"foreseen": Foreseen.WILL_CHANGE, "why": "changes", "state": ItemState.WAITING}
    PlanItem.objects.bulk_create(
        PlanItem(plan=plan, number=n, phone=phone, before={"nickname": "N"}, after={"nickname": "M"}, **(common | more))
        for n, phone in enumerate(phones, 1)
    )
    return plan
