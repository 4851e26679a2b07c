"""What needs a look, and the charts, as the overview shows them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.html import HtmlElement
from pytest_django import DjangoAssertNumQueries, Settings

from bench.rig.plans import make_plan
from phones.diga.sandbox import Sandbox
from phones.models import Agent, Outcome, Phone, Project, Source
from phones.services.finding.health import CONDITIONS
from phones.services.routing.edits import PhoneEdit
from phones.views.parts.health_labels import LOOKS, health_labels
from tests.support.database.crowds import add_phones
from tests.support.database.history import add_changes
from tests.support.pages.hostile import HOSTILE
from tests.support.pages.htmx import Browser, outline
from tests.support.pages.pages import find, open_phone, read, texts, words

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
OVERVIEW = "/projects/aurora/"
LIST = "/projects/aurora/phones/"
FOR_QUEUE = {"HX-Request": "true", "HX-Target": "queue"}


@pytest.fixture
def client(client_of: SignIn, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def queue_in(tree: HtmlElement) -> dict[str, tuple[int, str]]:
    """Return the counts of a page by their titles, with the address each leads to."""
    cards = tree.xpath(".//div[@class='queue']/a")
    clear = tree.xpath(".//ul[@class='clear']/li")
    return {words(card.find("strong")): (_number(words(card.find("b"))), card.get("href")) for card in cards} | {
        words(item.find("a")): (_number(words(item.find("span"))), item.find("a").get("href")) for item in clear
    }


def test_every_condition_has_words() -> None:
    assert set(LOOKS) == set(CONDITIONS)
    assert [code for code, _label in health_labels()] == list(CONDITIONS)


def test_what_needs_a_fix_is_apart_from_what_is_good_to_know(client: Client, aurora: Project) -> None:
    queue = find(read(client.get(OVERVIEW)), "queue")

    kinds, cards = texts(queue, "./h3"), queue.xpath("./div[@class='queue']")
    assert kinds == ["Needs a fix", "Good to know"]
    assert [texts(each, "./a/strong") for each in cards] == [
        ["No inbound agent", "Agent unknown or unpublished"],
        ["Releasing soon", "Waiting for verification", "In quarantine", "Same alias", "Inbound ≠ outbound"],
    ]


def test_changes_of_a_plan_are_one_entry(client: Client, aurora: Project, lead: User, sales_phone: Phone) -> None:
    plan = make_plan(lead, [sales_phone], PhoneEdit(nickname="As a plan has it"))
    add_changes(sales_phone, 1)
    add_changes(sales_phone, 20, plan=plan, source=Source.PLAN)
    add_changes(sales_phone, 1, plan=plan, source=Source.PLAN, outcome=Outcome.REFUSED)
    add_changes(sales_phone, 1)

    entries = texts(read(client.get(OVERVIEW)), ".//ol[@class='line']/li")

    assert len(entries) == 3
    assert entries[1].startswith(f"Plan {plan.pk} · 21 changes ")
    assert entries[1].endswith("1 not confirmed by Diga")


def test_each_count_leads_to_exactly_that_many_rows(client: Client, aurora: Project, sales_phone: Phone) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(missing_since=timezone.now())
    add_changes(Phone.objects.exclude(pk=sales_phone.pk)[0], 1, outcome=Outcome.UNKNOWN)
    Phone.objects.filter(nickname="Citas Málaga").update(answered_otherwise_at=timezone.now())

    queue = queue_in(read(client.get(OVERVIEW)))

    assert {url for _count, url in queue.values()} == {f"{LIST}?health={code}" for code in CONDITIONS}
    for title, (count, url) in queue.items():
        response = client.get(url)
        rows = read(response).xpath("//table[@aria-label='Phones']/tbody/tr")
        assert (response.context["total"], len(rows)) == (count, count), title
        assert count > 0


def test_fixing_a_row_lowers_the_count(client: Client, sandbox: Sandbox, spare_phone: Phone) -> None:
    before = queue_in(read(client.get(OVERVIEW)))

    saved = open_phone(client, spare_phone).send(nickname="Centralita nueva")
    queue = client.get(OVERVIEW, headers=FOR_QUEUE)

    assert saved.status_code == 302
    after = queue_in(read(queue))
    assert {title for title in before if before[title] != after[title]} == {"Same alias"}
    assert (before["Same alias"][0], after["Same alias"][0]) == (1, 0)


def test_queue_that_is_counted_anew_is_like_reloaded(client: Client, aurora: Project, spare_phone: Phone) -> None:
    window = Browser(client)
    window.open(OVERVIEW)
    Phone.objects.filter(pk=spare_phone.pk).update(nickname_key="x")

    queue = find(window.tree, "queue")
    assert queue.get("hx-trigger") == "phone-updated from:body"
    fresh = read(client.get(queue.get("hx-get") or "", headers=FOR_QUEUE))

    assert outline(fresh) == outline(find(window.reloaded().tree, "queue"))
    assert outline(fresh) != outline(queue)


def test_quarantine_says_how_long_the_first_is_held(client: Client, aurora: Project, released_phone: Phone) -> None:
    Phone.objects.filter(pk=released_phone.pk).update(released_at=timezone.now() - timedelta(days=27, hours=1))
    assert "3 days left for the first." in words(find(read(client.get(OVERVIEW)), "queue"))

    Phone.objects.filter(pk=released_phone.pk).update(released_at=timezone.now() - timedelta(days=40))
    assert "The first is gone any moment." in words(find(read(client.get(OVERVIEW)), "queue"))


def _bars(client: Client, caption: str) -> list[tuple[str, list[tuple[int, str | None]]]]:
    rows = read(client.get(OVERVIEW)).xpath("//table[caption=$caption]/tbody/tr", caption=caption)
    return [
        (
            words(row.find("th")),
            [
                (_number(words(cell)), next((link.get("href") for link in cell.iter("a")), None))
                for cell in row.findall("td")
            ],
        )
        for row in rows
    ]


@pytest.mark.parametrize("caption", ["Numbers by status", "Numbers by agent"])
def test_each_number_of_a_chart_leads_to_exactly_that_many_rows(
    client: Client, aurora: Project, sales_phone: Phone, caption: str
) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(missing_since=timezone.now())

    bars = _bars(client, caption)

    numbers = [number for _label, cells in bars for number in cells]
    assert len(numbers) > 4
    for count, url in numbers:
        assert (url is None) == (count == 0)
        assert url is None or client.get(url).context["total"] == count


def test_chart_of_statuses_shows_one_we_do_not_know(client: Client, aurora: Project, sales_phone: Phone) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(status="<b>ported</b>")

    assert ("<b>ported</b>", [(1, f"{LIST}?status=%3Cb%3Eported%3C%2Fb%3E")]) in _bars(client, "Numbers by status")


def test_chart_of_agents_sums_up_the_rest(client: Client, aurora: Project) -> None:
    phones = list(Phone.objects.order_by("pk"))
    agents = Agent.objects.bulk_create(Agent(project=aurora, name=f"Agent {place:02}") for place in range(12))
    for place, phone in enumerate(phones):
        phone.inbound_agent_id, phone.outbound_agent_id = agents[place % 10].pk, None
    Phone.objects.bulk_update(phones, ["inbound_agent_id", "outbound_agent_id"])

    bars = _bars(client, "Numbers by agent")

    assert len(bars) == 10
    assert bars[-2] == ("2 other agents", [(8, None), (0, None)])
    assert bars[-1] == ("No agent", [(0, None), (40, f"{LIST}?outbound=none")])


def test_chart_of_days_is_also_a_table(client: Client, aurora: Project, sales_phone: Phone) -> None:
    add_changes(sales_phone, 3, created_at=timezone.now())
    add_changes(sales_phone, 1, created_at=timezone.now(), outcome=Outcome.OBSERVED, source=Source.OUTSIDE)

    page = read(client.get(OVERVIEW))

    (chart,) = page.xpath("//*[local-name()='svg'][@role='img']")
    assert chart.get("aria-label") == "Changes on each of the last 30 days: 3 sent from here, 1 made outside."
    today = texts(page, "//table[caption='Changes per day']/tbody/tr[1]/td")
    assert today == ["3", "1"]
    heights = chart.xpath(".//*[local-name()='rect']/@height")
    assert heights == ["75.0", "25.0"]


def test_overview_of_an_empty_project_has_no_charts(client_of: SignIn, superuser: User) -> None:
    Project.objects.create(name="Empty", slug="empty")

    page = read(client_of(superuser).get("/projects/empty/"))

    assert "Nothing was changed on these days." in words(page)
    assert words(page).count("No numbers were read yet.") == 2
    assert page.xpath("//div[@class='queue']") == []
    assert len(page.xpath("//ul[@class='clear']/li")) == len(CONDITIONS)


def test_names_of_agents_stay_text(client: Client, aurora: Project, sales_phone: Phone) -> None:
    agent = Agent.objects.get(pk=sales_phone.inbound_agent_id or "")
    for name in HOSTILE:
        Agent.objects.filter(pk=agent.pk).update(name=name)
        Project.objects.update(agents_changed_at=timezone.now())

        labels = read(client.get(OVERVIEW)).xpath("//table[caption='Numbers by agent']//a/@title")

        assert " ".join(name.replace("\r", "").split()) in {" ".join(label.split()) for label in labels}, name


def test_overview_takes_as_many_queries_for_many_phones_and_agents(
    client: Client, aurora: Project, sales_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(OVERVIEW)
    with django_assert_num_queries(15):
        client.get(OVERVIEW)

    agents = Agent.objects.bulk_create(Agent(project=aurora, name=f"Agent {place}") for place in range(30))
    add_phones(aurora, 1000, [agent.pk for agent in agents])

    with django_assert_num_queries(15):
        client.get(OVERVIEW)


def test_foot_of_the_navigation_names_the_version(client: Client, settings: Settings) -> None:
    settings.VERSION = "9.8.7"

    assert "Phone Desk 9.8.7" in words(read(client.get(OVERVIEW)))
