"""Whom to give a number that nobody answers."""

from django.db.models import Count

from phones.models import Phone, Project
from phones.services.routing.catalogue import Catalogue
from phones.services.routing.lanes import Target


def suggested_target(project: Project, catalogue: Catalogue) -> Target | None:
    """Return the live version of the agent that answers most numbers, None if no agent is live. One query.

    It is published already, so giving it to one more number publishes nothing.
    """
    live = {agent.id: agent for agent in catalogue.agents if agent.takes_calls}
    answered = Phone.objects.filter(
        project=project, missing_since=None, status="assigned", inbound_agent_id__in=list(live)
    )
    counts = dict(answered.values_list("inbound_agent_id").annotate(count=Count("*")).order_by())
    # The catalogue is in the order of names: the first of the most used.
    agent = max(live.values(), key=lambda agent: counts.get(agent.id, 0), default=None)
    return Target(agent, agent.published) if agent and agent.published else None
