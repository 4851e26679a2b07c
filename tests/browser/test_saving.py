"""Saving in a real browser when it doesn't go well: refused, broken, doubled, in conflict, cut off."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Locator, Page, Request, expect

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Phone
from phones.services.editing import save as editing_save
from tests.fixtures.browser import (
    Complaints,
    bodies_sent,
    open_alone,
    open_beside,
    row_of,
    version_id,
)
from tests.support.database.tampering import alter
from tests.support.pages.agent_picker import choose_version, versions_of

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"


@pytest.fixture
def page(page_of: PageOf, router: User) -> Page:
    """A page of somebody who may rename and re-route."""
    return page_of(router)


def _save(drawer: Locator) -> None:
    drawer.get_by_role("button", name="Save changes").click()


def _inbound(drawer: Locator) -> Locator:
    return versions_of(drawer, "Inbound agent")


def _guard(drawer: Locator) -> Locator:
    return drawer.get_by_role("status", name="What saving does")


def test_predicted_refusal_sends_nothing(
    page: Page, complaints: Complaints, sandbox: Sandbox, spare_phone: Phone
) -> None:
    complaints.expect(422)
    drawer = open_alone(page, spare_phone)

    choose_version(drawer, "Inbound agent", sandbox, "Dora", 2)
    expect(_guard(drawer)).to_contain_text(
        "By our copy, Diga will refuse this: v1 of “Dora · Encuestas” is published and used by 2 other numbers."
    )
    expect(_guard(drawer).get_by_role("link")).to_have_text(["+34 951 13 73 74", "+34 951 14 72 07"])
    expect(drawer.get_by_label("I understand this goes live")).to_have_count(0)
    drawer.get_by_label("Ticket").fill("SUP-7")
    _save(drawer)

    expect(drawer.get_by_role("alert").filter(has_text="Not sent")).to_be_focused()
    expect(_inbound(drawer)).to_have_value(version_id(sandbox, "Dora", 2))
    expect(drawer.get_by_label("Ticket")).to_have_value("SUP-7")
    assert bodies_sent(sandbox) == []
    assert not Change.objects.exists()


def test_published_version_is_used_by_keyboard_and_enter_saves(
    page: Page, sandbox: Sandbox, spare_phone: Phone
) -> None:
    drawer = open_alone(page, spare_phone)
    choose_version(drawer, "Inbound agent", sandbox, "Dora", 2)
    drawer.get_by_label("Ticket").fill("SUP-7")

    drawer.get_by_role("button", name="Use v1").press("Enter")

    expect(drawer.get_by_role("status").filter(has_text="v1 is chosen")).to_be_focused()
    expect(_inbound(drawer)).to_have_value(version_id(sandbox, "Dora", 1))
    expect(_guard(drawer)).to_contain_text("Nothing is published.")
    assert bodies_sent(sandbox) == []

    choose_version(drawer, "Inbound agent", sandbox, "Dora", 2)
    expect(drawer.get_by_role("button", name="Use v1")).to_be_visible()
    drawer.get_by_role("button", name="Use v1").click()
    expect(_guard(drawer)).to_contain_text("Nothing is published.")
    drawer.get_by_label("Ticket").press("Enter")
    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"inbound_version_id": version_id(sandbox, "Dora", 1)}]
    assert Change.objects.get().ticket == "SUP-7"


def test_enter_in_a_field_saves_and_uses_nothing(
    page: Page, complaints: Complaints, sandbox: Sandbox, spare_phone: Phone
) -> None:
    complaints.expect(422)
    drawer = open_alone(page, spare_phone)
    choose_version(drawer, "Inbound agent", sandbox, "Dora", 2)
    expect(drawer.get_by_role("button", name="Use v1")).to_be_visible()

    drawer.get_by_label("Ticket").press("Enter")

    expect(drawer.get_by_role("alert").filter(has_text="Not sent")).to_be_focused()
    expect(_guard(drawer)).to_contain_text("Diga will refuse this: v1")
    expect(_inbound(drawer)).to_have_value(version_id(sandbox, "Dora", 2))


def test_consent_is_asked_for_at_its_box(
    page: Page, complaints: Complaints, sandbox: Sandbox, spare_phone: Phone
) -> None:
    complaints.expect(422)
    drawer = open_alone(page, spare_phone)
    choose_version(drawer, "Inbound agent", sandbox, "Gema", 1)
    tick = drawer.get_by_label("I understand this goes live")
    expect(tick).not_to_be_checked()

    _save(drawer)

    expect(drawer.get_by_role("alert")).to_have_text(
        "Read the box above, then tick that you understand it. Nothing was sent."
    )
    expect(tick).to_have_accessible_description(re.compile("tick that you understand"))
    expect(tick).to_be_focused()
    assert bodies_sent(sandbox) == []

    tick.check()
    _save(drawer)
    expect(drawer.get_by_text("Diga confirmed at").first).to_be_visible()
    assert bodies_sent(sandbox) == [{"inbound_version_id": version_id(sandbox, "Gema", 1)}]


def test_mismatch_is_a_red_card(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    page.goto(LIST)
    drawer = open_beside(page, sales_phone)
    sandbox.faults.add(Fault("stored_other", method="PATCH"))

    drawer.get_by_label("Alias").fill("Ventas")
    _save(drawer)

    card = drawer.get_by_role("alert").filter(has_text="Diga stored something else")
    expect(card).to_contain_text("Alias: asked for Ventas , Diga has Ventas (otro)")
    expect(card).to_be_focused()
    expect(drawer.get_by_text("Diga confirmed")).to_have_count(0)
    expect(drawer.get_by_label("Alias")).to_have_value("Ventas (otro)")
    expect(row_of(page, sales_phone).locator(".c-alias")).to_have_text("Ventas (otro)")


def test_upstream_down_keeps_the_text_and_the_next_try_succeeds(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(502)
    drawer = open_alone(page, sales_phone)
    sandbox.faults.add(Fault("status", status=503, method="PATCH", times=None))

    drawer.get_by_label("Alias").fill("Ventas Málaga")
    drawer.get_by_label("Reason").fill("Nuevo nombre")
    _save(drawer)

    result = drawer.locator("[data-result]").filter(has_text="Not known yet")
    expect(result).to_be_focused()
    expect(result).to_contain_text("Diga may still apply it.")
    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Málaga")
    expect(drawer.get_by_label("Reason")).to_have_value("Nuevo nombre")

    sandbox.faults.clear()
    _save(drawer)
    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert sandbox.phones[sales_phone.pk].nickname == "Ventas Málaga"
    assert list(Change.objects.order_by("pk").values_list("outcome", "reason")) == [
        ("UNKNOWN", "Nuevo nombre"),
        ("CONFIRMED", "Nuevo nombre"),
    ]


def test_double_click_is_one_request_and_one_write(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    page.goto(LIST)
    drawer = open_beside(page, sales_phone)
    sandbox.switches.latency_ms = 150
    posts: list[str] = []
    page.on("request", lambda request: _note_post(posts, request))

    drawer.get_by_label("Alias").fill("Una vez")
    drawer.get_by_role("button", name="Save changes").dblclick()

    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"nickname": "Una vez"}]
    assert len(posts) == 1
    assert "review=" not in posts[0], "What noscript holds is for browsers without scripts"
    assert Change.objects.count() == 1


def _note_post(posts: list[str], request: Request) -> None:
    if request.method == "POST" and "/reread/" not in request.url:
        posts.append(request.post_data or "")


def test_two_tabs_end_in_a_choice_of_three_values(
    page: Page, page_of: PageOf, router: User, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(409)
    mine, other = open_alone(page, sales_phone), open_alone(page_of(router), sales_phone)
    other.get_by_label("Alias").fill("De Marta")
    _save(other)
    expect(other.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()

    mine.get_by_label("Alias").fill("Mío")
    _save(mine)

    expect(mine.get_by_role("alert").filter(has_text="changed in Diga while you were editing")).to_be_focused()
    choice = mine.get_by_role("group", name="Alias")
    expect(choice).to_contain_text("Ventas Costa del Sol")
    expect(choice.get_by_role("radio", name=re.compile("In Diga now De Marta Router Ruiz"))).not_to_be_checked()
    expect(mine.get_by_label("Alias")).to_have_value("Mío")
    assert bodies_sent(sandbox) == [{"nickname": "De Marta"}]

    choice.get_by_role("radio", name=re.compile("Yours Mío")).check()
    _save(mine)
    expect(mine.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert sandbox.phones[sales_phone.pk].nickname == "Mío"


def test_unassign_is_a_toggle(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    drawer = open_alone(page, sales_phone)
    toggle = drawer.get_by_role("checkbox", name="Unassign: nobody answers incoming calls")
    button = drawer.get_by_text("Unassign", exact=True).first
    save = drawer.get_by_role("button", name="Save changes")

    button.click()
    expect(toggle).to_be_checked()
    expect(_guard(drawer)).to_contain_text("Incoming calls to this number will no longer be answered by an agent.")
    button.click()
    expect(toggle).not_to_be_checked()
    expect(_guard(drawer)).to_have_count(0)
    expect(save).to_be_disabled()

    button.click()
    drawer.get_by_label("I understand this goes live").check()
    _save(drawer)
    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    expect(_inbound(drawer)).to_have_value("")
    expect(toggle).to_be_disabled()
    assert bodies_sent(sandbox) == [{"inbound_version_id": None}]


def test_both_directions_are_one_write(page: Page, sandbox: Sandbox, spare_phone: Phone) -> None:
    drawer = open_alone(page, spare_phone)

    carla = choose_version(drawer, "Inbound agent", sandbox, "Carla", 4)
    expect(_guard(drawer)).to_have_count(1)
    drawer.get_by_label("Use for outgoing calls too").check()
    expect(_guard(drawer)).to_have_count(2)
    _save(drawer)

    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    expect(versions_of(drawer, "Outbound agent")).to_have_value(carla)
    assert bodies_sent(sandbox) == [{"inbound_version_id": carla, "outbound_version_id": carla}]


def test_upstream_down_while_opening_is_said_and_saving_still_possible(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(502)
    sandbox.faults.add(Fault("html", status=502, method="GET", path="/v1/phone/", times=None))

    drawer = open_alone(page, sales_phone)

    expect(drawer.get_by_text("Not read from Diga")).to_be_visible()
    sandbox.faults.clear()
    drawer.get_by_role("button", name="Check this number again").click()
    expect(drawer.get_by_text("Not read from Diga")).to_have_count(0)
    drawer.get_by_label("Alias").fill("Ventas")
    _save(drawer)
    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()


def test_number_that_moved_while_it_was_open_is_said(page: Page, sandbox: Sandbox, sales_phone: Phone) -> None:
    sandbox.phones[sales_phone.pk].nickname = "De Marta"

    page.goto(LIST)
    drawer = open_beside(page, sales_phone)

    expect(drawer.get_by_text("Diga has other values now than this form shows.")).to_be_visible()
    expect(row_of(page, sales_phone).locator(".c-alias")).to_have_text("De Marta")
    drawer.get_by_role("link", name="Show them").click()
    expect(drawer.get_by_label("Alias")).to_have_value("De Marta")


def test_reserved_number_offers_its_nickname_only(page: Page, sandbox: Sandbox, reserved_phone: Phone) -> None:
    drawer = open_alone(page, reserved_phone)

    expect(_inbound(drawer)).to_have_count(0)
    expect(drawer.get_by_text("not active yet")).to_be_visible()
    drawer.get_by_label("Alias").fill("Pediatría")
    _save(drawer)

    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"nickname": "Pediatría"}]


def test_page_goes_on_looking_while_somebody_elses_save_is_under_way(
    page: Page, complaints: Complaints, sales_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing_save, "WAITS_SECONDS", (0.1,))
    complaints.expect(409)
    drawer = open_alone(page, sales_phone)
    theirs = Change.objects.create(
        project=sales_phone.project,
        phone=sales_phone,
        number=sales_phone.shown,
        source="FORM",
        after={"nickname": "Theirs"},
        created_at=timezone.now(),
    )
    drawer.get_by_label("Alias").fill("Mine")
    _save(drawer)

    waiting = drawer.get_by_role("status").filter(has_text="Still being saved")
    expect(waiting).to_be_visible()
    drawer.get_by_label("Alias").fill("Mine, and typed on")
    alter(Change.objects.filter(pk=theirs.pk), outcome="FAILED", settled_at=timezone.now())

    expect(drawer.get_by_role("status").filter(has_text="Nothing is being saved any more")).to_be_visible()
    expect(drawer.get_by_label("Alias")).to_have_value("Mine, and typed on")
    expect(waiting).to_have_count(0)


def test_looks_that_find_no_news_leave_focus_and_card_alone(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(502)
    sandbox.faults.add(Fault("status", status=504, method="PATCH"))
    drawer = open_alone(page, sales_phone)
    drawer.get_by_label("Alias").fill("Mostrador")
    _save(drawer)
    result = drawer.locator("[data-result]")
    expect(result).to_contain_text("What you typed is kept in the form.")
    result.evaluate("element => { element.dataset.isTheSame = ''; }")
    result.get_by_role("link", name="This change").focus()

    for _look in range(2):
        with page.expect_response(lambda answer: "/outcome/" in answer.url) as found:
            pass
        assert found.value.status == 204
    expect(drawer.locator("[data-is-the-same]")).to_contain_text("Not known yet")
    expect(result.get_by_role("link", name="This change")).to_be_focused()
    alter(Change.objects.all(), outcome="CONFIRMED", settled_at=timezone.now())

    expect(result).to_contain_text("Diga confirmed at")
    expect(drawer.locator("[data-is-the-same]")).to_have_count(0)
    expect(result.get_by_role("link", name="This change")).to_be_focused()


def test_page_of_a_change_is_left_alone_until_there_is_news(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(502)
    sandbox.faults.add(Fault("status", status=504, method="PATCH"))
    drawer = open_alone(page, sales_phone)
    drawer.get_by_label("Alias").fill("Mostrador")
    _save(drawer)
    drawer.locator("[data-result]").get_by_role("link", name="This change").click()
    change, copy = page.locator("#change"), page.get_by_role("button", name="Copy for ticket")
    change.evaluate("element => { element.dataset.isTheSame = ''; }")
    copy.focus()

    for _look in range(2):
        with page.expect_response(lambda answer: "/changes/" in answer.url) as found:
            pass
        found.value.finished()
    expect(page.locator("[data-is-the-same]")).to_contain_text("Not known yet")
    expect(copy).to_be_focused()
    alter(Change.objects.all(), outcome="CONFIRMED", settled_at=timezone.now())

    expect(change).to_contain_text("Diga confirmed at")
    expect(page.locator("[data-is-the-same]")).to_have_count(0)
    expect(copy).to_be_focused()
