"""The one door into the diary: every change is written down here."""

from collections.abc import Sequence

from phones.models import Change


def record_observed(changes: Sequence[Change]) -> None:
    """Write down changes that were seen in Diga and not made here, in the caller's transaction."""
    Change.objects.bulk_create(changes)
