"""What is deleted by itself, once a day: what nobody reads any more. The history, acts and plans never are."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Min, Q

from phones.models import Alert, AlertState, Invitation, Session, SyncRun, SyncState


def delete_old(now: datetime) -> dict[str, int]:
    """Delete what is over, or older than its setting says; return how many rows of each."""
    with transaction.atomic():
        return {
            "sessions": Session.objects.over(now).delete()[0],
            "sync_runs": _old_runs(now),
            "invitations": _old_invitations(now),
            "alerts": _old_alerts(now),
            "cache": _expired(now),
        }


def _old_runs(now: datetime) -> int:
    """Delete finished runs, but for the latest of each project, and the first and latest that were complete."""
    complete = Q(state=SyncState.COMPLETE)
    found = SyncRun.objects.order_by().values("project").annotate(Max("pk"))
    found = found.annotate(first=Min("pk", filter=complete), last=Max("pk", filter=complete))
    kept = {pk for row in found.values_list("pk__max", "first", "last") for pk in row if pk}
    old = SyncRun.objects.filter(finished_at__lt=now - timedelta(days=settings.SYNC_RUNS_DAYS)).exclude(pk__in=kept)
    return old.delete()[0]


def _old_invitations(now: datetime) -> int:
    """Delete those that can't be accepted any more; who was invited, and when, stays in the acts."""
    moment = now - timedelta(days=settings.INVITATIONS_DAYS)
    over = Q(expires_at__lt=moment) | Q(accepted_at__lt=moment) | Q(revoked_at__lt=moment) | Q(withdrawn_at__lt=moment)
    return Invitation.objects.filter(over).delete()[0]


def _old_alerts(now: datetime) -> int:
    """Delete messages that were sent, or given up, long ago."""
    old = Alert.objects.filter(created_at__lt=now - timedelta(days=settings.ALERTS_DAYS))
    return old.exclude(state=AlertState.WAITING).delete()[0]


def _expired(now: datetime) -> int:
    """Delete what the cache has let go: who has a phone open, throttles. It does so itself only when it is full."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cache WHERE expires < %s", [connection.ops.adapt_datetimefield_value(now)])
        return int(cursor.rowcount)
