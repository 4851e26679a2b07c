"""The history: what each filter finds, pages by keyset, which agents a change names, what needs a look."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from bench.rig.plans import make_plan
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, LaneSnapshot, NamedAgent, Outcome, Phone, Project, Source
from phones.services.audit.folding import PlanCount
from phones.services.audit.named_agents import agents_of, name_agents
from phones.services.audit.queries import PAGE_SIZE, Wanted, history_page, look_count, matching_changes, people_in
from phones.services.routing.edits import PhoneEdit
from tests.fixtures.desk import make_user
from tests.support.database.history import add_changes
from tests.support.desk.saving import save, target

ALICIA, BRUNO = uuid.UUID(int=1), uuid.UUID(int=2)
NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


def lane(agent_id: uuid.UUID) -> LaneSnapshot:
    """Return a lane as the diary keeps it."""
    return LaneSnapshot(agent_id, "Somebody", None, 1)


@pytest.fixture
def diary(aurora: Project, sales_phone: Phone, sip_phone: Phone, router: User) -> dict[str, Change]:
    """Six changes that differ in everything a filter can ask for, oldest first."""

    def add(phone: Phone, **values: Any) -> Change:
        (change,) = add_changes(phone, 1, **({"created_at": NOON} | values))
        return change

    made = {
        "rename": add(sales_phone, actor=router, ticket="SUP-7"),
        "route": add(sales_phone, before={"inbound": lane(BRUNO)}, after={"inbound": lane(ALICIA)}),
        "back": add(sales_phone, source=Source.REVERT, before={"outbound": lane(ALICIA)}, after={"outbound": None}),
        "outside": add(
            sip_phone,
            source=Source.OUTSIDE,
            outcome=Outcome.OBSERVED,
            before={"status": "reserved"},
            after={"status": "assigned"},
            created_at=NOON + timedelta(days=1),
        ),
        "lost": add(sip_phone, outcome=Outcome.UNKNOWN, created_at=NOON + timedelta(days=2)),
        "other": add(
            sip_phone,
            outcome=Outcome.MISMATCH,
            before={"inbound": None},
            after={"inbound": lane(ALICIA)},
            stored={"inbound": lane(BRUNO)},
            created_at=NOON + timedelta(days=3),
        ),
    }
    name_agents(made.values())
    return made


def found(project: Project, diary: dict[str, Change], wanted: Wanted) -> list[str]:
    """Return the names of what a filter finds, in the order found."""
    names = {change.pk: name for name, change in diary.items()}
    return [names[change.pk] for change in history_page(project, wanted).changes]


@pytest.mark.parametrize("query", ["averia", "AVERÍA", "Averi\u0301a nº", "mála", "(nuñez)", "NUNEZ", "."])
def test_ticket_is_found_in_any_case_and_with_any_accents(aurora: Project, sales_phone: Phone, query: str) -> None:
    for ticket in ("Avería Nº 7 Málaga (Núñez).", "averi\u0301a nº 8 MALAGA (NU\u0301N\u0303EZ)."):
        (change,) = add_changes(sales_phone, 1, ticket=ticket)
        add_changes(sales_phone, 1, ticket="otra cosa")

        assert change in matching_changes(aurora, Wanted(q=query))
    assert matching_changes(aurora, Wanted(q=query)).count() == 2


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(), "other lost outside back route rename"),
        (Wanted(field="nickname"), "lost rename"),
        (Wanted(field="inbound"), "other route"),
        (Wanted(field="outbound"), "back"),
        (Wanted(field="status"), "outside"),
        (Wanted(source=Source.FORM), "other lost route rename"),
        (Wanted(source=Source.REVERT), "back"),
        (Wanted(source=Source.OUTSIDE), "outside"),
        (Wanted(outcome=Outcome.CONFIRMED), "back route rename"),
        (Wanted(outcome=Outcome.REFUSED), ""),
        (Wanted(look=True), "other lost"),
        (Wanted(agent=ALICIA), "other back route"),
        (Wanted(agent=BRUNO), "other route"),
        (Wanted(agent=uuid.UUID(int=3)), ""),
        (Wanted(agent=ALICIA, source=Source.FORM), "other route"),
        (Wanted(since=date(2026, 3, 30)), "other lost outside"),
        (Wanted(until=date(2026, 3, 30)), "outside back route rename"),
        (Wanted(since=date(2026, 3, 30), until=date(2026, 3, 30)), "outside"),
        (Wanted(q="sup-7"), "rename"),
        (Wanted(q="951 44 12 46"), "back route rename"),
        (Wanted(q="0034-951441246"), "back route rename"),
        (Wanted(q="Tel. 951 44 12 46,"), "back route rename"),
        (Wanted(q="tel:+34-951-44-12-46"), "back route rename"),
        (Wanted(q="%"), ""),
        (Wanted(q="@"), "other lost outside"),
        (Wanted(person=0), ""),
    ],
)
def test_filter_finds(aurora: Project, diary: dict[str, Change], wanted: Wanted, names: str) -> None:
    assert found(aurora, diary, wanted) == names.split()


def test_filter_by_person_and_by_phone(
    aurora: Project, diary: dict[str, Change], router: User, sales_phone: Phone
) -> None:
    assert found(aurora, diary, Wanted(person=router.pk)) == ["rename"]
    assert found(aurora, diary, Wanted(phone=sales_phone.pk)) == ["back", "route", "rename"]
    assert found(aurora, diary, Wanted(phone=sales_phone.pk, agent=ALICIA)) == ["back", "route"]


def test_days_are_days_of_the_site(aurora: Project, sales_phone: Phone) -> None:
    # In Madrid, summer time begins that night: the day has 23 hours, from 23:00 to 22:00 UTC.
    moments = [datetime(2026, 3, 28, 22, 59, 59), datetime(2026, 3, 28, 23), datetime(2026, 3, 29, 21, 59, 59)]
    moments.append(datetime(2026, 3, 29, 22))
    changes = [add_changes(sales_phone, 1, created_at=moment.replace(tzinfo=UTC))[0] for moment in moments]

    day = Wanted(since=date(2026, 3, 29), until=date(2026, 3, 29))

    assert list(matching_changes(aurora, day)) == [changes[2], changes[1]]


def test_another_project_has_its_own_history(
    aurora: Project, talleres: Project, diary: dict[str, Change], router: User
) -> None:
    for wanted in (Wanted(), Wanted(agent=ALICIA), Wanted(look=True), Wanted(person=router.pk), Wanted(q="951")):
        assert history_page(talleres, wanted).changes == []
    assert (look_count(talleres), people_in(talleres)) == (0, [])


def test_people_are_those_in_the_history(aurora: Project, diary: dict[str, Change], router: User) -> None:
    make_user("bystander")

    assert people_in(aurora) == [router]


def test_mismatch_needs_no_look_after_a_later_save(aurora: Project, diary: dict[str, Change], sip_phone: Phone) -> None:
    assert look_count(aurora) == 2

    add_changes(sip_phone, 1)

    assert look_count(aurora) == 1
    assert found(aurora, diary, Wanted(look=True)) == ["lost"]


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(agent=ALICIA)])
def test_pages_lead_older_and_newer_without_gap_or_repeat(aurora: Project, sales_phone: Phone, wanted: Wanted) -> None:
    changes = add_changes(sales_phone, 2 * PAGE_SIZE + 1, after={"inbound": lane(ALICIA)}, before={"inbound": None})
    name_agents(changes)
    newest_first = [change.pk for change in reversed(changes)]

    def ids(**cursor: int | None) -> tuple[list[int], int | None, int | None]:
        page = history_page(aurora, wanted, **cursor)
        return [change.pk for change in page.changes], page.older, page.newer

    first = ids()
    second = ids(older_than=first[1])
    third = ids(older_than=second[1])

    assert first[0] + second[0] + third[0] == newest_first
    assert (first[2], third[1]) == (None, None)
    assert ids(newer_than=third[2])[0] == second[0]
    assert ids(newer_than=second[2]) == first
    assert ids(newer_than=newest_first[0]) == first
    assert ids(older_than=0) == ([], None, None)


def test_plans_are_one_entry_each_without_gap_or_repeat(
    aurora: Project, sales_phone: Phone, lead: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Their changes lie among each other and among those of others, over several pages."""
    plans = [make_plan(lead, [sales_phone], PhoneEdit(nickname=f"Plan {place}")) for place in range(3)]
    for place in range(70):
        add_changes(sales_phone, 1)
        for plan in plans[: place % 4]:
            add_changes(sales_phone, 3, plan=plan)
    add_changes(sales_phone, 55)
    heads = {plan.changes.latest("pk").pk for plan in plans}
    expected = [each.pk for each in Change.objects.order_by("-pk") if each.plan_id is None or each.pk in heads]

    first = history_page(aurora, Wanted())
    with django_assert_num_queries(4):
        second = history_page(aurora, Wanted(), older_than=first.older)
    third = history_page(aurora, Wanted(), older_than=second.older)

    assert [change.pk for page in (first, second, third) for change in page.changes] == expected
    assert third.older is None
    assert history_page(aurora, Wanted(), newer_than=third.newer).changes == second.changes


