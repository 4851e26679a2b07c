"""Lists by page number: agents, their versions, and the phones of an agent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from .decoding import decode_page
from .types import Record

MAX_PAGES = 1000
"""A bound on pages of agents or versions, should an upstream never say that it has no more."""
Query = Mapping[str, object]
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Rows(Generic[R]):
    """The rows of all pages of a list. `is_cut` is true if there may be more of them."""

    rows: Sequence[R]
    malformed_count: int
    is_cut: bool

    @property
    def is_complete(self) -> bool:
        """Whether each row is among them."""
        return not (self.malformed_count or self.is_cut)


def all_pages(
    get: Callable[[str, Query], object],
    path: str,
    record: type[R],
    identity: Callable[[R], UUID],
    query: Query | None = None,
) -> Rows[R]:
    """List all rows by page number, as it is not documented which id is the cursor. Each row once."""
    found: dict[UUID, R] = {}
    malformed_count, has_more = 0, True
    for number in range(1, MAX_PAGES + 1):
        page = decode_page(get(path, {**(query or {}), "page": number, "limit": 100}), record)
        malformed_count += page.malformed_count
        known_count = len(found)
        found.update((identity(row), row) for row in page.data)
        has_more = page.has_more
        if not has_more or len(found) == known_count:
            break
    return Rows(list(found.values()), malformed_count, has_more)
