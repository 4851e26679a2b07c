"""`forget_second_factor`: the way back for who has lost phone and recovery codes, with an entry in the acts."""

import io

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from phones.models import Act, ActKind, Session
from tests.support.sign_in.codes import SECRET

pytestmark = pytest.mark.django_db


def test_factors_go_sessions_end_and_an_act_says_why(stranger: User, lead: User) -> None:
    for person in (stranger, lead):
        TOTP.activate(person, SECRET)
        RecoveryCodes.activate(person)
        Client().force_login(person)
    out = io.StringIO()

    call_command("forget_second_factor", "STRANGER", reason=" Called back ", stdout=out)

    assert list(Authenticator.objects.values_list("user", flat=True).distinct()) == [lead.pk]
    assert list(Session.objects.values_list("user", flat=True)) == [lead.pk]
    act = Act.objects.get(kind=ActKind.SECOND_FACTOR_OFF)
    assert (act.actor, act.subject, act.details) == (
        None,
        stranger,
        {"means": "totp recovery_codes", "reason": "Called back"},
    )
    assert out.getvalue() == "stranger signs in with the password alone now, and should set up a new one.\n"


@pytest.mark.parametrize(
    ("username", "reason", "said"),
    [
        ("nobody", "x", "There is no account nobody."),
        ("stranger", "x", "stranger has no second factor. Nothing was changed."),
        ("lead", " ", "Say in --reason how you made sure that it is the person who asks. Nothing was changed."),
    ],
)
def test_nothing_is_removed_otherwise(stranger: User, lead: User, username: str, reason: str, said: str) -> None:
    TOTP.activate(lead, SECRET)

    with pytest.raises(CommandError) as refused:
        call_command("forget_second_factor", username, reason=reason)

    assert (str(refused.value), Authenticator.objects.count(), Act.objects.count()) == (said, 1, 0)
