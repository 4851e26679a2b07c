"""The page of a plan that publishes a version: what it would do, what became of its request, and of each number."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from lxml.html import HtmlElement, tostring

from bench.rig.invariants import assert_invariants
from bench.rig.plans import start, states
from phones import tasks
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Membership, Phone, Plan, Project, PublishRequest, Role
from phones.services.plans import lifecycle
from phones.services.plans.publishing.create import ids_of
from phones.views.parts.permalinks import change_url, plan_page_url
from tests.support.database.tampering import alter
from tests.support.desk.published import AGENTS, fresh, phones_of, plan_of, publish, publishings, read_back, send
from tests.support.desk.saving import forget_waiting, held
from tests.support.pages.pages import Answer, find, plan, read, texts, values_of, words
from tests.support.pages.plan_pages import press, show, sums, url_of

pytestmark = pytest.mark.django_db(transaction=True)
ClientOf = Callable[[User], Client]
FOR_PROGRESS = {"HX-Request": "true", "HX-Target": "plan-progress"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of a lead."""
    return client_of(lead)


@pytest.fixture
def made(aurora: Project, lead: User) -> Plan:
    """A plan that publishes v6 of Alicia, of which v5 is live."""
    return plan_of(aurora, "Alicia", 6, by=lead)


def titles(tree: HtmlElement) -> list[str]:
    return texts(tree, "//*[@id='plan-progress']//*[contains(@class, 'guard')]/strong")


def typed(made: Plan) -> str:
    return str(made.items.count())


# Before.


def test_preview_shows_every_number_and_what_publishing_does(client: Client, aurora: Project, made: Plan) -> None:
    phones = phones_of(aurora, "Alicia")

    page = show(client, made)

    assert f"Plan {made.pk} · publishes “Alicia · Recepción” v6" in texts(page, "//h1")
    assert "keep" not in words(page.xpath("//main//header")[0])
    (effect,) = page.xpath("//section[@aria-label='What applying does']")
    assert words(effect).startswith(f"Publishing v6 moves all {len(phones)} numbers from v5, at once.")
    assert sums(page)["will change"] == len(phones)
    rows = show(client, made, "?group=WILL_CHANGE").xpath("//tbody[@id='group-WILL_CHANGE']/tr")[1:]
    shown = [words(row.xpath("td[1]")[0]) for row in rows if row.xpath("td[@class='c-num']")]
    assert shown == [phone.shown for phone in phones]
    assert all(version in words(rows[0]) for version in ("v5", "v6"))


def test_applying_publishes_and_reads_back(client: Client, made: Plan, sandbox: Sandbox) -> None:
    answer = press(client, made, "apply", typed=typed(made))

    page = read(client.get(answer["Location"]))
    assert (fresh(made).state, len(publishings(sandbox))) == ("FINISHED", 1)
    assert titles(page) == ["Published: “Alicia · Recepción” runs v6"]
    assert f"All its {typed(made)} numbers were read back and still have the agent." in words(page)
    assert sums(page)["done"] == made.items.count()
    change = Change.objects.order_by("pk")[0]
    assert change_url(change, "aurora") in show(client, made, "?state=ALL").xpath("//a/@href")
    of_change = words(read(client.get(change_url(change, "aurora"))))
    assert "new version of an agent" in of_change
    assert f"Plan {made.pk}" in of_change
    assert_invariants(sandbox)


def test_what_moved_meanwhile_is_shown_anew_and_nothing_is_sent(
    client: Client, made: Plan, sandbox: Sandbox, spare_phone: Phone
) -> None:
    page, count = show(client, made), typed(made)
    held(sandbox, spare_phone).inbound_agent_id = sandbox.projects["aurora"].agent("Alicia").id

    answer = press(client, made, "apply", page, typed=count)

    assert answer.status_code == 409
    assert "Not started: the preview has changed" in words(read(answer))
    assert sums(read(answer))["will change"] == int(count) + 1
    assert publishings(sandbox) == []


