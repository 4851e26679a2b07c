"""What goes wrong, and the one error it becomes: on the wire, in the answer, in its words. And what never leaks."""

import contextlib
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
import responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phones.diga import (
    Agent,
    Call,
    DigaAuthError,
    DigaClient,
    DigaError,
    DigaForbidden,
    DigaNotFound,
    DigaRateLimited,
    DigaRejected,
    DigaUnavailable,
    Page,
    Phone,
    PhoneUpdate,
    Reason,
    new_session,
)
from phones.diga.decoding import Reply, decode, decode_page, decode_record, decode_rows, error_from
from phones.diga.decoding import read_retry_after as read
from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.state import Key

MakeClient = Callable[..., DigaClient]
PHONE_ID = UUID("11111111-1111-4111-8111-111111111111")
RENAME = PhoneUpdate(nickname="Otra")


def newest_id(sandbox: Sandbox) -> UUID:
    return list(sandbox.phones)[-1].id


def refusal_of(client: DigaClient, phone_id: UUID = PHONE_ID) -> DigaUnavailable:
    with pytest.raises(DigaUnavailable) as caught:
        client.update_phone(phone_id, RENAME)
    return caught.value


# Before the request leaves.


def test_closed_port_is_refused_and_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    error = refusal_of(DigaClient("a-key", base_url=f"http://127.0.0.1:{port}"))

    assert (error.reason, error.sent, error.status) == (Reason.REFUSED, False, None)


def test_unknown_name_was_not_sent() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", _find_no_name)
        error = refusal_of(DigaClient("a-key", base_url="https://api.example.invalid"))

    assert (error.reason, error.sent) == (Reason.NAME, False)


