"""The settings of a project, and who is written down to have set them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from phones.models import Act, Project
from phones.services.projects.settings import set_plan_rules, set_sync_interval
from phones.services.sync.passes import due_projects
from tests.fixtures.diary import NOON

pytestmark = pytest.mark.django_db


def test_interval_can_be_changed(aurora: Project, admin: User) -> None:
    set_sync_interval(project=aurora, minutes=60, actor=admin, now=NOON)

    aurora.refresh_from_db()
    assert aurora.sync_interval == timedelta(hours=1)
    assert aurora.sync_tried_at is not None
    assert due_projects(aurora.sync_tried_at + timedelta(minutes=59)) == []
    assert due_projects(aurora.sync_tried_at + timedelta(minutes=60)) == [aurora]
    done = Act.objects.get(kind="SYNC_INTERVAL_CHANGED")
    assert done.details == {"before": {"sync_interval_minutes": 15}, "after": {"sync_interval_minutes": 60}}
    assert (done.project, done.actor, done.at) == (aurora, admin, NOON)


def test_rules_for_plans_are_written_down_from_what_to_what(aurora: Project, admin: User) -> None:
    set_plan_rules(project=aurora, typed_above=None, approved_above=5, actor=admin, now=NOON)

    aurora.refresh_from_db()
    assert (aurora.typed_above, aurora.approved_above) == (None, 5)
    assert Act.objects.get(kind="PLAN_RULES_CHANGED").details == {
        "before": {"typed_above": 10, "approved_above": None},
        "after": {"typed_above": None, "approved_above": 5},
    }
