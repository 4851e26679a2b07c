"""Search by the trigram index: it finds what a plain look at every text would, however the rows came and changed."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.rig.findable import assert_phones_are_findable
from phones.models import Agent, Phone, Project
from phones.services.finding import search as finding_search
from phones.services.finding.phone_list import Criteria, matching, phone_page
from phones.services.finding.search import words_of
from phones.services.finding.sqlite_search import index_phones
from phones.services.number_reader.queries import spelled_digits
from phones.services.phone_numbers import folded
from phones.services.routing.catalogue import Catalogue, catalogue_of, forget_catalogues
from tests.support.database.north import NOON, RECEPTION, add_phone, catalogue, north
from tests.support.database.rows import delete_phones, made_up, store_rows
from tests.support.files.spellings import WHOLE

__all__ = ["catalogue", "north"]

TEXTS = st.text(st.sampled_from("abcñÁ é%_\\\"'()*-+0195😀ß"), min_size=1, max_size=7)


def found(project: Project, catalogue: Catalogue, query: str) -> set[UUID]:
    """Return what a search finds, page and plain query alike."""
    page = phone_page(project, Criteria(q=query), catalogue, NOON)
    ids = {phone.pk for phone in page.phones}
    assert ids == set(matching(project, Criteria(q=query), catalogue, NOON).values_list("pk", flat=True))
    assert page.total == len(ids)
    return ids


def naive(project: Project, query: str) -> set[UUID]:
    """Return what a look at every text finds."""
    text, spelled = folded(query.strip()), spelled_digits(query)
    words = (text,) if spelled else words_of(text)
    return {
        phone.pk
        for phone in Phone.objects.filter(project=project)
        if all(word in phone.search_text for word in words) or any(digits in phone.search_text for digits in spelled)
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alicia recepcion", ("alicia", "recepcion")),
        ("alicia · recepcion", ("alicia", "recepcion")),
        ("dr.perez, (bilbao)", (" dr", "perez", "bilbao")),
        ("“optica”", ("optica",)),
        ("centralita@pbx.example.es", ("centralita@pbx.example.es",)),
        ("24 h", ("24 h",)),
        ("optica 24 h bilbao", ("optica", "24 h", "bilbao")),
        ("linea b", ("linea b",)),
        ("b linea", ("b linea",)),
        ("alicia · r", ("alicia · r",)),
        ("100% _real_", ("100%", "_real_")),
        ("· …", ("…",)),
        ("a a b", ("a a b",)),
        ("ab ab cd", (" ab", " cd")),
        ("ab.", (" ab",)),
        ("a.", ("a",)),
        ("recepcion ma", ("recepcion", " ma")),
        (".", (".",)),
    ],
)
def test_words_are_what_stands_between_marks(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize("few", [0, 4000])
@pytest.mark.parametrize(
    "query", ["bilbao optica", "OPTICA, Bilbao.", "ópt bil", "bilbao · óptica", "944 bilbao", "óptica 24 h bilbao"]
)
def test_words_may_come_in_any_order(
    north: Project, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, few: int, query: str
) -> None:
    monkeypatch.setattr(finding_search, "FEW", few)
    wanted = add_phone(north, "+34944241073", "Óptica Bilbao 24 h")
    add_phone(north, "+34944241074", "Óptica Getxo 24 h")
    add_phone(north, "+34951241075", "Bilbao")

    assert found(north, catalogue, query) == {wanted.pk}


@pytest.mark.parametrize("query", ["recepcion alicia", "alicia · recepcion", "Alicia, recepción"])
def test_names_of_agents_are_found_by_words_in_any_order(north: Project, catalogue: Catalogue, query: str) -> None:
    phone = add_phone(north, "+34951000003", inbound_agent_id=RECEPTION)

    assert found(north, catalogue, query) == {phone.pk}


@pytest.mark.parametrize(
    "query",
    [
        *WHOLE,
        "'+34951201802",
        "tel:+34-951-20-18-02",
        "+34 (0)951 20 18 02",
        "sip:951201802@203.0.113.10;user=phone",
        "PJSIP/951201802-0000001a",
        "9.51201802E8",
        "1) 951 20 18 02",
        "…1802",
        "0951201802",
    ],
)
def test_what_the_finder_reads_the_search_reads(north: Project, catalogue: Catalogue, query: str) -> None:
    phone = add_phone(north, "+34951201802", "wanted")
    add_phone(north, "+34951201803", "neighbour")

    assert found(north, catalogue, query) == {phone.pk}


@pytest.mark.parametrize("few", [0, 4000])
def test_text_that_names_numbers_finds_them(
    north: Project, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(finding_search, "FEW", few)
    one, two, other = (add_phone(north, f"+3495120180{last}", f"Line {last}") for last in (2, 3, 4))

    for query in ("951201802, 951 20 18 03", f"{'Llamadas perdidas ' * 9} al 951201802 y +34951201803, 600123456"):
        assert found(north, catalogue, query) == {one.pk, two.pk}
    assert found(north, catalogue, "600123456 y 600123457") == set()
    assert found(north, catalogue, "line 4 951201802") == {one.pk}
    assert other.nickname == "Line 4"


@pytest.mark.parametrize("few", [0, 1, 4000])
@given(names=st.lists(TEXTS, max_size=8), query=TEXTS.filter(str.strip))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_search_finds_what_a_look_at_every_text_finds(
    north: Project, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, few: int, names: list[str], query: str
) -> None:
    monkeypatch.setattr(finding_search, "FEW", few)
    delete_phones()
    for index, name in enumerate(names):
        add_phone(north, f"+3495120{index:04d}", name)

    assert found(north, catalogue, query) == naive(north, query)


def test_index_follows_rows_that_are_written_again_or_gone(north: Project, catalogue: Catalogue) -> None:
    phone, other = add_phone(north, "+34951201802", "Recepción"), add_phone(north, "+34951201803", "Recepción")
    phone.nickname, other.number = "Ventas", "+34951201804"
    store_rows(map(made_up, (phone, other)))

    assert_phones_are_findable()
    assert found(north, catalogue, "ventas") == {phone.pk}
    assert found(north, catalogue, "recepcion") == {other.pk}
    assert found(north, catalogue, "1803") == set()

    Phone.objects.filter(pk=phone.pk).delete()

    assert found(north, catalogue, "95120") == {other.pk}
    store_rows([phone])
    assert found(north, catalogue, "95120") == {phone.pk, other.pk}
    assert_phones_are_findable()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's index follows by itself.")
def test_text_that_is_indexed_already_is_not_written_again(north: Project) -> None:
    ids = [add_phone(north, f"+3495120{index:04d}", "Recepción").pk.hex for index in range(3)]

    index_phones(north.pk.hex, ids)
    before = rows_written()
    index_phones(north.pk.hex, ids)
    none = rows_written() - before
    Phone.objects.filter(pk=ids[1]).update(search_text="another")
    before = rows_written()
    index_phones(north.pk.hex, ids)
    one = rows_written() - before

    assert (none, one > 0) == (0, True)


def rows_written() -> int:
    """Return how many rows this connection has written, those of the index's own tables with them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT total_changes()")
        return int(cursor.fetchone()[0])


