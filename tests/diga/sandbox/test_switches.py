"""The stand-in where the contract is silent: every switch, every value; and both styles of paging."""

import re
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phones.diga import DigaClient
from phones.diga.sandbox import AgentRow, PhoneRow, Project, Sandbox, Switches
from phones.diga.sandbox.paging import page_of, read_paging
from phones.diga.sandbox.serving.messages import Answer
from phones.diga.sandbox.state import Table
from tests.fixtures.asking import ask, patch


@pytest.fixture
def project(sandbox: Sandbox) -> Project:
    return sandbox.projects["aurora"]


@pytest.fixture
def reception(project: Project) -> PhoneRow:
    return project.phone("+34951201802")


@pytest.fixture
def dora(project: Project) -> AgentRow:
    return project.agent("Dora")


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


def _publish(sandbox: Sandbox, agent: AgentRow, number: int, **phones: str) -> Answer:
    body = {"version_id": str(agent.version(number).id)} | phones
    return ask(sandbox, "PATCH", f"/v1/agent/{agent.id}/published_version", body=body)


@pytest.mark.parametrize(("rule", "kept"), [("keep", True), ("detach", False)])
@pytest.mark.parametrize("is_named", [True, False])
def test_switch_publish_without_phones(
    sandbox: Sandbox, project: Project, dora: AgentRow, rule: Any, kept: bool, is_named: bool
) -> None:
    sandbox.switches.publish_without_phones = rule
    before = [phone.id for phone in project.phones_of(dora.id)]
    named = project.phones_of(dora.id)[0]

    answer = _publish(sandbox, dora, 2, **({"inbound_phone_number_id": str(named.id)} if is_named else {}))

    assert (answer.status, dora.published_id, answer.applied) == (200, dora.version(2).id, True)
    expected = before if kept else [named.id] if is_named else []
    assert [phone.id for phone in project.phones_of(dora.id)] == expected
    assert kept or named.outbound_agent_id is None


@pytest.mark.parametrize(("rule", "status"), [("moves", 200), ("refused", 409)])
def test_switch_publish_over_another(sandbox: Sandbox, dora: AgentRow, rule: Any, status: int) -> None:
    sandbox.switches.publish_over_another = rule

    assert _publish(sandbox, dora, 1).status == 200
    assert _publish(sandbox, dora, 2).status == status
    assert dora.published_id == dora.version(2 if status == 200 else 1).id


@pytest.mark.parametrize("is_needed", [True, False])
def test_switch_publish_needs_phone(sandbox: Sandbox, project: Project, dora: AgentRow, is_needed: bool) -> None:
    sandbox.switches.publish_needs_phone = is_needed
    named = str(project.phones_of(dora.id)[0].id)

    assert _publish(sandbox, dora, 2).status == (400 if is_needed else 200)
    assert _publish(sandbox, dora, 2, inbound_phone_number_id=named).status == 200


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
