"""Rows made from the pieces of their template are what the template itself would print."""

import uuid
from dataclasses import replace

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from phones.models import Phone, Project
from phones.services.routing.catalogue import catalogue_of
from phones.views.phones.listing import row_cache
from phones.views.phones.listing.rows import PhoneRow
from tests.support.pages.hostile import HOSTILE

LIST_URL = "/projects/aurora/phones/"


def rows_of(
    project: Project, suffix: str = "?q=9&status=assigned", may_label: bool = True, may_choose: bool = True
) -> list[PhoneRow]:
    """Return every phone of the project as a row."""
    catalogue, now = catalogue_of(project), timezone.now()
    phones = list(Phone.objects.filter(project=project).order_by("number"))
    ticked = {str(phone.pk) for phone in phones[::2]}
    shown = {"list_url": LIST_URL, "suffix": suffix, "now": now, "ticked": ticked}
    return [
        PhoneRow.of(phone, catalogue, may_label=may_label, may_choose=may_choose, **shown)  # type: ignore[arg-type]
        for phone in phones
    ]


def from_template(rows: list[PhoneRow]) -> str:
    """Return the rows as the template prints them."""
    return "".join(render_to_string("phones/list/_phone_row.html", {"row": row, "announcement": None}) for row in rows)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(("may_label", "may_choose"), [(True, True), (True, False), (False, False)])
def test_rows_are_what_the_template_prints(aurora: Project, language: str, may_label: bool, may_choose: bool) -> None:
    Phone.objects.filter(status="reserved").update(missing_since=timezone.now())
    Phone.objects.filter(status="finished").update(status="ported <away>", nickname=None)
    rows = [*rows_of(aurora, may_label=True), *rows_of(aurora, may_label=may_label, may_choose=may_choose)]

    with translation.override(language):
        assert row_cache.rows_markup(rows) == from_template(rows)


@pytest.mark.parametrize("text", HOSTILE)
def test_values_are_escaped_as_the_template_escapes_them(aurora: Project, text: str) -> None:
    row = replace(rows_of(aurora)[0], nickname=text, shown=text, national=text, provider=text, number=text)

    assert row_cache.rows_markup([row]) == from_template([row])


def test_mark_written_by_somebody_is_only_a_text(aurora: Project) -> None:
    row = replace(rows_of(aurora)[0], nickname="\ue0003\ue001")

    assert row_cache.rows_markup([row]) == from_template([row])


def test_row_takes_its_own_values_and_not_those_of_the_first_of_its_shape(aurora: Project) -> None:
    first = rows_of(aurora)[0]
    second = replace(first, id=uuid.uuid4(), url="/other/", nickname="Other", age="9 d")

    assert row_cache.rows_markup([first, second]) == from_template([first, second])


def test_shapes_that_are_kept_are_bounded(aurora: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_cache, "KEPT_SHAPES", 3)
    row_cache._shapes.clear()

    rows = rows_of(aurora)

    assert row_cache.rows_markup(rows) == from_template(rows)
    assert len(row_cache._shapes) <= 3
