"""Invitations to a project: issued, replaced, revoked, and accepted with a new account or an existing one.

Whether there is an account of the username is looked at when it accepts, and never before: an invitation tells nothing
of it. All that changes an invitation locks the row of its project first, so that of two acts at once the second sees
what the first has done.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from phones.models import ActKind, Invitation, InvitationState, Membership, Project, Role
from phones.services.audit.acts import record_act

INVITATION_LIFETIME = timedelta(days=3)


class AlreadyMember(Exception):
    """The person is a member of the project; their role is changed in the list of members."""


class UnknownInvitation(Exception):
    """The code is of no invitation, or it was altered."""


class InvitationOver(Exception):
    """The invitation can't be accepted or changed any more."""

    def __init__(self, state: InvitationState) -> None:
        super().__init__(f"The invitation is over: {state}")
        self.state = state


class AccountExists(Exception):
    """There is an account of this username already: its person signs in and accepts."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new invitation, and its code, which is stored nowhere."""

    invitation: Invitation
    code: str


def invite(*, project: Project, username: str, full_name: str, role: Role, actor: User, now: datetime) -> Issued:
    """Issue an invitation, which replaces an open one for the same username, whatever its case.

    :raises AlreadyMember: the user has a role in this project.
    """
    with transaction.atomic():
        _lock(project)
        issued = _issue(project, username, full_name, role, actor, now)
        _record(ActKind.MEMBER_INVITED, issued.invitation, actor, now, expires_at=_iso(issued.invitation))
    return issued


@sensitive_variables("code")
def _issue(project: Project, username: str, full_name: str, role: Role, actor: User, now: datetime) -> Issued:
    key, code = username.lower(), secrets.token_urlsafe(32)
    members = Membership.objects.filter(project=project).values_list("user__username", flat=True)
    if key in {member.lower() for member in members}:
        raise AlreadyMember
    invitation = Invitation.objects.create(
        project=project,
        username=username,
        username_key=key,
        full_name=full_name,
        role=role,
        code_hash=_hashed(code),
        invited_by=actor,
        created_at=now,
        expires_at=now + INVITATION_LIFETIME,
    )
    older = Invitation.objects.open().filter(project=project, username_key=key).exclude(pk=invitation.pk)
    older.update(replaced_by=invitation)
    return Issued(invitation, code)


def invite_again(invitation: Invitation, *, actor: User, now: datetime) -> Issued:
    """Replace an open invitation by one with a new code, a new end, and `actor` as its sender.

    :raises InvitationOver: it was accepted, revoked or replaced.
    :raises AlreadyMember: the user has got a role in this project meanwhile.
    """
    with transaction.atomic():
        current = _locked(invitation)
        state = current.state(now)
        if state not in {InvitationState.WAITING, InvitationState.EXPIRED}:
            raise InvitationOver(state)
        issued = _issue(current.project, current.username, current.full_name, Role(current.role), actor, now)
        _record(ActKind.INVITATION_RESENT, issued.invitation, actor, now, expires_at=_iso(issued.invitation))
    return issued


def revoke(invitation: Invitation, *, actor: User, now: datetime) -> None:
    """End an open invitation, expired or not: its code opens nothing any more.

    :raises InvitationOver: it was accepted, or replaced by another one. Revoking twice is no error.
    """
    with transaction.atomic():
        current = _locked(invitation)
        state = current.state(now)
        if state in {InvitationState.ACCEPTED, InvitationState.REPLACED}:
            raise InvitationOver(state)
        if state != InvitationState.REVOKED:
            current.revoked_at = now
            current.save(update_fields=["revoked_at"])
            _record(ActKind.INVITATION_REVOKED, current, actor, now)


def open_invitations(project: Project, *, now: datetime) -> Sequence[tuple[Invitation, InvitationState]]:
    """Return the invitations that nobody has accepted or ended, by username, each with its state."""
    rows = Invitation.objects.open().filter(project=project).select_related("invited_by", "project")
    return [(row, _state(row, now)) for row in rows.order_by("username_key", "pk")]


