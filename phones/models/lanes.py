"""The content of a phone's lane at some moment, in memory and as JSON in the tables."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _JSONField = models.JSONField[dict[str, Any], dict[str, Any]]
else:
    _JSONField = models.JSONField


@dataclass(frozen=True, slots=True)
class LaneSnapshot:
    """An agent in a lane, with its published version: ids, name and number as they were at the time.

    `agent_name` is None for an agent that Diga did not list, `version_*` if no published version was known.
    """

    agent_id: uuid.UUID
    agent_name: str | None
    version_id: uuid.UUID | None
    version_number: int | None

    @property
    def name(self) -> str:
        """The agent's name, or its id if the name is unknown."""
        return self.agent_name or str(self.agent_id)

    @property
    def version_label(self) -> str:
        """The short form of the version that people use, "" without one."""
        return "" if self.version_number is None else f"v{self.version_number}"

    @property
    def label(self) -> str:
        """Name and version, as in exported tables; "" for an unknown agent without a version."""
        return f"{self.agent_name or ''} {self.version_label}".strip()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the tables; ids as text."""
        return {
            "agent_id": str(self.agent_id),
            "agent_name": self.agent_name,
            "version_id": str(self.version_id) if self.version_id else None,
            "version_number": self.version_number,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "LaneSnapshot":
        """Return the snapshot that `to_json` encoded.

        :raises ValueError: one of its ids is malformed.
        """
        version_id = value["version_id"]
        return cls(
            uuid.UUID(value["agent_id"]),
            value["agent_name"],
            uuid.UUID(version_id) if version_id else None,
            value["version_number"],
        )


_KEYS = {field.name for field in fields(LaneSnapshot)}


def _loaded(value: dict[str, Any]) -> dict[str, Any] | LaneSnapshot:
    return LaneSnapshot.from_json(value) if value.keys() == _KEYS else value


class SnapshotEncoder(json.JSONEncoder):
    """A JSON encoder that writes lanes by `to_json`."""

    def default(self, o: Any) -> Any:
        """Return a value that JSON has a type for."""
        return o.to_json() if isinstance(o, LaneSnapshot) else super().default(o)


class _SnapshotDecoder(json.JSONDecoder):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(object_hook=_loaded, **kwargs)


class SnapshotField(_JSONField):
    """A JSON object in which every object with a lane's four keys, at any depth, becomes a `LaneSnapshot`.

    To migrations it is a plain JSON field, as is its column.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"encoder": SnapshotEncoder, "decoder": _SnapshotDecoder}
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        """Return the plain JSON field."""
        name, _path, args, kwargs = super().deconstruct()
        del kwargs["encoder"], kwargs["decoder"]
        return name, "django.db.models.JSONField", args, kwargs
