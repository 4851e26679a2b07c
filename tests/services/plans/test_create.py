"""The preview of a plan: what it tells of a row was read from Diga, or it says that it wasn't."""

from itertools import count

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Agent, AgentVersion, Foreseen, ItemState, Phone, Plan, PlanKind, Project
from phones.services.plans.follow_ups import plan_again
from phones.services.plans.forecasts.checked import READ_FOR
from phones.services.plans.forecasts.preview import renew_preview
from phones.services.plans.lifecycle import tick_rows
from phones.services.routing.catalogue import forget_catalogues
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.planned import work_at
from tests.support.desk.published import phones_of as users_of
from tests.support.desk.saving import forget_waiting, held, save, target

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def test_numbers_that_left_diga_are_in_no_forecast(aurora: Project, lead: User, spare_phone: Phone) -> None:
    wanted = target(aurora, "Dora", 2)
    Phone.objects.filter(project=aurora).using_agents({wanted.agent.id}).update(missing_since=timezone.now())

    plan = make_plan(lead, [spare_phone], PhoneEdit(inbound=wanted))

    row = plan.items.get()
    assert (row.foreseen, row.why, row.details["count"]) == (Foreseen.WILL_CHANGE, "publishes", 0)


def test_number_that_left_diga_is_not_already_so(aurora: Project, lead: User, sales_phone: Phone) -> None:
    Phone.objects.filter(pk=sales_phone.pk).update(missing_since=timezone.now())

    plan = make_plan(lead, [sales_phone], PhoneEdit(nickname=sales_phone.nickname or ""))

    row = plan.items.get()
    assert (row.foreseen, row.why) == (Foreseen.CANNOT, "missing")


def reads(sandbox: Sandbox) -> tuple[int, int]:
    """Count the requests for the agents, and for phones by their agent."""
    by_agent = [name for request in sandbox.journal for name in request.query if "agent_id" in name]
    return sum("/agent" in request.path for request in sandbox.journal), len(by_agent)


def free(sandbox: Sandbox, *phones: Phone) -> None:
    """Take the agents off phones in Diga, past this desk."""
    for phone in phones:
        held(sandbox, phone).inbound_agent_id = held(sandbox, phone).outbound_agent_id = None


def foreseen(plan: Plan) -> list[tuple[str, str]]:
    """Return the group and the reason of each row, in order."""
    return list(plan.items.order_by("number").values_list("foreseen", "why"))


def test_preview_that_refuses_nothing_reads_no_list(aurora: Project, lead: User, sandbox: Sandbox) -> None:
    sandbox.journal.clear()

    make_plan(lead, phones_of(aurora, 3), PhoneEdit(inbound=target(aurora, "Alicia", 5)))

    assert reads(sandbox) == (0, 0)


