"""The plans that have published versions of an agent, in a line each."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from phones.models import Plan, PlanKind, Project
from phones.views.parts.badges import Badge
from phones.views.parts.permalinks import plan_page_url
from phones.views.parts.plan_badges import plan_badge, request_badge
from phones.wording.plans.publishing import labels_of

LISTED_COUNT = 5


@dataclass(frozen=True, slots=True)
class PublishLine:
    """A plan that publishes, or would publish, a version."""

    url: str
    before: str
    after: str
    badge: Badge
    created_at: datetime
    who: str


def publish_lines(project: Project, agent_id: uuid.UUID) -> list[PublishLine]:
    """Return the latest plans that publish a version of the agent. One query."""
    plans = Plan.objects.filter(
        project=project, kind=PlanKind.PUBLISH, wish__version__value__agent_id=str(agent_id)
    ).select_related("request")
    return [
        PublishLine(
            plan_page_url(plan, project.slug),
            *labels_of(plan),
            request_badge(plan.request) if hasattr(plan, "request") else plan_badge(plan),
            plan.created_at,
            plan.author_name,
        )
        for plan in plans.order_by("-pk")[:LISTED_COUNT]
    ]
