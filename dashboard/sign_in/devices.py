"""Known devices: browsers in which a person has signed in. Failed attempts from elsewhere don't throttle them.

A signed cookie, after OWASP's “device cookies”: an id of the browser, and an HMAC of each username. It gives no access.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

KEPT_FOR = timedelta(days=180)
# In a shared browser, the people who signed in last.
PEOPLE_KEPT = 5
_SALT = "dashboard.sign_in.devices"


def device_of(request: HttpRequest, username: str) -> str | None:
    """Return the id of the browser if this person has signed in with it before, else None."""
    device, people = _read(request)
    return device if _person(username) in people else None


def remember(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """Record in the cookie that this person has signed in with the browser."""
    device, people = _read(request)
    person = _person(username)
    kept = [person, *(other for other in people if other != person)][:PEOPLE_KEPT]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([device, kept], salt=_SALT),
        max_age=KEPT_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    """Return the content of the cookie; a new id and no names if there is none, or its signature is wrong."""
    try:
        device, people = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=_SALT, max_age=KEPT_FOR
        )
    except signing.BadSignature:
        return secrets.token_urlsafe(12), []
    return device, people


def _person(username: str) -> str:
    return salted_hmac(_SALT, username.lower()).hexdigest()[:20]
