"""Throttles of sign-in: how many passwords and codes may be tried, and the wait for the next attempt.

Attempts are counted for each account, and for each address. A known device (`devices`) has a count of its own for each
account, so that a person with the password can sign in while others guess.
"""

import math
import time

import structlog
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import ngettext

from dashboard.sign_in.devices import device_of

logger = structlog.get_logger("dashboard.sign_in.throttles")
APP = "dashboard"
STRANGERS = "10/m/ip,5/5m/key"
KNOWN_DEVICES = "5/5m/key"


def take_try(request: HttpRequest, what: str, username: str) -> ratelimit.RateLimitUsage:
    """Count one more attempt; `rollback` of the returned object reverts it, if it was right.

    :param what: the secret that is tried: `password` or `code`.
    :raises ValidationError: there were too many attempts; the message says how long to wait.
    """
    device = device_of(request, username)
    key = f"{username.lower()}:{device or ''}"
    config = {what: KNOWN_DEVICES if device else STRANGERS}
    usage = ratelimit.consume(request, app=APP, action=what, config=config, key=key)
    if usage is None:
        # What was typed isn't logged: it may be a password in the wrong field.
        logger.warning("attempt refused by the throttle", what=what, is_known_device=device is not None)
        raise ValidationError(_sentence(_wait_seconds(request, what, config, key)), code="too_many_login_attempts")
    return usage


def _wait_seconds(request: HttpRequest, what: str, config: dict[str, str], key: str) -> float:
    """Return the time until every full count has room again."""
    waits = []
    for rate in ratelimit.get_rates(app=APP, action=what, config=config):
        tried_at = cache.get(ratelimit.get_cache_key(request, app=APP, action=what, rate=rate, key=key), [])
        if len(tried_at) >= rate.amount:
            waits.append(min(tried_at) + rate.duration - time.time())
    return max(waits, default=1.0)


def _sentence(wait_seconds: float) -> str:
    minutes = math.ceil(wait_seconds / 60)
    return ngettext(
        "Too many wrong attempts. Wait a minute, then try again.",
        "Too many wrong attempts. Wait %(minutes)d minutes, then try again.",
        minutes,
    ) % {"minutes": minutes}