def test_version_that_is_live_by_now_says_so_in_every_row(client: Client, made: Plan, sandbox: Sandbox) -> None:
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(6).id

    answer = press(client, made, "renew")

    page = read(client.get(answer["Location"]))
    assert sums(page)["can’t be changed"] == made.items.count()
    assert "This version takes the calls already." in words(find(page, "group-CANNOT"))
    assert page.xpath("//button[@id='plan-go']/@disabled")


def test_second_person_approves_what_was_proposed(
    client: Client, client_of: ClientOf, admin: User, lead: User, made: Plan, sandbox: Sandbox
) -> None:
    Project.objects.update(approved_above=3)
    press(client, made, "apply", typed=typed(made))
    assert (fresh(made).state, publishings(sandbox)) == ("PROPOSED", [])
    assert show(client, made).xpath("//button[@id='plan-approve']") == []

    other = client_of(admin)
    press(other, made, "approve")

    done = fresh(made)
    assert (done.state, done.approver, done.author, len(publishings(sandbox))) == ("FINISHED", admin, lead, 1)
    assert "let run by Admin Ruiz" in words(show(other, made))


def test_proposal_of_somebody_who_may_no_longer_publishes_nothing(
    client: Client, client_of: ClientOf, admin: User, lead: User, made: Plan, sandbox: Sandbox
) -> None:
    Project.objects.update(approved_above=3)
    press(client, made, "apply", typed=typed(made))
    Membership.objects.filter(user=lead).update(role=Role.ROUTER)

    press(client_of(admin), made, "approve")

    assert (fresh(made).cause, publishings(sandbox)) == ("no_right", [])
    assert "may no longer change many numbers" in words(show(client_of(admin), made))


# What became of it.


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Accepted, but not published when we read it"),
        ("es", "Aceptado, pero sin publicar cuando lo leímos"),
    ],
)
def test_version_that_may_only_be_late_is_not_called_something_else(
    client: Client, made: Plan, sandbox: Sandbox, language: str, title: str
) -> None:
    agent_id, version_id = ids_of(made)
    body = {"agent_id": str(agent_id), "published_version_id": str(version_id)}
    plan(sandbox, Fault("status", status=200, body=body, method="PATCH", path=AGENTS))
    applied = press(client, made, "apply", typed=typed(made))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language

    page = read(client.get(applied["Location"]))

    assert titles(page) == [title]
    assert ("Diga ran v5 then." if language == "en" else "v5") in words(page)


@pytest.mark.parametrize(
    ("fault", "title", "quote"),
    [
        (Fault("status", status=403), "Diga refused, nothing was published", "A fault of the stand-in"),
        (Fault("status", status=409), "Diga refused, nothing was published", "A fault of the stand-in"),
        (Fault("status", status=502), "Not known yet", "A fault of the stand-in"),
        (Fault("stored_other"), "Diga published something else", ""),
        (Fault("close"), "Not known yet", ""),
        (Fault("status", status=429), "Not published", "A fault of the stand-in"),
        (Fault("close", when="after"), "Published: “Alicia · Recepción” runs v6", ""),
    ],
    ids=str,
)
def test_every_outcome_says_what_happened(
    client: Client, made: Plan, sandbox: Sandbox, fault: Fault, title: str, quote: str
) -> None:
    fault.method, fault.path = "PATCH", AGENTS
    plan(sandbox, fault)

    page = read(client.get(press(client, made, "apply", typed=typed(made))["Location"]))

    assert titles(page) == [title]
    assert texts(page, "//*[@id='plan-progress']//div[contains(@class, 'guard')]//q") == ([quote] if quote else [])
    assert len(publishings(sandbox)) == 1


@pytest.mark.parametrize("cause", ["publish_moved", "not_read", "publish_busy", "old_copy"])
def test_plan_that_pauses_by_itself_says_why_and_what_next(client: Client, made: Plan, lead: User, cause: str) -> None:
    start(made, lead)
    lifecycle.pause_plan(plan=made, clock=timezone.now, cause=cause, message="Diga’s words")

    page = show(client, made)

    said = words(page.xpath("//*[contains(@class, 'guard')][strong='Paused by itself']")[0])
    assert "Something went wrong" not in said
    assert "The rest was not sent." in said


