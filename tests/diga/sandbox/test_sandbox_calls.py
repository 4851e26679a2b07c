"""The stand-in's calls: by the routing of their time, and as its switches say."""

from collections.abc import Callable

import pytest
import requests

from phones.diga import CallFilter, DigaClient, DigaForbidden
from phones.diga.sandbox import CallRow, Sandbox, SandboxServer
from phones.diga.sandbox.calls import UNKNOWN_VERSION_ID


def _control(server: SandboxServer, **values: object) -> requests.Response:
    return requests.post(f"{server.url}/_sandbox/calls", json=values, timeout=5)


def test_history_follows_the_routing_in_both_directions(sandbox: Sandbox) -> None:
    aurora = sandbox.projects["aurora"]

    def handled(call: CallRow) -> bool:
        assert call.phone_id
        phone = aurora.phones[call.phone_id]
        agent_id = phone.inbound_agent_id if call.type == "inbound" else phone.outbound_agent_id
        agent = aurora.agents.get(agent_id) if agent_id else None
        if agent is None or agent.published_id is None:
            return (call.agent_id, call.agent_version_id, call.duration, call.end_reason) == (None, None, 0, "no_agent")
        return (call.agent_id, call.agent_version_id) == (agent.id, agent.published_id)

    calls = list(aurora.calls)

    assert all(handled(call) for call in calls)
    assert {call.type for call in calls} == {"inbound", "outbound"}
    assert {call.end_reason == "no_agent" for call in calls} == {True, False}
    assert [call.created_at for call in calls] == sorted(call.created_at for call in calls)


def test_history_keeps_working_hours_but_for_emergencies(sandbox: Sandbox) -> None:
    aurora = sandbox.projects["aurora"]
    times: dict[bool, list[bool]] = {True: [], False: []}
    for call in aurora.calls:
        name = aurora.phones[call.phone_id].nickname or "" if call.phone_id else ""
        is_working_time = call.created_at.weekday() < 5 and 8 <= call.created_at.hour < 19
        times[name.startswith(("Urgencias", "Línea noche"))].append(is_working_time)

    assert set(times[False]) == {True}
    assert set(times[True]) == {True, False}


def test_call_is_placed_by_the_routing_of_now(
    sandbox: Sandbox, sandbox_server: SandboxServer, diga_client: DigaClient
) -> None:
    aurora = sandbox.projects["aurora"]
    phone, alicia = aurora.phone("+34951441246"), aurora.agent("Alicia")
    shared = aurora.calls
    count = len(shared)
    phone.inbound_agent_id = alicia.id

    made = _control(sandbox_server, phone_id=str(phone.id))
    page = diga_client.list_calls(CallFilter(phone.id), limit=1)

    assert made.status_code == 201
    assert [(call.type, call.agent_id, call.agent_version_id) for call in page.data] == [
        ("inbound", alicia.id, alicia.published_id)
    ]
    assert (len(shared), len(aurora.calls)) == (count, count + 1)


def test_call_reaches_nobody_without_minutes(sandbox: Sandbox, sandbox_server: SandboxServer) -> None:
    phone = sandbox.projects["aurora"].phone("+34951441246")
    sandbox.switches.minutes_used_up = True

    made = _control(sandbox_server, phone_id=str(phone.id)).json()

    assert (made["agent_id"], made["duration"], made["end_reason"]) == (None, 0, "minutes_exhausted")


def test_nobody_calls_from_a_phone_without_an_agent_for_it(sandbox: Sandbox, sandbox_server: SandboxServer) -> None:
    phone = sandbox.projects["aurora"].phone("+34900686427")

    assert _control(sandbox_server, phone_id=str(phone.id), type="outbound").status_code == 400


def test_calls_can_name_an_unknown_version(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.switches.calls_of_unknown_version = True

    page = diga_client.list_calls()

    assert {call.agent_version_id for call in page.data} == {UNKNOWN_VERSION_ID, None}


def test_somebody_calls_every_so_often(sandbox: Sandbox, diga_client: DigaClient) -> None:
    phone = sandbox.projects["aurora"].phone("+34951441246")
    before = diga_client.list_calls(CallFilter(phone.id)).data
    sandbox.switches.call_every_seconds = 3600

    first = diga_client.list_calls(CallFilter(phone.id)).data
    second = diga_client.list_calls(CallFilter(phone.id)).data

    assert first[1:] == before
    assert second == first


@pytest.mark.parametrize("permission", ["calls.view", "billing.view"])
def test_permission_can_be_withdrawn(sandbox: Sandbox, diga_client: DigaClient, permission: str) -> None:
    sandbox.switches.refused_permission = permission
    reads: dict[str, Callable[[], object]] = {
        "calls.view": diga_client.list_calls,
        "billing.view": diga_client.get_subscription,
    }

    with pytest.raises(DigaForbidden):
        reads.pop(permission)()
    assert [read() is not None for read in reads.values()] == [True]
