"""The stand-in: the publish rule, every switch, paging, permissions, faults, control, and the command."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.diga import DigaClient, DigaError, DigaForbidden
from phones.diga.sandbox import AgentRow, Fault, PhoneRow, Project, Sandbox, SandboxServer, Switches
from phones.diga.sandbox.application import ROUTES
from phones.diga.sandbox.faults import Kind
from phones.diga.sandbox.http import Answer, Request
from phones.diga.sandbox.paging import page_of, read_paging
from phones.diga.sandbox.seeding import UNKNOWN_AGENT_ID
from phones.diga.sandbox.state import Table

ROOT = Path(__file__).parent.parent


def ask(
    sandbox: Sandbox, method: str, path: str, query: dict[str, str] | None = None, body: object = None, **more: Any
) -> Answer:
    token = more.get("token", sandbox.key())
    data = b"" if body is None else json.dumps(body).encode()
    return sandbox.handle(Request(method, path, query or {}, {"authorization": f"Bearer {token}"}, data))


def patch(sandbox: Sandbox, phone: PhoneRow, **body: object) -> Answer:
    return ask(sandbox, "PATCH", f"/v1/phone/{phone.id}", body=body)


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


def test_page_deep_in_a_long_list_costs_no_more_than_the_first() -> None:
    sandbox = Sandbox(phones=20_000)
    deep = {"limit": "100", "after": str(list(sandbox.phones)[10_000].id)}

    def cost(query: dict[str, str]) -> float:
        started_at = time.process_time()
        for _ in range(20):
            ask(sandbox, "GET", "/v1/phone/", query)
        return time.process_time() - started_at

    cost(deep)
    assert cost(deep) < 3 * cost({"limit": "100"})


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


# The switches.


def test_every_switch_says_what_it_is_for() -> None:
    source = Path(sys.modules[Switches.__module__].__file__ or "").read_text("utf-8")

    for field in fields(Switches):
        assert re.search(rf'^    {field.name}: .*\n    """', source, re.MULTILINE), field.name


@pytest.mark.parametrize(
    ("rule", "status", "is_attached"), [("detach", 200, False), ("ignore", 200, True), ("reject", 422, True)]
)
def test_switch_null_agent(sandbox: Sandbox, reception: PhoneRow, rule: Any, status: int, is_attached: bool) -> None:
    sandbox.switches.null_agent = rule

    answer = patch(sandbox, reception, inbound_version_id=None)

    assert answer.status == status
    assert (reception.inbound_agent_id is not None) is is_attached


@pytest.mark.parametrize(
    ("switch", "value", "rule", "status", "stored"),
    [
        ("null_nickname", None, "clear", 200, None),
        ("null_nickname", None, "ignore", 200, "Recepción Málaga centro"),
        ("null_nickname", None, "reject", 422, "Recepción Málaga centro"),
        ("empty_nickname", "", "store", 200, ""),
        ("empty_nickname", "", "clear", 200, None),
        ("empty_nickname", "", "ignore", 200, "Recepción Málaga centro"),
        ("empty_nickname", "", "reject", 422, "Recepción Málaga centro"),
    ],
)
def test_switch_nickname(
    sandbox: Sandbox, reception: PhoneRow, switch: str, value: Any, rule: str, status: int, stored: str | None
) -> None:
    setattr(sandbox.switches, switch, rule)

    answer = patch(sandbox, reception, nickname=value)

    assert (answer.status, reception.nickname) == (status, stored)


@pytest.mark.parametrize("status", [409, 400, 422])
@pytest.mark.parametrize("shape", ["envelope", "validation"])
def test_switch_publish_refusal(sandbox: Sandbox, reception: PhoneRow, dora: AgentRow, status: int, shape: Any) -> None:
    sandbox.switches.publish_refusal_status = status
    sandbox.switches.publish_refusal_shape = shape

    answer = patch(sandbox, reception, inbound_version_id=str(dora.version(2).id))

    assert answer.status == status
    assert set(answer.body) == ({"detail"} if shape == "validation" else {"status", "error_code", "message"})