def find_invitation(code: str, *, now: datetime) -> Invitation:
    """Return the invitation of a code, which can be accepted.

    :raises UnknownInvitation: there is none.
    :raises InvitationOver: it can't be accepted any more.
    """
    row = Invitation.objects.select_related("project", "invited_by").filter(code_hash=_hashed(code)).first()
    if row is None:
        raise UnknownInvitation
    return _waiting(row, now)


def invitations_for(user: User, *, now: datetime) -> Sequence[Invitation]:
    """Return the invitations that a person with an account can accept, the oldest first."""
    rows = Invitation.objects.open().filter(username_key=user.get_username().lower(), expires_at__gt=now)
    rows = rows.select_related("project", "invited_by").order_by("pk")
    return [row for row in rows if _state(row, now) == InvitationState.WAITING]


def is_for(invitation: Invitation, user: User) -> bool:
    """Return whether the invitation is for this person's username, whatever its case."""
    return bool(invitation.username_key == user.get_username().lower())


@sensitive_variables("code", "password")
def accept_as_new(code: str, *, password: str, now: datetime) -> User:
    """Create the account and the membership in one transaction. `password` has passed the validators.

    :raises UnknownInvitation: the code is of no invitation.
    :raises InvitationOver: it can't be accepted any more.
    :raises AccountExists: the username has an account; the invitation waits for its person to sign in.
    """
    invitation = find_invitation(code, now=now)
    user = new_user(invitation)
    user.set_password(password)
    try:
        with _accepting(invitation, now) as current:
            user.save()
            membership = Membership.objects.create(project=current.project, user=user, role=current.role)
            _record_joined(membership, now)
    except IntegrityError:
        raise AccountExists from None
    return user


def accept(invitation: Invitation, *, user: User, now: datetime) -> Membership:
    """Make the person, whom the invitation is for, a member. Somebody who has a role already keeps it.

    :raises InvitationOver: it can't be accepted any more.
    """
    with _accepting(invitation, now) as current:
        membership, _is_new = Membership.objects.get_or_create(
            project=current.project, user=user, defaults={"role": current.role}
        )
        _record_joined(membership, now)
    return membership


def new_user(invitation: Invitation) -> User:
    """Return the account that the invitation would make; it isn't saved."""
    first_name, _blank, last_name = invitation.full_name.partition(" ")
    return User(username=invitation.username, first_name=first_name, last_name=last_name)


@contextmanager
def _accepting(invitation: Invitation, now: datetime) -> Iterator[Invitation]:
    with transaction.atomic():
        current = _waiting(_locked(invitation), now)
        current.accepted_at = now
        current.save(update_fields=["accepted_at"])
        yield current


def _record(kind: ActKind, invitation: Invitation, actor: User, now: datetime, **details: str) -> None:
    details |= {"role": invitation.role}
    subject = new_user(invitation)
    record_act(kind=kind, project=invitation.project, actor=actor, at=now, subject=subject, details=details)


def _record_joined(membership: Membership, now: datetime) -> None:
    details = {"role": membership.role}
    record_act(kind=ActKind.MEMBER_JOINED, project=membership.project, actor=membership.user, at=now, details=details)


def _iso(invitation: Invitation) -> str:
    return invitation.expires_at.isoformat()


def _lock(project: Project) -> None:
    Project.objects.select_for_update().get(pk=project.pk)


def _locked(invitation: Invitation) -> Invitation:
    """Return the invitation as it is now, with the row of its project locked."""
    _lock(invitation.project)
    current: Invitation = Invitation.objects.select_related("project", "invited_by").get(pk=invitation.pk)
    return current


def _waiting(invitation: Invitation, now: datetime) -> Invitation:
    state = _state(invitation, now)
    if state != InvitationState.WAITING:
        raise InvitationOver(state)
    return invitation


def _state(invitation: Invitation, now: datetime) -> InvitationState:
    """Return the state, `WITHDRAWN` where whoever sent it no longer administers the project."""
    state = invitation.state(now)
    if state == InvitationState.WAITING and not _administers(invitation.invited_by, invitation.project):
        return InvitationState.WITHDRAWN
    return state


def _administers(user: User | None, project: Project) -> bool:
    if user is None or not user.is_active:
        return False
    return user.is_superuser or Membership.objects.filter(project=project, user=user, role=Role.ADMIN).exists()


def _hashed(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
