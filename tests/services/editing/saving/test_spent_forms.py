"""Two sends of one form at the very same moment: one result, and the other is told whether it is its own."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from bench.rig.plans import make_plan, phones_of
from phones.diga.sandbox import Sandbox
from phones.models import Plan, Project
from phones.services.editing.spent_forms import SpentForm
from tests.support.desk.planned import renames
from tests.support.desk.published import AGENTS, plan_of
from tests.support.desk.saving import before_answering

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("is_same", [True, False])
def test_two_sends_that_make_a_plan_at_once_make_one(
    aurora: Project, lead: User, sandbox: Sandbox, is_same: bool
) -> None:
    token, phones = uuid.uuid4(), phones_of(aurora, 2)
    Project.objects.update(agents_read_at=None)
    made: list[Plan] = []

    def overtake() -> None:
        Project.objects.update(agents_read_at=None)
        digest = "first" if is_same else "other"
        made.append(make_plan(lead, phones, renames("Quicker"), form_token=token, form_digest=digest))

    with before_answering(sandbox, "GET", overtake, AGENTS):
        was_spent = False
        try:
            answer = make_plan(lead, phones, renames("Slower"), form_token=token, form_digest="first")
        except SpentForm as spent:
            answer, was_spent = spent.earlier, True

    assert ([answer], was_spent) == (made, not is_same)
    assert list(Plan.objects.all()) == made


@pytest.mark.parametrize("is_same", [True, False])
def test_two_sends_that_plan_to_publish_at_once_make_one_plan(
    aurora: Project, lead: User, sandbox: Sandbox, is_same: bool
) -> None:
    token, version = uuid.uuid4(), 6 if is_same else 4
    given: dict[str, Any] = {"by": lead, "form_token": token}
    made: list[Plan] = []

    def overtake() -> None:
        made.append(plan_of(aurora, "Alicia", version, form_digest=str(version), **given))

    with before_answering(sandbox, "GET", overtake, AGENTS):
        was_spent = False
        try:
            answer = plan_of(aurora, "Alicia", 6, form_digest="6", **given)
        except SpentForm as spent:
            answer, was_spent = spent.earlier, True

    assert ([answer], was_spent) == (made, not is_same)
    assert list(Plan.objects.all()) == made
