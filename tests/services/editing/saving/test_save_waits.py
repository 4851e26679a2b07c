"""A save of a phone that another save is in the way of: nobody is held long, and a dead sender holds nobody at all."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Outcome, Phone
from phones.services.editing import save as editing_save
from phones.services.editing.result import SaveKind
from phones.services.routing.edits import PhoneEdit
from tests.support.database.tampering import alter
from tests.support.desk.saving import Killed, forget_waiting, held, is_true_copy, not_saved, patches, save, stored

RENAME = PhoneEdit(nickname="Ventas Nerja")
LONG_AGO = timedelta(minutes=3)
# A save that is not over within this is for the page to wait for.
LONGEST_WAIT_SECONDS = 5.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def no_sleep(_seconds: float) -> None:
    raise AssertionError("Nobody has to wait for a dead sender")


def save_and_die(sandbox: Sandbox, phone: Phone, *, is_applied: bool, token: uuid.UUID | None = None) -> None:
    """Save three minutes ago, in a process that was killed while it waited for the answer."""
    then = timezone.now() - LONG_AGO
    before = len(patches(sandbox))
    if not is_applied:
        sandbox.faults.add(Fault("close", method="PATCH"))

    def clock() -> datetime:
        if len(patches(sandbox)) > before:
            raise Killed
        return then

    # Our copy was read before that.
    Phone.objects.filter(pk=phone.pk).update(fetched_at=then - LONG_AGO)
    with pytest.raises(Killed):
        save(stored(phone), RENAME, form_token=token, clock=clock)
    assert Change.objects.get().outcome == Outcome.PENDING


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_applied", "outcome"), [(True, Outcome.CONFIRMED), (False, Outcome.FAILED)])
def test_whoever_comes_settles_what_a_dead_sender_had_sent_and_saves(
    sandbox: Sandbox, sales_phone: Phone, is_applied: bool, outcome: Outcome
) -> None:
    save_and_die(sandbox, sales_phone, is_applied=is_applied)

    saved = save(stored(sales_phone), PhoneEdit(outbound=None), sleep=no_sleep)

    assert list(Change.objects.order_by("pk").values_list("outcome", flat=True)) == [outcome, Outcome.CONFIRMED]
    assert saved.change.outcome == Outcome.CONFIRMED
    assert held(sandbox, sales_phone).outbound_agent_id is None
    assert is_true_copy(sandbox, sales_phone)
    assert_invariants(sandbox)


@pytest.mark.django_db(transaction=True)
def test_conflict_with_what_a_dead_sender_had_sent_says_whose_it_was(sandbox: Sandbox, sales_phone: Phone) -> None:
    save_and_die(sandbox, sales_phone, is_applied=True)

    with not_saved(SaveKind.CONFLICT):
        save(stored(sales_phone), PhoneEdit(nickname="Ventas Málaga"), sleep=no_sleep)

    assert Change.objects.get().outcome == Outcome.CONFIRMED
    assert len(patches(sandbox)) == 1
    assert_invariants(sandbox)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_applied", "outcome"), [(True, Outcome.CONFIRMED), (False, Outcome.FAILED)])
def test_same_form_again_gets_what_the_dead_senders_write_came_to(
    sandbox: Sandbox, sales_phone: Phone, is_applied: bool, outcome: Outcome
) -> None:
    token = uuid.uuid4()
    save_and_die(sandbox, sales_phone, is_applied=is_applied, token=token)

    saved = save(stored(sales_phone), RENAME, form_token=token, sleep=no_sleep)

    assert (saved.change, saved.change.outcome) == (Change.objects.get(), outcome)
    assert len(patches(sandbox)) == 1
    assert_invariants(sandbox)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("own", "kind"), [(True, SaveKind.ALREADY_SENT), (False, SaveKind.BEING_SAVED)])
def test_a_save_that_goes_on_holds_others_for_seconds_only(
    sandbox: Sandbox, sales_phone: Phone, own: bool, kind: SaveKind
) -> None:
    token = uuid.uuid4()
    waited: list[float] = []
    save(sales_phone, RENAME, form_token=token)
    alter(Change.objects.all(), outcome=Outcome.PENDING)
    count = len(patches(sandbox))

    with not_saved(kind):
        save(
            stored(sales_phone),
            PhoneEdit(nickname="Ventas Málaga"),
            form_token=token if own else uuid.uuid4(),
            sleep=waited.append,
        )

    assert 0 < sum(waited) <= LONGEST_WAIT_SECONDS
    assert len(patches(sandbox)) == count


@pytest.mark.django_db
def test_a_sender_counts_as_dead_when_no_call_can_be_under_way_any_more(sales_phone: Phone) -> None:
    change = Change(
        project=sales_phone.project, phone=sales_phone, number=sales_phone.shown, source="FORM", after={"nickname": "N"}
    )
    now = change.created_at = timezone.now()
    change.save()

    assert not editing_save.is_sender_dead(sales_phone, now + timedelta(seconds=59))
    assert editing_save.is_sender_dead(sales_phone, now + timedelta(seconds=61))