@pytest.mark.parametrize("wanted", [Wanted(source="PLAN"), Wanted(q="SUP-7"), Wanted(field="nickname")])
def test_plan_is_one_entry_of_those_changes_that_match(
    aurora: Project, sales_phone: Phone, lead: User, wanted: Wanted
) -> None:
    plan = make_plan(lead, [sales_phone], PhoneEdit(nickname="Fair"))
    matching = add_changes(sales_phone, 120, plan=plan, source="PLAN", ticket="SUP-7")
    alone = add_changes(sales_phone, 1, source="PLAN", ticket="SUP-7")[0]
    add_changes(sales_phone, 2, plan=plan, source="FORM", after={"status": "RELEASED"})

    page = history_page(aurora, wanted)
    below = history_page(aurora, wanted, older_than=alone.pk)

    assert [change.pk for change in page.changes] == [alone.pk, matching[-1].pk]
    assert page.made == {plan.pk: PlanCount(120)}
    assert [change.pk for change in below.changes] == [matching[-1].pk]


def test_who_asks_for_single_changes_sees_those_of_a_plan_one_by_one(
    aurora: Project, sales_phone: Phone, lead: User
) -> None:
    plan = make_plan(lead, [sales_phone], PhoneEdit(nickname="Fair"))
    made = [change.pk for change in reversed(add_changes(sales_phone, 3, plan=plan, outcome="UNKNOWN"))]
    asked = [
        Wanted(phone=sales_phone.pk),
        Wanted(q=sales_phone.number),
        Wanted(plan=plan.pk),
        Wanted(outcome="UNKNOWN"),
        Wanted(look=True),
    ]

    assert [[change.pk for change in history_page(aurora, wanted).changes] for wanted in asked] == [made] * 5
    assert [history_page(aurora, wanted).made for wanted in asked] == [{}] * 5


