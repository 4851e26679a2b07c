"""One cursor's path along a part of the list of phones: until it reaches another's part, or the end of the list.

Rows can be missed only if a cursor's position is lost. So a cursor goes back a row if Diga refuses it (the row may be
deleted), a part ends at a row that another part has read, and the end of the list is accepted only when read again from
a row before it.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from queue import SimpleQueue
from typing import Protocol
from uuid import UUID

from .errors import DigaError, DigaNotFound, DigaRejected
from .types import Page, Phone

TRAIL_LENGTH = 8
"""How many of its last rows a cursor remembers, to go on from an earlier one."""
REFUSALS = (DigaRejected, DigaNotFound)


class Gap(StrEnum):
    """Why a pass may be incomplete."""

    UNFINISHED = "unfinished"
    FAILED = "failed"
    CURSOR_REFUSED = "cursor_refused"
    NO_CURSOR = "no_cursor"
    EMPTY_PAGE = "empty_page"
    LOOP = "loop"
    LOST = "lost"
    NOT_MET = "not_met"
    TOO_MANY = "too_many_pages"
    SHORT = "short"


class Incomplete(Exception):
    """The pass can't become complete any more; `error` is Diga's, if there is one."""

    def __init__(self, gap: Gap, error: DigaError | None = None) -> None:
        super().__init__(gap.value)
        self.gap = gap
        self.error = error


class Stopped(Exception):
    """The pass ended before this part did."""


@dataclass(frozen=True, slots=True)
class WalkedPage:
    """The phones of one request. `asked_at` is just before it was sent."""

    data: tuple[Phone, ...]
    malformed_count: int
    asked_at: datetime


class ListPhones(Protocol):
    """The signature of `DigaClient.list_phones`, as far as a pass uses it."""

    def __call__(self, *, after: UUID | None = None, page: int | None = None, limit: int = 100) -> Page[Phone]:
        """Return one page."""
        ...


class Ground:
    """The state that the parts of a pass share: requests, the queue of pages, the rows that mark where parts begin."""

    def __init__(
        self, list_phones: ListPhones, *, limit: int, clock: Callable[[], datetime], waiting_limit: int
    ) -> None:
        self.request_count = 0
        self.max_requests = 0
        self.is_stopping = threading.Event()
        self.pages: SimpleQueue[WalkedPage | None] = SimpleQueue()
        self.free_places = threading.Semaphore(waiting_limit)
        self._list_phones = list_phones
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._marks: dict[UUID, tuple[Segment, bool]] = {}

    def read(
        self, *, after: UUID | None = None, page: int | None = None, limit: int | None = None
    ) -> tuple[Page[Phone], datetime]:
        """Request a page; return it with the moment of the request."""
        if self.is_stopping.is_set():
            raise Stopped
        with self._lock:
            self.request_count += 1
            if self.max_requests and self.request_count > self.max_requests:
                raise Incomplete(Gap.TOO_MANY)
        asked_at = self._clock()
        return self._list_phones(after=after, page=page, limit=limit or self._limit), asked_at

    def hand_over(self, page: WalkedPage) -> None:
        """Put a page in the consumer's queue, waiting while that is full."""
        self.free_places.acquire()
        if self.is_stopping.is_set():
            raise Stopped
        self.pages.put(page)

    def mark(self, segment: "Segment", ids: Sequence[UUID], boundary: UUID | None) -> bool:
        """Register the row before a part, and its first rows, as its beginning.

        Return False without registering if they overlap another part's: which of the two is first can't be known then.
        """
        marks = [*([boundary] if boundary else []), *ids]
        with self._lock:
            if boundary and any(row_id in self._marks for row_id in marks):
                return False
            self._marks.update((row_id, (segment, row_id == boundary)) for row_id in marks)
            return True

    def find_other(self, segment: "Segment | None", ids: Sequence[UUID]) -> "tuple[Segment | None, int]":
        """Return the part that begins first among these rows, and how many of them another part doesn't read."""
        with self._lock:
            for index, row_id in enumerate(ids):
                other, is_before = self._marks.get(row_id, (None, False))
                if other and other is not segment:
                    return other, index + is_before
        return None, len(ids)


