"""One pass over Diga's lists: one at a time, done once, and an honest row whatever happens."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, count, repeat
from typing import Any

import pytest
from django.db import connection

from phones import diga
from phones.diga import Reason
from phones.diga.sandbox import Fault, PhoneRow, Sandbox
from phones.models import Agent, Phone, Project, SyncRun, SyncState, TokenState
from phones.services.routing.edits import PhoneEdit
from phones.services.sync import store
from phones.services.sync.passes import (
    cause_of,
    claim_sync,
    due_projects,
    run_sync,
    sync_project,
)
from tests.support.desk.saving import before_answering, forget_waiting, held, picture, save, stored

NOW = datetime(2030, 11, 24, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MANY = 230


def clock() -> datetime:
    """Stand still, later than everything the fixtures have read."""
    return NOW


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def large_sandbox(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The stand-in with three pages of phones."""
    sandbox.reset(phones=MANY)
    yield sandbox
    sandbox.reset(phones=40)


def test_complete_pass_copies_everything_and_says_so(sandbox: Sandbox, aurora: Project) -> None:
    Phone.objects.all().delete()
    Agent.objects.all().delete()

    run = sync_project(project=aurora, clock=clock)

    run.refresh_from_db()
    aurora.refresh_from_db()
    assert (run.state, run.cause, run.message) == (SyncState.COMPLETE, "", "")
    assert (run.agent_count, run.phone_count, run.written_count, run.malformed_count) == (7, 40, 40, 0)
    assert (run.started_at, run.finished_at, run.heartbeat_at) == (NOW, NOW, NOW)
    assert (aurora.phone_count, aurora.agent_count, aurora.sync_cause) == (40, 7, "")
    assert (aurora.synced_at, aurora.sync_tried_at) == (NOW, NOW)
    assert {phone.pk for phone in Phone.objects.all()} == {row.id for row in sandbox.phones}
    assert set(Phone.objects.values_list("fetched_at", flat=True)) == {NOW}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="A migration sets what SQLite plans by.")
@pytest.mark.parametrize(("least", "counted"), [(40, 40), (41, -1)])
def test_planner_hears_of_many_new_phones(
    sandbox: Sandbox, aurora: Project, monkeypatch: pytest.MonkeyPatch, least: int, counted: int
) -> None:
    monkeypatch.setattr(store, "ANALYZED_ROWS", least)
    Phone.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET reltuples = -1 WHERE relname = 'phones_phone'")

        sync_project(project=aurora, clock=clock)

        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'phones_phone'")
        assert cursor.fetchone() == (counted,)


def test_second_pass_counts_only_what_differs(sandbox: Sandbox, aurora: Project) -> None:
    rows = list(sandbox.phones)
    rows[0].nickname = "Renamed in Diga"
    rows[1].status = "released"

    run = sync_project(project=aurora, clock=clock)

    assert (run.phone_count, run.written_count) == (40, 2)
    assert Phone.objects.get(pk=rows[0].id).nickname == "Renamed in Diga"
    assert Phone.objects.get(pk=rows[1].id).status == "released"


