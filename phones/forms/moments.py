"""Moments that people type: in their time zone, in the future, and as it is on a clock there."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

# Nobody sets a number for longer by this: a year is a slip of a key.
FARTHEST = timedelta(days=366)


class MomentField(forms.DateTimeField):
    """A moment in the future, typed in the current time zone (`<input type="datetime-local">`); the value is UTC."""

    default_error_messages = {
        "invalid": _("Type a date and a time, such as 2026-12-07 08:00."),
        "gap": _("There is no such time on that day: the clocks go forward then. Choose another."),
        "twice": _("That time comes twice on that day: the clocks go back then. Choose another."),
        "past": _("This time has passed. Choose a later one."),
        "far": _("This is more than a year ahead. Choose an earlier time."),
    }

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment, None if nothing was typed.

        :raises ValidationError: it can't be read, is not in the next year, or the zone skips or repeats it.
        """
        if value in self.empty_values:
            return None
        moment = self._aware(str(value).strip())
        now = timezone.now()
        if moment <= now:
            raise self._error("past")
        if moment > now + FARTHEST:
            raise self._error("far")
        return moment

    def _aware(self, text: str) -> datetime:
        try:
            naive = parse_datetime(text)
            if naive is None or naive.tzinfo is not None:
                raise self._error("invalid")
            zone = timezone.get_current_timezone()
            local = naive.replace(tzinfo=zone)
            moment = local.astimezone(UTC)
            if moment.astimezone(zone).replace(tzinfo=None) != naive:
                raise self._error("gap")
        except (ValueError, OverflowError):
            raise self._error("invalid") from None
        if local.utcoffset() != local.replace(fold=1).utcoffset():
            raise self._error("twice")
        return moment

    def _error(self, code: str) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code)


class WhenFields(forms.Form):
    """When a change is sent, if not at once, and when it is put back, if ever."""

    from_at = MomentField(label=_("From"), required=False)
    until_at = MomentField(label=_("Until"), required=False)

    @property
    def zone(self) -> str:
        """The name of the time zone in which moments are typed."""
        return timezone.get_current_timezone_name()

    @property
    def quick_ends(self) -> list[tuple[str, str]]:
        """Ends to choose with one click, as words and as what they put into the field; none that has passed."""
        now = timezone.localtime()
        evening = now.replace(hour=18, minute=0)
        morning = now.replace(hour=8, minute=0) + timedelta(days=1)
        ends = [(_("until 18:00 today"), evening), (_("until tomorrow 8:00"), morning)]
        return [(str(words), f"{end:%Y-%m-%dT%H:%M}") for words, end in ends if end > now]

    @property
    def quick_starts(self) -> list[tuple[str, str]]:
        """Beginnings to choose with one click, likewise: tomorrow, and the next Monday after it."""
        tomorrow = timezone.localtime().replace(hour=8, minute=0) + timedelta(days=1)
        monday = tomorrow + timedelta(days=(7 - tomorrow.weekday()) % 7 or 7)
        starts = [(_("tomorrow 8:00"), tomorrow), (_("on Monday 8:00"), monday)]
        return [(str(words), f"{start:%Y-%m-%dT%H:%M}") for words, start in starts]

    def clean(self) -> dict[str, Any]:
        """Refuse an end before the beginning."""
        cleaned: dict[str, Any] = super().clean() or {}
        start, end = self.cleaned_data.get("from_at"), self.cleaned_data.get("until_at")
        if start and end and end <= start:
            self.add_error("until_at", _("The end has to be later than the beginning."))
        return cleaned


class MoveForm(forms.Form):
    """Another time for what waits for its time."""

    due_at = MomentField(label=_("New time"))
