"""The one way to change a phone: guard, re-read, compare, diary, one PATCH, verify.

Whatever changes a phone passes through `change_phone`, so that none of these steps can be skipped. No
transaction is open while the network is used.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, IntegrityError
from django.db.models import QuerySet

from phones import diga
from phones.models import Change, NoKey, Outcome, Phone, Project
from phones.services.clock import database_clock
from phones.services.editing.guard import NoConsent, NotChecked, PredictedRefusal, guard_change
from phones.services.editing.outcome import settle_by_reading
from phones.services.editing.recheck_times import claim_look, due
from phones.services.editing.spent_forms import SpentForm
from phones.services.editing.write import Author, Write, begin, new_write, send, take_answers, take_error
from phones.services.projects.keys import client_for
from phones.services.routing.editability import Policy, policy_for
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.impact import Impact
from phones.services.routing.lanes import FIELDS
from phones.services.routing.snapshots import is_answered_by
from phones.services.sync.refresh import reread

__all__ = ["Author", "Saved", "change_phone"]

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]

# How long a save holds its thread for another one of the same phone; where that takes longer, the page goes on looking.
PATIENCE_SECONDS = 3.0
POLL_SECONDS = 0.05
# How often a save starts over because the phone has moved on between its read and its write.
MAX_ROUNDS = 5


class NothingToChange(Exception):
    """The edit is empty, or the phone is already so."""


class NotEditable(Exception):
    """The phone's status closes a field that was to be changed; `policy` says why."""

    def __init__(self, policy: Policy) -> None:
        super().__init__("The phone's status does not allow this change")
        self.policy = policy


class Conflict(Exception):
    """Somebody else changed the same fields meanwhile: nothing was sent. `now` is what Diga says."""

    def __init__(self, fields: tuple[str, ...], base: PhoneSnapshot, now: PhoneSnapshot, wanted: PhoneEdit) -> None:
        super().__init__("The phone was changed by somebody else")
        self.fields, self.base, self.now, self.wanted = fields, base, now, wanted


class AlreadySent(Exception):
    """This form was sent before and its change is still under way."""


class PhoneIsBusy(Exception):
    """Others are saving this phone all the time: nothing was sent."""


class BeingSaved(PhoneIsBusy):
    """One save of this phone by somebody else is under way, and takes long: nothing was sent."""


class NotRecorded(Exception):
    """The diary could not be written, so nothing was sent."""


class OutcomeNotRecorded(Exception):
    """It was sent, and what became of it could not be written down: it is looked at again within minutes."""


class _Overtaken(Exception):
    """The phone has moved on since it was read: start over."""


class ReadOnlyProject(Exception):
    """Nothing can be written: there is no key, or Diga has rejected it."""


# What keeps a save from being sent once the phone has been read.
_IN_THE_WAY = (NothingToChange, Conflict, NotEditable, PredictedRefusal, NotChecked, NoConsent)


@dataclass(frozen=True, slots=True)
class Saved:
    """The change made, and what there is to say about it.

    `merged` are the fields somebody else had changed meanwhile, which were left as they are. `error` is why
    the write got no usable answer, if it got none.
    """

    change: Change
    merged: tuple[str, ...] = ()
    impacts: tuple[Impact, ...] = ()
    error: diga.DigaError | None = None


@dataclass(frozen=True, slots=True)
class _Checked:
    """What is left to send, what others changed meanwhile, and what there is to say about it."""

    remaining: PhoneEdit
    merged: tuple[str, ...]
    impacts: tuple[Impact, ...]


