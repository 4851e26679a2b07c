"""Calls: how one comes about by the routing of its time, and the call list."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from .faults.switches import Switches
from .paging import page_of, read_paging
from .serving.messages import Answer, Refusal, invalid, iso, read_time, read_uuid
from .state import CallRow, PhoneRow, Project

STATUSES = ("dialing", "in_queue", "in_progress", "completed")
TYPES = ("inbound", "outbound")
END_REASONS = ("customer_hangup", "agent_hangup", "transferred", "voicemail_left", "customer_hangup")
NO_AGENT, NO_MINUTES = "no_agent", "minutes_exhausted"
UNKNOWN_VERSION_ID = UUID("0c9be1a4-8d0e-4f0f-9a3c-5b1d2f60aa17")
"""The id of a version no list gives."""


def make_call(
    project: Project,
    phone: PhoneRow,
    kind: str,
    *,
    created_at: datetime,
    chance: random.Random,
    has_minutes: bool = True,
) -> CallRow | None:
    """Return the call that comes about at that time, None for an outbound one that nobody makes.

    One that nobody answers ends at once, and says why.
    """
    agent = project.live_agent(phone, kind) if has_minutes else None
    if kind == "outbound" and agent is None:
        return None
    return CallRow(
        id=UUID(int=chance.getrandbits(128), version=4),
        agent_id=agent.id if agent else None,
        agent_version_id=agent.published_id if agent else None,
        type=kind,
        phone_id=phone.id,
        contact=f"+346{chance.randrange(10**8):08d}",
        created_at=created_at,
        duration=chance.randint(8, 420) if agent else 0,
        end_reason=chance.choice(END_REASONS) if agent else NO_AGENT if has_minutes else NO_MINUTES,
    )


def place_call(project: Project, switches: Switches, phone: PhoneRow, kind: str, *, created_at: datetime) -> CallRow:
    """Add a call that takes place now. :raises ValueError: nobody makes outbound calls from the phone."""
    chance = random.Random(f"{phone.id}/{len(project.calls)}")  # noqa: S311 - made-up data is no secret.
    has_minutes = not switches.minutes_used_up
    call = make_call(project, phone, kind, created_at=created_at, chance=chance, has_minutes=has_minutes)
    if call is None:
        raise ValueError("nobody makes calls from this phone")
    # Sandboxes of a seed share its calls.
    project.calls = project.calls.copy()
    project.calls.add(call)
    return call


def write_call(call: CallRow, switches: Switches) -> dict[str, Any]:
    """Return a call as JSON, with the caller, whom the client drops."""
    ended_at = None if call.duration is None else call.created_at + timedelta(seconds=call.duration + 2)
    version_id = call.agent_version_id
    if version_id and switches.calls_of_unknown_version:
        version_id = UNKNOWN_VERSION_ID
    return {
        "id": str(call.id),
        "agent_id": call.agent_id and str(call.agent_id),
        "agent_version_id": version_id and str(version_id),
        "status": call.status,
        "type": call.type,
        "contact": {
            "id": str(uuid5(NAMESPACE_URL, call.contact)),
            "created_date": iso(call.created_at),
            "identifier": call.contact,
            "contact_type": "call",
        },
        "phone_register_id": call.phone_id and str(call.phone_id),
        "created_date": iso(call.created_at),
        "start_time": iso(call.created_at + timedelta(seconds=2)),
        "end_time": iso(ended_at),
        "duration": call.duration,
        "end_reason": call.end_reason,
        "recording_url": None,
        "dynamic_variables": None,
    }


def list_calls(project: Project, switches: Switches, query: dict[str, str], now: datetime) -> Answer:
    """Answer GET /v1/call/."""
    paging = read_paging(query, default_limit=50, max_limit=1000)
    wanted: dict[str, object] = {}
    for name, values in (("status", STATUSES), ("type", TYPES)):
        if name in query:
            if query[name] not in values:
                raise Refusal(invalid((["query", name], "Input should be a known value", "enum")))
            wanted[name] = query[name]
    for name in ("agent_id", "phone_id"):
        if name in query:
            wanted[name] = read_uuid(query[name], ["query", name])
    first, last = (
        read_time(query[name], name) if name in query else None for name in ("start_created_date", "end_created_date")
    )
    if switches.call_every_seconds and "phone_id" in query:
        _let_ring(project, switches, project.phones.get(UUID(query["phone_id"])), now)

    def keep(call: CallRow) -> bool:
        is_within = (not first or call.created_at >= first) and (not last or call.created_at <= last)
        return is_within and all(getattr(call, name) == value for name, value in wanted.items())

    kept = keep if wanted or first or last else None
    return page_of(project.calls, paging, switches, lambda call: write_call(call, switches), kept)


def _let_ring(project: Project, switches: Switches, phone: PhoneRow | None, now: datetime) -> None:
    """Place the call that is due on a phone in use: somebody calls it every so many seconds."""
    if phone is None or phone.status != "assigned":
        return
    calls = (call.created_at for call in project.calls.walk(None, is_ascending=False) if call.phone_id == phone.id)
    newest = next(calls, None)
    if newest is None or now - newest >= timedelta(seconds=switches.call_every_seconds or 0):
        place_call(project, switches, phone, "inbound", created_at=now - timedelta(seconds=4))
