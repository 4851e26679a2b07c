"""What goes wrong on the wire, and the one reason it becomes: did the request leave or not?"""

import io
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
import responses

from phones.diga import (
    DigaClient,
    DigaRejected,
    DigaUnavailable,
    PhoneUpdate,
    Reason,
    new_session,
)
from phones.diga.sandbox import Fault, Sandbox, SandboxServer
from tests.support.diga.tls import PHONE_ID, tls_server

MakeClient = Callable[..., DigaClient]

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
    sandbox: Sandbox, make_diga_client: MakeClient, sandbox_server: SandboxServer
) -> None:
    error = refusal_of(make_diga_client(base_url=sandbox_server.url.replace("http:", "https:")))

    assert (error.reason, error.sent) == (Reason.TLS, False)
    assert sandbox.journal == []


def test_connection_cut_during_the_tls_handshake_was_not_sent() -> None:
    def cut() -> None:
        connection, _ = server.accept()
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=cut)
        thread.start()
        error = refusal_of(DigaClient("a-key", base_url=f"https://127.0.0.1:{server.getsockname()[1]}"))
        thread.join()

    assert (error.reason, error.sent) == (Reason.REFUSED, False)


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
    ("raised", "reason"),
    [
        (requests.ReadTimeout("slow"), Reason.TIMEOUT),
        (requests.exceptions.ChunkedEncodingError("cut"), Reason.TRUNCATED),
        (requests.ConnectionError(ConnectionResetError()), Reason.DISCONNECTED),
        (requests.ConnectTimeout("slow"), Reason.CONNECT_TIMEOUT),
        (requests.exceptions.SSLError("expired"), Reason.TLS),
    ],
)
def test_session_of_another_make_is_trusted_less(raised: Exception, reason: Reason) -> None:
    responses.add(responses.PATCH, f"https://api.diga.io/v1/phone/{PHONE_ID}", body=raised)

    error = refusal_of(DigaClient("a-key", session=requests.Session()))

    assert error.reason is reason


class BrokenBody(io.RawIOBase):
    """A body whose encryption fails."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise ssl.SSLError("decryption failed")


@responses.activate
def test_tls_failing_after_the_head_of_the_answer_is_no_refusal_to_send() -> None:
    responses.add(responses.PATCH, f"https://api.diga.io/v1/phone/{PHONE_ID}", body=io.BufferedReader(BrokenBody()))

    error = refusal_of(DigaClient("a-key", session=requests.Session()))

    assert (error.reason, error.sent) == (Reason.DISCONNECTED, True)


def test_hanging_answer_ends_at_the_deadline(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    sandbox.faults.add(Fault("hang", seconds=3))
    started_at = time.monotonic()

    error = refusal_of(make_diga_client(read_timeout=10, deadline=0.4), newest_id(sandbox))

    assert error.reason is Reason.DEADLINE
    assert time.monotonic() - started_at < 1


@pytest.mark.parametrize("location", ["http://[", "//", "http://a b/", "", "x" * 5000])
def test_redirect_to_nowhere_is_still_a_redirect(sandbox: Sandbox, diga_client: DigaClient, location: str) -> None:
    sandbox.faults.add(Fault("redirect", location=location))

    assert refusal_of(diga_client, newest_id(sandbox)).reason is Reason.REDIRECT


def test_reset_behind_a_proxy_may_have_been_applied(
    sandbox: Sandbox, sandbox_server: SandboxServer, make_diga_client: MakeClient
) -> None:
    session = new_session(proxy_url=sandbox_server.url)
    sandbox.faults.add(Fault("reset", when="after"))

    error = refusal_of(make_diga_client(session=session), newest_id(sandbox))

    session.close()
    assert (error.reason, error.sent) == (Reason.DISCONNECTED, True)
