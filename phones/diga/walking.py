"""One pass over all phones: several cursors at once, as complete as one and as quick as parallel pages.

Pages read in parallel by number miss rows when others are added or deleted. Here a few rows spread over the list begin
parts, each part is read along its own cursor, and the pass is complete only if every part met the next and the last one
reached the end (see `segments`).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from itertools import combinations
from queue import Empty
from uuid import UUID

from .errors import DigaError
from .segments import REFUSALS, Gap, Ground, Incomplete, ListPhones, Segment, Stopped, WalkedPage
from .sending import WAIT_SECONDS, OnWait
from .types import Page, Phone

LEAST_SEGMENT_PAGES = 8
"""A part shorter than this isn't worth the requests that another cursor costs."""
MOST_ADDED_PAGES = 20
"""How far to look for phones that were added during the pass, where some seem to be missing."""
MAX_REQUESTS = 30_000
"""A bound for a list of which nothing is known."""


def _now() -> datetime:
    return datetime.now(UTC)


class Walk:
    """A pass over the phones. Iterate over it once, to the end, then read `is_complete`.

    Pages come in the order of their arrival, in the consumer's thread. A phone may come twice. Leaving the loop ends
    the pass and its threads, as soon as the requests under way are answered.
    """

    def __init__(
        self,
        list_phones: ListPhones,
        *,
        walkers: int,
        boundaries: Sequence[UUID],
        expected_count: int | None,
        clock: Callable[[], datetime] | None,
        limit: int,
        waiting_limit: int | None,
        on_wait: OnWait | None,
    ) -> None:
        """See `DigaClient.walk_phones`."""
        if walkers < 1:
            raise ValueError("A pass has at least one walker")
        self.gap: Gap | None = Gap.UNFINISHED
        self.error: DigaError | None = None
        self.expected_count = expected_count
        self._walkers = walkers
        self._boundaries = tuple(dict.fromkeys(boundaries))
        self._limit = limit
        self._ground = Ground(list_phones, limit=limit, clock=clock or _now, waiting_limit=waiting_limit or 2 * walkers)
        self._on_wait = on_wait
        self._has_numbers = True
        self._row_count = 0

    @property
    def is_complete(self) -> bool:
        """True if no phone was left out that existed during the whole pass."""
        return self.gap is None

    @property
    def request_count(self) -> int:
        """How many pages were requested so far, without retries."""
        return self._ground.request_count

    @property
    def waiting_count(self) -> int:
        """How many pages have arrived and wait to be taken."""
        return self._ground.pages.qsize()

    def __iter__(self) -> Iterator[WalkedPage]:
        """Yield the pages as they arrive. Diga's errors are not raised: see `gap` and `error`."""
        try:
            front = self._read_front()
            segments = [Segment(self._ground, start) for start in (None, *self._find_starts(front[0]))]
            yield from self._walk_all(segments, front)
            self._check_met(segments)
            self._check_count(front[0])
        except Incomplete as incomplete:
            self.gap, self.error = incomplete.gap, incomplete.error
        except DigaError as error:
            self.gap, self.error = Gap.FAILED, error
        else:
            self.gap = None

    def _read_front(self) -> tuple[Page[Phone], datetime]:
        """Read the first page; by number, as that may give the total."""
        if self._has_numbers:
            try:
                return self._ground.read(page=1)
            except REFUSALS:
                self._has_numbers = False
        return self._ground.read()

    def _find_starts(self, front: Page[Phone]) -> Sequence[UUID | int]:
        """Return where the other parts begin: at the caller's rows, else at page numbers if Diga counts pages."""
        size = _size(front, self._limit)
        if front.total_pages is not None:
            self.expected_count = front.total_pages * size
        page_count = None if self.expected_count is None else -(-self.expected_count // size)
        self._ground.max_requests = MAX_REQUESTS
        count = self._walkers
        if page_count is not None:
            self._ground.max_requests = min(MAX_REQUESTS, 3 * (page_count + self._walkers + 1))
            count = min(count, max(1, page_count // LEAST_SEGMENT_PAGES))
        if not front.has_more:
            return ()
        if self._boundaries:
            count = min(count, len(self._boundaries) + 1)
            return [self._boundaries[len(self._boundaries) * number // count] for number in range(1, count)]
        if self.expected_count is None or not self._has_numbers:
            return ()
        return [self.expected_count * number // count for number in range(1, count)]

    def _walk_all(self, segments: Sequence[Segment], front: tuple[Page[Phone], datetime]) -> Iterator[WalkedPage]:
        """Read each part in a thread, and yield the pages until all are done or one has failed."""
        ground = self._ground
        segments[0].trail.append(None)
        ground.mark(segments[0], [phone.id for phone in front[0].data], None)
        running = len(segments)
        with ThreadPoolExecutor(running, thread_name_prefix="walk-phones") as pool:
            try:
                futures: list[Future[None]] = [
                    pool.submit(copy_context().run, self._walk_one, segment, front if segment is segments[0] else None)
                    for segment in segments
                ]
                while running:
                    page = self._next_page()
                    if page is None:
                        running -= 1
                        continue
                    ground.free_places.release()
                    self._row_count += len(page.data) + page.malformed_count
                    yield page
            finally:
                ground.is_stopping.set()
                ground.free_places.release(len(segments))
        _raise_first(futures)
        ground.is_stopping.clear()

    def _next_page(self) -> WalkedPage | None:
        """Return the page that arrives next, None where a part has ended; ask whether to go on while none does."""
        if self._on_wait is None:
            return self._ground.pages.get()
        while True:
            try:
                return self._ground.pages.get(timeout=WAIT_SECONDS)
            except Empty:
                self._on_wait()

    def _walk_one(self, segment: Segment, front: tuple[Page[Phone], datetime] | None) -> None:
        is_done = False
        try:
            segment.walk(front)
            is_done = True
        finally:
            if not is_done:
                # After one failure the pass can't be complete, so the others stop and save their requests.
                self._ground.is_stopping.set()
                self._ground.free_places.release(self._walkers)
            self._ground.pages.put(None)

    @staticmethod
    def _check_met(segments: Sequence[Segment]) -> None:
        """Follow the parts from the front. :raises Incomplete: unless they lead to the one end of the list."""
        passed = {segments[0]}
        last = segments[0]
        while last.met:
            last = last.met
            if last in passed:
                raise Incomplete(Gap.LOOP)
            passed.add(last)
        ends = [set(segment.trail) for segment in segments if segment.has_ended]
        if not last.has_ended or any(one.isdisjoint(other) for one, other in combinations(ends, 2)):
            raise Incomplete(Gap.NOT_MET)

    def _check_count(self, front: Page[Phone]) -> None:
        """Compare with Diga's own count of pages.

        Rows that seem to be missing may have been deleted meanwhile, so the count is requested again; or they were
        added, and then they are at the front.

        :raises Incomplete: there are fewer rows than the count says.
        """
        if self._is_short(front, self._row_count):
            now, _ = self._read_front()
            if self._is_short(now, self._row_count + self._count_added(now)):
                raise Incomplete(Gap.SHORT)

    def _count_added(self, page: Page[Phone]) -> int:
        """Count the new rows at the front, within a few pages."""
        added_count = 0
        for _ in range(MOST_ADDED_PAGES):
            ids = [phone.id for phone in page.data]
            known, count = self._ground.find_other(None, ids)
            added_count += count
            if known or not (ids and page.has_more):
                break
            page, _ = self._ground.read(after=ids[-1])
        return added_count

    def _is_short(self, front: Page[Phone], row_count: int) -> bool:
        """Return whether so many rows don't reach the last of Diga's pages."""
        if front.total_pages is None or front.total_pages < 2:
            return False
        return row_count <= (front.total_pages - 1) * _size(front, self._limit)


def _size(front: Page[Phone], limit: int) -> int:
    """Return how many rows a page has: Diga may return fewer than requested."""
    return (len(front.data) + front.malformed_count) if front.has_more and front.data else limit


def _raise_first(futures: Sequence[Future[None]]) -> None:
    """Raise the first error of the parts; that of a part that was only stopped comes last."""
    errors = [error for future in futures if (error := future.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, Stopped)):
        raise error
