"""What the palette finds for whom, as a page and as the fragment of its box."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml.html import HtmlElement

from phones.models import Membership, Phone, Project, Role
from phones.services.finding.saved_views import save_view
from tests.support.pages.hostile import HOSTILE, harmless
from tests.support.pages.pages import read, words
from tests.support.pages.skeletons import skeleton

ClientOf = Callable[[User], Client]
PALETTE = "/projects/aurora/palette/"
INSIDE = {"HX-Request": "true", "HX-Target": "palette-hits"}


def _groups(tree: HtmlElement) -> dict[str, list[str]]:
    """Return the labels of the hits, by group, in order."""
    sections = tree.xpath("//div[@id='palette-list']/section")
    return {
        each.get("aria-label"): [words(hit.xpath("./span")[0]) for hit in each.xpath(".//*[@class='hit']")]
        for each in sections
    }


def _ask(client: Client, query: str = "") -> HtmlElement:
    return read(client.get(PALETTE, {"q": query}, headers=INSIDE))


def test_any_spelling_of_a_number_leads_to_it(client_of: ClientOf, viewer: User, sales_phone: Phone) -> None:
    tree = _ask(client_of(viewer), "0034-951 44.12.46")

    assert _groups(tree) == {"Numbers": [sales_phone.shown]}
    (link,) = tree.xpath("//a[@class='hit']")
    assert link.get("href") == f"/projects/aurora/phones/{sales_phone.pk}/"
    assert words(link) == f"{sales_phone.shown} Ventas Costa del Sol · Bruno · Ventas v2"


def test_group_with_the_best_name_comes_first(client_of: ClientOf, viewer: User, aurora: Project) -> None:
    client = client_of(viewer)
    save_view(
        project=aurora, owner=viewer, name="Agents without a version", query="health=agent_lost", now=timezone.now()
    )

    assert list(_groups(_ask(client, "alicia"))) == ["Agents", "Numbers"]
    assert list(_groups(_ask(client, "agents"))) == ["Pages", "Views"]


def test_more_numbers_than_shown_are_a_link_to_the_list(client_of: ClientOf, viewer: User, aurora: Project) -> None:
    tree = _ask(client_of(viewer), "citas")

    count = Phone.objects.filter(project=aurora, search_text__contains="citas").count()
    more = tree.xpath("//a[@class='hit sub']")[0]
    assert words(more).startswith("Show all ")
    assert int(words(more).split()[2]) >= count > 6
    assert more.get("href") == "/projects/aurora/phones/?q=citas"


@pytest.mark.parametrize(
    ("role", "pages", "actions"),
    [
        (Role.VIEWER, set(), set()),
        (Role.LABELLER, set(), {"Refresh from Diga"}),
        (Role.LEAD, set(), {"Refresh from Diga", "Upload a changed file"}),
        (Role.ADMIN, {"Settings", "People"}, {"Refresh from Diga", "Upload a changed file"}),
    ],
)
def test_pages_and_actions_are_those_the_role_may_use(
    client_of: ClientOf, viewer: User, role: Role, pages: set[str], actions: set[str]
) -> None:
    Membership.objects.filter(user=viewer).update(role=role)

    groups = _groups(_ask(client_of(viewer)))

    everybody = {"Overview", "Phones", "Agents", "Changes", "Plans", "Saved views", "Your account"}
    exports = {"Export all numbers: Excel (XLSX)", "Export all numbers: CSV"}
    assert set(groups["Pages"]) == everybody | pages
    assert set(groups["Actions"]) == {"Find pasted numbers"} | exports | actions


def test_every_hit_leads_somewhere(client_of: ClientOf, admin: User, aurora: Project) -> None:
    client = client_of(admin)
    tree = _ask(client, "")

    statuses = {link.get("href"): client.get(link.get("href")).status_code for link in tree.xpath("//a[@class='hit']")}
    act = tree.xpath("//button[@class='hit']")[0]

    assert len(statuses) > 10
    assert set(statuses.values()) == {200}
    assert client.post(act.get("formaction")).status_code == 302


def test_page_without_scripts_finds_the_same(client_of: ClientOf, viewer: User) -> None:
    client = client_of(viewer)

    page = read(client.get(PALETTE, {"q": "alicia"}))

    assert _groups(page) == _groups(_ask(client, "alicia"))
    (form,) = page.xpath("//main//form")
    assert (form.get("method"), form.get("action")) == ("get", PALETTE)
    assert form.xpath("./input/@value") == ["alicia"]


def test_button_of_every_page_leads_to_it(client_of: ClientOf, viewer: User) -> None:
    (link,) = read(client_of(viewer).get("/projects/aurora/agents/")).xpath("//header//a[@data-palette-open]")

    assert link.get("href") == PALETTE


def test_nothing_found_is_said(client_of: ClientOf, viewer: User) -> None:
    tree = _ask(client_of(viewer), "zzz qqq")

    assert words(tree) == "Nothing is like “zzz qqq”."
    assert tree.get("data-said") == "Nothing found"


def test_hostile_text_is_only_text(client_of: ClientOf, viewer: User) -> None:
    client = client_of(viewer)

    for hostile in HOSTILE:
        shapes = [skeleton(client.get(PALETTE, {"q": f"{text} zzqq"})) for text in (harmless(hostile), hostile)]
        assert shapes[0] == shapes[1], hostile


def test_queries_do_not_grow_with_hits(client_of: ClientOf, viewer: User, sales_phone: Phone) -> None:
    client, counts = client_of(viewer), []
    _ask(client)

    for query in ("951 44 12 46", "951"):
        with CaptureQueriesContext(connection) as queries:
            _ask(client, query)
        counts.append(len(queries))

    assert counts[0] == counts[1]
