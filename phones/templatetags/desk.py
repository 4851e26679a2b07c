"""Small pieces of markup that every page needs: icons, ages, agents."""

import uuid
from datetime import datetime, timedelta
from functools import cache

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return an icon of the sprite `static/desk/icons.svg`; words stand beside it or in a label."""
    return _icon(name)


@cache
def _icon(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("desk/icons.svg"), name)


@register.simple_tag
def sprite() -> str:
    """Return the address of the icon sprite, for an icon whose name is a value."""
    return static("desk/icons.svg")


@register.simple_tag
def form_token() -> str:
    """Return a new one-time token: two sends of one rendered form are one write."""
    return str(uuid.uuid4())


@register.filter
def age(moment: datetime | None) -> str:
    """Return how long ago a moment was, short: `now`, `3 min`, `2 h`, `5 d`."""
    if moment is None:
        return _("never")
    passed = timezone.now() - moment
    if passed < timedelta(minutes=1):
        return _("now")
    if passed < timedelta(hours=1):
        return _("%(count)d min") % {"count": passed // timedelta(minutes=1)}
    if passed < timedelta(days=1):
        return _("%(count)d h") % {"count": passed // timedelta(hours=1)}
    return _("%(count)d d") % {"count": passed.days}


@register.filter
def age_ago(moment: datetime | None) -> str:
    """Return how long ago a moment was, as a phrase: `just now`, `3 minutes ago`."""
    if moment is None:
        return _("never")
    passed = timezone.now() - moment
    if passed < timedelta(minutes=1):
        return _("just now")
    if passed < timedelta(hours=1):
        count = passed // timedelta(minutes=1)
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", count) % {"count": count}
    if passed < timedelta(days=1):
        count = passed // timedelta(hours=1)
        return ngettext("%(count)d hour ago", "%(count)d hours ago", count) % {"count": count}
    return ngettext("%(count)d day ago", "%(count)d days ago", passed.days) % {"count": passed.days}


@register.filter
def clock_time(moment: datetime) -> str:
    """Return the time of day to the second, in the site's zone."""
    return timezone.localtime(moment).strftime("%H:%M:%S")


@register.filter
def local_day(moment: datetime | None) -> str:
    """Return the ISO day of a moment in the site's zone, "" without one."""
    return "" if moment is None else timezone.localtime(moment).date().isoformat()


@register.filter
def full_time(moment: datetime | None) -> str:
    """Return a moment for titles and records: ISO date, time to the second, and the zone's name."""
    return "" if moment is None else timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")
