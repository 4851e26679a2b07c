"""The call list."""

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from .http import Answer, Refusal, invalid, iso, read_uuid
from .paging import page_of, read_paging
from .state import CallRow, Project
from .switches import Switches

STATUSES = ("dialing", "in_queue", "in_progress", "completed")
TYPES = ("inbound", "outbound")


def write_call(call: CallRow) -> dict[str, Any]:
    """Return a call as JSON, with the caller, whom the client drops."""
    ended_at = None if call.duration is None else call.created_at + timedelta(seconds=call.duration + 2)
    return {
        "id": str(call.id),
        "agent_id": call.agent_id and str(call.agent_id),
        "agent_version_id": call.agent_version_id and str(call.agent_version_id),
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


def list_calls(project: Project, switches: Switches, query: dict[str, str]) -> Answer:
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

    def keep(call: CallRow) -> bool:
        return all(getattr(call, name) == value for name, value in wanted.items())

    return page_of(project.calls, paging, switches, write_call, keep if wanted else None)
