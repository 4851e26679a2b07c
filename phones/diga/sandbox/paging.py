"""Both styles of paging: by cursor and by page number."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from .faults.switches import Switches
from .serving.messages import Answer, Refusal, envelope, invalid, read_uuid
from .state import HasId, Table

T = TypeVar("T", bound=HasId)


@dataclass(frozen=True)
class Paging:
    """The paging parameters of every list."""

    after: UUID | None
    before: UUID | None
    page: int | None
    limit: int
    is_ascending: bool


def read_paging(query: dict[str, str], *, default_limit: int, max_limit: int, default_order: str = "desc") -> Paging:
    """Read the parameters. :raises Refusal: if Diga would refuse them."""
    if "after" in query and "before" in query:
        raise Refusal(envelope(422, "INVALID_PAGINATION_PARAMETERS", "Two cursors at once"))
    order = query.get("order", default_order)
    if order not in ("asc", "desc"):
        raise Refusal(invalid((["query", "order"], "Input should be 'asc' or 'desc'", "literal_error")))
    cursors = {name: read_uuid(query[name], ["query", name]) if name in query else None for name in ("after", "before")}
    return Paging(
        **cursors,
        page=_read_number(query, "page", 10**9) if "page" in query else None,
        limit=_read_number(query, "limit", max_limit) if "limit" in query else default_limit,
        is_ascending=order == "asc",
    )


def _read_number(query: dict[str, str], name: str, largest: int) -> int:
    location: list[str | int] = ["query", name]
    try:
        number = int(query[name])
    except ValueError:
        raise Refusal(invalid((location, "Input should be a valid integer", "int_parsing"))) from None
    if number < 1:
        raise Refusal(invalid((location, "Input should be at least 1", "greater_than_equal")))
    if number > largest:
        raise Refusal(invalid((location, f"Input should be at most {largest}", "less_than_equal")))
    return number


def page_of(
    table: Table[T],
    paging: Paging,
    switches: Switches,
    write: Callable[[T], dict[str, Any]],
    keep: Callable[[T], bool] | None = None,
) -> Answer:
    """Return one page of a table as Diga would.

    :param keep: which rows are in the list; None for all, which is quicker.
    """
    if paging.page is not None and not switches.page_numbers:
        raise Refusal(envelope(422, "INVALID_PAGINATION_PARAMETERS", "Pages have no numbers"))
    cursor = paging.before or (paging.after if switches.after == "works" else None)
    is_gone = cursor is not None and cursor not in table
    if cursor and is_gone and (switches.deleted_cursor == "refuses" or not table.knew(cursor)):
        raise Refusal(envelope(400, "NOT_VALID_FIELD", "No row has the cursor's id"))
    if is_gone and switches.deleted_cursor == "ends":
        rows: list[T] = []
        has_more = False
    elif paging.page is not None and cursor is None:
        rows, has_more = _by_number(table, paging, paging.page, keep)
    else:
        is_forgotten = is_gone and switches.deleted_cursor == "restarts"
        rows, has_more = _by_cursor(table, paging, None if is_forgotten else cursor, keep)
    is_by_cursor = paging.page is None or cursor is not None
    has_totals = switches.totals_in_cursor_mode if is_by_cursor else switches.totals_in_page_mode
    has_ids = bool(rows) and (switches.pages_give_cursor_ids or is_by_cursor)
    body = {
        "data": [write(row) for row in rows],
        "has_more": {"always": True, "never": False}.get(switches.has_more, has_more),
        "first_id": str(rows[0].id) if has_ids else None,
        "last_id": str(rows[-1].id) if has_ids else None,
        "current_page": (paging.page or 1) if has_totals else None,
        "total_pages": _total_pages(table, paging, keep) if has_totals else None,
    }
    return Answer(200, body)


def _by_number(table: Table[T], paging: Paging, page: int, keep: Callable[[T], bool] | None) -> tuple[list[T], bool]:
    offset = (page - 1) * paging.limit
    if keep is None:
        rows = table.slice(offset, paging.limit + 1, is_ascending=paging.is_ascending)
    else:
        kept = filter(keep, table.walk(None, is_ascending=paging.is_ascending))
        rows = list(islice(kept, min(offset, len(table)), min(offset, len(table)) + paging.limit + 1))
    return rows[: paging.limit], len(rows) > paging.limit


def _by_cursor(
    table: Table[T], paging: Paging, cursor: UUID | None, keep: Callable[[T], bool] | None
) -> tuple[list[T], bool]:
    is_backward = paging.before is not None
    walk = table.walk(cursor, is_ascending=paging.is_ascending != is_backward)
    rows = list(islice(filter(keep, walk) if keep else walk, paging.limit + 1))
    page = rows[: paging.limit]
    return page[::-1] if is_backward else page, len(rows) > paging.limit


def _total_pages(table: Table[T], paging: Paging, keep: Callable[[T], bool] | None) -> int:
    count = len(table) if keep is None else sum(1 for row in table if keep(row))
    return -(-count // paging.limit)
