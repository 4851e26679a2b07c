"""Members of a project, their roles, and signed invitations for people without an account."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from phones.models import ActKind, Membership, Project, Role
from phones.services.audit.acts import record_act

INVITATION_LIFETIME = timedelta(days=3)
_SALT = "phones.invitation"

_EXPIRED = _("It was valid for three days. Ask for a new one.")
_USED = _("It was used: the account exists. Sign in with it.")
_WITHDRAWN = _("Whoever sent it is no longer an administrator of the project. Ask for a new one.")


class AlreadyMember(Exception):
    """The person is a member of the project; their role is changed in the list of members."""


class LastAdministrator(Exception):
    """The project would have no administrator left, and nobody to change the key, the people and the settings."""


class UnknownInvitation(Exception):
    """The code was not made by this site, or was altered."""


class InvitationOver(Exception):
    """The code is no longer valid; `why` is a sentence for the person."""

    def __init__(self, why: Promise) -> None:
        super().__init__("The invitation is over")
        self.why = why


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation: a code that makes a person without an account a member once, until `expires_at`."""

    code: str
    username: str
    role: Role
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PendingMember:
    """The person that an invitation is for; `user` isn't saved yet."""

    user: User
    project: Project
    role: Role


def members_of(project: Project) -> Sequence[Membership]:
    """Return the members with their users, by username. One query."""
    return list(Membership.objects.filter(project=project).select_related("user").order_by("user__username", "pk"))


def admit(
    *, project: Project, username: str, full_name: str, role: Role, actor: User, now: datetime
) -> Membership | Invitation:
    """Make an existing user a member at once, or return an invitation for a person without an account.

    Usernames are compared without regard to case, as sign-in does. An existing user keeps their name.

    :raises AlreadyMember: the user has a role in this project.
    """
    user = User.objects.filter(username__iexact=username).order_by("pk").first()
    if user is None:
        return _invite(project, username, full_name, role, actor, now)
    with transaction.atomic():
        membership, is_new = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
        if not is_new:
            raise AlreadyMember
        _record(ActKind.MEMBER_ADDED, project, actor, now, user, role=role)
    return membership


def _record(kind: ActKind, project: Project, actor: User, now: datetime, subject: User | None, **details: str) -> None:
    record_act(kind=kind, project=project, actor=actor, at=now, subject=subject, details=details)


def _invite(project: Project, username: str, full_name: str, role: Role, actor: User, now: datetime) -> Invitation:
    expires_at = now + INVITATION_LIFETIME
    person = _person(username, full_name)
    _record(ActKind.MEMBER_INVITED, project, actor, now, person, role=role, expires_at=expires_at.isoformat())
    content = [str(project.pk), username, full_name, role.value, actor.pk, expires_at.timestamp()]
    return Invitation(signing.dumps(content, salt=_SALT), username, role, expires_at)


def open_invitation(code: str, *, now: datetime) -> PendingMember:
    """Return the person that the code was made for.

    :raises UnknownInvitation: the code was not made by this site, or was altered.
    :raises InvitationOver: it has expired, was used, or its sender no longer administers the project.
    """
    try:
        project_id, username, full_name, role, inviter_id, expires_at = signing.loads(code, salt=_SALT)
    except signing.BadSignature:
        raise UnknownInvitation from None
    if datetime.fromtimestamp(expires_at, UTC) <= now:
        raise InvitationOver(_EXPIRED)
    if User.objects.filter(username__iexact=username).exists():
        raise InvitationOver(_USED)
    project = Project.objects.filter(pk=uuid.UUID(project_id)).first()
    if project is None or not _administers(inviter_id, project):
        raise InvitationOver(_WITHDRAWN)
    return PendingMember(_person(username, full_name), project, Role(role))


def _person(username: str, full_name: str) -> User:
    """Return the account, not saved, that an invited person would get."""
    first_name, _blank, last_name = full_name.partition(" ")
    return User(username=username, first_name=first_name, last_name=last_name)


def _administers(user_id: int, project: Project) -> bool:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return False
    return user.is_superuser or Membership.objects.filter(project=project, user=user, role=Role.ADMIN).exists()


@sensitive_variables("password")
def accept_invitation(code: str, *, password: str, now: datetime) -> User:
    """Create the account and the membership in one transaction. `password` has passed the validators.

    :raises UnknownInvitation: the code was not made by this site, or was altered.
    :raises InvitationOver: it can't be used any more, or was used by another request at the same time.
    """
    pending = open_invitation(code, now=now)
    pending.user.set_password(password)
    try:
        with transaction.atomic():
            pending.user.save()
            Membership.objects.create(project=pending.project, user=pending.user, role=pending.role)
            _record(ActKind.MEMBER_JOINED, pending.project, pending.user, now, None, role=pending.role)
    except IntegrityError:
        raise InvitationOver(_USED) from None
    return pending.user


def change_role(*, membership: Membership, role: Role, actor: User, now: datetime) -> None:
    """Give a member another role, which applies from their next request.

    :raises LastAdministrator: the project would have no administrator left.
    """
    with transaction.atomic():
        if role != Role.ADMIN:
            _keep_an_administrator(membership)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        _record(ActKind.ROLE_CHANGED, membership.project, actor, now, membership.user, before=before, after=role)


def remove_member(*, membership: Membership, actor: User, now: datetime) -> None:
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
