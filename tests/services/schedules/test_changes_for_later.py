"""A change for later is foreseen when it is set, checked again at its time, and then sent as any save is."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from phones.diga.sandbox import Fault, Sandbox
from phones.models import Act, ActKind, Change, Outcome, Phone, Project, Schedule, ScheduleKind, Source
from phones.services.editing.save import SaveKind
from phones.services.projects import keys
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.saving import forget_waiting, held, patches, sent, target, unassigned
from tests.support.desk.scheduled import HOUR, ended, in_an_hour, leave_alone, let_it_be, set_for_later

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


@pytest.fixture
def monday(sales_phone: Phone, router: User) -> Schedule:
    """The sales number gets another nickname in an hour."""
    set_for_later(sales_phone, PhoneEdit(nickname="Monday"), router, in_an_hour())
    return Schedule.objects.get()


def test_nothing_is_sent_before_its_time_and_one_key_then(
    monday: Schedule, aurora: Project, router: User, sandbox: Sandbox
) -> None:
    let_it_be(aurora, monday.due_at - timedelta(seconds=1))
    assert sent(sandbox) == []

    let_it_be(aurora, monday.due_at)

    assert sent(sandbox) == [{"nickname": "Monday"}]
    assert ended(monday) == ("DONE", "")
    change = Change.objects.get()
    assert (change.source, change.outcome, change.actor) == (Source.SCHEDULE, Outcome.CONFIRMED, router)
    assert (change.reason, monday.result) == ("Monday", change)


def test_who_set_it_is_an_act(monday: Schedule, sales_phone: Phone, router: User) -> None:
    act = Act.objects.get(kind=ActKind.SCHEDULE_SET)

    assert act.actor == router
    assert act.details == {
        "schedule": monday.pk,
        "due_at": monday.due_at.isoformat(timespec="seconds"),
        "number": sales_phone.shown,
    }


def test_field_that_somebody_changed_meanwhile_is_left_alone(
    monday: Schedule, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    held(sandbox, sales_phone).nickname = "Somebody else’s"

    let_it_be(aurora, monday.due_at)

    assert ended(monday) == ("SKIPPED", "changed")
    assert sent(sandbox) == []


def test_field_that_is_not_touched_may_have_been_changed_meanwhile(
    monday: Schedule, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    held(sandbox, sales_phone).inbound_agent_id = None

    let_it_be(aurora, monday.due_at)

    assert ended(monday) == ("DONE", "")
    assert held(sandbox, sales_phone).inbound_agent_id is None


def test_refusal_that_is_foreseen_only_then_sends_nothing(
    aurora: Project, quiet_number: Phone, router: User, sandbox: Sandbox
) -> None:
    """When it was set the version was the published one; by its time another one is, and others use it."""
    wanted = target(aurora, "Alicia", 5)
    set_for_later(quiet_number, PhoneEdit(inbound=wanted), router, in_an_hour())
    schedule = Schedule.objects.get()
    agent = sandbox.agents[wanted.agent.id]
    agent.published_id = agent.version(4).id

    let_it_be(aurora, schedule.due_at)

    assert ended(schedule) == ("FAILED", "predicted")
    assert patches(sandbox) == []


def test_version_that_would_be_published_only_by_then_is_not(
    aurora: Project, quiet_number: Phone, router: User, sandbox: Sandbox
) -> None:
    """When it was set the number joined what was live; by its time nobody else uses the agent, so it would publish."""
    wanted = target(aurora, "Alicia", 5)
    set_for_later(quiet_number, PhoneEdit(inbound=wanted), router, in_an_hour())
    schedule = Schedule.objects.get()
    leave_alone(sandbox, wanted.agent.id)

    let_it_be(aurora, schedule.due_at)

    assert ended(schedule) == ("FAILED", "not_agreed")
    assert patches(sandbox) == []
    assert sandbox.agents[wanted.agent.id].published_id is None


@pytest.fixture
def quiet_number(survey_phone: Phone) -> Phone:
    """A number that no agent answers."""
    return survey_phone


def test_end_is_kept_with_the_change_that_is_sent(
    aurora: Project, sales_phone: Phone, router: User, sandbox: Sandbox
) -> None:
    start = in_an_hour()
    set_for_later(sales_phone, unassigned("inbound"), router, start, until=start + HOUR)
    was = sales_phone.inbound_agent_id

    let_it_be(aurora, start)
    assert held(sandbox, sales_phone).inbound_agent_id is None
    put_back = Schedule.objects.get(kind=ScheduleKind.PUT_BACK)
    assert (put_back.due_at, put_back.author) == (start + HOUR, router)

    let_it_be(aurora, start + HOUR)
    assert held(sandbox, sales_phone).inbound_agent_id == was
    assert ended(put_back) == ("DONE", "")


def test_change_whose_end_has_passed_does_not_begin(
    aurora: Project, sales_phone: Phone, router: User, sandbox: Sandbox
) -> None:
    start = in_an_hour()
    set_for_later(sales_phone, PhoneEdit(nickname="Monday"), router, start, until=start + HOUR)

    let_it_be(aurora, start + HOUR)

    assert ended(Schedule.objects.get()) == ("FAILED", "over")
    assert sent(sandbox) == []


def test_second_send_of_a_form_makes_no_second_row(sales_phone: Phone, survey_phone: Phone, router: User) -> None:
    token = uuid.uuid4()
    first = set_for_later(sales_phone, PhoneEdit(nickname="Monday"), router, in_an_hour(), form_token=token)
    again = set_for_later(sales_phone, PhoneEdit(nickname="Monday"), router, in_an_hour(), form_token=token)
    other = set_for_later(survey_phone, PhoneEdit(nickname="Monday"), router, in_an_hour(), form_token=token)

    assert first.schedule == again.schedule == Schedule.objects.get()
    assert (other.kind, other.schedule) == (SaveKind.ALREADY_SENT, None)


def test_what_could_not_be_saved_now_can_not_be_set_either(
    aurora: Project, sales_phone: Phone, released_phone: Phone, router: User, sandbox: Sandbox
) -> None:
    due_at = in_an_hour()
    held_elsewhere = PhoneEdit(inbound=target(aurora, "Alicia", 4))

    def kind(phone: Phone, edit: PhoneEdit, **more: object) -> SaveKind:
        return set_for_later(phone, edit, router, due_at, **more).kind

    assert kind(sales_phone, PhoneEdit()) is SaveKind.NOTHING_TO_CHANGE
    assert kind(released_phone, PhoneEdit(nickname="Monday")) is SaveKind.NOT_EDITABLE
    assert kind(sales_phone, held_elsewhere) is SaveKind.WILL_BE_REFUSED
    assert kind(sales_phone, unassigned("inbound"), agreed=None) is SaveKind.NO_CONSENT
    keys.disconnect(project=aurora, actor=None, now=timezone.now())
    sales_phone.project.refresh_from_db()
    assert kind(sales_phone, PhoneEdit(nickname="Monday")) is SaveKind.READ_ONLY
    assert not Schedule.objects.exists()


def test_silent_diga_keeps_nobody_from_setting_a_change(sales_phone: Phone, router: User, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("status", status=503, times=None))
    before = len(sandbox.journal)

    result = set_for_later(sales_phone, PhoneEdit(nickname="Monday"), router, in_an_hour())

    assert (result.kind, len(sandbox.journal)) == (SaveKind.SCHEDULED, before)