def test_page_polls_until_every_number_is_read_back(client: Client, aurora: Project, lead: User) -> None:
    done = publish(aurora, "Alicia", 6, by=lead)
    url = url_of(done, "progress/?seen=RUNNING")

    running, whole = client.get(url, headers=FOR_PROGRESS), client.get(plan_page_url(done, "aurora"))
    assert (running.status_code, b"every 1s" in running.content) == (200, True)
    assert progress(running) == progress(whole)
    assert f"0 of {typed(done)} read back" in words(read(running))
    tasks.run_plan(done.pk)
    ended, whole = client.get(url, headers=FOR_PROGRESS), client.get(plan_page_url(done, "aurora"))

    assert (ended.status_code, ended["HX-Retarget"], b"every 1s" in ended.content) == (286, "#plan-card", False)
    assert progress(ended) == progress(whole)


def progress(answer: Answer) -> str:
    found: HtmlElement = find(read(answer), "plan-progress")
    return str(tostring(found, with_tail=False, encoding="unicode"))


@pytest.mark.parametrize("is_soon", [True, False])
def test_page_of_a_lost_answer_goes_on_for_as_long_as_it_is_of_use(
    client: Client, made: Plan, lead: User, sandbox: Sandbox, is_soon: bool
) -> None:
    plan(sandbox, Fault("close", method="PATCH"))
    send(start(made, lead))
    if not is_soon:
        request = PublishRequest.objects.get()
        PublishRequest.objects.update(next_look_at=request.sent_at + timedelta(hours=2))

    answer = client.get(url_of(made, "progress/?seen=RUNNING"), headers=FOR_PROGRESS)

    assert answer.status_code == (200 if is_soon else 286)
    expected = "Not known yet" if is_soon else "We don’t know whether Diga has published it"
    assert titles(show(client, made)) == [expected]
    assert states(made) == {"SENDING": made.items.count()}


def test_entries_of_an_upgrade_of_an_older_release_lead_to_its_plan_and_back(
    client: Client, aurora: Project, lead: User
) -> None:
    done = read_back(publish(aurora, "Alicia", 6, by=lead))
    done.wish["version"]["upgrade"] = 7
    done.save()
    alter(Change.objects.all(), plan=None)

    shown = set(read(client.get(f"/projects/aurora/changes/?plan={done.pk}")).xpath("//main//a/@href"))
    page = read(client.get(change_url(Change.objects.all()[0], "aurora")))

    assert {change_url(change, "aurora") for change in Change.objects.all()} <= shown
    assert plan_page_url(done, "aurora") in page.xpath("//main//dd/a/@href")


# What was lost, and what comes next.


def again(client: Client, done: Plan, kind: str) -> Answer:
    (form,) = show(client, done).xpath("//form[contains(@action, '/again/')]")
    assert kind in form.xpath(".//button/@value")
    return client.post(form.get("action"), values_of(form) | {"kind": kind, "reason": "Given back"})


def offered(client: Client, done: Plan) -> list[str]:
    return [str(kind) for kind in show(client, done).xpath("//form[contains(@action, '/again/')]//button/@value")]


