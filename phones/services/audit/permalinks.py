"""What the permanent address of a change or plan has beside its number: a database that is restored gives numbers anew.

Computed with the key of the history from what never changes, so that addresses of rows of any age have it.
"""

import hmac
from base64 import b32encode
from datetime import UTC

from django.conf import settings

from phones.models import Change, Plan

# 40 bits: nobody guesses them, and they fit into a line of a ticket.
LENGTH = 8


def check_of(row: Change | Plan) -> str:
    """Return the letters and digits that stand behind the number of a change or plan."""
    made_at = row.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    text = f"address of {row._meta.model_name} {row.project_id.hex} {row.pk} {made_at}"
    digest = hmac.digest(settings.DIARY_KEY.encode(), text.encode(), "sha256")
    return b32encode(digest).decode().lower()[:LENGTH]


def is_meant(row: Change | Plan, check: str) -> bool:
    """Say whether an address with these letters was made for this very row."""
    return hmac.compare_digest(check_of(row).encode(), check.encode())
