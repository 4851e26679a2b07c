"""What people do with a plan: let it run, approve, hold, end, tick, make again; what is said when they can't."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start, states
from phones.models import Foreseen, ItemState, Plan, PlanKind, PlanState, Project
from phones.services.plans import lifecycle
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.planned import big_plan, finish, renames
from tests.support.pages.htmx import Browser, outline
from tests.support.pages.pages import find, has, read, texts, words
from tests.support.pages.plan_pages import press, said, show, sums, tick, url_of

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, lead: User) -> Client:
    """The browser of somebody who may make plans and let them run."""
    return client_of(lead)


def test_applying_lets_a_plan_run_exactly_as_shown(
    client: Client, aurora: Project, lead: User, bells: list[int]
) -> None:
    plan = make_plan(lead, phones_of(aurora, 3), renames("Line"))

    response = press(client, plan, "apply")

    plan.refresh_from_db()
    assert (response.status_code, response["Location"]) == (302, url_of(plan))
    assert (plan.state, plan.approver, bells) == (PlanState.RUNNING, lead, [plan.pk])


def test_second_click_starts_nothing_and_says_so(client: Client, aurora: Project, lead: User, bells: list[int]) -> None:
    plan = make_plan(lead, phones_of(aurora, 3), renames("Line"))
    page = show(client, plan)
    press(client, plan, "apply", page)

    second = press(client, plan, "apply", page)

    assert second.status_code == 409
    assert said(second) == ("Not done: the plan has moved on It is running already. You see below how it is now.")
    assert has(read(second), "plan-progress")
    assert bells == [plan.pk]


def test_count_has_to_be_typed_above_the_threshold(
    client: Client, aurora: Project, lead: User, bells: list[int]
) -> None:
    plan = make_plan(lead, phones_of(aurora, 11), renames("Line"))

    wrong = press(client, plan, "apply", typed="12")

    page = read(wrong)
    assert wrong.status_code == 422
    assert "Not started Nothing was sent. Type how many numbers will change" in said(wrong)
    assert find(page, "id_typed").get("value") == "12"
    assert find(page, "id_typed").get("aria-describedby") == "typed-hint typed-error"
    assert words(find(page, "typed-error")) == "This is not 11, the number of changes."
    assert bells == []
    assert press(client, plan, "apply", typed=" 11 ").status_code == 302
    assert bells == [plan.pk]


def test_preview_that_moved_starts_nothing(client: Client, aurora: Project, lead: User, bells: list[int]) -> None:
    plan = make_plan(lead, phones_of(aurora, 3), renames("Line"))
    page = show(client, plan)
    plan.items.filter(number=2).update(state=ItemState.LEFT_OUT, foreseen=Foreseen.NEEDS_LOOK, why="just_changed")
    plan.items.filter(number=2).update(details={"at": timezone.now().isoformat(), "by": "Íñigo Salas"})

    response = press(client, plan, "apply", page)

    assert response.status_code == 409
    assert said(response).startswith("Not started: the preview has changed Nothing was sent.")
    assert texts(read(response), ".//button[@id='plan-go']") == ["Apply 2 changes"]
    assert bells == []


def test_nothing_to_apply_is_said(client: Client, aurora: Project, lead: User, bells: list[int]) -> None:
    plan = big_plan(aurora, lead, 2, foreseen=Foreseen.ALREADY_SO, why="already_so", state=ItemState.SAME)

    response = press(client, plan, "apply")

    assert show(client, plan).xpath(".//button[@id='plan-go']/@disabled") == ["disabled"]
    assert response.status_code == 422
    assert said(response).startswith("There is nothing to apply Nothing was sent.")


def test_second_person_approves(
    client: Client, client_of: ClientOf, aurora: Project, lead: User, other_lead: User, bells: list[int]
) -> None:
    Project.objects.filter(pk=aurora.pk).update(approved_above=2)
    plan = make_plan(lead, phones_of(aurora, 3), renames("Line"))
    assert texts(show(client, plan), ".//button[@id='plan-go']") == ["Ask for approval"]

    press(client, plan, "apply")

    assert bells == []
    assert "Another lead or administrator of this project has to approve it." in words(show(client, plan))
    forced = client.post(url_of(plan, "approve/"), {"reviewed": fingerprint_of(plan)})
    assert (forced.status_code, bells) == (403, [])
    assert said(forced).startswith("You can’t approve your own plan Nothing was sent.")
    theirs = client_of(other_lead)
    assert "Lead Ruiz asks for a second person’s yes." in words(show(theirs, plan))
    assert texts(show(theirs, plan), ".//button[@id='plan-approve']") == ["Approve and apply 3 changes"]
    assert press(theirs, plan, "approve").status_code == 302
    plan.refresh_from_db()
    assert (plan.state, plan.approver, bells) == (PlanState.RUNNING, other_lead, [plan.pk])
    assert "let run by Second Ruiz" in words(show(client, plan))


def test_page_says_who_did_what(
    client: Client, client_of: ClientOf, aurora: Project, lead: User, other_lead: User, bells: list[int]
) -> None:
    Project.objects.filter(pk=aurora.pk).update(approved_above=2)
    plan = make_plan(lead, phones_of(aurora, 3), renames("Line"))
    assert not has(show(client, plan), "plan-steps")
    press(client, plan, "apply")
    press(client_of(other_lead), plan, "approve")
    lifecycle.pause_plan(plan=plan, clock=timezone.now, cause="no_key")
    press(client, plan, "resume")
    press(client, plan, "pause")
    press(client, plan, "stop", show(client, plan, "?ask=stop"))

    page = show(client, plan)

    steps = texts(page, ".//section[@aria-labelledby='plan-steps']//li/span[2]")
    assert steps == [
        "Lead Ruiz asked for a second person’s yes.",
        "Second Ruiz approved it, and it started.",
        "It paused by itself. This project has no API key that can be used.",
        "Lead Ruiz resumed it.",
        "Lead Ruiz paused it.",
        "Lead Ruiz stopped it.",
    ]
    assert "let run by Second Ruiz" in words(page)


def test_approver_gives_a_plan_back(
    client: Client, client_of: ClientOf, aurora: Project, lead: User, other_lead: User, bells: list[int]
) -> None:
    Project.objects.filter(pk=aurora.pk).update(approved_above=2)
    plan = make_plan(lead, phones_of(aurora, 3), renames("Line"))
    press(client, plan, "apply")

    press(client_of(other_lead), plan, "return")

    plan.refresh_from_db()
    assert (plan.state, bells) == (PlanState.PREVIEW, [])


def test_pausing_resuming_and_stopping(client: Client, aurora: Project, lead: User, bells: list[int]) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 3), renames("Line")), lead)

    press(client, plan, "pause")
    assert "Nothing is sent while it is paused." in words(show(client, plan))
    press(client, plan, "resume")
    assert bells == [plan.pk]
    asking = show(client, plan, "?ask=stop")
    press(client, plan, "stop", asking)

    page = show(client, plan)
    assert "Stopped" in words(find(page, "plan-card"))
    assert (sums(page)["not attempted"], sums(page)["in the plan"]) == (3, 3)
    late = press(client, plan, "stop", asking)
    assert (late.status_code, said(late)) == (
        409,
        "Not done: the plan has moved on It was stopped. You see below how it is now.",
    )


def test_stopping_asks_once(client: Client, aurora: Project, lead: User) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 3), renames("Line")), lead)

    page = show(client, plan)

    assert page.xpath(f".//form[contains(@action, '{plan.pk}/stop/')]") == []
    asked = read(client.get(find(page, "plan-ask").get("href")))
    assert texts(asked, ".//*[@id='plan-stop']") == ["Stop now: the rest is not attempted"]


def test_discarding(client: Client, aurora: Project, lead: User) -> None:
    plan = make_plan(lead, phones_of(aurora, 3), renames("Line"))

    press(client, plan, "discard")

    plan.refresh_from_db()
    assert plan.state == PlanState.DISCARDED
    assert show(client, plan).xpath(".//main//form[@method='post']") == []


def test_rows_that_need_a_look_are_ticked(client: Client, aurora: Project, lead: User) -> None:
    plan = big_plan(
        aurora, lead, 12, foreseen=Foreseen.NEEDS_LOOK, why="unknown_change", state=ItemState.LEFT_OUT, details={}
    )

    assert tick(client, plan, ".//form[.//input[@id='tick-3']]", ticked="1").status_code == 302
    assert list(plan.items.filter(state=ItemState.WAITING).values_list("number", flat=True)) == [3]
    assert texts(show(client, plan), ".//button[@id='plan-go']") == ["Apply 1 change"]
    assert show(client, plan).xpath(".//input[@id='tick-3']/@checked") == ["checked"]
    assert tick(client, plan, ".//form[.//input[@id='tick-3']]", ticked=None).status_code == 302
    assert states(plan) == {"LEFT_OUT": 12}
    assert tick(client, plan, ".//form[@id='tick-all']", ticked="1").status_code == 302
    assert states(plan) == {"WAITING": 12}
    assert tick(client, plan, ".//form[@id='tick-all']").status_code == 302
    assert states(plan) == {"LEFT_OUT": 12}


def test_preview_is_computed_anew(client: Client, aurora: Project, lead: User) -> None:
    phones = phones_of(aurora, 3)
    plan = make_plan(lead, phones, PhoneEdit(nickname="Same for all"))
    type(phones[0]).objects.filter(pk=phones[0].pk).update(nickname="Same for all")

    press(client, plan, "renew")

    assert sums(show(client, plan))["already so"] == 1


@pytest.mark.parametrize(
    ("kind", "numbers", "what"),
    [
        ("RETRY", [2], "second try of plan"),
        ("REST", [3], "the rest of plan"),
        ("REVERT", [1], "undoes plan"),
    ],
)
def test_plan_is_made_again(
    client: Client, aurora: Project, lead: User, kind: str, numbers: list[int], what: str
) -> None:
    phones = phones_of(aurora, 3)
    first = finish(
        make_plan(lead, phones, renames("Line"), ticket="T-9"), ItemState.DONE, ItemState.FAILED, ItemState.NOT_TRIED
    )
    type(phones[0]).objects.filter(pk=phones[0].pk).update(nickname="Line 1")
    page = show(client, first)

    response = press(client, first, "again", page, kind=kind)
    twice = press(client, first, "again", page, kind=kind)

    made = Plan.objects.exclude(pk=first.pk).get()
    assert response["Location"] == twice["Location"] == url_of(made)
    assert (made.kind, made.origin, made.reason, made.ticket) == (PlanKind(kind), first, "Autumn hours", "T-9")
    assert list(made.items.values_list("phone", flat=True)) == [phones[number - 1].pk for number in numbers]
    assert texts(show(client, made), ".//h1") == [f"Plan {made.pk} · {what} {first.pk}"]
    assert url_of(first) in show(client, made).xpath(".//header//a/@href")
    assert url_of(made) in show(client, first).xpath(".//header//a/@href")


def test_making_again_needs_a_reason(client: Client, aurora: Project, lead: User) -> None:
    plan = finish(make_plan(lead, phones_of(aurora, 1), renames("Line")), ItemState.DONE)

    response = press(client, plan, "again", kind="REVERT", reason=" ")

    assert response.status_code == 422
    assert words(find(read(response), "id_reason_error")) == "Say why; the history keeps it."
    assert Plan.objects.count() == 1


def test_making_again_of_nothing_is_said(client: Client, aurora: Project, lead: User) -> None:
    plan = finish(make_plan(lead, phones_of(aurora, 1), renames("Line")), ItemState.DONE)

    response = press(client, plan, "again", kind="RETRY")

    assert response.status_code == 422
    assert said(response).startswith("No plan was made There is no number left for it.")


def _like_reloaded(window: Browser) -> None:
    assert outline(find(window.tree, "main")) == outline(find(window.reloaded().tree, "main"))


def test_swaps_are_as_a_reload(client: Client, aurora: Project, lead: User, bells: list[int]) -> None:
    plan = big_plan(aurora, lead, 120)
    plan.items.filter(number__gt=118).update(
        foreseen=Foreseen.NEEDS_LOOK, why="unknown_change", state=ItemState.LEFT_OUT
    )
    window = Browser(client).open(url_of(plan))

    window.click(window.element(".//a[.='Show the other 108']"))
    assert window.url == url_of(plan) + "?group=WILL_CHANGE"
    _like_reloaded(window)
    (tick,) = find(window.tree, "tick-119").iterancestors("form")
    window.submit(tick, ticked="1")
    assert window.url == url_of(plan) + "?group=WILL_CHANGE"
    _like_reloaded(window)
    window.submit(find(window.tree, "plan-apply"), typed="119")
    assert (window.url, bells) == (url_of(plan), [plan.pk])
    _like_reloaded(window)
    window.click(find(window.tree, "plan-ask"))
    _like_reloaded(window)
    window.click(window.element(".//a[.='Don’t stop']"))
    (pause,) = find(window.tree, "plan-pause").iterancestors("form")
    window.submit(pause)
    _like_reloaded(window)
    window.click(window.element(".//a[contains(@class, 'chip') and starts-with(., 'waiting')]"))
    _like_reloaded(window)
    window.click(window.element(".//a[.='Next']"))
    _like_reloaded(window)


def test_refused_act_keeps_what_was_typed_and_nothing_else_moves(client: Client, aurora: Project, lead: User) -> None:
    plan = big_plan(aurora, lead, 12)
    window = Browser(client).open(url_of(plan))

    answer = window.submit(find(window.tree, "plan-apply"), typed="11")

    assert answer.status_code == 422
    assert find(window.tree, "id_typed").get("value") == "11"
    assert window.url == url_of(plan)
    assert lifecycle.needs_typing(aurora, 12)
