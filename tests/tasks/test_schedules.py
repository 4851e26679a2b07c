"""The worker's minute: what is set for now is done, with the rights that people have now."""

from datetime import timedelta

import pytest
from django.utils import timezone

from phones import tasks
from phones.diga.sandbox import Sandbox
from phones.models import Membership, Project, Role, Schedule
from tests.support.desk.saving import forget_waiting, patches
from tests.support.desk.scheduled import HOUR, ended

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def test_tick_does_what_is_due_once(lunch: Schedule, sandbox: Sandbox) -> None:
    tasks.tick()
    assert ended(lunch) == ("WAITING", "")

    Schedule.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    tasks.tick()
    tasks.tick()

    assert ended(lunch) == ("DONE", "")
    assert len(patches(sandbox)) == 2


def test_labeller_puts_no_agent_back(lunch: Schedule) -> None:
    Membership.objects.filter(user=lunch.author_id).update(role=Role.LABELLER)
    Schedule.objects.update(due_at=timezone.now() - HOUR)

    tasks.tick()

    assert ended(lunch) == ("FAILED", "no_right")


def test_bell_for_a_project_that_is_gone_does_nothing(aurora: Project) -> None:
    tasks.run_schedules("00000000-0000-4000-8000-000000000000")
