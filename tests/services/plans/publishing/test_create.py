"""A plan that publishes a version: it is about every number that the agent has, and nothing unseen is applied."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.invariants import assert_invariants
from bench.rig.plans import start, states
from phones import diga
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Change, Foreseen, NoKey, Phone, Plan, PlanState, Project, Source
from phones.services.editing.spent_forms import SpentForm
from phones.services.plans import lifecycle
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.plans.lock import PlanHasMoved
from phones.services.plans.publishing.create import CopyTooOld
from phones.services.plans.publishing.preview import NotOffered
from phones.services.projects import keys
from phones.services.sync import refresh
from tests.support.desk.published import AGENTS, a_lead, fresh, phones_of, plan_of, publish, publishings
from tests.support.desk.saving import forget_waiting, held, target

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def join(sandbox: Sandbox, phone: Phone) -> None:
    """Give a phone the agent in Diga, past this desk."""
    held(sandbox, phone).inbound_agent_id = sandbox.projects["aurora"].agent("Alicia").id


def shown(plan: Plan) -> set[tuple[uuid.UUID, str]]:
    return set(plan.items.values_list("phone_id", "foreseen"))


def test_plan_freezes_every_number_with_the_lanes_in_which_it_has_the_agent(
    aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    phones = phones_of(aurora, "Alicia")
    agent_id = target(aurora, "Alicia", 6).agent.id

    plan = plan_of(aurora, "Alicia", 6, by=lead)

    items = list(plan.items.select_related("phone").order_by("number"))
    assert [item.phone_id for item in items] == [phone.pk for phone in phones]
    for item in items:
        lanes = {name for name in ("inbound", "outbound") if getattr(item.phone, f"{name}_agent_id") == agent_id}
        assert (set(item.before), set(item.after)) == (lanes, lanes)
        assert {lane.version_number for lane in item.before.values()} == {5}
        assert {lane.version_number for lane in item.after.values()} == {6}
    assert (plan.state, plan.author_name, plan.reason, plan.ticket) == ("PREVIEW", "Lead Ruiz", "Autumn hours", "T-9")
    assert (states(plan), publishings(sandbox)) == ({"WAITING": len(phones)}, [])


@pytest.mark.parametrize(
    ("agent", "number", "why"), [("Alicia", 7, "draft"), ("Alicia", 5, "live"), ("Gema", 1, "nothing_live")]
)
def test_version_that_is_not_offered_makes_no_plan(aurora: Project, agent: str, number: int, why: str) -> None:
    with pytest.raises(NotOffered) as refused:
        plan_of(aurora, agent, number)

    assert (refused.value.why, Plan.objects.count()) == (why, 0)


def test_agent_without_numbers_has_nothing_to_publish(aurora: Project, sandbox: Sandbox) -> None:
    for phone in phones_of(aurora, "Dora"):
        held(sandbox, phone).inbound_agent_id = held(sandbox, phone).outbound_agent_id = None

    with pytest.raises(NotOffered) as refused:
        plan_of(aurora, "Dora", 2)

    assert (refused.value.why, Plan.objects.count()) == ("no_number", 0)
    assert_invariants(sandbox)


def test_plan_is_about_what_diga_has_and_not_our_copy(aurora: Project, sandbox: Sandbox, spare_phone: Phone) -> None:
    gone, left, *_others = phones_of(aurora, "Alicia")
    join(sandbox, spare_phone)
    held(sandbox, left).inbound_agent_id = held(sandbox, left).outbound_agent_id = None
    sandbox.phones.remove(gone.pk)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id

    plan = plan_of(aurora, "Alicia", 6)

    ids = set(plan.items.values_list("phone_id", flat=True))
    assert (spare_phone.pk in ids, left.pk in ids, gone.pk in ids) == (True, False, False)
    assert plan.wish["version"]["before"].version_number == 4
    # What was found out by looking stands in the history as what it is.
    assert set(Change.objects.values_list("source", flat=True)) == {Source.OUTSIDE}


def test_copy_that_is_far_from_diga_needs_a_sync_first(
    aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "STRAY_LIMIT", 2)
    for phone in phones_of(aurora, "Alicia")[:3]:
        held(sandbox, phone).inbound_agent_id = held(sandbox, phone).outbound_agent_id = None

    with pytest.raises(CopyTooOld):
        plan_of(aurora, "Alicia", 6)

    assert Plan.objects.count() == 0


@pytest.mark.parametrize("is_rejected", [True, False])
def test_project_without_a_good_key_makes_no_plan(aurora: Project, is_rejected: bool) -> None:
    if is_rejected:
        Project.objects.update(token_state="REJECTED")
    else:
        keys.disconnect(project=aurora, actor=None, now=timezone.now())

    with pytest.raises(NoKey):
        plan_of(aurora, "Alicia", 6)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=503, method="GET", path=AGENTS, times=None),
        Fault("status", status=503, method="GET", path="/v1/phone/", times=None),
        Fault("missing_field", method="GET", path="/v1/agent/versions-dropdown/dashboard"),
    ],
    ids=["agents", "phones", "without the agent"],
)
def test_read_that_fails_makes_no_plan(aurora: Project, sandbox: Sandbox, fault: Fault) -> None:
    sandbox.faults.add(fault)

    with pytest.raises(diga.DigaUnavailable):
        plan_of(aurora, "Alicia", 6)

    assert Plan.objects.count() == 0


def test_second_send_of_a_form_gives_the_first_one_s_plan(aurora: Project) -> None:
    token = uuid.uuid4()

    first = plan_of(aurora, "Alicia", 6, form_token=token, form_digest="content")
    second = plan_of(aurora, "Alicia", 6, form_token=token, form_digest="content")
    with pytest.raises(SpentForm) as spent:
        plan_of(aurora, "Alicia", 4, form_token=token, form_digest="other content")

    assert (second.pk, Plan.objects.count(), spent.value.earlier) == (first.pk, 1, first)


# The preview, computed anew.


def test_nothing_moved_leaves_the_preview_as_it_was(aurora: Project) -> None:
    plan = plan_of(aurora, "Alicia", 6)
    before = list(plan.items.order_by("number").values())

    assert not lifecycle.renew(plan, clock=timezone.now)
    assert list(plan.items.order_by("number").values()) == before


def test_number_that_joined_the_agent_is_seen_before_anything_is_applied(
    aurora: Project, sandbox: Sandbox, spare_phone: Phone
) -> None:
    plan = plan_of(aurora, "Alicia", 6)
    count = plan.items.count()
    join(sandbox, spare_phone)

    with pytest.raises(lifecycle.PreviewHasMoved):
        start(plan, a_lead(aurora))

    assert (fresh(plan).state, states(plan), publishings(sandbox)) == ("PREVIEW", {"WAITING": count + 1}, [])
    assert start(fresh(plan), a_lead(aurora)).state == "RUNNING"


def test_version_that_went_live_meanwhile_is_seen_before_anything_is_applied(aurora: Project, sandbox: Sandbox) -> None:
    plan = plan_of(aurora, "Alicia", 6)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(4).id

    with pytest.raises(lifecycle.PreviewHasMoved):
        start(plan, a_lead(aurora))

    lanes = [lane for before in plan.items.values_list("before", flat=True) for lane in before.values()]
    assert {lane.version_number for lane in [*lanes, fresh(plan).wish["version"]["before"]]} == {4}


def test_version_that_is_live_by_now_leaves_nothing_to_apply(aurora: Project, sandbox: Sandbox) -> None:
    plan = plan_of(aurora, "Alicia", 6)
    alicia = sandbox.projects["aurora"].agent("Alicia")
    alicia.published_id = alicia.version(6).id

    assert lifecycle.renew(plan, clock=timezone.now)
    with pytest.raises(lifecycle.NothingToApply):
        start(fresh(plan), a_lead(aurora))
    assert {foreseen for _phone, foreseen in shown(plan)} == {Foreseen.CANNOT}
    assert not lifecycle.renew(fresh(plan), clock=timezone.now)

    alicia.published_id = alicia.version(5).id
    assert lifecycle.renew(fresh(plan), clock=timezone.now)
    assert {foreseen for _phone, foreseen in shown(plan)} == {Foreseen.WILL_CHANGE}


def test_preview_is_computed_from_our_copy_while_diga_is_silent(aurora: Project, sandbox: Sandbox) -> None:
    plan = plan_of(aurora, "Alicia", 6)
    before = shown(plan)
    sandbox.faults.add(Fault("status", status=503, method="GET", times=None))

    assert not lifecycle.renew(plan, clock=timezone.now)
    assert shown(plan) == before


def test_preview_that_somebody_else_has_renewed_is_not_laid_down_twice(
    aurora: Project, sandbox: Sandbox, spare_phone: Phone
) -> None:
    plan = plan_of(aurora, "Alicia", 6)
    same = fresh(plan)
    join(sandbox, spare_phone)

    assert lifecycle.renew(plan, clock=timezone.now)
    assert lifecycle.renew(same, clock=timezone.now)

    assert spare_phone.pk in {phone_id for phone_id, _foreseen in shown(plan)}
    assert_invariants(sandbox)


# The project's rules.


@pytest.mark.parametrize("typed", ["", "1", "many"])
def test_count_above_the_threshold_has_to_be_typed(aurora: Project, typed: str) -> None:
    Project.objects.filter(pk=aurora.pk).update(typed_above=3)
    plan = plan_of(aurora, "Alicia", 6)

    with pytest.raises(lifecycle.CountNotTyped):
        lifecycle.apply_plan(
            plan=plan, by=a_lead(aurora), reviewed=fingerprint_of(plan), typed=typed, clock=timezone.now
        )

    assert start(plan, a_lead(aurora)).state == PlanState.RUNNING


@pytest.fixture
def careful(aurora: Project) -> Project:
    """Aurora, where more than three changes need two people."""
    Project.objects.filter(pk=aurora.pk).update(approved_above=3)
    return Project.objects.get(pk=aurora.pk)


def test_second_person_lets_it_run_exactly_as_it_was_proposed(
    careful: Project, lead: User, admin: User, sandbox: Sandbox
) -> None:
    proposed = start(plan_of(careful, "Alicia", 6, by=lead), lead)
    assert (proposed.state, proposed.agreed) == ("PROPOSED", [str(proposed.wish["version"]["value"].version_id)])
    reviewed = fingerprint_of(proposed)

    with pytest.raises(lifecycle.NotYourPlan):
        lifecycle.approve_plan(plan=proposed, by=lead, reviewed=reviewed, clock=timezone.now)
    lifecycle.approve_plan(plan=proposed, by=admin, reviewed=reviewed, clock=timezone.now)

    assert (proposed.state, proposed.author, proposed.approver, publishings(sandbox)) == ("RUNNING", lead, admin, [])


def test_proposal_that_is_out_of_date_goes_back_to_its_author(
    careful: Project, lead: User, admin: User, sandbox: Sandbox, spare_phone: Phone
) -> None:
    proposed = start(plan_of(careful, "Alicia", 6, by=lead), lead)
    join(sandbox, spare_phone)

    with pytest.raises(lifecycle.PreviewHasMoved):
        lifecycle.approve_plan(plan=proposed, by=admin, reviewed=fingerprint_of(proposed), clock=timezone.now)

    assert (fresh(proposed).state, fresh(proposed).agreed, publishings(sandbox)) == ("PREVIEW", [], [])


def test_nothing_of_a_plan_that_publishes_is_ticked_off(aurora: Project) -> None:
    plan = plan_of(aurora, "Alicia", 6)

    moved = lifecycle.tick_rows(plan=plan, by=a_lead(aurora), numbers=range(99), is_ticked=False)

    assert (moved, states(plan)) == (0, {"WAITING": plan.items.count()})


def test_running_plan_is_not_computed_anew(aurora: Project) -> None:
    plan = publish(aurora, "Alicia", 6)

    with pytest.raises(PlanHasMoved):
        lifecycle.renew(plan, clock=timezone.now)