@pytest.mark.parametrize(("number", "is_named_while"), [("+34918211374", True), ("+34918211374", False)])
def test_switch_nickname_while_reserved(sandbox: Sandbox, project: Project, number: str, is_named_while: bool) -> None:
    sandbox.switches.nickname_while_reserved = is_named_while

    answer = patch(sandbox, project.phone(number), nickname="Otra")

    assert answer.status == (200 if is_named_while else 400)


def test_released_phone_takes_no_change(sandbox: Sandbox, project: Project, dora: AgentRow) -> None:
    released = next(phone for phone in project.phones if phone.status == "released")

    named = patch(sandbox, released, nickname="Otra")
    routed = patch(sandbox, released, inbound_version_id=str(dora.version(1).id))

    assert (named.status, routed.status) == (400, 400)


@pytest.mark.parametrize("is_needed", [True, False])
def test_switch_patch_needs_agents_update(
    sandbox: Sandbox, reception: PhoneRow, dora: AgentRow, is_needed: bool
) -> None:
    sandbox.switches.patch_needs_agents_update = is_needed
    token, path = sandbox.key("aurora", "noagents"), f"/v1/phone/{reception.id}"

    routed = ask(sandbox, "PATCH", path, body={"inbound_version_id": str(dora.version(1).id)}, token=token)
    named = ask(sandbox, "PATCH", path, body={"nickname": "Otra"}, token=token)

    assert (routed.status, named.status) == (403 if is_needed else 200, 200)


@pytest.mark.parametrize("is_accepted", [True, False])
def test_switch_draft_accepted(sandbox: Sandbox, project: Project, reception: PhoneRow, is_accepted: bool) -> None:
    sandbox.switches.draft_accepted = is_accepted

    answer = patch(sandbox, reception, inbound_version_id=str(project.agent("Gema").draft.id))

    assert answer.status == (200 if is_accepted else 400)


@pytest.mark.parametrize("status", [404, 400, 422])
def test_switch_unknown_version_status(sandbox: Sandbox, project: Project, reception: PhoneRow, status: Any) -> None:
    sandbox.switches.unknown_version_status = status
    foreign = next(iter(sandbox.projects["talleres"].agents.values())).version(1).id

    answers = [
        patch(sandbox, reception, inbound_version_id=str(version_id))
        for version_id in (uuid4(), project.agent("Alicia").id, foreign)
    ]

    assert [answer.status for answer in answers] == [status] * 3


@pytest.mark.parametrize(("rule", "is_applied"), [("atomic", False), ("one_by_one", True)])
def test_switch_both_directions(
    sandbox: Sandbox, project: Project, reception: PhoneRow, dora: AgentRow, rule: Any, is_applied: bool
) -> None:
    sandbox.switches.both_directions = rule
    gema = project.agent("Gema")

    answer = patch(
        sandbox,
        reception,
        inbound_version_id=str(gema.version(1).id),
        outbound_version_id=str(dora.version(2).id),
    )

    assert (answer.status, answer.applied) == (409, is_applied)
    assert (reception.inbound_agent_id == gema.id) is is_applied


@pytest.mark.parametrize("is_unpublished", [True, False])
def test_switch_unpublish_when_unused(sandbox: Sandbox, project: Project, dora: AgentRow, is_unpublished: bool) -> None:
    sandbox.switches.unpublish_when_unused = is_unpublished

    for phone in project.phones_of(dora.id):
        patch(sandbox, phone, outbound_version_id=None)

    assert (dora.published_id is None) is is_unpublished


@pytest.mark.parametrize("is_listed", [True, False])
def test_switch_released_listed(sandbox: Sandbox, is_listed: bool) -> None:
    sandbox.switches.released_listed = is_listed

    listed = ask(sandbox, "GET", "/v1/phone/", {"limit": "100"}).body["data"]
    by_status = ask(sandbox, "GET", "/v1/phone/", {"status": "finished"}).body["data"]

    assert ("released" in {phone["status"] for phone in listed}) is is_listed
    assert len(by_status) == 1


