"""A change for a time, or for later, from the form of a number to the overview and back."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Act, Change, Instance, Phone, Project, Schedule, ScheduleKind, ScheduleState
from tests.support.desk.saving import forget_waiting, patches, sent
from tests.support.desk.scheduled import HOUR, ended, let_it_be
from tests.support.pages.pages import FOR_DRAWER, find, form_in, open_phone, read, result_of, texts, url_of, words

ClientOf = Callable[[User], Client]
SHAPES = pytest.mark.parametrize("headers", [{}, FOR_DRAWER], ids=["page", "htmx"])
LIST = "/projects/aurora/schedules/"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may re-route a number."""
    return client_of(router)


def typed(moment: datetime) -> str:
    """Return a moment as a browser sends it."""
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def in_days(days: int) -> datetime:
    """Return noon in so many days: never a time that a zone skips."""
    return timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=days)


@SHAPES
def test_change_until_a_moment_is_saved_now_and_says_when_it_is_put_back(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    response = open_phone(client, sales_phone).send(nickname="Lunch", until_at=typed(in_days(3)), headers=headers)
    page = client.get(response["Location"]) if response.status_code == 302 else response

    schedule = Schedule.objects.get()
    assert (schedule.kind, schedule.due_at, schedule.change) == (
        ScheduleKind.PUT_BACK,
        in_days(3),
        Change.objects.get(),
    )
    assert sent(sandbox) == [{"nickname": "Lunch"}]
    assert result_of(page).startswith("Saved. Diga confirmed at")
    (block,) = read(page).xpath(f"//*[@data-schedule='{schedule.pk}']")
    assert "Put back: “" in words(block)
    assert "on behalf of Router Ruiz" in words(block)
    assert "in 2 d" in words(block) or "in 3 d" in words(block)
    assert form_in(client, page).values["until_at"] == ""


@SHAPES
def test_change_for_later_sends_nothing_now(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    response = open_phone(client, sales_phone).send(
        nickname="Monday", reason="New hours", from_at=typed(in_days(3)), until_at=typed(in_days(5)), headers=headers
    )
    page = client.get(response["Location"]) if response.status_code == 302 else response

    schedule = Schedule.objects.get()
    assert (schedule.kind, schedule.due_at, schedule.until_at) == (ScheduleKind.CHANGE, in_days(3), in_days(5))
    assert (schedule.after, schedule.reason) == ({"nickname": "Monday"}, "New hours")
    assert patches(sandbox) == []
    assert "Set for later" in words(read(page))
    assert "Nothing was sent now." in words(read(page))


def test_second_send_of_the_form_sets_nothing_twice(client: Client, sales_phone: Phone) -> None:
    form = open_phone(client, sales_phone)

    first = form.send(nickname="Monday", from_at=typed(in_days(3)))
    second = form.send(nickname="Monday", from_at=typed(in_days(3)))

    assert (first.status_code, second.status_code) == (302, 302)
    assert Schedule.objects.count() == 1


@pytest.mark.parametrize("name", ["from_at", "until_at"])
def test_moment_that_has_passed_keeps_what_was_typed_and_sends_nothing(
    client: Client, sandbox: Sandbox, sales_phone: Phone, name: str
) -> None:
    response = open_phone(client, sales_phone).send(nickname="Lunch", headers=FOR_DRAWER, **{name: "2020-01-01T08:00"})

    assert response.status_code == 422
    errors = f"{name.removesuffix('_at')}-errors"
    assert texts(find(read(response), errors), "./p") == ["This time has passed. Choose a later one."]
    values = form_in(client, response).values
    assert (values["nickname"], values[name]) == ("Lunch", "2020-01-01T08:00")
    assert read(response).xpath("//details[@class='when']/@open") != []
    assert patches(sandbox) == []


def test_labeller_sets_nothing_for_a_time(client_of: ClientOf, labeller: User, sales_phone: Phone) -> None:
    client = client_of(labeller)
    form = open_phone(client, sales_phone)
    assert "until_at" not in form.values

    response = form.send(nickname="Lunch", until_at=typed(in_days(1)))

    assert response.status_code == 403
    assert not Schedule.objects.exists()


def test_conflict_keeps_the_moments_that_were_typed(client: Client, sandbox: Sandbox, sales_phone: Phone) -> None:
    form = open_phone(client, sales_phone)
    sandbox.phones[sales_phone.pk].nickname = "Somebody else’s"

    response = form.send(nickname="Lunch", until_at=typed(in_days(1)), headers=FOR_DRAWER)

    assert response.status_code == 409
    assert form_in(client, response).values["until_at"] == typed(in_days(1))


@pytest.fixture
def waiting(client: Client, sales_phone: Phone) -> Schedule:
    """The sales number is called Lunch until noon in three days."""
    open_phone(client, sales_phone).send(nickname="Lunch", until_at=typed(in_days(3)))
    return Schedule.objects.get()


def act(client: Client, schedule: Schedule, name: str, **values: str) -> str:
    """Press a button of a row, and return what the page that follows says."""
    response = client.post(reverse(f"schedule_{name}", args=["aurora", schedule.pk]), values)
    assert response.status_code == 302, response.status_code
    return words(find(read(client.get(response["Location"])), "messages"))


def test_row_of_the_list_counts_down(client: Client, waiting: Schedule, sales_phone: Phone) -> None:
    row = find(read(client.get("/projects/aurora/phones/")), f"phone-{sales_phone.pk}")

    (badge,) = row.xpath(".//td[@class='c-state']/span[2]")
    assert words(badge) in {"back in 2 d", "back in 3 d"}
    assert badge.get("title").startswith("Put back: “")
    assert badge.get("title").endswith("at 12:00")


def test_row_after_a_save_is_that_of_a_reload(client: Client, waiting: Schedule, sales_phone: Phone) -> None:
    response = client.post(
        url_of("phone_reread", sales_phone), headers={"HX-Request": "true", "HX-Target": f"phone-{sales_phone.pk}"}
    )

    assert "back in" in words(read(response))


def test_cancelled_row_stays_as_it_is(client: Client, waiting: Schedule, aurora: Project) -> None:
    assert act(client, waiting, "cancel") == "It is cancelled; what is so now stays."

    let_it_be(aurora, waiting.due_at)
    assert ended(waiting) == ("CANCELLED", "")
    assert act(client, waiting, "cancel").startswith("It does not wait any more")


def test_row_is_moved(client: Client, waiting: Schedule) -> None:
    said = act(client, waiting, "move", due_at=typed(in_days(4)))

    waiting.refresh_from_db()
    assert waiting.due_at == in_days(4)
    assert said.startswith("It is set for another time:")


def test_row_is_not_moved_to_a_moment_that_has_passed(client: Client, waiting: Schedule) -> None:
    assert act(client, waiting, "move", due_at="2020-01-01T08:00") == "This time has passed. Choose a later one."

    before = waiting.due_at
    waiting.refresh_from_db()
    assert waiting.due_at == before


@pytest.mark.django_db(transaction=True)
def test_put_back_now_rings_a_worker(client: Client, waiting: Schedule, sandbox: Sandbox) -> None:
    assert act(client, waiting, "hurry") == "It is being done now."

    assert ended(waiting) == ("DONE", "")
    assert len(patches(sandbox)) == 2


def test_way_back_leads_nowhere_else(client: Client, waiting: Schedule) -> None:
    url = reverse("schedule_cancel", args=["aurora", waiting.pk])

    response = client.post(url, {"next": "https://example.com/"})

    assert response["Location"] == LIST


def test_problem_stays_on_overview_and_number_until_somebody_has_seen_it(
    client: Client, client_of: ClientOf, viewer: User, waiting: Schedule, aurora: Project, sales_phone: Phone
) -> None:
    Schedule.objects.update(state=ScheduleState.FAILED, cause="timeout", message="<b>busy</b>")
    pages = ["/projects/aurora/", url_of("phone_edit", sales_phone), f"{LIST}?show=notices"]

    for page in pages:
        (block,) = read(client.get(page)).xpath(f"//*[@data-schedule='{waiting.pk}']")
        assert "Diga did not answer in time." in words(block)
        assert "<b>busy</b>" in words(block)
        assert texts(block, ".//button") == ["Put back now", "I have seen it"]
    looking = read(client_of(viewer).get(pages[0])).xpath(f"//*[@data-schedule='{waiting.pk}']")
    assert [texts(block, ".//button") for block in looking] == [[]]

    assert act(client, waiting, "seen") == "Noted that you have seen it."
    for page in pages:
        assert read(client.get(page)).xpath(f"//*[@data-schedule='{waiting.pk}']") == []
    (block,) = read(client.get(f"{LIST}?show=all")).xpath(f"//*[@data-schedule='{waiting.pk}']")
    assert "Seen by Router Ruiz" in words(block)


def test_overview_says_what_comes_next(
    client: Client, waiting: Schedule, survey_phone: Phone, sandbox: Sandbox
) -> None:
    open_phone(client, survey_phone).send(nickname="Later", from_at=typed(in_days(2)))

    text = words(read(client.get("/projects/aurora/")))

    assert "1 temporary change, put back" in text
    assert "1 change for later, sent" in text


def test_overview_without_anything_set_says_nothing_of_it(client: Client, sales_phone: Phone) -> None:
    assert not read(client.get("/projects/aurora/")).xpath("//*[@id='agenda-title']")


def test_end_of_a_change_that_did_not_come_about_is_not_shown(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    sandbox.faults.add(Fault("status", status=422, method="PATCH"))

    open_phone(client, sales_phone).send(nickname="Lunch", until_at=typed(in_days(3)))

    assert Schedule.objects.count() == 1
    assert read(client.get(url_of("phone_edit", sales_phone))).xpath("//*[@data-schedule]") == []
    assert read(client.get(LIST)).xpath("//*[@data-schedule]") == []


def test_list_pages_on(client: Client, sales_phone: Phone, aurora: Project) -> None:
    now = timezone.now()
    Schedule.objects.bulk_create(
        Schedule(
            project=aurora,
            kind=ScheduleKind.CHANGE,
            phone=sales_phone,
            after={"nickname": f"Line {place}"},
            due_at=now + place * HOUR,
            created_at=now,
        )
        for place in range(1, 54)
    )

    first = read(client.get(LIST))
    (older,) = first.xpath("//a[@rel='next']/@href")
    second = read(client.get(older))

    assert len(first.xpath("//*[@data-schedule]")) == 50
    assert [words(title) for title in second.xpath("//*[@data-schedule]/strong/span")] == [
        f"Change: “Line {place}”" for place in (51, 52, 53)
    ]
    assert not second.xpath("//a[@rel='next']")


@pytest.mark.parametrize("query", ["?show=nothing", "?start=-1", "?start=99999999999999999999", "?show=all&start=x"])
def test_address_that_can_not_be_read_asks_for_nothing(client: Client, waiting: Schedule, query: str) -> None:
    assert client.get(LIST + query).status_code == 200


def test_act_on_nothing_is_not_found(client: Client) -> None:
    for pk in (1, 2**63):
        assert client.post(f"{LIST}{pk}/cancel/").status_code == 404
    assert not Act.objects.filter(kind="SCHEDULE_CANCELLED").exists()


def test_restored_copy_says_that_nothing_is_done(
    client: Client, waiting: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phones.services.installation.holding.find_break", lambda _project: object())

    assert "The database seems to be a restored copy" in words(read(client.get(LIST)))


def test_copy_in_another_folder_says_who_lets_it_go_on(client: Client, waiting: Schedule) -> None:
    Instance.objects.create(host="desk-2", noted_at=timezone.now(), admitted_at=None)

    for url in (LIST, "/projects/aurora/"):
        assert "An administrator of this server lets it go on." in words(read(client.get(url)))
