"""How a test chooses an agent's version in a picker, as a person does."""

from playwright.sync_api import Locator, Page, expect

from phones.diga.sandbox import Sandbox
from tests.fixtures.browser import version_id

# Done once htmx has asked for nothing during a moment: versions lead to a guard, and a guard takes back a tick that was
# given to an earlier one.
QUIET = """() => new Promise(done => {
    let calm = 0;
    const look = () => {
        calm = document.querySelector(".htmx-request") ? 0 : calm + 1;
        if (calm > 5) done(); else setTimeout(look, 30);
    };
    look();
})"""


def box_of(place: Locator, label: str) -> Locator:
    """Return the box in which agents are found."""
    return place.get_by_role("combobox", name=label, exact=True)


def versions_of(place: Locator, label: str, word: str = "Version") -> Locator:
    """Return the select of versions beside the box."""
    return place.get_by_role("combobox", name=f"{label}: {word}", exact=True)


def agents_found(place: Locator | Page) -> Locator:
    """Return the agents in the open list."""
    return place.get_by_role("listbox", name="Agent").get_by_role("option")


def choose_version(
    place: Locator, label: str, sandbox: Sandbox, agent: str, number: int, *, word: str = "Version"
) -> str:
    """Find an agent by its name, choose it, then one of its versions; return the version's id."""
    wanted = version_id(sandbox, agent, number)
    box = box_of(place, label)
    box.click()
    box.fill(agent)
    agents_found(place).filter(has_text=agent).click()
    expect(box).to_have_attribute("aria-expanded", "false")
    versions_of(place, label, word).select_option(wanted)
    place.page.evaluate(QUIET)
    return wanted