@pytest.mark.parametrize("rule", ["works", "refuses"])
def test_switch_deleted_cursor(sandbox: Sandbox, rule: Any) -> None:
    sandbox.switches.deleted_cursor = rule
    phones = list(sandbox.phones)[::-1]
    sandbox.phones.remove(phones[10].id)

    answer = ask(sandbox, "GET", "/v1/phone/", {"after": str(phones[10].id), "limit": "1"})

    if rule == "works":
        assert answer.body["data"][0]["id"] == str(phones[11].id)
    else:
        assert answer.status == 400


@pytest.mark.parametrize("rule", ["seconds", "date", None])
def test_switch_rate_limit(sandbox: Sandbox, rule: Any) -> None:
    sandbox.switches.rate_limit = 5
    sandbox.switches.retry_after = rule

    answers = [ask(sandbox, "GET", "/v1/phone/", {"limit": "1"}) for _ in range(7)]

    assert [answer.status for answer in answers] == [200] * 5 + [429] * 2
    assert ("Retry-After" in answers[-1].headers) is (rule is not None)
    assert (answers[-1].headers.get("Retry-After") == "1") is (rule == "seconds")


def test_switch_rate_limit_is_per_key(sandbox: Sandbox) -> None:
    sandbox.switches.rate_limit = 1

    answers = [ask(sandbox, "GET", "/v1/phone/", token=sandbox.key("aurora", name)) for name in ("full", "readonly")]

    assert [answer.status for answer in answers] == [200, 200]


def test_switch_latency_holds_nobody_else_up(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.switches.latency_ms = 200
    started_at = time.monotonic()

    threads = [threading.Thread(target=diga_client.list_phones) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 0.2 <= time.monotonic() - started_at < 0.6


# Paging.


@settings(max_examples=150, deadline=None)
@given(data=st.data(), count=st.integers(0, 23), limit=st.integers(1, 9), is_ascending=st.booleans())
def test_paging_agrees_with_a_plain_list(data: st.DataObject, count: int, limit: int, is_ascending: bool) -> None:
    table: Table[PhoneRow] = Table()
    for number in range(count):
        table.add(PhoneRow(UUID(int=number), str(number)))
    for number in data.draw(st.sets(st.integers(0, max(0, count - 1)), max_size=min(count, 5))):
        table.remove(UUID(int=number))
    rows = list(table) if is_ascending else list(table)[::-1]
    query = {"limit": str(limit), "order": "asc" if is_ascending else "desc"}

    def page(**more: str) -> tuple[list[str], dict[str, Any]]:
        paging = read_paging(query | more, default_limit=20, max_limit=100)
        body = page_of(table, paging, Switches(), lambda row: {"number": row.number}).body
        return [row["number"] for row in body["data"]], body

    numbers = [row.number for row in rows]
    for index in range(-1, len(rows)):
        found, body = page(**({} if index < 0 else {"after": str(rows[index].id)}))
        assert found == numbers[index + 1 : index + 1 + limit]
        assert body["has_more"] is (len(rows) > index + 1 + limit)
    for index, row in enumerate(rows):
        found, body = page(before=str(row.id))
        assert found == numbers[max(0, index - limit) : index]
        assert body["has_more"] is (index > limit)
    for number in range(1, 27):
        found, body = page(page=str(number))
        assert found == numbers[(number - 1) * limit : number * limit]
        assert body["total_pages"] == -(-len(rows) // limit)


def test_filters_go_with_both_styles_of_paging(sandbox: Sandbox, project: Project) -> None:
    alicia = project.agent("Alicia")
    wanted = [str(phone.id) for phone in project.phones if phone.inbound_agent_id == alicia.id][::-1]
    query = {"inbound_agent_id": str(alicia.id), "limit": "4"}

    first = ask(sandbox, "GET", "/v1/phone/", query).body
    second = ask(sandbox, "GET", "/v1/phone/", query | {"after": first["last_id"]}).body
    second_by_number = ask(sandbox, "GET", "/v1/phone/", query | {"page": "2"}).body

    assert [row["id"] for row in first["data"] + second["data"]] == wanted[:8]
    assert second_by_number["data"] == second["data"]
    assert second_by_number["total_pages"] == -(-len(wanted) // 4)


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