def test_numbers_that_moved_away_in_diga_stand_in_no_row_s_way(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    free(sandbox, *users_of(aurora, "Dora"))

    plan = make_plan(lead, [spare_phone], PhoneEdit(inbound=target(aurora, "Dora", 2)))

    assert foreseen(plan) == [("WILL_CHANGE", "publishes")]
    assert plan.items.get().details["count"] == 0


def test_lists_of_an_agent_are_read_once_for_all_rows(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    gone, *others = users_of(aurora, "Dora")
    free(sandbox, gone)
    rows = [spare_phone, *phones_of(aurora, 5, outbound_agent_id=None), gone]
    sandbox.journal.clear()

    plan = make_plan(lead, list(dict.fromkeys(rows)), PhoneEdit(outbound=target(aurora, "Dora", 2)))

    assert set(foreseen(plan)) == {("CANNOT", "refused")}
    assert {item.details["count"] for item in plan.items.all()} == {len(others)}
    assert reads(sandbox) == (1, 2)
    assert plan.items.get(phone=gone).before == {"outbound": None}


def test_agents_are_read_before_a_version_is_told_to_be_gone(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    wish = PhoneEdit(inbound=target(aurora, "Gema", 1))
    Agent.objects.filter(project=aurora, name__startswith="Gema").update(is_listed=False)
    forget_catalogues()
    sandbox.journal.clear()

    plan = make_plan(lead, [spare_phone], wish)

    assert (foreseen(plan), reads(sandbox)) == ([("WILL_CHANGE", "publishes")], (1, 0))


@pytest.mark.parametrize("path", ["/v1/agent/", "/v1/phone/"])
def test_refusal_that_can_t_be_checked_is_told_as_such(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone, path: str
) -> None:
    sandbox.faults.add(Fault("status", status=503, method="GET", path=path, times=None))

    plan = make_plan(lead, [spare_phone], PhoneEdit(inbound=target(aurora, "Dora", 2)))

    row = plan.items.get()
    assert (foreseen(plan), row.state) == ([("NEEDS_LOOK", "not_checked")], ItemState.LEFT_OUT)
    assert row.details["copy_says"] == "refused"


def test_silent_diga_is_not_waited_for(aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone) -> None:
    aurora.unreachable_since = timezone.now()
    aurora.save()
    sandbox.journal.clear()

    plan = make_plan(lead, [spare_phone], PhoneEdit(inbound=target(aurora, "Dora", 2)))

    assert (foreseen(plan), sandbox.journal) == ([("NEEDS_LOOK", "not_checked")], [])


def test_preview_asks_so_long_only(aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone) -> None:
    moments = count()
    start = timezone.now()

    plan = make_plan(
        lead,
        [spare_phone],
        PhoneEdit(inbound=target(aurora, "Dora", 2)),
        clock=lambda: start + next(moments) * READ_FOR,
    )

    assert (foreseen(plan), reads(sandbox)[1]) == ([("NEEDS_LOOK", "not_checked")], 0)


def test_very_many_numbers_are_not_read_to_the_last(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phones.diga.client.PAGE_SIZE", 3)
    monkeypatch.setattr("phones.services.editing.guard.USER_PAGES", 1)

    plan = make_plan(lead, [spare_phone], PhoneEdit(inbound=target(aurora, "Alicia", 6)))

    details = plan.items.get().details
    assert foreseen(plan) == [("CANNOT", "refused")]
    assert (details["at_least"], 3 <= details["count"] <= 6, len(details["numbers"])) == (True, True, 3)


def test_copy_that_is_far_from_diga_tells_no_refusal(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phones.services.sync.refresh.STRAY_LIMIT", 1)
    free(sandbox, *users_of(aurora, "Dora"))

    plan = make_plan(lead, [spare_phone], PhoneEdit(inbound=target(aurora, "Dora", 2)))

    assert foreseen(plan) == [("NEEDS_LOOK", "not_checked")]


def test_preview_that_is_computed_anew_asks_anew(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    plan = make_plan(lead, [spare_phone], PhoneEdit(inbound=target(aurora, "Dora", 2)))
    before = foreseen(plan)
    free(sandbox, *users_of(aurora, "Dora"))

    assert renew_preview(plan, clock=timezone.now)

    assert (before, foreseen(plan)) == ([("CANNOT", "refused")], [("WILL_CHANGE", "publishes")])


@pytest.mark.parametrize(
    ("is_silent", "group"), [(False, ("CANNOT", "gone")), (True, ("NEEDS_LOOK", "not_checked"))], ids=["read", "silent"]
)
def test_version_that_is_gone_is_told_to_be_so_once_it_was_read(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone, is_silent: bool, group: tuple[str, str]
) -> None:
    wanted = target(aurora, "Gema", 1)
    plan = make_plan(lead, [spare_phone], PhoneEdit(inbound=wanted))
    gema = sandbox.projects["aurora"].agent("Gema")
    gema.versions = [version for version in gema.versions if version.id != wanted.version.id]
    AgentVersion.objects.filter(pk=wanted.version.id).delete()
    forget_catalogues()
    if is_silent:
        sandbox.faults.add(Fault("status", status=503, method="GET", path="/v1/agent/", times=None))

    renew_preview(plan, clock=timezone.now)

    assert foreseen(plan) == [group]


def test_row_that_was_ticked_stays_so_when_its_preview_is_computed_anew(
    aurora: Project, lead: User, router: User, sales_phone: Phone
) -> None:
    save(sales_phone, PhoneEdit(nickname="Changed a minute ago"), user=router)
    plan = make_plan(lead, [sales_phone], PhoneEdit(nickname="Sales"))
    tick_rows(plan=plan, by=lead, numbers=[1], is_ticked=True)

    assert not renew_preview(plan, clock=timezone.now)

    row = plan.items.get()
    assert (row.foreseen, row.why, row.state) == (Foreseen.NEEDS_LOOK, "just_changed", ItemState.WAITING)


def test_row_that_could_only_follow_others_is_asked_about_as_well(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    """By our copy both numbers of Dora have to leave her first; in Diga they have."""
    users = users_of(aurora, "Dora")
    free(sandbox, *users)
    leave, join = PhoneEdit(inbound=None, outbound=None), PhoneEdit(inbound=target(aurora, "Dora", 2))

    plan = make_plan(lead, [*users, spare_phone], lambda place: leave if place <= len(users) else join)

    assert foreseen(plan) == [*[("ALREADY_SO", "already_so")] * len(users), ("WILL_CHANGE", "publishes")]


def test_version_that_is_gone_since_it_was_chosen_is_not_given(
    aurora: Project, lead: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    wanted = target(aurora, "Gema", 1)
    gema = sandbox.projects["aurora"].agent("Gema")
    gema.versions = [version for version in gema.versions if version.id != wanted.version.id]
    Project.objects.update(agents_read_at=None)

    plan = make_plan(lead, [spare_phone], PhoneEdit(inbound=wanted))

    assert foreseen(plan) == [("CANNOT", "gone")]


@pytest.mark.django_db(transaction=True)
def test_agents_are_read_before_a_row_is_told_not_to_be_revertible(
    aurora: Project, lead: User, sandbox: Sandbox, sales_phone: Phone
) -> None:
    agent_id = sales_phone.inbound_agent_id
    assert agent_id
    plan = work_at(start(make_plan(lead, [sales_phone], PhoneEdit(inbound=target(aurora, "Alicia", 5))), lead))
    Agent.objects.filter(pk=agent_id).update(is_listed=False)
    Project.objects.update(agents_read_at=None, agents_changed_at=timezone.now())

    back = plan_again(
        plan=Plan.objects.get(pk=plan.pk),
        kind=PlanKind.REVERT,
        author=lead,
        reason="Back",
        ticket="",
        form_token=None,
        clock=timezone.now,
    )

    assert "revert" not in back.items.get().why
