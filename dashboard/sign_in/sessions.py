"""The session engine: limits of a session, rotation of its key, and where and when a person signed in.

An absolute limit counts from the sign-in (SESSION_COOKIE_AGE), an idle one from the last request of a person
(SESSION_IDLE_MINUTES). Polls are no requests of a person: the scripts mark them (`X-Poll`).
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from allauth.account.signals import authentication_step_completed, password_changed
from allauth.mfa.signals import authenticator_added
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import DatabaseError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from phones.models import Session
from phones.models.people.session import SIGNED_IN

# The last request is recorded at most once in this time.
PRECISION = timedelta(minutes=1)
USER_AGENT_LIMIT = 300


class SessionStore(DatabaseStore):
    """Django's sessions in the database, with `Session` as their table."""

    _seen_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the table."""
        return Session

    @classmethod
    def clear_expired(cls) -> None:
        """Delete the sessions that are over, for `manage.py clearsessions`."""
        Session.objects.over(timezone.now()).delete()

    def _get_session_from_db(self) -> Session | None:
        """Return the row, unless it is over: then a new session begins, under another key."""
        session: Session | None = super()._get_session_from_db()  # type: ignore[misc]
        if session is None or session.is_idle(timezone.now()):
            self._session_key = None
            return None
        self._seen_at = session.seen_at
        return session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row to save, with the person of the session."""
        session = cast(Session, super().create_model_instance(data))
        session.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        return session

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """Return the absolute limit: no request and no saving moves it on."""
        signed_in = self.get(SIGNED_IN)
        if signed_in is None:
            expiry: datetime = super().get_expiry_date(**kwargs)
            return expiry
        return datetime.fromtimestamp(signed_in["at"], UTC) + timedelta(seconds=settings.SESSION_COOKIE_AGE)

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Return the seconds until the absolute limit."""
        return max(0, int((self.get_expiry_date(**kwargs) - timezone.now()).total_seconds()))

    def touch(self, now: datetime) -> None:
        """Record that the person of the session has just asked for something."""
        if self._seen_at is None or not self.session_key or now - self._seen_at < PRECISION:
            return
        # The page itself needs no writing: with a full disk it is still shown, and the session ends when it is idle.
        with suppress(DatabaseError):
            Session.objects.filter(pk=self.session_key).update(seen_at=now)


class LastSeen:
    """Records in the session when its person last asked for something."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session: Any = request.session
        if session.accessed and "X-Poll" not in request.headers:
            session.touch(timezone.now())
        return response


@receiver(user_logged_in)
def _note_sign_in(request: HttpRequest, **_kwargs: Any) -> None:
    request.session[SIGNED_IN] = {
        "at": timezone.now().timestamp(),
        "address": request.META.get("REMOTE_ADDR", ""),
        "agent": request.META.get("HTTP_USER_AGENT", "")[:USER_AGENT_LIMIT],
    }


@receiver(authentication_step_completed)
def _rotate_key(request: HttpRequest, reauthenticated: bool = False, **_kwargs: Any) -> None:
    """Give the session a new key after a confirmation that it is the person, as Django does at sign-in."""
    if reauthenticated:
        request.session.cycle_key()


@receiver([password_changed, authenticator_added])
def _end_others(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """End the person's other sessions, which the old password, or a password alone, opened."""
    Session.objects.filter(user=user).exclude(pk=request.session.session_key).delete()