def test_phone_of_another_project_is_not_indexed_anew(north: Project, catalogue: Catalogue) -> None:
    south = Project.objects.create(name="South", slug="south")
    theirs = add_phone(south, "+34951201803", "Recepción")

    index_phones(north.pk.hex, [theirs.pk.hex])

    assert found(north, catalogue, "recepcion") == set()
    assert_phones_are_findable()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's index has no rows of its own.")
def test_index_survives_a_vacuum_that_gives_rows_new_places(
    transactional_db: None,
) -> None:
    project = Project.objects.create(name="North", slug="north", agents_changed_at=NOON)
    phones = [add_phone(project, f"+3495120{index:04d}", f"Line {index}x") for index in range(9)]
    Phone.objects.filter(pk__in=[phone.pk for phone in phones[:5]]).delete()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")

    assert found(project, catalogue_of(project), "line 7x") == {phones[7].pk}


def test_search_stays_inside_its_project(north: Project, catalogue: Catalogue) -> None:
    south = Project.objects.create(name="South", slug="south")
    mine, theirs = add_phone(north, "+34951201802", "Recepción"), add_phone(south, "+34951201803", "Recepción")

    assert found(north, catalogue, "recepcion") == {mine.pk}
    assert found(south, catalogue_of(south), "recepcion") == {theirs.pk}


