"""What a person sees when Diga fails: the case's own sentence, the typed text, and a copy that is still right."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Outcome, Phone, Project
from phones.wording.causes import parts_for_cause
from tests.support.desk.saving import before_answering, forget_waiting, patches
from tests.support.diga.failures import DIGA_SAID, EVERY_FAILURE, FAILURES, PHONES, Failure
from tests.support.pages.pages import (
    FOR_DRAWER,
    Answer,
    diga_fields,
    find,
    form_in,
    open_phone,
    plan,
    read,
    result_of,
    texts,
    url_of,
    version_of,
    words,
)

ClientOf = Callable[[User], Client]
SHAPES = pytest.mark.parametrize("headers", [{}, FOR_DRAWER], ids=["page", "htmx"])
KEPT = "What you typed is kept in the form."
NOT_KNOWN_YET = (
    "Not known yet It was sent, and the answer was lost. Diga may still apply it. %s"
    " We read the number 5, 20 and 60 seconds after that, and say here what we find."
)
TYPED: dict[str, Any] = {"nickname": "Mío", "reason": "Porque sí", "ticket": "SUP-9"}


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


def _keeps_what_was_typed(client: Client, response: Answer) -> bool:
    return form_in(client, response).values.items() >= TYPED.items()


@SHAPES
@EVERY_FAILURE
def test_failed_read_before_the_write_sends_nothing(
    client: Client,
    sandbox: Sandbox,
    diga_url: str,
    monkeypatch: pytest.MonkeyPatch,
    sales_phone: Phone,
    failure: Failure,
    headers: dict[str, str],
) -> None:
    before = diga_fields()
    form = open_phone(client, sales_phone)

    with failure.happening(monkeypatch, sandbox, diga_url, "GET"):
        response = form.send(headers=headers, **TYPED)

    told = f"Not saved Nothing was sent, nothing was changed. {failure.read_sentence} {KEPT}"
    assert result_of(response) == told + (f" Diga says: {DIGA_SAID}" if failure.has_quote else "")
    assert response.status_code == failure.answer
    assert _keeps_what_was_typed(client, response)
    assert patches(sandbox) == []
    assert not Change.objects.exists()
    assert diga_fields() == before


@SHAPES
@EVERY_FAILURE
def test_failed_write_that_was_not_applied_says_so(
    client: Client,
    sandbox: Sandbox,
    diga_url: str,
    monkeypatch: pytest.MonkeyPatch,
    sales_phone: Phone,
    failure: Failure,
    headers: dict[str, str],
) -> None:
    before = diga_fields()
    form = open_phone(client, sales_phone)

    with failure.happening(monkeypatch, sandbox, diga_url, "PATCH"):
        response = form.send(headers=headers, **TYPED)

    change = Change.objects.get()
    outcome, told = _told_after_the_write(failure)
    quote = f" Diga says: {DIGA_SAID}" if failure.has_quote else ""
    assert result_of(response) == f"{told} {KEPT}{quote} This change #{change.pk}"
    assert (response.status_code, change.outcome, change.cause) == (failure.answer, outcome, failure.cause)
    assert _keeps_what_was_typed(client, response)
    # A connection that breaks without a byte may have been closed for being idle: a fresh one is tried once.
    assert len(patches(sandbox)) == (0 if failure.exception else 2 if failure.kind == "close" else 1)
    assert diga_fields() == before


def _told_after_the_write(failure: Failure) -> tuple[Outcome, str]:
    if failure.is_lost:
        # The old value proves nothing yet.
        return Outcome.UNKNOWN, NOT_KNOWN_YET % parts_for_cause(failure.cause)[0]
    if failure.cause in {"rate_limited", "refused", "connect_timeout"}:
        return Outcome.FAILED, f"Not saved, nothing was changed It did not reach Diga. {failure.sentence}"
    return Outcome.REFUSED, f"Diga refused, nothing was changed It was sent and not saved. {failure.sentence}"


ONE_A_CAUSE = {failure.cause: failure for failure in FAILURES}.values()
LOST = pytest.mark.parametrize(
    "failure", [failure for failure in FAILURES if failure.is_lost], ids=lambda failure: failure.name
)


@SHAPES
@LOST
def test_failed_write_that_was_applied_is_found_out_by_reading(
    client: Client,
    sandbox: Sandbox,
    diga_url: str,
    monkeypatch: pytest.MonkeyPatch,
    sales_phone: Phone,
    failure: Failure,
    headers: dict[str, str],
) -> None:
    before = diga_fields()
    form = open_phone(client, sales_phone)

    with failure.happening(monkeypatch, sandbox, diga_url, "PATCH", "after"):
        response = form.send(headers=headers, **TYPED)
    if not headers:
        assert response.status_code == 302
        response = client.get(response["Location"])

    assert response.status_code == 200
    assert "The answer was lost, but we read the number again: Diga has the change." in result_of(response)
    assert form_in(client, response).values["nickname"] == "Mío"
    renamed = {"nickname": "Mío", "search_text": "+34951441246 mio ", "nickname_key": "mio"}
    wanted = [row | (renamed if row["id"] == sales_phone.pk else {}) for row in before]
    assert diga_fields() == wanted


@LOST
def test_failed_write_is_unknown_where_reading_fails_too(
    client: Client,
    sandbox: Sandbox,
    diga_url: str,
    monkeypatch: pytest.MonkeyPatch,
    sales_phone: Phone,
    failure: Failure,
) -> None:
    before = diga_fields()
    form = open_phone(client, sales_phone)
    broken = Fault("status", status=400, method="GET", path=PHONES, times=None)

    with (
        failure.happening(monkeypatch, sandbox, diga_url, "PATCH", "after"),
        before_answering(sandbox, "PATCH", lambda: plan(sandbox, broken)),
    ):
        response = form.send(headers=FOR_DRAWER, **TYPED)

    change = Change.objects.get()
    assert result_of(response).startswith(NOT_KNOWN_YET % parts_for_cause(failure.cause)[0])
    assert (response.status_code, change.outcome) == (502, Outcome.UNKNOWN)
    assert _keeps_what_was_typed(client, response)
    assert diga_fields() == before


@SHAPES
@pytest.mark.parametrize("status", [400, 409, 422])
@pytest.mark.parametrize(
    ("field", "place"),
    [("nickname", "nickname"), ("inbound_version_id", "inbound"), ("outbound_version_id", "outbound")],
)
def test_field_that_diga_names_has_the_error_at_it(
    client: Client, sandbox: Sandbox, spare_phone: Phone, status: int, field: str, place: str, headers: dict[str, str]
) -> None:
    carla = str(version_of(sandbox, "Carla", 4))
    body = {"detail": [{"loc": ["body", field], "msg": "Not this one", "type": "value_error"}]}
    plan(sandbox, Fault("status", status=status, method="PATCH", body=body))

    response = open_phone(client, spare_phone).send(
        nickname="Mío", inbound_version_id=carla, both_directions="on", headers=headers
    )

    tree = read(response)
    (control,) = tree.xpath(".//*[@name=$name]", name=field)
    assert response.status_code == 422
    assert texts(find(tree, f"{place}-errors"), "./p") == ["Not this one"]
    assert f"{place}-errors" in (control.get("aria-describedby") or "").split()
    assert control.get("aria-invalid") == "true"
    kept = form_in(client, response).values
    assert (kept["nickname"], kept["inbound_version_id"], kept["both_directions"]) == ("Mío", carla, "on")


@SHAPES
def test_status_that_is_new_to_us_closes_the_phone_and_says_so(
    client: Client, sandbox: Sandbox, sales_phone: Phone, headers: dict[str, str]
) -> None:
    before = diga_fields()
    form = open_phone(client, sales_phone)
    plan(sandbox, Fault("unknown_enum", method="GET", path=PHONES))

    response = form.send(headers=headers, **TYPED)

    told = "Diga reports a status we don’t know, so this number is read-only here."
    assert response.status_code == 422
    assert result_of(response).startswith(f"Not saved Nothing was sent, nothing was changed. {told}")
    assert _keeps_what_was_typed(client, response)
    assert patches(sandbox) == []
    assert diga_fields() == [row | ({"status": "ported"} if row["id"] == sales_phone.pk else {}) for row in before]


def test_status_that_is_new_to_us_is_shown_as_it_is_after_a_save(
    client: Client, sandbox: Sandbox, sales_phone: Phone
) -> None:
    plan(sandbox, Fault("unknown_enum", method="PATCH", when="after"))

    response = open_phone(client, sales_phone).send(headers=FOR_DRAWER, **TYPED)

    assert response.status_code == 200
    assert result_of(response).startswith("Saved. Diga confirmed at")
    assert texts(read(response), ".//template//td[4]") == ["ported"]


@SHAPES
def test_failed_look_at_the_agents_sends_nothing(
    client: Client, sandbox: Sandbox, spare_phone: Phone, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_waiting(monkeypatch)
    newest = str(version_of(sandbox, "Alicia", 6))
    plan(sandbox, Fault("status", status=503, path="/v1/agent/", times=None))

    response = open_phone(client, spare_phone).send(inbound_version_id=newest, headers=headers)

    assert response.status_code == 502
    assert "that could not be checked. Nothing was sent. Diga has a problem" in result_of(response)
    assert form_in(client, response).values["inbound_version_id"] == newest
    assert patches(sandbox) == []


@SHAPES
@pytest.mark.parametrize("failure", ONE_A_CAUSE, ids=lambda failure: failure.cause)
def test_failed_reread_says_why_and_keeps_the_copy(
    client: Client,
    sandbox: Sandbox,
    diga_url: str,
    monkeypatch: pytest.MonkeyPatch,
    sales_phone: Phone,
    failure: Failure,
    headers: dict[str, str],
) -> None:
    before = diga_fields()
    url = url_of("phone_reread", sales_phone)

    with failure.happening(monkeypatch, sandbox, diga_url, "GET"):
        response = client.post(url, headers={"HX-Request": "true", "HX-Target": "read-state"} if headers else None)

    told = f"Not read from Diga: You see our copy; nothing was changed. {failure.read_sentence}"
    if headers:
        assert response.status_code == failure.answer
        assert texts(read(response), "./span[@role='status']") == [told]
    else:
        assert response.status_code == 302
        assert texts(find(read(client.get(response["Location"])), "messages"), "./p") == [told]
    assert diga_fields() == before


def test_rejected_key_is_remembered_and_said_on_every_page(
    client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    plan(sandbox, Fault("status", status=401, method="PATCH"))

    open_phone(client, sales_phone).send(**TYPED)

    aurora.refresh_from_db()
    assert aurora.is_rejected
    for page in ("phones/", "changes/", "agents/", ""):
        assert "no longer accepts the API key" in words(find(read(client.get(f"/projects/aurora/{page}")), "problems"))


def test_forbidden_write_is_remembered(client: Client, sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    plan(sandbox, Fault("status", status=403, method="PATCH"))

    open_phone(client, sales_phone).send(**TYPED)

    aurora.refresh_from_db()
    assert aurora.can_write_phones is False
