"""Moments in words: the time of today and tomorrow, else the day, and how far away it is."""

from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def words_for_moment(moment: datetime, now: datetime) -> str:
    """Return a moment as people say it, in the current time zone: “today at 18:00”."""
    local = localtime(moment)
    time = {"time": local.strftime("%H:%M")}
    days = (local.date() - localtime(now).date()).days
    if days == 0:
        return _("today at %(time)s") % time
    if days == 1:
        return _("tomorrow at %(time)s") % time
    return _("%(day)s at %(time)s") % (time | {"day": date_format(local, "D j M Y")})


def words_for_past(moment: datetime, now: datetime) -> str:
    """Return when something was, in the current time zone: “10:43” today, “9 Oct”, in another year “9 Oct 2025”."""
    local, today = localtime(moment), localtime(now).date()
    return date_format(local, "H:i") if local.date() == today else words_for_day(local.date(), today)


def words_for_day(day: date, today: date) -> str:
    """Return a day, short: “9 Oct”, in another year “9 Oct 2025”."""
    return date_format(
        day, pgettext("format of a day", "j M") if day.year == today.year else pgettext("format of a day", "j M Y")
    )


def words_within(moment: datetime, now: datetime) -> str:
    """Return a moment for the middle of a sentence, in the current time zone: “today at 18:00”, else “on 9 Oct”."""
    local, said = localtime(moment), words_for_past(moment, now)
    is_today = local.date() == localtime(now).date()
    return _("today at %(time)s") % {"time": said} if is_today else _("on %(day)s") % {"day": said}


def words_for_record(moment: datetime) -> str:
    """Return a moment for titles and records: ISO date, time to the second, and the zone's name."""
    return localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")


def words_for_countdown(moment: datetime, now: datetime) -> str:
    """Return how far away a moment is, in its largest unit: “in 2 h”; “now” once it has come."""
    left, patterns = moment - now, countdown_patterns()
    if left >= timedelta(days=1):
        return patterns["d"] % {"count": left // timedelta(days=1)}
    if left >= timedelta(hours=1):
        return patterns["h"] % {"count": left // timedelta(hours=1)}
    if left > timedelta(0):
        # A minute that has begun is still to come.
        return patterns["min"] % {"count": -(-left // timedelta(minutes=1))}
    return patterns["now"]


def countdown_patterns() -> dict[str, str]:
    """Return the words of countdowns by unit, and of a moment that has come."""
    return {"d": _("in %(count)d d"), "h": _("in %(count)d h"), "min": _("in %(count)d min"), "now": _("now")}
