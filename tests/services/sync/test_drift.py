"""The drift ledger: one entry for each change made outside, none for ours, whatever became of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from phones import diga
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, LaneSnapshot, Outcome, Phone, Project, Source
from phones.services.routing.edits import PhoneEdit
from phones.services.sync.merge import Answer
from phones.services.sync.passes import claim_sync, run_sync, sync_project
from phones.services.sync.refresh import refresh_phone
from phones.services.sync.store import store_answers, store_phone, store_phones
from phones.services.sync.store_agents import store_agents
from tests.support.desk.saving import before_answering, forget_waiting, held, reading_back_fails, save, stored, target

NOON = datetime(2030, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALICIA, BRUNO, NOBODY = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def north(db: None) -> Project:
    """A project with two agents and no key; Alicia has version 5 published, Bruno none."""
    project = Project.objects.create(name="North", slug="north")
    version = diga.AgentVersion(version_id=UUID(int=105), version_number=5, is_published=True)
    agents = [
        diga.Agent(agent_id=ALICIA, name="Alicia", versions=(version,)),
        diga.Agent(agent_id=BRUNO, name="Bruno", versions=()),
    ]
    store_agents(project, diga.AgentList(tuple(agents)), asked_at=NOON)
    return project


def answer(**values: Any) -> diga.Phone:
    """Return what Diga says about the one phone of `north`."""
    known = {"id": UUID(int=9), "number": "+34951201801", "telephony_provider": "netelip", "status": "assigned"}
    return diga.Phone.model_validate(known | {"nickname": "Front desk", "inbound_agent_id": str(ALICIA)} | values)


def phone() -> Phone:
    return Phone.objects.get(pk=UUID(int=9))


def lane(agent_id: UUID, name: str | None, version: int | None = None) -> LaneSnapshot:
    """Return a lane as the diary keeps it."""
    return LaneSnapshot(agent_id, name, UUID(int=100 + version) if version else None, version)


Store = Callable[[Project, diga.Phone, datetime], None]


def by_page(project: Project, record: diga.Phone, asked_at: datetime) -> None:
    store_phones(project, [record], fetched_at=asked_at)


def by_itself(project: Project, record: diga.Phone, asked_at: datetime) -> None:
    store_phone(phone(), record, fetched_at=asked_at)


both_ways = pytest.mark.parametrize("store", [by_page, by_itself])


def outside() -> list[Change]:
    return list(Change.objects.filter(source=Source.OUTSIDE).order_by("pk"))


# What others did.


def test_first_sight_is_entry_zero_and_no_change(north: Project) -> None:
    by_page(north, answer(outbound_agent_id=str(NOBODY), status="reserved"), NOON)

    assert phone().first_seen_at == NOON
    assert phone().first_seen == {
        "nickname": "Front desk",
        "inbound": lane(ALICIA, "Alicia", 5),
        "outbound": lane(NOBODY, None),
        "status": "reserved",
    }
    assert outside() == []


DIFFERENCES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "nickname": ({"nickname": "Back door"}, {"nickname": "Front desk"}, {"nickname": "Back door"}),
    "no alias": ({"nickname": None}, {"nickname": "Front desk"}, {"nickname": ""}),
    "inbound": (
        {"inbound_agent_id": str(BRUNO)},
        {"inbound": lane(ALICIA, "Alicia", 5)},
        {"inbound": lane(BRUNO, "Bruno")},
    ),
    "no inbound": ({"inbound_agent_id": None}, {"inbound": lane(ALICIA, "Alicia", 5)}, {"inbound": None}),
    "outbound": ({"outbound_agent_id": str(ALICIA)}, {"outbound": None}, {"outbound": lane(ALICIA, "Alicia", 5)}),
    "status": ({"status": "ported"}, {"status": "assigned"}, {"status": "ported"}),
    "several": (
        {"status": "released", "nickname": "Old", "inbound_agent_id": None},
        {"status": "assigned", "nickname": "Front desk", "inbound": lane(ALICIA, "Alicia", 5)},
        {"status": "released", "nickname": "Old", "inbound": None},
    ),
}


@both_ways
@pytest.mark.parametrize(("news", "before", "after"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_difference_becomes_one_entry_with_its_window(
    north: Project, store: Store, news: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    by_page(north, answer(), NOON - MINUTE)
    by_page(north, answer(), NOON)

    store(north, answer(**news), NOON + MINUTE)
    store(north, answer(**news), NOON + 2 * MINUTE)

    [change] = outside()
    assert (change.before, change.after) == (before, after)
    assert (change.seen_from, change.created_at, change.settled_at) == (NOON, NOON + MINUTE, NOON + MINUTE)
    assert (change.outcome, change.phone, change.project) == (Outcome.OBSERVED, phone(), north)
    assert (change.number, change.actor, change.actor_name) == ("+34 951 20 18 01", None, "")
    assert phone().first_seen_at == NOON - MINUTE


@both_ways
@pytest.mark.parametrize("news", [{"nickname": ""}, {"region_codes": ["MA"]}, {"assigned_at": "2026-01-02T03:04:05Z"}])
def test_what_the_ledger_does_not_keep_makes_no_entry(north: Project, store: Store, news: dict[str, Any]) -> None:
    by_page(north, answer(nickname=None), NOON)

    store(north, answer(**{"nickname": None} | news), NOON + MINUTE)

    assert outside() == []
    assert phone().fetched_at == NOON + MINUTE


@pytest.mark.parametrize("is_page", [True, False])
def test_older_answer_makes_no_entry(north: Project, is_page: bool) -> None:
    by_page(north, answer(nickname="New"), NOON - 2 * MINUTE)
    asking = phone()
    by_page(north, answer(nickname="New"), NOON)

    older = answer(nickname="Old")
    if is_page:
        by_page(north, older, NOON - MINUTE)
    else:
        store_phone(asking, older, fetched_at=NOON - MINUTE)

    assert (outside(), phone().nickname, phone().fetched_at) == ([], "New", NOON)


def test_answer_that_nothing_overtook_is_taken_whatever_the_clock_says(north: Project) -> None:
    by_page(north, answer(), NOON)

    by_itself(north, answer(nickname="New"), NOON - timedelta(seconds=5))

    assert (phone().nickname, phone().fetched_at) == ("New", NOON)
    assert [change.after for change in outside()] == [{"nickname": "New"}]


@both_ways
def test_phone_that_is_back_makes_no_entry(north: Project, store: Store) -> None:
    by_page(north, answer(), NOON)
    Phone.objects.update(missing_since=NOON)

    store(north, answer(), NOON + MINUTE)

    assert (outside(), phone().missing_since) == ([], None)


# What is ours, at the level of rows.


def ours(outcome: Outcome, **after: Any) -> Change:
    row = phone()
    return Change.objects.create(
        project=row.project, phone=row, source=Source.FORM, outcome=outcome, after=after, created_at=NOON
    )


def test_answer_to_our_own_write_makes_no_entry_but_for_other_fields(north: Project) -> None:
    by_page(north, answer(), NOON)

    news = answer(nickname="Ours", status="released")
    store_answers(north, [Answer(phone(), news, NOON + MINUTE, set_by_us=("nickname",))])

    assert [change.after for change in outside()] == [{"status": "released"}]


@both_ways
def test_lost_write_explains_what_it_wanted_and_nothing_else(north: Project, store: Store) -> None:
    by_page(north, answer(), NOON)
    ours(Outcome.UNKNOWN, nickname="Ours", inbound=lane(BRUNO, "Bruno"), outbound=None)

    store(north, answer(nickname="Ours", inbound_agent_id=str(BRUNO)), NOON + MINUTE)
    assert outside() == []
    store(north, answer(nickname="Theirs", inbound_agent_id=str(BRUNO)), NOON + 2 * MINUTE)

    assert [change.after for change in outside()] == [{"nickname": "Theirs"}]


def test_page_leaves_a_phone_alone_while_a_write_to_it_is_under_way(north: Project) -> None:
    by_page(north, answer(), NOON)
    ours(Outcome.PENDING, nickname="Ours")

    by_page(north, answer(nickname="Ours, as Diga cut it", status="released"), NOON + MINUTE)

    assert (phone().nickname, phone().status, phone().fetched_at) == ("Front desk", "assigned", NOON)
    assert outside() == []


def test_read_while_a_write_is_under_way_tells_of_other_fields_only(north: Project) -> None:
    by_page(north, answer(), NOON)
    ours(Outcome.PENDING, nickname="Ours")

    by_itself(north, answer(nickname="Ours, as Diga cut it", status="released"), NOON + MINUTE)

    assert phone().nickname == "Ours, as Diga cut it"
    assert [change.after for change in outside()] == [{"status": "released"}]


@both_ways
@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.REFUSED])
def test_settled_change_explains_nothing(north: Project, store: Store, outcome: Outcome) -> None:
    by_page(north, answer(), NOON)
    ours(outcome, nickname="Again")

    store(north, answer(nickname="Again"), NOON + MINUTE)

    assert [change.after for change in outside()] == [{"nickname": "Again"}]


# The clocks of two machines may be a few seconds apart.


def saved_by_a_slow_clock(project: Project) -> datetime:
    """Note a change that a machine whose clock is 5 seconds behind has saved at noon, and return when that was."""
    by_page(project, answer(), NOON - 5 * MINUTE)
    behind = NOON - timedelta(seconds=5)
    Change.objects.create(
        project=project,
        phone=phone(),
        source=Source.FORM,
        outcome=Outcome.CONFIRMED,
        before={"nickname": "Front desk"},
        after={"nickname": "Ours"},
        created_at=behind,
        settled_at=behind,
    )
    store_answers(project, [Answer(phone(), answer(nickname="Ours"), behind, ("nickname",))])
    return behind


def test_page_that_may_be_older_than_our_write_takes_nothing_back(north: Project) -> None:
    behind = saved_by_a_slow_clock(north)

    by_page(north, answer(), NOON - timedelta(seconds=2))

    assert (outside(), phone().nickname, phone().fetched_at) == ([], "Ours", behind)


def test_answer_that_our_write_overtook_takes_nothing_back(north: Project) -> None:
    by_page(north, answer(), NOON - 5 * MINUTE)
    asking = phone()
    saved_by_a_slow_clock(north)

    store_phone(asking, answer(), fetched_at=NOON - timedelta(seconds=2))

    assert (outside(), phone().nickname, asking.nickname) == ([], "Ours", "Ours")


def test_third_value_beside_our_write_is_somebody_s(north: Project) -> None:
    saved_by_a_slow_clock(north)

    by_page(north, answer(nickname="Theirs"), NOON - timedelta(seconds=2))

    assert [change.after for change in outside()] == [{"nickname": "Theirs"}]


def test_old_value_that_somebody_set_again_is_found_by_asking_for_the_phone(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    before = sales_phone.nickname
    save(sales_phone, PhoneEdit(nickname="Ours"))
    held(sandbox, sales_phone).nickname = before

    run = sync_project(project=Project.objects.get(pk=aurora.pk), clock=timezone.now)

    [change] = outside()
    assert (run.state, change.after, stored(sales_phone).nickname) == ("COMPLETE", {"nickname": before}, before)


# The same through syncs, readings and saves (promise 6).


def test_remote_change_between_two_syncs_is_one_entry_between_them(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    first, second, third = NOON, NOON + 15 * MINUTE, NOON + 30 * MINUTE
    sync_project(project=aurora, clock=lambda: first)
    held(sandbox, sales_phone).nickname = "Renamed in the app of Diga"

    run = sync_project(project=aurora, clock=lambda: second)
    sync_project(project=aurora, clock=lambda: third)

    [change] = outside()
    assert (change.phone, change.seen_from, change.created_at) == (sales_phone, first, second)
    assert change.after == {"nickname": "Renamed in the app of Diga"}
    assert (run.outside_count, run.written_count, run.new_count) == (1, 1, 0)


def test_refresh_of_one_phone_tells_of_a_remote_change_and_the_next_sync_not_again(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    held(sandbox, sales_phone).nickname = "Renamed in Diga"

    refresh_phone(project=aurora, phone=sales_phone, clock=lambda: NOON)
    sync_project(project=aurora, clock=lambda: NOON + MINUTE)

    assert [(change.after, change.created_at) for change in outside()] == [({"nickname": "Renamed in Diga"}, NOON)]


def test_read_before_a_write_tells_of_a_remote_change_in_another_field(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    held(sandbox, sales_phone).outbound_agent_id = None

    saved = save(sales_phone, PhoneEdit(nickname="Ours"))

    assert saved.merged == ("outbound",)
    assert [list(change.after) for change in outside()] == [["outbound"]]


ENDINGS: dict[str, Fault | None] = {
    "answered": None,
    "closed after it was applied": Fault("close", method="PATCH", when="after"),
    "502 after it was applied": Fault("status", status=502, method="PATCH", when="after"),
    "closed before": Fault("close", method="PATCH"),
    "another value stored": Fault("stored_other", method="PATCH"),
    "another value stored, answer refused": Fault("status", status=422, method="PATCH", when="after"),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_own_write_is_no_drift_however_it_ends(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone, ending: Fault | None
) -> None:
    if ending:
        sandbox.faults.add(Fault(**{name: getattr(ending, name) for name in Fault.__dataclass_fields__}))

    save(sales_phone, PhoneEdit(nickname="Ours", inbound=target(aurora, "Carla", 4)))
    sync_project(project=aurora, clock=lambda: NOON)

    assert outside() == []
    assert stored(sales_phone).nickname == held(sandbox, sales_phone).nickname


def test_own_write_that_stays_unknown_is_no_drift_when_a_sync_shows_it(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    sandbox.faults.add(Fault("close", method="PATCH", when="after"))
    with reading_back_fails(sandbox):
        saved = save(sales_phone, PhoneEdit(nickname="Ours"))
    sandbox.faults.clear()

    run = sync_project(project=aurora, clock=lambda: NOON)

    assert saved.change.outcome == Outcome.UNKNOWN
    assert (outside(), run.outside_count) == ([], 0)
    assert stored(sales_phone).nickname == "Ours"


@pytest.mark.django_db(transaction=True)
def test_page_read_while_our_write_is_under_way_is_no_drift(
    sandbox: Sandbox, aurora: Project, sales_phone: Phone
) -> None:
    run = claim_sync(project=aurora, now=NOON)

    def sync() -> None:
        # Diga has the new nickname already, we have no answer yet.
        held(sandbox, sales_phone).nickname = "Ours"
        run_sync(run, clock=lambda: NOON + MINUTE)

    with before_answering(sandbox, "PATCH", sync):
        save(sales_phone, PhoneEdit(nickname="Ours"), clock=lambda: NOON)

    run.refresh_from_db()
    assert run.is_complete
    assert outside() == []
    assert stored(sales_phone).nickname == "Ours"
