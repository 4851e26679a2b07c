"""Processes that share the database and differ in a setting that has to be the same: people would lose their sessions,
or be sent in circles.

Each notes a fingerprint of its settings in the cache, from time to time, and compares it with what others have noted.
"""

import hmac
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

# TOKEN_KEYS and DIARY_KEY are held against the database itself (`phones.services.key_proofs`).
SHARED = (
    "SITE_URL",
    "SECRET_KEY",
    "DIGA_API_URL",
    "DIGA_REQUESTS_PER_SECOND",
    "SESSION_IDLE_MINUTES",
    "REQUIRE_2FA_ROLES",
    "SSO",
    "TIME_ZONE",
    "WEBHOOK_NETWORKS",
)
KEY = "machines"
# Machines that were not seen for so long are gone.
GONE_AFTER = timedelta(minutes=10)
NOTED_EVERY = timedelta(minutes=1)
log = structlog.get_logger("dashboard.monitoring.machines")


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that is another on the machine `host`."""

    setting: str
    host: str


def fingerprints() -> dict[str, str]:
    """Return a fingerprint of each shared setting, from which no value can be told. Redis is used by all or by none."""
    values = {name: repr(getattr(settings, name)) for name in SHARED} | {"REDIS_URL": str(bool(settings.REDIS_URL))}
    if settings.SSO:
        values["SSO"] += settings.SSO.secret
    key = settings.DIARY_KEY.encode()
    return {name: hmac.digest(key, f"{name} {value}".encode(), "sha256").hex()[:16] for name, value in values.items()}


def compare(role: str, *, now: datetime | None = None, host: str | None = None) -> list[Difference]:
    """Return in what the machines that were seen lately differ from this one, and note this one. Two queries.

    Two that note themselves at the same moment may lose one note, until the next time.
    """
    now, host = now or timezone.now(), host or socket.gethostname()
    mine, own = fingerprints(), f"{host} {role}"
    noted: dict[str, Any] = cache.get(KEY) or {}
    lately = {name: note for name, note in noted.items() if datetime.fromisoformat(note["at"]) > now - GONE_AFTER}
    if own not in lately or _is_due(lately[own], mine, now):
        cache.set(KEY, lately | {own: {"at": now.isoformat(), "prints": mine}}, timeout=None)
    return [
        Difference(setting, name.partition(" ")[0])
        for name, note in sorted(lately.items())
        if name != own
        for setting, print_of in sorted(note["prints"].items())
        if print_of != mine.get(setting, print_of)
    ]


def seen_since(moment: datetime) -> list[str]:
    """Return the hosts, and web or worker, that have noted themselves since a moment. One query."""
    noted: dict[str, Any] = cache.get(KEY) or {}
    return sorted(name for name, note in noted.items() if datetime.fromisoformat(note["at"]) > moment)


def _is_due(note: dict[str, Any], mine: dict[str, str], now: datetime) -> bool:
    return note["prints"] != mine or datetime.fromisoformat(note["at"]) <= now - NOTED_EVERY


_told: list[Difference] = []


def warn(role: str) -> None:
    """Log the differences, each once as long as they stay."""
    found = compare(role)
    for difference in found:
        if difference not in _told:
            log.warning("settings differ", setting=difference.setting, host=difference.host)
    _told[:] = found
