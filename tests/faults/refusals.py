"""Rows 10 to 16: Diga says no, or not now."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest

from phones import diga
from phones.models import Change, Outcome, Phone, Project, TokenState
from phones.services.editing.result import SaveKind
from phones.services.projects import clients, keys
from phones.services.routing.edits import PhoneEdit
from tests.faults.stage import Stage, row
from tests.fixtures.desk import connect
from tests.support.desk.saving import forget_waiting, is_true_copy, not_saved, patches, save, stored
from tests.support.pages.pages import find, open_phone, read, words

HOSTILE = '<b id="evil">Otra</b> versión'
# What a validation error can look like: all of it is an answer to a person, none of it a failure of ours.
BODIES: list[Any] = [
    {"detail": [{"loc": ["body", "nickname"], "msg": "Too long", "type": "x"}]},
    {"detail": [{"loc": ["body", "nickname"], "msg": "Too long"}]},
    {"detail": [{"loc": ["body", "inbound_version_id"], "msg": "Too old", "type": "x"}]},
    {"detail": [{"loc": ["body", "colour"], "msg": "No such field", "type": "x"}]},
    {"detail": [{"loc": ["body"], "msg": "Nothing to change", "type": "x"}]},
    {"detail": [{"loc": [], "msg": "No place", "type": "x"}]},
    {"detail": [{"loc": "body", "msg": "A place that is no list", "type": "x"}]},
    {"detail": [{"loc": [0, None, {}], "msg": "An odd place", "type": "x"}]},
    {"detail": [{"loc": ["body", "nickname"], "msg": None, "type": "x"}]},
    {"detail": [{"loc": ["body", "nickname"], "msg": {"a": 1}, "type": "x"}]},
    {"detail": [{}]},
    {"detail": ["A word"]},
    {"detail": "A sentence"},
    {"detail": []},
    {"detail": None},
    {"detail": {"a": "b"}},
    {"status": "error", "error_code": "BAD", "message": "A sentence"},
    {"status": "error", "error_code": 5, "message": ["A", "list"]},
    {},
    [],
    "text",
    5,
]
DATE = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
# What a 429 may say, and how many seconds to hold off; None: the usual 1, 2, 4 … 60.
ADVICE: dict[str | None, float | None] = {
    None: None,
    "2": 2.0,
    "3600": 900.0,
    "-5": None,
    "soon": None,
    "": None,
    "Fri, 99 Foo 2026 99:99:99 GMT": None,
    format_datetime(DATE + timedelta(days=3650), usegmt=True): 900.0,
    format_datetime(DATE - timedelta(days=3650), usegmt=True): None,
}


@row(10)
def key_revoked(stage: Stage) -> None:
    """Noted at once, nothing more is asked, other projects go on; a new key goes on there. See `running_brakes`."""
    other = connect("Talleres", stage.sandbox.key("talleres"))
    their_phone = Phone.objects.filter(project=other, status="assigned")[0]
    key = stage.sandbox.keys.pop("sandbox-aurora-full")

    with pytest.raises(diga.DigaAuthError):
        stage.rename()
    count = len(stage.sandbox.journal)
    with not_saved(SaveKind.READ_ONLY):
        stage.rename()

    stage.project.refresh_from_db()
    assert (stage.project.token_state, len(stage.sandbox.journal)) == (TokenState.REJECTED, count)
    assert save(stored(their_phone), PhoneEdit(nickname="Goes on")).change.outcome == Outcome.CONFIRMED
    stage.sandbox.keys[key.token] = key
    keys.replace_key(project=stage.project, token=key.token, actor=None, now=stage.clock())
    stage.plan("status", status=401)
    assert stage.rename().outcome == Outcome.REFUSED
    assert Project.objects.get(pk=stage.project.pk).token_state == TokenState.REJECTED


@row(11)
def right_missing(stage: Stage) -> None:
    """Not tried again; the project says what its key lacks, and nobody speaks of a server error."""
    form = open_phone(stage.client, stage.phone)
    body = {"status": "error", "error_code": "INTERNAL_SERVER_ERROR", "message": "Missing required permissions"}
    stage.plan("status", status=403, body=body)

    answer = form.send(nickname="Refused")

    text = words(read(answer))
    stage.project.refresh_from_db()
    assert (answer.status_code, stage.project.can_write_phones) == (403, False)
    assert "Missing required permissions" in text
    assert "INTERNAL_SERVER_ERROR" not in text
    assert len(patches(stage.sandbox)) == 1


@row(12)
def phone_gone(stage: Stage) -> None:
    """Nothing is sent; the row and its history stay, marked as missing since then."""
    renamed = stage.rename()
    stage.sandbox.phones.remove(stage.phone.pk)

    with pytest.raises(diga.DigaNotFound):
        stage.rename()

    kept = stored(stage.phone)
    assert kept.missing_since is not None
    assert kept.nickname == renamed.after["nickname"]
    assert list(Change.objects.values_list("pk", flat=True)) == [renamed.pk]


@row(13)
def definite_refusal(stage: Stage) -> None:
    """Refused, in Diga's words as text, and not tried again. Ten pause a plan."""
    for status in (400, 409, 422):
        form = open_phone(stage.client, stage.phone)
        stage.plan("status", status=status, body={"status": "error", "error_code": "X", "message": HOSTILE})

        answer = form.send(nickname=stage.new_name())

        page = read(answer)
        assert answer.status_code == 422
        assert page.xpath("//*[@id='evil']") == []
        assert HOSTILE in words(page) or "Otra" in words(page)
    assert list(Change.objects.values_list("outcome", flat=True)) == [Outcome.REFUSED] * 3
    assert len(patches(stage.sandbox)) == 3
    assert is_true_copy(stage.sandbox, stage.phone)


