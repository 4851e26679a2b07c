"""Invitations to a project: issued, replaced, revoked, and accepted with a new account or an existing one.

Whether there is an account of the username is looked at when it accepts, and never before: an invitation tells nothing
of it. All that changes an invitation locks the row of its project first, so that of two acts at once the second sees
what the first has done.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from phones.models import ActKind, Invitation, InvitationState, Membership, Project, Role
from phones.services.audit.acts import record_act
from phones.services.people.usernames import UsernameTaken, username_key

INVITATION_LIFETIME = timedelta(days=3)


class AlreadyMember(Exception):
    """The person, named by the argument, is a member of the project; their role is changed in the list of members."""


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
    (issued,) = invite_several(project=project, people=[(username, full_name)], role=role, actor=actor, now=now)
    return issued


def invite_several(
    *, project: Project, people: Iterable[tuple[str, str]], role: Role, actor: User, now: datetime
) -> list[Issued]:
    """Issue an invitation to each of some usernames with their full names, or to none.

    :raises AlreadyMember: one of them has a role in this project.
    """
    with transaction.atomic():
        _lock(project)
        issued = [_issue(project, username, full_name, role, actor, now) for username, full_name in people]
        for each in issued:
            _record(ActKind.MEMBER_INVITED, each.invitation, actor, now, expires_at=_iso(each.invitation))
    return issued


@sensitive_variables("code")
def _issue(project: Project, username: str, full_name: str, role: Role, actor: User, now: datetime) -> Issued:
    key, code = username_key(username), secrets.token_urlsafe(32)
    members = Membership.objects.filter(project=project).values_list("user__username", flat=True)
    if key in map(username_key, members):
        raise AlreadyMember(username)
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
        if state not in {InvitationState.WAITING, InvitationState.EXPIRED, InvitationState.WITHDRAWN}:
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


def withdraw_invitations(project: Project, sender: User, now: datetime) -> None:
    """End what somebody invited who stops to administer the project, for good; those of a superuser stay.

    Within a transaction that holds the lock of the project.
    """
    if not sender.is_superuser:
        Invitation.objects.open().filter(project=project, invited_by=sender).update(withdrawn_at=now)


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
    key = username_key(user.get_username())
    return _waiting_in(Invitation.objects.open().filter(username_key=key, expires_at__gt=now), now)


def waiting_among(ids: Collection[int], *, now: datetime) -> Sequence[Invitation]:
    """Return those of the invitations that can be accepted, the oldest first."""
    return _waiting_in(Invitation.objects.open().filter(pk__in=ids), now) if ids else []


def _waiting_in(rows: QuerySet[Invitation], now: datetime) -> Sequence[Invitation]:
    rows = rows.select_related("project", "invited_by").order_by("pk")
    return [row for row in rows if _state(row, now) == InvitationState.WAITING]


def is_for(invitation: Invitation, user: User) -> bool:
    """Return whether the invitation is for this person's username, whatever its case."""
    return bool(invitation.username_key == username_key(user.get_username()))


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
    return _accept_with(user, invitation, now)


def accept_without_password(invitation: Invitation, *, now: datetime) -> User:
    """Create the account, which can't sign in by a password, and the membership. The caller has made sure who it is.

    :raises InvitationOver: the invitation can't be accepted any more.
    :raises AccountExists: the username has an account.
    """
    user = new_user(invitation)
    user.set_unusable_password()
    return _accept_with(user, invitation, now)


def _accept_with(user: User, invitation: Invitation, now: datetime) -> User:
    try:
        with _accepting(invitation, now) as current:
            user.save()
            membership = Membership.objects.create(project=current.project, user=user, role=current.role)
            _record_joined(membership, now)
    except (UsernameTaken, IntegrityError):
        raise AccountExists from None
    return user


def accept(invitation: Invitation, *, user: User, now: datetime) -> Membership:
    """Make the person, whom the invitation is for, a member. Somebody who has a role keeps it, and joins nothing.

    :raises InvitationOver: it can't be accepted any more.
    """
    with _accepting(invitation, now) as current:
        membership, is_new = Membership.objects.get_or_create(
            project=current.project, user=user, defaults={"role": current.role}
        )
        if is_new:
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
    """Return the state, `WITHDRAWN` also where the account of whoever sent it is switched off or no superuser's."""
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
