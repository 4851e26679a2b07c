"""Diga's data as frozen records, validated and cleaned here and nowhere else.

Enumerations stay open: an unknown status is kept as text. Unknown fields are dropped. Optional fields may be
missing as well as null (contract, section 3).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, ClassVar, Final, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from .errors import DigaUnavailable, Reason

T = TypeVar("T")

_SURROGATES = re.compile("[\ud800-\udfff]")


class Unset(Enum):
    """The type of `UNSET`: a field the caller leaves alone, as opposed to one set to `None`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET


def clean_text(text: str) -> str:
    """Return the text without NUL characters and lone surrogates, which PostgreSQL refuses to store."""
    text = text.replace("\x00", "")
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def _read_instant(value: object) -> datetime:
    """Read an ISO 8601 date-time; one without an offset is taken as UTC, as Diga names no other zone."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError("a date-time is a string")
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a date-time is out of range") from None


def _read_list(value: object) -> object:
    return () if value is None else value


def _read_flag(value: object) -> object:
    return False if value is None else value


Text = Annotated[str, AfterValidator(clean_text)]
Instant = Annotated[datetime, BeforeValidator(_read_instant)]
Flag = Annotated[bool, Strict(), BeforeValidator(_read_flag)]
Integer = Annotated[int, Strict(), Field(ge=-(2**31), le=2**31 - 1)]


class Record(BaseModel):
    """The base of all records: frozen; unknown fields are ignored.

    `known_values` are the contract's values of open enumerations. Others are kept, and logged once.
    """

    known_values: ClassVar[Mapping[str, frozenset[str]]] = {}

    model_config = ConfigDict(frozen=True, extra="ignore")


class Phone(Record):
    """A phone register: the assignment of one number. All times are aware UTC."""

    known_values = {
        "status": frozenset({"reserved", "pending_verification", "assigned", "released", "finished"}),
        "telephony_provider": frozenset({"netelip", "custom"}),
    }

    id: UUID
    number: Text
    telephony_provider: Text
    status: Text
    nickname: Text | None = None
    assigned_at: Instant | None = None
    scheduled_release_at: Instant | None = None
    released_at: Instant | None = None
    inbound_agent_id: UUID | None = None
    outbound_agent_id: UUID | None = None
    region_codes: Annotated[tuple[Text, ...], BeforeValidator(_read_list)] = ()


class SipConfig(Record):
    """How an own number reaches Diga: without `allowed_addresses` from anywhere; `termination_uri` is for dialling."""

    termination_uri: Text | None = None
    allowed_addresses: Annotated[tuple[Text, ...], BeforeValidator(_read_list)] = ()


class AgentVersion(Record):
    """A numbered state of an agent. At most one of an agent is published; a draft never takes calls."""

    version_id: UUID
    version_number: Integer
    version_name: Text | None = None
    is_published: Flag = False
    is_draft: Flag = False


class Agent(Record):
    """An agent with its versions, in Diga's order."""

    agent_id: UUID
    name: Text | None = None
    versions: tuple[AgentVersion, ...]


class Publication(Record):
    """Diga's answer to the publication of a version: the agent's published version, None if there is none."""

    agent_id: UUID
    published_version_id: UUID | None = None


class Call(Record):
    """A call. `duration` is in seconds and null until the call has ended; who called is not kept."""

    known_values = {
        "status": frozenset({"dialing", "in_queue", "in_progress", "completed"}),
        "type": frozenset({"inbound", "outbound"}),
    }

    id: UUID
    agent_id: UUID | None = None
    agent_version_id: UUID | None = None
    status: Text
    type: Text
    phone_register_id: UUID | None = None
    created_date: Instant
    start_time: Instant | None = None
    end_time: Instant | None = None
    duration: Integer | None = None
    end_reason: Text | None = None


class Subscription(Record):
    """The plan of the company behind the key. Minutes are of the current billing period.

    `minutes_count` of them are used, of `included_minutes` and of `rollover_minutes_count` left over from before.
    """

    included_minutes: Integer
    minutes_count: Integer
    rollover_minutes_count: Integer
    usage_based_billing_enabled: Annotated[bool, Strict()]
    period_end: Instant


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls to list: all of a project where nothing is set. None created before `since`."""

    phone_id: UUID | None = None
    agent_id: UUID | None = None
    type: str | None = None
    status: str | None = None
    since: datetime | None = None

    def query(self) -> dict[str, object]:
        """Return Diga's query parameters."""
        since = self.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if self.since else None
        return {
            "phone_id": self.phone_id,
            "agent_id": self.agent_id,
            "type": self.type,
            "status": self.status,
            "start_created_date": since,
        }


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, in Diga's order. `malformed_count` rows were unreadable and are missing in `data`.

    Which of the cursor ids and page counts are set depends on the style of paging, and is not documented.
    """

    data: tuple[T, ...]
    has_more: bool
    first_id: UUID | None = None
    last_id: UUID | None = None
    current_page: int | None = None
    total_pages: int | None = None
    malformed_count: int = 0


@dataclass(frozen=True, slots=True)
class AgentList:
    """The agents of a project, in Diga's order. `malformed_count` were unreadable, at least in part, and are missing.

    `is_cut` is true if the list did not reach its end.
    """

    data: tuple[Agent, ...]
    malformed_count: int = 0
    is_cut: bool = False

    @property
    def is_complete(self) -> bool:
        """True if an agent that isn't in the list isn't in Diga either."""
        return not (self.malformed_count or self.is_cut)

    def require(self, agent_id: UUID) -> None:
        """Require that the list is certain about an agent: it has it, or Diga no longer does.

        :raises DigaUnavailable: it may be one of those that were unreadable.
        """
        if not self.is_complete and all(agent.agent_id != agent_id for agent in self.data):
            raise DigaUnavailable(reason=Reason.WRONG_SHAPE)


@dataclass(frozen=True, slots=True)
class PhoneList:
    """Phones of a list. `is_cut` is true if there are more than were requested."""

    data: tuple[Phone, ...]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class PhoneUpdate:
    """The changes to send to a phone. Diga takes agent *version* ids, and returns agent ids."""

    nickname: str | Unset | None = UNSET
    inbound_version_id: UUID | Unset | None = UNSET
    outbound_version_id: UUID | Unset | None = UNSET

    def body(self) -> dict[str, str | None]:
        """Return the body to send: only the fields that are set, with `None` for null."""
        fields = {
            "nickname": self.nickname,
            "inbound_version_id": self.inbound_version_id,
            "outbound_version_id": self.outbound_version_id,
        }
        return {
            name: None if value is None else str(value)
            for name, value in fields.items()
            if not isinstance(value, Unset)
        }
