"""Values of a phone as the audit log and plans keep them: by field, a lane as a `LaneSnapshot`."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from phones.models import LaneSnapshot
from phones.services.routing.catalogue import AgentEntry, Catalogue, VersionEntry
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from phones.services.routing.lanes import Target


def lane_snapshot(agent_id: uuid.UUID, agent: AgentEntry | None, version: VersionEntry | None) -> LaneSnapshot:
    """Return a lane that holds an agent; `agent` is None where our copy doesn't know it."""
    return LaneSnapshot(
        agent_id,
        agent.name if agent else None,
        version.id if version else None,
        version.number if version else None,
    )


def snapshot(catalogue: Catalogue, values: PhoneSnapshot, fields: Collection[str]) -> dict[str, Any]:
    """Return these fields of a phone; the version of a lane is the one that its agent has published now."""
    return {name: _held(catalogue, values.value(name)) for name in fields}


def _held(catalogue: Catalogue, value: object) -> object:
    if not isinstance(value, uuid.UUID):
        return value
    agent = catalogue.agent(value)
    return lane_snapshot(value, agent, agent.published if agent else None)


def edit_snapshot(edit: PhoneEdit) -> dict[str, Any]:
    """Return the fields that an edit changes, as they are to become."""
    wanted = {name: getattr(edit, name) for name in edit.fields}
    return {name: value.snapshot if isinstance(value, Target) else value for name, value in wanted.items()}


def reads_as(name: str, value: Any) -> object:
    """Return what a read shows of a kept value: a lane as its agent's id; no nickname is an empty one."""
    if isinstance(value, LaneSnapshot):
        return value.agent_id
    return (value or "") if name == "nickname" else value


def is_answered_by(edit: PhoneEdit, after: Mapping[str, Any], says: PhoneSnapshot) -> bool:
    """Say whether a change to `after` is what this edit asks for, on a phone that now says so.

    What is left out of a write because it reads as wanted already may be missing from the change.
    """
    wanted = edit_snapshot(edit)
    remaining = edit.remaining(says).fields
    is_same = all(name in wanted and _key(wanted[name]) == _key(value) for name, value in after.items())
    return is_same and all(name in after for name in remaining)


def _key(value: Any) -> Any:
    """Return what tells a kept value from another: names may have been looked up anew."""
    return value.version_id if isinstance(value, LaneSnapshot) else value