@pytest.mark.usefixtures("large_sandbox")
def test_pass_over_several_pages_tells_how_far_it_is(aurora: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # Pages that have arrived together would be told together.
    monkeypatch.setattr("phones.services.sync.passes.BATCH_PAGES", 1)
    told: list[tuple[int, int, str]] = []

    def note(run: SyncRun) -> None:
        kept = SyncRun.objects.get(pk=run.pk)
        told.append((kept.agent_count, kept.phone_count, kept.state))

    seconds = count()
    run = sync_project(project=aurora, clock=lambda: NOW + next(seconds) * SECOND, on_page=note)

    assert told == [(7, 100, "RUNNING"), (7, 200, "RUNNING"), (7, MANY, "RUNNING")]
    assert (run.phone_count, Phone.objects.count()) == (MANY, MANY)


def test_unreadable_rows_are_counted_and_the_rest_is_copied(sandbox: Sandbox, aurora: Project) -> None:
    Phone.objects.all().delete()
    sandbox.faults.add(Fault("wrong_types", path="/v1/phone/"))

    run = sync_project(project=aurora, clock=clock)

    assert (run.state, run.phone_count, run.malformed_count) == (SyncState.COMPLETE, 39, 1)
    assert Phone.objects.count() == 39


# The list never shrinks.


def test_phone_that_is_not_listed_stays(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    sandbox.phones.remove(sales_phone.pk)

    run = sync_project(project=aurora, clock=clock)

    aurora.refresh_from_db()
    assert (run.state, run.phone_count) == (SyncState.COMPLETE, 39)
    assert (aurora.phone_count, Phone.objects.count()) == (40, 40)
    assert stored(sales_phone).nickname == "Ventas Costa del Sol"


def test_rows_are_there_all_the_time(sandbox: Sandbox, aurora: Project) -> None:
    counts: list[int] = []

    sync_project(project=aurora, clock=clock, on_page=lambda _run: counts.append(Phone.objects.count()))

    assert counts == [40]


def test_phone_added_while_the_pass_runs_does_not_disturb_it(large_sandbox: Sandbox, aurora: Project) -> None:
    newest = list(large_sandbox.phones)[-1]

    def add(_run: SyncRun) -> None:
        if len(large_sandbox.phones) == MANY:
            large_sandbox.phones.add(PhoneRow(id=NEW_ID, number="+34951999999"))

    run = sync_project(project=aurora, clock=clock, on_page=add)

    assert (run.state, run.phone_count) == (SyncState.COMPLETE, MANY)
    assert Phone.objects.filter(pk=newest.id).exists()
    assert not Phone.objects.filter(pk=NEW_ID).exists()


NEW_ID = diga.Phone.model_validate(
    {"id": "9c8fbc1e-52a4-4a3b-8d6f-6a1f6a7b0001", "number": "", "telephony_provider": "", "status": ""}
).id


@pytest.mark.django_db(transaction=True)
def test_edit_during_the_pass_is_not_undone_by_it(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    run = claim_sync(project=aurora, now=NOW)
    times = chain([NOW, NOW, NOW], repeat(NOW + 9 * SECOND))

    def rename() -> None:
        # The page is asked for, and its answer still holds the old nickname when it comes.
        save(stored(sales_phone), PhoneEdit(nickname="Saved meanwhile"), clock=lambda: NOW + SECOND)
        held(sandbox, sales_phone).nickname = "Old answer"

    with before_answering(sandbox, "GET", rename, path="/v1/phone/"):
        run_sync(run, clock=lambda: next(times))

    assert stored(sales_phone).nickname == "Saved meanwhile"
    assert stored(sales_phone).fetched_at == NOW + SECOND


# One at a time, and once.


def test_doubled_message_does_the_pass_once(sandbox: Sandbox, aurora: Project) -> None:
    run = claim_sync(project=aurora, now=NOW)
    again = SyncRun.objects.get(pk=run.pk)
    sandbox.journal.clear()

    run_sync(run, clock=clock)
    asked_once = len(sandbox.journal)
    run_sync(again, clock=clock)
    run_sync(SyncRun.objects.get(pk=run.pk), clock=clock)

    # The agents, the phones, and the end of the phones once more.
    assert asked_once == 3
    assert len(sandbox.journal) == asked_once
    assert SyncRun.objects.get(pk=run.pk).phone_count == 40


def test_message_that_comes_while_another_process_does_the_pass_is_ignored(sandbox: Sandbox, aurora: Project) -> None:
    run = claim_sync(project=aurora, now=NOW)
    SyncRun.objects.filter(pk=run.pk).update(is_taken=True)
    sandbox.journal.clear()

    run_sync(run, clock=clock)

    assert sandbox.journal == []
    assert SyncRun.objects.get(pk=run.pk).state == SyncState.RUNNING


# Failures.


FAILURES: dict[str, tuple[Fault, str, str]] = {
    "401": (Fault("status", status=401, path="/v1/phone/"), "auth", "A fault of the stand-in"),
    "403": (Fault("status", status=403, path="/v1/phone/"), "forbidden", "A fault of the stand-in"),
    "404": (Fault("status", status=404, path="/v1/phone/", times=None), "not_found", "A fault of the stand-in"),
    "422": (Fault("status", status=422, path="/v1/phone/", times=None), "read_refused", "A fault of the stand-in"),
    "503": (Fault("status", status=503, path="/v1/phone/", times=None), "server_error", "A fault of the stand-in"),
    "a page": (Fault("html", path="/v1/phone/", times=None), "not_json", ""),
    "closed": (Fault("close", path="/v1/phone/", times=None), "disconnected", ""),
    "redirect": (Fault("redirect", path="/v1/phone/"), "redirect", ""),
    "agents": (Fault("status", status=503, path="/v1/agent/", times=None), "server_error", "A fault of the stand-in"),
}


@pytest.mark.parametrize(("fault", "cause", "message"), FAILURES.values(), ids=FAILURES.keys())
def test_failure_keeps_the_old_copy_and_says_why(
    sandbox: Sandbox, aurora: Project, fault: Fault, cause: str, message: str
) -> None:
    aurora.refresh_from_db()
    before, synced_at = picture(aurora), aurora.synced_at
    sandbox.faults.add(Fault(**{name: getattr(fault, name) for name in Fault.__dataclass_fields__}))

    run = sync_project(project=aurora, clock=clock)

    run.refresh_from_db()
    aurora.refresh_from_db()
    assert (run.state, run.cause, run.message) == (SyncState.FAILED, cause, message)
    assert run.finished_at == NOW
    assert (aurora.sync_cause, aurora.synced_at, aurora.sync_tried_at) == (cause, synced_at, NOW)
    assert aurora.phone_count == 40
    assert aurora.is_sync_failing
    assert picture(aurora) == before


def test_failure_on_a_later_page_keeps_what_was_read(large_sandbox: Sandbox, aurora: Project) -> None:
    Phone.objects.all().delete()

    large_sandbox.faults.add(Fault("unknown_enum", path="/v1/phone/"))
    large_sandbox.faults.add(Fault("status", status=503, path="/v1/phone/", times=None))

    run = sync_project(project=aurora, clock=clock)

    aurora.refresh_from_db()
    assert (run.state, run.phone_count, run.written_count) == (SyncState.FAILED, 100, 100)
    assert (aurora.phone_count, Phone.objects.count()) == (100, 100)


def test_success_after_a_failure_clears_the_cause(sandbox: Sandbox, aurora: Project) -> None:
    sandbox.faults.add(Fault("status", status=422, path="/v1/phone/"))
    sync_project(project=aurora, clock=clock)

    sync_project(project=aurora, clock=lambda: NOW + SECOND)

    aurora.refresh_from_db()
    assert (aurora.sync_cause, aurora.synced_at, aurora.is_sync_failing) == ("", NOW + SECOND, False)


def test_refused_key_is_remembered_and_no_longer_due(sandbox: Sandbox, aurora: Project) -> None:
    sandbox.keys.clear()

    run = sync_project(project=aurora, clock=clock)

    aurora.refresh_from_db()
    assert (run.cause, aurora.token_state) == ("auth", TokenState.REJECTED)
    assert due_projects(NOW + timedelta(days=1)) == []


def test_pass_without_a_key_fails_and_asks_nothing(sandbox: Sandbox, aurora: Project) -> None:
    aurora.forget_token()
    aurora.save()
    sandbox.journal.clear()

    run = sync_project(project=aurora, clock=clock)

    assert (run.state, run.cause, sandbox.journal) == (SyncState.FAILED, "no_key", [])


def test_pass_with_the_key_of_another_connected_project_copies_nothing(
    sandbox: Sandbox, aurora: Project, talleres: Project
) -> None:
    talleres.keep_token(sandbox.key("aurora"), by=None, at=NOW)
    talleres.save()
    before = picture(aurora), picture(talleres)

    run = sync_project(project=talleres, clock=clock)

    assert (run.state, run.cause) == (SyncState.FAILED, "foreign_project")
    assert (picture(aurora), picture(talleres)) == before


ERRORS: list[tuple[diga.DigaError, str]] = [
    (diga.DigaAuthError(), "auth"),
    (diga.DigaForbidden(), "forbidden"),
    (diga.DigaNotFound(), "not_found"),
    (diga.DigaRateLimited(), "rate_limited"),
    (diga.DigaRejected(), "rejected"),
    *[(diga.DigaUnavailable(reason=reason), reason.value) for reason in Reason],
]


@pytest.mark.parametrize(("error", "cause"), ERRORS, ids=[cause for _error, cause in ERRORS])
def test_every_error_is_kept_under_a_code_that_fits(error: diga.DigaError, cause: str) -> None:
    assert cause_of(error) == cause
    assert len(cause) <= SyncRun._meta.get_field("cause").max_length  # type: ignore[operator]


# When a pass is due.


def test_due_projects_are_those_whose_interval_is_over_longest_waiting_first(db: None) -> None:
    def project(name: str, tried_at: datetime | None, **values: Any) -> Project:
        known = {"slug": name, "sealed_token": "sealed", "token_state": TokenState.ACCEPTED}
        return Project.objects.create(name=name, sync_tried_at=tried_at, **(known | values))

    minute = timedelta(minutes=1)
    just_due = project("just due", NOW - 15 * minute)
    project("not yet", NOW - 15 * minute + SECOND)
    own_interval = project("own interval", NOW - 5 * minute, sync_interval_minutes=5)
    long_ago = project("long ago", NOW - timedelta(days=3))
    never = project("never", None)
    project("rejected", None, token_state=TokenState.REJECTED)
    project("disconnected", None, sealed_token="")

    assert due_projects(NOW) == [never, long_ago, just_due, own_interval]