def change_phone(
    *,
    project: Project,
    phone: Phone,
    edit: PhoneEdit,
    base: PhoneSnapshot,
    author: Author,
    agreed: str | None,
    clock: Clock,
    sleep: Sleep = time.sleep,
) -> Saved:
    """Change a phone through Diga, and return what became of it.

    `agreed` is the fingerprint of the impacts the person has ticked, or None. The phone's row and the diary
    are right afterwards, whatever happens. `Saved.change.outcome` may be any but `PENDING`. Saves of one phone
    take turns; the second of two sends of one form waits for the first, and returns its result.

    :raises NothingToChange: nothing differs; nothing was sent.
    :raises ReadOnlyProject: there is no key, or Diga has rejected it; nothing was sent.
    :raises NotEditable: the status closes a field; nothing was sent.
    :raises PredictedRefusal: Diga would refuse; nothing was sent.
    :raises NotChecked: our copy foresees a refusal, and Diga could not be asked; nothing was sent.
    :raises NoConsent: consent is needed and `agreed` is for something else; nothing was sent.
    :raises Conflict: somebody changed the same field meanwhile; nothing was sent.
    :raises AlreadySent: the same form is being sent right now, and that takes long.
    :raises SpentForm: the same form was sent before with other content; nothing was sent now.
    :raises BeingSaved: another save of the phone is under way, and takes long; nothing was sent.
    :raises PhoneIsBusy: the phone is being changed by others all the time; nothing was sent.
    :raises NotRecorded: the diary could not be written; nothing was sent.
    :raises OutcomeNotRecorded: it was sent, and the diary could not be written then.
    :raises DigaError: the re-read before the write failed; nothing was sent.
    """
    clock = database_clock(clock)
    earlier = _earlier(phone, edit, author, clock, sleep)
    if earlier is not None:
        return Saved(earlier)
    if edit.is_empty:
        raise NothingToChange
    if not project.is_writable:
        raise ReadOnlyProject
    client = client_for(project)
    for _round in range(MAX_ROUNDS):
        try:
            checked = _check(project, phone, edit, base, agreed, client, clock)
            write = _begin(project, phone, checked.remaining, author, clock())
        except (_Overtaken, *_IN_THE_WAY) as met:
            # What is in the way may be what the other send of this form has done.
            earlier = _earlier(phone, edit, author, clock, sleep)
            if earlier is not None:
                return Saved(earlier)
            if not isinstance(met, _Overtaken):
                _settle_dead(phone, clock)
                raise
            _await_turn(phone, clock, sleep)
            phone.refresh_from_db()
            continue
        error = _send(write, client, clock)
        return Saved(write.change, checked.merged, checked.impacts, error)
    raise PhoneIsBusy


def _check(
    project: Project,
    phone: Phone,
    edit: PhoneEdit,
    base: PhoneSnapshot,
    agreed: str | None,
    client: diga.DigaClient,
    clock: Clock,
) -> _Checked:
    """Read the phone anew, and let nothing through that the person would not want sent any more."""
    _refuse_closed_fields(phone, edit)
    now = reread(project=project, phone=phone, client=client, clock=clock, is_before_write=True)
    _refuse_closed_fields(phone, edit)
    merged = _compare(base, now, edit)
    remaining = edit.remaining(now)
    if remaining.is_empty:
        raise NothingToChange
    impacts = guard_change(project=project, phone=phone, edit=remaining, client=client, agreed=agreed, clock=clock)
    return _Checked(remaining, merged, impacts)


def _earlier(phone: Phone, edit: PhoneEdit, author: Author, clock: Clock, sleep: Sleep) -> Change | None:
    """Return what an earlier send of the same form came to, if there was one; wait a moment while it is under way."""
    if author.form_token is None:
        return None
    same_form = Change.objects.filter(form_token=author.form_token)
    for _look in _looks(phone, clock, sleep):
        change = same_form.first()
        if change and change.phone_id != phone.pk:
            # Nothing of another phone is shown.
            raise AlreadySent
        if change is None or change.outcome != Outcome.PENDING:
            if change and not _is_asked_for(change, phone, edit, author):
                raise SpentForm(change)
            return change
    raise AlreadySent


