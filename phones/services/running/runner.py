"""Running a plan: many rows at a time, each read, compared, written down, sent once and verified.

One thread owns the database and decides; a few others only talk to Diga. What they bring back at about the same time
is written down together. Rows are the truth: whatever is lost with a process is found again in them.
"""

from collections.abc import Callable
from contextlib import suppress

from phones.models import NoKey, Plan
from phones.services.clock import Clock, database_clock
from phones.services.plans.lifecycle import finish_if_done, pause_plan
from phones.services.plans.lock import PlanHasMoved
from phones.services.running import plan_watch
from phones.services.running.diga_calls import DigaCalls
from phones.services.running.held_rows import Row
from phones.services.running.plan_watch import PlanWatch
from phones.services.running.publish_run import run_publish
from phones.services.running.recorder import Recorder
from phones.services.running.row_feed import RowFeed


def run_plan(
    *,
    plan: Plan,
    clock: Clock,
    may_run: Callable[[Plan], bool],
    should_stop: Callable[[], bool] = lambda: False,
    call_others: Callable[[], object] | None = None,
) -> None:
    """Work at a plan until it ends, is held, or `should_stop`; several workers may, each in a process of its own.

    `may_run` says whether those who let it run may still do so: it is asked again and again. `call_others` is called
    now and then while there is work, so that workers that are free may help. Rows that a dead worker
    was sending are left to the sweeper; those it had only taken are taken over when its lease is over.
    """
    shared = database_clock(clock)
    try:
        if plan.is_publishing:
            # Held by somebody, or by another worker: what is left to do is theirs.
            with suppress(PlanHasMoved):
                run_publish(plan=plan, clock=shared, may_run=may_run, should_stop=should_stop)
        else:
            watch = PlanWatch(plan, clock=shared, may_run=may_run, should_stop=should_stop, call_others=call_others)
            _work(watch, RowFeed(plan, shared), shared)
    except NoKey:
        with suppress(PlanHasMoved):
            pause_plan(plan=plan, clock=shared, cause="no_key")
        return
    finish_if_done(plan, clock=shared)


def _work(watch: PlanWatch, feed: RowFeed, clock: Clock) -> None:
    """Feed rows to calls and write down what came of them, until the plan is held or nothing is left to take."""
    with DigaCalls(clock, watch.halted) as calls:
        recorder = Recorder(watch, feed, calls, clock)
        while True:
            watch.poll()
            feed.renew(calls.reading)
            if watch.may_begin:
                for item in feed.take(calls.free):
                    calls.read(Row(item, clock(), watch.access))
            else:
                feed.give_rest_back()
            recorder.check_versions()
            if calls.are_idle and not (watch.may_begin and feed.is_resting):
                return
            recorder.record(calls.wait(plan_watch.POLL_SECONDS))
