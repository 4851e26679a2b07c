"""Members of a project and their roles."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from phones.models import ActKind, Membership, Project, Role
from phones.services.audit.acts import record_act


class LastAdministrator(Exception):
    """The project would have no administrator left, and nobody to change the key, the people and the settings."""


def members_of(project: Project) -> Sequence[Membership]:
    """Return the members with their users, by username. One query."""
    return list(Membership.objects.filter(project=project).select_related("user").order_by("user__username", "pk"))


def change_role(*, membership: Membership, role: Role, actor: User | None, now: datetime) -> None:
    """Give a member another role, which applies from their next request.

    :raises LastAdministrator: the project would have no administrator left.
    """
    with transaction.atomic():
        if role != Role.ADMIN:
            _keep_an_administrator(membership)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        _record(ActKind.ROLE_CHANGED, membership.project, actor, now, membership.user, before=before, after=role)


def remove_member(*, membership: Membership, actor: User | None, now: datetime) -> None:
    """Remove a member from the project. Their account and their entries in the history stay.

    :raises LastAdministrator: the project would have no administrator left.
    """
    with transaction.atomic():
        _keep_an_administrator(membership)
        membership.delete()
        _record(ActKind.MEMBER_REMOVED, membership.project, actor, now, membership.user, role=membership.role)


def _keep_an_administrator(leaving: Membership) -> None:
    # Two administrators may demote each other at the same time: the lock on the project's row serialises them.
    Project.objects.select_for_update().get(pk=leaving.project_id)
    administrators = Membership.objects.filter(project=leaving.project_id, role=Role.ADMIN, user__is_active=True)
    is_one = administrators.filter(pk=leaving.pk).exists()
    if is_one and not administrators.exclude(pk=leaving.pk).exists():
        raise LastAdministrator


def _record(
    kind: ActKind, project: Project, actor: User | None, now: datetime, subject: User | None, **details: str
) -> None:
    record_act(kind=kind, project=project, actor=actor, at=now, subject=subject, details=details)
