"""Rows 18 to 24 and 41 to 45 of the table of faults, as a sync meets them: what it keeps, and what it never does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from phones.diga.sandbox import Fault, PhoneRow, Sandbox
from phones.diga.sandbox.serving.messages import Request
from phones.models import Change, Phone, Project, SyncRun, SyncState, TokenState
from phones.services.sync import missing
from phones.services.sync.passes import SILENCE_LIMIT, claim_sync, run_sync, sync_project
from phones.wording.causes import words_for_cause
from tests.support.desk.saving import forget_waiting, held, picture, stored
from tests.support.diga.lies import LIES, LIST, SPOILT, Body, answering

NOW = datetime(2030, 11, 24, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MANY = 230


def clock() -> datetime:
    return NOW


def sync(project: Project, after: timedelta = timedelta(0)) -> SyncRun:
    """Sync at that time after `NOW`, and check that what ended has a sentence to show."""
    run = sync_project(project=project, clock=lambda: NOW + after)
    assert run.is_complete or words_for_cause(run.cause)
    return run


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def gone_phone(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> Phone:
    """A phone that Diga no longer has, and our copy does."""
    sandbox.phones.remove(sales_phone.pk)
    return sales_phone


# 18 to 20: answers that are none.

BAD: dict[str, Fault] = {
    "18 status 503": Fault("status", status=503, path=LIST),
    "18 status 500 of a gateway": Fault("html", status=502, path=LIST),
    "19 not JSON": Fault("not_json", path=LIST),
    "19 empty": Fault("empty", path=LIST),
    "19 truncated": Fault("truncated", path=LIST),
    "19 a sign-in page": Fault("html", path=LIST),
    "20 NaN": Fault("nan", path=LIST),
    "20 deep nesting": Fault("not_json", body="[" * 10_000, path=LIST),
}
bad_answers = pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())


def again(fault: Fault, times: int | None) -> Fault:
    known = {name: getattr(fault, name) for name in Fault.__dataclass_fields__}
    return Fault(**known | {"times": times})


@bad_answers
def test_bad_answer_is_asked_for_again(sandbox: Sandbox, aurora: Project, gone_phone: Phone, bad: Fault) -> None:
    sandbox.faults.add(again(bad, 1))

    run = sync(aurora)

    assert (run.state, run.phone_count, run.missing_count) == (SyncState.COMPLETE, 39, 1)


@bad_answers
def test_answer_that_stays_bad_ends_the_pass_and_marks_nothing(
    sandbox: Sandbox, aurora: Project, gone_phone: Phone, bad: Fault
) -> None:
    before = picture(aurora)
    sandbox.faults.add(again(bad, None))

    run = sync(aurora)

    assert (run.state, run.missing_count) == (SyncState.FAILED, 0)
    assert picture(aurora) == before


def test_text_that_a_database_refuses_is_cleaned(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    held(sandbox, sales_phone).nickname = "Nul \x00, half \ud83d"

    run = sync(aurora)

    assert (run.state, stored(sales_phone).nickname) == (SyncState.COMPLETE, "Nul , half \ufffd")


# 21 to 24: rows that are not as we know them.


def test_unknown_status_is_kept_as_it_is(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    held(sandbox, sales_phone).status = "ported"

    run = sync(aurora)

    assert (run.state, run.malformed_count, stored(sales_phone).status) == (SyncState.COMPLETE, 0, "ported")


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_unreadable_row_is_counted_and_its_copy_kept(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, spoil: Callable[[Body], Body]
) -> None:
    before = stored(sales_phone)

    def alter(_request: Request, body: Body) -> Body:
        rows = [spoil(row) if row["id"] == str(sales_phone.pk) else row for row in body["data"]]
        return body | {"data": rows}

    with answering(sandbox, alter):
        run = sync(aurora)

    kept = stored(sales_phone)
    assert run.state == SyncState.COMPLETE
    assert run.malformed_count >= 1
    # The list could not show it, so it was asked for by itself.
    assert (kept.nickname, kept.missing_since) == (before.nickname, None)
    assert (Phone.objects.count(), Change.objects.count()) == (40, 0)


@pytest.mark.parametrize("kind", ["missing_field", "wrong_types"])
def test_unreadable_agent_is_counted_and_keeps_its_versions(
    sandbox: Sandbox, aurora: Project, kind: Literal["missing_field", "wrong_types"]
) -> None:
    before = picture(aurora)
    sandbox.faults.add(Fault(kind, path="/v1/agent/"))

    run = sync(aurora)

    assert (run.state, run.malformed_count, run.agent_count) == (SyncState.COMPLETE, 1, 7)
    assert picture(aurora) == before


def test_new_field_changes_nothing(sandbox: Sandbox, aurora: Project) -> None:
    before = picture(aurora)

    def alter(_request: Request, body: Body) -> Body:
        return body | {"data": [row | {"carrier": {"name": "Other"}} for row in body["data"]], "took_ms": 3}

    with answering(sandbox, alter):
        run = sync(aurora)

    assert (run.state, run.written_count, run.malformed_count) == (SyncState.COMPLETE, 0, 0)
    assert picture(aurora) == before


# 41: the same phone twice.


def test_phone_on_two_pages_is_one_row_and_counted_once(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    def alter(_request: Request, body: Body) -> Body:
        return body | {"data": [*body["data"], *body["data"][:3]]}

    with answering(sandbox, alter):
        run = sync(aurora)

    assert (run.state, run.phone_count, Phone.objects.count()) == (SyncState.COMPLETE, 40, 40)


# 42: absent from the list.


def test_phone_that_is_gone_is_missing_after_its_own_404(sandbox: Sandbox, aurora: Project, gone_phone: Phone) -> None:
    sandbox.journal.clear()

    run = sync(aurora)

    kept = stored(gone_phone)
    assert (run.missing_count, kept.missing_since, kept.nickname) == (1, NOW, "Ventas Costa del Sol")
    assert [request.path for request in sandbox.journal if request.status == 404] == [f"{LIST}{gone_phone.pk}"]
    assert (Phone.objects.count(), Change.objects.count()) == (40, 0)


def test_missing_phone_is_asked_for_once_and_found_again(sandbox: Sandbox, aurora: Project, gone_phone: Phone) -> None:
    sync(aurora)
    sandbox.journal.clear()

    run = sync(aurora, SECOND)
    assert run.missing_count == 0
    assert not [request for request in sandbox.journal if request.status == 404]
    assert stored(gone_phone).missing_since == NOW

    sandbox.phones.add(PhoneRow(id=gone_phone.pk, number=gone_phone.number, nickname=gone_phone.nickname))
    sync(aurora, 2 * SECOND)
    assert stored(gone_phone).missing_since is None


def test_phone_that_is_only_not_listed_is_read_by_itself(
    sandbox: Sandbox, aurora: Project, released_phone: Phone
) -> None:
    sandbox.switches.released_listed = False

    run = sync(aurora)

    assert (run.state, run.missing_count) == (SyncState.COMPLETE, 0)
    assert (stored(released_phone).missing_since, stored(released_phone).fetched_at) == (None, NOW)


def test_only_so_many_phones_are_asked_for_in_a_pass(
    sandbox: Sandbox, aurora: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "ASKED_COUNT", 4)
    for row in list(sandbox.phones)[:10]:
        sandbox.phones.remove(row.id)

    counts = [sync(aurora, number * SECOND).missing_count for number in range(4)]

    assert counts == [4, 4, 2, 0]


def test_trouble_while_asking_leaves_the_rest_for_the_next_pass(sandbox: Sandbox, aurora: Project) -> None:
    for row in list(sandbox.phones)[:10]:
        sandbox.phones.remove(row.id)
        sandbox.faults.add(Fault("status", status=503, path=f"{LIST}{row.id}", times=None))

    run = sync(aurora)
    asked_count = len({request.path for request in sandbox.journal if request.path != LIST and request.status == 503})
    sandbox.faults.clear()
    later = sync(aurora, SECOND)

    assert (run.state, run.missing_count, asked_count) == (SyncState.COMPLETE, 0, missing.FAILURE_LIMIT)
    assert later.missing_count == 10


# 43: lists that can't be trusted.


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_list_that_lies_is_incomplete_with_a_reason_and_marks_nothing(
    sandbox: Sandbox, aurora: Project, gone_phone: Phone, lie: Callable[[Request, Body], Body]
) -> None:
    before = picture(aurora)

    with answering(sandbox, lie):
        run = sync(aurora)

    aurora.refresh_from_db()
    assert (run.state, run.missing_count) == (SyncState.FAILED, 0)
    assert aurora.sync_cause == run.cause != ""
    assert picture(aurora) == before


@pytest.mark.parametrize("totals", [True, False])
def test_list_without_a_count_is_complete(sandbox: Sandbox, aurora: Project, totals: bool) -> None:
    sandbox.switches.totals_in_cursor_mode = totals

    with answering(sandbox, lambda _request, body: body | {"total_pages": None, "current_page": None}):
        run = sync(aurora)

    assert (run.state, run.phone_count) == (SyncState.COMPLETE, 40)


# 44: interrupted.


def test_killed_pass_is_ended_by_the_next_and_the_list_never_drops(sandbox: Sandbox, aurora: Project) -> None:
    sandbox.reset(phones=MANY)
    counts: list[int] = []

    class Killed(BaseException):
        pass

    def die(run: SyncRun) -> None:
        counts.append(Phone.objects.count())
        if run.phone_count >= 100:
            raise Killed

    killed = claim_sync(project=aurora, now=NOW)
    with pytest.raises(Killed):
        run_sync(killed, clock=clock, on_page=die)
    later = NOW + SILENCE_LIMIT + SECOND
    run = sync_project(project=aurora, clock=lambda: later, on_page=lambda _run: counts.append(Phone.objects.count()))

    killed.refresh_from_db()
    assert (killed.state, killed.cause) == (SyncState.FAILED, "interrupted")
    assert (run.state, Phone.objects.count()) == (SyncState.COMPLETE, MANY)
    assert counts == sorted(counts)
    assert counts[0] >= 100


def test_rejected_key_keeps_the_list_and_a_restored_one_goes_on(
    sandbox: Sandbox, aurora: Project, gone_phone: Phone
) -> None:
    keys = dict(sandbox.keys)
    sandbox.keys.clear()

    refused = sync(aurora)
    sandbox.keys.update(keys)
    restored = sync(aurora, SECOND)

    aurora.refresh_from_db()
    assert (refused.cause, refused.missing_count) == ("auth", 0)
    assert (restored.state, restored.missing_count, aurora.token_state) == (SyncState.COMPLETE, 1, TokenState.ACCEPTED)


# 45: the key of another project.


def test_key_of_another_project_stops_the_pass_and_nothing_is_mixed(sandbox: Sandbox, aurora: Project) -> None:
    before = picture(aurora)
    aurora.keep_token(sandbox.key("talleres"), by=None, at=NOW)
    aurora.save()

    run = sync(aurora)

    aurora.refresh_from_db()
    assert (run.state, run.cause, aurora.sync_cause) == (SyncState.FAILED, "other_project", "other_project")
    assert picture(aurora) == before


def test_key_of_an_empty_project_marks_nothing_as_missing(sandbox: Sandbox, aurora: Project) -> None:
    before = picture(aurora)
    talleres = sandbox.projects["talleres"]
    talleres.agents.clear()
    for row in list(talleres.phones):
        talleres.phones.remove(row.id)
    aurora.keep_token(sandbox.key("talleres"), by=None, at=NOW)
    aurora.save()

    run = sync(aurora)

    assert (run.state, run.cause) == (SyncState.FAILED, "other_project")
    assert picture(aurora) == before


@pytest.mark.parametrize("agents_stay", [True, False])
def test_many_new_phones_are_no_other_project(sandbox: Sandbox, aurora: Project, agents_stay: bool) -> None:
    sandbox.reset(phones=MANY)
    if not agents_stay:
        sandbox.projects["aurora"].agents.clear()

    run = sync(aurora)

    assert (run.state, run.new_count) == (SyncState.COMPLETE, MANY - 40)
