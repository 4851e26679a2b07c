"""Sign-in sessions of people: which there are, and how they are ended."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from phones.models import ActKind, Project, Session
from phones.services.audit.acts import record_act


class UnknownSession(Exception):
    """There is no such session of this person, or it is over."""


def sessions_of(user: User, *, now: datetime) -> Sequence[Session]:
    """Return the sessions of a person that are not over, the last seen first. One query."""
    return list(_alive(now).filter(user=user))


def all_sessions(*, now: datetime) -> Sequence[Session]:
    """Return the sessions of everybody that are not over, the last seen first. One query."""
    return list(_alive(now))


def _alive(now: datetime) -> QuerySet[Session]:
    return Session.objects.alive(now).select_related("user").order_by("-seen_at", "pk")


def end_session(
    sessions: Sequence[Session], handle: str, *, actor: User, now: datetime, project: Project | None = None
) -> User:
    """End one of the sessions, from its next request on, and return whose it was.

    :param project: where `actor` ends it as an administrator of a member; the act is of this project, and its own.
    :raises UnknownSession: none of them has this handle.
    """
    for session in sessions:
        if session.handle == handle and session.user is not None:
            with transaction.atomic():
                session.delete()
                _record(session.user, 1, actor, now, project)
            return session.user
    raise UnknownSession


def end_all_sessions(
    user: User, *, actor: User | None, now: datetime, project: Project | None = None, spared: str | None = None
) -> None:
    """End the sessions of a person but the one with the key `spared`. `project` is as for `end_session`."""
    with transaction.atomic():
        count, _by_table = Session.objects.filter(user=user).exclude(pk=spared).delete()
        if count:
            _record(user, count, actor, now, project)


def _record(user: User, count: int, actor: User | None, now: datetime, project: Project | None) -> None:
    details = {"count": count}
    record_act(kind=ActKind.SESSION_ENDED, project=project, actor=actor, subject=user, at=now, details=details)
