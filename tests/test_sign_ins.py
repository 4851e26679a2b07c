"""Sign-ins, their failures, passwords and second factors are written down, and nothing that opens an account is."""

import re
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.models import Act, ActKind
from tests.fixtures.desk import PASSWORD, make_user
from tests.fixtures.logs import Log

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"
ADDRESS = "192.0.2.7"


@pytest.fixture
def ana() -> User:
    """Somebody with an account."""
    return make_user("Ana")


def sign_in(client: Client, username: str, password: str = PASSWORD) -> int:
    return client.post(LOGIN, {"login": username, "password": password}, REMOTE_ADDR=ADDRESS).status_code


def acts() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return what was written down: the kind, who, to whom, and the details."""
    return [
        (act.kind, act.actor_username, act.subject_username, act.details)
        for act in Act.objects.filter(project=None).order_by("pk")
    ]


def code_of(secret: str) -> str:
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def enrol(client: Client) -> None:
    """Turn the second factor on by the pages."""
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/").content.decode()
    secret = re.findall(r'<code class="secret">(\w+)</code>', page)[0]
    with time_machine.travel(timezone.now(), tick=False):
        response = client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert response.status_code == 302


def test_signing_in_and_out_is_written_down_with_the_address(client: Client, ana: User) -> None:
    assert sign_in(client, "ana") == 302
    client.post("/account/logout/", REMOTE_ADDR=ADDRESS)

    assert acts() == [("SIGNED_IN", "Ana", "", {"means": "password"}), ("SIGNED_OUT", "Ana", "", {})]
    assert list(Act.objects.values_list("actor", "address").distinct()) == [(ana.pk, ADDRESS)]


def test_wrong_password_is_written_down_for_the_account(client: Client, ana: User) -> None:
    assert sign_in(client, "ANA", "not the password") == 200

    assert acts() == [("SIGN_IN_FAILED", "", "Ana", {"means": "password"})]
    assert Act.objects.get().subject == ana


@pytest.mark.parametrize("typed", ["a password of the tests", "nobody"])
def test_name_without_an_account_is_written_down_nowhere(client: Client, ana: User, typed: str) -> None:
    assert sign_in(client, typed, "not the password") == 200

    assert acts() == [("SIGN_IN_FAILED", "", "", {"means": "password"})]
    assert not any(word in str(row) for row in Act.objects.values() for word in (typed, "not the password"))


def test_new_password_is_written_down_without_it(client: Client, ana: User) -> None:
    sign_in(client, "ana")
    new = "another good password"
    client.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert [kind for kind, *_rest in acts()] == ["SIGNED_IN", "PASSWORD_CHANGED"]
    assert not any(word in str(row) for row in Act.objects.values() for word in (new, PASSWORD))


@pytest.mark.django_db(transaction=True)
def test_second_factor_is_written_down_from_being_turned_on_to_being_turned_off(client: Client, ana: User) -> None:
    sign_in(client, "ana")
    enrol(client)
    client.post("/account/2fa/recovery-codes/generate/")
    codes = RecoveryCodes(Authenticator.objects.get(user=ana, type="recovery_codes")).get_unused_codes()
    client.post("/account/logout/")
    sign_in(client, "ana")
    client.post("/account/2fa/authenticate/", {"code": "000000"})
    client.post("/account/2fa/authenticate/", {"code": codes[0]})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.post("/account/2fa/totp/deactivate/")

    assert acts() == [
        ("SIGNED_IN", "Ana", "", {"means": "password"}),
        ("SECOND_FACTOR_ON", "Ana", "", {"means": "totp"}),
        ("RECOVERY_CODES_MADE", "Ana", "", {"means": "recovery_codes"}),
        ("RECOVERY_CODES_MADE", "Ana", "", {"means": "recovery_codes"}),
        ("SIGNED_OUT", "Ana", "", {}),
        ("SIGN_IN_FAILED", "", "Ana", {"means": "totp"}),
        ("RECOVERY_CODE_USED", "Ana", "", {}),
        ("SIGNED_IN", "Ana", "", {"means": "password recovery_codes"}),
        ("SECOND_FACTOR_OFF", "Ana", "", {"means": "totp"}),
    ]
    assert not any(code in str(row) for row in Act.objects.values() for code in codes)


def test_sign_ins_are_lines_of_the_log_without_what_was_typed(client: Client, ana: User, log: Log) -> None:
    sign_in(client, "ana", "not the password")
    sign_in(client, "a password of the tests", "not the password")
    sign_in(client, "ana")

    lines = log.of("phones.sign_ins")
    names = ("level", "event", "outcome", "means", "user_id", "ip")
    assert [tuple(line[name] for name in names) for line in lines] == [
        ("warning", "sign-in", "SIGN_IN_FAILED", "password", ana.pk, ADDRESS),
        ("warning", "sign-in", "SIGN_IN_FAILED", "password", None, ADDRESS),
        ("info", "sign-in", "SIGNED_IN", "password", ana.pk, ADDRESS),
    ]
    assert not any(word in log.text for word in ("not the password", "a password of the tests", PASSWORD))


def test_kinds_fit_into_their_column() -> None:
    assert max(map(len, ActKind.values)) <= (Act._meta.get_field("kind").max_length or 0)
