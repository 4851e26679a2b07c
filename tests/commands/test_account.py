"""`account`: an installation's administrator closes, opens and resets accounts, and each is an act."""

import io
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from phones.models import Act, Session

pytestmark = pytest.mark.django_db


def account(what: str, username: str = "STRANGER", reason: str = " Left ") -> str:
    out = io.StringIO()
    call_command("account", what, username, reason=reason, stdout=out)
    return out.getvalue()


def acts() -> list[tuple[str, str, object]]:
    found = Act.objects.filter(kind__in=["ACCOUNT_DEACTIVATED", "ACCOUNT_ACTIVATED", "PASSWORD_RESET"])
    return [(act.kind, act.subject_username, act.details) for act in found.order_by("pk")]


def test_deactivated_person_is_out_until_activated(client_of: Callable[[User], Client], stranger: User) -> None:
    client_of(stranger)

    assert account("deactivate") == "stranger can't sign in any more. The history keeps the name.\n"
    stranger.refresh_from_db()
    assert (stranger.is_active, Session.objects.exists()) == (False, False)
    with pytest.raises(CommandError, match="deactivated already"):
        account("deactivate")

    account("activate", reason="Came back")
    stranger.refresh_from_db()
    assert stranger.is_active
    assert acts() == [
        ("ACCOUNT_DEACTIVATED", "stranger", {"reason": "Left"}),
        ("ACCOUNT_ACTIVATED", "stranger", {"reason": "Came back"}),
    ]


def test_new_password_replaces_the_old_one_and_ends_sessions(
    client_of: Callable[[User], Client], stranger: User
) -> None:
    client_of(stranger)
    before = stranger.password

    said = account("new-password", reason="Called back")

    password = said.split(" signs in with ")[1].split()[0]
    stranger.refresh_from_db()
    assert stranger.password != before
    assert stranger.check_password(password)
    assert not Session.objects.exists()
    assert acts() == [("PASSWORD_RESET", "stranger", {"reason": "Called back"})]
    assert password not in str(list(Act.objects.values()))


@pytest.mark.parametrize(
    ("username", "reason", "said"), [("nobody", "Left", "no account nobody"), ("stranger", " ", "Say in --reason why")]
)
def test_nothing_is_changed_without_person_or_reason(stranger: User, username: str, reason: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        account("deactivate", username, reason)

    assert User.objects.get(pk=stranger.pk).is_active
    assert acts() == []
