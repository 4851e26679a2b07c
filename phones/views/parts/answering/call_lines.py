"""A call as lists show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from phones.services.answering.calls import SeenCall
from phones.services.routing.catalogue import Catalogue
from phones.wording.phones.calls import DIRECTIONS, STATUSES, words_for_length, words_for_taker, words_for_time


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call in words. `taker` is "" for nobody; `reason` is Diga's own word for how it ended."""

    icon: str
    direction: str
    time: str
    started_at: datetime
    taker: str
    hue: int
    status: str
    is_under_way: bool
    length: str
    reason: str

    @classmethod
    def of(cls, call: SeenCall, catalogue: Catalogue) -> "CallLine":
        """Return a call in words."""
        agent = catalogue.agent(call.agent_id)
        # icons: phone-incoming phone-outgoing
        return cls(
            "phone-outgoing" if call.type == "outbound" else "phone-incoming",
            str(DIRECTIONS.get(call.type, call.type)),
            words_for_time(call.started_at),
            call.started_at,
            words_for_taker(call, catalogue),
            agent.hue if agent else 0,
            str(STATUSES.get(call.status, call.status)),
            call.status != "completed",
            words_for_length(call.duration),
            call.end_reason,
        )


def call_lines(calls: Sequence[SeenCall], catalogue: Catalogue) -> list[CallLine]:
    """Return calls in words, in their order."""
    return [CallLine.of(call, catalogue) for call in calls]
