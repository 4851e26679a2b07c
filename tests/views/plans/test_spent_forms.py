"""One form, one result: the same content again gives the first one, other content says so and is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bench.rig.plans import make_plan, phones_of
from phones.diga.sandbox import Sandbox
from phones.models import Change, ItemState, Phone, Plan, PlanKind, Project, Selection
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.planned import renames
from tests.support.desk.saving import forget_waiting, patches, save, sent, target
from tests.support.pages.pages import (
    Answer,
    find,
    form_in,
    open_phone,
    read,
    result_of,
    texts,
    values_of,
    version_of,
    words,
)
from tests.support.pages.plan_pages import said, show, url_of

ClientOf = Callable[[User], Client]
AURORA = "/projects/aurora/"
UPLOAD = f"{AURORA}plans/import/"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of a lead."""
    return client_of(lead)


def problem(answer: Answer) -> str:
    """Return what an answer says of a form that was sent before, after a look at its status."""
    assert answer.status_code == 409
    (said,) = texts(read(answer), ".//*[@data-result][.//strong[starts-with(., 'Already sent')]]")
    return said


# Plans.


def wish_url(project: Project, owner: User, *phones: Phone) -> str:
    selection = Selection.objects.create(project=project, owner=owner, phone_ids=[phone.pk.hex for phone in phones])
    return f"{AURORA}plans/new/?selection={selection.pk.hex}"


def wish(client: Client, url: str, **typed: str) -> dict[str, str]:
    given = {"nickname_how": "SET", "nickname_pattern": "Line {n}", "reason": "Autumn hours", "ticket": "T-1"}
    return values_of(find(read(client.get(url)), "wish")) | given | typed


@pytest.mark.parametrize(
    "other", [{"nickname_pattern": "Desk {n}"}, {"nickname_how": "EMPTY"}, {"reason": "Winter"}, {"ticket": "T-2"}]
)
def test_other_wish_on_a_spent_form_is_kept_and_said(
    client: Client, aurora: Project, lead: User, sales_phone: Phone, other: dict[str, str]
) -> None:
    url = wish_url(aurora, lead, sales_phone)
    first = wish(client, url)
    client.post(url, first)
    plan = Plan.objects.get()

    again, answer = client.post(url, first), client.post(url, first | other)

    assert again["Location"] == url_of(plan)
    assert f"plan {plan.pk} came of it" in problem(answer)
    assert read(answer).xpath(".//*[@data-result]//a/@href") == [url_of(plan)]
    kept = values_of(find(read(answer), "wish"))
    assert {name: kept[name] for name in other} == other
    assert Plan.objects.count() == 1
    assert client.post(url, kept).status_code == 302
    assert Plan.objects.count() == 2


def test_other_choice_on_a_spent_form_is_said(
    client: Client, aurora: Project, lead: User, sales_phone: Phone, spare_phone: Phone
) -> None:
    urls = [wish_url(aurora, lead, phone) for phone in (sales_phone, spare_phone)]
    first = wish(client, urls[0])
    client.post(urls[0], first)

    answer = client.post(urls[1], first)

    assert "came of it" in problem(answer)
    assert texts(read(answer), ".//h1") == ["Change 1 number"]
    assert Plan.objects.get().items.get().phone == sales_phone


def test_second_send_after_the_plan_has_run_gives_it_too(
    client: Client, aurora: Project, lead: User, sales_phone: Phone
) -> None:
    url = wish_url(aurora, lead, sales_phone)
    first = wish(client, url, nickname_pattern="{nickname} 2")
    client.post(url, first)
    Phone.objects.filter(pk=sales_phone.pk).update(nickname="Ventas Costa del Sol 2")

    assert client.post(url, first)["Location"] == url_of(Plan.objects.get())


