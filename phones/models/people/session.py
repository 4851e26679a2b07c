"""Sign-in sessions: Django's, with the person and the time of the last request in columns of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

# Where the session's data has its sign-in.
SIGNED_IN = "signed_in"


@dataclass(frozen=True, slots=True)
class SignIn:
    """When a person signed in, from which address and with which browser (`User-Agent`)."""

    at: datetime | None = None
    address: str = ""
    user_agent: str = ""


class SessionQuerySet(models.QuerySet["Session"]):
    """Sessions that are alive, and those that are over."""

    def alive(self, now: datetime) -> "SessionQuerySet":
        """Return the sessions that still open something."""
        return self.filter(expire_date__gt=now, seen_at__gt=now - _idle(), user__is_active=True)

    def over(self, now: datetime) -> "SessionQuerySet":
        """Return the sessions past one of their limits, and those of accounts that are switched off."""
        is_over = models.Q(expire_date__lte=now) | models.Q(seen_at__lte=now - _idle())
        return self.filter(is_over | models.Q(user__is_active=False))


class Session(AbstractBaseSession):
    """A browser's session. Deleting the row ends it with the next request."""

    # None before the sign-in is complete.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sessions")
    seen_at = models.DateTimeField(default=timezone.now)

    objects = SessionQuerySet.as_manager()  # type: ignore[misc, assignment]

    def save(self, *args: Any, force_update: bool = False, **kwargs: Any) -> None:
        """Save; an update leaves `seen_at` alone, which another request may have moved on meanwhile."""
        if force_update:
            kwargs["update_fields"] = ["session_data", "expire_date", "user"]
        super().save(*args, force_update=force_update, **kwargs)

    @classmethod
    def get_session_store_class(cls) -> Any:
        """Return the class that decodes the row."""
        return import_module(settings.SESSION_ENGINE).SessionStore

    @property
    def handle(self) -> str:
        """The name of the session on pages and in forms: the key itself is a secret."""
        return salted_hmac("phones.session", self.session_key).hexdigest()[:16]

    @property
    def sign_in(self) -> SignIn:
        """The sign-in that the session began with; empty before it is complete."""
        noted = self.get_decoded().get(SIGNED_IN)
        return SignIn(datetime.fromtimestamp(noted["at"], UTC), noted["address"], noted["agent"]) if noted else SignIn()

    def is_idle(self, now: datetime) -> bool:
        """Return whether nobody has asked for anything for longer than the idle limit."""
        return self.seen_at <= now - _idle()


def end_if_switched_off(instance: User, **_kwargs: Any) -> None:
    """End the sessions of an account that was saved as switched off: they don't come back with the account."""
    if not instance.is_active:
        Session.objects.filter(user=instance).delete()


def _idle() -> timedelta:
    return timedelta(minutes=settings.SESSION_IDLE_MINUTES)
