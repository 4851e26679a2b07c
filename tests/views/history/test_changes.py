"""The diary of a project: its pages, one phone's part of it, and the permanent page of a change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from lxml.html import HtmlElement
from pytest_django import DjangoAssertNumQueries

from bench.rig.plans import make_plan
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, LaneSnapshot, Outcome, Phone, Project, Source
from phones.services.display_names import name_of
from phones.services.routing.edits import PhoneEdit
from phones.views.parts.changes import ChangeLine
from phones.views.parts.permalinks import change_url
from tests.support.database.history import THEN, add_changes
from tests.support.pages.pages import find, open_phone, read, texts, url_of, version_of, words

LIST = "/projects/aurora/changes/"
ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, viewer: User) -> Client:
    """The browser of somebody who may only look."""
    return client_of(viewer)


def _ids(tree: HtmlElement) -> list[int]:
    urls = tree.xpath(".//ol[contains(@class, 'line')]/li//div[contains(@class, 'hint')]/a[1]/@href")
    return [int(url.rstrip("/").rpartition("/")[2].partition("-")[0]) for url in urls]


def test_list_of_changes_starts_empty(client: Client) -> None:
    assert texts(read(client.get(LIST)), ".//main//h2") == ["Nothing was changed yet"]


def test_list_shows_who_what_and_how_it_ended(client: Client, sales_phone: Phone) -> None:
    (change,) = add_changes(sales_phone, 1, reason="Nuevo rótulo", ticket="SUP-7")

    (line,) = read(client.get(LIST)).xpath(".//ol[contains(@class, 'line')]/li")

    (moment,) = line.xpath(".//time")
    assert [words(part) for part in line.xpath("./div")] == [
        "+34 951 44 12 46",
        "Alias Old New",
        f"#{change.pk} · {words(moment)} · Lola Ruiz · form · SUP-7",
        "Diga confirmed at 03:00:00. “Nuevo rótulo”",
    ]
    assert moment.get("title") == "2026-03-29 01:59:58 CET"
    assert line.xpath(".//a[@class='phone']/@href") == [url_of("phone_edit", sales_phone)]


@pytest.mark.parametrize(
    ("now", "minutes", "said", "exact"),
    [
        ("2026-03-29T09:00+02:00", 30, "Today, between 01:29 and 01:59", "2026-03-29, between 01:29:58 and"),
        ("2026-04-02T09:00+02:00", 30, "29 Mar, between 01:29 and 01:59", "2026-03-29, between 01:29:58 and"),
        ("2026-03-29T09:00+02:00", 180, "Between 28 Mar and 29 Mar", "Between 2026-03-28 22:59:58 CET and"),
        ("2027-04-02T09:00+02:00", 180, "Between 28 Mar 2026 and 29 Mar 2026", "Between 2026-03-28 22:59:58 CET and"),
    ],
)
def test_change_outside_has_its_two_reads_short_and_exact(
    sales_phone: Phone, now: str, minutes: int, said: str, exact: str
) -> None:
    seen = {"source": Source.OUTSIDE, "outcome": Outcome.OBSERVED, "seen_from": THEN - timedelta(minutes=minutes)}
    (change,) = add_changes(sales_phone, 1, **seen)

    with time_machine.travel(datetime.fromisoformat(now), tick=False):
        line = ChangeLine.of(change, "aurora")

    assert line.short_window == said
    assert line.window.startswith(exact)


def test_list_is_newest_first_in_pages_of_fifty(client: Client, sales_phone: Phone) -> None:
    changes = add_changes(sales_phone, 101)
    newest_first = [change.pk for change in reversed(changes)]

    first = read(client.get(LIST))
    second = read(client.get(first.xpath(".//a[@rel='next']/@href")[0]))
    third = read(client.get(second.xpath(".//a[@rel='next']/@href")[0]))

    assert [_ids(first), _ids(second), _ids(third)] == [newest_first[:50], newest_first[50:100], newest_first[100:]]
    assert third.xpath(".//a[@rel='next']") == []


def test_change_that_was_undone_is_marked_with_what_took_it_back(client: Client, sales_phone: Phone) -> None:
    both = {"before": {"nickname": "A", "inbound": None}, "after": {"nickname": "B", "inbound": None}}
    undone, partly, kept = (add_changes(sales_phone, 1, **values)[0] for values in ({}, both, {}))
    back = {"before": {"nickname": "New"}, "after": {"nickname": "Old"}}
    add_changes(sales_phone, 1, reverts=kept, outcome="REFUSED", **back)
    second = add_changes(sales_phone, 1, reverts=partly, **back)[0]
    first = add_changes(sales_phone, 1, reverts=undone, **back)[0]

    marks = read(client.get(LIST)).xpath(".//li//div[contains(@class, 'state')]")

    assert [words(mark) for mark in marks] == [f"Undone in part #{second.pk}", f"Undone #{first.pk}"]
    assert marks[1].xpath("./a/@href") == [change_url(first, "aurora")]


def test_changes_of_a_plan_are_one_entry_on_any_page(client: Client, sales_phone: Phone, lead: User) -> None:
    plan = make_plan(lead, [sales_phone], PhoneEdit(nickname="Fair"))
    oldest = add_changes(sales_phone, 1)[0]
    add_changes(sales_phone, 120, plan=plan, source="PLAN")
    alone = add_changes(sales_phone, 49)
    newest = add_changes(sales_phone, 1, plan=plan, source="PLAN", outcome="REFUSED")[0]

    first = read(client.get(LIST))
    second = read(client.get(first.xpath(".//a[@rel='next']/@href")[0]))

    assert _ids(first) == [newest.pk, *(change.pk for change in reversed(alone))]
    assert _ids(second) == [oldest.pk]
    entry = first.xpath(".//ol[contains(@class, 'line')]/li")[0]
    assert words(entry.xpath("./div")[0]) == f"Plan {plan.pk} · 121 changes"
    assert "1 not confirmed by Diga" in words(entry)
    assert len(_ids(read(client.get(f"{LIST}?plan={plan.pk}")))) == 50


def test_who_sees_the_acts_is_named(client: Client, client_of: ClientOf, admin: User) -> None:
    sentence = "//main/p[contains(@class, 'hint')][1]"
    assert texts(read(client.get(LIST)), sentence)[0].endswith(f"are shown to administrators: {name_of(admin)}.")
    assert texts(read(client_of(admin).get(LIST)), sentence)[0].endswith("only administrators see the acts.")


def test_list_narrows_to_one_phone_on_every_page(client: Client, sales_phone: Phone, spare_phone: Phone) -> None:
    add_changes(spare_phone, 1)
    wanted = add_changes(sales_phone, 51)
    add_changes(spare_phone, 1)

    first = read(client.get(f"{LIST}?phone={sales_phone.pk}"))
    second = read(client.get(first.xpath(".//a[@rel='next']/@href")[0]))

    assert _ids(first) + _ids(second) == [change.pk for change in reversed(wanted)]
    assert texts(first, ".//span[contains(@class, 'cond')]") == ["+34 951 44 12 46"]
    assert first.xpath(".//span[contains(@class, 'cond')]/a/@href") == [LIST]


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=²", f"before={2**80}", "phone=x", "phone=%00"])
def test_list_ignores_what_it_cannot_read(client: Client, sales_phone: Phone, query: str) -> None:
    changes = add_changes(sales_phone, 2)

    response = client.get(f"{LIST}?{query}")

    assert _ids(read(response)) == [changes[1].pk, changes[0].pk]


def test_list_shows_nothing_of_another_project(client: Client, talleres: Project, sales_phone: Phone) -> None:
    foreign = Phone.objects.filter(project=talleres)[0]
    add_changes(foreign, 1)
    ours = add_changes(sales_phone, 1)

    assert _ids(read(client.get(LIST))) == [ours[0].pk]
    assert _ids(read(client.get(f"{LIST}?phone={foreign.pk}"))) == []


def test_queries_of_the_list_do_not_grow_with_it(
    client: Client, sales_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(LIST)

    # The session, the person, their projects, the changes, what took them back, the people in them, how many need a
    # look, when it was verified, who sees the acts.
    add_changes(sales_phone, 1)
    with django_assert_num_queries(10):
        assert len(_ids(read(client.get(LIST)))) == 1
    add_changes(sales_phone, 29)
    with django_assert_num_queries(10):
        assert len(_ids(read(client.get(LIST)))) == 30


def test_queries_of_a_change_are_few(
    client: Client, sales_phone: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    (change,) = add_changes(sales_phone, 1)
    client.get(LIST)

    # The session, the person, their projects, the change with its phone, what took it back, what came late.
    with django_assert_num_queries(7):
        client.get(change_url(change, "aurora"))


def _facts(tree: HtmlElement) -> dict[str, str]:
    main = find(tree, "main")
    return dict(zip(texts(main, ".//dt"), texts(main, ".//dd"), strict=True))


def test_change_tells_all_it_knows(client: Client, sales_phone: Phone) -> None:
    lane = LaneSnapshot(sales_phone.pk, "Bruno de antes", None, 2)
    (change,) = add_changes(
        sales_phone,
        1,
        before={"inbound": lane, "outbound": None},
        after={"inbound": None, "outbound": replace(lane, agent_name=None, version_number=None)},
        reason="Obras",
        ticket="SUP-8",
    )

    tree = read(client.get(f"{LIST}{change.pk}/"))

    assert words(tree.find(".//h1")) == f"Change #{change.pk}"
    assert texts(tree, ".//header//span[contains(@class, 'state')]") == ["Confirmed by Diga"]
    assert texts(find(tree, "main"), ".//div[@class='arrow']") == [
        "Inbound agent Bruno de antesv2 No agent",
        "Outbound agent No agent Unknown agent",
    ]
    assert _facts(tree) == {
        "Result": "Saved. Diga confirmed at 03:00:00.",
        "When": "2026-03-29 01:59:58 CET",
        "Who": "Lola Ruiz · form",
        "Reason": "Obras",
        "Ticket": "SUP-8",
    }


@pytest.mark.parametrize(
    ("outcome", "values", "result"),
    [
        (
            Outcome.PENDING,
            {},
            "Being sent. It was sent; whether Diga has applied it is not known yet. This page goes on by itself.",
        ),
        (
            Outcome.REFUSED,
            {"cause": "rejected", "http_status": 409, "message": "No, gracias"},
            "Diga refused, nothing was changed. It was sent and not saved."
            " Diga did not accept these values. Correct them, then save again.",
        ),
        (
            Outcome.FAILED,
            {"cause": "refused"},
            "Not saved, nothing was changed. It did not reach Diga. Diga could not be reached: the connection"
            " was refused. Try again in a minute.",
        ),
        (
            Outcome.UNKNOWN,
            {"cause": "timeout", "next_look_at": THEN},
            "We don’t know whether Diga applied it. It was sent, the answer was lost, and reading the number again did"
            " not tell. Diga did not answer in time. Check the number again before you save once more. We look again by"
            " ourselves.",
        ),
    ],
)
def test_change_that_did_not_go_well_says_so(
    client: Client, sales_phone: Phone, outcome: Outcome, values: dict[str, object], result: str
) -> None:
    (change,) = add_changes(sales_phone, 1, outcome=outcome, settled_at=None, **values)

    facts = _facts(read(client.get(f"{LIST}{change.pk}/")))

    assert facts["Result"] == result
    assert facts.get("Diga says") == values.get("message")


def test_change_keeps_the_names_of_its_time(
    client_of: ClientOf, router: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    client = client_of(router)
    version = str(version_of(sandbox, "Carla", 4))

    open_phone(client, spare_phone).send(inbound_version_id=version)
    change = Change.objects.get(source=Source.FORM)
    Phone.objects.filter(pk=spare_phone.pk).update(shown="+34 000")
    spare_phone.project.agents.update(name="Somebody else")

    main = find(read(client.get(f"{LIST}{change.pk}/")), "main")
    assert texts(main, ".//div[@class='arrow']") == ["Inbound agent No agent Carla · Citasv4"]
    assert texts(main, ".//a[@class='phone']") == ["+34 951 36 05 85"]


def test_change_shows_what_diga_stored_instead(
    client_of: ClientOf, router: User, sandbox: Sandbox, sales_phone: Phone
) -> None:
    client = client_of(router)
    sandbox.faults.add(Fault("stored_other", method="PATCH"))

    open_phone(client, sales_phone).send(nickname="Ventas")
    change = Change.objects.get(source=Source.FORM)

    main = find(read(client.get(f"{LIST}{change.pk}/")), "main")
    assert texts(main, ".//div[@class='arrow']") == ["Alias Ventas Costa del Sol Ventas Diga has Ventas (otro)"]
    assert texts(main, ".//header/span") == ["Diga stored something else"]


@pytest.mark.parametrize("change_id", ["0", "999999", str(2**63), "1" * 40])
def test_change_that_does_not_exist_is_not_found(client: Client, change_id: str) -> None:
    assert client.get(f"{LIST}{change_id}/").status_code == 404


def test_change_of_another_project_is_not_found(client: Client, talleres: Project) -> None:
    (change,) = add_changes(Phone.objects.filter(project=talleres)[0], 1)

    assert client.get(f"{LIST}{change.pk}/").status_code == 404


def test_sources_begin_with_a_capital_and_keep_their_names(client: Client, aurora: Project) -> None:
    sources = texts(read(client.get(LIST)), ".//select[@name='source']/option")

    assert {"Form", "Applied late by Diga", "Outside this desk"} <= set(sources)
