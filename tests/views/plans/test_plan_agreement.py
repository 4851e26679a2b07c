"""Whoever lets a plan run, or says yes to it, lets exactly that run which they have read."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, states
from phones.diga.sandbox import Sandbox
from phones.models import ItemState, Phone, Plan, PlanState, Project
from phones.services.projects.clients import client_for
from phones.services.routing.edits import PhoneEdit
from phones.services.sync.refresh import reread_agents
from tests.support.desk.planned import renames
from tests.support.desk.saving import save, stored, target
from tests.support.pages.htmx import Browser, outline
from tests.support.pages.pages import find, has, read, texts, words
from tests.support.pages.plan_pages import press, said, show, tick, url_of

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of the author."""
    return client_of(lead)


@pytest.fixture
def second(client_of: ClientOf, other_lead: User) -> Client:
    """The browser of another lead."""
    return client_of(other_lead)


@pytest.fixture
def plan(aurora: Project, lead: User, router: User) -> Plan:
    """Two rows that need a look: 1 is a new name, 2 takes a live number's agent away. The project wants two people."""
    Project.objects.filter(pk=aurora.pk).update(approved_above=0)
    phones = [phone for phone in phones_of(aurora) if phone.inbound_agent_id][:2]
    for phone in phones:
        save(phone, PhoneEdit(nickname="Changed a minute ago"), user=router)
    plan = make_plan(
        lead,
        [stored(phone) for phone in phones],
        lambda place: (PhoneEdit("Harmless"), PhoneEdit(inbound=None))[place - 1],
    )
    assert list(plan.items.values_list("foreseen", flat=True)) == ["NEEDS_LOOK", "NEEDS_LOOK"]
    return plan


def tick_row(client: Client, plan: Plan, number: int, *, is_ticked: bool) -> None:
    answer = tick(client, plan, f".//form[.//input[@id='tick-{number}']]", ticked="1" if is_ticked else None)
    assert answer.status_code == 302


def waiting(plan: Plan) -> list[int]:
    return list(plan.items.filter(state=ItemState.WAITING).order_by("number").values_list("number", flat=True))


# A second person's yes.


def test_end_is_set_before_the_second_person_agrees_and_not_by_one_alone_afterwards(
    client: Client, second: Client, plan: Plan
) -> None:
    tick_row(client, plan, 1, is_ticked=True)
    assert has(show(client, plan), "plan-end")
    press(client, plan, "apply")
    press(second, plan, "approve")

    assert not has(show(client, plan), "plan-end")
    tomorrow = f"{timezone.localtime() + timedelta(days=1):%Y-%m-%dT12:00}"
    client.post(url_of(plan, "set/"), {"what": "end", "due_at": tomorrow})
    assert "Nothing was set." in words(show(client, plan))
    assert not plan.schedules.exists()


@pytest.mark.parametrize("with_htmx", [False, True])
def test_yes_to_other_rows_than_were_read_lets_nothing_run(
    client: Client, second: Client, plan: Plan, bells: list[int], with_htmx: bool
) -> None:
    tick_row(client, plan, 1, is_ticked=True)
    press(client, plan, "apply")
    window = Browser(second).open(url_of(plan))
    assert texts(window.tree, ".//button[@id='plan-approve']") == ["Approve and apply 1 change"]
    press(client, plan, "return")
    tick_row(client, plan, 1, is_ticked=False)
    tick_row(client, plan, 2, is_ticked=True)
    press(client, plan, "apply")

    if with_htmx:
        (form,) = find(window.tree, "plan-approve").iterancestors("form")
        answer = window.submit(form)
        assert outline(find(window.tree, "main")) == outline(find(window.reloaded().tree, "main"))
    else:
        answer = press(second, plan, "approve", window.tree)

    plan.refresh_from_db()
    assert (answer.status_code, plan.state, plan.approver, bells) == (409, PlanState.PROPOSED, None, [])
    assert said(answer).startswith("Not started: the preview has changed Nothing was sent.")
    assert "Incoming calls to 1 number will no longer be answered by an agent." in words(read(answer))
    assert waiting(plan) == [2]
    # Whoever has read the new preview may say yes to that.
    assert press(second, plan, "approve", read(answer)).status_code == 302
    assert bells == [plan.pk]


def test_yes_to_what_agents_have_overtaken_gives_the_plan_back(
    client: Client, second: Client, aurora: Project, lead: User, sandbox: Sandbox, bells: list[int]
) -> None:
    Project.objects.filter(pk=aurora.pk).update(approved_above=0)
    wanted = target(aurora, "Alicia", 5)
    others = [phone for phone in phones_of(aurora) if phone.inbound_agent_id != wanted.agent.id]
    made = make_plan(lead, others[:2], PhoneEdit(inbound=wanted))
    press(client, made, "apply")
    page = show(second, made)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(6).id
    reread_agents(project=aurora, client=client_for(aurora), clock=timezone.now)

    own = client.post(url_of(made, "approve/"))
    answer = press(second, made, "approve", page)

    made.refresh_from_db()
    assert (own.status_code, answer.status_code, made.state, bells) == (403, 409, PlanState.PREVIEW, [])
    assert said(answer).startswith("Not started: the preview has changed Nothing was sent.")
    assert "Diga would refuse: v6 of “Alicia" in words(read(answer))
    assert list(made.steps.order_by("pk").values_list("kind", flat=True)) == ["PROPOSED", "RETURNED"]


