"""Who did what with a plan is kept, and the yes that started it stays, whoever holds it and lets it go on."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start, states
from phones.access import may_run_plan
from phones.models import Membership, Plan, PlanState, Project, Role
from phones.services.plans import lifecycle
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from tests.support.desk.planned import renames, work_at


@pytest.fixture
def approved(aurora: Project, lead: User, other_lead: User) -> Plan:
    """A plan of the lead's that runs by the yes of the other lead."""
    Project.objects.filter(pk=aurora.pk).update(approved_above=2)
    plan = start(make_plan(lead, phones_of(aurora, 3), renames("Line")), lead)
    lifecycle.approve_plan(plan=plan, by=other_lead, reviewed=fingerprint_of(plan), clock=timezone.now)
    return plan


def hold_and_resume(plan: Plan, by: User) -> None:
    lifecycle.pause_plan(plan=plan, by=by, clock=timezone.now)
    lifecycle.resume_plan(plan=plan, by=by, clock=timezone.now)


def demote(person: User) -> None:
    Membership.objects.filter(user=person).update(role=Role.ROUTER)


def test_second_person_s_yes_survives_pause_and_resume(approved: Plan, lead: User, other_lead: User) -> None:
    hold_and_resume(approved, lead)

    assert (approved.approver, approved.approver_name) == (other_lead, "Second Ruiz")
    assert list(approved.steps.order_by("pk").values_list("kind", "actor_name", "actor")) == [
        ("PROPOSED", "Lead Ruiz", lead.pk),
        ("APPROVED", "Second Ruiz", other_lead.pk),
        ("PAUSED", "Lead Ruiz", lead.pk),
        ("RESUMED", "Lead Ruiz", lead.pk),
    ]


def test_right_of_the_second_person_is_asked_for_after_a_resume(approved: Plan, lead: User, other_lead: User) -> None:
    hold_and_resume(approved, lead)
    demote(other_lead)

    work_at(approved)

    assert (approved.state, approved.cause, states(approved)) == (PlanState.PAUSED, "no_right", {"WAITING": 3})
    assert list(approved.steps.order_by("pk").values_list("kind", "actor_name", "cause"))[-1] == (
        "PAUSED",
        "",
        "no_right",
    )


def test_right_of_whoever_resumed_it_last_is_asked_for(approved: Plan, admin: User, lead: User) -> None:
    hold_and_resume(approved, admin)
    demote(admin)
    assert not may_run_plan(approved)

    hold_and_resume(approved, lead)

    assert may_run_plan(approved)
    assert work_at(approved).state == PlanState.FINISHED


def test_every_act_is_kept(aurora: Project, lead: User, other_lead: User) -> None:
    Project.objects.filter(pk=aurora.pk).update(approved_above=2)
    returned = start(make_plan(lead, phones_of(aurora, 3), renames("Line")), lead)
    lifecycle.return_plan(plan=returned, by=other_lead, clock=timezone.now)
    lifecycle.discard_plan(plan=returned, by=other_lead, clock=timezone.now)
    stopped = start(make_plan(lead, phones_of(aurora, 1), renames("Line")), lead)
    lifecycle.stop_plan(plan=stopped, by=other_lead, clock=timezone.now)

    def acts(plan: Plan) -> list[tuple[str, str]]:
        return list(plan.steps.order_by("pk").values_list("kind", "actor_name"))

    theirs = "Second Ruiz"
    assert acts(returned) == [("PROPOSED", "Lead Ruiz"), ("RETURNED", theirs), ("DISCARDED", theirs)]
    assert acts(stopped) == [("APPLIED", "Lead Ruiz"), ("STOPPED", theirs)]


def test_names_stay_when_people_go(approved: Plan, other_lead: User) -> None:
    other_lead.delete()

    assert approved.steps.get(kind="APPROVED").actor_name == "Second Ruiz"
    assert approved.steps.get(kind="APPROVED").actor is None
