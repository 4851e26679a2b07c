"""While as many threads as may wait for Diga: every page that would ask it says so at once, and shows our copy."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.rig.plans import make_plan
from phones.diga.sandbox import Sandbox
from phones.models import Change, Outcome, Phone, Project, Source
from phones.services.routing.edits import PhoneEdit
from phones.services.upstream import bulkhead
from phones.services.upstream.bulkhead import ACTS_AT_ONCE, READS_AT_ONCE, place_to_act, place_to_read
from tests.support.desk.saving import target
from tests.support.pages.pages import (
    FOR_DRAWER,
    find,
    form_in,
    has,
    open_phone,
    open_rename,
    read,
    result_of,
    url_of,
    words,
)

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
CROWDED = "Diga takes long to answer. As many requests as may wait for it are waiting already, so it was not asked."


@pytest.fixture
def client(client_of: ClientOf, admin: User) -> Client:
    """The browser of an administrator."""
    return client_of(admin)


@pytest.fixture
def asked(sandbox: Sandbox, aurora: Project) -> Callable[[], int]:
    """Return how many requests the stand-in has received since now."""
    before = len(sandbox.journal)
    return lambda: len(sandbox.journal) - before


@pytest.fixture
def crowd(aurora: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Return what takes every place of this process."""
    monkeypatch.setattr(bulkhead, "ACT_PATIENCE_SECONDS", 0.01)
    with ExitStack() as taken:

        def take() -> None:
            for place, count in ((place_to_read, READS_AT_ONCE), (place_to_act, ACTS_AT_ONCE)):
                for _number in range(count):
                    taken.enter_context(place(aurora))

        yield take


def test_a_number_opens_with_our_copy_and_its_age(
    client: Client, sales_phone: Phone, crowd: Callable[[], None], asked: Callable[[], int]
) -> None:
    crowd()

    page = read(client.get(url_of("phone_edit", sales_phone)))
    state = read(client.post(url_of("phone_reread", sales_phone), headers={"HX-Request": "true"}))
    plain = client.post(url_of("phone_reread", sales_phone), follow=True)

    assert has(page, "phone-form")
    assert find(page, "read-again").get("formaction") == url_of("phone_reread", sales_phone)
    assert words(state).startswith("Not read from Diga: ")
    assert CROWDED in state.xpath(".//@title")[0]
    assert "Checked with Diga" in words(find(read(plain), "read-state"))
    assert CROWDED in plain.content.decode()
    assert asked() == 0


def test_opening_a_number_never_asks_diga_by_itself(
    client: Client, sales_phone: Phone, asked: Callable[[], int]
) -> None:
    assert client.get(url_of("phone_edit", sales_phone)).status_code == 200
    assert client.get(url_of("phone_edit", sales_phone), headers=FOR_DRAWER).status_code == 200

    assert asked() == 0


def test_a_save_says_that_nothing_was_sent_and_keeps_the_text(
    client: Client, sales_phone: Phone, crowd: Callable[[], None], asked: Callable[[], int]
) -> None:
    form, rename = open_phone(client, sales_phone), open_rename(client, sales_phone)
    crowd()

    saved, renamed = form.send(nickname="Typed"), rename.send(nickname="Typed too")

    assert (saved.status_code, renamed.status_code) == (502, 502)
    assert result_of(saved).startswith(f"Not saved Nothing was sent, nothing was changed. {CROWDED}")
    assert form_in(client, saved).values["nickname"] == "Typed"
    assert CROWDED in renamed.content.decode()
    assert (asked(), Change.objects.count()) == (0, 0)


def test_second_click_of_a_save_that_is_under_way_is_told_so(
    client: Client, sales_phone: Phone, crowd: Callable[[], None]
) -> None:
    form = open_phone(client, sales_phone)
    token = uuid.UUID(form.values["form_token"])
    values = {"number": sales_phone.shown, "source": Source.FORM, "after": {"nickname": "Typed"}}
    Change.objects.create(
        project=sales_phone.project, phone=sales_phone, created_at=timezone.now(), form_token=token, **values
    )
    crowd()

    response = form.send(nickname="Typed")

    assert response.status_code == 409
    assert result_of(response).startswith("Already sent")
    assert has(read(response), f"saving-{sales_phone.pk}")


def test_pages_that_peek_show_our_copy(
    client: Client, sales_phone: Phone, aurora: Project, crowd: Callable[[], None], asked: Callable[[], int]
) -> None:
    change = Change.objects.create(
        project=aurora,
        phone=sales_phone,
        number=sales_phone.shown,
        source=Source.FORM,
        before={"nickname": "Old"},
        after={"nickname": sales_phone.nickname},
        outcome=Outcome.CONFIRMED,
        created_at=timezone.now(),
    )
    publish = reverse("agent_publish", args=["aurora", target(aurora, "Alicia", 6).agent.id])
    crowd()

    for url in (reverse("change_revert", args=["aurora", change.pk]), publish):
        page = client.get(url)
        assert (page.status_code, CROWDED in page.content.decode()) == (200, True), url
    assert asked() == 0


def test_publishing_says_that_nothing_was_sent(
    client: Client, aurora: Project, crowd: Callable[[], None], asked: Callable[[], int]
) -> None:
    version = target(aurora, "Alicia", 6)
    url = reverse("agent_publish", args=["aurora", version.agent.id])
    crowd()

    typed = {"version_id": str(version.version.id), "reason": "Autumn", "form_token": str(uuid.uuid4())}
    response = client.post(url, typed)

    assert response.status_code == 502
    assert CROWDED in response.content.decode()
    assert asked() == 0


def test_plan_is_made_by_our_copy_of_the_agents(
    admin: User, aurora: Project, sales_phone: Phone, crowd: Callable[[], None], asked: Callable[[], int]
) -> None:
    Project.objects.update(agents_read_at=None)
    sales_phone.refresh_from_db()
    crowd()

    plan = make_plan(admin, [sales_phone], PhoneEdit(nickname="New"))

    assert plan.items.count() == 1
    assert asked() == 0


def test_keys_are_not_checked(
    client_of: ClientOf, client: Client, superuser: User, crowd: Callable[[], None], asked: Callable[[], int]
) -> None:
    key = "a key that nobody asks about"
    crowd()

    answers = [
        client.post(reverse("key_check", args=["aurora"])),
        client.post(reverse("project_settings", args=["aurora"]), {"key": key.replace(" ", "-")}),
        client_of(superuser).post(reverse("project_connect"), {"name": "New", "key": key.replace(" ", "-")}),
    ]

    assert [answer.status_code for answer in answers] == [502, 502, 502]
    assert all(CROWDED in answer.content.decode() for answer in answers)
    assert (asked(), Project.objects.count()) == (0, 1)


def test_while_diga_is_silent_one_call_asks_and_the_others_are_told(
    client: Client, aurora: Project, sales_phone: Phone, asked: Callable[[], int]
) -> None:
    Project.objects.update(unreachable_since=timezone.now(), unreachable_cause="timeout")
    aurora.refresh_from_db()

    with place_to_read(aurora):
        response = client.post(url_of("phone_reread", sales_phone), headers={"HX-Request": "true"})

    assert words(read(response)).startswith("Not read from Diga: ")
    assert asked() == 0
    assert client.post(url_of("phone_reread", sales_phone), headers={"HX-Request": "true"})["HX-Refresh"] == "true"
