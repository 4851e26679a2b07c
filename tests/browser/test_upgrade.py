"""A lead publishes a version for all numbers of an agent in a real browser, and sees which of them were lost."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from phones.diga.sandbox import Sandbox
from phones.models import AgentUpgrade, Project
from tests.support.desk.saving import target
from tests.support.desk.upgraded import publishings
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
    page = page_of(lead)
    page.goto(f"/projects/aurora/agents/{target(aurora, 'Alicia', 6).agent.id}/")

    page.get_by_role("link", name="Publish v6…").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Publish v6 for all")
    assert problems_of(page) == []
    count = page.get_by_label("the count of these numbers").evaluate(
        "box => box.labels[0].textContent.match(/\\d+/)[0]"
    )
    page.get_by_label("I understand this goes live").check()
    page.get_by_label("the count of these numbers").fill(count)
    page.get_by_label("Reason").fill("Autumn hours")
    page.get_by_role("button", name=f"Publish v6 for all {count} numbers").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Upgrade #")
    if rule == "detach":
        expect(page.get_by_role("heading", name=f"Diga detached {count} numbers")).to_be_visible()
        expect(page.get_by_role("button", name="Preview a plan that gives it back")).to_be_visible()
    else:
        expect(page.get_by_role("status").first).to_contain_text(f"All its {count} numbers were read back")
    assert problems_of(page) == []
    assert (len(publishings(sandbox)), AgentUpgrade.objects.get().outcome) == (1, "CONFIRMED")


def test_proposal_waits_for_a_second_person(
    page_of: Callable[[User], Page], lead: User, admin: User, aurora: Project, sandbox: Sandbox
) -> None:
    Project.objects.update(approved_above=3, typed_above=None)
    page = page_of(lead)
    page.goto(f"/projects/aurora/agents/{target(aurora, 'Alicia', 6).agent.id}/upgrade/")
    page.get_by_label("I understand this goes live").check()
    page.get_by_label("Reason").fill("Autumn hours")
    page.get_by_role("button", name="Propose to publish v6").click()
    expect(page.get_by_role("status").first).to_contain_text("Waiting for approval")
    address = page.url

    other = page_of(admin)
    other.goto(address)
    assert problems_of(other) == []
    other.get_by_label("I understand this goes live").check()
    other.get_by_role("button", name="Approve and publish").click()

    expect(other.get_by_role("status").first).to_contain_text("Published")
    assert len(publishings(sandbox)) == 1
