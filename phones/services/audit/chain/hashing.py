"""The computation of a hash chain: the sealed fields of changes and acts, and the HMAC of a link. No database."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from phones.models import LaneSnapshot, SealKind

# Fields that are set when the change is added, and never altered. The actor's row may be deleted; the names stay.
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
# Fields that are set when the change is settled.
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
# The columns of the first release with seals, which migration 0004 uses, and columns added later: a change without a
# value in a later column keeps its digest.
SEALED_FIELDS = (*BEGUN_FIELDS, *SETTLED_FIELDS)
LATER_FIELDS = ("plan_id", "late_for_id", "actor_username", "actor_number")
EVERY_FIELD = (*SEALED_FIELDS, *LATER_FIELDS)
# The columns of an act: all of them.
ACT_FIELDS = (
    "id",
    "project_id",
    "kind",
    "actor_id",
    "actor_username",
    "actor_name",
    "subject_id",
    "subject_username",
    "subject_name",
    "details",
    "address",
    "at",
)


def _plain(value: Any) -> Any:
    """Convert what JSON has no type for: times to UTC text with microseconds, ids to hex, lanes to objects."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, LaneSnapshot):
        return value.to_json()
    raise TypeError(f"Nothing of the log is a {type(value).__name__}")


# The one text of a value: what is hashed, and the form in which a first sync stores entry zero.
canonical_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain).encode


def digest_of(change: Mapping[str, Any], kind: SealKind) -> str:
    """Return the digest of a change, given as its `EVERY_FIELD`, in one of its two states."""
    begun, settled = digests_of([change.get(name) for name in EVERY_FIELD])
    return begun if kind == SealKind.BEGUN else settled


def digests_of(values: Sequence[Any]) -> tuple[str, str]:
    """Return both digests of a change, given as the values of its `EVERY_FIELD`. The second includes the first."""
    plan_id, *newer = values[len(SEALED_FIELDS) :]
    later = [] if plan_id is None else [plan_id]
    # Field names are part of the digest, so that the values of two columns can't be swapped.
    named = [[name, value] for name, value in zip(LATER_FIELDS[1:], newer, strict=True) if value is not None]
    begun = _hashed([*values[: len(BEGUN_FIELDS)], *later, *named])
    return begun, _hashed([begun, *values[len(BEGUN_FIELDS) : len(SEALED_FIELDS)]])


def act_digest(values: Sequence[Any]) -> str:
    """Return the digest of an act, given as the values of its `ACT_FIELDS`."""
    return _hashed([[name, value] for name, value in zip(ACT_FIELDS, values, strict=True)])


def seen_sum(rows: Iterable[tuple[uuid.UUID, datetime, dict[str, Any]]]) -> str:
    """Return the sum of the digests of phones: their id, when they were first seen, and as what. In any order."""
    return _seen_sum(canonical_json(row) for row in rows)


def seen_sum_of_texts(rows: Iterable[tuple[uuid.UUID, datetime, str]]) -> str:
    """Return `seen_sum` of phones whose entry zero is given as its `canonical_json`."""
    return _seen_sum(f'["{phone_id.hex}","{_plain(at)}",{text}]' for phone_id, at, text in rows)


def _seen_sum(texts: Iterable[str]) -> str:
    total = sum(int.from_bytes(hashlib.sha256(text.encode()).digest()) for text in texts)
    return f"{total % 2**256:064x}"


def _hashed(values: Sequence[Any]) -> str:
    return hashlib.sha256(canonical_json(values).encode()).hexdigest()


def mac_of(*, chain: uuid.UUID, number: int, entry_id: int, kind: str, digest: str, before: str) -> str:
    """Return the HMAC of a link to a change or act. `before` is that of the preceding link, "" for the first."""
    text = f"{chain.hex} {number} {entry_id} {kind} {digest} {before}"
    return hmac.digest(settings.DIARY_KEY.encode(), text.encode(), "sha256").hex()
