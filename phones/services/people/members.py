"""Members of a project and their roles."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from phones.models import ActKind, Membership, Project, Role
from phones.services.audit.acts import record_act
from phones.services.display_names import name_of
from phones.services.people.invitations import withdraw_invitations


class NotAMember(Exception):
    """The person was removed from the project meanwhile."""


class LastAdministrator(Exception):
    """The project would have no administrator left, and nobody to change the key, the people and the settings."""


def members_of(project: Project) -> Sequence[Membership]:
    """Return the members with their users, by username. One query."""
    return list(Membership.objects.filter(project=project).select_related("user").order_by("user__username", "pk"))


def names_with(*, project: Project, roles: Collection[Role]) -> list[str]:
    """Return the names of the members with these roles who can sign in, in order. One query."""
    rows = Membership.objects.filter(project=project, role__in=roles, user__is_active=True).select_related("user")
    return sorted(name_of(row.user) for row in rows)


def change_role(*, membership: Membership, role: Role, actor: User | None, now: datetime) -> None:
    """Give a member another role, which applies from their next request. What they invited as administrator ends.

    :raises LastAdministrator: the project would have no administrator left.
    :raises NotAMember: they were removed.
    """
    with transaction.atomic():
        before = _locked(membership).role
        membership.role = role
        if before == role:
            return
        if role != Role.ADMIN:
            _keep_an_administrator(membership)
            withdraw_invitations(membership.project, membership.user, now)
        membership.save(update_fields=["role"])
        _record(ActKind.ROLE_CHANGED, membership.project, actor, now, membership.user, before=before, after=role)


def make_administrator(*, project: Project, user: User, now: datetime) -> None:
    """Let a person administer the project, a member or not: whoever operates the server says so."""
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        membership = Membership.objects.filter(project=project, user=user).first()
        if membership:
            change_role(membership=membership, role=Role.ADMIN, actor=None, now=now)
            return
        Membership.objects.create(project=project, user=user, role=Role.ADMIN)
        _record(ActKind.MEMBER_JOINED, project, None, now, user, role=Role.ADMIN)


def remove_member(*, membership: Membership, actor: User | None, now: datetime) -> None:
    """Remove a member from the project. Their account and their entries in the history stay; what they invited ends.

    :raises LastAdministrator: the project would have no administrator left.
    :raises NotAMember: they were removed before.
    """
    with transaction.atomic():
        current = _locked(membership)
        _keep_an_administrator(current)
        withdraw_invitations(current.project, current.user, now)
        current.delete()
        _record(ActKind.MEMBER_REMOVED, current.project, actor, now, current.user, role=current.role)


def _locked(membership: Membership) -> Membership:
    """Return the membership as it is now.

    Two administrators may demote each other at the same time: the lock on the project's row serialises them.
    """
    Project.objects.select_for_update().get(pk=membership.project_id)
    current = Membership.objects.select_related("project", "user").filter(pk=membership.pk).first()
    if current is None:
        raise NotAMember
    return current


def _keep_an_administrator(leaving: Membership) -> None:
    administrators = Membership.objects.filter(project=leaving.project_id, role=Role.ADMIN, user__is_active=True)
    is_one = administrators.filter(pk=leaving.pk).exists()
    if is_one and not administrators.exclude(pk=leaving.pk).exists():
        raise LastAdministrator


def _record(
    kind: ActKind, project: Project, actor: User | None, now: datetime, subject: User | None, **details: str
) -> None:
    record_act(kind=kind, project=project, actor=actor, at=now, subject=subject, details=details)
