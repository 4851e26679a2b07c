"""More phones than a page or a round trip holds, in our tables alone."""

from uuid import UUID

from django.utils import timezone

from phones.models import Phone, Project
from tests.support.database.rows import store_rows


def crowd(project: Project, count: int, *, number: str = "+349990{:05d}") -> list[Phone]:
    """Add phones to our copy, so that the list has more than a page."""
    now = timezone.now()
    phones = [
        Phone(
            project=project,
            number=number.format(index),
            shown=number.format(index),
            search_text="crowd",
            telephony_provider="netelip",
            status="assigned",
            nickname="crowd",
            fetched_at=now,
        )
        for index in range(count)
    ]
    Project.objects.update(phone_count=40 + count)
    return store_rows(phones)


def add_phones(project: Project, count: int, agent_ids: list[UUID]) -> None:
    """Add phones that these agents answer and dial from in turn."""
    Phone.objects.bulk_create(
        Phone(
            project=project,
            number=f"+3499{place:07d}",
            shown=f"+34 99{place:07d}",
            telephony_provider="netelip",
            status="assigned",
            inbound_agent_id=agent_ids[place % len(agent_ids)],
            outbound_agent_id=agent_ids[place % len(agent_ids)],
            fetched_at=timezone.now(),
        )
        for place in range(count)
    )