@pytest.mark.parametrize("few", [0, 4000])
def test_search_for_an_agent_finds_its_lanes_and_the_text(
    north: Project, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(finding_search, "FEW", few)
    answered = add_phone(north, "+34951201802", inbound_agent_id=RECEPTION)
    dialled = add_phone(north, "+34951201803", outbound_agent_id=RECEPTION)
    named = add_phone(north, "+34951201804", "Alicia", inbound_agent_id=RECEPTION)
    add_phone(north, "+34951201805", "Other")

    assert found(north, catalogue, "ALICIA") == {answered.pk, dialled.pk, named.pk}


def test_digits_match_the_names_of_agents_too(north: Project) -> None:
    agent = Agent.objects.create(pk=UUID(int=77), project=north, name="Turno 24")
    forget_catalogues()
    phone = add_phone(north, "+34951000003", inbound_agent_id=agent.pk)

    assert found(north, catalogue_of(north), "24") == {phone.pk}


@pytest.mark.parametrize("few", [0, 3, 4000])
def test_pages_of_a_search_are_the_same_by_either_way(
    north: Project, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(finding_search, "FEW", few)
    phones = [add_phone(north, f"+3495120{index:04d}", f"Line {index % 7}") for index in range(60)]
    criteria = Criteria(q="line", size="25", sort="-nickname")
    expected = sorted(phones, key=lambda phone: (phone.nickname or "", phone.number), reverse=True)

    first = phone_page(north, criteria, catalogue, NOON)
    second = phone_page(north, Criteria(q="line", size="25", sort="-nickname", after=first.after), catalogue, NOON)
    last = phone_page(north, Criteria(q="line", size="25", sort="-nickname", before="end"), catalogue, NOON)

    assert [phone.pk for phone in (*first.phones, *second.phones)] == [phone.pk for phone in expected[:50]]
    assert [phone.pk for phone in last.phones] == [phone.pk for phone in expected[-25:]]
    assert {first.total, second.total, last.total} == {60}


def plan_of(project: Project, catalogue: Catalogue, criteria: Criteria) -> str:
    """Return how SQLite reads a page."""
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        phone_page(project, criteria, catalogue, datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {captured[-1]['sql']}")
        return "\n".join(row[-1] for row in cursor.fetchall())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what its table holds.")
@pytest.mark.parametrize(
    ("criteria", "index"),
    [
        (Criteria(q="95120"), "phones_search VIRTUAL TABLE INDEX"),
        (Criteria(q="bilbao optica"), "phones_search VIRTUAL TABLE INDEX"),
        (Criteria(q="24 optica bi"), "phones_search VIRTUAL TABLE INDEX"),
        (Criteria(sort="nickname", before="end"), "phone_order_nickname"),
        (Criteria(sort="-inbound"), "phone_order_inbound"),
        (Criteria(sort="assigned"), "phone_order_assigned"),
        (Criteria(status="assigned"), "COVERING INDEX phone_health"),
        (Criteria(status="assigned", inbound=str(RECEPTION)), "phone_by_inbound"),
        (Criteria(status="missing"), "phone_missing"),
    ],
)
def test_pages_are_read_by_an_index(north: Project, catalogue: Catalogue, criteria: Criteria, index: str) -> None:
    add_phone(north, "+34951201802", inbound_agent_id=RECEPTION)

    plan = plan_of(north, catalogue, criteria)

    assert index in plan
    assert "SCAN phones_phone" not in plan
