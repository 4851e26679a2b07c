"""The chain's arithmetic: what of a change is sealed, and how a link is computed. No database."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from phones.models import LaneSnapshot, SealKind

# What stands from the beginning and is never altered. The actor's row may be deleted, the name stays.
BEGUN_FIELDS = (
    "id",
    "project_id",
    "phone_id",
    "number",
    "source",
    "actor_name",
    "reason",
    "ticket",
    "before",
    "after",
    "created_at",
    "form_token",
    "seen_from",
    "reverts_id",
)
# What is added when the change is settled.
SETTLED_FIELDS = (
    "outcome",
    "stored",
    "http_status",
    "message",
    "cause",
    "request_id",
    "settled_at",
    "duration_ms",
)
# The columns as they were when sealing began, which migration 0004 knows, and those that came later: a change that
# has nothing in a later one keeps the digest it had before.
SEALED_FIELDS = (*BEGUN_FIELDS, *SETTLED_FIELDS)
LATER_FIELDS = ("plan_id", "late_for_id")
EVERY_FIELD = (*SEALED_FIELDS, *LATER_FIELDS)


def _plain(value: Any) -> Any:
    """Return what JSON has no form for: times as text in UTC to the microsecond, ids as digits, lanes as objects."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, LaneSnapshot):
        return value.to_json()
    raise TypeError(f"Nothing of the diary is a {type(value).__name__}")


_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain).encode


def digest_of(change: Mapping[str, Any], kind: SealKind) -> str:
    """Return the digest of a change, given as its `EVERY_FIELD`, in one of its two states."""
    begun, settled = digests_of([change.get(name) for name in EVERY_FIELD])
    return begun if kind == SealKind.BEGUN else settled


def digests_of(values: Sequence[Any]) -> tuple[str, str]:
    """Return both digests of a change, given as the values of its `EVERY_FIELD`; the second covers the first."""
    plan_id, *newer = values[len(SEALED_FIELDS) :]
    later = [] if plan_id is None else [plan_id]
    # By name, so that one column can't be taken for another.
    named = [[name, value] for name, value in zip(LATER_FIELDS[1:], newer, strict=True) if value is not None]
    begun = _hashed([*values[: len(BEGUN_FIELDS)], *later, *named])
    return begun, _hashed([begun, *values[len(BEGUN_FIELDS) : len(SEALED_FIELDS)]])


def _hashed(values: Sequence[Any]) -> str:
    return hashlib.sha256(_encode(values).encode()).hexdigest()


def mac_of(*, project_id: uuid.UUID, number: int, change_id: int, kind: str, digest: str, before: str) -> str:
    """Return the keyed hash of a link; `before` is the hash of the link before it, "" for the first."""
    text = f"{project_id.hex} {number} {change_id} {kind} {digest} {before}"
    return hmac.digest(settings.DIARY_KEY.encode(), text.encode(), "sha256").hex()
