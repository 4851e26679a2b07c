"""Doing what is due, in a worker: each row is claimed, checked as a person's save is, sent once, and followed.

Rows are the truth. A worker that dies leaves its lease and, once it has written it down, the change that it sends: the
next one finds that by the row's token, and sends nothing again.
"""

import time
import uuid
from datetime import datetime

from django.db.models import QuerySet

from phones import diga
from phones.models import Change, Outcome, Project, Schedule, ScheduleKind, ScheduleState
from phones.services.clock import Clock, database_clock
from phones.services.editing.outcome import SILENT
from phones.services.editing.recheck_times import is_given_up
from phones.services.editing.result import SaveKind, SaveResult
from phones.services.editing.save import Sleep
from phones.services.installation.holding import is_held
from phones.services.schedules.claiming import MayRun, claim, due, end, loaded, note_sent, put_off, settled
from phones.services.schedules.plans import do_plan, follow_plan
from phones.services.schedules.sending import NotNow, Over, send_now
from phones.services.schedules.together import put_back_together
from phones.services.schedules.together_settled import settle_together
from phones.services.sync.passes import cause_of_read
from phones.services.upstream.failures import was_not_looked_at

# So many rows are done in one go; the bell rings again for the others.
BATCH = 100
_ENDINGS = {
    SaveKind.NOTHING_TO_CHANGE: (ScheduleState.DONE, "same"),
    SaveKind.CONFLICT: (ScheduleState.SKIPPED, "changed"),
    SaveKind.NOT_EDITABLE: (ScheduleState.FAILED, "closed"),
    SaveKind.WILL_BE_REFUSED: (ScheduleState.FAILED, "predicted"),
    SaveKind.NO_CONSENT: (ScheduleState.FAILED, "not_agreed"),
}


def run_due(*, project: Project, clock: Clock, may_run: MayRun, sleep: Sleep = time.sleep) -> None:
    """Do what is due in a project, and settle what is under way; several workers may.

    `may_run` says whether the person on whose behalf a row is done may do it now. Once Diga is silent, the rest is put
    off without asking.
    """
    if is_held(project):
        return
    clock = database_clock(clock)
    for pk in _alone(settled(), project).order_by("pk").values_list("pk", flat=True)[:BATCH]:
        follow(loaded(pk), clock())
    settle_together(project, clock)
    put_back_together(project=project, clock=clock, may_run=may_run)
    owner = uuid.uuid4()
    silence: diga.DigaError | None = None
    for pk in _alone(due(clock()), project).order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH]:
        row = claim(pk, owner=owner, now=clock())
        if row is None:
            continue
        if silence:
            _put_off(row, silence, clock())
        elif not may_run(row):
            end(row, ScheduleState.FAILED, now=clock(), cause="no_right")
        elif row.is_of_plan:
            do_plan(row, clock)
        else:
            silence = _do(row, clock, sleep)


def _alone(rows: QuerySet[Schedule], project: Project) -> QuerySet[Schedule]:
    """Return those of these rows that no common plan puts back."""
    return rows.filter(project=project).exclude(kind=ScheduleKind.PUT_BACK, made_plan__isnull=False)


def _do(row: Schedule, clock: Clock, sleep: Sleep) -> diga.DigaError | None:
    """Do a claimed row of one phone; return the error if Diga is silent."""
    earlier = Change.objects.filter(form_token=row.send_token).first()
    if earlier:
        _note_sent(row, earlier, clock())
        return None
    if row.until_at and row.until_at <= clock():
        end(row, ScheduleState.FAILED, now=clock(), cause="over")
        return None
    try:
        _take(row, send_now(row, clock=clock, sleep=sleep), clock())
    except Over as over:
        end(row, over.state, now=clock(), cause=over.cause)
    except NotNow as not_now:
        put_off(row, now=clock(), cause=not_now.cause)
    except diga.DigaNotFound as error:
        end(row, ScheduleState.FAILED, now=clock(), cause="not_found", message=error.message)
    except diga.DigaError as error:
        _put_off(row, error, clock())
        return error if isinstance(error, SILENT) else None
    return None


def _put_off(row: Schedule, error: diga.DigaError, now: datetime) -> None:
    put_off(row, now=now, cause=cause_of_read(error), message=error.message)


def _take(row: Schedule, result: SaveResult, now: datetime) -> None:
    """Note what a save has come to."""
    if result.change is not None and result.kind in {SaveKind.SENT, SaveKind.SPENT_FORM}:
        _note_sent(row, result.change, now)
    elif result.kind in _ENDINGS:
        state, cause = _ENDINGS[result.kind]
        end(row, state, now=now, cause=cause)
    elif result.error:
        _put_off(row, result.error, now)
    else:
        put_off(row, now=now, cause=result.kind.value)


def _note_sent(row: Schedule, change: Change, now: datetime) -> None:
    note_sent(row, result=change)
    follow(row, now)


def follow(row: Schedule, now: datetime) -> None:
    """Settle a row that is under way by what became of its change or plan; one that is still open stays so."""
    change = row.result
    if row.state != ScheduleState.SENT:
        return
    if change is None:
        follow_plan(row, now)
        return
    match change.outcome:
        case Outcome.CONFIRMED:
            end(row, ScheduleState.DONE, now=now)
        case Outcome.FAILED | Outcome.REFUSED if change.outcome == Outcome.FAILED or was_not_looked_at(change):
            cause = change.cause or "not_applied"
            put_off(row, now=now, cause=cause, message=change.message, is_new_write=True)
        case Outcome.REFUSED:
            end(row, ScheduleState.FAILED, now=now, cause=change.cause, message=change.message)
        case Outcome.MISMATCH:
            end(row, ScheduleState.FAILED, now=now, cause="mismatch", message=change.message)
        case Outcome.UNKNOWN if is_given_up(change):
            end(row, ScheduleState.FAILED, now=now, cause="unknown")
