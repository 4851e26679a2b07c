"""The one way to change a phone: guard, re-read, compare, log, one PATCH, verify.

Whatever changes a phone passes through `change_phone`, so that none of these steps can be skipped. No
transaction is open while the network is used.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from django.db import DatabaseError, IntegrityError
from django.db.models import QuerySet

from phones import diga
from phones.models import Change, NoKey, Outcome, Phone, Project
from phones.services.clock import Clock, database_clock
from phones.services.editing.guard import guard_change
from phones.services.editing.recheck import settle_due
from phones.services.editing.recheck_times import due
from phones.services.editing.result import SaveKind, SaveResult
from phones.services.editing.write import Author, Write, begin, new_write, send, take_answers, take_error
from phones.services.projects.clients import client_for
from phones.services.routing.editability import policy_for
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import FIELDS
from phones.services.routing.snapshots import is_answered_by
from phones.services.sync.refresh import reread

__all__ = ["Author", "SaveKind", "SaveResult", "change_phone"]

Sleep = Callable[[float], None]

# How long a save holds its thread for another one of the same phone, look by look: three seconds in all. Where that
# takes longer, the page goes on looking.
WAITS_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.45)
# How often a save starts over because the phone has moved on between its read and its write.
MAX_ROUNDS = 5
# With these nothing else of the same form or phone has to be looked for.
_FINAL = {SaveKind.SENT, SaveKind.NOT_RECORDED, SaveKind.OUTCOME_NOT_RECORDED}


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
) -> SaveResult:
    """Change a phone through Diga, and return what became of it.

    `agreed` is the fingerprint of the impacts the person has ticked, or None. The phone's row and the log are right
    afterwards, whatever happens. Saves of one phone take turns; the second of two sends of one form waits for the
    first, and returns its result.

    :raises DigaError: a read before the write failed; nothing was sent.
    """
    clock = database_clock(clock)
    if earlier := _replay(phone, edit, author, clock, sleep):
        return earlier
    if edit.is_empty:
        return SaveResult(SaveKind.NOTHING_TO_CHANGE)
    client = _client(project)
    if client is None:
        return SaveResult(SaveKind.READ_ONLY)
    for _round in range(MAX_ROUNDS):
        result = _try(project, phone, edit, base, author, agreed, client, clock)
        if result.kind in _FINAL:
            return result
        # What is in the way may be what the other send of this form has done.
        if earlier := _replay(phone, edit, author, clock, sleep):
            return earlier
        if result.kind is not SaveKind.BUSY:
            settle_due(_being_sent(phone), clock)
            return result
        if not _await_turn(phone, clock, sleep):
            return SaveResult(SaveKind.BEING_SAVED)
        phone.refresh_from_db()
    return SaveResult(SaveKind.BUSY)


def _try(
    project: Project,
    phone: Phone,
    edit: PhoneEdit,
    base: PhoneSnapshot,
    author: Author,
    agreed: str | None,
    client: diga.DigaClient,
    clock: Clock,
) -> SaveResult:
    """Read, compare, guard, write down and send, up to the first step that something stands in the way of."""
    remaining, checked = _check(project, phone, edit, base, agreed, client, clock)
    if checked.kind is not SaveKind.READY:
        return checked
    taken = _take_turn(project, phone, remaining, author, clock())
    return _send(taken, checked, client, clock) if isinstance(taken, Write) else SaveResult(taken)


def _client(project: Project) -> diga.DigaClient | None:
    with suppress(NoKey):
        return client_for(project) if project.is_writable else None
    return None


def _replay(phone: Phone, edit: PhoneEdit, author: Author, clock: Clock, sleep: Sleep) -> SaveResult | None:
    """Return the result of an earlier send of the same form, if any; wait a moment while it is under way."""
    if author.form_token is None:
        return None
    for _look in _looks(phone, clock, sleep):
        change = Change.objects.filter(form_token=author.form_token).first()
        if change is None:
            return None
        if change.phone_id != phone.pk:
            # Nothing of another phone is shown.
            break
        if not change.is_pending:
            is_same = _is_asked_for(change, phone, edit, author)
            return SaveResult(SaveKind.SENT if is_same else SaveKind.SPENT_FORM, change)
    return SaveResult(SaveKind.ALREADY_SENT)


def _is_asked_for(change: Change, phone: Phone, edit: PhoneEdit, author: Author) -> bool:
    """Say whether a change is what is asked for now: the same values, for the same reason."""
    given = (author.reason, author.ticket, author.reverts and author.reverts.pk)
    is_same = given == (change.reason, change.ticket, change.reverts_id)
    return is_same and is_answered_by(edit, change.after, PhoneSnapshot.of(phone))


def _check(
    project: Project,
    phone: Phone,
    edit: PhoneEdit,
    base: PhoneSnapshot,
    agreed: str | None,
    client: diga.DigaClient,
    clock: Clock,
) -> tuple[PhoneEdit, SaveResult]:
    """Read the phone anew; return what is left to send, `READY` unless the person would not want it sent any more.

    Base, now and wanted are compared field by field: a lane by its agent, as a version is not told by a read. What
    others changed and the person left alone is merged.

    :raises DigaError: Diga gave no usable answer.
    """
    if closed := _closed(phone, edit):
        return edit, closed
    now = reread(project=project, phone=phone, client=client, clock=clock, is_before_write=True)
    if closed := _closed(phone, edit):
        return edit, closed
    moved = [name for name in FIELDS if base.value(name) != now.value(name)]
    if asked := tuple(name for name in moved if name in edit.fields and not edit.is_met(name, now)):
        return edit, SaveResult(SaveKind.CONFLICT, fields=asked, now=now)
    remaining = edit.remaining(now)
    if remaining.is_empty:
        return remaining, SaveResult(SaveKind.NOTHING_TO_CHANGE)
    guarded = guard_change(project=project, phone=phone, edit=remaining, client=client, agreed=agreed, clock=clock)
    return remaining, replace(guarded, merged=tuple(name for name in moved if name not in edit.fields))


def _closed(phone: Phone, edit: PhoneEdit) -> SaveResult | None:
    policy = policy_for(phone)
    is_open = policy.can_label and (policy.can_route or not edit.moves_calls)
    return None if is_open else SaveResult(SaveKind.NOT_EDITABLE, policy=policy)


def _take_turn(project: Project, phone: Phone, edit: PhoneEdit, author: Author, now: datetime) -> Write | SaveKind:
    """Commit the log's row before anything is sent: who has it may send.

    `BUSY` where the phone was written or read by others since we read it, is being written, or this very form was sent.
    """
    write = new_write(project=project, phone=phone, edit=edit, author=author, now=now)
    try:
        return write if begin([write]) else SaveKind.BUSY
    except IntegrityError as error:
        return SaveKind.BUSY if _is_about_turns(error) else SaveKind.NOT_RECORDED
    except DatabaseError:
        return SaveKind.NOT_RECORDED


def _is_about_turns(error: IntegrityError) -> bool:
    """Say whether the row was refused because the phone is being written, or the form was sent, this very moment."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or str(error)
    return any(what in name for what in ("one_write_a_phone", "phones_change.phone_id", "form_token"))