@row(14)
def validation_error_in_any_shape(stage: Stage) -> None:
    """Words at the field that they are about, else above the form; never a failure of ours."""
    form = open_phone(stage.client, stage.phone)
    for number, body in enumerate(BODIES):
        stage.plan("status", status=422, body=body)

        answer = form.send(nickname=stage.new_name(), form_token=str(uuid4()))

        page = read(answer)
        assert answer.status_code == 422, body
        if number < 2:
            assert "Too long" in words(find(page, "nickname-errors"))
        elif number in {3, 4, 5}:
            assert body["detail"][0]["msg"] in words(page)
    assert set(Change.objects.values_list("outcome", flat=True)) == {Outcome.REFUSED}


@row(15)
def asked_to_slow_down(stage: Stage) -> None:
    """Not sent, with the seconds Diga names; this project holds off so long, no other does. See `running_brakes`."""
    other = connect("Talleres", stage.sandbox.key("talleres"))
    form = open_phone(stage.client, stage.phone)
    stage.plan("status", status=429, retry_after="1")
    started_at = time.monotonic()

    answer = form.send(nickname="Later")
    answered = time.monotonic() - started_at
    clients.client_for(other).list_phones()
    others = time.monotonic() - started_at
    again = stage.rename()
    ours = time.monotonic() - started_at

    assert (answer.status_code, Change.objects.earliest("pk").outcome) == (502, Outcome.FAILED)
    assert "Diga names" in words(read(answer))
    assert again.outcome == Outcome.CONFIRMED
    assert max(answered, others) < 0.9
    assert ours >= 1.0


@row(16)
def odd_advice_when_to_come_back(stage: Stage) -> None:
    """A date counts against the answer's own; absurd waits are cut, nonsense is none; the write is not tried again."""
    found: dict[str | None, float | None] = {}
    for text in ADVICE:
        clients.pace_of.cache_clear()
        for left in stage.settings.DATA_DIR.glob("pace.sqlite3*"):
            left.unlink()
        stage.settings.REDIS_URL = None
        stage.plan("status", status=429, retry_after=text)
        saved = save(stored(stage.phone), PhoneEdit(nickname=stage.new_name()))
        assert saved.change.outcome == Outcome.FAILED
        assert isinstance(saved.error, diga.DigaRateLimited)
        found[text] = saved.error.retry_after

    assert found == ADVICE
    assert len(patches(stage.sandbox)) == len(ADVICE)
    forget_waiting(stage.monkeypatch, deadline=2.0)
    stage.plan("status", method="GET", status=429, retry_after="3600", times=None)
    with pytest.raises(diga.DigaError, match=r"^(429|paced)"):
        stage.rename()
