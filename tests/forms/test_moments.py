"""Moments that people type: what is refused, and with which words."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from phones.forms.moments import WhenFields

# A Thursday in winter; clocks in Madrid go forward on 28 March and back on 31 October 2027.
NOW = datetime(2027, 1, 14, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def read(until: str, start: str = "") -> WhenFields:
    form = WhenFields({"from_at": start, "until_at": until})
    form.is_valid()
    return form


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-14T18:00", datetime(2027, 1, 14, 17, 0, tzinfo=UTC)),
        ("2027-07-01 08:30", datetime(2027, 7, 1, 6, 30, tzinfo=UTC)),
        ("2027-03-28T03:00", datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        ("", None),
    ],
)
def test_moment_is_read_in_the_zone_of_the_person(text: str, moment: datetime | None) -> None:
    assert read(text).cleaned_data["until_at"] == moment


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tonight", "Type a date and a time, such as 2026-12-07 08:00."),
        ("2027-02-30T08:00", "Type a date and a time, such as 2026-12-07 08:00."),
        ("2027-02-01T08:00Z", "Type a date and a time, such as 2026-12-07 08:00."),
        ("0001-01-01T00:00", "This time has passed. Choose a later one."),
        ("2027-01-14T13:00", "This time has passed. Choose a later one."),
        ("2028-02-01T08:00", "This is more than a year ahead. Choose an earlier time."),
        (
            "2027-03-28T02:30",
            "There is no such time on that day: the clocks go forward then. Choose another.",
        ),
        ("2027-10-31T02:30", "That time comes twice on that day: the clocks go back then. Choose another."),
    ],
)
def test_moment_that_can_not_be_meant_is_refused(text: str, words: str) -> None:
    assert read(text).errors == {"until_at": [words]}


@pytest.mark.parametrize("until", ["2027-01-15T08:00", "2027-01-14T20:00"])
def test_end_is_later_than_the_beginning(until: str) -> None:
    assert read(until, "2027-01-15T08:00").errors == {"until_at": ["The end has to be later than the beginning."]}


def test_quick_ends_are_to_come() -> None:
    assert WhenFields().quick_ends == [
        ("until 18:00 today", "2027-01-14T18:00"),
        ("until tomorrow 8:00", "2027-01-15T08:00"),
    ]


def test_quick_end_that_has_passed_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW.replace(hour=17))

    assert WhenFields().quick_ends == [("until tomorrow 8:00", "2027-01-15T08:00")]


def test_quick_starts_are_tomorrow_and_the_monday_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thursday; then Sunday, whose tomorrow is a Monday already."""
    assert WhenFields().quick_starts == [
        ("tomorrow 8:00", "2027-01-15T08:00"),
        ("on Monday 8:00", "2027-01-18T08:00"),
    ]
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=3))
    assert WhenFields().quick_starts[1] == ("on Monday 8:00", "2027-01-25T08:00")
