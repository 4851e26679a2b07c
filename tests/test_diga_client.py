"""The client against the stand-in: what it sends, what it makes of the answers, what it tries again."""

import logging
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import requests

from phones.diga import (
    UNSET,
    DigaClient,
    DigaError,
    DigaRateLimited,
    DigaUnavailable,
    PhoneUpdate,
    Reason,
    new_session,
    transport,
)
from phones.diga.sandbox import Fault, PhoneRow, Sandbox, SandboxServer, Switches

MakeClient = Callable[..., DigaClient]


def newest(sandbox: Sandbox) -> PhoneRow:
    return list(sandbox.phones)[-1]


def test_phone_is_read_as_diga_has_it(sandbox: Sandbox, diga_client: DigaClient) -> None:
    row = newest(sandbox)

    phone = diga_client.get_phone(row.id)

    assert phone.model_dump() == {
        "id": row.id,
        "number": "+34951201802",
        "telephony_provider": "netelip",
        "status": "assigned",
        "nickname": "Recepción Málaga centro",
        "assigned_at": datetime(2026, 10, 8, 13, tzinfo=UTC),
        "scheduled_release_at": None,
        "released_at": None,
        "inbound_agent_id": sandbox.projects["aurora"].agent("Alicia").id,
        "outbound_agent_id": sandbox.projects["aurora"].agent("Bruno").id,
        "region_codes": ("MA",),
    }


def test_phone_with_missing_fields_equals_one_with_nulls(sandbox: Sandbox, diga_client: DigaClient) -> None:
    phone_id = next(row.id for row in sandbox.phones if row.status == "reserved")

    with_nulls = diga_client.get_phone(phone_id)
    sandbox.switches.nulls_left_out = True
    without_nulls = diga_client.get_phone(phone_id)

    assert with_nulls == without_nulls


def test_phone_text_is_cleaned_of_what_a_database_refuses(sandbox: Sandbox, diga_client: DigaClient) -> None:
    row = newest(sandbox)
    row.nickname = "Cen\x00tro \ud83d"

    phone = diga_client.get_phone(row.id)

    assert phone.nickname == "Centro \ufffd"


def test_unknown_status_is_kept_as_text(sandbox: Sandbox, diga_client: DigaClient) -> None:
    newest(sandbox).status = "porting_in"

    page = diga_client.list_phones(limit=1)

    assert (page.data[0].status, page.malformed_count) == ("porting_in", 0)


@pytest.mark.parametrize("kind", ["wrong_types", "missing_field"])
def test_a_malformed_row_is_counted_and_leaves_the_rest(sandbox: Sandbox, diga_client: DigaClient, kind: str) -> None:
    sandbox.faults.add(Fault(kind))  # type: ignore[arg-type]

    page = diga_client.list_phones(limit=5)

    assert ([phone.id for phone in page.data], page.malformed_count) == (
        [row.id for row in list(sandbox.phones)[::-1][1:5]],
        1,
    )


def test_page_carries_what_diga_says_about_itself(sandbox: Sandbox, diga_client: DigaClient) -> None:
    rows = list(sandbox.phones)[::-1]

    page = diga_client.list_phones(page=2, limit=15)

    assert [phone.id for phone in page.data] == [row.id for row in rows[15:30]]
    assert (page.has_more, page.current_page, page.total_pages) == (True, 2, 3)
    assert (page.first_id, page.last_id) == (rows[15].id, rows[29].id)


def test_walk_meets_every_phone_once(sandbox: Sandbox, diga_client: DigaClient) -> None:
    pages = list(diga_client.walk_phones(limit=7))

    assert [phone.id for page in pages for phone in page.data] == [row.id for row in sandbox.phones][::-1]
    assert len(pages) == 6


def test_walk_misses_no_phone_while_others_come_and_go(sandbox: Sandbox, diga_client: DigaClient) -> None:
    there_throughout = {row.id for row in sandbox.phones}
    seen: list[UUID] = []

    for number, page in enumerate(diga_client.walk_phones(limit=5)):
        seen += [phone.id for phone in page.data]
        sandbox.phones.add(PhoneRow(uuid4(), f"+3460000000{number}"))
        gone = page.data[-1].id
        sandbox.phones.remove(gone)
        there_throughout.discard(gone)

    assert there_throughout <= set(seen)
    assert len(seen) == len(set(seen)) == 40


def test_walk_goes_on_without_the_cursor_ids_of_pages(sandbox: Sandbox, diga_client: DigaClient) -> None:
    rows = [diga_client.list_phones(limit=100).data[index] for index in range(3)]
    for row, has_more in ((rows[0], True), (rows[1], False)):
        body = {"data": [row.model_dump(mode="json")], "has_more": has_more, "last_id": None}
        sandbox.faults.add(Fault("status", status=200, body=body))

    pages = list(diga_client.walk_phones())

    assert [phone for page in pages for phone in page.data] == rows[:2]
    assert sandbox.journal[-1].query["after"] == str(rows[0].id)


@pytest.mark.parametrize("last_id", [None, "11111111-1111-4111-8111-111111111111"])
def test_walk_in_a_circle_is_an_error(sandbox: Sandbox, diga_client: DigaClient, last_id: str | None) -> None:
    body = {"data": [{"id": 5}], "has_more": True, "last_id": last_id}
    sandbox.faults.add(Fault("status", status=200, body=body, times=None))

    with pytest.raises(DigaUnavailable) as caught:
        list(diga_client.walk_phones())

    assert caught.value.reason is Reason.WRONG_SHAPE
    assert len(sandbox.journal) <= 2


