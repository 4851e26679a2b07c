"""Moments in words: what was today, this year and before, in both languages, and its exact time as a title."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone, translation

from phones.wording.moments import words_for_past
from phones.wording.phones.calls import words_for_time

# Half an hour into the 26th in Madrid.
NIGHT = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.parametrize(
    ("moment", "english", "spanish"),
    [
        (datetime(2026, 11, 25, 23, 5, tzinfo=UTC), "00:05", "00:05"),
        (datetime(2026, 11, 25, 22, 55, tzinfo=UTC), "25 Nov", "25 nov"),
        (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "1 Jan", "1 ene"),
        (datetime(2025, 12, 31, 22, 30, tzinfo=UTC), "31 Dec 2025", "31 dic 2025"),
    ],
)
def test_past_is_a_time_today_else_a_short_date(moment: datetime, english: str, spanish: str) -> None:
    with timezone.override(MADRID):
        said = words_for_past(moment, NIGHT)
        with translation.override("es"):
            said_in_spanish = words_for_past(moment, NIGHT)

    assert (said, said_in_spanish) == (english, spanish)


def test_call_of_another_day_keeps_its_time() -> None:
    with timezone.override(MADRID), time_machine.travel(NIGHT, tick=False):
        said = [
            words_for_time(datetime(2026, 11, 25, 23, 5, tzinfo=UTC)),
            words_for_time(datetime(2025, 3, 1, 9, 5, tzinfo=UTC)),
        ]

    assert said == ["00:05", "1 Mar 2025, 10:05"]


@pytest.mark.parametrize(("language", "said"), [("en", "9 Oct"), ("es", "9 oct")])
def test_page_has_the_exact_time_and_its_zone_as_title(language: str, said: str) -> None:
    template = Template("{% load desk %}{% moment at %}|{% moment gone %}|{% moment gone 'never' %}")
    at = datetime(2026, 10, 9, 8, 40, 7, 5, tzinfo=UTC)

    with timezone.override(MADRID), time_machine.travel(NIGHT, tick=False), translation.override(language):
        markup = template.render(Context({"at": at, "gone": None}))

    exact = '<time datetime="2026-10-09T08:40:07+00:00" title="2026-10-09 10:40:07 CEST">%s</time>'
    assert markup == exact % said + "|—|never"
