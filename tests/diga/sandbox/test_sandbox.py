"""The stand-in: its seed, the publish rule, permissions, faults, journal, control, and the command."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import requests

from phones.diga import DigaClient, DigaError, DigaForbidden
from phones.diga.sandbox import AgentRow, Fault, PhoneRow, Project, Sandbox, SandboxServer, Switches
from phones.diga.sandbox.application import ROUTES
from phones.diga.sandbox.faults.planned import Kind
from phones.diga.sandbox.seeding import UNKNOWN_AGENT_ID
from phones.diga.sandbox.serving.messages import Request
from tests.fixtures.asking import ask, patch

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(sandbox: Sandbox) -> Project:
    return sandbox.projects["aurora"]


@pytest.fixture
def reception(project: Project) -> PhoneRow:
    return project.phone("+34951201802")


@pytest.fixture
def dora(project: Project) -> AgentRow:
    return project.agent("Dora")


# The seed.


def test_seed_gives_the_same_data_again() -> None:
    one, other = Sandbox(seed=7, phones=300), Sandbox(seed=7, phones=300)

    assert list(one.phones) == list(other.phones)
    assert one.agents == other.agents
    assert list(one.phones) != list(Sandbox(seed=8, phones=300).phones)


def test_seed_has_phones_of_every_kind_among_the_first_forty(sandbox: Sandbox, project: Project) -> None:
    phones = list(sandbox.phones)

    assert len(phones) == len({phone.number for phone in phones}) == 40
    assert {phone.status for phone in phones} == {
        "assigned", "reserved", "pending_verification", "released", "finished"
    }  # fmt: skip
    assert any(phone.number == "laboratorio@pbx.example.es" for phone in phones)
    assert any(phone.scheduled_release_at for phone in phones)
    assert any(phone.inbound_agent_id == UNKNOWN_AGENT_ID for phone in phones)
    assert any(phone.status == "assigned" and phone.inbound_agent_id is None for phone in phones)
    assert len(project.phones_of(project.agent("Dora").id)) == 2
    assert project.phones_of(project.agent("Gema").id) == []
    assert project.agent("Gema").published_id is None


def test_seed_of_many_is_quick_and_all_different() -> None:
    started_at = time.process_time()

    phones = list(Sandbox(phones=20_000).phones)

    assert time.process_time() - started_at < 3
    assert len({phone.number for phone in phones}) == len({phone.id for phone in phones}) == 20_000


# The publish rule.


def test_attaching_a_version_publishes_it(sandbox: Sandbox, project: Project, reception: PhoneRow) -> None:
    gema = project.agent("Gema")

    answer = patch(sandbox, reception, inbound_version_id=str(gema.version(1).id))

    assert answer.body["inbound_agent_id"] == str(gema.id)
    assert gema.published_id == gema.version(1).id


def test_second_version_of_an_agent_on_another_phone_is_refused(
    sandbox: Sandbox, reception: PhoneRow, dora: AgentRow
) -> None:
    before = reception.inbound_agent_id

    answer = patch(sandbox, reception, inbound_version_id=str(dora.version(2).id), nickname="Otra")

    assert (answer.status, answer.body["error_code"]) == (409, "AGENT_VERSION_ALREADY_PUBLISHED")
    assert (reception.inbound_agent_id, reception.nickname) == (before, "Recepción Málaga centro")
    assert dora.published_id == dora.version(1).id
    assert not answer.applied


def test_same_version_may_serve_several_phones(sandbox: Sandbox, reception: PhoneRow, dora: AgentRow) -> None:
    answer = patch(sandbox, reception, inbound_version_id=str(dora.version(1).id))

    assert answer.status == 200


def test_version_moves_on_when_no_other_phone_holds_the_old_one(
    sandbox: Sandbox, project: Project, dora: AgentRow
) -> None:
    first, second = project.phones_of(dora.id)
    patch(sandbox, first, outbound_version_id=None)

    answer = patch(sandbox, second, inbound_version_id=str(dora.version(2).id))

    assert answer.status == 200
    assert dora.published_id == dora.version(2).id


def test_two_versions_of_an_agent_on_one_phone_are_refused(
    sandbox: Sandbox, project: Project, reception: PhoneRow
) -> None:
    elena = project.agent("Elena")

    answer = patch(
        sandbox,
        reception,
        inbound_version_id=str(elena.version(1).id),
        outbound_version_id=str(elena.version(2).id),
    )

    assert answer.status == 409
    assert elena.published_id is None


def test_publishing_from_the_agent_s_side(sandbox: Sandbox, project: Project, reception: PhoneRow) -> None:
    gema = project.agent("Gema")
    path = f"/v1/agent/{gema.id}/published_version"

    published = ask(
        sandbox,
        "PATCH",
        path,
        body={"version_id": str(gema.version(1).id), "inbound_phone_number_id": str(reception.id)},
    )
    was_attached = reception.inbound_agent_id == gema.id
    unpublished = ask(sandbox, "PATCH", path, body={"version_id": None})

    assert published.body["published_version_id"] == str(gema.version(1).id)
    assert was_attached
    assert unpublished.body["published_version_id"] is None
    assert (reception.inbound_agent_id, gema.published_id) == (None, None)


# Keys, routes and errors.


@pytest.mark.parametrize(("method", "pattern", "permission"), ROUTES)
def test_route_needs_its_permission(
    sandbox: Sandbox, project: Project, method: str, pattern: str, permission: str
) -> None:
    row_id = project.agent("Alicia").id if "agent" in pattern else next(iter(project.phones)).id
    path = pattern.replace("(?P<id>[^/]+)", str(row_id))
    key = sandbox.keys[sandbox.key()]
    object.__setattr__(key, "permissions", key.permissions - {permission})

    answer = ask(sandbox, method, path, body={} if method == "PATCH" else None)

    assert (answer.status, answer.body["error_code"]) == (403, "INTERNAL_SERVER_ERROR")


def test_key_opens_its_own_project_only(sandbox: Sandbox, make_diga_client: Callable[..., DigaClient]) -> None:
    page = make_diga_client(sandbox.key("talleres")).list_phones()

    assert {phone.id for phone in page.data} == {row.id for row in sandbox.projects["talleres"].phones}
    with pytest.raises(DigaError) as caught:
        make_diga_client(sandbox.key("talleres")).get_phone(next(iter(sandbox.phones)).id)
    assert caught.value.status == 404


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nobody", "Basic sandbox-aurora-full", "sandbox-aurora-full"])
def test_unknown_key_is_refused(sandbox: Sandbox, header: str) -> None:
    answer = sandbox.handle(Request("GET", "/v1/phone/", {}, {"authorization": header}))

    assert (answer.status, answer.body["error_code"]) == (401, "INVALID_API_KEY")


@pytest.mark.parametrize(
    ("path", "location"), [("/v1/phone", "/v1/phone/?limit=2"), ("/v1/agent", "/v1/agent/?limit=2")]
)
def test_missing_slash_redirects(sandbox: Sandbox, sandbox_server: SandboxServer, path: str, location: str) -> None:
    response = requests.get(
        f"{sandbox_server.url}{path}?limit=2",
        headers={"Authorization": f"Bearer {sandbox.key()}"},
        allow_redirects=False,
        timeout=5,
    )

    assert (response.status_code, response.headers["Location"]) == (307, sandbox_server.url + location)


def test_extra_slash_redirects_and_other_paths_are_unknown(sandbox: Sandbox, reception: PhoneRow) -> None:
    assert ask(sandbox, "GET", f"/v1/phone/{reception.id}/").status == 307
    assert ask(sandbox, "GET", "/v1/nothing").status == 404
    assert ask(sandbox, "DELETE", f"/v1/phone/{reception.id}").status == 405


# Faults and the journal.


def test_fault_is_used_as_often_as_it_says_and_only_where_it_says(sandbox: Sandbox, reception: PhoneRow) -> None:
    sandbox.faults.add(Fault("status", status=503, method="PATCH", path="/v1/phone/", times=2))

    statuses = [
        ask(sandbox, "GET", "/v1/phone/").status,
        *(patch(sandbox, reception, nickname=str(number)).status for number in range(3)),
    ]

    assert statuses == [200, 503, 503, 200]
    assert len(sandbox.faults) == 0


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_before_changes_nothing_and_after_everything(
    sandbox: Sandbox, reception: PhoneRow, kind: Kind, when: Any
) -> None:
    sandbox.faults.add(Fault(kind, when=when))

    patch(sandbox, reception, nickname="Otra")

    is_changed = when == "after" or kind == "stored_other"
    assert (reception.nickname != "Recepción Málaga centro") is is_changed
    assert sandbox.journal[-1].applied is is_changed


def test_journal_tells_what_came_without_the_key(sandbox: Sandbox, reception: PhoneRow) -> None:
    patch(sandbox, reception, nickname="Otra")
    ask(sandbox, "GET", "/v1/phone/", {"limit": "1"}, token="nobody-knows-this-key")

    assert [(r.method, r.query, r.body, r.status, r.applied, r.key_name) for r in sandbox.journal] == [
        ("PATCH", {}, {"nickname": "Otra"}, 200, True, "aurora-full"),
        ("GET", {"limit": "1"}, None, 401, False, ""),
    ]
    assert sandbox.key() not in repr(sandbox.journal)
    assert "nobody-knows-this-key" not in repr(sandbox.journal)


def test_reset_goes_back_to_the_seed(sandbox: Sandbox) -> None:
    before = [(phone.id, phone.nickname) for phone in sandbox.phones]
    patch(sandbox, list(sandbox.phones)[-1], nickname="Otra")
    sandbox.switches.null_agent = "reject"
    sandbox.faults.add(Fault("hang"))
    sandbox.keys.clear()

    sandbox.reset()

    assert [(phone.id, phone.nickname) for phone in sandbox.phones] == before
    assert (sandbox.switches, len(sandbox.faults), sandbox.journal) == (Switches(), 0, [])
    assert sandbox.key() == "sandbox-aurora-full"


def test_stopping_ends_what_hangs_and_closes_connections() -> None:
    server = SandboxServer(Sandbox(phones=5))
    server.start()
    server.sandbox.faults.add(Fault("hang", path="/v1/phone/"))
    client = DigaClient(server.sandbox.key(), base_url=server.url, sleep=lambda _: None, deadline=5)
    client.list_agents()
    failed = threading.Event()

    def wait() -> None:
        with pytest.raises(DigaError):
            client.list_phones()
        failed.set()

    thread = threading.Thread(target=wait)
    thread.start()
    while not server.sandbox.journal[1:]:
        time.sleep(0.01)
    started_at = time.monotonic()
    server.stop()

    assert failed.wait(2)
    assert time.monotonic() - started_at < 1
    thread.join()


# Control.


@pytest.fixture
def control(sandbox: Sandbox, sandbox_server: SandboxServer) -> Callable[..., requests.Response]:
    def call(method: str, path: str, body: object = None) -> requests.Response:
        return requests.request(method, f"{sandbox_server.url}/_sandbox/{path}", json=body, timeout=5)

    return call


def test_control_shows_and_sets_everything(
    sandbox: Sandbox, control: Callable[..., requests.Response], diga_client: DigaClient
) -> None:
    shown = control("GET", "").json()
    statuses = [
        control("PUT", "switches", {"null_agent": "ignore"}).status_code,
        control("POST", "faults", {"kind": "status", "status": 403}).status_code,
    ]

    assert shown["projects"]["aurora"] == {"name": "Clínicas Aurora", "phones": 40, "agents": 7}
    assert sandbox.key() in shown["keys"]
    assert statuses == [204, 204]
    assert sandbox.switches.null_agent == "ignore"
    with pytest.raises(DigaForbidden):
        diga_client.list_phones()
    assert [received["status"] for received in control("GET", "journal").json()] == [403]
    assert control("GET", "journal?start=1").json() == []


def test_control_clears_faults_and_journal(
    sandbox: Sandbox, control: Callable[..., requests.Response], diga_client: DigaClient
) -> None:
    sandbox.faults.add(Fault("hang"))

    control("DELETE", "faults")
    diga_client.list_phones()
    control("DELETE", "journal")

    assert sandbox.journal == []


def test_control_edits_a_phone_from_outside(
    sandbox: Sandbox, control: Callable[..., requests.Response], reception: PhoneRow, dora: AgentRow
) -> None:
    values = {"nickname": "De fuera", "inbound_agent_id": str(dora.id), "released_at": "2026-10-01T00:00:00+00:00"}

    answer = control("PATCH", f"phones/{reception.id}", values)
    gone = control("DELETE", f"phones/{next(iter(sandbox.phones)).id}")

    assert answer.json()["nickname"] == "De fuera"
    assert (reception.inbound_agent_id, reception.released_at.year if reception.released_at else 0) == (dora.id, 2026)
    assert (gone.status_code, len(sandbox.phones)) == (204, 39)
    assert sandbox.journal == []


def test_control_resets_to_another_size(sandbox: Sandbox, control: Callable[..., requests.Response]) -> None:
    control("POST", "reset", {"phones": 60, "seed": 3})

    assert len(sandbox.phones) == 60


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "switches", {"no_such": 1}, 400),
        ("PUT", "switches", [], 400),
        ("POST", "faults", {"sort": "hang"}, 400),
        ("POST", "faults", {"kind": "earthquake"}, 400),
        ("PATCH", "phones/00000000-0000-4000-8000-000000000000", {}, 400),
        ("PATCH", "phones/nonsense", {}, 422),
        ("GET", "nothing", None, 404),
    ],
)
def test_control_refuses_what_it_does_not_know(
    control: Callable[..., requests.Response], method: str, path: str, body: object, status: int
) -> None:
    assert control(method, path, body).status_code == status


# The command.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('[{"kind": "status", "status": 503}]')
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", "--phones", "30", "--faults", str(faults)]

    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout
        address = re.search(r"http://\S+:\d+", process.stdout.readline())
        keys = [process.stdout.readline().split()[0] for _ in range(8)]
        assert address
        client = DigaClient(keys[0], base_url=address.group(), sleep=lambda _: None)
        count = len(client.list_phones().data)
        process.send_signal(number)
        code = process.wait(5)

    assert (code, count) == (0, 30)
    assert keys[:2] == ["sandbox-aurora-full", "sandbox-aurora-readonly"]
