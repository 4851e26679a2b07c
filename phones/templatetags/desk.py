"""Small pieces of markup that every page needs: icons, ages, agents."""

import json
import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from django import template
from django.conf import settings
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.monitoring import disk
from phones.services.sync.freshness import freshness_of, stale_after
from phones.wording.causes import words_for_cause
from phones.wording.help import words_for_page
from phones.wording.moments import countdown_patterns, words_for_countdown, words_for_past, words_for_record

register = template.Library()

# What stands between two elements on several lines.
_INDENTATION = re.compile(r">\s*\n\s*<")


@register.simple_tag
def release() -> str:
    """Return the version of this release."""
    return str(settings.VERSION)


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return an icon of the sprite `static/desk/icons.svg`; words stand beside it or in a label."""
    return _icon(name)


@cache
def _icon(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("desk/icons.svg"), name)


@register.simple_block_tag
def compact(content: str) -> SafeString:
    """Return markup with one line break for what stands between two elements: browsers show that alike."""
    return SafeString(_INDENTATION.sub(">\n<", content))


@register.simple_tag
def sprite() -> str:
    """Return the address of the icon sprite, for an icon whose name is a value."""
    return static("desk/icons.svg")


@register.simple_tag
def is_disk_low() -> bool:
    """Say whether the disk of the server is nearly full."""
    return disk.is_low()


@register.simple_tag
def form_token() -> str:
    """Return a new one-time token: two sends of one rendered form are one write."""
    return str(uuid.uuid4())


# How ages are counted: from the largest unit that is reached.
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1)}


def _short(unit: str, count: int) -> str:
    if unit == "d":
        return _("%(count)d d")
    return _("%(count)d h") if unit == "h" else _("%(count)d min")


def _long(unit: str, count: int) -> str:
    if unit == "d":
        return ngettext("%(count)d day ago", "%(count)d days ago", count)
    if unit == "h":
        return ngettext("%(count)d hour ago", "%(count)d hours ago", count)
    return ngettext("%(count)d minute ago", "%(count)d minutes ago", count)


def _aged(moment: datetime | None, pattern: Callable[[str, int], str], now_word: str) -> str:
    if moment is None:
        return _("never")
    passed = timezone.now() - moment
    for unit, size in _UNITS.items():
        if passed >= size:
            count = passed // size
            return pattern(unit, count) % {"count": count}
    return now_word


@register.filter
def age(moment: datetime | None) -> str:
    """Return how long ago a moment was, short: `now`, `3 min`, `2 h`, `5 d`."""
    return _aged(moment, _short, _("now"))


@register.filter
def age_ago(moment: datetime | None) -> str:
    """Return how long ago a moment was, as a phrase: `just now`, `3 minutes ago`."""
    return _aged(moment, _long, _("just now"))


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """Return how long ago a moment was, as a phrase that goes on by itself (`ages.js`)."""
    if moment is None:
        return format_html("{}", _("never"))
    return format_html(
        '<time datetime="{}" title="{}" data-age="long">{}</time>',
        moment.isoformat(timespec="seconds"),
        full_time(moment),
        age_ago(moment),
    )


@register.simple_tag
def moment(at: datetime | None, without: str = "—") -> SafeString:
    """Return when something was, as pages say it; the exact time with its zone is the title. `without`: for None."""
    if at is None:
        return format_html("{}", without)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="seconds"),
        full_time(at),
        words_for_past(at, timezone.now()),
    )


@register.simple_tag
def countdown(at: datetime) -> SafeString:
    """Return how far away a moment is, in words that go on by themselves (`ages.js`); the exact time is the title."""
    return format_html(
        '<time datetime="{}" title="{}" data-left>{}</time>',
        at.isoformat(timespec="seconds"),
        full_time(at),
        words_for_countdown(at, timezone.now()),
    )


@register.simple_tag
def age_words() -> str:
    """Return the words of ages as JSON for `ages.js`: for each length the patterns of one and of more, by unit.

    `left` are the words of countdowns.
    """
    lengths = {"short": (_short, _("now")), "long": (_long, _("just now"))}
    return json.dumps(
        {
            length: {"now": now_word} | {unit: [pattern(unit, 1), pattern(unit, 2)] for unit in _UNITS}
            for length, (pattern, now_word) in lengths.items()
        }
        | {"left": countdown_patterns(), "stale": stale_after().total_seconds()}
    )


@register.simple_tag(takes_context=True)
def page_help(context: Context) -> str:
    """Return what this page is for, "" where there is nothing to say."""
    match = context["request"].resolver_match
    return words_for_page(str(match.url_name) if match else "", str(context.get("section", "")))


@register.simple_tag
def epoch() -> str:
    """Return the server's clock in seconds, for `ages.js`."""
    return str(int(timezone.now().timestamp()))


@register.filter
def freshness(moment: datetime | None) -> str:
    """Return how fresh what was read at a moment is, as a word for a class."""
    return freshness_of(moment, timezone.now()).value


@register.filter
def cause_words(cause: str) -> str:
    """Return why a call to Diga failed and what to do next, "" for no failure."""
    return words_for_cause(cause) if cause else ""


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
    return "" if moment is None else words_for_record(moment)
