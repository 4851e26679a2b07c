"""Rows 18 to 24: what Diga says can't be read, or is not as we know it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from phones import diga
from phones.diga.sandbox.phones import write_phone
from phones.models import Change, Outcome, Phone, SyncState
from phones.services.editing.result import SaveKind
from tests.faults.stage import LIST, Stage, row
from tests.support.desk.saving import held, is_true_copy, not_saved, patches, picture, stored
from tests.support.diga.lies import SPOILT, answering
from tests.support.pages.pages import read, words

Body = dict[str, Any]
NO_ANSWERS: list[tuple[str, Body]] = [
    ("not_json", {}),
    ("empty", {}),
    ("truncated", {}),
    ("html", {}),
    ("html", {"body": "<title>Sign in</title>"}),
]


@row(18)
def server_error_on_a_read(stage: Stage) -> None:
    """Tried three times in all, then said; the list is served from our copy all the while."""
    path = f"{LIST}{stage.phone.pk}"
    stage.plan("status", method="GET", path=path, status=503, times=2)
    recovered = stage.rename()
    stage.plan("status", method="GET", path=path, status=503, times=None)
    count = len(stage.sandbox.journal)

    with pytest.raises(diga.DigaUnavailable):
        stage.rename()

    assert recovered.outcome == Outcome.CONFIRMED
    assert [request.status for request in stage.sandbox.journal[count:]] == [503, 503, 503]
    assert stage.phone.shown in words(read(stage.client.get(stage.list_path)))


@row(19)
def answer_that_is_none(stage: Stage) -> None:
    """No success: a write is read back, a page of a pass is asked for again; a pass that ends so marks nothing."""
    for kind, options in NO_ANSWERS:
        for when, outcome in (("before", Outcome.FAILED), ("after", Outcome.CONFIRMED)):
            stage.plan(kind, when=when, **options)
            assert stage.settled(stage.rename()) == outcome
    assert is_true_copy(stage.sandbox, stage.phone)
    stage.sandbox.phones.remove(stage.phone.pk)
    before = picture(stage.project)
    for kind, options in NO_ANSWERS:
        stage.plan(kind, method="GET", path=LIST, times=None, **options)
        assert stage.sync().state == SyncState.FAILED
        stage.sandbox.faults.clear()
        assert picture(stage.project) == before
        stage.plan(kind, method="GET", path=LIST, times=1, **options)
        assert stage.sync().state == SyncState.COMPLETE
        break_marks(stage)


def break_marks(stage: Stage) -> None:
    """Take back what a good pass noted of the phone that is gone, for the next round."""
    Phone.objects.filter(pk=stage.phone.pk).update(missing_since=None)


@row(20)
def values_no_database_takes(stage: Stage) -> None:
    """NaN and endless nesting are no JSON; a NUL and half a character are cleaned; never a failure of ours."""
    good = json.dumps(write_phone(held(stage.sandbox, stage.phone), stage.sandbox.switches))
    name = json.dumps(stage.phone.nickname)
    path = f"{LIST}{stage.phone.pk}"
    for nonsense in ("NaN", "Infinity", "-Infinity", "[" * 10_000):
        stage.plan("not_json", method="GET", path=path, body=good.replace(name, nonsense), times=3)
        with pytest.raises(diga.DigaUnavailable):
            stage.rename()
        stage.sandbox.faults.clear()
    assert patches(stage.sandbox) == []

    stage.changed_outside.add(stage.phone.pk)
    held(stage.sandbox, stage.phone).nickname = "Nul \x00, half \ud83d"
    run = stage.sync()

    assert (run.state, stored(stage.phone).nickname) == (SyncState.COMPLETE, "Nul , half \ufffd")
    assert stage.client.get(f"{stage.list_path}{stage.phone.pk}/").status_code == 200


@row(21)
def unknown_status(stage: Stage) -> None:
    """Kept and shown as it is, and found by it; as nobody knows what it means, the phone is read-only."""
    held(stage.sandbox, stage.phone).status = "ported"

    run = stage.sync()

    assert (run.state, run.malformed_count, stored(stage.phone).status) == (SyncState.COMPLETE, 0, "ported")
    page = words(read(stage.client.get(f"{stage.list_path}?status=ported")))
    assert "ported" in page
    assert stage.phone.shown in page
    with not_saved(SaveKind.NOT_EDITABLE):
        stage.rename()
    assert patches(stage.sandbox) == []


def spoil(stage: Stage, how: Callable[[Body], Body]) -> Callable[[Any, Body], Body]:
    """Spoil one phone of each page of the list that shows it."""

    def alter(_request: Any, body: Body) -> Body:
        return body | {"data": [how(row) if row["id"] == str(stage.phone.pk) else row for row in body["data"]]}

    return alter


def check_spoilt(stage: Stage, prefix: str) -> None:
    """Do a pass over each list with a row spoilt so: counted, its copy kept, the rest as ever."""
    for name, how in SPOILT.items():
        if name.startswith(prefix):
            with answering(stage.sandbox, spoil(stage, how)):
                run = stage.sync()
            kept = stored(stage.phone)
            assert run.state == SyncState.COMPLETE, name
            assert run.malformed_count >= 1, name
            assert (kept.nickname, kept.missing_since) == (stage.phone.nickname, None)
    assert not Change.objects.exists()
    assert None not in Phone.objects.values_list("pk", flat=True)


@row(22)
def field_missing(stage: Stage) -> None:
    """That row is passed over and counted, its copy kept; the pass is complete."""
    check_spoilt(stage, "22")


@row(23)
def field_added(stage: Stage) -> None:
    """It changes nothing."""
    before = picture(stage.project)

    def alter(_request: Any, body: Body) -> Body:
        return body | {"data": [row | {"carrier": {"name": "Other"}} for row in body["data"]], "took_ms": 3}

    with answering(stage.sandbox, alter):
        run = stage.sync()

    assert (run.state, run.written_count, run.malformed_count) == (SyncState.COMPLETE, 0, 0)
    assert picture(stage.project) == before


@row(24)
def field_of_another_type(stage: Stage) -> None:
    """As if it were missing; in the answer to a write it is no success, and reading decides."""
    check_spoilt(stage, "24")
    for when, outcome in (("before", Outcome.FAILED), ("after", Outcome.CONFIRMED)):
        stage.plan("wrong_types", when=when)
        assert stage.settled(stage.rename()) == outcome
    assert is_true_copy(stage.sandbox, stage.phone)