def test_one_page_is_one_query_and_one_more_for_what_diga_may_have_applied_late(
    aurora: Project, diary: dict[str, Change], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    everything = Wanted(agent=ALICIA, field="inbound", source="FORM", q="@", look=True, since=date(2026, 1, 1))
    with django_assert_num_queries(2):
        found = history_page(aurora, everything).changes
        assert [(change, change.phone.shown, list(change.came_late.all())) for change in found] == [
            (diary["other"], diary["other"].phone.shown, [])
        ]
    with django_assert_num_queries(1):
        found = history_page(aurora, Wanted(until=date(2026, 3, 30))).changes
        assert [change.phone.shown for change in found] != []


def test_agents_of_a_change_are_those_on_every_side(sales_phone: Phone) -> None:
    third = uuid.UUID(int=3)
    change = Change(
        before={"inbound": lane(ALICIA), "nickname": str(third)},
        after={"inbound": None},
        stored={"inbound": lane(BRUNO)},
    )

    assert agents_of(change) == {ALICIA, BRUNO}


def test_agents_are_noted_once(sales_phone: Phone) -> None:
    (change,) = add_changes(sales_phone, 1, before={"inbound": lane(ALICIA)}, after={"inbound": lane(ALICIA)})

    name_agents([change])
    name_agents([change, change])

    assert list(NamedAgent.objects.values_list("change", "agent_id")) == [(change.pk, ALICIA)]


def test_save_is_found_by_the_agents_it_names(aurora: Project, sales_phone: Phone) -> None:
    alicia, bruno = target(aurora, "Alicia", 5), target(aurora, "Bruno", 2)

    change = save(sales_phone, PhoneEdit(inbound=alicia)).change

    for agent_id in (alicia.agent.id, bruno.agent.id):
        assert list(matching_changes(aurora, Wanted(agent=agent_id))) == [change]


def test_agent_that_diga_stored_instead_is_found(sandbox: Sandbox, aurora: Project, sales_phone: Phone) -> None:
    sandbox.faults.add(Fault("stored_other", method="PATCH"))

    change = save(sales_phone, PhoneEdit(inbound=target(aurora, "Alicia", 5))).change

    assert change.outcome == Outcome.MISMATCH
    named = set(NamedAgent.objects.filter(change=change).values_list("agent_id", flat=True))
    assert named == agents_of(change)


@given(st.builds(Wanted, field=st.sampled_from(["", "inbound"]), look=st.booleans(), q=st.text(max_size=3)))
def test_wanted_is_one_phone_only_when_nothing_else_is_asked(wanted: Wanted) -> None:
    asked = replace(wanted, phone=ALICIA)

    assert asked.is_one_phone == wanted.is_empty
    assert not asked.is_empty
