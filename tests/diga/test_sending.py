"""One way onto the wire: what is tried again, when, with which connection and key, and what is logged."""

import logging
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from phones.diga import (
    DigaClient,
    DigaError,
    DigaRateLimited,
    DigaUnavailable,
    PhoneUpdate,
    Reason,
    new_session,
    transport,
)
from phones.diga.sandbox import Fault, PhoneRow, Sandbox, SandboxServer

MakeClient = Callable[..., DigaClient]


def newest(sandbox: Sandbox) -> PhoneRow:
    return list(sandbox.phones)[-1]


def test_read_is_tried_again_after_a_hiccup(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.faults.add(Fault("reset"))
    sandbox.faults.add(Fault("truncated"))

    page = diga_client.list_phones(limit=1)

    assert len(page.data) == 1
    assert len(sandbox.journal) == 3


def test_read_is_tried_three_times_at_most(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.faults.add(Fault("status", status=503, times=None))

    with pytest.raises(DigaUnavailable) as caught:
        diga_client.list_phones()

    assert (caught.value.reason, caught.value.status) == (Reason.SERVER_ERROR, 503)
    assert len(sandbox.journal) == 3


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 422])
def test_read_with_a_definite_answer_is_not_tried_again(sandbox: Sandbox, diga_client: DigaClient, status: int) -> None:
    sandbox.faults.add(Fault("status", status=status, times=None))

    with pytest.raises(DigaError):
        diga_client.list_phones()

    assert len(sandbox.journal) == 1