def _is_asked_for(change: Change, phone: Phone, edit: PhoneEdit, author: Author) -> bool:
    """Say whether a change is what is asked for now: the same values, for the same reason."""
    given = (author.reason, author.ticket, author.reverts and author.reverts.pk)
    is_same = given == (change.reason, change.ticket, change.reverts_id)
    return is_same and is_answered_by(edit, change.after, PhoneSnapshot.of(phone))


def _await_turn(phone: Phone, clock: Clock, sleep: Sleep) -> None:
    """Wait a moment until nobody is sending a change of the phone."""
    for _look in _looks(phone, clock, sleep):
        if not is_being_sent(phone):
            return
    raise BeingSaved


def _looks(phone: Phone, clock: Clock, sleep: Sleep) -> Iterator[None]:
    """Yield whenever it is time to look whether a save of the phone is over; a dead sender's is settled at once."""
    yield
    _settle_dead(phone, clock)
    yield
    for _poll in range(round(PATIENCE_SECONDS / POLL_SECONDS)):
        sleep(POLL_SECONDS)
        yield


def is_being_sent(phone: Phone) -> bool:
    """Say whether a change of the phone is marked as being sent."""
    return _being_sent(phone).exists()


def _being_sent(phone: Phone) -> QuerySet[Change]:
    return Change.objects.filter(phone=phone, outcome=Outcome.PENDING)


def is_sender_dead(phone: Phone, now: datetime) -> bool:
    """Say whether a change of the phone is still marked as being sent, and nobody is sending it any more."""
    return bool(due(_being_sent(phone), "created_at", now))


def _settle_dead(phone: Phone, clock: Clock) -> None:
    """Settle by reading what a dead sender had sent: nobody has to wait for the sweeper."""
    for change in due(_being_sent(phone).select_related("project", "phone"), "created_at", clock()):
        with suppress(NoKey):
            client = client_for(change.project)
            if claim_look(change, begun_at=change.created_at, now=clock()):
                settle_by_reading(change, client, clock)


def _refuse_closed_fields(phone: Phone, edit: PhoneEdit) -> None:
    policy = policy_for(phone)
    if (edit.moves_calls and not policy.can_route) or not policy.can_label:
        raise NotEditable(policy)


def _compare(base: PhoneSnapshot, now: PhoneSnapshot, edit: PhoneEdit) -> tuple[str, ...]:
    """Compare base, now and wanted per field; return the fields others changed that the person left alone.

    A version is not told by a read, so a lane is compared by its agent.
    """
    moved = [name for name in FIELDS if base.value(name) != now.value(name)]
    clashing = [name for name in moved if name in edit.fields and not edit.is_met(name, now)]
    if clashing:
        raise Conflict(tuple(clashing), base, now, edit)
    return tuple(name for name in moved if name not in edit.fields)


def _begin(project: Project, phone: Phone, edit: PhoneEdit, author: Author, now: datetime) -> Write:
    """Commit the diary row before anything is sent.

    :raises _Overtaken: the phone was written or read by others since we read it, is being written, or this very
        form was sent.
    """
    write = new_write(project=project, phone=phone, edit=edit, author=author, now=now)
    try:
        begun = begin([write])
    except IntegrityError as error:
        raise (_Overtaken if _is_about_turns(error) else NotRecorded) from None
    except DatabaseError:
        raise NotRecorded from None
    if not begun:
        raise _Overtaken
    return write


def _is_about_turns(error: IntegrityError) -> bool:
    """Say whether the row was refused because the phone is being written, or the form was sent, this very moment."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or str(error)
    return any(what in name for what in ("one_write_a_phone", "phones_change.phone_id", "form_token"))


def _send(write: Write, client: diga.DigaClient, clock: Clock) -> diga.DigaError | None:
    """Send the PATCH and settle the diary row by the answer; return the error if there was one."""
    outcome = send(write, client, clock)
    try:
        if isinstance(outcome, diga.DigaError):
            return take_error(write, client, outcome, clock)
        take_answers(write.change.project, [(write, outcome)], client, clock)
    except DatabaseError:
        raise OutcomeNotRecorded from None
    return None
