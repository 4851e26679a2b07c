"""The client against the stand-in: what it sends, and what it makes of the answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from phones.diga import (
    UNSET,
    CallFilter,
    DigaClient,
    DigaError,
    DigaUnavailable,
    PhoneUpdate,
)
from phones.diga.sandbox import Fault, PhoneRow, Sandbox, Switches

MakeClient = Callable[..., DigaClient]
NOWHERE = "00000000-0000-4000-8000-000000000000"


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
    agents = diga_client.list_agents().data

    dora = next(agent for agent in agents if agent.name == "Dora · Encuestas")
    assert len(agents) == 7
    assert [(v.version_number, v.is_published, v.is_draft) for v in dora.versions] == [
        (1, True, False),
        (2, False, False),
        (3, False, True),
    ]


def test_agent_without_a_name_has_none(sandbox: Sandbox, make_diga_client: MakeClient) -> None:
    agents = make_diga_client(sandbox.key("talleres")).list_agents().data

    assert [agent.name for agent in agents] == ["Nuria · Taller", "Óscar · Recambios", None]


@pytest.mark.parametrize("is_published_apart", [True, False])
def test_agents_are_the_same_the_long_way_round(
    sandbox: Sandbox, diga_client: DigaClient, is_published_apart: bool
) -> None:
    straight = diga_client.list_agents().data
    sandbox.switches.dropdown_refused = True
    sandbox.switches.versions_without_published = is_published_apart

    around = diga_client.list_agents().data

    assert [(agent.agent_id, agent.name) for agent in around] == [(agent.agent_id, agent.name) for agent in straight]
    for one, other in zip(around, straight, strict=True):
        assert sorted(one.versions, key=lambda version: version.version_number) == list(other.versions)


def test_agents_a_page_apart_are_all_met(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.reset(agents=103, switches=Switches(dropdown_refused=True))

    agents = diga_client.list_agents().data

    assert len({agent.agent_id for agent in agents}) == 103


def test_agent_pages_that_never_end_are_left(sandbox: Sandbox, diga_client: DigaClient) -> None:
    agent_id = next(iter(sandbox.agents))
    body = {"data": [{"agent_id": str(agent_id), "name": "Alicia"}], "has_more": True}
    sandbox.faults.add(Fault("status", status=403, path="/v1/agent/versions-dropdown"))
    sandbox.faults.add(Fault("status", status=200, body=body, path="/v1/agent/", times=2))

    agents = diga_client.list_agents()

    assert [agent.agent_id for agent in agents.data] == [agent_id]
    assert len(agents.data[0].versions) == 7
    assert not agents.is_complete


def test_malformed_agent_is_left_out_and_counted(sandbox: Sandbox, diga_client: DigaClient) -> None:
    whole = diga_client.list_agents()
    sandbox.faults.add(Fault("missing_field", path="/v1/agent/"))

    agents = diga_client.list_agents()

    assert (len(whole.data), whole.malformed_count, whole.is_complete) == (7, 0, True)
    assert (len(agents.data), agents.malformed_count, agents.is_complete) == (6, 1, False)


@pytest.mark.parametrize(
    # The first request for agents is the one that is refused here.
    ("kind", "path", "times"),
    [("wrong_types", "/v1/agent/", 2), ("missing_field", "/v1/agent/{agent_id}/version", 1)],
    ids=["of the agents", "of an agent’s versions"],
)
def test_row_that_is_malformed_on_the_long_way_round_is_counted(
    sandbox: Sandbox, diga_client: DigaClient, kind: Any, path: str, times: int
) -> None:
    agent_id = next(iter(sandbox.projects["aurora"].agents))
    sandbox.switches.dropdown_refused = True
    sandbox.faults.add(Fault(kind, path=path.format(agent_id=agent_id), times=times))

    agents = diga_client.list_agents()

    assert (len(agents.data), agents.malformed_count, agents.is_complete) == (6, 1, False)


def test_calls_of_a_phone_leave_the_caller_out(sandbox: Sandbox, diga_client: DigaClient) -> None:
    phone_id = next(iter(sandbox.projects["aurora"].calls)).phone_id

    page = diga_client.list_calls(CallFilter(phone_id), limit=3)

    assert {call.phone_register_id for call in page.data} == {phone_id}
    assert "contact" not in page.data[0].model_dump()
    assert page.data[0].created_date.tzinfo is UTC


def test_calls_are_narrowed_and_walked_by_cursor(sandbox: Sandbox, diga_client: DigaClient) -> None:
    calls = list(sandbox.projects["aurora"].calls)[::-1]
    agent_id = next(call.agent_id for call in calls if call.agent_id)
    since = calls[len(calls) // 2].created_at
    expected = [
        call.id
        for call in calls
        if (call.agent_id, call.type, call.status) == (agent_id, "inbound", "completed") and call.created_at >= since
    ]

    wanted = CallFilter(agent_id=agent_id, type="inbound", status="completed", since=since)
    first = diga_client.list_calls(wanted, limit=3)
    rest = diga_client.list_calls(wanted, after=first.last_id, limit=1000)

    assert first.has_more
    assert [call.id for call in (*first.data, *rest.data)] == expected


def test_trunk_of_an_own_number_and_of_a_bought_one(sandbox: Sandbox, diga_client: DigaClient) -> None:
    own, bought = (
        next(phone for phone in sandbox.phones if phone.telephony_provider == kind) for kind in ("custom", "netelip")
    )

    trunk = diga_client.get_sip_config(own.id)

    assert trunk is not None
    assert (trunk.termination_uri, trunk.allowed_addresses) == ("pbx.example.es", ("192.0.2.0/24",))
    assert "username" not in trunk.model_dump()
    assert diga_client.get_sip_config(bought.id) is None


def test_subscription_has_the_minutes(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.switches.minutes_used_up = True

    plan = diga_client.get_subscription()

    assert (plan.included_minutes, plan.rollover_minutes_count, plan.minutes_count) == (3000, 200, 3200)
    assert not plan.usage_based_billing_enabled


# Agents from their own side.


def test_publishing_names_the_version_and_no_phone(sandbox: Sandbox, diga_client: DigaClient) -> None:
    dora = sandbox.projects["aurora"].agent("Dora")

    publication = diga_client.publish_version(dora.id, dora.version(2).id)

    assert (publication.agent_id, publication.published_version_id) == (dora.id, dora.version(2).id)
    assert [request.body for request in sandbox.journal] == [{"version_id": str(dora.version(2).id)}]


@pytest.mark.parametrize("body", [{"agent_id": NOWHERE}, {"published_version_id": NOWHERE}, []])
def test_answer_about_another_agent_is_no_answer(sandbox: Sandbox, diga_client: DigaClient, body: object) -> None:
    dora = sandbox.projects["aurora"].agent("Dora")
    sandbox.faults.add(Fault("status", status=200, body=body, method="PATCH"))

    with pytest.raises(DigaUnavailable) as lost:
        diga_client.publish_version(dora.id, dora.version(2).id)

    assert lost.value.sent


@pytest.mark.parametrize("kind", ["hang", "close", "status"])
def test_publishing_is_sent_once(sandbox: Sandbox, make_diga_client: MakeClient, kind: Any) -> None:
    dora = sandbox.projects["aurora"].agent("Dora")
    sandbox.faults.add(Fault(kind, seconds=0.5, times=None, when="after"))

    with pytest.raises(DigaUnavailable):
        make_diga_client(read_timeout=0.2).publish_version(dora.id, dora.version(2).id)

    assert len(sandbox.journal) == 1


def test_phones_of_an_agent_are_all_listed_once(sandbox: Sandbox, diga_client: DigaClient) -> None:
    sandbox.reset(phones=450)
    project = sandbox.projects["aurora"]
    alicia = project.agent("Alicia")
    expected = {phone.id for phone in project.phones_of(alicia.id)}
    assert len([phone for phone in project.phones if phone.inbound_agent_id == alicia.id]) > 100

    found = [phone.id for phone in diga_client.list_phones_of_agent(alicia.id).data]

    assert (set(found), len(found)) == (expected, len(expected))


@pytest.mark.parametrize(("page_limit", "is_cut"), [(1, True), (2, True), (9, False)])
def test_list_of_an_agent_s_phones_is_read_so_far_only(
    sandbox: Sandbox, diga_client: DigaClient, page_limit: int, is_cut: bool
) -> None:
    sandbox.reset(phones=1000)
    alicia = sandbox.projects["aurora"].agent("Alicia")

    found = diga_client.list_phones_of_agent(alicia.id, page_limit=page_limit)

    assert found.is_cut is is_cut
    assert len(sandbox.journal) <= 2 * page_limit
    assert is_cut or len(found.data) == len(sandbox.projects["aurora"].phones_of(alicia.id))


@pytest.mark.parametrize(("switch", "value"), [("after", "ignored"), ("has_more", "always"), ("has_more", "never")])
def test_list_of_an_agent_s_phones_that_lies_ends(
    sandbox: Sandbox, diga_client: DigaClient, switch: str, value: str
) -> None:
    setattr(sandbox.switches, switch, value)
    alicia = sandbox.projects["aurora"].agent("Alicia")

    assert diga_client.list_phones_of_agent(alicia.id).data
    assert len(sandbox.journal) <= 4
