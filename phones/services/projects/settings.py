"""The settings of a project: its rules for plans, and the time between syncs."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from phones.models import ActKind, Project
from phones.services.audit.acts import record_act


def set_plan_rules(
    *, project: Project, typed_above: int | None, approved_above: int | None, actor: User, now: datetime
) -> None:
    """Set above how many changes the count has to be typed, and a second person has to approve; None: never."""
    rules = {"typed_above": typed_above, "approved_above": approved_above}
    _store(ActKind.PLAN_RULES_CHANGED, project, rules, actor, now)


def set_sync_interval(*, project: Project, minutes: int, actor: User, now: datetime) -> None:
    """Set the time between two periodic syncs."""
    _store(ActKind.SYNC_INTERVAL_CHANGED, project, {"sync_interval_minutes": minutes}, actor, now)


def _store(kind: ActKind, project: Project, values: dict[str, int | None], actor: User, now: datetime) -> None:
    """Store settings, and write down who set them from what to what."""
    with transaction.atomic():
        before = Project.objects.select_for_update().values(*values).get(pk=project.pk)
        for name, value in values.items():
            setattr(project, name, value)
        project.save(update_fields=list(values))
        record_act(kind=kind, project=project, actor=actor, at=now, details={"before": before, "after": values})
