"""Members and their roles."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.models import Act, Membership, Project, Role
from phones.services.people import members
from tests.fixtures.desk import make_user

pytestmark = pytest.mark.django_db


def test_members_are_listed_by_username_in_one_query(
    aurora: Project, viewer: User, admin: User, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = [(member.user.username, member.role) for member in members.members_of(aurora)]

    assert found == [("admin", Role.ADMIN), ("viewer", Role.VIEWER)]


def test_the_last_administrator_can_neither_be_lowered_nor_removed(aurora: Project, admin: User) -> None:
    membership = Membership.objects.get(user=admin)

    with pytest.raises(members.LastAdministrator):
        members.change_role(membership=membership, role=Role.LEAD, actor=admin, now=timezone.now())
    with pytest.raises(members.LastAdministrator):
        members.remove_member(membership=membership, actor=admin, now=timezone.now())

    assert Membership.objects.get(user=admin).role == Role.ADMIN


def test_an_administrator_whose_account_is_off_does_not_count(aurora: Project, admin: User) -> None:
    other = make_user("other")
    Membership.objects.create(project=aurora, user=other, role=Role.ADMIN)
    other.is_active = False
    other.save()

    with pytest.raises(members.LastAdministrator):
        members.remove_member(membership=Membership.objects.get(user=admin), actor=admin, now=timezone.now())

    members.remove_member(membership=Membership.objects.get(user=other), actor=admin, now=timezone.now())
    assert not Membership.objects.filter(user=other).exists()


def test_one_of_two_administrators_may_go(aurora: Project, admin: User) -> None:
    other = make_user("other")
    Membership.objects.create(project=aurora, user=other, role=Role.ADMIN)

    members.change_role(
        membership=Membership.objects.get(user=admin), role=Role.VIEWER, actor=admin, now=timezone.now()
    )

    assert Membership.objects.get(user=admin).role == Role.VIEWER


def test_an_administrator_of_another_project_does_not_count(
    aurora: Project, talleres: Project, admin: User, stranger: User
) -> None:
    Membership.objects.create(project=talleres, user=stranger, role=Role.ADMIN)

    with pytest.raises(members.LastAdministrator):
        members.remove_member(membership=Membership.objects.get(user=admin), actor=admin, now=timezone.now())


def test_a_removed_member_keeps_the_account(aurora: Project, admin: User, viewer: User) -> None:
    members.remove_member(membership=Membership.objects.get(user=viewer), actor=admin, now=timezone.now())

    assert not Membership.objects.filter(user=viewer).exists()
    assert User.objects.filter(pk=viewer.pk).exists()


def test_every_act_of_a_membership_is_written_down(aurora: Project, admin: User, viewer: User) -> None:
    now, membership = timezone.now(), Membership.objects.get(user=viewer)
    members.change_role(membership=membership, role=Role.LEAD, actor=admin, now=now)
    members.remove_member(membership=membership, actor=admin, now=now)

    acts = Act.objects.exclude(kind="KEY_CONNECTED").order_by("pk")
    assert [(act.kind, act.actor, act.subject, act.details) for act in acts] == [
        ("ROLE_CHANGED", admin, viewer, {"before": "VIEWER", "after": "LEAD"}),
        ("MEMBER_REMOVED", admin, viewer, {"role": "LEAD"}),
    ]


def test_removed_member_is_neither_removed_again_nor_given_a_role(aurora: Project, admin: User, viewer: User) -> None:
    stale, now = Membership.objects.get(user=viewer), timezone.now()
    members.remove_member(membership=Membership.objects.get(user=viewer), actor=admin, now=now)

    with pytest.raises(members.NotAMember):
        members.remove_member(membership=stale, actor=admin, now=now)
    with pytest.raises(members.NotAMember):
        members.change_role(membership=stale, role=Role.LEAD, actor=admin, now=now)

    assert list(Act.objects.exclude(kind="KEY_CONNECTED").values_list("kind", flat=True)) == ["MEMBER_REMOVED"]
    assert not Membership.objects.filter(user=viewer).exists()


def test_same_role_again_is_no_act(aurora: Project, admin: User, viewer: User) -> None:
    stale, now = Membership.objects.get(user=viewer), timezone.now()
    members.change_role(membership=Membership.objects.get(user=viewer), role=Role.LEAD, actor=admin, now=now)
    members.change_role(membership=stale, role=Role.LEAD, actor=admin, now=now)

    assert list(Act.objects.filter(kind="ROLE_CHANGED").values_list("details", flat=True)) == [
        {"before": "VIEWER", "after": "LEAD"}
    ]
