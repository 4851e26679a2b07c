"""A pass over all phones: exact while the list changes, honest about what it may have missed, and tidy."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest

from phones.diga import DigaAuthError, DigaClient, DigaRejected, DigaUnavailable, Gap, Phone, Reason, Walk
from phones.diga.sandbox import Churn, Fault, PhoneRow, Sandbox, Switches, mounted_session
from phones.diga.sandbox.http import Answer, Request

PASSES = 300
LIMIT = 10
CHURN_LIMIT = 15
MakeClient = Callable[..., DigaClient]


def client_of(sandbox: Sandbox) -> DigaClient:
    """Make a client that needs no socket and never sleeps."""
    return DigaClient(sandbox.key(), session=mounted_session(sandbox), sleep=lambda seconds: None)


def ids_of(walk: Walk) -> list[UUID]:
    """Do the pass, and return the ids as they came."""
    return [phone.id for page in walk for phone in page.data]


def walk_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("walk-phones")]


class Turning(Sandbox):
    """A stand-in whose list of phones is changed, page by page, by a function of the test."""

    def __init__(self, turn: Callable[[int, dict[str, str], Answer], None], phones: int = 35) -> None:
        self.turn = turn
        self.numbers = count(1)
        super().__init__(phones=phones)

    def handle(self, request: Request) -> Answer:
        answer = super().handle(request)
        self.turn(next(self.numbers), request.query, answer)
        return answer


# A list that changes underneath.


def busy_list(seed: int) -> tuple[Sandbox, Churn, set[UUID]]:
    """Return a stand-in whose phones come and go, with the ids it begins with."""
    chance = random.Random(f"{seed}/list")
    phone_count = chance.randint(600, 1200) if seed % 25 else 3000
    switches = Switches(deleted_cursor=chance.choice(["works", "refuses", "ends"]))
    switches.default_order = chance.choice(["desc", "desc", "asc"])
    switches.totals_in_page_mode = chance.random() < 0.8
    sandbox = Sandbox(phones=0, switches=switches)
    for number in range(phone_count):
        sandbox.phones.add(PhoneRow(UUID(int=chance.getrandbits(128), version=4), f"+34{number:09d}"))
    churn = Churn(
        seed, added=chance.randint(0, 200), removed=chance.randint(0, 200), requests=phone_count // CHURN_LIMIT
    )
    sandbox.churn = churn
    return sandbox, churn, {row.id for row in sandbox.phones}


def test_no_phone_that_stays_is_missed_in_300_passes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="phones.diga")
    complete_count = 0
    for seed in range(PASSES):
        sandbox, churn, before = busy_list(seed)
        known = [row.id for row in sandbox.phones][:: random.Random(seed).choice([0, 30, 100]) or len(before)]
        walk = client_of(sandbox).walk_phones(boundaries=known[1:], expected_count=len(before), limit=CHURN_LIMIT)

        found = set(ids_of(walk))
        missed = before - churn.removed - found

        assert missed == set(), f"seed {seed}: {len(missed)} phones missed, gap {walk.gap}"
        complete_count += walk.is_complete

    assert complete_count >= PASSES * 0.98


def test_pages_read_by_number_at_once_do_miss_phones(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="phones.diga")
    missed_count = 0
    for seed in range(5):
        sandbox, churn, before = busy_list(seed)
        client = client_of(sandbox)
        pages = range(1, len(before) // CHURN_LIMIT + 2)
        with ThreadPoolExecutor(8) as pool:
            read = list(
                pool.map(lambda number, client=client: client.list_phones(page=number, limit=CHURN_LIMIT), pages)
            )
        missed_count += len(before - churn.removed - {phone.id for page in read for phone in page.data})

    assert missed_count > 0


def test_complete_is_not_said_where_a_forgotten_cursor_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="phones.diga")
    missed_passes = 0
    for seed in range(20):
        sandbox, churn, before = busy_list(seed)
        sandbox.switches.deleted_cursor = "restarts"
        walk = client_of(sandbox).walk_phones(limit=CHURN_LIMIT)

        found = set(ids_of(walk))
        missed = before - churn.removed - found

        missed_passes += bool(missed)
        assert not (missed and walk.is_complete), f"seed {seed}"

    assert missed_passes > 0


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


# What may be missing.


def gap_of(turn: Callable[[int, dict[str, str], Answer], None]) -> Gap | None:
    """Return what a pass says of a list that is spoiled so."""
    walk = client_of(Turning(turn)).walk_phones(limit=LIMIT)
    ids_of(walk)
    return walk.gap


def test_gap_of_a_page_that_promises_more_than_comes() -> None:
    assert gap_of(lambda number, query, answer: answer.body.update(has_more=True)) is Gap.EMPTY_PAGE
    assert gap_of(lambda number, query, answer: answer.body.update(has_more=True, data=[])) is Gap.EMPTY_PAGE


def test_gap_of_a_cursor_that_is_ignored() -> None:
    sandbox = Sandbox(phones=300, switches=Switches(after="ignored"))
    walk = client_of(sandbox).walk_phones(limit=LIMIT)

    assert set(ids_of(walk)) < {row.id for row in sandbox.phones}
    assert walk.gap is Gap.LOOP
    assert walk.request_count < 30


def test_gap_of_a_cursor_that_goes_in_a_circle() -> None:
    pages: dict[int, list[dict[str, object]]] = {}

    def turn(number: int, query: dict[str, str], answer: Answer) -> None:
        pages[number] = answer.body["data"]
        answer.body.update(data=pages[number - 2] if number > 3 else pages[number], has_more=True)

    assert gap_of(turn) is Gap.LOOP


def test_gap_of_parts_that_lead_back_to_the_front() -> None:
    sandbox = Sandbox(phones=1000)
    client = client_of(sandbox)
    front = client.list_phones(limit=LIMIT)
    middle = sandbox.phones.slice(495, 1, is_ascending=False)[0].id
    body = {"data": [phone.model_dump(mode="json") for phone in front.data], "has_more": True}
    real_handle = sandbox.handle

    def handle(request: Request) -> Answer:
        sample = request.query.get("after")
        is_far = sample and UUID(sample) in {row.id for row in sandbox.phones.slice(700, 30, is_ascending=False)}
        return Answer(200, body) if is_far else real_handle(request)

    sandbox.handle = handle  # type: ignore[method-assign]
    walk = client.walk_phones(boundaries=[middle], limit=LIMIT)
    ids_of(walk)

    assert walk.gap is Gap.LOOP


def test_gap_of_unreadable_pages_without_a_cursor() -> None:
    assert gap_of(lambda number, query, answer: answer.body.update(data=[5], last_id=None)) is Gap.NO_CURSOR


def test_gap_of_a_list_without_end() -> None:
    def turn(number: int, query: dict[str, str], answer: Answer) -> None:
        row = {"id": str(uuid4()), "number": "+34951000000", "telephony_provider": "netelip", "status": "assigned"}
        answer.body.update(data=[row], has_more=True, total_pages=2)

    walk = client_of(Turning(turn)).walk_phones(limit=LIMIT)
    ids_of(walk)

    assert walk.gap is Gap.TOO_MANY
    assert walk.request_count <= 3 * (2 + 8 + 1) + 1


def test_gap_of_cursors_that_are_refused() -> None:
    sandbox = Sandbox(phones=35)
    refused = Answer(400, {"status": "error", "error_code": "NOT_VALID_FIELD", "message": "No cursors today"})
    real_handle = sandbox.handle
    sandbox.handle = (  # type: ignore[method-assign]
        lambda request: refused if "after" in request.query else real_handle(request)
    )
    walk = client_of(sandbox).walk_phones(limit=LIMIT)

    assert len(ids_of(walk)) == LIMIT
    assert walk.gap is Gap.CURSOR_REFUSED
    assert walk.error is not None
    assert walk.error.message == "No cursors today"


def test_gap_of_an_end_that_cannot_be_confirmed() -> None:
    def turn(number: int, query: dict[str, str], answer: Answer) -> None:
        if number > 2:
            answer.body.update(data=[], has_more=False)

    assert gap_of(turn) is Gap.LOST


def test_gap_of_fewer_rows_than_pages_are_counted() -> None:
    def turn(number: int, query: dict[str, str], answer: Answer) -> None:
        answer.body.update(total_pages=9)

    assert gap_of(turn) is Gap.SHORT


def test_gap_of_two_ends() -> None:
    sandbox = Sandbox(phones=1000)
    rows = [row.id for row in sandbox.phones][::-1]
    real_handle = sandbox.handle

    def handle(request: Request) -> Answer:
        """End the list at its 310th row, for a cursor that comes from before."""
        answer = real_handle(request)
        after = UUID(request.query["after"]) if "after" in request.query else None
        if after in set(rows[290:310]):
            answer.body["data"] = [row for row in answer.body["data"] if UUID(row["id"]) in set(rows[:310])]
            answer.body["has_more"] = False
        answer.body["total_pages"] = None
        return answer

    sandbox.handle = handle  # type: ignore[method-assign]
    walk = client_of(sandbox).walk_phones(boundaries=[rows[600]], limit=LIMIT)
    ids_of(walk)

    assert walk.gap is Gap.NOT_MET


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


def test_bug_in_one_part_is_raised_and_ends_the_others() -> None:
    sandbox = Sandbox(phones=3000)
    client = client_of(sandbox)
    numbers = count()

    def clock() -> datetime:
        if next(numbers) == 30:
            raise RuntimeError("The clock has stopped")
        return datetime(2026, 10, 9, tzinfo=UTC)

    with pytest.raises(RuntimeError, match="The clock has stopped"):
        list(client.walk_phones(clock=clock, limit=LIMIT))

    assert walk_threads() == []
    assert len(sandbox.journal) < 60


def test_pass_needs_a_walker() -> None:
    with pytest.raises(ValueError, match="at least one walker"):
        client_of(Sandbox(phones=1)).walk_phones(walkers=0)


def test_records_of_a_pass_are_those_of_the_list(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    client = make_diga_client()

    walked: list[Phone] = [phone for page in client.walk_phones(limit=7) for phone in page.data]

    assert walked == list(client.list_phones(limit=100).data)