def file_of(phone: Phone, nickname: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("phones.csv", f"number,nickname\n{phone.number},{nickname}\n".encode())


def test_other_file_on_a_spent_form_is_said_and_the_rest_kept(
    client: Client, sales_phone: Phone, spare_phone: Phone
) -> None:
    values = values_of(find(read(client.get(UPLOAD)), "upload")) | {"reason": "From the sheet", "ticket": "T-1"}
    client.post(UPLOAD, values | {"file": file_of(sales_phone, "Ventas Málaga")})
    plan = Plan.objects.get()
    Phone.objects.filter(pk=sales_phone.pk).update(nickname="Ventas Málaga")

    same = client.post(UPLOAD, values | {"file": file_of(sales_phone, "Ventas Málaga")})
    other = client.post(UPLOAD, values | {"file": file_of(spare_phone, "Recepción")})
    reason = client.post(UPLOAD, values | {"reason": "Another", "file": file_of(sales_phone, "Ventas Málaga")})

    assert same["Location"] == url_of(plan)
    for answer, kept in ((other, "From the sheet"), (reason, "Another")):
        assert f"plan {plan.pk} came of it" in problem(answer)
        assert "Choose the file again" in problem(answer)
        form = values_of(find(read(answer), "upload"))
        assert (form["reason"], form["ticket"]) == (kept, "T-1")
    assert Plan.objects.count() == 1


def ended(lead: User, project: Project) -> Plan:
    plan = make_plan(lead, phones_of(project, 2), renames("Line"))
    plan.items.update(state=ItemState.FAILED)
    Plan.objects.filter(pk=plan.pk).update(state="FINISHED", started_at=plan.created_at, finished_at=plan.created_at)
    return plan


def test_other_reason_for_trying_again_on_a_spent_form_is_said_and_kept(
    client: Client, aurora: Project, lead: User
) -> None:
    plan = ended(lead, aurora)
    (form,) = show(client, plan).xpath(".//form[contains(@action, '/again/')]")
    values = values_of(form) | {"kind": "RETRY"}
    client.post(form.get("action"), values)
    made = Plan.objects.get(kind=PlanKind.RETRY)

    same = client.post(form.get("action"), values)
    other = client.post(form.get("action"), values | {"reason": "Another"})

    assert same["Location"] == url_of(made)
    assert (other.status_code, Plan.objects.count()) == (409, 2)
    assert said(other).startswith("Already sent")
    assert find(read(other), "id_reason").get("value") == "Another"


def test_form_of_another_project_shows_nothing_of_it(
    client: Client, aurora: Project, talleres: Project, lead: User, superuser: User, sales_phone: Phone
) -> None:
    foreign = make_plan(superuser, phones_of(talleres, 1), renames("Theirs"))
    url = wish_url(aurora, lead, sales_phone)

    answer = client.post(url, wish(client, url, form_token=str(foreign.form_token)))

    assert "came of it" not in problem(answer)
    assert f"plan {foreign.pk}" not in problem(answer)
    assert Plan.objects.count() == 1


# Publishing a version.


@pytest.mark.parametrize("other", [{"reason": "Winter"}, {"ticket": "T-2"}, {"version_id": 4}])
def test_other_content_on_a_spent_form_to_publish_is_said(
    client: Client, aurora: Project, sandbox: Sandbox, other: dict[str, object]
) -> None:
    if "version_id" in other:
        other = {"version_id": str(version_of(sandbox, "Alicia", 4))}
    alicia = target(aurora, "Alicia", 6)
    url = f"{AURORA}agents/{alicia.agent.id}/publish/?version={alicia.version.id}"
    (form,) = read(client.get(url)).xpath(".//form[.//input[@name='version_id']]")
    values = values_of(form) | {"reason": "Autumn hours", "ticket": "T-1"}
    first = client.post(url, values)

    same, answer = client.post(url, values), client.post(url, values | other)

    plan = Plan.objects.get()
    assert same["Location"] == first["Location"]
    assert f"plan {plan.pk} came of it" in problem(answer)


# One number.


@pytest.mark.parametrize("other", [{"nickname": "Third"}, {"reason": "Winter"}, {"ticket": "T-2"}])
def test_other_content_on_a_spent_form_of_a_number_is_said_and_kept(
    client: Client, sandbox: Sandbox, sales_phone: Phone, other: dict[str, str]
) -> None:
    form = open_phone(client, sales_phone)
    typed: dict[str, Any] = {"nickname": "Second", "reason": "Autumn hours", "ticket": "T-1"}
    form.send(**typed)

    same, answer = form.send(**typed), form.send(**typed | other)

    assert same.status_code == 302
    assert answer.status_code == 409
    assert result_of(answer).startswith("Already sent")
    kept = form_in(client, answer).values
    assert {name: kept[name] for name in other} == other
    assert sent(sandbox) == [{"nickname": "Second"}]


def test_other_ticks_on_a_spent_form_that_takes_back_are_said(
    client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    change = save(sales_phone, PhoneEdit("Second", outbound=None)).change
    url = f"{AURORA}changes/{change.pk}/revert/"
    (form,) = read(client.get(url)).xpath("//main//form[@method='post']")
    values = {name: value for name, value in values_of(form).items() if name != "take_outbound"}
    first = client.post(url, values)
    if first.status_code == 200:
        # The guard is read first, for what is ticked now.
        (form,) = read(first).xpath("//main//form[@method='post']")
        values = {name: value for name, value in values_of(form).items() if name != "take_outbound"}
        first = client.post(url, values)
    assert first.status_code == 302, words(read(first))
    count = len(patches(sandbox))

    same = client.post(url, values)
    answers = [
        client.post(url, values | {"take_outbound": "on"}),
        client.post(url, values | {"reason": "Another"}),
        client.post(url, {name: value for name, value in values.items() if name != "take_nickname"}),
    ]

    assert same["Location"] == first["Location"]
    for answer in answers:
        assert f"#{Change.objects.latest('pk').pk}" in problem(answer)
    kept = [values_of(read(answer).xpath("//main//form[@method='post']")[0]) for answer in answers]
    assert ["take_outbound" in values for values in kept] == [True, False, False]
    assert kept[1]["reason"] == "Another"
    assert len(patches(sandbox)) == count
