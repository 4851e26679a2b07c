"""Passkeys without a browser: whose answers are taken, and for which site."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.fixtures.desk import PASSWORD
from tests.support.pages.pages import Answer, read, texts
from tests.support.sign_in.device import PRESENT, Device

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
ADD, LOGIN = "/account/2fa/webauthn/add/", "/account/2fa/webauthn/login/"
HOME = "/"


@pytest.fixture(autouse=True)
def _site_has_a_name(settings: Settings) -> None:
    settings.SITE_URL = "https://desk.example.com"


def options_in(page: Answer) -> dict[str, Any]:
    """Return the options of a page for the browser."""
    (options,) = read(page).xpath("//form[@data-passkey]/@data-options")
    return dict(json.loads(options))


def add(client: Client, device: Device, name: str = "Laptop") -> Answer:
    """Add a passkey."""
    credential = device.create(options_in(client.get(ADD)))
    return client.post(ADD, {"name": name, "credential": json.dumps(credential)})


def sign_in(client: Client, device: Device, person: User) -> Answer:
    """Sign in by a passkey."""
    options = client.get(LOGIN, headers={"Accept": "application/json"}).json()["request_options"]
    credential = device.get(options, user_pk_to_url_str(person))
    return client.post(LOGIN, {"credential": json.dumps(credential)})


def is_in(client: Client) -> bool:
    """Say whether somebody is signed in."""
    return client.get("/account/").status_code == 200


def test_passkey_signs_in_and_is_fresh(viewer: User, client_of: ClientOf, client: Client) -> None:
    device = Device()
    assert add(client_of(viewer), device)["Location"] == "/account/2fa/recovery-codes/"

    assert sign_in(client, device, viewer)["Location"] == HOME
    assert client.get(ADD).status_code == 200


def test_added_passkey_is_proof_of_its_own(viewer: User, client_of: ClientOf) -> None:
    client = client_of(viewer)
    add(client, Device())

    assert client.get("/account/2fa/recovery-codes/").status_code == 200


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.desk.example.com", "desk.example.com"),
        ("https://evil.example", "desk.example.com"),
        ("http://desk.example.com", "desk.example.com"),
        ("https://desk.example.com", "example.com"),
    ],
)
def test_answer_for_another_site_is_refused(
    viewer: User, client_of: ClientOf, client: Client, origin: str, host: str
) -> None:
    device, wrong = Device(), Device(origin, host)
    own = client_of(viewer)
    assert "Incorrect code." in texts(read(add(own, wrong)), "//main//strong")
    add(own, device)
    device.origin, device.host = origin, host

    assert sign_in(client, device, viewer)["Location"] == "/account/login/"
    assert not is_in(client)
    assert Authenticator.objects.filter(user=viewer, type="webauthn").count() == 1


def test_touch_without_finger_or_pin_is_not_enough(viewer: User, client_of: ClientOf, client: Client) -> None:
    device = Device()
    own = client_of(viewer)
    device.flags = PRESENT
    assert "Incorrect code." in texts(read(add(own, device)), "//main//strong")
    device = Device()
    add(own, device)
    device.flags = PRESENT

    sign_in(client, device, viewer)

    assert not is_in(client)


def test_passkey_of_somebody_else_opens_nothing(viewer: User, lead: User, client_of: ClientOf, client: Client) -> None:
    device = Device()
    add(client_of(viewer), device)

    sign_in(client, device, lead)

    assert not is_in(client)


def test_answer_works_once(viewer: User, client_of: ClientOf, client: Client) -> None:
    device = Device()
    add(client_of(viewer), device)
    options = client.get(LOGIN, headers={"Accept": "application/json"}).json()["request_options"]
    credential = json.dumps(device.get(options, user_pk_to_url_str(viewer)))
    client.post(LOGIN, {"credential": credential})
    client.post("/account/logout/")

    client.post(LOGIN, {"credential": credential})

    assert not is_in(client)


def test_account_that_is_switched_off_does_not_open(viewer: User, client_of: ClientOf, client: Client) -> None:
    device = Device()
    add(client_of(viewer), device)
    User.objects.update(is_active=False)

    sign_in(client, device, viewer)

    assert "This account is switched off." in client.get("/account/login/").content.decode()


@pytest.mark.parametrize(
    "credential",
    ["", "nonsense", "null", "[]", "{}", '"text"', '{"response": []}', '{"response": {"clientDataJSON": 7}}'],
)
def test_nonsense_is_refused(viewer: User, client_of: ClientOf, client: Client, credential: str) -> None:
    own = client_of(viewer)
    own.get(ADD)
    client.get(LOGIN, headers={"Accept": "application/json"})

    assert own.post(ADD, {"name": "x", "credential": credential}).status_code == 200
    assert client.post(LOGIN, {"credential": credential})["Location"] == "/account/login/"
    assert not is_in(client)


@pytest.mark.parametrize("part", ["rawId", "response"])
def test_half_an_answer_is_refused(viewer: User, client_of: ClientOf, client: Client, part: str) -> None:
    device, own = Device(), client_of(viewer)
    half = device.create(options_in(own.get(ADD)))
    del half[part]
    assert own.post(ADD, {"name": "x", "credential": json.dumps(half)}).status_code == 200

    options = client.get(LOGIN, headers={"Accept": "application/json"}).json()["request_options"]
    half = device.get(options, user_pk_to_url_str(viewer))
    del half[part]
    assert client.post(LOGIN, {"credential": json.dumps(half)})["Location"] == "/account/login/"


@pytest.mark.parametrize("handle", ["", "zzzzzzzzzzzzzzzzzzzzzzzz", "-1", "\x00", "ñ"])
def test_nobody_is_found_by_a_strange_handle(client: Client, handle: str) -> None:
    options = client.get(LOGIN, headers={"Accept": "application/json"}).json()["request_options"]
    credential = Device().get(options, handle)

    assert client.post(LOGIN, {"credential": json.dumps(credential)})["Location"] == "/account/login/"


def test_passkeys_of_others_are_not_there(viewer: User, lead: User, client_of: ClientOf) -> None:
    add(client_of(viewer), Device())
    key = Authenticator.objects.get(user=viewer, type="webauthn").pk
    client = client_of(lead)

    for act in ("edit", "remove"):
        url = f"/account/2fa/webauthn/keys/{key}/{act}/"
        assert [client.get(url).status_code, client.post(url, {"name": "Mine"}).status_code] == [404, 404]
    assert "Laptop" not in client.get("/account/2fa/webauthn/").content.decode()
    assert Authenticator.objects.get(pk=key).data["name"] == "Laptop"


def test_second_step_and_confirming_take_a_passkey(viewer: User, client_of: ClientOf, client: Client) -> None:
    device = Device()
    add(client_of(viewer), device)
    second = client.post("/account/login/", {"login": "viewer", "password": PASSWORD})["Location"]
    credential = device.get(options_in(client.get(second)), user_pk_to_url_str(viewer))

    assert client.post(second, {"credential": json.dumps(credential)})["Location"] == HOME

    confirm = "/account/2fa/webauthn/reauthenticate/"
    credential = device.get(options_in(client.get(confirm)), user_pk_to_url_str(viewer))
    response = client.post(confirm, {"credential": json.dumps(credential), "next": "/account/2fa/"})
    assert response["Location"] == "/account/2fa/"
