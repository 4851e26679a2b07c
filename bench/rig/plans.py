"""Plans of numbers, made and started through the services."""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from phones.models import Phone, Plan, PlanKind, Project
from phones.services.plans import lifecycle
from phones.services.plans.create import create_plan
from phones.services.plans.drafts import Draft, PlannedRow, PlanRequest
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.routing.edits import PhoneEdit


def phones_of(project: Project, count: int | None = None, **narrowing: Any) -> list[Phone]:
    """Return phones that can be changed, by number."""
    return list(
        Phone.objects.filter(project=project, **({"status": "assigned"} | narrowing)).order_by("number")[:count]
    )


def make_plan(author: User, phones: Sequence[Phone], wish: PhoneEdit | Callable[[int], PhoneEdit], **more: Any) -> Plan:
    """Make a plan with the same edit for each phone, or the one that `wish` returns for its place, from 1 on."""
    rows = [
        PlannedRow(phone.pk, wish if isinstance(wish, PhoneEdit) else wish(place))
        for place, phone in enumerate(phones, 1)
    ]
    project = Project.objects.get(pk=phones[0].project_id)
    clock = more.pop("clock", timezone.now)
    given: dict[str, Any] = {"kind": PlanKind.CHANGE, "reason": "Autumn hours", "form_token": uuid.uuid4()}
    return create_plan(PlanRequest(project=project, author=author, draft=Draft(rows), **(given | more)), clock=clock)


def start(plan: Plan, by: User) -> Plan:
    """Apply a plan exactly as it is shown."""
    typed = str(states(plan)["WAITING"])
    lifecycle.apply_plan(plan=plan, by=by, reviewed=fingerprint_of(plan), typed=typed, clock=timezone.now)
    return plan


def states(plan: Plan) -> Counter[str]:
    """Count the rows of a plan by state."""
    return Counter(plan.items.values_list("state", flat=True))
