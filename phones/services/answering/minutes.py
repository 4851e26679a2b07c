"""The minutes of the plan, where the key may read them: without any left, agents stop answering."""

from datetime import datetime, timedelta

from phones import diga
from phones.models import Project
from phones.services.clock import has_passed
from phones.services.projects.answers import note_of_key

READ_AGAIN_AFTER = timedelta(minutes=10)
# So long it is said that there are none left, without reading again.
BELIEVED_FOR = timedelta(hours=1)


def has_minutes(project: Project, now: datetime) -> bool:
    """Return False if the minutes of the plan are known to be used up; True if that isn't known. No query."""
    ends_at = project.minutes_out_until
    return ends_at is None or ends_at <= now or has_passed(BELIEVED_FOR, project.minutes_read_at, now)


def read_minutes(*, project: Project, client: diga.DigaClient, now: datetime) -> None:
    """Read the plan if that is due and the key may; note whether minutes are left. A failed read changes nothing."""
    if project.can_read_billing is False or not has_passed(READ_AGAIN_AFTER, project.minutes_read_at, now):
        return
    try:
        plan = client.get_subscription()
    except diga.DigaForbidden:
        note_of_key(project, can_read_billing=False, minutes_read_at=None, minutes_out_until=None)
    except diga.DigaError:
        return
    else:
        ends_at = plan.period_end if is_used_up(plan) else None
        note_of_key(project, can_read_billing=True, minutes_read_at=now, minutes_out_until=ends_at)


def is_used_up(plan: diga.Subscription) -> bool:
    """Return whether no minutes are left, and more are not billed by use."""
    available = plan.included_minutes + plan.rollover_minutes_count
    return plan.minutes_count >= available and not plan.usage_based_billing_enabled
