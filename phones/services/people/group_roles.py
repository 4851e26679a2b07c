"""Roles that groups of the single sign-on give: applied at each sign-in."""

from collections.abc import Mapping
from datetime import datetime

import structlog
from django.contrib.auth.models import User
from django.db import transaction

from phones.models import ActKind, Membership, Project, Role
from phones.services.audit.acts import record_act
from phones.services.people import members

log = structlog.get_logger(__name__)


def apply_group_roles(*, user: User, roles: Mapping[str, Role | None], now: datetime) -> None:
    """Give a person the role that their groups give in each project that groups govern; None removes them.

    Other projects are left alone, and so is the last administrator of one. Acts name nobody as actor.

    :param roles: by slugs; one without a project is skipped.
    """
    known = {row.project.slug: row for row in Membership.objects.filter(user=user).select_related("project", "user")}
    for project in Project.objects.filter(slug__in=roles).order_by("pk"):
        role, membership = roles[project.slug], known.get(project.slug)
        try:
            _apply(user, project, membership, role, now)
        except members.LastAdministrator:
            log.warning("group_role_skipped", user_id=user.pk, project=project.slug)
        except members.NotAMember:
            # Another sign-in, or an administrator, was faster.
            log.info("group_role_late", user_id=user.pk, project=project.slug)


def _apply(user: User, project: Project, membership: Membership | None, role: Role | None, now: datetime) -> None:
    if membership is None:
        if role is not None:
            _add(user, project, role, now)
    elif role is None:
        members.remove_member(membership=membership, actor=None, now=now)
    elif role != membership.role:
        members.change_role(membership=membership, role=role, actor=None, now=now)


def _add(user: User, project: Project, role: Role, now: datetime) -> None:
    with transaction.atomic():
        # A sign-in in another tab may have been faster.
        _row, is_new = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
        if is_new:
            details = {"role": role.value}
            record_act(kind=ActKind.MEMBER_JOINED, project=project, actor=None, at=now, subject=user, details=details)
