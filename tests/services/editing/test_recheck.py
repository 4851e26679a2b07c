"""What a killed process or a lost answer has left open is settled by reading, and never by sending."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.state import VersionRow
from phones.models import Change, ChangeSeal, Outcome, Phone, Project
from phones.services.editing.outcome import settle_answers
from phones.services.editing.recheck import sweep
from phones.services.editing.recheck_times import (
    APPLIED_WITHIN,
    GIVE_UP_AFTER,
    LEASE,
    LONGEST_WAIT,
    SENT_WITHIN,
    claim_look,
    due,
)
from phones.services.projects import keys
from phones.services.projects import keys as projects_keys
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.sync.refresh import refresh_phone
from tests.support.desk.saving import (
    Killed,
    forget_waiting,
    held,
    is_true_copy,
    patches,
    reading_back_fails,
    save,
    stored,
    target,
)

RENAME = PhoneEdit(nickname="Ventas, otra vez")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def sweep_at(moment: datetime) -> int:
    return sweep(clock=lambda: moment)


def die(sandbox: Sandbox, phone: Phone, edit: PhoneEdit, *, is_sent: bool) -> Change:
    """Save, and be killed before the PATCH leaves, or when its answer is there."""

    def clock() -> datetime:
        is_begun = Change.objects.filter(outcome=Outcome.PENDING).exists()
        if patches(sandbox) if is_sent else is_begun:
            raise Killed
        return timezone.now()

    with pytest.raises(Killed):
        save(phone, edit, clock=clock)
    return Change.objects.latest("pk")


def lose(sandbox: Sandbox, phone: Phone, edit: PhoneEdit, *, is_applied: bool = True) -> Change:
    """Save, with no answer, and none to the questions after it."""
    sandbox.faults.add(Fault("status", status=502, method="PATCH", when="after" if is_applied else "before"))
    with reading_back_fails(sandbox):
        change = save(phone, edit).change
    sandbox.faults.clear()
    assert change.outcome == Outcome.UNKNOWN
    return change


def outcome(change: Change) -> str:
    change.refresh_from_db()
    return change.outcome


@pytest.mark.parametrize("is_sent", [True, False])
def test_killed_save_is_settled_when_its_lease_is_over(sandbox: Sandbox, sales_phone: Phone, is_sent: bool) -> None:
    change = die(sandbox, sales_phone, RENAME, is_sent=is_sent)

    early = sweep_at(change.created_at + LEASE - timedelta(seconds=1))
    assert (early, outcome(change)) == (0, "PENDING")
    late = sweep_at(change.created_at + LEASE + timedelta(seconds=1))
    # It may have left at the last moment at which a write may leave.
    assert (late, outcome(change)) == ((1, "CONFIRMED") if is_sent else (0, "UNKNOWN"))
    last = sweep_at(change.created_at + SENT_WITHIN + APPLIED_WITHIN)

    assert (late + last, outcome(change)) == (1, "CONFIRMED" if is_sent else "FAILED")
    assert len(patches(sandbox)) == is_sent
    assert stored(sales_phone).nickname == (RENAME.nickname if is_sent else "Ventas Costa del Sol")
    assert_invariants(sandbox)


@pytest.mark.parametrize("is_applied", [True, False])
def test_unknown_outcome_is_settled_once_diga_answers(sandbox: Sandbox, sales_phone: Phone, is_applied: bool) -> None:
    change = lose(sandbox, sales_phone, RENAME, is_applied=is_applied)
    assert_invariants(sandbox)

    settled = sweep_at(timezone.now() + timedelta(minutes=2))

    assert (settled, outcome(change)) == (1, "CONFIRMED" if is_applied else "FAILED")
    assert len(patches(sandbox)) == 1
    assert_invariants(sandbox)


def test_value_of_somebody_else_stays_unknown(sandbox: Sandbox, sales_phone: Phone) -> None:
    change = lose(sandbox, sales_phone, RENAME)
    held(sandbox, sales_phone).nickname = "Renamed again by others"

    assert sweep_at(timezone.now() + timedelta(minutes=2)) == 0

    assert outcome(change) == "UNKNOWN"
    assert is_true_copy(sandbox, sales_phone)
    assert_invariants(sandbox)


def test_looks_come_more_and_more_seldom_and_end_after_a_day(sandbox: Sandbox, sales_phone: Phone) -> None:
    change = lose(sandbox, sales_phone, RENAME)
    held(sandbox, sales_phone).nickname = "Renamed again by others"
    waits = []
    while True:
        change.refresh_from_db()
        due_at = change.next_look_at
        if due_at is None:
            break
        assert sweep_at(due_at - timedelta(seconds=1)) == 0
        assert Change.objects.get(pk=change.pk).look_count == change.look_count
        sweep_at(due_at)
        following = Change.objects.get(pk=change.pk).next_look_at
        waits.append(following - due_at if following else None)
        assert len(waits) < 40

    # Counted from the lost answer: after 5, 20 and 60 seconds, then more and more seldom.
    assert waits[:6] == [timedelta(seconds=seconds) for seconds in (15, 40, 60, 120, 240, 480)]
    assert max(wait for wait in waits if wait) == LONGEST_WAIT
    assert waits[-1] is None
    assert sum((wait for wait in waits if wait), timedelta()) < GIVE_UP_AFTER + LONGEST_WAIT
    assert outcome(change) == "UNKNOWN"
    assert len(patches(sandbox)) == 1
    assert_invariants(sandbox)


@pytest.mark.parametrize("what", ["silent", "keyless"])
def test_silence_of_more_than_a_day_is_no_reason_to_give_up(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, what: str
) -> None:
    change = lose(sandbox, sales_phone, RENAME)
    if what == "keyless":
        projects_keys.disconnect(project=aurora, actor=None, now=timezone.now())
    else:
        sandbox.faults.add(Fault("status", status=503, times=None))
    moment = change.created_at + GIVE_UP_AFTER
    for _look in range(2):
        moment += LONGEST_WAIT
        sweep_at(moment)
    sandbox.faults.clear()
    if what == "keyless":
        projects_keys.replace_key(project=aurora, token=sandbox.key("aurora"), actor=None, now=timezone.now())

    assert sweep_at(moment + LONGEST_WAIT) == 1

    assert outcome(change) == "CONFIRMED"
    assert_invariants(sandbox)


def test_one_of_two_sweepers_looks(sandbox: Sandbox, sales_phone: Phone) -> None:
    change = die(sandbox, sales_phone, RENAME, is_sent=True)
    later = change.created_at + 2 * LEASE
    waiting = Change.objects.select_related("project", "phone")
    first, second = due(waiting, "created_at", later), due(waiting, "created_at", later)

    claims = [claim_look(found, begun_at=found.created_at, now=later) for found in (*first, *second)]

    assert claims == [True, False]


def test_sweeper_that_dies_itself_is_followed_by_another(sandbox: Sandbox, sales_phone: Phone) -> None:
    change = die(sandbox, sales_phone, RENAME, is_sent=True)
    looks = iter([change.created_at + 2 * LEASE])

    def clock() -> datetime:
        try:
            return next(looks)
        except StopIteration:
            raise Killed from None

    with pytest.raises(Killed):
        sweep(clock=clock)
    assert outcome(change) == "PENDING"

    assert sweep_at(change.created_at + 4 * LEASE) == 1
    assert outcome(change) == "CONFIRMED"
    assert_invariants(sandbox)


def test_sender_that_was_taken_for_dead_finds_its_change_settled(sandbox: Sandbox, sales_phone: Phone) -> None:
    change = die(sandbox, sales_phone, RENAME, is_sent=True)
    assert sweep_at(change.created_at + 2 * LEASE) == 1
    seals = ChangeSeal.objects.count()
    says, later = PhoneSnapshot.of(Phone.objects.get(pk=sales_phone.pk)), change.created_at + 3 * LEASE

    settle_answers(sales_phone.project, [(change, says)], None, later)

    assert (change.outcome, change.settled_at) == ("CONFIRMED", change.created_at + 2 * LEASE)
    assert ChangeSeal.objects.count() == seals
    assert_invariants(sandbox)


def test_killed_save_of_a_project_without_a_key_becomes_unknown(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    change = die(sandbox, sales_phone, RENAME, is_sent=True)
    keys.disconnect(project=aurora, actor=None, now=timezone.now())

    assert sweep_at(change.created_at + 2 * LEASE) == 0

    assert outcome(change) == "UNKNOWN"
    assert_invariants(sandbox)


def test_nothing_is_asked_when_nothing_is_open(sandbox: Sandbox, sales_phone: Phone) -> None:
    save(sales_phone, RENAME)
    asked_count = len(sandbox.journal)

    assert sweep_at(timezone.now() + timedelta(days=2)) == 0

    assert len(sandbox.journal) == asked_count


# A version of the agent that is already there: reading the phone says nothing.


def lose_a_version(sandbox: Sandbox, project: Project, *, is_applied: bool) -> Change:
    """Change the version of the agent that a phone has, with no answer."""
    urgent_phone = Phone.objects.get(project=project, nickname="Urgencias 24 h")
    return lose(sandbox, urgent_phone, PhoneEdit(inbound=target(project, "Elena", 2)), is_applied=is_applied)


@pytest.mark.parametrize("is_applied", [True, False])
def test_version_only_change_is_told_by_the_agent(sandbox: Sandbox, aurora: Project, is_applied: bool) -> None:
    change = lose_a_version(sandbox, aurora, is_applied=is_applied)

    assert sweep_at(timezone.now() + timedelta(minutes=2)) == 1

    assert outcome(change) == ("CONFIRMED" if is_applied else "FAILED")
    assert target(aurora, "Elena", 2).version.is_published is is_applied
    assert len(patches(sandbox)) == 1
    assert_invariants(sandbox)


def test_version_only_change_stays_unknown_when_the_agent_runs_neither(sandbox: Sandbox, aurora: Project) -> None:
    change = lose_a_version(sandbox, aurora, is_applied=True)
    elena = sandbox.projects["aurora"].agent("Elena")
    elena.versions.append(VersionRow(uuid.uuid4(), 9))
    elena.published_id = elena.version(9).id

    assert sweep_at(timezone.now() + timedelta(minutes=2)) == 0

    assert outcome(change) == "UNKNOWN"
    assert_invariants(sandbox)


@pytest.mark.parametrize("is_applied_late", [False, True])
def test_what_a_later_change_may_have_brought_proves_nothing(
    sandbox: Sandbox, sales_phone: Phone, is_applied_late: bool
) -> None:
    sandbox.faults.add(Fault("empty", method="PATCH"))
    with reading_back_fails(sandbox):
        lost = save(sales_phone, RENAME).change
    sandbox.faults.clear()
    if is_applied_late:
        # Somebody here sees it, and takes it back: then the old value is no proof of anything either.
        held(sandbox, sales_phone).nickname = str(RENAME.nickname)
        refresh_phone(project=sales_phone.project, phone=sales_phone, clock=timezone.now)
        save(stored(sales_phone), PhoneEdit(nickname="Ventas Costa del Sol"))
    else:
        save(stored(sales_phone), RENAME)

    sweep_at(timezone.now() + timedelta(minutes=5))

    lost.refresh_from_db()
    assert lost.outcome == Outcome.UNKNOWN
