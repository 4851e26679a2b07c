"""Records the results of calls for a plan's rows, and makes each row's next call.

All of it in the one thread that owns the database: what came back together is written down together.
"""

from collections.abc import Sequence

from django.db import transaction

from phones import diga
from phones.models import ItemState
from phones.services.audit import log
from phones.services.clock import Clock
from phones.services.editing.write import Write, begin, new_write, take_phones
from phones.services.plan_items import claiming
from phones.services.projects.answers import note_answer, note_refusal
from phones.services.projects.identity import ForeignProject
from phones.services.routing.edits import PhoneEdit
from phones.services.running.diga_calls import Batch, DigaCalls, PhoneOutcome
from phones.services.running.held_rows import Row, author_of, was_a_try
from phones.services.running.plan_watch import PlanWatch
from phones.services.running.row_decision import Decider
from phones.services.running.row_feed import RowFeed
from phones.services.running.version_checks import VersionChecks
from phones.services.sync.merge import Answer
from phones.services.sync.refresh import note_missing, note_refused
from phones.services.sync.store import ensure_read_is_newer, is_copy, store_answers

# How often a row is read again because somebody else was about its phone.
MAX_ROUNDS = 5


class Recorder:
    """A row goes through three calls: it is read, it is sent, and where the answer to that was lost, it is found out.

    Rows that were given a version wait together for a read of the agents: only that tells whether it is published.
    """

    def __init__(self, watch: PlanWatch, feed: RowFeed, calls: DigaCalls, clock: Clock) -> None:
        self._watch = watch
        self._feed = feed
        self._calls = calls
        self._clock = clock
        self._decider = Decider(clock)
        self._checks = VersionChecks(clock)

    def record(self, batch: Batch) -> None:
        """Record the results of calls, and make the calls that follow from them."""
        self._record_reads(batch.reads)
        self._record_sends(batch.sends)
        for found in batch.lost:
            self._calls.narrow(found.result())
        for check, read in batch.checks:
            if error := self._checks.record(check, read):
                check.access.breaker.note_error(error)
                self._calls.narrow(error)

    def check_versions(self) -> None:
        """Have the agents read, if rows wait for that and it is time."""
        if self._calls.is_checking:
            return
        if check := self._checks.begin(self._watch.access, is_alone=not self._calls.has_rows):
            self._calls.check_versions(check)

    def _record_reads(self, reads: Sequence[tuple[Row, PhoneOutcome]]) -> None:
        """Compare what was read with the plan; what is still to be done is written down and sent."""
        read = []
        for row, outcome in reads:
            if isinstance(outcome, diga.DigaError):
                self._record_read_error(row, outcome)
            else:
                read.append((row, outcome))
        if not read:
            return
        project = self._watch.access.project
        note_answer(project)
        for row, _record in read:
            ensure_read_is_newer(row.phone, self._clock())
        news = [Answer(row.phone, record, row.asked_at) for row, record in read if not is_copy(row.phone, record)]
        if news:
            store_answers(project, news)
        rows = [row for row, _record in read]
        if self._watch.may_begin:
            self._begin([(row, edit) for row in rows if (edit := self._decide(row))])
        else:
            self._feed.give_back([row.item for row in rows])

    def _record_read_error(self, row: Row, error: diga.DigaError) -> None:
        if isinstance(error, diga.DigaRejected):
            note_refused(row.phone, error, row.asked_at)
            row.access.breaker.note_error(error)
            self._feed.end(row.item, ItemState.FAILED, cause="read_refused", message=error.message)
        elif isinstance(error, diga.DigaNotFound):
            note_missing(row.phone, self._clock())
            self._feed.end(row.item, ItemState.FAILED, cause="unknown_phone")
        else:
            self._put_off(row, error)

    def _put_off(self, row: Row, error: diga.DigaError) -> None:
        """Release a row that could not be decided on for want of an answer."""
        if isinstance(error, ForeignProject):
            self._watch.pause(error.cause)
        is_ours = isinstance(error, diga.DigaUnavailable) and error.reason is diga.Reason.PACED
        if is_ours:
            self._feed.rest()
        else:
            row.access.breaker.note_error(error)
            self._calls.narrow(error)
            note_refusal(row.access.project, error, self._clock())
        self._feed.give_back([row.item], counts=was_a_try(error))

    def _decide(self, row: Row) -> PhoneEdit | None:
        """Return what is to be sent for a row; None where it has ended here."""
        access = self._watch.access
        try:
            decision = self._decider.decide(row.item, row.phone, set(self._watch.plan.agreed), access.client)
        except diga.DigaError as error:
            self._put_off(row, error)
            return None
        if decision.state is None:
            return decision.edit
        if decision.state == ItemState.REFUSED:
            access.breaker.note_refusal(decision.cause)
        else:
            access.breaker.note_success()
        details = {**row.item.details, **decision.details}
        self._feed.end(row.item, decision.state, cause=decision.cause, details=details)
        return None

    def _begin(self, edits: Sequence[tuple[Row, PhoneEdit]]) -> None:
        """Write changes down in the log, then send them. Nobody else can hold their rows from here on."""
        if not edits:
            return
        with log.on_disk(), transaction.atomic():
            held = claiming.still_held([row.item for row, _edit in edits], self._feed.owner)
            writes = {row: self._new_write(row, edit) for row, edit in edits if row.item.pk in held}
            begun = {write.phone.pk: write for write in begin(list(writes.values()))}
            sending = [(row, begun[row.phone.pk]) for row, _edit in edits if row.phone.pk in begun]
            claiming.mark_sending({row.item.pk: write.change.pk for row, write in sending})
        for row, write in sending:
            self._calls.send(row, write)
        for row, _edit in edits:
            if row.phone.pk not in begun:
                self._take_up_again(row, is_held=row in writes)

    def _take_up_again(self, row: Row, *, is_held: bool) -> None:
        """Read a row anew whose phone somebody else has read or saved meanwhile; let it go if that goes on."""
        if is_held and row.round < MAX_ROUNDS:
            row.phone.refresh_from_db()
            row.round += 1
            self._calls.read(row)
        else:
            self._feed.give_back([row.item], counts=is_held)

    def _new_write(self, row: Row, edit: PhoneEdit) -> Write:
        row.access, author = self._watch.access, author_of(self._watch.plan, row.item)
        return new_write(project=row.access.project, phone=row.phone, edit=edit, author=author, now=self._clock())

    def _record_sends(self, sends: Sequence[tuple[Row, Write, PhoneOutcome]]) -> None:
        """Settle what was answered; where no good answer came, find out elsewhere what became of the row."""
        answers = []
        for row, write, outcome in sends:
            if isinstance(outcome, diga.DigaError):
                self._calls.find_out(row, write, outcome)
            else:
                answers.append((write, outcome))
        if answers:
            self._checks.add(take_phones(self._watch.access.project, answers, self._clock()))
            self._calls.widen(len(answers))
