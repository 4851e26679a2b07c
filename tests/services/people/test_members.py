"""Members, roles and invitations."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.models import Act, Membership, Project, Role
from phones.services.people import members
from phones.services.people.members import Invitation
from tests.fixtures.desk import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "four words make sense"


def _admit(project: Project, actor: User, username: str, role: Role = Role.ROUTER) -> Membership | Invitation:
    return members.admit(
        project=project, username=username, full_name="Marta Ruiz Gil", role=role, actor=actor, now=timezone.now()
    )


def _invite(project: Project, actor: User, role: Role = Role.ROUTER) -> str:
    invitation = _admit(project, actor, "marta", role)
    assert isinstance(invitation, Invitation)
    return invitation.code


def test_members_are_listed_by_username_in_one_query(
    aurora: Project, viewer: User, admin: User, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = [(member.user.username, member.role) for member in members.members_of(aurora)]

    assert found == [("admin", Role.ADMIN), ("viewer", Role.VIEWER)]


@pytest.mark.parametrize("username", ["stranger", "STRANGER"])
def test_admit_makes_an_existing_user_a_member_and_keeps_their_name(
    aurora: Project, admin: User, stranger: User, username: str
) -> None:
    membership = _admit(aurora, admin, username)

    assert isinstance(membership, Membership)
    assert (membership.user, membership.role) == (stranger, Role.ROUTER)
    stranger.refresh_from_db()
    assert stranger.get_full_name() == "Stranger Ruiz"


def test_admit_leaves_a_member_as_they_are(aurora: Project, admin: User, viewer: User) -> None:
    with pytest.raises(members.AlreadyMember):
        _admit(aurora, admin, "viewer")

    assert Membership.objects.get(project=aurora, user=viewer).role == Role.VIEWER


def test_an_invitation_makes_the_account_and_the_membership_once(aurora: Project, admin: User) -> None:
    code = _invite(aurora, admin)

    marta = members.accept_invitation(code, password=PASSWORD, now=timezone.now())

    assert (marta.username, marta.first_name, marta.last_name) == ("marta", "Marta", "Ruiz Gil")
    assert marta.check_password(PASSWORD)
    assert not marta.is_superuser
    assert not marta.is_staff
    assert Membership.objects.get(user=marta).role == Role.ROUTER
    with pytest.raises(members.InvitationOver, match="is over") as over:
        members.accept_invitation(code, password=PASSWORD, now=timezone.now())
    assert str(over.value.why) == "It was used: the account exists. Sign in with it."


def test_an_invitation_lasts_three_days(aurora: Project, admin: User) -> None:
    code, now = _invite(aurora, admin), timezone.now()

    assert members.open_invitation(code, now=now + timedelta(days=3, minutes=-1)).user.username == "marta"
    with pytest.raises(members.InvitationOver):
        members.open_invitation(code, now=now + timedelta(days=3, minutes=1))


@pytest.mark.parametrize("spoil", [lambda code: code[:-1], lambda code: "x" + code, lambda code: "nonsense", str.upper])
def test_an_altered_invitation_is_unknown(aurora: Project, admin: User, spoil: object) -> None:
    code = _invite(aurora, admin)

    with pytest.raises(members.UnknownInvitation):
        members.open_invitation(spoil(code), now=timezone.now())  # type: ignore[operator]


def test_an_invitation_ends_with_the_rights_of_its_sender(aurora: Project, admin: User) -> None:
    code = _invite(aurora, admin)
    Membership.objects.filter(user=admin).update(role=Role.LEAD)

    with pytest.raises(members.InvitationOver):
        members.accept_invitation(code, password=PASSWORD, now=timezone.now())

    assert not User.objects.filter(username="marta").exists()


def test_an_invitation_ends_with_the_account_of_its_sender(aurora: Project, admin: User) -> None:
    code = _invite(aurora, admin)
    admin.is_active = False
    admin.save()

    with pytest.raises(members.InvitationOver):
        members.open_invitation(code, now=timezone.now())


def test_a_superuser_invites_without_being_a_member(aurora: Project, superuser: User) -> None:
    code = _invite(aurora, superuser)

    assert members.open_invitation(code, now=timezone.now()).project == aurora


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


def _acts() -> list[tuple[str, str, str, dict[str, str]]]:
    """Return what was written down of people: the kind, who, to whom, and the details."""
    rows = Act.objects.exclude(kind="KEY_CONNECTED").order_by("pk")
    return [(act.kind, act.actor_username, act.subject_username, act.details) for act in rows]


def test_every_act_of_a_membership_is_written_down(aurora: Project, admin: User, stranger: User) -> None:
    now = timezone.now()
    membership = _admit(aurora, admin, "stranger")
    assert isinstance(membership, Membership)
    members.change_role(membership=membership, role=Role.LEAD, actor=admin, now=now)
    members.remove_member(membership=membership, actor=admin, now=now)

    assert _acts() == [
        ("MEMBER_ADDED", "admin", "stranger", {"role": "ROUTER"}),
        ("ROLE_CHANGED", "admin", "stranger", {"before": "ROUTER", "after": "LEAD"}),
        ("MEMBER_REMOVED", "admin", "stranger", {"role": "LEAD"}),
    ]
    assert Act.objects.order_by("pk").last().subject == stranger  # type: ignore[union-attr]


def test_invitation_and_joining_are_written_down_without_the_code(aurora: Project, admin: User) -> None:
    code = _invite(aurora, admin)
    members.accept_invitation(code, password=PASSWORD, now=timezone.now())

    invited, joined = _acts()
    assert (invited[:3], invited[3]["role"]) == (("MEMBER_INVITED", "admin", "marta"), "ROUTER")
    assert joined == ("MEMBER_JOINED", "marta", "", {"role": "ROUTER"})
    assert Act.objects.get(kind="MEMBER_INVITED").subject_name == "Marta Ruiz Gil"
    assert not any(code in str(row) for row in Act.objects.values())
