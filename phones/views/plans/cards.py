"""What the page of a plan needs, in whatever state the plan is."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from phones.access import Desk
from phones.models import ItemState, Plan, PlanKind, PlanState
from phones.services.plans.follow_ups import count_again
from phones.services.plans.forecasts.effects import effects_of
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.plans.lifecycle import needs_approval, needs_typing
from phones.services.plans.progress import Progress, has_soon_known_rows, progress_of
from phones.services.plans.rows import latest_rows
from phones.services.plans.totals import Totals, foreseen_of, totals_of
from phones.services.routing.catalogue import catalogue_of
from phones.views.parts.badges import Badge
from phones.views.parts.no_worker import no_worker
from phones.views.parts.plan_badges import plan_badge
from phones.views.plans.lines import ResultLine, WishLine, wish_lines
from phones.views.plans.publishing import RequestCard, request_of
from phones.views.plans.query import plan_url
from phones.views.plans.sums import Meter, Sum, foreseen_sums, meter_of, rate_words, state_sums
from phones.wording.history.changes import Words
from phones.wording.plans.descriptions import plan_what, words_for_pause, words_for_step
from phones.wording.plans.effects import EffectWords, effect_of_publishing, words_for_effects, words_for_takings
from phones.wording.plans.tickets import plan_sentence


@dataclass(frozen=True, slots=True)
class PlanHead:
    """What a plan is about and where it comes from."""

    id: int
    url: str
    what: str
    title: str
    badge: Badge | None
    wish: list[WishLine]
    reason: str
    ticket: str
    author: str
    approver: str
    created_at: datetime
    origin_id: int | None
    origin_url: str
    followers: list[tuple[int, str, str]]


def head_of(plan: Plan, slug: str) -> PlanHead:
    """Return the heading of a plan, with the plans it was made from and those made from it. Two queries."""
    catalogue = catalogue_of(plan.project)
    return PlanHead(
        id=plan.pk,
        url=plan_url("plan_detail", plan, slug),
        what=plan_what(plan),
        title=_title(plan),
        badge=None if plan.state == PlanState.PREVIEW else plan_badge(plan),
        wish=wish_lines(plan.wish, catalogue),
        reason=plan.reason,
        ticket=plan.ticket,
        author=plan.author_name,
        approver=plan.approver_name if plan.approver_id != plan.author_id else "",
        created_at=plan.created_at,
        origin_id=plan.origin_id,
        origin_url=plan_url("plan_detail", plan.origin, slug) if plan.origin else "",
        followers=[
            (later.pk, plan_url("plan_detail", later, slug), plan_what(later))
            for later in plan.followers.order_by("pk")
        ],
    )


@dataclass(frozen=True, slots=True)
class StepLine:
    """What somebody did with a plan, and when."""

    text: str
    created_at: datetime


def step_lines(plan: Plan) -> list[StepLine]:
    """Return what was done with a plan, in that order. One query."""
    return [StepLine(words_for_step(step), step.created_at) for step in plan.steps.order_by("pk")]


def _title(plan: Plan) -> str:
    """Return a plan's card: its preview, progress or result."""
    if plan.started_at is None:
        return _("Preview")
    return _("Result") if plan.is_over else _("Progress")


@dataclass(frozen=True, slots=True)
class PreviewCard:
    """The preview of a plan, and what can be done with it. `fingerprint` stands for all that it would do.

    `takings` says from whom numbers are taken.
    """

    total: int
    sums: list[Sum]
    takings: list[str]
    effects: list[EffectWords]
    count: int
    fingerprint: str
    needs_typing: bool
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class AgainCounts:
    """What a plan may be made of from this one: how many rows each kind would have."""

    retry_count: int
    rest_count: int
    revert_count: int
    reattach_count: int

    @property
    def is_offered(self) -> bool:
        """True if there is any."""
        return any((self.retry_count, self.rest_count, self.revert_count, self.reattach_count))


@dataclass(frozen=True, slots=True)
class RunCard:
    """How far a started plan has come, and what there is to do about it."""

    progress: Progress
    total: int
    sums: list[Sum]
    meter: Meter
    rate: str
    latest: list[ResultLine]
    pause: Words | None
    is_moving: bool
    no_worker: str
    again: AgainCounts
    ticket_text: str
    request: RequestCard | None


def preview_of(desk: Desk, plan: Plan) -> PreviewCard:
    """Return what the preview says of the plan as a whole. Eight queries at most.

    The fingerprint is taken first: if rows are moved while the page is made, it shows them, and agrees to none of it.
    """
    fingerprint = fingerprint_of(plan)
    totals = totals_of(plan)
    count = totals[ItemState.WAITING]
    takings, effects = _effects(plan, count) if count else ([], [])
    return PreviewCard(
        total=totals.total,
        sums=foreseen_sums(foreseen_of(plan)),
        takings=takings,
        effects=effects,
        count=count,
        fingerprint=fingerprint,
        needs_typing=needs_typing(desk.project, count),
        needs_approval=needs_approval(desk.project, count),
    )


def _effects(plan: Plan, count: int) -> tuple[list[str], list[EffectWords]]:
    if plan.is_publishing:
        return [], [effect_of_publishing(plan, count)]
    effects = effects_of(plan)
    return words_for_takings(effects), words_for_effects(effects)


def run_of(desk: Desk, plan: Plan) -> RunCard:
    """Return how far the plan has come. Eight queries at most, eleven for one that publishes a version."""
    now = timezone.now()
    progress = progress_of(plan, now=now)
    totals = progress.totals
    slug = desk.project.slug
    request = request_of(plan, totals, slug)
    is_moving = _is_moving(plan, progress, request)
    return RunCard(
        progress=progress,
        total=totals.total,
        sums=state_sums(totals),
        meter=meter_of(totals),
        rate=rate_words(progress) if plan.is_running else "",
        latest=[ResultLine.of(item, slug, now) for item in latest_rows(plan)] if is_moving else [],
        pause=words_for_pause(plan) if plan.is_paused else None,
        is_moving=is_moving,
        no_worker=no_worker() if is_moving else "",
        again=_again(plan, totals),
        request=request,
        ticket_text=plan_sentence(plan, totals, url=settings.SITE_URL + plan_url("plan_detail", plan, slug)),
    )


def _is_moving(plan: Plan, progress: Progress, request: RequestCard | None) -> bool:
    """Say whether the page goes on by itself: not while nobody knows for long what became of the request."""
    if request and request.is_unknown:
        return request.is_soon_known
    return plan.is_running or progress.busy > 0 or has_soon_known_rows(plan, progress.totals)


def _again(plan: Plan, totals: Totals) -> AgainCounts:
    if not plan.is_over:
        return AgainCounts(0, 0, 0, 0)
    kinds = (PlanKind.RETRY, PlanKind.REST, PlanKind.REVERT, PlanKind.REATTACH)
    return AgainCounts(*(count_again(plan, totals.counts, kind) for kind in kinds))
