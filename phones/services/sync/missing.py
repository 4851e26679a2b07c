"""Phones that a complete pass did not show: each is asked for by itself before it counts as missing.

That a list leaves a phone out proves nothing. Only Diga's own 404 or 410 does, and even then the row stays. What else
Diga refuses to tell about a phone is noted on it (`reread`), and the others are asked for.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from phones import diga
from phones.models import Phone, Project
from phones.services.clock import Clock
from phones.services.sync.refresh import reread
from phones.services.sync.store import Pass

# So many a pass; the rest have their turn in the next one, as those asked for now have become the newest.
ASKED_COUNT = 200
MARKED_TOGETHER = 500
# Diga has a problem: the list was read, so the pass is good, and the phones are asked for next time.
FAILURE_LIMIT = 3


def unseen_phones(project: Project, whole: Pass) -> list[UUID]:
    """Return the ids of phones that a complete pass has not seen, longest unread first.

    One query for all ids, and one for the times of `MARKED_TOGETHER` that were not seen: of all, times take twice as
    long to be read.
    """
    known = Phone.objects.filter(project=project, missing_since=None)
    ids = known.values_list("pk", flat=True).iterator(chunk_size=10_000)
    wanted = [pk for pk in ids if pk not in whole.seen]
    times = known.values_list("pk", "fetched_at", "refused_at")
    parts = (wanted[start : start + MARKED_TOGETHER] for start in range(0, len(wanted), MARKED_TOGETHER))
    unseen = [row for part in parts for row in times.filter(pk__in=part)]
    # Those that are refused again and again let the others go first.
    return [pk for pk, _read_at, _refused_at in sorted(unseen, key=lambda row: (max(row[1], row[2] or row[1]), row[0]))]


def mark_unlisted(unseen: Sequence[UUID], whole: Pass) -> None:
    """Mark the rows of phones that a complete pass has not seen: it confirms none but those that were read since."""
    for start in range(0, len(unseen), MARKED_TOGETHER):
        rows = Phone.objects.filter(pk__in=unseen[start : start + MARKED_TOGETHER], missing_since=None)
        rows.filter(fetched_at__lt=whole.began_at).update(unlisted_since=whole.began_at)


def find_missing(
    *, project: Project, client: diga.DigaClient, unseen: Sequence[UUID], clock: Clock, on_phone: Callable[[], None]
) -> int:
    """Ask for the first of the phones that a complete pass has not seen; return how many Diga doesn't know.

    `on_phone` is called before each.

    :raises DigaError: the key may not read any more, or Diga asks to slow down.
    """
    missing_count = failure_count = 0
    phones = Phone.objects.in_bulk(unseen[:ASKED_COUNT])
    for phone in (phones[pk] for pk in unseen[:ASKED_COUNT]):
        on_phone()
        phone.project = project
        try:
            reread(project=project, phone=phone, client=client, clock=clock)
            failure_count = 0
        except diga.DigaNotFound:
            missing_count += 1
            failure_count = 0
        except diga.DigaRejected:
            failure_count = 0
        except diga.DigaUnavailable:
            failure_count += 1
            if failure_count == FAILURE_LIMIT:
                break
    return missing_count
