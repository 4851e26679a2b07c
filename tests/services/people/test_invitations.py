"""Invitations: issued, replaced, revoked, accepted once, and silent about accounts."""

import re
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from phones.models import Act, Invitation, InvitationState, Membership, Project, Role
from phones.services.people import invitations, members
from phones.services.people.invitations import Issued
from tests.fixtures.desk import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "four words make sense"


def _invite(project: Project, actor: User, username: str = "marta", role: Role = Role.ROUTER) -> Issued:
    return invitations.invite(
        project=project, username=username, full_name="Marta Ruiz Gil", role=role, actor=actor, now=timezone.now()
    )


def _accept(code: str) -> User:
    return invitations.accept_as_new(code, password=PASSWORD, now=timezone.now())


def _state(code: str) -> InvitationState:
    """Return why the code opens nothing, or that it waits."""
    try:
        invitations.find_invitation(code, now=timezone.now())
    except invitations.InvitationOver as over:
        return over.state
    return InvitationState.WAITING


def _open(project: Project) -> list[tuple[str, InvitationState]]:
    found = invitations.open_invitations(project, now=timezone.now())
    return [(invitation.username, state) for invitation, state in found]


def test_invitation_makes_the_account_and_the_membership_once(aurora: Project, admin: User) -> None:
    code = _invite(aurora, admin).code

    marta = _accept(code)

    assert (marta.username, marta.first_name, marta.last_name) == ("marta", "Marta", "Ruiz Gil")
    assert (marta.check_password(PASSWORD), marta.is_superuser, marta.is_staff) == (True, False, False)
    assert Membership.objects.get(user=marta).role == Role.ROUTER
    with pytest.raises(invitations.InvitationOver):
        _accept(code)
    assert (_state(code), _open(aurora)) == (InvitationState.ACCEPTED, [])


def test_only_a_hash_of_the_code_is_stored(aurora: Project, admin: User) -> None:
    code = _invite(aurora, admin).code

    row = Invitation.objects.values().get()

    assert len(code) == 43
    assert code not in str(row)
    assert re.fullmatch("[0-9a-f]{64}", row["code_hash"])


@pytest.mark.parametrize("spoil", [lambda code: code[:-1], lambda code: "x" + code, lambda code: "", str.swapcase])
def test_altered_code_is_unknown(aurora: Project, admin: User, spoil: Callable[[str], str]) -> None:
    code = _invite(aurora, admin).code

    with pytest.raises(invitations.UnknownInvitation):
        invitations.find_invitation(spoil(code), now=timezone.now())


def test_invitation_lasts_three_days(aurora: Project, admin: User) -> None:
    code, now = _invite(aurora, admin).code, timezone.now()

    assert invitations.find_invitation(code, now=now + timedelta(days=3, minutes=-1)).username == "marta"
    with pytest.raises(invitations.InvitationOver) as over:
        invitations.find_invitation(code, now=now + timedelta(days=3, minutes=1))
    assert over.value.state == InvitationState.EXPIRED


def test_newer_invitation_replaces_the_older_one_whatever_the_case(
    aurora: Project, talleres: Project, admin: User, superuser: User
) -> None:
    older, other, elsewhere = _invite(aurora, admin), _invite(aurora, admin, "otto"), _invite(talleres, superuser)

    newer = _invite(aurora, admin, "MARTA", Role.VIEWER)

    assert [_state(issued.code) for issued in (older, newer, other, elsewhere)] == [
        InvitationState.REPLACED,
        InvitationState.WAITING,
        InvitationState.WAITING,
        InvitationState.WAITING,
    ]
    older.invitation.refresh_from_db()
    assert older.invitation.replaced_by == newer.invitation
    assert _open(aurora) == [("MARTA", InvitationState.WAITING), ("otto", InvitationState.WAITING)]


def test_new_link_ends_the_old_one_and_counts_from_now(aurora: Project, admin: User, superuser: User) -> None:
    older = _invite(aurora, admin)
    later = timezone.now() + timedelta(days=4)

    newer = invitations.invite_again(older.invitation, actor=superuser, now=later)

    assert _state(older.code) == InvitationState.REPLACED
    invitation = invitations.find_invitation(newer.code, now=later + timedelta(days=2))
    assert (invitation.username, invitation.full_name, invitation.role) == ("marta", "Marta Ruiz Gil", Role.ROUTER)
    assert (invitation.invited_by, invitation.expires_at) == (superuser, later + timedelta(days=3))
    with pytest.raises(invitations.InvitationOver):
        invitations.invite_again(older.invitation, actor=superuser, now=later)