class Segment:
    """A part of the list, read along a cursor by one thread."""

    def __init__(self, ground: Ground, start: UUID | int | None) -> None:
        """Make a part.

        :param start: the row before it; or the number of rows before it, to find that row; None for the front.
        """
        self.met: Segment | None = None
        self.has_ended = False
        self.trail: deque[UUID | None] = deque(maxlen=TRAIL_LENGTH)
        self._ground = ground
        self._start = start
        self._cursors: set[UUID] = set()

    def walk(self, front: tuple[Page[Phone], datetime] | None = None) -> None:
        """Read to the end of the part. Then `met` is the part that follows, or `has_ended` is true if none does.

        Neither is set if the part does not exist; the part before it then reads on in its place.

        :param front: the first page, if it has been read.
        :raises Incomplete: rows may have been left out.
        :raises Stopped: the pass has ended.
        :raises DigaError: a page could not be read.
        """
        answer = front or self._begin()
        while answer:
            page, asked_at = answer
            ids = [phone.id for phone in page.data]
            self.met, count = self._ground.find_other(self, ids)
            if count or page.malformed_count:
                self._ground.hand_over(WalkedPage(page.data[:count], page.malformed_count, asked_at))
            if self.met:
                return
            self.trail.extend(ids)
            has_rows = bool(ids or page.malformed_count)
            if page.has_more and not has_rows:
                raise Incomplete(Gap.EMPTY_PAGE)
            answer = self._read_on(page) if page.has_more else self._read_end()

    def _begin(self) -> tuple[Page[Phone], datetime] | None:
        """Read and register the first page, or return None if there is nothing to begin from."""
        boundary = self._find_boundary()
        if boundary is None:
            return None
        try:
            answer = self._ground.read(after=boundary)
        except REFUSALS:
            return None
        ids = [phone.id for phone in answer[0].data]
        if not ids or not self._ground.mark(self, ids, boundary):
            return None
        self.trail.append(boundary)
        return answer

    def _find_boundary(self) -> UUID | None:
        if not isinstance(self._start, int):
            return self._start
        try:
            page, _ = self._ground.read(page=self._start, limit=1)
        except REFUSALS:
            return None
        return page.data[0].id if page.data else None

    def _read_on(self, page: Page[Phone]) -> tuple[Page[Phone], datetime]:
        """Read the page after this one, from an earlier row if Diga refuses the last."""
        last_id = page.data[-1].id if page.data else None
        # Diga's own cursor is used only if the last row may have been unreadable: a wrong one would skip rows.
        cursor = (page.last_id or last_id) if page.malformed_count else last_id
        if cursor is None:
            raise Incomplete(Gap.NO_CURSOR)
        if cursor in self._cursors:
            raise Incomplete(Gap.LOOP)
        self._cursors.add(cursor)
        if cursor != last_id:
            self.trail.append(cursor)
        refusal: DigaError | None = None
        for earlier in reversed(self.trail):
            try:
                return self._ground.read(after=earlier)
            except REFUSALS as error:
                refusal = error
        raise Incomplete(Gap.CURSOR_REFUSED, refusal)

    def _read_end(self) -> tuple[Page[Phone], datetime] | None:
        """Read the end of the list again from a row before the last; return new rows, None at the end.

        An empty answer may also come from a cursor that Diga has forgotten; a known row proves that it hasn't.
        """
        known = set(self.trail)
        for cursor in list(reversed(self.trail))[1:]:
            try:
                page, asked_at = self._ground.read(after=cursor)
            except REFUSALS:
                continue
            if fresh := tuple(phone for phone in page.data if phone.id not in known):
                return replace(page, data=fresh), asked_at
            if page.has_more:
                raise Incomplete(Gap.EMPTY_PAGE)
            if page.data or page.malformed_count or cursor is None:
                self.has_ended = True
                return None
        if known != {None}:
            raise Incomplete(Gap.LOST)
        self.has_ended = True
        return None
