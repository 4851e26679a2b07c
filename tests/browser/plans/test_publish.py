"""A lead publishes a version for all numbers of an agent in a real browser, and sees which of them were lost."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import Project, PublishRequest
from tests.support.desk.published import phones_of, publishings
from tests.support.desk.saving import target
from tests.support.pages.axe import violations

pytestmark = pytest.mark.browser
IS_TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


def problems_of(page: Page) -> list[str]:
    """Return what axe finds in each look, and whether a narrow window scrolls sideways."""
    found = violations(page)
    page.set_viewport_size({"width": 390, "height": 844})
    found += ["390 scrolls sideways"] if page.evaluate(IS_TOO_WIDE) else []
    page.set_viewport_size({"width": 1440, "height": 900})
    return found


@pytest.mark.parametrize("rule", ["keep", "detach"])
def test_version_is_published_from_the_agent_s_page(
    page_of: Callable[[User], Page], lead: User, aurora: Project, sandbox: Sandbox, rule: str
) -> None:
    sandbox.switches.publish_without_phones = rule  # type: ignore[assignment]
    count = len(phones_of(aurora, "Alicia"))
    page = page_of(lead)
    page.goto(f"/projects/aurora/agents/{target(aurora, 'Alicia', 6).agent.id}/")

    page.get_by_role("link", name="Publish v6…").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Publish v6 for all {count} numbers")
    assert problems_of(page) == []
    page.get_by_label("Reason").fill("Autumn hours")
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("publishes “Alicia")
    assert problems_of(page) == []
    page.get_by_label("Number of changes").fill(str(count))
    page.get_by_role("button", name=f"Apply {count} changes").click()

    if rule == "detach":
        expect(page.get_by_role("alert").filter(has_text=f"Diga detached {count} numbers")).to_be_visible()
        expect(page.get_by_role("button", name=f"Give the agent back to {count} numbers")).to_be_visible()
    else:
        done = page.get_by_role("status").filter(has_text=f"All its {count} numbers were read back")
        expect(done).to_be_visible()
    assert problems_of(page) == []
    assert (len(publishings(sandbox)), PublishRequest.objects.get().outcome) == (1, "CONFIRMED")


def test_proposal_waits_for_a_second_person(
    page_of: Callable[[User], Page], lead: User, admin: User, aurora: Project, sandbox: Sandbox
) -> None:
    Project.objects.update(approved_above=3, typed_above=None)
    page = page_of(lead)
    page.goto(f"/projects/aurora/agents/{target(aurora, 'Alicia', 6).agent.id}/publish/")
    page.get_by_label("Reason").fill("Autumn hours")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.get_by_text("Another lead or administrator of this project has to approve it.")).to_be_visible()
    address = page.url

    other = page_of(admin)
    other.goto(address)
    assert problems_of(other) == []
    other.get_by_role("button", name="Approve and apply").click()

    expect(other.get_by_role("status").filter(has_text="Published")).to_be_visible()
    assert len(publishings(sandbox)) == 1
