"""The diary row stands before anything is sent, no transaction is open meanwhile, and one form is one write."""

import threading
import uuid
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Outcome, Phone, Project
from phones.services.editing.result import SaveKind
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.saving import (
    before_answering,
    forget_waiting,
    held,
    not_saved,
    patches,
    save,
    sent,
    stored,
    target,
)

RENAME = PhoneEdit(nickname="Ventas, otra vez")
in_real_transactions = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@in_real_transactions
def test_pending_row_is_committed_before_the_patch(sandbox: Sandbox, sales_phone: Phone, router: User) -> None:
    seen: list[tuple[str, str, object, object]] = []

    def look() -> None:
        change = Change.objects.get()
        seen.append((change.outcome, change.actor_name, change.after, stored(sales_phone).nickname))

    with before_answering(sandbox, "PATCH", look) as requests:
        saved = save(sales_phone, RENAME, user=router)

    assert seen == [("PENDING", "Router Ruiz", {"nickname": RENAME.nickname}, "Ventas Costa del Sol")]
    assert len(requests) == 1
    assert saved.change.outcome == Outcome.CONFIRMED


@in_real_transactions
@pytest.mark.parametrize("fault", [None, "close", "stored_other"])
def test_no_transaction_is_open_while_the_network_is_used(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, fault: str | None
) -> None:
    connection = connections["default"]
    is_open: list[bool] = []
    if fault:
        sandbox.faults.add(Fault(fault, method="PATCH"))  # type: ignore[arg-type]

    def look() -> None:
        is_open.append(connection.in_atomic_block)
        # Were one open, SQLite would let nobody else write, and PostgreSQL nobody else this row.
        Phone.objects.filter(pk=sales_phone.pk).update(note="Somebody else can write")

    with before_answering(sandbox, "GET", look), before_answering(sandbox, "PATCH", look):
        save(sales_phone, RENAME)

    assert is_open == [False, False]
    assert stored(sales_phone).note == "Somebody else can write"


@in_real_transactions
def test_process_that_dies_before_the_answer_is_stored_leaves_a_pending_row(
    sandbox: Sandbox, sales_phone: Phone
) -> None:
    class Killed(BaseException):
        pass

    def clock() -> datetime:
        if patches(sandbox):
            raise Killed
        return timezone.now()

    with pytest.raises(Killed):
        save(sales_phone, RENAME, clock=clock)

    assert Change.objects.get().outcome == Outcome.PENDING
    assert sent(sandbox) == [{"nickname": RENAME.nickname}]
    assert stored(sales_phone).nickname == "Ventas Costa del Sol"


# One form, one write.


def test_same_form_twice_is_one_write_and_one_change(sandbox: Sandbox, sales_phone: Phone) -> None:
    token = uuid.uuid4()

    first = save(sales_phone, RENAME, form_token=token)
    second = save(stored(sales_phone), RENAME, form_token=token)
    with not_saved(SaveKind.SPENT_FORM) as spent:
        save(stored(sales_phone), PhoneEdit(nickname="Typed after the first click"), form_token=token)

    assert second.change == first.change == spent.value.result.change
    assert sent(sandbox) == [{"nickname": RENAME.nickname}]
    assert Change.objects.count() == 1


@pytest.mark.parametrize("fault", ["empty", "status"])
def test_same_form_after_a_failure_is_not_sent_again(sandbox: Sandbox, sales_phone: Phone, fault: str) -> None:
    token = uuid.uuid4()
    sandbox.faults.add(Fault(fault, status=409, method="PATCH"))  # type: ignore[arg-type]

    first = save(sales_phone, RENAME, form_token=token)
    second = save(stored(sales_phone), RENAME, form_token=token)

    assert second.change == first.change
    assert len(patches(sandbox)) == 1


@in_real_transactions
def test_same_form_while_it_is_being_sent_is_already_sent(sandbox: Sandbox, sales_phone: Phone) -> None:
    token = uuid.uuid4()
    refused: list[str] = []

    def click_again() -> None:
        with not_saved(SaveKind.ALREADY_SENT):
            save(stored(sales_phone), RENAME, form_token=token, sleep=lambda _seconds: None)
        refused.append(threading.current_thread().name)

    with before_answering(sandbox, "PATCH", click_again) as requests:
        saved = save(sales_phone, RENAME, form_token=token)

    assert refused != []
    assert refused[0] != threading.current_thread().name
    assert (saved.change.outcome, len(requests), Change.objects.count()) == (Outcome.CONFIRMED, 1, 1)


@in_real_transactions
def test_two_clicks_at_the_very_same_time_are_one_write(sandbox: Sandbox, sales_phone: Phone) -> None:
    token = uuid.uuid4()

    def overtake() -> None:
        # The slower click has found no earlier change, and is now reading the phone.
        save(stored(sales_phone), RENAME, form_token=token)

    with before_answering(sandbox, "GET", overtake):
        saved = save(sales_phone, RENAME, form_token=token)

    assert sent(sandbox) == [{"nickname": RENAME.nickname}]
    assert saved.change == Change.objects.get()
    assert saved.change.outcome == Outcome.CONFIRMED


@in_real_transactions
def test_database_lets_one_of_two_clicks_through(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    token = uuid.uuid4()
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id
    wanted = PhoneEdit(inbound=target(aurora, "Alicia", 4))

    def overtake() -> None:
        # The slower click is past everything but its row in the diary: it asks for the agents again.
        save(stored(sales_phone), RENAME, form_token=token)

    with before_answering(sandbox, "GET", overtake, path="/v1/agent/"), not_saved(SaveKind.SPENT_FORM) as spent:
        save(sales_phone, wanted, form_token=token)

    assert sent(sandbox) == [{"nickname": RENAME.nickname}]
    assert spent.value.result.change == Change.objects.get()
    assert spent.value.result.change.outcome == Outcome.CONFIRMED


def test_token_of_another_phones_form_shows_nothing_of_that_phone(
    sandbox: Sandbox, sales_phone: Phone, spare_phone: Phone
) -> None:
    token = uuid.uuid4()
    save(sales_phone, RENAME, form_token=token)

    with not_saved(SaveKind.ALREADY_SENT):
        save(spare_phone, PhoneEdit(nickname="Spare"), form_token=token)

    assert len(patches(sandbox)) == 1


def test_saves_without_a_form_are_all_sent(sandbox: Sandbox, sales_phone: Phone) -> None:
    save(sales_phone, RENAME)
    save(stored(sales_phone), PhoneEdit(nickname="Third name"))

    assert [request.applied for request in patches(sandbox)] == [True, True]
    assert held(sandbox, sales_phone).nickname == "Third name"
