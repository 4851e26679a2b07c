"""A key is replaced or taken away while Diga answers to it: what it says is noted for no other key."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start, states
from phones.diga import DigaAuthError
from phones.diga.sandbox import Fault, Sandbox
from phones.models import Outcome, Phone, PlanState, Project, SyncState, TokenState
from phones.services.projects import answers, keys
from phones.services.routing.edits import PhoneEdit
from phones.services.sync import passes as sync_passes
from phones.services.sync.refresh import refresh_phone
from tests.support.desk.planned import renames, work_at
from tests.support.desk.published import publish, read_back
from tests.support.desk.saving import before_answering, forget_waiting, save, stored

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/v1/phone/"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)
    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.02)


@pytest.fixture
def replace_key(aurora: Project, sandbox: Sandbox) -> Callable[[], None]:
    """Put another key in the place of Aurora's, whose own is then deleted in Diga."""

    def replace() -> None:
        fresh = Project.objects.get(pk=aurora.pk)
        keys.replace_key(project=fresh, token=sandbox.key(name="nocalls"), actor=None, now=timezone.now())
        del sandbox.keys[sandbox.key()]

    return replace


@pytest.fixture
def disconnect(aurora: Project) -> Callable[[], None]:
    """Take Aurora's key away."""
    return lambda: keys.disconnect(project=Project.objects.get(pk=aurora.pk), actor=None, now=timezone.now())


def is_accepted(project: Project) -> bool:
    project.refresh_from_db()
    return project.token_state == TokenState.ACCEPTED


def quick_clock() -> Callable[[], datetime]:
    """Return a clock by which a second passes each time somebody looks."""
    now, seconds = timezone.now(), count(1)
    return lambda: now + timedelta(seconds=next(seconds))


def test_sync_with_a_key_that_was_replaced_ends_and_the_next_is_due_at_once(
    aurora: Project, sandbox: Sandbox, replace_key: Callable[[], None]
) -> None:
    with before_answering(sandbox, "GET", replace_key, LIST):
        run = sync_passes.sync_project(project=aurora, clock=timezone.now)

    assert (run.state, run.cause, run.message) == (SyncState.FAILED, "key_changed", "")
    assert is_accepted(aurora)
    assert sync_passes.is_due(aurora, timezone.now())
    assert sync_passes.sync_project(project=aurora, clock=timezone.now).is_complete
    aurora.refresh_from_db()
    assert (aurora.sync_cause, sync_passes.is_due(aurora, timezone.now())) == ("", False)


def test_sync_reads_no_further_with_a_key_that_was_taken_away(
    aurora: Project, sandbox: Sandbox, disconnect: Callable[[], None]
) -> None:
    with before_answering(sandbox, "GET", disconnect, LIST):
        run = sync_passes.sync_project(project=aurora, clock=quick_clock())

    aurora.refresh_from_db()
    assert (run.state, run.cause, aurora.sync_cause) == (SyncState.FAILED, "key_changed", "key_changed")
    assert not aurora.is_connected
    assert not sync_passes.is_due(aurora, timezone.now())


def test_sync_that_is_complete_all_the_same_leaves_a_project_disconnected(
    aurora: Project, sandbox: Sandbox, disconnect: Callable[[], None]
) -> None:
    accepted_at, now = aurora.token_accepted_at, timezone.now()
    with before_answering(sandbox, "GET", disconnect, LIST):
        run = sync_passes.sync_project(project=aurora, clock=lambda: now)

    aurora.refresh_from_db()
    assert (run.state, aurora.synced_at, aurora.sync_cause) == (SyncState.COMPLETE, now, "")
    assert (aurora.token_state, aurora.token_accepted_at) == (TokenState.ABSENT, accepted_at)


def test_late_401_of_a_read_rejects_no_other_key(
    aurora: Project, sandbox: Sandbox, sales_phone: Phone, replace_key: Callable[[], None]
) -> None:
    with before_answering(sandbox, "GET", replace_key, f"{LIST}{sales_phone.pk}"), pytest.raises(DigaAuthError):
        refresh_phone(project=aurora, phone=sales_phone, clock=timezone.now)

    assert is_accepted(aurora)


@pytest.mark.parametrize(("status", "outcome"), [(None, Outcome.CONFIRMED), (403, Outcome.REFUSED)])
def test_answer_to_a_write_says_nothing_of_what_another_key_may_write(
    aurora: Project,
    sandbox: Sandbox,
    sales_phone: Phone,
    replace_key: Callable[[], None],
    status: int | None,
    outcome: Outcome,
) -> None:
    if status:
        sandbox.faults.add(Fault("status", method="PATCH", status=status))
    old = sandbox.keys[sandbox.key()]

    def replace() -> None:
        replace_key()
        sandbox.keys[old.token] = old

    with before_answering(sandbox, "PATCH", replace):
        saved = save(stored(sales_phone), PhoneEdit(nickname="Sales"))

    aurora.refresh_from_db()
    assert (saved.change.outcome, aurora.can_write_phones) == (outcome, None)


def test_check_of_a_key_that_is_replaced_meanwhile_keeps_the_new_one(
    aurora: Project, sandbox: Sandbox, replace_key: Callable[[], None]
) -> None:
    with before_answering(sandbox, "GET", replace_key, LIST), pytest.raises(answers.KeyChanged):
        keys.recheck(project=aurora, actor=None, now=timezone.now())

    assert is_accepted(aurora)
    assert aurora.open_token() == sandbox.key(name="nocalls")


def test_plan_goes_on_with_the_new_key(
    aurora: Project, lead: User, sandbox: Sandbox, replace_key: Callable[[], None]
) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 12), renames("Line")), lead)

    with before_answering(sandbox, "PATCH", replace_key):
        work_at(plan)

    assert (plan.state, plan.cause, states(plan)) == (PlanState.FINISHED, "", {"DONE": 12})
    assert is_accepted(aurora)


def test_reading_numbers_back_with_an_old_key_rejects_no_other_one(
    aurora: Project, sandbox: Sandbox, replace_key: Callable[[], None]
) -> None:
    done = publish(aurora, "Alicia", 6)

    with before_answering(sandbox, "GET", replace_key, LIST):
        read_back(done)

    assert is_accepted(aurora)
    assert (states(done), read_back(done).cause) == ({"DONE": done.items.count()}, "")
