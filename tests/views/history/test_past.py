"""How numbers were: the page that compares with then, and the plan that brings them back."""

import uuid
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bench.rig.plans import start
from phones.diga.sandbox import Sandbox
from phones.models import Foreseen, Phone, Plan, PlanKind, Project
from phones.services.routing.edits import PhoneEdit
from tests.support.database.history import add_changes
from tests.support.desk.planned import work_at
from tests.support.desk.saving import forget_waiting, held, save, stored
from tests.support.pages.pages import form_of, read, texts, words

ClientOf = Callable[[User], Client]
PAST = "/projects/aurora/changes/before/"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of somebody who may change many numbers."""
    return client_of(lead)


def test_numbers_that_differ_from_a_moment_are_brought_back_by_a_plan(
    client: Client, sandbox: Sandbox, sales_phone: Phone, spare_phone: Phone, lead: User
) -> None:
    was, moment = sales_phone.nickname, timezone.now()
    save(sales_phone, PhoneEdit(nickname="Since"), user=lead)
    url = f"{PAST}?{urlencode({'at': moment.isoformat()})}"

    page = client.get(url)
    response = form_of(client, page).send(ticket="SUP-9")

    assert [texts(row, "./*")[:2] for row in read(page).xpath("//main//tbody/tr")] == [[sales_phone.shown, "Since"]]
    assert "1 number differs from then" in words(read(page).xpath("//main")[0])
    plan = Plan.objects.get()
    assert (response.status_code, plan.kind, plan.ticket) == (302, PlanKind.REVERT, "SUP-9")
    [item] = plan.items.all()
    assert (item.phone, item.after, item.foreseen) == (sales_phone, {"nickname": was}, Foreseen.WILL_CHANGE)
    assert item.reverts == sales_phone.changes.get()
    work_at(start(plan, lead))
    assert held(sandbox, sales_phone).nickname == was
    assert "No number differs" in words(read(client.get(url)).xpath("//main")[0])


def test_row_that_others_changed_since_says_who_and_waits_for_a_look(
    client: Client, sales_phone: Phone, router: User, admin: User
) -> None:
    save(sales_phone, PhoneEdit(nickname="One"), user=router)
    save(stored(sales_phone), PhoneEdit(nickname="Two"), user=admin)

    response = form_of(client, client.get(f"{PAST}?person={router.pk}")).send()

    [item] = Plan.objects.get().items.all()
    assert (item.foreseen, item.why, item.details["by"]) == (Foreseen.NEEDS_LOOK, "moved_since", "Admin Ruiz")
    page = words(read(client.get(response["Location"])).xpath("//main")[0])
    assert "Changed again since by Admin Ruiz: undoing it undoes that as well." in page


def test_double_click_makes_one_plan(client: Client, sales_phone: Phone) -> None:
    moment = timezone.now()
    save(sales_phone, PhoneEdit(nickname="Since"))
    form = form_of(client, client.get(f"{PAST}?{urlencode({'at': moment.isoformat()})}"))

    first, second = form.send(), form.send()
    other = form.send(reason="Something else")

    assert first["Location"] == second["Location"]
    assert (other.status_code, Plan.objects.count()) == (409, 1)


def test_without_a_reason_nothing_is_planned(client: Client, sales_phone: Phone) -> None:
    save(sales_phone, PhoneEdit(nickname="Since"))

    response = form_of(client, client.get(f"{PAST}?phone={sales_phone.pk}")).send(reason="")

    assert (response.status_code, Plan.objects.count()) == (422, 0)
    assert texts(read(response), "//*[@id='reason-errors']") == ["Say why; the history keeps it."]


def test_page_without_a_filter_compares_nothing(client: Client, sales_phone: Phone) -> None:
    save(sales_phone, PhoneEdit(nickname="Since"))

    tree = read(client.get(PAST))

    assert "Choose what to compare with" in words(tree.xpath("//main")[0])
    assert client.post(PAST, {"reason": "All", "form_token": uuid.uuid4()}).status_code == 422
    assert Plan.objects.count() == 0


def test_viewer_sees_what_differs_and_who_can_bring_it_back(
    client_of: ClientOf, viewer: User, sales_phone: Phone
) -> None:
    save(sales_phone, PhoneEdit(nickname="Since"))
    url = f"{PAST}?phone={sales_phone.pk}"

    main = read(client_of(viewer).get(url)).xpath("//main")[0]

    assert "1 number differs from then" in words(main)
    assert main.xpath(".//form[@method='post']") == []
    assert client_of(viewer).post(url, {"reason": "No"}).status_code == 403


def test_history_leads_to_it_with_its_filters(client: Client, sales_phone: Phone) -> None:
    save(sales_phone, PhoneEdit(nickname="Since"))

    tree = read(client.get(f"/projects/aurora/changes/?phone={sales_phone.pk}"))

    assert f"{PAST}?phone={sales_phone.pk}" in tree.xpath("//main//a/@href")


def test_queries_do_not_grow_with_the_numbers(
    client: Client, aurora: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    phones = list(Phone.objects.filter(project=aurora)[:12])
    client.get(f"{PAST}?q=T-9")
    add_changes(phones[0], 1, ticket="T-9")

    with django_assert_num_queries(8):
        assert len(read(client.get(f"{PAST}?q=T-9")).xpath("//main//tbody/tr")) == 1
    for phone in phones[1:]:
        add_changes(phone, 2, ticket="T-9")
    with django_assert_num_queries(8):
        assert len(read(client.get(f"{PAST}?q=T-9")).xpath("//main//tbody/tr")) > 5
