"""The notice that no worker runs."""

from django.utils import timezone
from django.utils.translation import gettext as _

from phones import tasks
from phones.templatetags.desk import full_time


def no_worker() -> str:
    """Return the notice that no worker runs, "" while one does. At most two queries."""
    silence = tasks.silence_of_workers()
    if silence is None:
        return ""
    if silence.since is None:
        return _("No worker has been seen yet: nothing runs in the background.")
    since = timezone.localtime(silence.since)
    is_today = since.date() == timezone.localdate()
    moment = since.strftime("%H:%M") if is_today else full_time(since)
    return _("No worker has been seen since %(time)s: nothing runs in the background.") % {"time": moment}
