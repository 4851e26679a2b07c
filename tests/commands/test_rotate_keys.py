"""`rotate_keys`: every secret under the newest key, and nothing lost on the way."""

import io

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings

from phones.models import AlertRules, Project
from phones.models.fields import SealBroken, unseal


def rotate() -> tuple[str, str]:
    """Call the command, and return what it said and complained."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("rotate_keys", stdout=out, stderr=err)
    except CommandError as error:
        err.write(str(error))
    return out.getvalue(), err.getvalue()


@pytest.fixture
def new_key(settings: Settings) -> str:
    """A new key, put before the old one."""
    key = Fernet.generate_key().decode()
    settings.TOKEN_KEYS = [key, *settings.TOKEN_KEYS]
    return key


def test_everything_opens_with_the_new_key_alone(
    aurora: Project, talleres: Project, stranger: User, settings: Settings, request: pytest.FixtureRequest
) -> None:
    secret = generate_totp_secret()
    rules = AlertRules(project=aurora)
    rules.keep_webhook("https://hooks.example.com/", "whsec_c2VjcmV0")
    rules.save()
    totp = TOTP.activate(stranger, secret)
    codes = RecoveryCodes.activate(stranger)
    tokens, unused = {aurora.open_token(), talleres.open_token()}, codes.get_unused_codes()
    new_key = request.getfixturevalue("new_key")

    said, complaints = rotate()

    settings.TOKEN_KEYS = [new_key]
    factors = {row.type: row for row in Authenticator.objects.all()}
    assert complaints == ""
    assert said.splitlines()[:3] == ["API keys: 2", "Second factors: 2", "Webhooks: 1"]
    assert AlertRules.objects.get().open_webhook() == ("https://hooks.example.com/", "whsec_c2VjcmV0")
    assert {project.open_token() for project in Project.objects.all()} == tokens
    assert unseal(factors["totp"].data["secret"]) == secret != totp.instance.data["secret"]
    assert RecoveryCodes(factors["recovery_codes"]).get_unused_codes() == unused


def test_what_no_key_opens_is_reported_and_skipped(
    aurora: Project, talleres: Project, settings: Settings, new_key: str
) -> None:
    Project.objects.filter(pk=aurora.pk).update(sealed_token=Fernet(Fernet.generate_key()).encrypt(b"lost").decode())
    lost = Project.objects.get(pk=aurora.pk).sealed_token

    said, complaints = rotate()

    settings.TOKEN_KEYS = [new_key]
    assert "API keys: 1" in said
    assert complaints.startswith("Aurora: no key opens its API key.")
    assert "1 could not be opened" in complaints
    assert Project.objects.get(pk=aurora.pk).sealed_token == lost
    assert Project.objects.get(pk=talleres.pk).open_token() == "sandbox-talleres-full"


def test_stopped_in_the_middle_both_keys_still_open_everything(
    aurora: Project, talleres: Project, new_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reseal, calls = Project.reseal_token, []

    def stop_at_second(project: Project) -> None:
        calls.append(project)
        if len(calls) == 2:
            raise KeyboardInterrupt
        reseal(project)

    with monkeypatch.context() as patch:
        patch.setattr(Project, "reseal_token", stop_at_second)
        with pytest.raises(KeyboardInterrupt):
            rotate()
    opened = {project.open_token() for project in Project.objects.all()}
    said, _complaints = rotate()

    assert opened == {"sandbox-aurora-full", "sandbox-talleres-full"}
    assert "API keys: 2" in said


def test_old_key_alone_no_longer_opens(aurora: Project, settings: Settings, new_key: str) -> None:
    rotate()

    settings.TOKEN_KEYS = settings.TOKEN_KEYS[1:]
    with pytest.raises(SealBroken):
        unseal(Project.objects.get().sealed_token)