def test_revoked_invitation_opens_nothing(aurora: Project, admin: User) -> None:
    issued = _invite(aurora, admin)

    invitations.revoke(issued.invitation, actor=admin, now=timezone.now())
    invitations.revoke(issued.invitation, actor=admin, now=timezone.now())

    assert (_state(issued.code), _open(aurora)) == (InvitationState.REVOKED, [])
    with pytest.raises(invitations.InvitationOver):
        _accept(issued.code)
    with pytest.raises(invitations.InvitationOver):
        invitations.invite_again(issued.invitation, actor=admin, now=timezone.now())
    assert not User.objects.filter(username="marta").exists()


def test_accepted_invitation_can_not_be_revoked(aurora: Project, admin: User) -> None:
    issued = _invite(aurora, admin)
    _accept(issued.code)

    with pytest.raises(invitations.InvitationOver) as over:
        invitations.revoke(issued.invitation, actor=admin, now=timezone.now())

    assert over.value.state == InvitationState.ACCEPTED


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.LEAD}])
def test_invitation_ends_with_the_rights_of_its_sender(aurora: Project, admin: User, change: dict[str, object]) -> None:
    code = _invite(aurora, admin).code
    rows = User.objects.filter(pk=admin.pk) if "is_active" in change else Membership.objects.filter(user=admin)
    rows.update(**change)

    with pytest.raises(invitations.InvitationOver):
        _accept(code)

    assert (_state(code), _open(aurora)) == (InvitationState.WITHDRAWN, [("marta", InvitationState.WITHDRAWN)])
    assert not User.objects.filter(username="marta").exists()


def test_superuser_invites_without_being_a_member(aurora: Project, superuser: User) -> None:
    assert _state(_invite(aurora, superuser).code) == InvitationState.WAITING


def test_member_is_not_invited(aurora: Project, admin: User, viewer: User) -> None:
    with pytest.raises(invitations.AlreadyMember):
        _invite(aurora, admin, "VIEWER")

    assert _open(aurora) == []


def test_account_gets_nothing_before_its_person_accepts(aurora: Project, admin: User, stranger: User) -> None:
    issued = _invite(aurora, admin, "Stranger", Role.LEAD)
    assert not Membership.objects.filter(user=stranger).exists()
    with pytest.raises(invitations.AccountExists):
        _accept(issued.code)
    assert _state(issued.code) == InvitationState.WAITING
    (waiting,) = invitations.invitations_for(stranger, now=timezone.now())

    membership = invitations.accept(waiting, user=stranger, now=timezone.now())

    assert (membership.project, membership.user, membership.role) == (aurora, stranger, Role.LEAD)
    stranger.refresh_from_db()
    assert stranger.get_full_name() == "Stranger Ruiz"
    assert invitations.invitations_for(stranger, now=timezone.now()) == []


@pytest.mark.parametrize(("account", "invited"), [("ŁUKASZ", "łukasz"), ("ΝΊΚΗ", "νίκη"), ("MARÍA", "maría")])
def test_account_is_known_whatever_the_alphabet(aurora: Project, admin: User, account: str, invited: str) -> None:
    person = make_user(account)
    code = _invite(aurora, admin, invited).code

    with pytest.raises(invitations.AccountExists):
        _accept(code)

    assert len(invitations.invitations_for(person, now=timezone.now())) == 1
    assert _state(code) == InvitationState.WAITING


def test_only_what_can_be_accepted_waits_for_a_person(
    aurora: Project, talleres: Project, admin: User, superuser: User, stranger: User
) -> None:
    revoked = _invite(aurora, admin, "stranger").invitation
    invitations.revoke(revoked, actor=admin, now=timezone.now())
    kept = _invite(talleres, superuser, "stranger").invitation
    _invite(aurora, superuser, "somebody")

    assert invitations.invitations_for(stranger, now=timezone.now()) == [kept]
    assert invitations.invitations_for(stranger, now=timezone.now() + timedelta(days=4)) == []


def test_member_who_accepts_keeps_the_role(aurora: Project, admin: User, stranger: User) -> None:
    issued = _invite(aurora, admin, "stranger", Role.ADMIN)
    Membership.objects.create(project=aurora, user=stranger, role=Role.VIEWER)

    membership = invitations.accept(issued.invitation, user=stranger, now=timezone.now())

    assert membership.role == Role.VIEWER
    assert not Act.objects.filter(kind="MEMBER_JOINED").exists()


