"""The steps of a write that single saves and plans share: the log first, one PATCH, and what became of it.

`editing` takes them for one phone while a person waits, `running` for many at a time. Each works on a list, so that
what is written down together costs one transaction.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from phones import diga
from phones.models import Change, Outcome, Phone, Plan, Project, Source
from phones.services.audit import log
from phones.services.clock import Clock
from phones.services.display_names import unique_name_of
from phones.services.editing.outcome import (
    AgentsRead,
    find_out,
    needs_agents,
    read_agents,
    settle_answers,
    settle_failure,
)
from phones.services.editing.put_backs import keep_put_backs
from phones.services.editing.recheck_times import SENT_WITHIN
from phones.services.projects.answers import note_of_key
from phones.services.routing.catalogue import catalogue_of
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.snapshots import edit_snapshot, snapshot
from phones.services.sync.merge import Answer
from phones.services.sync.store import store_answers


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes, why, and on which form (`form_token` makes two sends of one form one write).

    `reverts` is the change that this one takes back, if it does; `plan` the plan that it is part of; `until` when it
    is put back by itself.
    """

    user: User | None
    reason: str = ""
    ticket: str = ""
    source: Source = Source.FORM
    form_token: uuid.UUID | None = None
    reverts: Change | None = None
    plan: Plan | None = None
    name: str = ""
    until: datetime | None = None

    @property
    def shown_name(self) -> str:
        """The name that the log keeps, also when the person's account is gone."""
        return self.name or (unique_name_of(self.user) if self.user else "")


@dataclass(frozen=True, slots=True)
class Write:
    """A change that is about to be sent, and what it asks for. `change.phone` is the phone as it was read.

    `until` is when it is put back by itself, if it is.
    """

    change: Change
    edit: PhoneEdit
    until: datetime | None = None

    @property
    def phone(self) -> Phone:
        """The phone as it was read."""
        return self.change.phone


def new_write(*, project: Project, phone: Phone, edit: PhoneEdit, author: Author, now: datetime) -> Write:
    """Return a write with its row of the log, which is not saved yet. No query but for agents that have moved."""
    change = Change(
        project=project,
        phone=phone,
        number=phone.shown,
        source=author.source,
        actor=author.user,
        actor_name=author.shown_name,
        reason=author.reason,
        ticket=author.ticket,
        before=snapshot(catalogue_of(project), PhoneSnapshot.of(phone), edit.fields),
        after=edit_snapshot(edit),
        created_at=now,
        form_token=author.form_token,
        reverts=author.reverts,
        plan=author.plan,
    )
    return Write(change, edit, author.until)


def begin(writes: Sequence[Write]) -> list[Write]:
    """Write the changes down before anything is sent, and return those that may be sent now.

    Left out are phones that were written or read by others since they were read for this, or that somebody is
    sending a change of. All are of one project.

    :raises IntegrityError: a change of one of the phones, or of the same form, was written down this very moment.
    """
    with log.on_disk(), transaction.atomic():
        ids = [write.phone.pk for write in writes]
        # In one order, so that two who lock several phones never wait for each other.
        locked = Phone.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        fetched_at = dict(locked.values_list("pk", "fetched_at"))
        busy = set(Change.objects.filter(phone__in=ids, outcome=Outcome.PENDING).values_list("phone_id", flat=True))
        free = [
            write
            for write in writes
            if fetched_at[write.phone.pk] == write.phone.fetched_at and write.phone.pk not in busy
        ]
        log.begin([write.change for write in free])
        keep_put_backs((write.change, write.until) for write in free)
    return free


def send(write: Write, client: diga.DigaClient, clock: Clock) -> diga.Phone | diga.DigaError:
    """Send the PATCH once, and return Diga's answer or why there is none. Uses no database."""
    started_at = clock()
    if started_at - write.change.created_at > SENT_WITHIN:
        return diga.DigaUnavailable(reason=diga.Reason.PACED)
    outcome: diga.Phone | diga.DigaError
    try:
        outcome = client.update_phone(write.phone.pk, write.edit.update())
    except diga.DigaError as error:
        outcome = error
    else:
        write.change.http_status = 200
    write.change.duration_ms = _milliseconds(clock() - started_at)
    return outcome


def _milliseconds(duration: timedelta) -> int:
    # A clock may be set back meanwhile.
    return max(0, round(duration.total_seconds() * 1000))


Answered = tuple[Write, diga.Phone]


def take_answers(project: Project, answers: Sequence[Answered], client: diga.DigaClient, clock: Clock) -> None:
    """Copy Diga's answers to writes, read the agents where a version was chosen, and settle the log's rows by both."""
    unread = take_phones(project, answers, clock())
    if unread:
        settle_versions(project, unread, read_agents(project, client, clock), clock())


def take_phones(project: Project, answers: Sequence[Answered], now: datetime) -> list[Answered]:
    """Copy Diga's answers to writes, and settle those that chose no version, in one transaction; return the others."""
    unread = [answer for answer in answers if needs_agents(answer[0].change)]
    with transaction.atomic():
        # The project's row before its chain, as everybody locks them. Writes that were answered together may have been
        # sent with two keys, if one was replaced meanwhile.
        for sender in {write.change.project.token_id: write.change.project for write, _record in answers}.values():
            if sender.can_write_phones is not True:
                note_of_key(sender, can_write_phones=True)
        # The answer to a write is the newest there is, whatever the clocks of other machines say.
        store_answers(
            project,
            [
                Answer(write.phone, record, max(now, write.phone.fetched_at), write.edit.fields)
                for write, record in answers
            ],
        )
        settle_versions(project, [answer for answer in answers if answer not in unread], None, now)
    return unread


def settle_versions(project: Project, answers: Sequence[Answered], agents: AgentsRead | None, now: datetime) -> None:
    """Settle the log's rows of writes by Diga's answers, and by a read of the agents that was asked for after them."""
    settle_answers(project, [(write.change, PhoneSnapshot.of(record)) for write, record in answers], agents, now)


def take_error(write: Write, client: diga.DigaClient, error: diga.DigaError, clock: Clock) -> diga.DigaError | None:
    """Settle a write that got no good answer; return the error, or None where it went well after all.

    A write is sent once. The one exception: a server that had closed an idle connection never saw the request; if
    reading confirms that, it is sent on a fresh one.
    """
    if error.is_stale and _is_untouched(write.change, client, clock):
        outcome = send(write, client, clock)
        if not isinstance(outcome, diga.DigaError):
            take_answers(write.change.project, [(write, outcome)], client, clock)
            return None
        error = outcome
    settle_failure(write.change, client, error, clock)
    return error


def _is_untouched(change: Change, client: diga.DigaClient, clock: Clock) -> bool:
    try:
        found = find_out(change, client, clock)
    except diga.DigaError:
        return False
    return found is not None and found.is_untouched