def test_approver_sees_what_is_ticked_and_ticks_nothing(client: Client, second: Client, plan: Plan) -> None:
    tick_row(client, plan, 1, is_ticked=True)
    page = show(client, plan)
    (own,) = page.xpath(".//form[.//input[@id='tick-2']]/@action")

    theirs = show(second, plan)
    forced = [second.post(own, {"number": "2", "ticked": "1"}), second.post(own, {"all": "1"})]

    assert theirs.xpath(".//input[@type='checkbox'] | .//form[@id='tick-all']") == []
    assert [texts(row, ".//span[@class='state is-info']") for row in theirs.xpath(".//tr[td]")] == [["Included"], []]
    assert [answer.status_code for answer in forced] == [403, 403]
    assert said(forced[0]).startswith("Not done: this is somebody else’s plan Nothing was sent.")
    assert waiting(plan) == [1]


def test_only_its_author_asks_for_a_second_yes(client: Client, second: Client, plan: Plan, bells: list[int]) -> None:
    tick_row(client, plan, 1, is_ticked=True)
    reviewed = find(show(client, plan), "plan-apply").xpath(".//input[@name='reviewed']/@value")[0]

    page = show(second, plan)
    forced = second.post(url_of(plan, "apply/"), {"reviewed": reviewed})

    plan.refresh_from_db()
    assert not has(page, "plan-go")
    assert "Only Lead Ruiz, who made this plan, can ask for the second person’s yes that it needs." in words(page)
    assert (forced.status_code, plan.state, bells) == (403, PlanState.PREVIEW, [])


# The author's own button.


@pytest.mark.parametrize("with_htmx", [False, True])
def test_author_applies_only_the_rows_that_their_page_shows(
    client: Client, aurora: Project, plan: Plan, bells: list[int], with_htmx: bool
) -> None:
    Project.objects.filter(pk=aurora.pk).update(approved_above=None)
    tick_row(client, plan, 1, is_ticked=True)
    window = Browser(client).open(url_of(plan))
    tick_row(client, plan, 1, is_ticked=False)
    tick_row(client, plan, 2, is_ticked=True)

    if with_htmx:
        answer = window.submit(find(window.tree, "plan-apply"))
        assert outline(find(window.tree, "main")) == outline(find(window.reloaded().tree, "main"))
    else:
        answer = press(client, plan, "apply", window.tree)

    assert (answer.status_code, bells) == (409, [])
    assert said(answer).startswith("Not started: the preview has changed Nothing was sent.")
    assert press(client, plan, "apply", read(answer)).status_code == 302
    assert (bells, waiting(plan)) == ([plan.pk], [2])


def test_value_that_moved_since_it_was_read_is_read_again(
    client: Client, aurora: Project, lead: User, router: User, bells: list[int]
) -> None:
    phones = phones_of(aurora, 3)
    made = make_plan(lead, phones, PhoneEdit(nickname="Same for all"))
    page = show(client, made)
    Phone.objects.filter(pk=phones[0].pk).update(nickname="Another before")
    press(client, made, "renew")

    answer = press(client, made, "apply", page)

    assert (answer.status_code, bells, waiting(made)) == (409, [], [1, 2, 3])
    assert press(client, made, "apply", read(answer)).status_code == 302


def test_version_that_goes_live_on_more_numbers_than_were_shown_is_read_again(
    client: Client, aurora: Project, lead: User, bells: list[int]
) -> None:
    made = make_plan(lead, phones_of(aurora, 1), PhoneEdit(inbound=target(aurora, "Gema", 1)))
    page = show(client, made)
    row = made.items.get()
    made.items.update(details=row.details | {"count": row.details["count"] + 1})

    answer = press(client, made, "apply", page)

    assert (answer.status_code, bells, made.agreed) == (409, [], [])
    press(client, made, "apply", read(answer))
    made.refresh_from_db()
    assert (bells, made.agreed) == ([made.pk], [str(row.after["inbound"].version_id)])


@pytest.mark.parametrize("reviewed", [None, "", "3", "0" * 64, "a" * 5000, "\x00"])
@pytest.mark.parametrize("verb", ["apply", "approve"])
def test_page_that_says_nothing_of_what_was_read_starts_nothing(
    client: Client, second: Client, aurora: Project, lead: User, bells: list[int], verb: str, reviewed: str | None
) -> None:
    made = make_plan(lead, phones_of(aurora, 3), renames("Line"))
    if verb == "approve":
        Project.objects.filter(pk=aurora.pk).update(approved_above=2)
        press(client, made, "apply")

    answer = press(second if verb == "approve" else client, made, verb, reviewed=reviewed)

    assert (answer.status_code, bells, states(made)) == (409, [], {"WAITING": 3})
