"""What saving would do with live calls, for every version that a picker offers: the guard's rule, on counts alone."""

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from django.db.models import Count, F

from phones.models import Phone
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.impact import Effect
from phones.services.routing.lane_impacts import lane_impacts
from phones.services.routing.lanes import Lane, Target


def effects_of(
    *, phone: Phone, edit: PhoneEdit, lanes: Collection[Lane], targets: Collection[Target]
) -> dict[uuid.UUID, Effect]:
    """Return, by version id, the effect of an edit that gives these lanes that version. Two queries.

    `edit` is what is wanted besides. Where the lanes come to different effects, it is the first lane's.
    """
    counts = _other_counts(phone, {target.agent.id for target in targets})

    def effect(target: Target) -> Effect:
        inbound, outbound = (target if lane in lanes else edit.lane(lane) for lane in Lane)
        wanted = replace(edit, inbound=inbound, outbound=outbound)
        impacts = lane_impacts(phone, wanted, other_uses=lambda used: ((), counts[used.agent.id]))
        return next(impact.effect for impact in impacts if impact.lane in lanes)

    return {target.version.id: effect(target) for target in targets}


def _other_counts(phone: Phone, agent_ids: Collection[uuid.UUID]) -> Counter[uuid.UUID]:
    """Return how many other phones use each agent, one with it in both lanes once."""
    others = Phone.objects.filter(project=phone.project_id, missing_since=None).exclude(pk=phone.pk)
    answered = others.filter(inbound_agent_id__in=agent_ids).values_list("inbound_agent_id")
    dialled = others.filter(outbound_agent_id__in=agent_ids).values_list("outbound_agent_id")
    dialled_only = dialled.exclude(inbound_agent_id=F("outbound_agent_id"))
    counts: Counter[uuid.UUID] = Counter()
    for rows in (answered, dialled_only):
        counts.update(dict(rows.annotate(count=Count("*")).order_by()))
    return counts
