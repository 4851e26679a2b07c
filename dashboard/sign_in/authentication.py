"""What a session has proved, when, and with which factors; and what pages demand of it."""

import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponseBase

View = Callable[..., HttpResponseBase]

# The method of a record that `sso` makes: allauth's own has neither the time nor the factors of the sign-in.
SSO = "sso"
# Recovery codes come with one of these, and stand for it.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class StaleSignIn(Exception):
    """The page needs a sign-in of the last minutes (`is_fresh`)."""


class SecondFactorMissing(Exception):
    """A role of the person needs a second factor (`REQUIRE_2FA_ROLES`), and the account has none."""


def has_second_factor(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether the account has an authenticator app or a passkey. One query."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def is_fresh(request: HttpRequest) -> bool:
    """Return whether the person proved who they are in the last `ACCOUNT_REAUTHENTICATION_TIMEOUT` seconds.

    Where the account has a second factor, a code or a passkey is a proof, and a password alone is none. A single
    sign-on counts from when the provider asked the person (`auth_time`), never from when it sent them here.
    """
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    recent = [record for record in _records(request) if _proved_at(record) > since]
    if has_second_factor(request.user):
        return any(_has_both_factors(record) for record in recent)
    return bool(recent)


def _records(request: HttpRequest) -> list[dict[str, object]]:
    """Return allauth's records of what this session proved, oldest first; none of an anonymous person."""
    if isinstance(request.user, AnonymousUser):
        return []
    records: list[dict[str, object]] = get_authentication_records(request, request.user)
    return records


def _proved_at(record: dict[str, object]) -> float:
    """Return the seconds since the epoch; 0 if it isn't known."""
    at = record.get("auth_time") if record["method"] == SSO else record["at"]
    # allauth's own record of a single sign-on says only that one came back.
    return float(at) if isinstance(at, int | float) and record["method"] != "socialaccount" else 0.0


def _has_both_factors(record: dict[str, object]) -> bool:
    return record["method"] == "mfa" or (record["method"] == SSO and record.get("has_both_factors") is True)


def demand_fresh(request: HttpRequest) -> None:
    """Go on only after a fresh sign-in.

    :raises StaleSignIn: `is_fresh` is False.
    """
    if not is_fresh(request):
        raise StaleSignIn


def with_fresh_sign_in(view: View) -> View:
    """Return the view behind `demand_fresh`: for allauth's, which ask for none themselves."""

    @wraps(view)
    def demanding(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        demand_fresh(request)
        return view(request, *args, **kwargs)

    return demanding


def demand_second_factor(request: HttpRequest, roles: Collection[str]) -> None:
    """Go on only if the person's roles need no second factor, the account has one, or this session's sign-on had one.

    :raises SecondFactorMissing: none of these.
    """
    if not set(roles) & set(settings.REQUIRE_2FA_ROLES) or has_second_factor(request.user):
        return
    if not any(record["method"] == SSO and _has_both_factors(record) for record in _records(request)):
        raise SecondFactorMissing
