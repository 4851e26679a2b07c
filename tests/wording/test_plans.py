"""A plan in words: why each row stands where it does, what became of it, how far it is, and the text for a ticket."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bench.rig.plans import make_plan, phones_of
from phones.models import Change, Foreseen, ItemState, Outcome, Phone, Plan, PlanItem, PlanKind, PlanState, Project
from phones.services.plans.forecasts.effects import Effects, Publishing, Taking, effects_of
from phones.services.plans.progress import progress_of
from phones.services.plans.totals import Totals, totals_of
from phones.services.routing.edits import PhoneEdit
from phones.services.routing.lanes import Lane
from phones.wording.plans.descriptions import plan_what, words_for_why
from phones.wording.plans.effects import words_for_takings
from phones.wording.plans.rows import ItemWords, words_for_item
from phones.wording.plans.tickets import plan_sentence
from phones.wording.plans.totals import counted
from tests.support.database.history import lane
from tests.support.desk.planned import big_plan, finish, renames
from tests.support.desk.saving import target

NOW = datetime(2026, 10, 9, 8, 40, tzinfo=UTC)
SEEN = {"agent": "Alicia", "version": "v5", "count": 4, "numbers": ["+34 1", "+34 2", "+34 3"], "live": "v4"}


def row(**values: Any) -> PlanItem:
    """Return a row that moves the inbound lane from Carla v4 to Alicia v5, unless `values` say otherwise."""
    known: dict[str, Any] = {
        "before": {"inbound": lane("Carla", 4)},
        "after": {"inbound": lane("Alicia", 5)},
        "state": ItemState.WAITING,
        "foreseen": Foreseen.WILL_CHANGE,
    }
    return PlanItem(**(known | values))


@pytest.mark.parametrize(
    ("why", "details", "text"),
    [
        ("already_so", {}, "Already so: nothing will be sent."),
        ("changes", {}, ""),
        ("joins", SEEN, "Joins v5, which is live."),
        ("joins", SEEN | {"by_plan": True}, "Joins v5, which this plan publishes first."),
        ("publishes", SEEN, "Publishes v5 of “Alicia”."),
        ("reserved", {}, "This number is reserved and not active yet, so no agent can be given to it."),
        ("missing", {}, "Diga does not know this number any more, so it is read-only."),
        ("draft", SEEN, "v5 of “Alicia” is a draft: drafts take no calls."),
        ("gone", SEEN, "This agent or version is no longer in Diga."),
        (
            "refused",
            SEEN,
            "Diga would refuse: v4 of “Alicia” is published on 4 other numbers (+34 1, +34 2, +34 3 …).",
        ),
        (
            "refused",
            SEEN | {"at_least": True},
            "Diga would refuse: v4 of “Alicia” is live on at least 4 other numbers (+34 1, +34 2, +34 3 …).",
        ),
        (
            "not_checked",
            SEEN | {"copy_says": "refused"},
            "It could not be checked in Diga. By our copy: Diga would refuse: v4 of “Alicia” is published on 4 other "
            "numbers (+34 1, +34 2, +34 3 …).",
        ),
        (
            "not_checked",
            {"copy_says": "gone"},
            "It could not be checked in Diga. By our copy: This agent or version is no longer in Diga.",
        ),
        ("contradicts", SEEN, "Other numbers of this plan give “Alicia” another version: it can have one only."),
        ("after_others", {}, "Possible only after other numbers of this plan: run a second plan for it then."),
        ("revert_gone", {}, "Diga no longer has the agent that was there before."),
        ("revert_version", {}, "There is no version of the earlier agent that could be given back."),
        ("revert_closed", {}, "The number is closed for this by its status."),
        ("unknown_change", {}, "Nobody knows yet whether Diga applied an earlier change of this number."),
        (
            "just_changed",
            {"by": "Íñigo Salas", "at": "2026-10-09T08:36:00+00:00"},
            "Íñigo Salas changed it 4 minutes ago.",
        ),
        ("just_changed", {"by": "", "at": "2026-10-09T08:39:00+00:00"}, "Phone Desk changed it 1 minute ago."),
        ("changed_outside", {"at": "2026-10-09T06:00:00+00:00"}, "It was changed in Diga 2026-10-09 08:00:00 CEST."),
        ("moved_since", {}, "Changed again since: undoing it undoes that as well."),
        ("partly", {}, "Only a part of it can be undone."),
    ],
)
def test_every_code_of_the_preview_has_a_sentence(why: str, details: dict[str, Any], text: str) -> None:
    assert words_for_why(row(why=why, details=details), NOW) == text


def test_unassigning_says_in_which_direction() -> None:
    inbound = row(why="unassigns", after={"inbound": None})
    outbound = row(why="unassigns", after={"outbound": None})

    assert words_for_why(inbound, NOW) == "Incoming calls will no longer be answered by an agent."
    assert words_for_why(outbound, NOW) == "No agent will make outgoing calls from it any more."


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ItemWords("")),
        ({"state": ItemState.SAME}, ItemWords("Already so: nothing was sent.")),
        ({"state": ItemState.DONE}, ItemWords("“Carla” v4 → “Alicia” v5.")),
        (
            {"state": ItemState.CHANGED, "cause": "changed", "details": {"now": {"inbound": lane("Hugo", 7)}}},
            ItemWords("Changed meanwhile, so nothing was sent. Answers: now “Hugo” v7, the plan saw “Carla” v4."),
        ),
        (
            {"state": ItemState.CHANGED, "cause": "closed", "details": {"status": "released"}},
            ItemWords(
                "This number was given back and is in quarantine. Diga accepts no changes to it. Nothing was sent."
            ),
        ),
        (
            {"state": ItemState.REFUSED, "cause": "predicted"},
            ItemWords(
                "Diga would refuse it: another version of this agent is live on other numbers. Nothing was sent."
            ),
        ),
        (
            {"state": ItemState.REFUSED, "cause": "not_agreed"},
            ItemWords(
                "It would publish a version that nobody has agreed to: the preview did not say so. Nothing was sent."
            ),
        ),
        (
            {"state": ItemState.FAILED, "cause": "unknown_phone", "message": "Not found"},
            ItemWords("Diga does not know this number any more. Nothing was sent.", "Not found"),
        ),
        (
            {"state": ItemState.NOT_TRIED},
            ItemWords("Not attempted: the plan was stopped before its turn."),
        ),
        (
            {"state": ItemState.LEFT_OUT, "why": "partly"},
            ItemWords("Only a part of it can be undone."),
        ),
    ],
)
def test_row_says_what_became_of_it(values: dict[str, Any], words: ItemWords) -> None:
    assert words_for_item(row(**values), NOW) == words


def test_row_that_was_sent_speaks_with_the_words_of_its_change() -> None:
    change = Change(outcome=Outcome.REFUSED, cause="rejected", message="Phone is not active", after={"nickname": "Ñ"})

    words = words_for_item(row(state=ItemState.REFUSED, change=change), NOW)

    assert words.text.startswith("Diga refused, nothing was changed. It was sent and not saved.")
    assert words.quote == "Phone is not active"


def test_totals_are_said_in_an_order_and_without_zeros() -> None:
    totals = Totals({ItemState.FAILED: 1, ItemState.DONE: 36, ItemState.CHANGED: 2, ItemState.LEFT_OUT: 3})

    assert counted(totals) == "36 done, 2 skipped, 1 failed, 3 left out"
    assert counted(totals, with_left_out=False) == "36 done, 2 skipped, 1 failed"


def test_progress_counts_the_last_seconds_only(aurora: Project, lead: User) -> None:
    plan = big_plan(aurora, lead, 40)
    now = timezone.now()
    plan.items.filter(number__lte=10).update(state=ItemState.DONE, finished_at=now - timedelta(seconds=60))
    plan.items.filter(number__gt=10, number__lte=20).update(state=ItemState.FAILED, finished_at=now)
    plan.items.filter(number=40).update(state=ItemState.SAME, foreseen=Foreseen.ALREADY_SO)
    plan.items.filter(number=39).update(state=ItemState.LEFT_OUT, foreseen=Foreseen.CANNOT)
    plan.state, plan.resumed_at = PlanState.RUNNING, now - timedelta(minutes=2)

    progress = progress_of(plan, now=now)

    assert (progress.tried, progress.to_try, progress.rate, progress.seconds_left) == (20, 38, 1.0, 18)
    plan.resumed_at = now - timedelta(seconds=2)
    assert progress_of(plan, now=now).rate == 5.0
    plan.state = PlanState.PAUSED
    assert progress_of(plan, now=now).rate is None


def test_effects_count_over_the_whole_plan(aurora: Project, lead: User) -> None:
    gema = target(aurora, "Gema", 1)
    phones = phones_of(aurora, 4)
    plan = make_plan(lead, phones, lambda place: PhoneEdit(inbound=gema if place < 4 else None, outbound=gema))

    effects = effects_of(plan)

    name = gema.agent.name
    assert effects.publishes == [Publishing(str(gema.version.id), str(gema.agent.id), name, "v1", "", 0, ())]
    assert [(move.lane, move.agent, move.version, move.count) for move in effects.moves] == [
        ("inbound", name, "v1", 3),
        ("outbound", name, "v1", 4),
    ]
    is_answered = phones[3].inbound_agent_id is not None
    assert effects.unassigned == ({"inbound": 1} if is_answered else {})


def _agent_id(project: Project, name: str | None) -> uuid.UUID | None:
    return target(project, name, 1).agent.id if name else None


def test_takings_say_from_whom_numbers_are_taken_in_each_direction(aurora: Project, lead: User) -> None:
    gema, rows = target(aurora, "Gema", 1), []
    before = {"inbound": ["Carla", "Carla", "Bruno", None, "Gema"], "outbound": [None, "Carla", None, None, None]}
    for place, phone in enumerate(phones_of(aurora, 5)):
        agents = {lane: _agent_id(aurora, names[place]) for lane, names in before.items()}
        Phone.objects.filter(pk=phone.pk).update(
            inbound_agent_id=agents["inbound"], outbound_agent_id=agents["outbound"]
        )
        rows.append(phone)
    plan = make_plan(lead, rows, lambda place: PhoneEdit(inbound=gema, outbound=None if place < 4 else gema))

    effects = effects_of(plan)

    assert words_for_takings(effects) == [
        "Incoming calls: 2 from Carla · Citas, 1 from Bruno · Ventas, 1 from nobody.",
        "Outgoing calls: 1 from Carla · Citas, 2 from nobody.",
    ]


def test_effects_take_four_queries_whatever_the_plan(
    aurora: Project, lead: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    plan = make_plan(lead, phones_of(aurora), PhoneEdit(inbound=target(aurora, "Gema", 1)))

    with django_assert_num_queries(4):
        effects = effects_of(plan)
    assert sum(taking.count for taking in effects.takings) == plan.items.filter(state="WAITING").count()


def test_many_agents_are_counted_and_nobody_stays_named() -> None:
    agents = [Taking(Lane.INBOUND, str(place), f"Agent {place}", 9 - place) for place in range(8)]
    nobody = Taking(Lane.INBOUND, None, "", 40)

    (line,) = words_for_takings(Effects(takings=[nobody, *agents]))

    assert line.startswith("Incoming calls: 9 from Agent 0, ")
    assert line.endswith("4 from Agent 5, 5 from 2 other agents, 40 from nobody.")
    (line,) = words_for_takings(Effects(takings=agents[:7]))
    assert line.endswith("4 from Agent 5, 3 from Agent 6.")


@pytest.mark.parametrize(
    ("kind", "wish", "what"),
    [
        (PlanKind.IMPORT, {}, "values from a file"),
        (PlanKind.CHANGE, {"nickname": {"how": "PATTERN", "value": "Line {n}"}}, "alias “Line {n}”"),
        (
            PlanKind.CHANGE,
            {"outbound": {"how": "UNASSIGN", "value": None}, "inbound": {"how": "SET", "value": lane("Ana", 2)}},
            "inbound to “Ana” v2, no outbound agent",
        ),
    ],
)
def test_plan_has_a_name(kind: PlanKind, wish: dict[str, Any], what: str) -> None:
    assert plan_what(Plan(kind=kind, wish=wish)) == what
    assert plan_what(Plan(kind=PlanKind.RETRY, wish=wish, origin_id=7)) == "second try of plan 7"


def test_text_for_the_ticket_holds_everything(aurora: Project, lead: User) -> None:
    plan = finish(
        make_plan(lead, phones_of(aurora, 3), renames("Line"), ticket="DESK-1"), ItemState.DONE, ItemState.FAILED
    )
    plan.started_at, plan.finished_at = NOW, NOW + timedelta(minutes=1)

    text = plan_sentence(plan, totals_of(plan), url="https://desk.example.com/p/1/")

    assert text == (
        f"Plan {plan.pk} by Lead Ruiz: values from a file. Started on 2026-10-09T10:40:00+02:00. "
        "Ended on 2026-10-09T10:41:00+02:00. 3 numbers: 1 done, 2 failed. Reason: Autumn hours. Ticket: DESK-1. "
        "https://desk.example.com/p/1/"
    )


def test_text_for_the_ticket_names_who_let_it_run(aurora: Project, lead: User, admin: User) -> None:
    plan = make_plan(lead, phones_of(aurora, 1), renames("Line"))
    plan.approver, plan.approver_name, plan.started_at = admin, "Admin Ruiz", NOW

    text = plan_sentence(plan, totals_of(plan), url="")

    assert "Let run by Admin Ruiz. It has not ended yet. 1 number: 1 waiting." in text
