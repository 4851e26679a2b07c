"""Calls as Diga lists them, read on demand and kept for a minute: when, which way, who took part, how it ended.

Who called, recordings and transcripts are never kept: the client drops them.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache

from phones import diga
from phones.models import Phone, Project
from phones.services.answering.minutes import read_minutes
from phones.services.clock import Clock, has_passed
from phones.services.projects.answers import note_answer, note_of_key, note_refusal
from phones.services.projects.clients import client_for

KEPT_FOR = timedelta(minutes=1)
# Enough to have one of each direction, mostly.
NEWEST_COUNT = 20
# Diga's word for how a call ended is free text.
REASON_LIMIT = 80


class NoCallsRight(Exception):
    """The key may not read calls, as far as is known: nothing was asked."""


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call. `duration` is in seconds, None until it has ended; agent and version are None where none took part."""

    id: uuid.UUID
    type: str
    status: str
    started_at: datetime
    phone_id: uuid.UUID | None = None
    agent_id: uuid.UUID | None = None
    version_id: uuid.UUID | None = None
    duration: int | None = None
    end_reason: str = ""

    @classmethod
    def of(cls, call: diga.Call) -> "SeenCall":
        """Return what is kept of a call."""
        return cls(
            call.id,
            call.type,
            call.status,
            call.start_time or call.created_date,
            call.phone_register_id,
            call.agent_id,
            call.agent_version_id,
            call.duration,
            (call.end_reason or "")[:REASON_LIMIT],
        )

    @property
    def is_taken(self) -> bool:
        """True once an agent has it, or it ended without one: before that it shows nothing."""
        return self.agent_id is not None or self.status == "completed"

    def packed(self) -> list[Any]:
        """Return it as JSON can have it."""
        ids = [None if value is None else str(value) for value in (self.phone_id, self.agent_id, self.version_id)]
        return [
            str(self.id),
            self.type,
            self.status,
            self.started_at.isoformat(),
            *ids,
            self.duration,
            self.end_reason,
        ]

    @classmethod
    def unpacked(cls, values: list[Any]) -> "SeenCall":
        """Return what `packed` packed."""
        call_id, kind, status, started_at, *ids, duration, reason = values
        phone_id, agent_id, version_id = (uuid.UUID(value) if value else None for value in ids)
        moment = datetime.fromisoformat(started_at)
        return cls(uuid.UUID(call_id), kind, status, moment, phone_id, agent_id, version_id, duration, reason)


@dataclass(frozen=True, slots=True)
class CallsRead:
    """Calls in the order asked for, and when that was. `after` is the cursor of the page behind them, if any.

    `trunk` is how an own number reaches Diga, where it was read with them.
    """

    calls: tuple[SeenCall, ...]
    asked_at: datetime
    after: uuid.UUID | None = None
    trunk: diga.SipConfig | None = None


def newest_calls(*, project: Project, phone: Phone, clock: Clock, changed_at: datetime | None = None) -> CallsRead:
    """Return the newest calls of a phone: those of the cache, else Diga's.

    Those of the cache count for a minute, and never if they were asked for before the phone was changed.

    The minutes of the plan are read with them, if that is due, and the trunk of an own number.

    :raises NoCallsRight: the key may not read calls.
    :raises NoKey: the project has no usable key.
    :raises DigaError: Diga gave no usable answer.
    """
    if project.can_read_calls is False:
        raise NoCallsRight
    kept = kept_calls(project, phone)
    is_before = kept is not None and changed_at is not None and kept.asked_at <= changed_at
    if kept and not is_before and not has_passed(KEPT_FOR, kept.asked_at, clock()):
        return kept
    client = client_for(project)
    found = read_calls(project, diga.CallFilter(phone.pk), client=client, limit=NEWEST_COUNT, clock=clock)
    read_minutes(project=project, client=client, now=found.asked_at)
    found = replace(found, trunk=_trunk_of(phone, client))
    trunk = found.trunk.model_dump() if found.trunk else None
    value = [found.asked_at.isoformat(), [call.packed() for call in found.calls], trunk]
    cache.set(_key(project, phone), value, timeout=KEPT_FOR.total_seconds())
    return found


def _trunk_of(phone: Phone, client: diga.DigaClient) -> diga.SipConfig | None:
    """Read how an own number reaches Diga; None for others, and where it can't be read."""
    if phone.telephony_provider != "custom":
        return None
    try:
        return client.get_sip_config(phone.pk)
    except diga.DigaError:
        return None


def forget_calls(project: Project, phone: Phone) -> None:
    """Drop the calls of a phone from the cache: there is a newer one."""
    cache.delete(_key(project, phone))


def kept_calls(project: Project, phone: Phone) -> CallsRead | None:
    """Return the newest calls of a phone that were read within the last minute, None if they weren't. One query."""
    value = cache.get(_key(project, phone))
    if value is None:
        return None
    asked_at, calls, trunk = value
    found = CallsRead(tuple(map(SeenCall.unpacked, calls)), datetime.fromisoformat(asked_at))
    return replace(found, trunk=diga.SipConfig.model_validate(trunk)) if trunk else found


def read_calls(
    project: Project,
    wanted: diga.CallFilter,
    *,
    client: diga.DigaClient | None = None,
    after: uuid.UUID | None = None,
    limit: int,
    order: str = "desc",
    clock: Clock,
) -> CallsRead:
    """Read a page of calls from Diga, and note what the answer says about the key.

    An answer that fails says nothing about the rest of Diga.

    :raises NoCallsRight: the key may not read calls.
    :raises NoKey: the project has no usable key.
    :raises DigaError: Diga gave no usable answer.
    """
    if project.can_read_calls is False:
        raise NoCallsRight
    client, asked_at = client or client_for(project), clock()
    try:
        page = client.list_calls(wanted, after=after, limit=limit, order=order)
    except diga.DigaForbidden:
        note_of_key(project, can_read_calls=False)
        raise NoCallsRight from None
    except diga.DigaAuthError as error:
        note_refusal(project, error, clock())
        raise
    note_answer(project)
    if not project.can_read_calls:
        note_of_key(project, can_read_calls=True)
    # A list that ignores the cursor, or never ends, begins again with the call that was the last.
    is_moving = bool(page.data) and page.data[-1].id != after
    calls = tuple(map(SeenCall.of, page.data))
    return CallsRead(calls, asked_at, page.data[-1].id if page.has_more and is_moving else None)


def _key(project: Project, phone: Phone) -> str:
    """Return the cache key: what one key of the project may read, another may not."""
    return f"calls:{phone.pk}:{project.token_id}"
