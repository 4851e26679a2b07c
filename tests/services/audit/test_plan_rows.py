"""Rows of a plan are sealed by whoever answers for them, and tampering with them shows."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of
from phones.models import Act, Plan, Project
from phones.services.audit.chain.verification import verify_log
from phones.services.plans.forecasts.fingerprint import fingerprint_of
from phones.services.plans.lifecycle import apply_plan, approve_plan, discard_plan, return_plan
from phones.services.routing.edits import PhoneEdit
from tests.fixtures.desk import make_user
from tests.support.database.tampering import tamper
from tests.support.desk.planned import work_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plan(aurora: Project, lead: User, admin: User) -> Plan:
    """A plan of three numbers that a second person has approved."""
    Project.objects.update(approved_above=1)
    plan = make_plan(lead, phones_of(aurora, 3), PhoneEdit(nickname="Line"))
    plan.project.refresh_from_db()
    apply_plan(plan=plan, by=lead, reviewed=fingerprint_of(plan), typed="", clock=timezone.now)
    approve_plan(plan=plan, by=admin, reviewed=fingerprint_of(plan), clock=timezone.now)
    return plan


def faults(plan: Plan) -> list[str]:
    return verify_log(project=plan.project).faults


def test_plan_is_as_approved_before_and_after_it_ran(plan: Plan) -> None:
    assert faults(plan) == []
    work_at(plan)

    assert faults(plan) == []
    acts = Act.objects.filter(kind__startswith="PLAN_").order_by("pk")
    assert [(act.kind, act.actor_username, act.details["plan"], act.details["rows"]) for act in acts] == [
        ("PLAN_PROPOSED", "lead", plan.pk, 3),
        ("PLAN_APPROVED", "admin", plan.pk, 3),
    ]


def test_approver_who_shares_a_name_is_who_they_are(aurora: Project, lead: User, admin: User) -> None:
    User.objects.create_user("other", first_name=admin.first_name, last_name=admin.last_name)
    Project.objects.update(approved_above=1)
    plan = make_plan(lead, phones_of(aurora, 3), PhoneEdit(nickname="Line"))
    plan.project.refresh_from_db()
    apply_plan(plan=plan, by=lead, reviewed=fingerprint_of(plan), typed="", clock=timezone.now)

    approve_plan(plan=plan, by=admin, reviewed=fingerprint_of(plan), clock=timezone.now)

    assert (plan.approver_name, faults(plan)) == (f"{admin.get_full_name()} (admin)", [])


ROWS = "Plan {} was altered: its rows are not those that somebody answered for."


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE phones_planitem SET after = '{}' WHERE number = 1", ROWS),
        ("UPDATE phones_planitem SET before = '{}' WHERE number = 1", ROWS),
        ("UPDATE phones_planitem SET state = 'LEFT_OUT' WHERE number = 1", ROWS),
        ("UPDATE phones_planitem SET number = 9 WHERE number = 1", ROWS),
        ("DELETE FROM phones_planitem WHERE number = 1", ROWS),
        ("UPDATE phones_plan SET reason = 'forged'", ROWS),
        ("UPDATE phones_plan SET agreed = '[1]'", ROWS),
        ("UPDATE phones_plan SET approver_name = 'forged'", "Plan {} was altered: somebody else let it run."),
    ],
)
def test_plan_that_is_altered_after_the_approval_shows(plan: Plan, statement: str, fault: str) -> None:
    tamper(statement)

    assert faults(plan) == [fault.format(plan.pk)]


def test_plan_that_is_gone_shows(plan: Plan) -> None:
    for table in ("phones_planstep", "phones_planitem", "phones_plan"):
        tamper(f"DELETE FROM {table}")  # noqa: S608 - our names.

    assert faults(plan) == [f"Plan {plan.pk} is gone: it was deleted, or moved to another project."]


def test_plan_that_was_returned_may_be_altered(aurora: Project, lead: User) -> None:
    Project.objects.update(approved_above=1)
    plan = make_plan(lead, phones_of(aurora, 3), PhoneEdit(nickname="Line"))
    plan.project.refresh_from_db()
    apply_plan(plan=plan, by=lead, reviewed=fingerprint_of(plan), typed="", clock=timezone.now)
    return_plan(plan=plan, by=make_user("second"), clock=timezone.now)
    plan.items.filter(number=1).update(state="LEFT_OUT")
    assert faults(plan) == []

    discard_plan(plan=plan, by=lead, clock=timezone.now)
    assert faults(plan) == []