def test_lost_numbers_are_shown_with_a_plan_that_gives_them_back(
    client: Client, aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    sandbox.switches.publish_without_phones = "detach"
    phones = phones_of(aurora, "Alicia")

    done = read_back(publish(aurora, "Alicia", 6, by=lead))

    page = show(client, done)
    assert titles(page)[1] == f"Diga detached {len(phones)} numbers"
    (box,) = page.xpath("//*[@role='alert'][strong[contains(., 'Diga detached')]]")
    rows = read(client.get(box.xpath(".//a/@href")[0])).xpath("//table[@aria-label='Rows of the plan']/tbody/tr")
    assert {words(row.xpath("td[1]")[0]) for row in rows} == {phone.shown for phone in phones}
    assert all("Lost the agent: no longer" in words(row) for row in rows)
    assert offered(client, done) == ["REATTACH"]
    answer = again(client, done, "REATTACH")
    made = Plan.objects.exclude(pk=done.pk).get()
    assert answer["Location"] == plan_page_url(made, "aurora")
    assert (made.kind, made.items.count(), made.state, made.origin) == ("REATTACH", len(phones), "PREVIEW", done)
    assert f"gives back what plan {done.pk} has detached" in words(show(client, made))
    assert len(publishings(sandbox)) == 1


def test_published_version_is_taken_back_by_publishing_the_one_before(
    client: Client, aurora: Project, lead: User
) -> None:
    done = read_back(publish(aurora, "Alicia", 6, by=lead))

    assert offered(client, done) == ["REVERT"]
    again(client, done, "REVERT")

    back = Plan.objects.exclude(pk=done.pk).get()
    assert (back.kind, back.origin, back.wish["version"]["value"].version_number) == ("PUBLISH", done, 5)
    assert {lane.version_number for lane in back.items.all()[0].before.values()} == {6}


def test_what_was_not_published_can_be_published_once_more(
    client: Client, made: Plan, lead: User, sandbox: Sandbox
) -> None:
    plan(sandbox, Fault("status", status=429, method="PATCH"))
    read_back(start(made, lead))

    assert offered(client, made) == ["RETRY"]
    again(client, made, "RETRY")

    retried = Plan.objects.exclude(pk=made.pk).get()
    assert (retried.kind, retried.origin, retried.items.count()) == ("PUBLISH", made, made.items.count())


def test_plan_that_was_stopped_before_it_sent_anything_leaves_the_rest(client: Client, made: Plan, lead: User) -> None:
    lifecycle.stop_plan(plan=start(made, lead), by=lead, clock=timezone.now)

    assert offered(client, made) == ["REST"]
    again(client, made, "REST")

    assert Plan.objects.exclude(pk=made.pk).get().kind == "PUBLISH"


def test_plan_that_was_stopped_while_reading_back_offers_no_second_publishing(
    client: Client, aurora: Project, lead: User
) -> None:
    done = publish(aurora, "Alicia", 6, by=lead)
    lifecycle.stop_plan(plan=done, by=lead, clock=timezone.now)

    assert offered(client, done) == []


@pytest.mark.parametrize("kind", ["RETRY", "REST", "REATTACH"])
def test_kind_that_is_not_offered_makes_no_plan(client: Client, aurora: Project, lead: User, kind: str) -> None:
    done = read_back(publish(aurora, "Alicia", 6, by=lead))
    (form,) = show(client, done).xpath("//form[contains(@action, '/again/')]")

    answer = client.post(form.get("action"), values_of(form) | {"kind": kind, "reason": "Once more"})

    assert (answer.status_code, Plan.objects.count()) == (422, 1)


def test_read_that_fails_makes_no_second_plan(client: Client, aurora: Project, lead: User, sandbox: Sandbox) -> None:
    done = read_back(publish(aurora, "Alicia", 6, by=lead))
    (form,) = show(client, done).xpath("//form[contains(@action, '/again/')]")
    plan(sandbox, Fault("status", status=503, method="GET", times=None))

    answer = client.post(form.get("action"), values_of(form) | {"kind": "REVERT", "reason": "Taken back"})

    assert (answer.status_code, Plan.objects.count()) == (502, 1)
    assert read(answer).xpath("//input[@name='reason']/@value") == ["Taken back"]


def test_viewer_sees_what_became_of_it_and_can_do_nothing(
    client_of: ClientOf, viewer: User, aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    sandbox.switches.publish_without_phones = "detach"
    done = read_back(publish(aurora, "Alicia", 6, by=lead))

    page = show(client_of(viewer), done)

    assert "Diga detached" in words(page)
    assert page.xpath("//main//form") == []
