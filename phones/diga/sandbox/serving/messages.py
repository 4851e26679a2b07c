"""Requests and answers without a transport, and Diga's two error bodies."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from ..faults.planned import Fault


@dataclass(frozen=True)
class Request:
    """A request. Header names are lower case; `body` is raw bytes."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Answer:
    """An answer. `body` is a JSON value, text, or None; `wire` is a fault for the transport to make."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    applied: bool = False
    delay_seconds: float = 0.0
    wire: Fault | None = None


class Refusal(Exception):
    """Raised inside the application to answer with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


def envelope(status: int, code: str, message: str) -> Answer:
    """Return an error in Diga's own shape."""
    return Answer(status, {"status": "error", "error_code": code, "message": message})


def invalid(*details: tuple[list[str | int], str, str], status: int = 422) -> Answer:
    """Return an error in the validation shape, from (location, message, type)."""
    return Answer(status, {"detail": [{"loc": loc, "msg": msg, "type": kind} for loc, msg, kind in details]})


def read_uuid(text: str, location: list[str | int]) -> UUID:
    """Read an id. :raises Refusal: with a 422 naming the location."""
    try:
        return UUID(text)
    except ValueError:
        raise Refusal(invalid((location, "Input should be a valid UUID", "uuid_parsing"))) from None


def read_time(text: str, name: str) -> datetime:
    """Read a date-time of the query. :raises Refusal: with a 422 naming it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(invalid((["query", name], "Input should be a date-time", "datetime_parsing"))) from None
    if moment.tzinfo is None:
        raise Refusal(invalid((["query", name], "Input should have a time zone", "timezone_aware")))
    return moment


def iso(moment: datetime | None) -> str | None:
    """Write an aware UTC time as Diga does."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
