"""Requests made by hand: wrong roles, foreign ids, fields nobody changes. None of them reaches Diga."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.diga.sandbox import Sandbox
from phones.forms.phones import FIXED_FIELDS
from phones.models import Change, Phone, Project
from phones.services.projects import keys
from tests.support.pages.pages import (
    FOR_DRAWER,
    OpenForm,
    diga_fields,
    find,
    form_in,
    open_phone,
    open_rename,
    read,
    result_of,
    texts,
    url_of,
    version_of,
    words,
)

TOO_OLD = "This form is too old. Open the number again; nothing was sent."
LANE_FIELDS = ["inbound_version_id", "outbound_version_id", "unassign_inbound", "unassign_outbound", "both_directions"]
ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, router: User) -> Client:
    """The browser of somebody who may rename and re-route."""
    return client_of(router)


@pytest.fixture
def form(client: Client, sales_phone: Phone) -> OpenForm:
    """The open form of the sales phone."""
    return open_phone(client, sales_phone)


@pytest.fixture
def rename(client: Client, sales_phone: Phone) -> OpenForm:
    """The open rename form of the sales phone."""
    return open_rename(client, sales_phone)


@pytest.fixture(autouse=True)
def _nothing_reaches_diga(sandbox: Sandbox, form: OpenForm, rename: OpenForm) -> Iterator[None]:
    """From when the form stands open: no request, no entry in the diary, no changed row."""
    before = diga_fields()
    sandbox.journal.clear()
    yield
    assert sandbox.journal == []
    assert not Change.objects.exists()
    assert diga_fields() == before


SHAPES = pytest.mark.parametrize("headers", [{}, FOR_DRAWER], ids=["page", "htmx"])


@SHAPES
def test_field_that_nobody_changes_is_refused(form: OpenForm, headers: dict[str, str]) -> None:
    for field in sorted(FIXED_FIELDS):
        response = form.send(nickname="Mío", headers=headers, **{field: "assigned"})

        assert response.status_code == 422, field
        assert f"“{field}” can’t be changed here. Nothing was sent." in words(find(read(response), "phone-form"))
        assert form_in(form.client, response).values["nickname"] == "Mío"


def test_fixed_fields_are_all_of_a_phone_but_its_nickname() -> None:
    assert {field.name for field in Phone._meta.concrete_fields} - FIXED_FIELDS == {"nickname"}


def test_rename_refuses_a_forged_status(rename: OpenForm) -> None:
    response = rename.send(nickname="Mío", status="assigned")

    assert response.status_code == 422
    assert "“status” can’t be changed here." in words(read(response))


@SHAPES
@pytest.mark.parametrize("lane", ["inbound", "outbound"])
def test_version_that_is_not_offered_is_refused_at_its_field(
    form: OpenForm, sandbox: Sandbox, lane: str, headers: dict[str, str]
) -> None:
    alicia = sandbox.projects["aurora"].agent("Alicia")
    forged = {
        "no uuid": "1; DROP TABLE",
        "unknown": str(uuid4()),
        "foreign": str(sandbox.projects["talleres"].agent("Nuria").version(3).id),
        "draft": str(alicia.draft.id),
        "an agent's id": str(alicia.id),
    }

    for kind, version_id in forged.items():
        response = form.send(nickname="Mío", headers=headers, **{f"{lane}_version_id": version_id})

        assert response.status_code == 422, kind
        assert texts(find(read(response), f"{lane}-errors"), "./p") == [
            "This version is not offered to this number. Nothing was sent."
        ]
        assert form_in(form.client, response).values["nickname"] == "Mío"


@SHAPES
@pytest.mark.parametrize(
    ("field", "limit"), [("nickname", 255), ("reason", 500), ("ticket", 80)], ids=["nickname", "reason", "ticket"]
)
def test_text_that_is_too_long_is_refused_at_its_field(
    form: OpenForm, field: str, limit: int, headers: dict[str, str]
) -> None:
    response = form.send(headers=headers, **{field: "x" * (limit + 1)})

    assert response.status_code == 422
    assert texts(find(read(response), f"{field}-errors"), "./p") == [
        f"Ensure this value has at most {limit} characters (it has {limit + 1})."
    ]
    assert form_in(form.client, response).values[field] == "x" * (limit + 1)


def test_agent_can_not_be_given_and_unassigned_at_once(form: OpenForm, sandbox: Sandbox) -> None:
    carla = str(version_of(sandbox, "Carla", 4))

    response = form.send(inbound_version_id=carla, unassign_inbound="on")

    assert response.status_code == 422
    assert texts(find(read(response), "inbound-errors"), "./p") == [
        "Choose an agent or unassign, not both. Nothing was sent."
    ]


@SHAPES
@pytest.mark.parametrize("opened", ["", "forged", None])
def test_form_without_its_signature_is_too_old(form: OpenForm, opened: str | None, headers: dict[str, str]) -> None:
    response = form.send(nickname="Mío", opened=opened, headers=headers)

    assert response.status_code == 422
    assert TOO_OLD in texts(find(read(response), "phone-form"), ".//*[@role='alert']")
    assert form_in(form.client, response).values["nickname"] == "Mío"


def test_form_of_another_phone_is_too_old(client: Client, form: OpenForm, spare_phone: Phone, sandbox: Sandbox) -> None:
    other = open_phone(client, spare_phone)
    sandbox.journal.clear()

    response = form.send(nickname="Mío", opened=other.values["opened"])

    assert response.status_code == 422
    assert TOO_OLD in texts(find(read(response), "phone-form"), ".//*[@role='alert']")


@pytest.mark.parametrize("token", [None, "", "no-uuid"])
def test_form_without_a_one_time_token_is_refused(form: OpenForm, token: str | None) -> None:
    response = form.send(nickname="Mío", form_token=token)

    assert response.status_code == 422
    assert form_in(form.client, response).values["nickname"] == "Mío"
    assert texts(find(read(response), "phone-form"), ".//*[@role='alert']") == [TOO_OLD]


@SHAPES
@pytest.mark.parametrize("value", ["", "on"])
def test_labeller_may_not_send_a_lane(
    client_of: ClientOf, labeller: User, form: OpenForm, sales_phone: Phone, value: str, headers: dict[str, str]
) -> None:
    own = open_phone(client_of(labeller), sales_phone)

    for field in LANE_FIELDS:
        response = own.send(nickname="Mío", headers=headers, **{field: value})

        assert response.status_code == 403, field
        assert "Your role doesn’t allow this" in words(read(response))


@SHAPES
def test_viewer_may_not_save(client_of: ClientOf, viewer: User, form: OpenForm, headers: dict[str, str]) -> None:
    response = OpenForm(client_of(viewer), form.url, form.values).send(nickname="Mío", headers=headers)

    assert response.status_code == 403
    assert response.get("HX-Retarget") == ("#problems" if headers else None)


@pytest.mark.parametrize("role", ["viewer", "labeller"])
def test_guard_is_for_those_who_route(
    request: pytest.FixtureRequest, client_of: ClientOf, form: OpenForm, sales_phone: Phone, role: str
) -> None:
    person: User = request.getfixturevalue(role)

    assert client_of(person).get(url_of("phone_guard", sales_phone), form.values).status_code == 403


def test_phone_of_another_project_is_not_found(client: Client, form: OpenForm, sales_phone: Phone) -> None:
    other = Project.objects.create(name="Other", slug="other")
    Phone.objects.filter(pk=sales_phone.pk).update(project=other)

    assert form.send(nickname="Mío").status_code == 404

    Phone.objects.filter(pk=sales_phone.pk).update(project=sales_phone.project)


@SHAPES
@pytest.mark.parametrize("state", ["disconnected", "rejected", "unreadable"])
def test_nothing_is_saved_without_a_usable_key(
    form: OpenForm, aurora: Project, headers: dict[str, str], state: str
) -> None:
    if state == "disconnected":
        keys.disconnect(project=aurora, actor=None, now=timezone.now())
    elif state == "rejected":
        Project.objects.update(token_state="REJECTED")
    else:
        Project.objects.update(sealed_token="gone")

    response = form.send(nickname="Mío", headers=headers)

    assert response.status_code == 422
    assert result_of(response).startswith(
        "Not saved Nothing was sent, nothing was changed. This project has no API key that can be used."
    )
    assert form_in(form.client, response).values["nickname"] == "Mío"


@SHAPES
def test_phone_that_was_closed_meanwhile_says_why(form: OpenForm, sales_phone: Phone, headers: dict[str, str]) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(status="released")

    response = form.send(nickname="Mío", headers=headers)

    Phone.objects.filter(pk=sales_phone.pk).update(status="assigned")
    assert response.status_code == 422
    assert result_of(response).startswith("Not saved Nothing was sent, nothing was changed. This number was given back")
    assert form_in(form.client, response).values["nickname"] == "Mío"


def test_role_that_was_lowered_counts_at_once(form: OpenForm, router: User) -> None:
    router.memberships.update(role="VIEWER")

    assert form.send(nickname="Mío").status_code == 403


def test_person_who_was_removed_finds_nothing(form: OpenForm, router: User) -> None:
    router.memberships.all().delete()

    assert form.send(nickname="Mío").status_code == 404
