"""Phones that a complete pass did not show: each is asked for by itself before it counts as missing.

That a list leaves a phone out proves nothing. Only Diga's own 404 or 410 does, and even then the row stays. What else
Diga refuses to tell about a phone is noted on it (`reread`), and the others are asked for.
"""

from collections.abc import Callable
from datetime import datetime

from django.db.models.functions import Coalesce, Greatest

from phones import diga
from phones.models import Phone, Project
from phones.services.clock import Clock
from phones.services.sync.refresh import reread

# So many a pass; the rest have their turn in the next one, as those asked for now have become the newest.
ASKED_COUNT = 200
# Diga has a problem: the list was read, so the pass is good, and the phones are asked for next time.
FAILURE_LIMIT = 3


def find_missing(
    *, project: Project, client: diga.DigaClient, since: datetime, clock: Clock, on_phone: Callable[[], None]
) -> int:
    """Ask for phones that no answer has shown since then, longest unseen first; return how many Diga doesn't know.

    `on_phone` is called before each.

    :raises DigaError: the key may not read any more, or Diga asks to slow down.
    """
    unseen = Phone.objects.filter(project=project, missing_since=None, fetched_at__lt=since)
    missing_count = failure_count = 0
    # Those that are refused again and again let the others go first.
    asked_at = Greatest("fetched_at", Coalesce("refused_at", "fetched_at"))
    for phone in unseen.order_by(asked_at, "id")[:ASKED_COUNT]:
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
