"""What the page of a plan that publishes a version shows of its request, and of the numbers that lost the agent."""

from dataclasses import dataclass
from datetime import datetime

from phones.models import ItemState, Plan, PublishRequest
from phones.services.editing.recheck_times import is_soon_known
from phones.services.plans.publishing.reattach import detached_count
from phones.services.plans.totals import Totals
from phones.views.plans.query import plan_url
from phones.wording.history.changes import Words
from phones.wording.plans.publishing import words_for_request


@dataclass(frozen=True, slots=True)
class RequestCard:
    """What became of the request, in words and as it stands in the database; the numbers that have lost the agent."""

    words: Words
    lost_count: int
    lost_url: str
    is_published: bool
    is_unknown: bool
    is_soon_known: bool
    sent_at: datetime
    settled_at: datetime | None
    http_status: int | None
    duration_ms: int | None
    request_id: str


def request_of(plan: Plan, totals: Totals, slug: str) -> RequestCard | None:
    """Return what became of the request of a plan; None for one of another kind, or while nothing was sent.

    No query for a plan of another kind, else two.
    """
    request: PublishRequest | None = getattr(plan, "request", None) if plan.is_publishing else None
    if request is None:
        return None
    return RequestCard(
        words=words_for_request(plan, request, totals),
        lost_count=detached_count(plan),
        lost_url=f"{plan_url('plan_detail', plan, slug)}?state={ItemState.MISMATCH}",
        is_published=request.is_published,
        is_unknown=request.is_open,
        is_soon_known=is_soon_known(request),
        sent_at=request.sent_at,
        settled_at=request.settled_at,
        http_status=request.http_status,
        duration_ms=request.duration_ms,
        request_id=request.request_id,
    )
