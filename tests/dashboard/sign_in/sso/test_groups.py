"""Roles and accounts by the groups of the provider."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from phones.models import Act, Membership, Project, Role
from tests.support.sign_in.provider import Provider
from tests.support.sign_in.single_sign_on import go, is_in, link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sso")]
Configure = Callable[..., None]
ClientOf = Callable[[User], Client]


MAPPING = {
    "desk-leads": {"aurora": "LEAD"},
    "desk-viewers": {"aurora": "VIEWER", "talleres": "VIEWER"},
    "gone": {"no": "LEAD"},
}


def roles_of(person: User) -> dict[str, str]:
    """Return a person's roles by project."""
    return dict(Membership.objects.filter(user=person).values_list("project__slug", "role"))


@pytest.mark.parametrize(
    ("groups", "before", "after"),
    [
        (["desk-leads"], {}, {"aurora": "LEAD"}),
        (["desk-viewers", "desk-leads", "others"], {}, {"aurora": "LEAD", "talleres": "VIEWER"}),
        (["desk-viewers"], {"aurora": "ADMIN"}, {"aurora": "VIEWER", "talleres": "VIEWER"}),
        ("desk-leads", {"talleres": "LEAD"}, {"aurora": "LEAD"}),
        ([], {"aurora": "LEAD", "north": "VIEWER"}, {"north": "VIEWER"}),
        (None, {"aurora": "LEAD", "north": "VIEWER"}, {"aurora": "LEAD", "north": "VIEWER"}),
        ({"desk-leads": 1}, {"aurora": "VIEWER"}, {"aurora": "VIEWER"}),
    ],
)
def test_groups_give_roles_at_each_sign_in(
    stranger: User,
    admin: User,
    talleres: Project,
    provider: Provider,
    client: Client,
    sso: Configure,
    groups: Any,
    before: dict[str, str],
    after: dict[str, str],
) -> None:
    sso(roles=MAPPING)
    Project.objects.create(name="North", slug="north")
    link(stranger, provider)
    for slug, role in before.items():
        Membership.objects.create(user=stranger, project=Project.objects.get(slug=slug), role=role)
    provider.claims = {"groups": groups}

    go(client, provider)

    assert roles_of(stranger) == after


def test_last_administrator_stays(admin: User, provider: Provider, client: Client, sso: Configure) -> None:
    sso(roles=MAPPING, groups_claim="roles")
    link(admin, provider)
    provider.claims = {"roles": []}

    go(client, provider)

    assert roles_of(admin) == {"aurora": "ADMIN"}
    assert is_in(client)


def test_role_by_group_is_an_act_of_the_program(
    stranger: User, aurora: Project, provider: Provider, client: Client, sso: Configure
) -> None:
    sso(roles=MAPPING)
    link(stranger, provider)
    for groups in (["desk-viewers"], ["desk-leads"], []):
        provider.claims = {"groups": groups}
        go(Client(), provider)

    acts = Act.objects.filter(project=aurora, actor_id=None).order_by("pk").values_list("kind", "subject_username")
    assert list(acts)[-3:] == [
        ("MEMBER_JOINED", "stranger"),
        ("ROLE_CHANGED", "stranger"),
        ("MEMBER_REMOVED", "stranger"),
    ]


@pytest.mark.parametrize(("groups", "is_made"), [(["desk-leads"], True), (["others"], False), (None, False)])
def test_accounts_are_made_for_groups_with_a_role_if_that_is_on(
    aurora: Project, provider: Provider, client: Client, sso: Configure, groups: Any, is_made: bool
) -> None:
    sso(roles=MAPPING, creates_accounts=True)
    User.objects.create_user("ΕΎΑ")
    provider.claims = {"groups": groups, "preferred_username": "εύα"}

    response = go(client, provider)

    assert is_in(client) == is_made
    made = User.objects.exclude(username="ΕΎΑ")
    if is_made:
        person = made.get()
        assert (person.get_full_name(), person.email, person.has_usable_password()) == ("Eva Mora", "", False)
        assert roles_of(person) == {"aurora": Role.LEAD}
        assert go(Client(), provider)["Location"] == "/"
        assert made.count() == 1
    else:
        assert (response.status_code, made.count()) == (403, 0)
        assert "group that has a role here" in response.content.decode()
