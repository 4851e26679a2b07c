"""Faults that the sandbox can be told to make, in HTTP and on the wire."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "status",
    "html",
    "not_json",
    "empty",
    "truncated",
    "wrong_types",
    "missing_field",
    "unknown_enum",
    "stored_other",
    "nan",
    "hang",
    "close",
    "reset",
    "redirect",
    "drip",
    "drip_header",
    "bomb",
    "big_header",
]

WIRE_KINDS = frozenset(
    {"truncated", "hang", "close", "reset", "drip", "drip_header", "bomb", "big_header"},
)


@dataclass
class Fault:
    """One fault, for requests of this method whose path has this prefix.

    :param is_exact: whether only requests of exactly this path match: a list, and not its items.
    :param when: whether the request is carried out before the fault shows, afterwards, or not at all (`before`).
    :param late_seconds: when it is carried out after a fault that shows first (`late`); None: when
        `Sandbox.carry_out_late` is called.
    :param times: how often; None for ever.
    :param status: of the answer, for `status`, `html` and `redirect` (302 there unless set).
    :param body: the JSON to answer with, for `status`; the text, for `not_json` and `html`.
    :param shape: the body of `status` when none is given.
    :param seconds: how long `hang` lasts (None: until the server stops), or the gap between dripped bytes.
    :param location: where `redirect` points.
    :param retry_after: the value of that header, for `status`.
    """

    kind: Kind
    status: int | None = None
    method: str | None = None
    path: str = ""
    when: Literal["before", "after", "late"] = "before"
    late_seconds: float | None = None
    times: int | None = 1
    body: object = None
    shape: Literal["envelope", "validation", "html"] = "envelope"
    seconds: float | None = None
    location: str = "http://127.0.0.1:9/elsewhere"
    retry_after: str | None = None
    is_exact: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"No such fault: {self.kind}")

    def matches(self, method: str, path: str) -> bool:
        """Return whether the fault matches this request, and is not used up."""
        is_there = path == self.path if self.is_exact else path.startswith(self.path)
        return self.times != 0 and self.method in (None, method) and is_there


class Faults:
    """The planned faults. The first that matches a request is used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, fault: Fault) -> None:
        """Plan a fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Use up and return the fault for a request, None without one."""
        fault = next((fault for fault in self._faults if fault.matches(method, path)), None)
        if fault and fault.times is not None:
            fault.times -= 1
        self._faults = [kept for kept in self._faults if kept.times != 0]
        return fault
