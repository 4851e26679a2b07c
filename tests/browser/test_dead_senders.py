"""A number whose save was killed, in a real browser: the open page settles it by itself, and says what was found."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Change, Outcome, Phone
from phones.services.editing.recheck_times import LEASE
from phones.services.routing.edits import PhoneEdit
from tests.fixtures.browser import bodies_sent, open_alone
from tests.support.database.tampering import alter
from tests.support.desk.saving import save, stored

pytestmark = pytest.mark.browser


@pytest.fixture
def page(page_of: Callable[[User], Page], viewer: User) -> Page:
    """A page of somebody who may only look."""
    return page_of(viewer)


def leave_open(ago: timedelta) -> None:
    """Let the one change be as a process left it that was killed before its answer came."""
    alter(Change.objects.all(), outcome=Outcome.PENDING, settled_at=None, created_at=timezone.now() - ago)


@pytest.mark.parametrize("is_open_before", [False, True])
def test_page_settles_a_killed_save_without_a_worker(
    page: Page, sandbox: Sandbox, sales_phone: Phone, is_open_before: bool
) -> None:
    save(stored(sales_phone), PhoneEdit(nickname="Ventas Nerja"))
    leave_open(LEASE / 2 if is_open_before else 2 * LEASE)
    sent_count = len(bodies_sent(sandbox))

    drawer = open_alone(page, sales_phone)
    if is_open_before:
        expect(drawer.get_by_text("We don’t know whether Diga applied what was sent")).to_be_visible()
        leave_open(2 * LEASE)

    expect(drawer.locator("[data-result]")).to_contain_text("Saved")
    expect(drawer.get_by_text("We don’t know whether Diga applied what was sent")).to_have_count(0)
    assert Change.objects.get().outcome == Outcome.CONFIRMED
    assert len(bodies_sent(sandbox)) == sent_count
