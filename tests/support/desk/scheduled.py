"""How tests set changes for a time, let the time come, and look at what became of them."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from phones.access import may_run_schedule
from phones.diga.sandbox import Sandbox
from phones.models import Phone, Project, Schedule
from phones.services.editing.guard import impacts_of
from phones.services.editing.save import Author, SaveKind, SaveResult, change_phone
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.impact import fingerprint
from phones.services.schedules.create import schedule_change
from phones.services.schedules.run import run_due

HOUR = timedelta(hours=1)


def in_an_hour() -> datetime:
    """Return the moment for which these tests set things."""
    return timezone.now() + HOUR


def change_for_a_time(phone: Phone, edit: PhoneEdit, user: User | None, until: datetime) -> Schedule:
    """Change a phone until a moment, as a person who ticked what the guard showed; return what puts it back."""
    result = change_phone(
        project=phone.project,
        phone=phone,
        edit=edit,
        base=PhoneSnapshot.of(phone),
        author=Author(user, reason="Lunch", ticket="T-7", form_token=uuid.uuid4(), until=until),
        agreed=fingerprint(impacts_of(phone, edit)),
        clock=timezone.now,
    )
    assert result.kind is SaveKind.SENT, result.kind
    return Schedule.objects.get(change=result.change)


def set_for_later(phone: Phone, edit: PhoneEdit, user: User | None, due_at: datetime, **more: Any) -> SaveResult:
    """Set a change for a moment, as a person who ticked what the guard showed."""
    author = Author(user, reason="Monday", form_token=more.pop("form_token", None), until=more.pop("until", None))
    given: dict[str, Any] = {"agreed": fingerprint(impacts_of(phone, edit)), "clock": timezone.now} | more
    return schedule_change(
        project=phone.project,
        phone=phone,
        edit=edit,
        base=PhoneSnapshot.of(phone),
        author=author,
        due_at=due_at,
        **given,
    )


def let_it_be(
    project: Project, moment: datetime, may_run: Callable[[Schedule], bool] = may_run_schedule, **more: Any
) -> None:
    """Let one worker do what is due at a moment."""
    fresh = Project.objects.get(pk=project.pk)
    run_due(project=fresh, **({"clock": lambda: moment, "may_run": may_run, "sleep": lambda _seconds: None} | more))


def ended(schedule: Schedule) -> tuple[str, str]:
    """Return how a row stands, and the code of the reason."""
    schedule.refresh_from_db()
    return schedule.state, schedule.cause


def before_of(schedule: Schedule) -> dict[str, Any]:
    """Return what the change that is put back had found."""
    assert schedule.change is not None
    return schedule.change.before


def leave_alone(sandbox: Sandbox, agent_id: uuid.UUID) -> None:
    """Let no phone have an agent any more, and no version of it be published."""
    for phone in sandbox.phones:
        for lane in ("inbound_agent_id", "outbound_agent_id"):
            if getattr(phone, lane) == agent_id:
                setattr(phone, lane, None)
    sandbox.agents[agent_id].published_id = None
