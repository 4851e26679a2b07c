"""Copying Diga's answers: the newest answer wins, only what differs is written, and nothing is lost."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from phones import diga
from phones.diga import DigaClient
from phones.diga.sandbox import Sandbox
from phones.models import Change, Outcome, Phone, Project
from phones.services.projects.identity import ForeignProject
from phones.services.sync.bulk_rows import COPIED, INSERTED_ROWS
from phones.services.sync.store import Pass, Stored, store_pages, store_phone, store_phones
from tests.support.diga.said import answer, writes

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# PostgreSQL's index of trigrams follows by itself.
INDEXED = (
    ["INSERT OR IGNORE", "INSERT INTO phones_searchkey", "INSERT OR REPLACE"] if connection.vendor == "sqlite" else []
)


@pytest.fixture
def north(db: None) -> Project:
    """A project without a key: nothing here uses the network."""
    return Project.objects.create(name="North", slug="north")


@pytest.fixture
def south(db: None) -> Project:
    """Another one."""
    return Project.objects.create(name="South", slug="south")


def store_listed(project: Project, records: list[diga.Phone], asked_at: datetime, *, whole: Pass) -> None:
    """Store a page of a pass."""
    list(store_pages(project, [diga.WalkedPage(tuple(records), 0, asked_at)], whole=whole))


def row(number: int = 1) -> Phone:
    return Phone.objects.get(pk=UUID(int=number))


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

    assert stored == Stored(row_count=8, new_count=1, differing_count=1, outside_count=1)
    assert writes(captured) == [
        "INSERT INTO phones_phone",
        *INDEXED,
        # The new one's first state is sealed with it.
        'INSERT INTO "phones_changeseal"',
        'UPDATE "phones_chainhead" SET',
        'UPDATE "phones_phone" SET',
        "INSERT INTO phones_phone",
        *INDEXED,
        'INSERT INTO "phones_change"',
        'INSERT INTO "phones_changeseal"',
        'UPDATE "phones_chainhead" SET',
    ]
    assert set(Phone.objects.values_list("fetched_at", flat=True)) == {NOON + MINUTE}
    assert list(Phone.objects.filter(nickname="Renamed").values_list("pk", flat=True)) == [UUID(int=3)]


def test_same_page_again_writes_only_its_time_and_in_a_pass_nothing(north: Project) -> None:
    page = [answer(number) for number in range(1, 8)]
    first = store_phones(north, page, fetched_at=NOON)

    with CaptureQueriesContext(connection) as captured:
        second = store_phones(north, page, fetched_at=NOON + MINUTE)

    assert (first, second) == (Stored(row_count=7, new_count=7), Stored(row_count=7))
    assert len(writes(captured)) == 1
    assert row().fetched_at == NOON + MINUTE
    whole = Pass(NOON + 2 * MINUTE)
    with CaptureQueriesContext(connection) as captured:
        store_listed(north, page, NOON + 2 * MINUTE, whole=whole)
    assert writes(captured) == []
    assert whole.seen == {record.id for record in page}


@pytest.mark.parametrize("unlisted_since", [None, NOON])
def test_pass_has_read_every_row_that_it_lists(north: Project, *, unlisted_since: datetime | None) -> None:
    store_phones(north, [answer()], fetched_at=NOON)
    Phone.objects.update(unlisted_since=unlisted_since)
    north.confirmed_at = NOON + MINUTE
    north.save()

    assert row().read_at == (NOON if unlisted_since else NOON + MINUTE)
    # A later read of the phone alone.
    Phone.objects.update(fetched_at=NOON + 2 * MINUTE)
    assert row().read_at == NOON + 2 * MINUTE


def test_answer_from_before_the_pass_that_confirmed_the_row_changes_nothing(north: Project) -> None:
    store_phones(north, [answer(nickname="Now")], fetched_at=NOON)
    north.confirmed_at = NOON + 2 * MINUTE
    north.save()

    store_phones(north, [answer(nickname="Before")], fetched_at=NOON + MINUTE)

    assert row().nickname == "Now"


def test_row_that_was_read_later_than_the_page_is_left_alone(north: Project) -> None:
    store_phones(north, [answer(1), answer(2)], fetched_at=NOON)
    store_phone(row(1), answer(1, nickname="Saved meanwhile"), fetched_at=NOON + 2 * MINUTE)

    stored = store_phones(north, [answer(1), answer(2, nickname="Other")], fetched_at=NOON + MINUTE)

    assert stored == Stored(row_count=2, differing_count=1, outside_count=1)
    assert (row(1).nickname, row(1).fetched_at) == ("Saved meanwhile", NOON + 2 * MINUTE)
    assert (row(2).nickname, row(2).fetched_at) == ("Other", NOON + MINUTE)


def test_row_saved_before_the_page_was_asked_for_is_updated(north: Project) -> None:
    store_phones(north, [answer(nickname="Old")], fetched_at=NOON)

    store_phones(north, [answer(nickname="Same moment")], fetched_at=NOON)

    assert row().nickname == "Same moment"


def test_phone_that_this_pass_has_shown_before_is_left_to_the_next(north: Project) -> None:
    store_phones(north, [answer(1, nickname="Old"), answer(2)], fetched_at=NOON)
    whole = Pass(NOON + MINUTE)
    store_listed(north, [answer(1, nickname="New"), answer(2)], NOON + MINUTE, whole=whole)

    # Asked for later, but answered earlier.
    store_listed(north, [answer(1, nickname="Old"), answer(2, nickname="New")], NOON + 2 * MINUTE, whole=whole)

    assert whole.seen == {UUID(int=1), UUID(int=2)}
    assert (row(1).nickname, row(1).fetched_at) == ("New", NOON + MINUTE)
    assert (row(2).nickname, row(2).fetched_at) == ("Recepción", NOON)


def test_pass_has_seen_no_phone_with_a_write_under_way(north: Project) -> None:
    store_phones(north, [answer(1), answer(2)], fetched_at=NOON)
    Change.objects.create(
        project=north,
        phone=row(1),
        number="1",
        outcome=Outcome.PENDING,
        created_at=NOON,
        before={},
        after={"nickname": "Ours"},
    )
    whole = Pass(NOON + MINUTE)

    store_listed(north, [answer(1, nickname="Ours"), answer(2, nickname="New")], NOON + MINUTE, whole=whole)

    assert whole.seen == {UUID(int=2)}
    assert row(1).nickname == "Recepción"


def test_phone_on_two_pages_that_came_together_is_what_the_first_says(north: Project) -> None:
    store_phones(north, [answer(nickname="Old")], fetched_at=NOON)
    pages = [
        diga.WalkedPage((answer(nickname="Old"), answer(2, nickname="New")), 0, NOON + MINUTE),
        diga.WalkedPage((answer(nickname="Other"), answer(2, nickname="Newer")), 0, NOON + 2 * MINUTE),
    ]

    list(store_pages(north, pages, whole=Pass(NOON + MINUTE)))

    assert [(row(number).nickname, row(number).fetched_at) for number in (1, 2)] == [
        ("Old", NOON),
        ("New", NOON + MINUTE),
    ]


def test_phone_that_was_stored_since_the_comparison_is_left_alone(
    north: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(INSERTED_ROWS, connection.vendor, 100)
    many = [answer(number) for number in range(1, 102)]
    storing = store_pages(north, [diga.WalkedPage(tuple(many), 0, NOON + MINUTE)])
    # By number, so the 99th comes last.
    next(storing)
    store_phones(north, [answer(99, nickname="Meanwhile")], fetched_at=NOON)

    list(storing)

    assert (row(99).nickname, row(99).fetched_at) == ("Meanwhile", NOON)


def test_same_phone_twice_on_a_page_is_one_row(north: Project) -> None:
    first = store_phones(north, [answer(nickname="A"), answer(nickname="B")], fetched_at=NOON)
    store_phones(north, [answer(nickname="C"), answer(nickname="D")], fetched_at=NOON + MINUTE)

    assert first == Stored(row_count=1, new_count=1)
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
