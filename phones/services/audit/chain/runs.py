"""Runs of the verification, once a day by itself or by a command, and who has seen a break. Each is an act."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import connection, transaction

from phones.models import Act, ActKind, Project
from phones.services.audit.acts import record_act
from phones.services.audit.chain import breaks as chain_breaks
from phones.services.audit.chain.verification import Verdict, verify_guards, verify_log
from phones.services.audit.first_seen import seal_older_phones
from phones.services.clock import Clock, has_passed

INTERVAL = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Verification:
    """The latest run for a chain: how many entries it has read, up to which seal, and how many faults it has found."""

    at: datetime
    entry_count: int
    seal_count: int
    fault_count: int

    @property
    def is_whole(self) -> bool:
        """True if everything was as it was written."""
        return self.fault_count == 0


def verify_and_record(*, project: Project | None, guard_fault_count: int, clock: Clock) -> Verdict:
    """Verify the chain of a project or of the site, and write down what was found, with the faults of the triggers.

    Not within a transaction: it begins one of its own, with one snapshot, that holds nobody up.
    """
    with _as_of_one_moment():
        verdict = verify_log(project=project)
    details = {
        "changes": verdict.change_count,
        "acts": verdict.act_count,
        "seals": verdict.seal_count,
        "faults": verdict.fault_count + guard_fault_count,
    }
    record_act(kind=ActKind.VERIFIED, project=project, actor=None, at=clock(), details=details)
    return verdict


def verify_if_due(*, project: Project | None, clock: Clock) -> int:
    """Verify a chain that was not verified for a day, and the triggers; return how many faults were found."""
    latest = latest_verification(project)
    if latest and not has_passed(INTERVAL, latest.at, clock()):
        return 0
    if project:
        with transaction.atomic():
            seal_older_phones(project)
    guards = len(verify_guards())
    return guards + verify_and_record(project=project, guard_fault_count=guards, clock=clock).fault_count


def latest_verification(project: Project | None) -> Verification | None:
    """Return the latest run for a chain, None if there was none. One query."""
    act = Act.objects.filter(project=project, kind=ActKind.VERIFIED).order_by("-pk").first()
    if act is None:
        return None
    found = act.details
    return Verification(act.at, found["changes"] + found["acts"], found["seals"], found["faults"])


def acknowledge_break(*, project: Project | None, noted: str, by: User, clock: Clock) -> None:
    """Record in the chain, too, who has seen its break `noted`.

    :raises BreakHasMoved: there is none, or another one.
    """
    with transaction.atomic():
        kept = chain_breaks.acknowledge_break(project=project, noted=noted, by=by, clock=clock)
        details = {"noted": kept.noted_number, "found": kept.found_number}
        record_act(kind=ActKind.BREAK_ACKNOWLEDGED, project=project, actor=by, at=clock(), details=details)


@contextmanager
def _as_of_one_moment() -> Iterator[None]:
    """Read as of one moment while others go on writing: `atomic` would lock them out of SQLite."""
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("BEGIN" if is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
