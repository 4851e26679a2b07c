"""The connection, the session or the form’s token is lost while somebody types: the text is not, nothing is doubled."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, Route, expect

from phones.diga.sandbox import Sandbox
from phones.models import Change, Phone, Session
from tests.fixtures.browser import Complaints, bodies_sent, drawer_of, open_alone, open_beside, row_of, version_id
from tests.fixtures.desk import PASSWORD
from tests.support.pages.agent_picker import choose_version

pytestmark = pytest.mark.browser
PageOf = Callable[[User], Page]
LIST = "/projects/aurora/phones/"
LOST = "The connection to Phone Desk was lost while saving. Whether it was saved is not known."
KEPT = "() => Object.keys(sessionStorage).filter((place) => place.startsWith('kept:'))"


@pytest.fixture
def page(page_of: PageOf, router: User) -> Page:
    """A page of somebody who may rename and re-route."""
    return page_of(router)


def _save(drawer: Locator) -> None:
    drawer.get_by_role("button", name="Save changes").click()


def _sign_in(page: Page, username: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


# The connection.


@pytest.mark.parametrize("width", [1440, 380])
def test_lost_connection_to_us_is_said_and_the_form_stays(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone, width: int
) -> None:
    complaints.expect_lost()
    page.set_viewport_size({"width": width, "height": 800})
    drawer = open_alone(page, sales_phone)
    address = re.compile(rf"/phones/{sales_phone.pk}/$")
    page.route(address, lambda route: route.abort())

    drawer.get_by_label("Alias").fill("Ventas Málaga")
    _save(drawer)

    alert = page.get_by_role("alert").filter(has_text=LOST)
    expect(alert).to_be_visible()
    _assert_on_top(alert)
    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Málaga")
    expect(drawer.get_by_role("button", name="Save changes")).to_be_enabled()
    assert bodies_sent(sandbox) == []

    page.unroute(address)
    _save(drawer)
    expect(drawer_of(page, sales_phone).get_by_text("Diga confirmed at").first).to_be_visible()
    expect(alert).to_have_count(0)
    assert bodies_sent(sandbox) == [{"nickname": "Ventas Málaga"}]


def _assert_on_top(element: Locator) -> None:
    """Fail if something else lies over the middle of an element, or if it is out of the window."""
    assert element.evaluate("""element => {
        const box = element.getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return element.contains(top);
    }""")


def _answer_is_lost(route: Route) -> None:
    """Let the server do its work, and lose its answer."""
    route.fetch()
    route.abort()


def test_save_whose_answer_was_lost_is_found_done_and_not_sent_twice(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect_lost()
    drawer = open_alone(page, sales_phone)
    address = re.compile(rf"/phones/{sales_phone.pk}/$")
    page.route(address, _answer_is_lost)
    drawer.get_by_label("Alias").fill("Ventas Málaga")
    _save(drawer)
    expect(page.get_by_role("alert").filter(has_text=LOST)).to_be_visible()
    assert bodies_sent(sandbox) == [{"nickname": "Ventas Málaga"}]
    page.unroute(address)

    _save(drawer)

    expect(drawer.get_by_role("status").filter(has_text="Saved. Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [{"nickname": "Ventas Málaga"}]
    assert Change.objects.count() == 1


def test_other_text_after_a_lost_answer_is_kept_and_not_taken_for_sent(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect_lost()
    complaints.expect(409)
    drawer = open_alone(page, sales_phone)
    address = re.compile(rf"/phones/{sales_phone.pk}/$")
    page.route(address, _answer_is_lost)
    drawer.get_by_label("Alias").fill("Primero")
    _save(drawer)
    expect(page.get_by_role("alert").filter(has_text=LOST)).to_be_visible()
    page.unroute(address)

    drawer.get_by_label("Alias").fill("Después")
    _save(drawer)

    expect(drawer.get_by_text("What you typed since was not sent.")).to_be_visible()
    expect(drawer.get_by_label("Alias")).to_have_value("Después")
    assert bodies_sent(sandbox) == [{"nickname": "Primero"}]


def test_lost_reading_says_that_nothing_was_changed(page: Page, complaints: Complaints, sales_phone: Phone) -> None:
    complaints.expect_lost()
    drawer = open_alone(page, sales_phone)
    page.route(re.compile("/reread/"), lambda route: route.abort())

    drawer.get_by_role("button", name="Check this number again").click()

    expect(page.get_by_role("alert").filter(has_text="could not be read. Nothing was changed.")).to_be_visible()


# The session.


def test_text_is_found_again_after_signing_in(page: Page, sandbox: Sandbox, spare_phone: Phone, router: User) -> None:
    page.goto(LIST)
    drawer = open_beside(page, spare_phone)
    drawer.get_by_label("Alias").fill("Recepción nueva")
    drawer.get_by_label("Ticket").fill("SUP-7")
    choose_version(drawer, "Inbound agent", sandbox, "Carla", 4)
    expect(drawer.get_by_role("status", name="What saving does")).to_be_visible()
    Session.objects.all().delete()

    _save(drawer)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    _sign_in(page, router.username)

    drawer = drawer_of(page, spare_phone)
    expect(drawer.get_by_text("Your text from before is back in the form. Nothing was sent")).to_be_visible()
    expect(drawer.get_by_label("Alias")).to_have_value("Recepción nueva")
    expect(drawer.get_by_label("Ticket")).to_have_value("SUP-7")
    expect(drawer.get_by_role("status", name="What saving does")).to_contain_text("Carla")
    assert bodies_sent(sandbox) == []
    assert page.evaluate(KEPT) == []

    _save(drawer)
    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
    assert bodies_sent(sandbox) == [
        {"nickname": "Recepción nueva", "inbound_version_id": version_id(sandbox, "Carla", 4)}
    ]


def test_text_from_before_does_not_overwrite_what_others_did_meanwhile(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone, router: User
) -> None:
    complaints.expect(409)
    drawer = open_alone(page, sales_phone)
    drawer.get_by_label("Alias").fill("Mío")
    Session.objects.all().delete()
    _save(drawer)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sandbox.phones[sales_phone.pk].nickname = "De Marta"
    _sign_in(page, router.username)
    expect(drawer.get_by_label("Alias")).to_have_value("Mío")

    _save(drawer)

    expect(drawer.get_by_role("group", name="Alias")).to_contain_text("De Marta")
    assert bodies_sent(sandbox) == []


def test_text_is_never_given_to_somebody_else(page: Page, sandbox: Sandbox, sales_phone: Phone, lead: User) -> None:
    drawer = open_alone(page, sales_phone)
    drawer.get_by_label("Alias").fill("Secreto")
    Session.objects.all().delete()
    _save(drawer)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert len(page.evaluate(KEPT)) == 1

    _sign_in(page, lead.username)

    # The field has the server's text before the script has run that drops what was kept.
    page.wait_for_function(f"{KEPT}.length === 0")
    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Costa del Sol")


def test_text_of_a_rename_is_offered_on_the_list(
    page: Page, sandbox: Sandbox, sales_phone: Phone, router: User
) -> None:
    page.goto(LIST)
    row = row_of(page, sales_phone)
    row.get_by_role("link", name=re.compile("^Rename")).click()
    row.get_by_role("textbox", name="Alias").fill("Mío")
    Session.objects.all().delete()
    row.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    _sign_in(page, router.username)

    page.get_by_text("Text that you typed before you signed in again was not sent.").get_by_role("link").click()

    expect(page.get_by_role("textbox", name="Alias")).to_have_value("Mío")
    assert bodies_sent(sandbox) == []


def test_signing_out_drops_what_was_kept(page: Page, sandbox: Sandbox, sales_phone: Phone, router: User) -> None:
    page.goto(LIST)
    page.evaluate(
        "() => sessionStorage.setItem('kept:/elsewhere/', JSON.stringify({person: document.body.dataset.person}))"
    )

    page.locator("summary").filter(has_text="Account menu").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate(KEPT) == []


# The form's token.


def test_form_that_is_too_old_says_so_where_it_can_be_seen(
    page: Page, complaints: Complaints, sandbox: Sandbox, sales_phone: Phone
) -> None:
    complaints.expect(403)
    page.set_viewport_size({"width": 380, "height": 800})
    drawer = open_alone(page, sales_phone)
    page.context.clear_cookies(name="csrf")

    drawer.get_by_label("Alias").fill("Ventas Málaga")
    _save(drawer)

    alert = page.get_by_role("alert").filter(has_text="This form is too old")
    expect(alert).to_be_visible()
    _assert_on_top(alert)
    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Málaga")
    assert bodies_sent(sandbox) == []

    page.reload()
    expect(drawer.get_by_text("Your text from before is back in the form.")).to_be_visible()
    expect(drawer.get_by_label("Alias")).to_have_value("Ventas Málaga")
    _save(drawer)
    expect(drawer.get_by_role("status").filter(has_text="Diga confirmed at")).to_be_visible()
