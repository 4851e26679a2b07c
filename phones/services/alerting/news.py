"""What there is to tell in a project that was not told yet. The row of its rules is the lock: each is found once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Min, Q

from phones.models import (
    Alert,
    AlertKind,
    AlertRules,
    ChainHead,
    Change,
    Outcome,
    Plan,
    PlanState,
    Project,
    Source,
    StepKind,
    SyncRun,
    SyncState,
)
from phones.services.audit.chain.breaks import find_break
from phones.services.audit.chain.runs import latest_verification
from phones.services.clock import Clock, database_now

UNKNOWN_AFTER = timedelta(hours=1)
# What ended longer ago, with nobody to tell it, is on the pages.
PLANS_WITHIN = timedelta(days=7)
# So many numbers are named; the others are counted.
NAMED = 5
# How many breaks are remembered as told.
_REMEMBERED = 50
_OPEN = (Outcome.PENDING, Outcome.UNKNOWN)
_ENDED = {PlanState.STOPPED, PlanState.FINISHED}


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell."""

    kind: AlertKind
    details: dict[str, Any]


def note_news(*, clock: Clock) -> int:
    """Write down what is news in every project that tells something; return how many messages wait because of it."""
    ids = AlertRules.objects.order_by("pk").values_list("pk", flat=True)
    return sum(_note(project_id, database_now(clock)) for project_id in list(ids))


def _note(project_id: Any, now: datetime) -> int:
    with transaction.atomic():
        rules = AlertRules.objects.select_for_update().select_related(None).filter(pk=project_id).first()
        if rules is None or not rules.channels:
            return 0
        told = dict(rules.told)
        news = [each for each in _all_news(rules, now) if each.kind in rules.kinds]
        if rules.told != told:
            rules.save(update_fields=["told"])
        return len(queue(rules, news, now=now))


def queue(rules: AlertRules, news: list[News], *, now: datetime) -> list[Alert]:
    """Write down a message for each piece of news and each channel."""
    return Alert.objects.bulk_create(
        Alert(
            project_id=rules.project_id,
            kind=each.kind,
            channel=channel,
            details=each.details,
            created_at=now,
            next_try_at=now,
        )
        for each in news
        for channel in rules.channels
    )


def _all_news(rules: AlertRules, now: datetime) -> Iterator[News]:
    """Yield what is news, and move the marks of what was told: for kinds that nobody wants, too."""
    project = Project.objects.get(pk=rules.project_id)
    told = rules.told
    yield from _lasting(told, AlertKind.KEY_REJECTED, *_rejected(project))
    yield from _lasting(told, AlertKind.SYNC_FAILING, *_failing(project, rules.sync_failing_minutes, now))
    yield from _changed_outside(told, project)
    yield from _plans(told, project, now)
    yield from _unknown(told, project, now)
    yield from _broken(told, project)


def _lasting(told: dict[str, Any], kind: AlertKind, mark: str, details: dict[str, Any]) -> Iterator[News]:
    """Yield a state once as long as it lasts. `mark` is "" while it isn't so, and another one each time it begins."""
    before, told[kind] = told.get(kind, ""), mark
    if mark and mark != before:
        yield News(kind, details)


def _rejected(project: Project) -> tuple[str, dict[str, Any]]:
    # When a key is accepted again, the moment of that is another.
    mark = f"{project.token_id} {project.token_accepted_at}" if project.is_rejected else ""
    return mark, {"key": project.masked_token}


def _failing(project: Project, minutes: int, now: datetime) -> tuple[str, dict[str, Any]]:
    if not project.is_sync_failing or not project.is_connected:
        return "", {}
    runs = SyncRun.objects.filter(project=project)
    complete = runs.filter(state=SyncState.COMPLETE).aggregate(pk=Max("pk"))["pk"] or 0
    since = runs.filter(state=SyncState.FAILED, pk__gt=complete).aggregate(at=Min("finished_at"))["at"]
    if since is None or since > now - timedelta(minutes=minutes):
        return "", {}
    return f"after {project.synced_at}", {"since": since.isoformat(), "cause": project.sync_cause}


def _changed_outside(told: dict[str, Any], project: Project) -> Iterator[News]:
    """Yield one piece of news for what came since the last, not before a pass that finds more of it has ended.

    The numbers of seals are given under a lock that is held until the commit, so none below the mark comes later.
    """
    if SyncRun.objects.filter(project=project, state=SyncState.RUNNING).exists():
        return
    head = ChainHead.objects.filter(chain=project.pk).values_list("number", flat=True).first() or 0
    before = told.get(AlertKind.CHANGED_OUTSIDE)
    told[AlertKind.CHANGED_OUTSIDE] = head
    # A restored database has a shorter chain.
    if before is None or head <= before:
        return
    sealed = Q(seals__chain=project.pk, seals__number__gt=before, seals__number__lte=head)
    found = Change.objects.filter(sealed, project=project, source=Source.OUTSIDE).distinct()
    if count := found.count():
        yield News(AlertKind.CHANGED_OUTSIDE, {"count": count, "numbers": _numbers(found)})


def _plans(told: dict[str, Any], project: Project, now: datetime) -> Iterator[News]:
    """Yield plans that are paused or over. A plan that is paused again has another step."""
    over = Q(state__in=_ENDED, finished_at__gte=now - PLANS_WITHIN)
    plans = Plan.objects.filter(Q(state=PlanState.PAUSED) | over, project=project).order_by("pk")
    plans = plans.annotate(pause=Max("steps__pk", filter=Q(steps__kind=StepKind.PAUSED)))
    found = {f"{plan.pk} {plan.state} {plan.pause}": plan for plan in plans}
    before = told.get(AlertKind.PLAN_ENDED)
    told[AlertKind.PLAN_ENDED] = list(found)
    if before is None:
        return
    for mark, plan in found.items():
        if mark not in before:
            kind = AlertKind.PLAN_PAUSED if plan.is_paused else AlertKind.PLAN_ENDED
            yield News(kind, {"plan": plan.pk, "state": plan.state, "cause": plan.cause if plan.is_paused else ""})


def _unknown(told: dict[str, Any], project: Project, now: datetime) -> Iterator[News]:
    """Yield the changes that became an hour old since the last look, and of which nobody knows what they came to."""
    before, until = told.get(AlertKind.OUTCOME_UNKNOWN), now - UNKNOWN_AFTER
    told[AlertKind.OUTCOME_UNKNOWN] = until.isoformat()
    since = datetime.fromisoformat(before) if before else None
    found = Change.objects.filter(project=project, outcome__in=_OPEN, created_at__lte=until)
    found = found.filter(created_at__gt=since) if since else found
    if count := found.count():
        yield News(AlertKind.OUTCOME_UNKNOWN, {"count": count, "numbers": _numbers(found)})


def _broken(told: dict[str, Any], project: Project) -> Iterator[News]:
    """Yield faults that the last verification found, and a break between the database and this machine's file.

    Other machines have other files, so a break that isn't seen here is not taken for mended.
    """
    latest = latest_verification(project)
    faults = latest.fault_count if latest else 0
    yield from _lasting(told, AlertKind.HISTORY_BROKEN, str(faults or ""), {"faults": faults})
    found = find_break(project)
    known = told.setdefault("breaks", [])
    if found and found.noted not in known:
        told["breaks"] = [*known, found.noted][-_REMEMBERED:]
        yield News(AlertKind.HISTORY_BROKEN, {"noted": found.noted_number, "found": found.found_number})


def _numbers(changes: Any) -> list[str]:
    return list(changes.order_by("pk").values_list("number", flat=True)[:NAMED])
