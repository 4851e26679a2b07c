"""How tests look at the page of a plan, and press its buttons as a browser without scripts does."""

from django.test import Client
from lxml.html import HtmlElement

from phones.models import Plan
from phones.views.parts.permalinks import plan_page_url
from tests.support.pages.pages import Answer, read, texts, values_of, words


def url_of(plan: Plan, rest: str = "") -> str:
    """Return an address of a plan; without a `rest`, the permanent one of its page."""
    slug = plan.project.slug
    return f"/projects/{slug}/plans/{plan.pk}/{rest}" if rest else plan_page_url(plan, slug)


def show(client: Client, plan: Plan, rest: str = "") -> HtmlElement:
    """Return a plan's page."""
    response = client.get(url_of(plan, rest))
    assert response.status_code == 200
    return read(response)


def sums(tree: HtmlElement) -> dict[str, int]:
    """Return the figures of a page by their words; the last one is what the others add up to."""
    (box,) = tree.xpath(".//dl[@class='sums']")
    return {words(pair[0]): int(words(pair[1]).removeprefix("= ").replace(",", "")) for pair in box}


def press(client: Client, plan: Plan, verb: str, page: HtmlElement | None = None, **typed: str | None) -> Answer:
    """Send the form of an act as a browser without scripts does, from a page that was opened before or now."""
    page = show(client, plan) if page is None else page
    (form, *_others) = page.xpath(f".//form[contains(@action, '/{plan.pk}/{verb}/')]")
    values = {name: value for name, value in (values_of(form) | typed).items() if value is not None}
    return client.post(form.get("action"), values)


def tick(client: Client, plan: Plan, form: str, **typed: str | None) -> Answer:
    """Send a form with tick boxes, found by its path on the plan's page."""
    (found,) = show(client, plan).xpath(form)
    values = {name: value for name, value in (values_of(found) | typed).items() if value is not None}
    return client.post(found.get("action"), values)


def said(response: Answer) -> str:
    """Return what an answer says about an act."""
    return " ".join(texts(read(response), "descendant-or-self::*[@id='plan-card']/div[@data-result]"))
