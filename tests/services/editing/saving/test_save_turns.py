"""Savers of one phone take turns: nobody's change is lost unseen, and one form is one write however often it comes.

`RACES` says how many pairs race; 1,000 take minutes.
"""

import os
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connections

from bench.rig.invariants import assert_invariants
from phones.diga.sandbox import Fault, Sandbox, SandboxServer
from phones.models import Change, Outcome, Phone, Project
from phones.services.editing.result import SaveKind
from phones.services.routing.edits import PhoneEdit, PhoneSnapshot
from tests.support.desk.saving import (
    NotSaved,
    forget_waiting,
    held,
    is_true_copy,
    not_saved,
    patches,
    save,
    sent,
    stored,
)

RACES = int(os.environ.get("RACES", "25"))
PHONES_AT_A_TIME = 4
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def phones(aurora: Project) -> list[Phone]:
    """Phones that can be renamed, each of which is raced for in its own thread."""
    return list(Phone.objects.filter(project=aurora, status="assigned").order_by("number", "id")[:PHONES_AT_A_TIME])


def race(*savers: Callable[[], object]) -> list[object]:
    """Let all start at the same moment, each on a connection of its own; return what they returned or raised."""
    barrier = threading.Barrier(len(savers))

    def start(saver: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return saver()
        except NotSaved as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(savers)) as pool:
        return list(pool.map(start, savers))


def test_row_that_can_not_be_written_for_another_reason_is_not_taken_for_a_race(
    sandbox: Sandbox, sales_phone: Phone, router: User
) -> None:
    User.objects.filter(pk=router.pk).delete()
    sandbox.journal.clear()

    with not_saved(SaveKind.NOT_RECORDED):
        save(sales_phone, PhoneEdit(nickname="Of somebody who is gone"), user=router)

    assert [request.method for request in sandbox.journal] == ["GET"]
    assert Change.objects.count() == 0


def many_races(phones: list[Phone], one_race: Callable[[Phone, int], None]) -> None:
    """Race `RACES` times, on several phones at a time."""

    def races_of(turn: int) -> None:
        try:
            for number in range(turn, RACES, len(phones)):
                one_race(phones[turn], number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(phones)) as pool:
        list(pool.map(races_of, range(len(phones))))


def test_of_two_editors_at_once_one_wins_and_the_other_is_told(sandbox: Sandbox, phones: list[Phone]) -> None:
    def one_race(phone: Phone, number: int) -> None:
        base = PhoneSnapshot.of(stored(phone))
        names = [f"{number} {editor}" for editor in ("Marta", "Luis")]

        def saver(name: str) -> Callable[[], object]:
            return lambda: save(stored(phone), PhoneEdit(nickname=name), base=base)

        came_to = race(*map(saver, names))

        # Who has not won was shown what is there now, and has overwritten nothing.
        winners = [name for name, what in zip(names, came_to, strict=True) if not isinstance(what, NotSaved)]
        assert len(winners) == 1, came_to
        refused = [what for what in came_to if isinstance(what, NotSaved)]
        assert [(what.result.kind, what.now.nickname) for what in refused] == [(SaveKind.CONFLICT, winners[0])]
        assert stored(phone).nickname == held(sandbox, phone).nickname == winners[0]

    many_races(phones, one_race)

    assert Counter(Change.objects.values_list("outcome", flat=True)) == {Outcome.CONFIRMED: RACES}
    assert len(patches(sandbox)) == RACES
    assert_invariants(sandbox)


def test_two_sends_of_one_form_are_one_write(sandbox: Sandbox, phones: list[Phone]) -> None:
    def one_race(phone: Phone, number: int) -> None:
        token, base, name = uuid.uuid4(), PhoneSnapshot.of(stored(phone)), f"Sent twice, {number}"

        def send() -> object:
            return save(stored(phone), PhoneEdit(nickname=name), base=base, form_token=token).change.pk

        first, second = race(send, send)

        assert first == second == Change.objects.get(form_token=token).pk

    many_races(phones, one_race)

    assert Counter(Change.objects.values_list("outcome", flat=True)) == {Outcome.CONFIRMED: RACES}
    assert sorted(map(str, sent(sandbox))) == sorted(
        str({"nickname": f"Sent twice, {number}"}) for number in range(RACES)
    )
    assert_invariants(sandbox)


def test_editors_of_different_fields_both_get_through(
    sandbox: Sandbox, sandbox_server: SandboxServer, spare_phone: Phone, sales_phone: Phone
) -> None:
    base = PhoneSnapshot.of(sales_phone)

    came_to = race(
        lambda: save(stored(sales_phone), PhoneEdit(nickname="Renamed"), base=base),
        lambda: save(stored(sales_phone), PhoneEdit(outbound=None), base=base),
    )

    assert not any(isinstance(what, Exception) for what in came_to), came_to
    row = stored(sales_phone)
    assert (row.nickname, row.outbound_agent_id, row.inbound_agent_id) == ("Renamed", None, base.inbound_agent_id)
    assert is_true_copy(sandbox, sales_phone)
    assert_invariants(sandbox)


def test_server_that_closes_idle_connections_fails_no_edit(
    sandbox: Sandbox, sales_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server closes after 20 ms; edits come in gaps around that, and the pool is told not to mind."""
    monkeypatch.setattr("phones.diga.transport.MAX_IDLE_SECONDS", 3600.0)
    sandbox.switches.idle_close_seconds = 0.02
    gap = threading.Event()
    for number in range(2 * RACES):
        # A real gap: it is the server's clock that counts.
        gap.wait((0.0, 0.018, 0.0195, 0.02, 0.0205, 0.022, 0.04)[number % 7])
        saved = save(stored(sales_phone), PhoneEdit(nickname=f"Edit {number}"))
        assert (saved.change.outcome, saved.error) == (Outcome.CONFIRMED, None), number

    assert sum(request.applied for request in patches(sandbox)) == 2 * RACES
    assert_invariants(sandbox)


def test_server_that_closes_under_every_write_fails_no_edit(sandbox: Sandbox, sales_phone: Phone) -> None:
    for number in range(RACES):
        # The kept connection ends the moment the write is on it, and nobody has looked at the write.
        sandbox.faults.add(Fault("close", method="PATCH"))
        saved = save(stored(sales_phone), PhoneEdit(nickname=f"Edit {number}"))
        assert (saved.change.outcome, saved.error) == (Outcome.CONFIRMED, None), number

    assert [request.applied for request in patches(sandbox)] == [False, True] * RACES
    assert_invariants(sandbox)


@pytest.mark.parametrize("when", ["before", "after"])
def test_stale_connection_is_sent_on_again_only_where_it_was_not_applied(
    sandbox: Sandbox, sales_phone: Phone, when: str
) -> None:
    sandbox.faults.add(Fault("close", method="PATCH", when=when))  # type: ignore[arg-type]

    saved = save(sales_phone, PhoneEdit(nickname="Ventas, otra vez"))

    assert saved.change.outcome == Outcome.CONFIRMED
    assert [request.applied for request in patches(sandbox)] == ([False, True] if when == "before" else [True])
    assert_invariants(sandbox)
