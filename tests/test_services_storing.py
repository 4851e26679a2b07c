"""Copying Diga's answers: the newest answer wins, only what differs is written, and nothing is lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from phones import diga
from phones.diga import DigaClient
from phones.diga.sandbox import Sandbox
from phones.models import Agent, AgentVersion, Phone, Project
from phones.services.directory import directory_of
from phones.services.storing import (
    ForeignProject,
    Stored,
    store_agents,
    store_phone,
    store_phones,
)
from phones.services.upserting import COPIED

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def north(db: None) -> Project:
    """A project without a key: nothing here uses the network."""
    return Project.objects.create(name="North", slug="north")


@pytest.fixture
def south(db: None) -> Project:
    """Another one."""
    return Project.objects.create(name="South", slug="south")


def answer(number: int = 1, **values: Any) -> diga.Phone:
    """Return what Diga says about the phone with this id."""
    known = {"id": UUID(int=number), "number": f"+3495120180{number}", "telephony_provider": "netelip"}
    return diga.Phone.model_validate(known | {"status": "assigned", "nickname": "Recepción"} | values)


def listed(*agents: diga.Agent, malformed_count: int = 0, is_cut: bool = False) -> diga.AgentList:
    """Return what Diga says about its agents."""
    return diga.AgentList(agents, malformed_count, is_cut)


def agent(number: int = 1, *versions: diga.AgentVersion, name: str | None = "Alicia") -> diga.Agent:
    return diga.Agent(agent_id=UUID(int=number), name=name, versions=versions)


def version(number: int, *, is_published: bool = False, of: int = 1, name: str | None = None) -> diga.AgentVersion:
    return diga.AgentVersion(
        version_id=UUID(int=100 * of + number), version_number=number, version_name=name, is_published=is_published
    )


def row(number: int = 1) -> Phone:
    return Phone.objects.get(pk=UUID(int=number))


def writes(captured: CaptureQueriesContext) -> list[str]:
    """List the statements that change rows, in short."""
    verbs = ("INSERT", "UPDATE", "DELETE")
    # Many rows at once are captured as "2 times: INSERT …".
    statements = [query["sql"].rpartition(" times: ")[2] for query in captured]
    return [" ".join(sql.split()[:3]) for sql in statements if sql.startswith(verbs)]


# One phone.


def test_every_field_of_an_answer_is_copied(north: Project) -> None:
    full = answer(
        assigned_at="2026-01-02T03:04:05Z",
        scheduled_release_at="2026-12-01T00:00:00+01:00",
        released_at="2026-12-02T00:00:00Z",
        inbound_agent_id=str(UUID(int=8)),
        outbound_agent_id=str(UUID(int=9)),
        region_codes=["MA", "ML"],
        status="ported",
    )

    store_phones(north, [full], fetched_at=NOON)

    phone = row()
    assert {name: getattr(phone, name) for name in COPIED} == full.model_dump(exclude={"id"}) | {
        "region_codes": ["MA", "ML"]
    }
    assert (phone.shown, phone.digits, phone.search_text) == (
        "+34 951 20 18 01",
        "34951201801",
        "+34951201801 recepcion ",
    )
    assert (phone.fetched_at, phone.missing_since, phone.note) == (NOON, None, "")


def test_answer_about_one_phone_replaces_what_was_there(north: Project) -> None:
    store_phones(north, [answer(nickname="Old", inbound_agent_id=str(UUID(int=8)))], fetched_at=NOON)
    phone = row()

    store_phone(phone, answer(number=1, nickname="Ñandú"), fetched_at=NOON + MINUTE)

    for copy in (phone, row()):
        assert (copy.nickname, copy.inbound_agent_id) == ("Ñandú", None)
        assert copy.search_text == "+34951201801 nandu "
        assert copy.fetched_at == NOON + MINUTE


def test_answer_is_compared_with_the_row_and_not_with_an_old_object(north: Project) -> None:
    store_phones(north, [answer(nickname="Alfa")], fetched_at=NOON)
    loaded_early = row()
    store_phones(north, [answer(nickname="Beta")], fetched_at=NOON + MINUTE)

    store_phone(loaded_early, answer(nickname="Alfa"), fetched_at=NOON + 2 * MINUTE)

    assert (row().nickname, row().search_text) == ("Alfa", "+34951201801 alfa ")


def test_older_answer_about_one_phone_changes_nothing(north: Project) -> None:
    store_phones(north, [answer(nickname="Old")], fetched_at=NOON)
    asked_early = row()
    store_phone(row(), answer(nickname="New"), fetched_at=NOON + 2 * MINUTE)

    store_phone(asked_early, answer(nickname="Old"), fetched_at=NOON + MINUTE)

    assert (row().nickname, row().fetched_at) == ("New", NOON + 2 * MINUTE)
    assert (asked_early.nickname, asked_early.fetched_at) == ("New", NOON + 2 * MINUTE)


def test_note_of_ours_is_never_overwritten_and_stays_findable(north: Project) -> None:
    store_phones(north, [answer()], fetched_at=NOON)
    Phone.objects.update(note="Ask Núria first")

    store_phone(row(), answer(nickname="Other"), fetched_at=NOON + MINUTE)
    store_phones(north, [answer(nickname="Third")], fetched_at=NOON + 2 * MINUTE)

    assert (row().note, row().search_text) == ("Ask Núria first", "+34951201801 third ask nuria first")


@pytest.mark.parametrize("store", ["one", "page"])
def test_phone_that_is_back_is_missing_no_more(north: Project, store: str) -> None:
    store_phones(north, [answer()], fetched_at=NOON)
    Phone.objects.update(missing_since=NOON)

    if store == "one":
        store_phone(row(), answer(), fetched_at=NOON + MINUTE)
    else:
        store_phones(north, [answer()], fetched_at=NOON + MINUTE)

    assert row().missing_since is None


# A page of phones.


def test_only_rows_that_differ_are_written(north: Project) -> None:
    store_phones(north, [answer(number) for number in range(1, 8)], fetched_at=NOON)
    page = [answer(number, nickname="Renamed" if number == 3 else "Recepción") for number in range(1, 9)]

    with CaptureQueriesContext(connection) as captured:
        stored = store_phones(north, page, fetched_at=NOON + MINUTE)

    assert stored == Stored(new_count=1, differing_count=1, outside_count=1)
    assert writes(captured) == [
        'UPDATE "phones_phone" SET',
        'INSERT INTO "phones_phone"',
        'INSERT INTO "phones_phone"',
        'INSERT INTO "phones_change"',
        "INSERT OR IGNORE" if connection.vendor == "sqlite" else 'INSERT INTO "phones_chainhead"',
        'INSERT INTO "phones_changeseal"',
        'UPDATE "phones_chainhead" SET',
    ]
    assert set(Phone.objects.values_list("fetched_at", flat=True)) == {NOON + MINUTE}
    assert list(Phone.objects.filter(nickname="Renamed").values_list("pk", flat=True)) == [UUID(int=3)]


def test_same_page_again_writes_only_its_time(north: Project) -> None:
    page = [answer(number) for number in range(1, 8)]
    first = store_phones(north, page, fetched_at=NOON)

    with CaptureQueriesContext(connection) as captured:
        second = store_phones(north, page, fetched_at=NOON + MINUTE)

    assert (first, second) == (Stored(new_count=7), Stored())
    assert len(writes(captured)) == 1
    assert row().fetched_at == NOON + MINUTE


def test_row_that_was_read_later_than_the_page_is_left_alone(north: Project) -> None:
    store_phones(north, [answer(1), answer(2)], fetched_at=NOON)
    store_phone(row(1), answer(1, nickname="Saved meanwhile"), fetched_at=NOON + 2 * MINUTE)

    stored = store_phones(north, [answer(1), answer(2, nickname="Other")], fetched_at=NOON + MINUTE)

    assert stored == Stored(differing_count=1, outside_count=1)
    assert (row(1).nickname, row(1).fetched_at) == ("Saved meanwhile", NOON + 2 * MINUTE)
    assert (row(2).nickname, row(2).fetched_at) == ("Other", NOON + MINUTE)


def test_row_saved_before_the_page_was_asked_for_is_updated(north: Project) -> None:
    store_phones(north, [answer(nickname="Old")], fetched_at=NOON)

    store_phones(north, [answer(nickname="Same moment")], fetched_at=NOON)

    assert row().nickname == "Same moment"


def test_phone_that_this_pass_has_shown_before_is_left_to_the_next(north: Project) -> None:
    store_phones(north, [answer(nickname="Old")], fetched_at=NOON)
    began = NOON + MINUTE
    store_phones(north, [answer(nickname="New")], fetched_at=began + MINUTE, since=began)

    # Asked for later, but answered earlier.
    stored = store_phones(north, [answer(nickname="Old")], fetched_at=began + 2 * MINUTE, since=began)

    assert stored == Stored()
    assert (row().nickname, row().fetched_at) == ("New", began + MINUTE)


def test_same_phone_twice_on_a_page_is_one_row(north: Project) -> None:
    first = store_phones(north, [answer(nickname="A"), answer(nickname="B")], fetched_at=NOON)
    store_phones(north, [answer(nickname="C"), answer(nickname="D")], fetched_at=NOON + MINUTE)

    assert first == Stored(new_count=1)
    assert [phone.nickname for phone in Phone.objects.all()] == ["D"]


def test_rows_that_differ_are_locked_where_the_database_can(north: Project) -> None:
    store_phones(north, [answer()], fetched_at=NOON)

    with CaptureQueriesContext(connection) as captured:
        store_phones(north, [answer(nickname="Other")], fetched_at=NOON + MINUTE)

    is_locked = any("FOR UPDATE" in query["sql"] for query in captured)
    assert is_locked == connection.features.has_select_for_update


def test_phone_of_another_project_is_refused_and_the_page_with_it(north: Project, south: Project) -> None:
    store_phones(north, [answer(1)], fetched_at=NOON)

    with pytest.raises(ForeignProject):
        store_phones(south, [answer(2), answer(1, nickname="Taken")], fetched_at=NOON + MINUTE)

    assert [(phone.project, phone.nickname) for phone in Phone.objects.all()] == [(north, "Recepción")]


def test_characters_that_postgresql_refuses_are_cleaned_before(
    sandbox: Sandbox, diga_client: DigaClient, north: Project
) -> None:
    spoilt = list(sandbox.phones)[-1]
    spoilt.nickname = "Nul \x00, half \ud83d, whole \U0001f600"

    store_phones(north, diga_client.list_phones(limit=1).data, fetched_at=NOON)

    assert Phone.objects.get(pk=spoilt.id).nickname == "Nul , half \ufffd, whole \U0001f600"


# Agents.


def test_agents_are_copied_with_their_versions(north: Project) -> None:
    store_agents(
        north, listed(agent(1, version(5, is_published=True, name="Summer"), version(4)), agent(2)), asked_at=NOON
    )

    alicia = Agent.objects.get(pk=UUID(int=1))
    assert (alicia.project, alicia.name, alicia.is_listed) == (north, "Alicia", True)
    assert list(alicia.versions.order_by("number").values_list("number", "name", "is_published", "is_draft")) == [
        (4, None, False, False),
        (5, "Summer", True, False),
    ]
    assert (north.agents_changed_at, north.agent_count) == (NOON, 2)


def test_agent_that_is_listed_no_more_keeps_its_name_and_loses_its_versions(north: Project) -> None:
    store_agents(north, listed(agent(1, version(5)), agent(2, version(1, of=2), name="Bruno")), asked_at=NOON)

    store_agents(north, listed(agent(2, version(1, of=2), name="Bruno")), asked_at=NOON + MINUTE)

    alicia = Agent.objects.get(pk=UUID(int=1))
    assert (alicia.name, alicia.is_listed, alicia.versions.count()) == ("Alicia", False, 0)
    assert [entry.name for entry in directory_of(north).offered] == ["Bruno"]
    assert (north.agent_count, north.agents_changed_at) == (1, NOON + MINUTE)


@pytest.mark.parametrize("gap", [{"malformed_count": 1}, {"is_cut": True}], ids=["malformed", "cut"])
def test_agent_that_could_not_be_read_stays_as_it_is(north: Project, gap: dict[str, Any]) -> None:
    store_agents(north, listed(agent(1, version(5, is_published=True)), agent(2, version(1, of=2))), asked_at=NOON)

    store_agents(north, listed(agent(2, version(2, of=2), name="Bruno"), **gap), asked_at=NOON + MINUTE)

    assert {entry.name: [offered.number for offered in entry.offered] for entry in directory_of(north).offered} == {
        "Alicia": [5],
        "Bruno": [2],
    }
    assert (north.agent_count, north.agents_read_at) == (2, NOON + MINUTE)


def test_agent_that_could_not_be_read_and_is_gone_then_loses_its_versions(north: Project) -> None:
    store_agents(north, listed(agent(1, version(5))), asked_at=NOON)
    store_agents(north, listed(malformed_count=1), asked_at=NOON + MINUTE)

    store_agents(north, listed(), asked_at=NOON + 2 * MINUTE)

    assert directory_of(north).offered == ()
    assert (AgentVersion.objects.count(), north.agent_count) == (0, 0)


def test_agent_that_is_back_is_offered_again(north: Project) -> None:
    store_agents(north, listed(agent(1, version(5))), asked_at=NOON)
    store_agents(north, listed(), asked_at=NOON + MINUTE)

    store_agents(north, listed(agent(1, version(5))), asked_at=NOON + 2 * MINUTE)

    assert [entry.name for entry in directory_of(north).offered] == ["Alicia"]


BEFORE = [agent(1, version(5, is_published=True), version(4))]
DIFFERENCES: dict[str, Callable[[], list[diga.Agent]]] = {
    "name": lambda: [agent(1, *BEFORE[0].versions, name="Alicia B")],
    "no name": lambda: [agent(1, *BEFORE[0].versions, name=None)],
    "published": lambda: [agent(1, version(5), version(4, is_published=True))],
    "new version": lambda: [agent(1, *BEFORE[0].versions, version(6))],
    "version gone": lambda: [agent(1, version(5, is_published=True))],
    "version renamed": lambda: [agent(1, version(5, is_published=True, name="Summer"), version(4))],
    "new agent": lambda: [*BEFORE, agent(2)],
    "agent gone": list,
}


@pytest.mark.parametrize("difference", DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_time_of_the_agents_moves_when_something_differs(
    north: Project, difference: Callable[[], list[diga.Agent]]
) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)

    store_agents(north, listed(*BEFORE), asked_at=NOON + MINUTE)
    at_rest = north.agents_changed_at
    store_agents(north, listed(*difference()), asked_at=NOON + 2 * MINUTE)

    north.refresh_from_db()
    assert (at_rest, north.agents_changed_at) == (NOON, NOON + 2 * MINUTE)


def test_agent_of_another_project_is_refused(north: Project, south: Project) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)

    with pytest.raises(ForeignProject):
        store_agents(south, listed(agent(2), agent(1, name="Taken")), asked_at=NOON + MINUTE)

    assert list(Agent.objects.values_list("project", "name")) == [(north.pk, "Alicia")]
    assert AgentVersion.objects.count() == 2


def test_version_listed_twice_is_one_row(north: Project) -> None:
    store_agents(north, listed(agent(1, version(5), version(5, is_published=True))), asked_at=NOON)

    assert [row.is_published for row in AgentVersion.objects.all()] == [True]


def test_list_that_was_overtaken_by_a_newer_one_is_left_alone(north: Project) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)
    asking = Project.objects.get(pk=north.pk)
    newer = listed(agent(1, version(5), version(4, is_published=True)))
    store_agents(north, newer, asked_at=NOON + 2 * MINUTE)

    store_agents(asking, listed(*BEFORE), asked_at=NOON + MINUTE)

    published = AgentVersion.objects.filter(is_published=True)
    assert [found.pk for found in published] == [version(4).version_id]
    asking.refresh_from_db()
    assert asking.agents_read_at == asking.agents_changed_at == NOON + 2 * MINUTE


def test_list_that_nothing_overtook_is_taken_whatever_the_clock_says(north: Project) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)
    newer = listed(agent(1, version(5), version(4, is_published=True)))

    store_agents(north, newer, asked_at=NOON - timedelta(seconds=5))

    assert [found.pk for found in AgentVersion.objects.filter(is_published=True)] == [version(4).version_id]
    assert north.agents_read_at == north.agents_changed_at == NOON + timedelta.resolution


def test_list_that_says_the_same_writes_no_agent(north: Project) -> None:
    store_agents(north, listed(*BEFORE), asked_at=NOON)

    with CaptureQueriesContext(connection) as captured:
        store_agents(north, listed(*BEFORE), asked_at=NOON + MINUTE)

    assert [sql for sql in writes(captured) if "phones_project" not in sql] == []
    assert (north.agents_read_at, north.agents_changed_at) == (NOON + MINUTE, NOON)


def test_agents_that_have_not_moved_keep_the_time_of_their_last_move(north: Project) -> None:
    """Copies in memory are kept by that time: an object older than its row must not set it back."""
    store_agents(north, listed(*BEFORE), asked_at=NOON)
    older = Project.objects.get(pk=north.pk)
    now_there = listed(agent(1, version(5), version(4, is_published=True)))
    store_agents(north, now_there, asked_at=NOON + MINUTE)

    store_agents(older, now_there, asked_at=NOON + 2 * MINUTE)

    north.refresh_from_db()
    assert (north.agents_read_at, north.agents_changed_at) == (NOON + 2 * MINUTE, NOON + MINUTE)
