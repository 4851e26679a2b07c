"""The table of statuses, Diga's words, and what is in no error: the key."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import pytest
import requests

from phones.diga import (
    DigaAuthError,
    DigaClient,
    DigaError,
    DigaForbidden,
    DigaNotFound,
    DigaRateLimited,
    DigaRejected,
    PhoneUpdate,
)
from phones.diga.decoding import Reply, error_from
from phones.diga.decoding import read_retry_after as read
from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.state import Key

MakeClient = Callable[..., DigaClient]
RENAME = PhoneUpdate(nickname="Otra")


def newest_id(sandbox: Sandbox) -> UUID:
    return list(sandbox.phones)[-1].id


# The table of statuses, and Diga's words.


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, DigaRejected),
        (401, DigaAuthError),
        (402, DigaRejected),
        (403, DigaForbidden),
        (404, DigaNotFound),
        (405, DigaRejected),
        (409, DigaRejected),
        (410, DigaNotFound),
        (412, DigaRejected),
        (418, DigaRejected),
        (422, DigaRejected),
        (429, DigaRateLimited),
        (499, DigaRejected),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"error_code": "INTERNAL_SERVER_ERROR"}'])
def test_refusal_is_told_by_its_status_alone(status: int, kind: type[DigaError], body: bytes) -> None:
    error = error_from(Reply(status, {}, body))

    assert type(error) is kind
    assert (error.status, error.sent) == (status, False)


@pytest.mark.parametrize(
    ("body", "code", "message", "fields"),
    [
        ({"status": "error", "error_code": "X_Y", "message": " No. "}, "X_Y", "No.", {}),
        (
            {"detail": [{"loc": ["body", "nickname"], "msg": "Too long", "type": "t"}]},
            "",
            "Too long",
            {"nickname": ["Too long"]},
        ),
        (
            {
                "detail": [
                    {"loc": ["body", "inbound_version_id", 0], "msg": "Bad", "type": "t"},
                    {"loc": ["body", "inbound_version_id"], "msg": "Worse", "type": "t"},
                    {"loc": ["query", "limit"], "msg": "Too many", "type": "t"},
                ]
            },
            "",
            "Too many",
            {"inbound_version_id": ["Bad", "Worse"]},
        ),
        ({"detail": "Method Not Allowed"}, "", "Method Not Allowed", {}),
        ({"detail": [{"loc": "nickname", "msg": "Odd"}, 5, {"msg": 5}]}, "", "Odd", {}),
        ({"detail": {"a": 1}, "message": ["a"], "error_code": None}, "", "", {}),
        ({"message": "one\ntwo\x00\x1b[31m\u202ethree"}, "", "one two [31m three", {}),
        ({"message": "x" * 600}, "", "x" * 500, {}),
        ({"message": "half a \ud83d"}, "", "half a \ufffd", {}),
        ([], "", "", {}),
        ("words", "", "", {}),
        (None, "", "", {}),
    ],
)
def test_refusal_carries_diga_s_words_as_plain_text(
    body: object, code: str, message: str, fields: dict[str, list[str]]
) -> None:
    error = error_from(Reply(422, {}, json.dumps(body).encode()))

    assert isinstance(error, DigaRejected)
    assert (error.code, error.message, error.fields) == (code, message, fields)


def test_refusal_carries_the_request_id_cleaned() -> None:
    error = error_from(Reply(500, {"X-Request-Id": "abc\r\n" + "1" * 200}, b""))

    assert error.request_id == "abc " + "1" * 96


def test_text_of_an_error_has_no_words_of_the_body() -> None:
    error = error_from(Reply(409, {}, b'{"error_code": "TAKEN", "message": "Marta moved +34951201802"}'))

    assert (str(error), repr(error)) == ("409 TAKEN", "<DigaRejected 409 TAKEN>")


DATE = datetime(2026, 10, 9, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("3600", 900.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("1e9", None),
        ("٣", None),
        ("9" * 400, None),
        (format_datetime(DATE + timedelta(seconds=30), usegmt=True), 30.0),
        (format_datetime(DATE + timedelta(days=30), usegmt=True), 900.0),
        (format_datetime(DATE - timedelta(seconds=30), usegmt=True), None),
        ("Fri, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_against_the_answer_s_own_clock(text: str, seconds: float | None) -> None:
    assert read({"Retry-After": text, "Date": format_datetime(DATE, usegmt=True)}) == seconds


def test_retry_after_with_a_date_but_no_clock_says_nothing() -> None:
    assert read({"Retry-After": format_datetime(DATE, usegmt=True)}) is None
    assert read({"Retry-After": format_datetime(DATE, usegmt=True), "Date": "Fri, 09 Oct 2026 09:00:00"}) is None
    assert read({}) is None


# The key never gets out.

TOKEN = "recognisable-key-Zq7vXn3KpL9dWm2R"


def everything_about(error: BaseException) -> str:
    """Write out an exception, all it holds, and all it was caused by."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    texts: list[str] = []
    while waiting:
        one = waiting.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        request = getattr(one, "request", None)
        texts += [str(one), repr(one), repr(one.args), repr(vars(one)), repr(vars(request) if request else "")]
        waiting += [one.__cause__, one.__context__]
    return "\n".join(texts)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("hang", seconds=0.6),
        Fault("close"),
        Fault("reset"),
        Fault("truncated"),
        Fault("big_header"),
        Fault("html"),
        Fault("redirect", location=f"http://127.0.0.1:9/{TOKEN}"),
        Fault("status", status=401, body={"error_code": TOKEN, "message": f"The key {TOKEN} is unknown"}),
        Fault("status", status=422, body={"detail": [{"loc": ["body", "nickname"], "msg": f"not {TOKEN}"}]}),
        Fault("status", status=500, body={"message": TOKEN}),
        Fault("wrong_types"),
    ],
    ids=lambda fault: f"{fault.kind}{fault.status or ''}",
)
def test_key_is_in_no_error_and_no_log(
    sandbox: Sandbox,
    make_diga_client: MakeClient,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    for name in ("", "urllib3", "phones.diga"):
        caplog.set_level(logging.DEBUG, name)
    sandbox.keys[TOKEN] = Key(TOKEN, "canary", "aurora", frozenset({"phones.view", "phones.update"}))
    client = make_diga_client(TOKEN, read_timeout=0.2)
    sandbox.faults.add(fault)

    with pytest.raises(DigaError) as caught:
        client.update_phone(newest_id(sandbox), RENAME)

    assert sandbox.journal[-1].key_name == "canary"
    records = "\n".join(repr(vars(record)) + record.getMessage() for record in caplog.records)
    assert "phones.diga" in records
    assert "urllib3" in records
    assert TOKEN not in records
    assert TOKEN not in everything_about(caught.value)
    assert TOKEN not in repr(client) + repr(vars(client)) + repr(vars(client._sender))


def test_exception_of_requests_would_have_leaked_the_key(sandbox_server: Any, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("close"))

    with pytest.raises(requests.ConnectionError) as caught:
        requests.get(f"{sandbox_server.url}/v1/phone/", headers={"Authorization": TOKEN}, timeout=1)

    assert TOKEN in everything_about(caught.value)