def _find_no_name(*args: object, **options: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_connection_that_does_not_come_about_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        # A full backlog makes the kernel drop further connections silently.
        crowd = [socket.socket() for _ in range(3)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        client = DigaClient("a-key", base_url=f"http://127.0.0.1:{server.getsockname()[1]}", connect_timeout=0.2)

        error = refusal_of(client)

        for one in crowd:
            one.close()
    assert (error.reason, error.sent) == (Reason.CONNECT_TIMEOUT, False)


@contextlib.contextmanager
def tls_server(folder: Path, name: str, received: list[bytes]) -> Iterator[tuple[int, Path]]:
    """Run a TLS server with a certificate of its own making; yield its port and the certificate's path."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def serve() -> None:
        try:
            connection, _ = server.accept()
            with context.wrap_socket(connection, server_side=True) as secure:
                received.append(secure.recv(65536))
                body = json.dumps({"id": str(PHONE_ID), "number": "1", "telephony_provider": "x", "status": "y"})
                secure.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        except OSError:
            return
        finally:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], path
        thread.join(2)


def test_untrusted_certificate_gets_no_byte_of_the_key(tmp_path: Path) -> None:
    received: list[bytes] = []

    with tls_server(tmp_path, "localhost", received) as (port, _path):
        error = refusal_of(DigaClient("a-key", base_url=f"https://localhost:{port}"))

    assert (error.reason, error.sent) == (Reason.TLS, False)
    assert received == []


def test_certificate_of_another_name_gets_no_byte_of_the_key(tmp_path: Path) -> None:
    received: list[bytes] = []

    with tls_server(tmp_path, "elsewhere.example", received) as (port, path):
        session = new_session(ca_bundle=str(path))
        error = refusal_of(DigaClient("a-key", base_url=f"https://localhost:{port}", session=session))

    assert (error.reason, error.sent) == (Reason.TLS, False)
    assert received == []


def test_trusted_certificate_is_spoken_to(tmp_path: Path) -> None:
    received: list[bytes] = []

    with tls_server(tmp_path, "localhost", received) as (port, path):
        session = new_session(ca_bundle=str(path))
        phone = DigaClient("a-key", base_url=f"https://localhost:{port}", session=session).get_phone(PHONE_ID)
        session.close()

    assert phone.id == PHONE_ID
    assert b"Authorization: Bearer a-key\r\n" in received[0]


def test_plain_http_where_tls_is_expected_was_not_sent(
    sandbox: Sandbox, make_diga_client: MakeClient, sandbox_server: Any
) -> None:
    error = refusal_of(make_diga_client(base_url=sandbox_server.url.replace("http:", "https:")))

    assert (error.reason, error.sent) == (Reason.TLS, False)
    assert sandbox.journal == []


# After it left.


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("fault", "reason", "status"),
    [
        (Fault("hang"), Reason.TIMEOUT, None),
        (Fault("close"), Reason.DISCONNECTED, None),
        (Fault("reset"), Reason.DISCONNECTED, None),
        (Fault("big_header"), Reason.DISCONNECTED, None),
        (Fault("truncated"), Reason.TRUNCATED, None),
        (Fault("drip"), Reason.DEADLINE, None),
        (Fault("drip_header"), Reason.DEADLINE, None),
        (Fault("bomb"), Reason.TOO_LARGE, 200),
        (Fault("redirect"), Reason.REDIRECT, 302),
        (Fault("redirect", status=308), Reason.REDIRECT, 308),
        (Fault("status", status=500), Reason.SERVER_ERROR, 500),
        (Fault("status", status=502, shape="html"), Reason.SERVER_ERROR, 502),
        (Fault("status", status=599), Reason.SERVER_ERROR, 599),
        (Fault("html"), Reason.NOT_JSON, 200),
        (Fault("not_json"), Reason.NOT_JSON, 200),
        (Fault("empty"), Reason.NOT_JSON, 200),
        (Fault("empty", status=204), Reason.NOT_JSON, 204),
        (Fault("nan"), Reason.NOT_JSON, 200),
        (Fault("wrong_types"), Reason.WRONG_SHAPE, 200),
        (Fault("missing_field"), Reason.WRONG_SHAPE, 200),
        (Fault("status", status=200, body=[]), Reason.WRONG_SHAPE, 200),
    ],
    ids=lambda value: f"{value.kind}{value.status or ''}" if isinstance(value, Fault) else None,
)
def test_write_without_a_believable_answer_may_have_been_applied(
    sandbox: Sandbox, make_diga_client: MakeClient, fault: Fault, reason: Reason, status: int | None, when: Any
) -> None:
    client = make_diga_client(read_timeout=0.2, deadline=0.5)
    sandbox.faults.add(Fault(**(vars(fault) | {"when": when})))
    started_at = time.monotonic()

    error = refusal_of(client, newest_id(sandbox))

    assert (error.reason, error.status, error.sent) == (reason, status, True)
    assert [received.applied for received in sandbox.journal] == [when == "after"]
    assert time.monotonic() - started_at < 1.5


def test_answer_about_another_phone_is_not_believed(sandbox: Sandbox, diga_client: DigaClient) -> None:
    other = {"id": str(PHONE_ID), "number": "1", "telephony_provider": "netelip", "status": "assigned"}
    sandbox.faults.add(Fault("status", status=200, body=other))

    error = refusal_of(diga_client, newest_id(sandbox))

    assert (error.reason, error.sent) == (Reason.WRONG_SHAPE, True)


def test_other_value_than_asked_for_is_returned_as_stored(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.faults.add(Fault("stored_other"))

    phone = diga_client.update_phone(newest_id(sandbox), RENAME)

    assert phone.nickname == "Otra (otro)"


def test_refusal_stands_though_its_body_is_cut(sandbox: Sandbox, diga_client: DigaClient) -> None:
    dora = sandbox.projects["aurora"].agent("Dora")
    sandbox.faults.add(Fault("truncated", when="after"))

    with pytest.raises(DigaRejected) as caught:
        diga_client.update_phone(newest_id(sandbox), PhoneUpdate(inbound_version_id=dora.version(2).id))

    assert (caught.value.status, caught.value.message, caught.value.sent) == (409, "", False)


@responses.activate
@pytest.mark.parametrize(
    ("raised", "sent"),
    [
        (requests.ReadTimeout("slow"), True),
        (requests.exceptions.ChunkedEncodingError("cut"), True),
        (requests.ConnectTimeout("slow"), False),
    ],
)
def test_reason_agrees_with_the_exception_of_requests(raised: Exception, sent: bool) -> None:
    responses.add(responses.PATCH, f"https://api.diga.io/v1/phone/{PHONE_ID}", body=raised)

    error = refusal_of(DigaClient("a-key", session=requests.Session()))

    assert error.sent is sent


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


# Totality: whatever arrives, a record or exactly one DigaError.

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.uuids().map(str)
    | st.datetimes().map(datetime.isoformat)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
)
names = st.sampled_from(
    [
        *Phone.model_fields,
        *Agent.model_fields,
        *Call.model_fields,
        *("data", "has_more", "first_id", "last_id", "current_page", "total_pages", "version_id"),
        *("version_number", "is_draft", "detail", "loc", "msg", "message", "error_code"),
    ]
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=3), inner, max_size=8),
    max_leaves=25,
)
PHONE_REQUIRED = {"id", "number", "telephony_provider", "status"}
almost_phones = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str) | scalars,
        "number": st.text() | scalars,
        "telephony_provider": st.just("netelip") | scalars,
        "status": st.just("assigned") | scalars,
    },
    optional={name: anything for name in Phone.model_fields if name not in PHONE_REQUIRED},
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=anything | almost_phones, status=st.sampled_from([200, 201, 304, 401, 404, 422, 429, 500, 999]))
def test_every_json_becomes_a_record_or_one_error(value: object, status: int) -> None:
    body = json.dumps(value).encode()
    for read_one in (
        lambda json_value: decode_record(json_value, Phone),
        lambda json_value: decode_page(json_value, Call),
        lambda json_value: decode_rows(json_value, Agent),
    ):
        try:
            found = read_one(decode(Reply(status, {}, body)))
        except DigaError:
            continue
        assert isinstance(found, Phone | Page | tuple)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore")))
def test_every_body_becomes_json_or_one_error(body: bytes) -> None:
    with contextlib.suppress(DigaUnavailable):
        decode(Reply(200, {}, body))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(almost_phones, max_size=4))
def test_phones_read_are_fit_for_a_database(rows: list[dict[str, object]]) -> None:
    page = decode_page({"data": rows, "has_more": False}, Phone)

    assert len(page.data) + page.malformed_count == len(rows)
    for phone in page.data:
        texts = [phone.number, phone.status, phone.nickname or "", *phone.region_codes]
        assert all("\x00" not in text and text.encode("utf-8") is not None for text in texts)
        assert phone.assigned_at is None or phone.assigned_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"1" * 5000,
        b"\xff\xfe[\x00]\x00",
        b'"\xed\xa0\x80"',
        b"{} {}",
    ],
    ids=["deep list", "deep object", "nan", "infinity", "too large", "too long", "utf-16", "surrogate", "two"],
)
def test_what_only_looks_like_json_is_not_json(body: bytes) -> None:
    with pytest.raises(DigaUnavailable) as caught:
        decode(Reply(200, {}, body))

    assert caught.value.reason is Reason.NOT_JSON


@pytest.mark.parametrize(
    "change",
    [
        {"id": 5},
        {"id": "nonsense"},
        {"number": 34951201802},
        {"number": None},
        {"status": ["assigned"]},
        {"nickname": 5},
        {"assigned_at": 1760000000},
        {"assigned_at": "1760000000"},
        {"assigned_at": True},
        {"inbound_agent_id": {"id": "x"}},
        {"inbound_agent_id": True},
        {"region_codes": "MA"},
        {"region_codes": [5]},
    ],
    ids=str,
)
def test_record_of_the_wrong_types_is_malformed(change: dict[str, object]) -> None:
    good = {"id": str(PHONE_ID), "number": "+34951201802", "telephony_provider": "netelip", "status": "assigned"}

    page = decode_page({"data": [good, good | change], "has_more": False}, Phone)

    assert (len(page.data), page.malformed_count) == (1, 1)


@pytest.mark.parametrize(
    "envelope",
    [
        [],
        {},
        {"data": []},
        {"data": [], "has_more": "false"},
        {"data": [], "has_more": 0},
        {"data": {}, "has_more": False},
        {"data": None, "has_more": False},
    ],
    ids=str,
)
def test_page_without_its_envelope_has_the_wrong_shape(envelope: object) -> None:
    with pytest.raises(DigaUnavailable) as caught:
        decode_page(envelope, Phone)

    assert caught.value.reason is Reason.WRONG_SHAPE


def test_time_without_a_zone_is_taken_as_utc() -> None:
    row = {
        "id": str(PHONE_ID),
        "number": "1",
        "telephony_provider": "netelip",
        "status": "assigned",
        "assigned_at": "2026-10-09T09:00:00",
        "released_at": "2026-10-09T11:00:00.5+02:00",
    }

    phone = decode_record(row, Phone)

    assert phone.assigned_at == DATE
    assert phone.released_at == DATE + timedelta(seconds=0.5)


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
