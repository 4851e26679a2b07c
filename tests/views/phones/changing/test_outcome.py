"""A save whose outcome is not known yet: the page says so, asks again by itself, and says what was found."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Outcome, Phone, Project
from phones.services.editing.recheck import sweep
from phones.services.editing.recheck_times import APPLIED_WITHIN
from phones.services.sync.passes import sync_project
from phones.views.parts.permalinks import change_url
from tests.support.desk.saving import before_answering, forget_waiting
from tests.support.pages.pages import (
    FOR_DRAWER,
    find,
    form_in,
    open_phone,
    open_rename,
    read,
    texts,
    url_of,
    version_of,
    words,
)

SECOND = timedelta(seconds=1)
TITLE = ".//strong"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: Callable[[User], Client], router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def url(change: Change, end: str = "") -> str:
    return f"/projects/aurora/changes/{change.pk}/{end}" if end else change_url(change, "aurora")


def lose(client: Client, sandbox: Sandbox, phone: Phone) -> tuple[Change, Any]:
    """Rename a phone with a 504 for an answer; Diga does so later, when the test says."""
    sandbox.faults.add(Fault("status", status=504, method="PATCH", when="late"))
    response = open_phone(client, phone).send(nickname="Mostrador", headers=FOR_DRAWER)
    return Change.objects.get(), response


def sweep_after(change: Change, wait: timedelta) -> Change:
    assert change.answer_lost_at is not None
    moment = change.answer_lost_at + wait
    sweep(clock=lambda: moment)
    change.refresh_from_db()
    return change


def ask(client: Client, change: Change) -> Any:
    """Ask as the page does by itself, whatever it shows."""
    return client.get(url(change, "outcome/"), headers={"HX-Request": "true", "HX-Target": f"result-{change.pk}"})


def test_lost_answer_is_not_known_yet_and_the_page_asks_again(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    change, response = lose(client, sandbox, sales_phone)

    card = find(read(response), f"result-{change.pk}")
    assert (response.status_code, texts(card, TITLE)) == (502, ["Not known yet"])
    assert "Diga may still apply it. Diga has a problem of its own. We read the number 5, 20 and 60" in words(card)
    assert (card.get("hx-get"), card.get("hx-trigger")) == (url(change, "outcome/?seen=UNKNOWN"), "every 2s")
    assert find(read(response), "id_nickname").get("value") == "Mostrador"

    asked = ask(client, change)

    assert (asked.status_code, texts(read(asked), TITLE)) == (200, ["Not known yet"])
    assert "HX-Trigger" not in asked


@pytest.mark.parametrize("is_applied", [True, False])
def test_page_stops_asking_once_it_is_known(
    client: Client, sandbox: Sandbox, sales_phone: Phone, is_applied: bool
) -> None:
    change, _response = lose(client, sandbox, sales_phone)
    if is_applied:
        sandbox.carry_out_late()
    change = sweep_after(change, 5 * SECOND if is_applied else APPLIED_WITHIN)

    asked = ask(client, change)

    card = read(asked)
    [title] = texts(card, TITLE)
    assert title.startswith("Saved. Diga confirmed at ") if is_applied else title == "Not saved, nothing was changed"
    assert (asked.status_code, card.get("hx-get")) == (286, None)
    assert asked["HX-Trigger"] == f'{{"phone-updated": {{"id": "{sales_phone.pk}"}}}}'


def test_page_stops_asking_where_it_will_not_be_known_soon(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    change, _response = lose(client, sandbox, sales_phone)
    sandbox.phones[sales_phone.pk].nickname = "Somebody else’s"
    change = sweep_after(change, APPLIED_WITHIN)

    asked = ask(client, change)

    assert change.outcome == Outcome.UNKNOWN
    assert (asked.status_code, read(asked).get("hx-get")) == (286, None)
    assert texts(read(asked), TITLE) == ["We don’t know whether Diga applied it"]
    assert "HX-Trigger" not in asked


def versions_in(client: Client, phone: Phone) -> list[str]:
    """Return what the drawer says of the versions that the number has now."""
    drawer = find(read(client.get(url_of("phone_edit", phone))), "drawer")
    return texts(drawer, ".//a[@class='to-agent']//span[contains(@class, 'ver')]")


def test_version_that_was_not_read_is_stored_and_being_checked(
    client: Client, sandbox: Sandbox, spare_phone: Phone
) -> None:
    broken = Fault("status", status=503, method="GET", path="/v1/agent/", times=None)

    with before_answering(sandbox, "PATCH", lambda: sandbox.faults.add(broken)):
        asked = open_phone(client, spare_phone).send(inbound_version_id=str(version_of(sandbox, "Gema", 1)))
        response = form_in(client, asked).send(understood="on", headers=FOR_DRAWER)

    change = Change.objects.get()
    card = find(read(response), f"result-{change.pk}")
    assert (response.status_code, texts(card, TITLE)) == (200, ["Stored; the version is being checked"])
    assert "Whether this version is published was not read yet." in words(card)
    assert card.get("hx-get") == url(change, "outcome/?seen=UNKNOWN")
    assert versions_in(client, spare_phone) == ["being checked"]

    sandbox.faults.clear()
    sweep_after(change, 5 * SECOND)

    assert versions_in(client, spare_phone) == ["v1"]

    [title] = texts(read(ask(client, change)), TITLE)
    assert title.startswith("Saved. Diga confirmed at ")


def test_renaming_in_the_list_asks_again_as_well(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    sandbox.faults.add(Fault("status", status=504, method="PATCH"))
    headers = {"HX-Request": "true", "HX-Target": f"phone-{sales_phone.pk}"}

    response = open_rename(client, sales_phone).send(nickname="Mío", headers=headers)

    change = Change.objects.get()
    assert find(read(response), f"result-{change.pk}").get("hx-get") == url(change, "outcome/?seen=UNKNOWN")


def test_page_of_the_change_goes_on_by_itself_until_it_is_known(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    change, _response = lose(client, sandbox, sales_phone)
    before = find(read(client.get(url(change))), "change")
    change = sweep_after(change, APPLIED_WITHIN)
    after = find(read(client.get(url(change))), "change")

    assert (before.get("hx-get"), after.get("hx-get")) == (url(change), None)


def test_open_number_asks_about_an_earlier_save(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change, _response = lose(client, sandbox, sales_phone)

    card = find(read(client.get(url_of("phone_edit", sales_phone))), f"result-{change.pk}")
    headers = {"HX-Request": "true", "HX-Target": f"result-{change.pk}"}
    waiting = client.get(card.get("hx-get"), headers=headers)
    sandbox.carry_out_late()
    sweep_after(change, 5 * SECOND)
    known = client.get(card.get("hx-get"), headers=headers)

    assert card.get("hx-get") == url(change, "outcome/?seen=UNKNOWN")
    assert "We read it by ourselves, and say here what we find." in words(card)
    assert (waiting.status_code, known.status_code) == (204, 286)
    assert texts(read(known), TITLE)[0].startswith("Saved. Diga confirmed at ")


def test_late_write_is_told_on_both_its_pages(
    client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    change, _response = lose(client, sandbox, sales_phone)
    change = sweep_after(change, APPLIED_WITHIN)
    sandbox.carry_out_late()
    assert change.settled_at is not None
    later = change.settled_at + APPLIED_WITHIN
    sync_project(project=aurora, clock=lambda: later)
    late = Change.objects.get(source="LATE")

    first, second = (read(client.get(url(each))) for each in (change, late))

    assert f"Applied lateChange #{late.pk}" in words(find(first, "change"))
    assert f"Was sent asChange #{change.pk}" in words(find(second, "change"))
    assert "Applied late by Diga. When we read the number after sending" in words(find(second, "change"))
    assert f"{change.actor_name} · applied late by Diga" in words(find(second, "change"))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Not saved at first, then applied late by Diga. #{late}"),
        ("es", "Al principio no se guardó; después Diga lo aplicó tarde. #{late}"),
    ],
)
def test_line_of_a_write_that_came_late_leads_to_its_entry(
    client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone, language: str, said: str
) -> None:
    change, _response = lose(client, sandbox, sales_phone)
    change = sweep_after(change, APPLIED_WITHIN)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    before = words(read(client.get(url_of("phone_edit", sales_phone))))
    sandbox.carry_out_late()
    assert change.settled_at is not None
    later = change.settled_at + APPLIED_WITHIN
    sync_project(project=aurora, clock=lambda: later)
    late = Change.objects.get(source="LATE")

    drawer = read(client.get(url_of("phone_edit", sales_phone)))
    listed = read(client.get("/projects/aurora/changes/"))

    assert said.format(late=late.pk) not in before
    for page in (drawer, listed):
        assert said.format(late=late.pk) in words(page)
        assert "Not saved, nothing" not in words(page)
        assert "No se ha guardado ni cambiado nada" not in words(page)
        assert url(late) in [link.get("href") for link in page.iter("a")]