def test_slow_read_does_not_outlive_the_deadline(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    client = make_diga_client(read_timeout=0.4, deadline=0.6)
    sandbox.faults.add(Fault("hang", times=None, seconds=2))
    started_at = time.monotonic()

    with pytest.raises(DigaUnavailable):
        client.list_phones()

    assert time.monotonic() - started_at < 1.0


def test_read_obeys_retry_after(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    naps: list[float] = []
    client = make_diga_client(sleep=naps.append)
    sandbox.faults.add(Fault("status", status=429, retry_after="7"))

    page = client.list_phones(limit=1)

    assert (len(page.data), naps) == (1, [7.0])


def test_read_told_to_come_back_much_later_gives_up_now(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    naps: list[float] = []
    client = make_diga_client(sleep=naps.append)
    sandbox.faults.add(Fault("status", status=429, retry_after="3600"))

    with pytest.raises(DigaRateLimited) as caught:
        client.list_phones()

    assert (caught.value.retry_after, naps) == (900.0, [])


class RecordingPace:
    """A pace that lets everyone through, or no one."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.is_open = is_open
        self.turns: list[float] = []
        self.asked: list[tuple[int, int]] = []
        self.advice: list[float | None] = []
        self.ages: list[float] = []

    def acquire(self, timeout: float, *, count: int = 1, reserve: int = 0) -> bool:
        self.turns.append(timeout)
        self.asked.append((count, reserve))
        return self.is_open

    def slow_down(self, retry_after: float | None, *, sent_ago: float = 0.0) -> None:
        self.advice.append(retry_after)
        self.ages.append(sent_ago)


def test_every_try_waits_for_its_turn_and_a_429_slows_all(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    pace = RecordingPace()
    client = make_diga_client(pace=pace)
    sandbox.faults.add(Fault("status", status=429, retry_after="2"))
    sandbox.faults.add(Fault("status", status=429))

    client.list_phones()

    assert len(pace.turns) == 3
    assert all(14 < timeout <= 15 for timeout in pace.turns)
    assert pace.advice == [2.0, None]


def test_call_without_a_turn_is_not_sent(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    client = make_diga_client(pace=RecordingPace(is_open=False))

    with pytest.raises(DigaUnavailable) as caught:
        client.update_phone(newest(sandbox).id, PhoneUpdate(nickname="Otra"))

    assert (caught.value.reason, caught.value.sent) == (Reason.PACED, False)
    assert sandbox.journal == []


def test_pace_learns_when_a_refused_call_was_sent(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    pace = RecordingPace()
    client = make_diga_client(pace=pace)
    sandbox.switches.latency_ms = 50
    sandbox.faults.add(Fault("status", status=429))

    client.list_phones()

    assert 0.05 <= pace.ages[0] < 5


@pytest.mark.parametrize("is_open", [True, False])
def test_turns_can_be_taken_before_the_calls(sandbox: Sandbox, make_diga_client: MakeClient, is_open: bool) -> None:
    pace = RecordingPace(is_open=is_open)
    client = make_diga_client(pace=pace)

    taken = client.take_turns(2, timeout=0.5, reserve=3)
    client.with_turns_taken().get_phone(newest(sandbox).id)
    client.with_turns_taken().update_phone(newest(sandbox).id, PhoneUpdate(nickname="Otra"))

    assert taken is is_open
    assert (pace.turns, pace.asked) == ([0.5], [(2, 3)])
    assert len(sandbox.journal) == 2


def test_client_without_a_pace_has_all_turns(diga_client: DigaClient) -> None:
    assert diga_client.take_turns(1000, timeout=0)


def test_refusal_after_turns_taken_slows_all_and_the_next_try_takes_one(
    sandbox: Sandbox, make_diga_client: MakeClient
) -> None:
    pace = RecordingPace()
    client = make_diga_client(pace=pace)
    sandbox.faults.add(Fault("status", status=429, retry_after="2"))

    client.with_turns_taken().list_phones(limit=1)
    client.list_phones(limit=1)

    assert pace.advice == [2.0]
    assert len(pace.turns) == 2
    assert len(sandbox.journal) == 3


@pytest.mark.parametrize(
    "address",
    [
        "http://api.diga.io",
        "http://10.0.0.1:8001",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "api.diga.io",
        "",
        "https://",
        "https://user:word@api.diga.io",
        "https://api.diga.io/?a=b",
    ],
)
def test_address_that_would_expose_the_key_is_refused(address: str) -> None:
    with pytest.raises(ValueError) as caught:
        DigaClient("sandbox-aurora-full", base_url=address)

    assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://api.diga.io/", "http://127.0.0.1:9", "http://[::1]:9", "http://localhost"]
)
def test_address_that_is_safe_is_taken(address: str) -> None:
    assert repr(DigaClient("a-key", base_url=address)) == f"<DigaClient {address.rstrip('/')}>"


@pytest.mark.parametrize("token", ["", "two words", "línea", "a\r\nX-Evil: 1", "tab\t"])
def test_key_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(ValueError) as caught:
        DigaClient(token)

    assert str(caught.value) == "An API key has visible ASCII characters only"


def test_key_survives_a_netrc_and_proxies_of_the_environment(
    sandbox: Sandbox, diga_client: DigaClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password thief\ndefault login thief password thief\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    diga_client.list_phones()

    assert sandbox.journal[-1].key_name == "aurora-full"


def test_proxy_is_used_when_it_is_given(
    sandbox: Sandbox, sandbox_server: SandboxServer, make_diga_client: MakeClient
) -> None:
    # To an http proxy the whole address is sent as the path, which the stand-in doesn't mind.
    session = new_session(proxy_url=sandbox_server.url)
    client = make_diga_client(base_url="http://127.0.0.1:9", session=session)

    client.list_phones(limit=1)

    assert len(sandbox.journal) == 1
    session.close()


def test_no_cookie_is_kept(
    sandbox: Sandbox, diga_client: DigaClient, diga_session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = sandbox.handle

    def with_cookie(request: object) -> object:
        answer = handle(request)  # type: ignore[arg-type]
        answer.headers["Set-Cookie"] = "session=of-someone-else; Path=/"
        return answer

    monkeypatch.setattr(sandbox, "handle", with_cookie)

    diga_client.list_phones()

    assert len(diga_session.cookies) == 0


def test_redirect_is_never_followed(sandbox: Sandbox, diga_client: DigaClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.1)
        address = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/v1/phone/"
        for status in (301, 302, 303, 307, 308):
            sandbox.faults.add(Fault("redirect", status=status, location=address))

            with pytest.raises(DigaUnavailable) as caught:
                diga_client.update_phone(newest(sandbox).id, PhoneUpdate(nickname="Otra"))

            assert (caught.value.reason, caught.value.sent) == (Reason.REDIRECT, True)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_connection_idle_too_long_is_not_lent_to_a_write(
    sandbox: Sandbox, diga_client: DigaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[float] = []
    connect: Any = transport._Connection.connect

    def counted(self: transport._Connection) -> None:
        opened.append(time.monotonic())
        connect(self)

    monkeypatch.setattr(transport._Connection, "connect", counted)
    phone_id = newest(sandbox).id

    diga_client.get_phone(phone_id)
    diga_client.update_phone(phone_id, PhoneUpdate(nickname="warm"))
    warm_count = len(opened)
    monkeypatch.setattr(transport, "MAX_IDLE_SECONDS", 0.0)
    diga_client.get_phone(phone_id)
    after_read_count = len(opened)
    diga_client.update_phone(phone_id, PhoneUpdate(nickname="fresh"))

    assert (warm_count, after_read_count, len(opened)) == (1, 1, 2)


def test_writes_around_the_idle_limit_of_a_server_all_succeed(
    sandbox: Sandbox, make_diga_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.switches.idle_close_seconds = 0.3
    monkeypatch.setattr(transport, "MAX_IDLE_SECONDS", 0.15)
    client = make_diga_client()
    phone_id = newest(sandbox).id

    for number in range(9):
        client.update_phone(phone_id, PhoneUpdate(nickname=str(number)))
        time.sleep(0.05 * number)

    assert newest(sandbox).nickname == "8"


def test_many_threads_share_one_client(sandbox: Sandbox, diga_client: DigaClient) -> None:
    ids = [row.id for row in sandbox.phones] * 4

    with ThreadPoolExecutor(8) as pool:
        phones = list(pool.map(diga_client.get_phone, ids))

    assert [phone.id for phone in phones] == ids
    assert threading.active_count() < 60


def test_each_try_logs_one_line_with_its_facts(
    sandbox: Sandbox, diga_client: DigaClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "phones.diga")
    sandbox.faults.add(Fault("close"))

    diga_client.list_phones(after=newest(sandbox).id, status="assigned")

    facts = [
        (record.levelname, record.method, record.path, record.status, record.attempt)  # type: ignore[attr-defined]
        for record in caplog.records
    ]
    assert facts == [
        ("WARNING", "GET", "/v1/phone/", "disconnected", 1),
        ("INFO", "GET", "/v1/phone/", "200", 2),
    ]
    assert "assigned" not in caplog.text
    assert str(newest(sandbox).id) not in caplog.text


def test_memory_does_not_grow_with_a_bomb(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.faults.add(Fault("bomb"))
    tracemalloc.start()

    with pytest.raises(DigaUnavailable) as caught:
        diga_client.list_phones()

    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.reason is Reason.TOO_LARGE
    assert peak_bytes < 32 * 2**20