def _send(write: Write, checked: SaveResult, client: diga.DigaClient, clock: Clock) -> SaveResult:
    """Send the PATCH, and settle the log's row by the answer."""
    outcome = send(write, client, clock)
    error = None
    try:
        if isinstance(outcome, diga.DigaError):
            error = take_error(write, client, outcome, clock)
        else:
            take_answers(write.change.project, [(write, outcome)], client, clock)
    except DatabaseError:
        return SaveResult(SaveKind.OUTCOME_NOT_RECORDED)
    return replace(checked, kind=SaveKind.SENT, change=write.change, error=error)


def _await_turn(phone: Phone, clock: Clock, sleep: Sleep) -> bool:
    """Wait a moment until nobody is sending a change of the phone; say whether that was so."""
    return any(not is_being_sent(phone) for _look in _looks(phone, clock, sleep))


def _looks(phone: Phone, clock: Clock, sleep: Sleep) -> Iterator[None]:
    """Yield whenever it is time to look whether a save of the phone is over; a dead sender's is settled at once."""
    yield
    settle_due(_being_sent(phone), clock)
    yield
    for seconds in WAITS_SECONDS:
        sleep(seconds)
        yield


def is_being_sent(phone: Phone) -> bool:
    """Say whether a change of the phone is marked as being sent."""
    return _being_sent(phone).exists()


def _being_sent(phone: Phone) -> QuerySet[Change]:
    return Change.objects.filter(phone=phone, outcome=Outcome.PENDING)


def is_sender_dead(phone: Phone, now: datetime) -> bool:
    """Say whether a change of the phone is still marked as being sent, and nobody is sending it any more."""
    return bool(due(_being_sent(phone), "created_at", now))
