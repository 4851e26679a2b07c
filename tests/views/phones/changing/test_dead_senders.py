"""A save whose process was killed: opening the number settles it by reading, and the page says what was found."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Outcome, Phone
from phones.services.editing.recheck_times import LEASE
from phones.services.routing.edits import PhoneEdit
from tests.support.database.tampering import alter
from tests.support.desk.saving import Killed, forget_waiting, held, patches, save, stored
from tests.support.pages.pages import FOR_DRAWER, find, read, url_of, words

pytestmark = pytest.mark.django_db(transaction=True)
RENAME = PhoneEdit(nickname="Ventas Nerja")
FOR_READ_STATE = {"HX-Request": "true", "HX-Target": "read-state"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: Callable[[User], Client], viewer: User) -> Client:
    """The browser of somebody who may only look: settling is a read."""
    return client_of(viewer)


def save_and_die(sandbox: Sandbox, phone: Phone, *, is_applied: bool = True, ago: timedelta = 3 * LEASE) -> Change:
    """Save, a while ago, in a process that was killed while it waited for the answer."""
    then = timezone.now() - ago
    if not is_applied:
        sandbox.faults.add(Fault("close", method="PATCH"))

    def clock() -> datetime:
        if patches(sandbox):
            raise Killed
        return then

    Phone.objects.filter(pk=phone.pk).update(fetched_at=then - LEASE)
    with pytest.raises(Killed):
        save(stored(phone), RENAME, clock=clock)
    sandbox.journal.clear()
    change = Change.objects.get()
    assert change.outcome == Outcome.PENDING
    return change


def ask(client: Client, change: Change) -> Any:
    """Ask what became of a change, as its card does by itself."""
    url = f"/projects/aurora/changes/{change.pk}/outcome/?seen=PENDING"
    return client.get(url, headers={"HX-Request": "true", "HX-Target": f"result-{change.pk}"})


@pytest.mark.parametrize(
    ("is_applied", "outcome", "told"), [(True, Outcome.CONFIRMED, "Saved"), (False, Outcome.FAILED, "Not saved")]
)
def test_opening_a_number_settles_what_a_dead_process_had_sent(
    client: Client, sandbox: Sandbox, sales_phone: Phone, is_applied: bool, outcome: Outcome, told: str
) -> None:
    change = save_and_die(sandbox, sales_phone, is_applied=is_applied)

    opened = read(client.get(url_of("phone_edit", sales_phone), headers=FOR_DRAWER))
    asked_to_open = len(sandbox.journal)
    state = find(opened, "read-state")
    late = client.post(state.get("hx-post", ""), headers=FOR_READ_STATE)
    card = find(opened, f"result-{change.pk}")
    answer = client.get(card.get("hx-get", ""), headers={"HX-Request": "true"})
    anew = read(client.get(url_of("phone_edit", sales_phone), headers=FOR_DRAWER))

    change.refresh_from_db()
    # Opening the page waits for nothing: the number is read by a fragment of it.
    assert (asked_to_open, state.get("hx-trigger")) == (0, "load")
    assert change.outcome == outcome
    assert stored(sales_phone).nickname == held(sandbox, sales_phone).nickname
    assert (held(sandbox, sales_phone).nickname == RENAME.nickname) == is_applied
    assert patches(sandbox) == []
    assert (late.status_code, "change-settled" in late["HX-Trigger"]) == (200, True)
    assert "change-settled from:body" in card.get("hx-trigger", "")
    assert (answer.status_code, words(read(answer)).startswith(told)) == (286, True)
    assert anew.xpath("//section[@aria-label='Not known yet']") == []


def test_without_scripts_the_button_that_reads_settles_it(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save_and_die(sandbox, sales_phone)
    button = find(read(client.get(url_of("phone_edit", sales_phone))), "read-again")

    page = read(client.post(button.get("formaction"), follow=True))

    change.refresh_from_db()
    assert change.outcome == Outcome.CONFIRMED
    assert page.xpath("//section[@aria-label='Not known yet']") == []
    assert patches(sandbox) == []


def test_save_that_may_still_be_under_way_is_left_alone(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save_and_die(sandbox, sales_phone, ago=LEASE / 2)

    late = client.post(url_of("phone_reread", sales_phone), headers=FOR_READ_STATE)
    answer = ask(client, change)

    change.refresh_from_db()
    assert change.outcome == Outcome.PENDING
    assert "change-settled" not in late.headers.get("HX-Trigger", "")
    assert "sender-died" not in answer.headers.get("HX-Trigger", "")


def test_page_that_was_open_when_the_process_died_reads_the_number(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    change = save_and_die(sandbox, sales_phone, ago=LEASE / 2)
    opened = read(client.get(url_of("phone_edit", sales_phone), headers=FOR_DRAWER))
    (reads,) = opened.xpath("//*[@hx-trigger='sender-died from:body']")
    alter(Change.objects.all(), created_at=timezone.now() - 2 * LEASE)

    answer = ask(client, change)
    client.post(reads.get("hx-post"), headers=FOR_READ_STATE)
    over = ask(client, change)

    change.refresh_from_db()
    assert "sender-died" in answer.headers["HX-Trigger"]
    assert (change.outcome, over.status_code) == (Outcome.CONFIRMED, 286)
    assert "sender-died" not in over.headers["HX-Trigger"]


def test_silent_diga_is_not_asked_again_and_again(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    change = save_and_die(sandbox, sales_phone)
    sandbox.faults.add(Fault("status", status=503, times=None))

    late = client.post(url_of("phone_reread", sales_phone), headers=FOR_READ_STATE)
    answer = ask(client, change)

    change.refresh_from_db()
    assert (late.status_code, change.outcome) == (502, Outcome.UNKNOWN)
    assert "sender-died" not in answer.headers.get("HX-Trigger", "")
