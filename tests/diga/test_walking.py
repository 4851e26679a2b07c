"""A pass over all phones: few requests, complete where it can be, and tidy however it ends."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest

from phones.diga import DigaAuthError, DigaClient, DigaRejected, DigaUnavailable, Gap, Phone, Reason
from phones.diga.sandbox import Fault, Sandbox, Switches, mounted_session
from phones.diga.sandbox.serving.messages import Answer
from tests.support.diga.walking import LIMIT, Turning, client_of, ids_of, walk_threads

MakeClient = Callable[..., DigaClient]


# Requests.


def test_long_list_takes_few_requests_more_than_it_has_pages() -> None:
    sandbox = Sandbox(phones=4000)
    walk = client_of(sandbox).walk_phones(limit=LIMIT)

    found = ids_of(walk)

    assert walk.is_complete
    assert (len(found), len(set(found))) == (4000, 4000)
    assert walk.expected_count == 4000
    assert 400 < walk.request_count <= 400 * 1.05
    assert len(sandbox.journal) == walk.request_count


def test_the_last_sync_s_ids_save_the_samples() -> None:
    sandbox = Sandbox(phones=4000)
    ids = [row.id for row in sandbox.phones]
    walk = client_of(sandbox).walk_phones(boundaries=ids[::500], limit=LIMIT)

    assert sorted(ids_of(walk)) == sorted(ids)
    assert walk.is_complete
    assert [received.query["page"] for received in sandbox.journal if "page" in received.query] == ["1"]
    assert walk.request_count <= 400 * 1.03


def test_short_list_is_read_along_one_cursor() -> None:
    sandbox = Sandbox(phones=35)
    walk = client_of(sandbox).walk_phones(limit=LIMIT)

    assert ids_of(walk) == [row.id for row in sandbox.phones][::-1]
    assert walk.request_count == 5
    assert ["after" in received.query for received in sandbox.journal] == [False, True, True, True, True]


@pytest.mark.parametrize(
    "switches",
    [
        Switches(page_numbers=False),
        Switches(totals_in_page_mode=False),
        Switches(has_more="never"),
        Switches(default_order="asc"),
        Switches(pages_give_cursor_ids=False),
        Switches(totals_in_cursor_mode=True),
        Switches(deleted_cursor="refuses"),
    ],
    ids=str,
)
def test_pass_is_complete_whatever_diga_leaves_out(switches: Switches) -> None:
    sandbox = Sandbox(phones=300, switches=switches)
    gone = sandbox.phones.slice(40, 1, is_ascending=True)[0].id
    sandbox.phones.remove(gone)
    walk = client_of(sandbox).walk_phones(boundaries=[gone, uuid4()], limit=LIMIT)

    assert set(ids_of(walk)) == {row.id for row in sandbox.phones}
    assert walk.gap is None


@pytest.mark.parametrize("phone_count", [0, 1, 2, 10])
def test_smallest_lists_are_complete(phone_count: int) -> None:
    sandbox = Sandbox(phones=phone_count)
    walk = client_of(sandbox).walk_phones(limit=LIMIT)

    assert len(ids_of(walk)) == phone_count
    assert walk.is_complete


def test_every_page_says_when_it_was_asked_for() -> None:
    start = datetime(2026, 10, 9, 9, 0, tzinfo=UTC)
    seconds = count()
    walk = client_of(Sandbox(phones=35)).walk_phones(
        clock=lambda: start + timedelta(seconds=next(seconds)), limit=LIMIT
    )

    assert [page.asked_at - start for page in walk] == [timedelta(seconds=number) for number in range(4)]


def test_malformed_rows_are_counted_and_passed_over() -> None:
    def turn(number: int, query: dict[str, str], answer: Answer) -> None:
        for row in answer.body["data"][-2:] if number == 2 else ():
            row["number"] = 5

    sandbox = Turning(turn)
    walk = client_of(sandbox).walk_phones(limit=LIMIT)

    pages = list(walk)

    assert [page.malformed_count for page in pages] == [0, 2, 0, 0]
    assert (sum(len(page.data) for page in pages), walk.gap) == (33, None)


# Failures, and ending early.


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("status", status=503, times=None), Reason.SERVER_ERROR),
        (Fault("html", times=None), Reason.NOT_JSON),
        (Fault("not_json", times=None), Reason.NOT_JSON),
        (Fault("empty", times=None), Reason.NOT_JSON),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_page_that_stays_unreadable_ends_the_pass(fault: Fault, reason: Reason) -> None:
    sandbox = Sandbox(phones=1000)
    walk = client_of(sandbox).walk_phones(limit=LIMIT)
    pages = iter(walk)
    next(pages)
    sandbox.faults.add(fault)

    rest = list(pages)

    assert len(rest) < 99
    assert (walk.gap, walk.is_complete) == (Gap.FAILED, False)
    assert isinstance(walk.error, DigaUnavailable)
    assert walk.error.reason is reason
    assert walk_threads() == []


def test_page_that_fails_once_is_asked_for_again() -> None:
    sandbox = Sandbox(phones=1000)
    sandbox.faults.add(Fault("html"))
    sandbox.faults.add(Fault("empty"))
    walk = client_of(sandbox).walk_phones(limit=LIMIT)

    assert len(set(ids_of(walk))) == 1000
    assert walk.is_complete


def test_rejected_key_is_said_by_the_error() -> None:
    walk = DigaClient("unknown-key", session=mounted_session(Sandbox(phones=35))).walk_phones()

    assert ids_of(walk) == []
    assert isinstance(walk.error, DigaAuthError)
    assert walk.gap is Gap.FAILED


def test_refused_list_is_said_by_the_error() -> None:
    sandbox = Sandbox(phones=35)
    sandbox.faults.add(Fault("status", status=422, times=None))
    walk = client_of(sandbox).walk_phones()

    assert ids_of(walk) == []
    assert isinstance(walk.error, DigaRejected)


def test_leaving_the_loop_ends_the_threads() -> None:
    sandbox = Sandbox(phones=3000)
    walk = client_of(sandbox).walk_phones(limit=LIMIT)

    for _ in walk:
        break

    assert walk_threads() == []
    assert (walk.gap, walk.is_complete) == (Gap.UNFINISHED, False)
    assert walk.request_count < 60


def test_error_of_the_consumer_ends_the_threads() -> None:
    walk = client_of(Sandbox(phones=3000)).walk_phones(limit=LIMIT)

    with pytest.raises(ZeroDivisionError):
        sum(page.malformed_count / 0 for page in walk)

    assert walk_threads() == []
    assert walk.gap is Gap.UNFINISHED


def test_pages_wait_for_a_slow_consumer_in_a_small_number() -> None:
    sandbox = Sandbox(phones=3000)
    walk = client_of(sandbox).walk_phones(walkers=4, limit=LIMIT)
    pages = iter(walk)
    next(pages)
    threading.Event().wait(0.3)

    asked_count = walk.request_count
    pages.close()  # type: ignore[attr-defined]

    assert asked_count <= 1 + 3 + 2 * 4 + 4 + 1


def test_as_many_pages_wait_as_the_consumer_takes_together() -> None:
    walk = client_of(Sandbox(phones=3000)).walk_phones(walkers=4, limit=LIMIT, waiting_limit=3)
    pages = iter(walk)
    next(pages)
    threading.Event().wait(0.3)

    waiting_count = walk.waiting_count
    pages.close()  # type: ignore[attr-defined]

    assert waiting_count == 3


def test_bug_in_one_part_is_raised_and_ends_the_others() -> None:
    sandbox = Sandbox(phones=3000)
    client = client_of(sandbox)
    numbers = count()

    def clock() -> datetime:
        number = next(numbers)
        if number == 30:
            raise RuntimeError("The clock has stopped")
        if number > 30:
            # However slow the machine, the other parts go on no sooner than the one that failed has said so.
            assert walk._ground.is_stopping.wait(timeout=30)
        return datetime(2026, 10, 9, tzinfo=UTC)

    walk = client.walk_phones(clock=clock, limit=LIMIT)
    with pytest.raises(RuntimeError, match="The clock has stopped"):
        list(walk)

    assert walk_threads() == []
    assert len(sandbox.journal) < 60


def test_pass_needs_a_walker() -> None:
    with pytest.raises(ValueError, match="at least one walker"):
        client_of(Sandbox(phones=1)).walk_phones(walkers=0)


def test_records_of_a_pass_are_those_of_the_list(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    client = make_diga_client()

    walked: list[Phone] = [phone for page in client.walk_phones(limit=7) for phone in page.data]

    assert walked == list(client.list_phones(limit=100).data)
