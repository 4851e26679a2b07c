"""The check code in the permanent address of a change or plan: a restored database gives numbers again.

An HMAC with the key of the audit log over fields that never change, so that rows of any age have one.
"""

import hmac
from base64 import b32encode
from datetime import UTC

from django.conf import settings

from phones.models import Change, Plan

# 40 bits: too many to guess, and short enough for a line of a ticket.
LENGTH = 8


def check_of(row: Change | Plan) -> str:
    """Return the check code that follows the number of a change or plan in its address."""
    made_at = row.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    text = f"address of {row._meta.model_name} {row.project_id.hex} {row.pk} {made_at}"
    digest = hmac.digest(settings.DIARY_KEY.encode(), text.encode(), "sha256")
    return b32encode(digest).decode().lower()[:LENGTH]


def is_meant(row: Change | Plan, check: str) -> bool:
    """Return whether an address with this check code was made for this row."""
    return hmac.compare_digest(check_of(row).encode(), check.encode())
