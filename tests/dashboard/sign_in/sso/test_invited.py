"""An invitation is accepted by a sign-in at the provider: with its link, and a name that the provider vouches for."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from phones.models import Act, Membership, Project, Role
from phones.services.people import invitations
from tests.support.pages.pages import read, words
from tests.support.sign_in.provider import Provider
from tests.support.sign_in.single_sign_on import go, is_in, link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sso")]
ClientOf = Callable[[User], Client]
EVA = "Eva.Mora@example.com"
VERIFIED = {"email": "eva.mora@example.com", "email_verified": True, "preferred_username": "em42"}


def _open_link(client: Client, project: Project, admin: User, username: str = EVA) -> str:
    """Invite, open the link in the browser, and return the words of its page."""
    issued = invitations.invite(
        project=project, username=username, full_name="Eva Mora Gil", role=Role.ROUTER, actor=admin, now=timezone.now()
    )
    return words(read(client.get(f"/invitation/{issued.code}/")))


def test_opened_link_and_verified_address_make_the_account(
    client: Client, aurora: Project, admin: User, provider: Provider
) -> None:
    assert f"if Example ID knows you as {EVA}: Go on with Example ID" in _open_link(client, aurora, admin)
    provider.claims = VERIFIED

    assert go(client, provider)["Location"] == "/"

    eva = User.objects.get(username=EVA)
    assert (eva.get_full_name(), eva.has_usable_password(), eva.email) == ("Eva Mora Gil", False, "")
    assert Membership.objects.get(user=eva).role == Role.ROUTER
    kinds = list(Act.objects.order_by("pk").values_list("kind", "actor_username"))[-3:]
    assert kinds == [("MEMBER_JOINED", EVA), ("SSO_LINKED", EVA), ("SIGNED_IN", EVA)]
    # The next time the provider alone opens it.
    again = Client()
    go(again, provider)
    assert is_in(again)


def test_name_at_the_provider_is_enough_for_a_new_account(
    client: Client, aurora: Project, admin: User, provider: Provider
) -> None:
    _open_link(client, aurora, admin, "EVA")

    go(client, provider)

    assert Membership.objects.get(user__username="EVA").project == aurora
    assert is_in(client)


@pytest.mark.parametrize(
    "claims",
    [
        VERIFIED | {"email_verified": False},
        VERIFIED | {"email_verified": "true"},
        VERIFIED | {"email": "otto@example.com"},
        {"email": None},
        {"email": ["eva.mora@example.com"], "email_verified": True},
    ],
)
def test_nobody_else_is_let_in_by_a_link(
    client: Client, aurora: Project, admin: User, provider: Provider, claims: dict[str, Any]
) -> None:
    _open_link(client, aurora, admin)
    provider.claims = claims

    assert go(client, provider).status_code == 403

    assert not User.objects.exclude(pk=admin.pk).exists()
    assert not is_in(client)


@pytest.mark.parametrize("is_opened", [True, False])
def test_address_alone_lets_nobody_in(
    client: Client, aurora: Project, admin: User, provider: Provider, is_opened: bool
) -> None:
    _open_link(client if is_opened else Client(), aurora, admin)
    if is_opened:
        invitation = next(iter(invitations.open_invitations(aurora, now=timezone.now())))[0]
        invitations.revoke(invitation, actor=admin, now=timezone.now())
    provider.claims = VERIFIED

    assert go(client, provider).status_code == 403
    assert not User.objects.filter(username=EVA).exists()


def test_existing_account_is_linked_by_a_verified_address_and_joins_by_a_click(
    client: Client, aurora: Project, admin: User, provider: Provider
) -> None:
    eva = User.objects.create_user("eva.mora@example.com", password="a password of her own")
    _open_link(client, aurora, admin)
    provider.claims = VERIFIED

    go(client, provider)

    assert SocialAccount.objects.get().user == eva
    assert "You are invited Aurora · Router" in words(read(client.get("/")))
    assert not Membership.objects.filter(user=eva).exists()


def test_existing_account_is_not_linked_by_a_name(
    client: Client, aurora: Project, admin: User, provider: Provider
) -> None:
    User.objects.create_user("eva", password="a password of her own")
    _open_link(client, aurora, admin, "eva")

    assert go(client, provider).status_code == 403
    assert not SocialAccount.objects.exists()


def test_account_that_is_linked_keeps_its_person(
    client: Client, aurora: Project, admin: User, provider: Provider
) -> None:
    link(User.objects.create_user("eva.mora@example.com"), provider)
    _open_link(client, aurora, admin)
    provider.claims = VERIFIED | {"sub": "another"}

    assert go(client, provider).status_code == 403
    assert SocialAccount.objects.count() == 1