@pytest.mark.parametrize("end", ["lower", "remove"])
def test_withdrawn_invitation_stays_withdrawn(aurora: Project, admin: User, superuser: User, end: str) -> None:
    other, now = make_user("other"), timezone.now()
    membership = Membership.objects.create(project=aurora, user=other, role=Role.ADMIN)
    issued, kept, roots = _invite(aurora, other), _invite(aurora, admin, "otto"), _invite(aurora, superuser, "rosa")
    if end == "lower":
        members.change_role(membership=membership, role=Role.LEAD, actor=admin, now=now)
        members.change_role(membership=membership, role=Role.ADMIN, actor=admin, now=now)
    else:
        members.remove_member(membership=membership, actor=admin, now=now)
        Membership.objects.create(project=aurora, user=other, role=Role.ADMIN)

    assert [_state(each.code) for each in (issued, kept, roots)] == [
        InvitationState.WITHDRAWN,
        InvitationState.WAITING,
        InvitationState.WAITING,
    ]
    with pytest.raises(invitations.InvitationOver):
        _accept(issued.code)
    # An administrator can send it anew, in their own name.
    assert _state(invitations.invite_again(issued.invitation, actor=admin, now=now).code) == InvitationState.WAITING


def test_every_act_about_an_invitation_is_written_down_without_the_code(
    aurora: Project, admin: User, superuser: User, stranger: User
) -> None:
    first = _invite(aurora, admin, "Stranger")
    second = invitations.invite_again(first.invitation, actor=superuser, now=timezone.now())
    invitations.accept(second.invitation, user=stranger, now=timezone.now())
    third = _invite(aurora, admin)
    invitations.revoke(third.invitation, actor=admin, now=timezone.now())
    invitations.revoke(third.invitation, actor=admin, now=timezone.now())
    _accept(_invite(aurora, admin).code)

    acts = Act.objects.exclude(kind="KEY_CONNECTED").order_by("pk")
    assert [(act.kind, act.actor_username, act.subject_username, act.details["role"]) for act in acts] == [
        ("MEMBER_INVITED", "admin", "Stranger", "ROUTER"),
        ("INVITATION_RESENT", "superuser", "Stranger", "ROUTER"),
        ("MEMBER_JOINED", "stranger", "", "ROUTER"),
        ("MEMBER_INVITED", "admin", "marta", "ROUTER"),
        ("INVITATION_REVOKED", "admin", "marta", "ROUTER"),
        ("MEMBER_INVITED", "admin", "marta", "ROUTER"),
        ("MEMBER_JOINED", "marta", "", "ROUTER"),
    ]
    # What the inviter has typed, and nothing of the account.
    assert (acts[0].subject, acts[0].subject_name) == (None, "Marta Ruiz Gil")
    assert [code for code in (first.code, second.code, third.code) if code in str(list(Act.objects.values()))] == []


def _at_once(*acts: Callable[[], object]) -> list[str]:
    """Do all at the same moment, each in a thread, and return what came of them."""
    barrier, outcomes = Barrier(len(acts)), []

    def act(one: Callable[[], object]) -> None:
        barrier.wait()
        try:
            one()
            outcomes.append("done")
        except (invitations.InvitationOver, invitations.AccountExists):
            outcomes.append("over")
        finally:
            connections.close_all()

    threads = [Thread(target=act, args=(one,)) for one in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.django_db(transaction=True)
def test_of_two_accepts_at_once_one_is_done(aurora: Project, admin: User) -> None:
    code = _invite(aurora, admin).code

    assert _at_once(lambda: _accept(code), lambda: _accept(code)) == ["done", "over"]

    assert Membership.objects.filter(project=aurora, user__username="marta").count() == 1


@pytest.mark.django_db(transaction=True)
def test_invitation_is_either_revoked_or_accepted(aurora: Project, admin: User) -> None:
    issued, other = _invite(aurora, admin, "other"), make_user("other")

    def accept() -> object:
        return invitations.accept(issued.invitation, user=other, now=timezone.now())

    outcomes = _at_once(accept, lambda: invitations.revoke(issued.invitation, actor=admin, now=timezone.now()))

    issued.invitation.refresh_from_db()
    is_member = Membership.objects.filter(project=aurora, user=other).exists()
    assert outcomes == ["done", "over"]
    assert (issued.invitation.accepted_at is not None, issued.invitation.revoked_at is None) == (is_member, is_member)


@pytest.mark.django_db(transaction=True)
def test_of_two_invitations_at_once_one_stays_open(aurora: Project, admin: User) -> None:
    assert _at_once(lambda: _invite(aurora, admin), lambda: _invite(aurora, admin, "Marta")) == ["done", "done"]

    assert [state for _name, state in _open(aurora)] == [InvitationState.WAITING]
