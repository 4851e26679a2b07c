"""A key that Diga has refused a save to: what is said on every page, what closes, and what opens it again."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Phone, Project
from tests.support.pages.pages import find, has, open_phone, plan, read, url_of, words

ClientOf = Callable[[User], Client]
LIST = "/projects/aurora/phones/"
PAGES = (LIST, "/projects/aurora/", "/projects/aurora/plans/", "/projects/aurora/changes/", "/projects/aurora/agents/")


@pytest.fixture
def read_only(aurora: Project) -> Project:
    """Aurora, after Diga has refused a save to its key."""
    Project.objects.filter(pk=aurora.pk).update(can_write_phones=False)
    return aurora


def problems(client: Client, page: str) -> str:
    return words(find(read(client.get(page)), "problems"))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_so_and_who_can_help(
    client_of: ClientOf, router: User, admin: User, read_only: Project, page: str
) -> None:
    said = problems(client_of(router), page)
    assert "The API key of this project is read-only: Diga refused a save." in said
    assert "Who can: Admin Ruiz." in said

    to_administrator = read(client_of(admin).get(page))
    assert "check it here" in words(find(to_administrator, "problems"))
    assert find(to_administrator, "problems").xpath(".//a/@href")[:1] == ["/projects/aurora/settings/"]


def test_forms_close_with_the_reason_and_reading_goes_on(
    client_of: ClientOf, router: User, read_only: Project, sales_phone: Phone
) -> None:
    client = client_of(router)
    drawer = find(read(client.get(url_of("phone_edit", sales_phone))), "drawer")

    assert not has(drawer, "phone-form")
    assert "The API key of this project is read-only" in words(drawer)
    assert has(drawer, "phone-note")
    assert find(drawer, "read-state").get("hx-trigger") == "load"
    assert "Calls are not read now" not in words(drawer)
    assert read(client.get(LIST)).xpath("//*[@data-rename]") == []


def test_refused_save_closes_what_was_open(
    client_of: ClientOf, router: User, sandbox: Sandbox, sales_phone: Phone
) -> None:
    client = client_of(router)
    plan(sandbox, Fault("status", status=403, method="PATCH"))

    open_phone(client, sales_phone).send(nickname="Mío")

    assert "read-only" in problems(client, LIST)
    assert not has(read(client.get(url_of("phone_edit", sales_phone))), "phone-form")


def test_save_that_passes_opens_everything_again(
    client_of: ClientOf, router: User, sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    client = client_of(router)
    form = open_phone(client, sales_phone)
    Project.objects.filter(pk=aurora.pk).update(can_write_phones=False)

    form.send(nickname="Mío")

    assert sandbox.phones[sales_phone.pk].nickname == "Mío"
    assert "read-only" not in problems(client, LIST)
    assert has(read(client.get(url_of("phone_edit", sales_phone))), "phone-form")


def test_checking_the_key_opens_the_forms(
    client_of: ClientOf, admin: User, read_only: Project, sales_phone: Phone
) -> None:
    client = client_of(admin)

    client.post("/projects/aurora/settings/check/")

    read_only.refresh_from_db()
    assert read_only.can_write_phones is None
    assert "read-only" not in problems(client, LIST)
    assert has(read(client.get(url_of("phone_edit", sales_phone))), "phone-form")


def test_check_that_fails_leaves_the_forms_closed(
    client_of: ClientOf, admin: User, read_only: Project, sandbox: Sandbox
) -> None:
    plan(sandbox, *(Fault("status", status=500) for _ in range(20)))

    client_of(admin).post("/projects/aurora/settings/check/")

    read_only.refresh_from_db()
    assert read_only.can_write_phones is False
