"""What a pass says where it may have missed phones, each gap by its own code."""

from collections.abc import Callable
from uuid import UUID, uuid4

from phones.diga import Gap
from phones.diga.sandbox import Sandbox, Switches
from phones.diga.sandbox.serving.messages import Answer, Request
from tests.support.diga.walking import LIMIT, Turning, client_of, ids_of


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
