"""Values of the environment that take more than a line to check."""

from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured
from environs import Env

from dashboard.proxies import Proxies

# As `phones.models.Role` has them, from the weakest: settings load before models.
ROLES = ("VIEWER", "LABELLER", "ROUTER", "LEAD", "ADMIN")


def time_zone(env: Env) -> str:
    """Return the name of the time zone in which times are shown."""
    name: str = env.str("TIME_ZONE", "") or "Europe/Madrid"
    try:
        ZoneInfo(name)
    except (KeyError, ValueError):
        raise ImproperlyConfigured("TIME_ZONE must be a name such as Europe/Madrid.") from None
    return name


def proxies(env: Env) -> list[str]:
    """Return the proxies that are believed."""
    found: list[str] = env.list("FORWARDED_ALLOW_IPS", []) or ["127.0.0.1", "::1"]
    try:
        Proxies(found)
    except ValueError:
        raise ImproperlyConfigured("FORWARDED_ALLOW_IPS must be addresses or networks, separated by commas.") from None
    return found


def roles_with_second_factor(env: Env, *, is_https: bool) -> list[str]:
    """Return the roles that need a second factor; by default administrators, and nobody on one's own machine."""
    default = ["ADMIN"] if is_https else ["NONE"]
    found = [name.strip().upper() for name in env.list("REQUIRE_2FA_ROLES", []) or default]
    if found == ["NONE"]:
        return []
    if set(found) <= set(ROLES):
        return found
    raise ImproperlyConfigured("REQUIRE_2FA_ROLES must be VIEWER, LABELLER, ROUTER, LEAD, ADMIN, or NONE.")