def test_walk_ends_at_an_empty_page_that_promises_more(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.faults.add(Fault("status", status=200, body={"data": [], "has_more": True}))

    pages = list(diga_client.walk_phones())

    assert [page.data for page in pages] == [()]


def test_update_sends_only_what_is_set(sandbox: Sandbox, diga_client: DigaClient) -> None:
    row = newest(sandbox)
    version_id = sandbox.projects["aurora"].agent("Carla").version(4).id

    diga_client.update_phone(row.id, PhoneUpdate(nickname="Otra"))
    diga_client.update_phone(row.id, PhoneUpdate(inbound_version_id=version_id, outbound_version_id=None))
    phone = diga_client.update_phone(row.id, PhoneUpdate(nickname=None))

    assert [received.body for received in sandbox.journal] == [
        {"nickname": "Otra"},
        {"inbound_version_id": str(version_id), "outbound_version_id": None},
        {"nickname": None},
    ]
    assert (phone.nickname, phone.outbound_agent_id) == (None, None)
    assert phone.inbound_agent_id == sandbox.projects["aurora"].agent("Carla").id


def test_update_of_nothing_is_not_sent(sandbox: Sandbox, diga_client: DigaClient) -> None:
    with pytest.raises(ValueError, match="at least one field"):
        diga_client.update_phone(newest(sandbox).id, PhoneUpdate(nickname=UNSET))

    assert sandbox.journal == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=503),
        Fault("status", status=429),
        Fault("close"),
        Fault("reset"),
        Fault("empty"),
        Fault("truncated", when="after"),
        Fault("redirect", status=307),
        Fault("hang", when="after", seconds=0.6),
    ],
    ids=lambda fault: fault.kind + str(fault.status or ""),
)
def test_update_is_sent_once_whatever_happens(sandbox: Sandbox, make_diga_client: MakeClient, fault: Fault) -> None:
    client = make_diga_client(read_timeout=0.2)
    sandbox.faults.add(fault)

    with pytest.raises(DigaError):
        client.update_phone(newest(sandbox).id, PhoneUpdate(nickname="Otra"))

    assert [received.method for received in sandbox.journal] == ["PATCH"]


def test_agents_come_with_all_their_versions(sandbox: Sandbox, diga_client: DigaClient) -> None:
    agents = diga_client.list_agents()

    dora = next(agent for agent in agents if agent.name == "Dora · Encuestas")
    assert len(agents) == 7
    assert [(v.version_number, v.is_published, v.is_draft) for v in dora.versions] == [
        (1, True, False),
        (2, False, False),
        (3, False, True),
    ]


def test_agent_without_a_name_has_none(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    agents = make_diga_client(sandbox.key("talleres")).list_agents()

    assert [agent.name for agent in agents] == ["Nuria · Taller", "Óscar · Recambios", None]


@pytest.mark.parametrize("is_published_apart", [True, False])
def test_agents_are_the_same_the_long_way_round(
    sandbox: Sandbox, diga_client: DigaClient, is_published_apart: bool
) -> None:
    straight = diga_client.list_agents()
    sandbox.switches.dropdown_refused = True
    sandbox.switches.versions_without_published = is_published_apart

    around = diga_client.list_agents()

    assert [(agent.agent_id, agent.name) for agent in around] == [(agent.agent_id, agent.name) for agent in straight]
    for one, other in zip(around, straight, strict=True):
        assert sorted(one.versions, key=lambda version: version.version_number) == list(other.versions)


def test_agents_a_page_apart_are_all_met(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.reset(agents=103, switches=Switches(dropdown_refused=True))

    agents = diga_client.list_agents()

    assert len({agent.agent_id for agent in agents}) == 103


def test_malformed_agent_is_left_out(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.faults.add(Fault("missing_field", path="/v1/agent/"))

    assert len(diga_client.list_agents()) == 6


def test_calls_of_a_phone_leave_the_caller_out(sandbox: Sandbox, diga_client: DigaClient) -> None:
    phone_id = next(iter(sandbox.projects["aurora"].calls)).phone_id

    page = diga_client.list_calls(phone_id=phone_id, limit=3)

    assert {call.phone_register_id for call in page.data} == {phone_id}
    assert "contact" not in page.data[0].model_dump()
    assert page.data[0].created_date.tzinfo is UTC


def test_read_is_tried_again_after_a_hiccup(sandbox: Sandbox, diga_client: DigaClient) -> None:
    for kind in ("reset", "truncated"):
        sandbox.faults.add(Fault(kind))  # type: ignore[arg-type]

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
        self.advice: list[float | None] = []

    def acquire(self, timeout: float) -> bool:
        self.turns.append(timeout)
        return self.is_open

    def slow_down(self, retry_after: float | None) -> None:
        self.advice.append(retry_after)


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
    connect = transport._Connection.connect

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
    sandbox.switches.idle_close_seconds = 0.05
    monkeypatch.setattr(transport, "MAX_IDLE_SECONDS", 0.04)
    client = make_diga_client()
    phone_id = newest(sandbox).id

    for number in range(40):
        client.update_phone(phone_id, PhoneUpdate(nickname=str(number)))
        time.sleep(0.03 + number / 1000)

    assert newest(sandbox).nickname == "39"


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
