"""Addresses that stand in tickets: after a restore they say the truth, and never show what has the number now."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.rig.plans import make_plan
from phones.models import Act, ChainBreak, Change, Outcome, Phone, Plan, PlanState, Project, Source
from phones.services.audit import log
from phones.services.audit import log as audit_log
from phones.services.audit.chain.heads import head_path
from phones.services.audit.permalinks import LENGTH, check_of, is_meant
from phones.services.routing.edits import PhoneEdit
from phones.views.parts.permalinks import change_url, plan_page_url
from tests.support.database.restoring import Backup
from tests.support.pages.pages import Answer, find, read, texts, words

pytestmark = pytest.mark.django_db(transaction=True)
ClientOf = Callable[[User], Client]
LIST = "/projects/aurora/changes/"


@pytest.fixture
def client(client_of: ClientOf, admin: User) -> Client:
    """The browser of an administrator."""
    return client_of(admin)


@pytest.fixture(autouse=True)
def _own_heads(aurora: Project) -> Iterator[None]:
    yield
    head_path(aurora.pk).unlink(missing_ok=True)


def write(phone: Phone, ticket: str) -> Change:
    """Add an entry about a phone."""
    change = Change(
        project=phone.project,
        phone=phone,
        number=phone.shown,
        source=Source.FORM,
        ticket=ticket,
        before={"nickname": "Old"},
        after={"nickname": "New"},
        outcome=Outcome.CONFIRMED,
        created_at=timezone.now(),
        settled_at=timezone.now(),
    )
    log.record_observed([change])
    return change


def main_of(response: Answer) -> str:
    """Return the text of a page but for what stands around it."""
    return words(read(response).xpath("//main")[0])


@pytest.fixture
def reused(client: Client, admin: User, sales_phone: Phone, spare_phone: Phone) -> tuple[Change, Change, Plan, Plan]:
    """A change and a plan that a restore took away, and those that were given their numbers."""
    write(sales_phone, "T-0")
    make_plan(admin, [sales_phone], PhoneEdit(nickname="Before"))
    backup = Backup()
    lost, lost_plan = write(sales_phone, "T-1"), make_plan(admin, [sales_phone], PhoneEdit(nickname="A"))
    backup.restore()
    new, new_plan = write(spare_phone, "T-2"), make_plan(admin, [spare_phone], PhoneEdit(nickname="B"))
    assert (new.pk, new_plan.pk) == (lost.pk, lost_plan.pk)
    return lost, new, lost_plan, new_plan


def test_address_of_a_lost_change_shows_nothing_of_the_one_with_its_number(
    client: Client, reused: tuple[Change, Change, Plan, Plan], sales_phone: Phone, spare_phone: Phone
) -> None:
    lost, new, lost_plan, new_plan = reused

    for url, theirs in (
        (change_url(lost, "aurora"), change_url(new, "aurora")),
        (plan_page_url(lost_plan, "aurora"), plan_page_url(new_plan, "aurora")),
    ):
        response = client.get(url)
        assert response.status_code == 404
        assert main_of(response).startswith("Not what this address was made for")
        assert spare_phone.shown not in main_of(response)
        assert spare_phone.shown[-6:] in main_of(client.get(theirs))


def test_address_without_a_check_is_not_trusted_where_numbers_were_given_twice(
    client: Client, reused: tuple[Change, Change, Plan, Plan], spare_phone: Phone
) -> None:
    _lost, new, _lost_plan, new_plan = reused
    bare = [
        (f"{LIST}{new.pk}/", change_url(new, "aurora")),
        (f"/projects/aurora/plans/{new_plan.pk}/", plan_page_url(new_plan, "aurora")),
    ]

    for url, permanent in bare:
        response = client.get(url)
        assert response.status_code == 409
        assert main_of(response).startswith("This address does not tell what it means")
        assert spare_phone.shown not in main_of(response)
        assert read(response).xpath("//main//a/@href") == [permanent]

    # It stays so when somebody has seen it.
    noted = read(client.get(LIST)).xpath("//input[@name='noted']/@value")[0]
    client.post(reverse("chain_acknowledge", args=["aurora"]), {"noted": noted})
    assert [client.get(url).status_code for url, _permanent in bare] == [409, 409]


def test_address_without_a_check_is_good_while_numbers_were_given_once(client: Client, sales_phone: Phone) -> None:
    change = write(sales_phone, "T-1")

    assert main_of(client.get(f"{LIST}{change.pk}/")) == main_of(client.get(change_url(change, "aurora")))
    assert client.get(f"{LIST}{change.pk + 1}/").status_code == 404


@pytest.mark.parametrize("check", ["x", "a" * LENGTH, "a" * 300])
def test_altered_address_shows_nothing(client: Client, sales_phone: Phone, check: str) -> None:
    change = write(sales_phone, "T-1")

    for number in (change.pk, change.pk + 1, 2**70):
        assert client.get(f"{LIST}{number}-{check}/").status_code == 404


def test_what_is_copied_for_a_ticket_and_every_link_has_the_check(client: Client, sales_phone: Phone) -> None:
    change = write(sales_phone, "T-1")
    url = change_url(change, "aurora")

    page = read(client.get(url))
    listed = read(client.get(LIST))

    assert find(page, "ticket-text").text_content().strip().endswith(url)
    assert url in listed.xpath("//main//a/@href")
    assert re.fullmatch(rf"{LIST}{change.pk}-[a-z2-7]{{{LENGTH}}}/", url)


def test_desk_leads_by_addresses_that_are_trusted_after_a_break(
    client: Client, admin: User, sales_phone: Phone, reused: tuple[Change, Change, Plan, Plan]
) -> None:
    plan = make_plan(admin, [sales_phone], PhoneEdit(nickname="C"))
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.FINISHED)
    first, late = write(sales_phone, "T-3"), write(sales_phone, "T-4")
    audit_log.record_observed(
        [
            Change(
                project=sales_phone.project,
                phone=sales_phone,
                source=Source.LATE,
                outcome=Outcome.OBSERVED,
                after={"nickname": "New"},
                created_at=timezone.now(),
                plan=plan,
                reverts=first,
                late_for=late,
            )
        ]
    )

    change = change_url(Change.objects.latest("pk"), "aurora")
    pages = [
        read(client.get(url)) for url in ("/projects/aurora/", LIST, change, f"{LIST[:-8]}phones/{sales_phone.pk}/")
    ]

    hrefs = {href for page in pages for href in page.xpath("//main//a/@href")}
    led_to = {href for href in hrefs if re.search(r"/(changes|plans)/\d+[^/]*/$", href)}
    assert {change_url(first, "aurora"), change_url(late, "aurora"), plan_page_url(plan, "aurora")} <= led_to
    assert {client.get(href).status_code for href in led_to} == {200}


def test_check_is_of_one_row_alone(sales_phone: Phone, admin: User) -> None:
    change, plan = write(sales_phone, "T-1"), make_plan(admin, [sales_phone], PhoneEdit(nickname="A"))
    other = Change(pk=change.pk, project=change.project, created_at=change.created_at + timedelta(microseconds=1))
    foreign = Change(pk=change.pk, project=Project(), created_at=change.created_at)
    as_plan = Plan(pk=change.pk, project=change.project, created_at=change.created_at)

    checks = [check_of(row) for row in (change, other, foreign, as_plan)]

    assert len(set(checks)) == len(checks)
    assert check_of(Change.objects.get(pk=change.pk)) == check_of(change)
    assert is_meant(plan, check_of(plan))
    assert not is_meant(plan, "ñ")


def test_administrators_see_a_break_until_one_of_them_says_so(
    client: Client, client_of: ClientOf, lead: User, admin: User, reused: tuple[Change, Change, Plan, Plan]
) -> None:
    pages = (LIST, "/projects/aurora/")
    alerts = "//main//section[@role='alert']/strong"
    seen = [texts(read(client.get(page)), alerts) for page in pages]
    by_lead = [texts(read(client_of(lead).get(page)), alerts) for page in pages]
    form = read(client.get(LIST)).xpath("//section[@role='alert']//form")[0]

    stale = client.post(form.get("action"), {"noted": "0" * 64}, follow=True)
    done = client.post(form.get("action"), {"noted": form.xpath(".//input[@name='noted']/@value")[0]}, follow=True)

    assert seen == [["The history is not whole"]] * 2
    assert by_lead == [[], []]
    assert "acknowledged already, or is something else now" in stale.content.decode()
    assert "It is written down that you have seen it." in done.content.decode()
    assert [texts(read(client.get(page)), alerts) for page in pages] == [[], []]
    assert ChainBreak.objects.get().actor == admin
    assert Act.objects.get(kind="BREAK_ACKNOWLEDGED").actor == admin
