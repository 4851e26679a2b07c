"""A change for a time is put back by itself: once, as it was, and not over what somebody did meanwhile."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from phones.diga.sandbox import Fault, Sandbox
from phones.models import (
    Act,
    ActKind,
    Membership,
    Outcome,
    Phone,
    Project,
    Role,
    Schedule,
    Source,
)
from phones.services.routing.edits import PhoneEdit
from tests.support.desk.saving import (
    before_answering,
    forget_waiting,
    held,
    patches,
    save,
    sent,
    target,
    unassigned,
)
from tests.support.desk.scheduled import (
    HOUR,
    before_of,
    change_for_a_time,
    ended,
    in_an_hour,
    leave_alone,
    let_it_be,
)

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)
LATER = 2 * HOUR


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def test_put_back_comes_at_its_time_and_not_before(
    lunch: Schedule, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    was = before_of(lunch)

    let_it_be(aurora, lunch.due_at - timedelta(seconds=1))
    assert (ended(lunch), len(patches(sandbox))) == (("WAITING", ""), 1)

    let_it_be(aurora, lunch.due_at)
    assert ended(lunch) == ("DONE", "")
    assert held(sandbox, sales_phone).nickname == was["nickname"]
    assert held(sandbox, sales_phone).inbound_agent_id == was["inbound"].agent_id
    assert len(patches(sandbox)) == 2


def test_put_back_says_what_it_takes_back_and_on_whose_behalf(lunch: Schedule, aurora: Project, router: User) -> None:
    let_it_be(aurora, lunch.due_at)

    lunch.refresh_from_db()
    back = lunch.result
    assert back is not None
    assert (back.source, back.reverts, back.outcome) == (Source.PUT_BACK, lunch.change, Outcome.CONFIRMED)
    assert (back.actor, back.actor_name) == (router, "Router Ruiz")
    assert (back.reason, back.ticket) == ("Lunch", "T-7")


def test_put_back_is_written_down_before_the_change_is_sent(
    aurora: Project, sales_phone: Phone, router: User, sandbox: Sandbox
) -> None:
    """A process that dies while it sends leaves no change for good that was meant for a time."""
    seen: list[int] = []

    with before_answering(sandbox, "PATCH", lambda: seen.append(Schedule.objects.count())):
        schedule = change_for_a_time(sales_phone, PhoneEdit(nickname="Lunch"), router, in_an_hour())

    act = Act.objects.get(kind=ActKind.SCHEDULE_SET)
    assert seen == [1]
    assert (act.actor, act.details["schedule"], act.details["number"]) == (router, schedule.pk, sales_phone.shown)


def test_change_that_was_not_applied_has_nothing_to_put_back(
    aurora: Project, sales_phone: Phone, router: User, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault("status", status=422, method="PATCH"))
    schedule = change_for_a_time(sales_phone, PhoneEdit(nickname="Lunch"), router, in_an_hour())
    before = len(sandbox.journal)

    let_it_be(aurora, schedule.due_at)

    assert ended(schedule) == ("CANCELLED", "not_applied")
    assert len(sandbox.journal) == before


def test_number_that_somebody_changed_meanwhile_is_left_alone(
    lunch: Schedule, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    held(sandbox, sales_phone).nickname = "Somebody else’s"
    before = len(patches(sandbox))

    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("SKIPPED", "changed")
    assert held(sandbox, sales_phone).nickname == "Somebody else’s"
    assert len(patches(sandbox)) == before
    act = Act.objects.get(kind=ActKind.SCHEDULE_SKIPPED)
    assert (act.actor, act.details["ending"]) == (None, "changed")


def test_number_that_is_changed_between_read_and_write_is_left_alone(
    lunch: Schedule, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    def change_it() -> None:
        held(sandbox, sales_phone).nickname = "Somebody else’s"

    before = len(patches(sandbox))
    # The agents are read after the number: what happens then, only the read before the write sees.
    with before_answering(sandbox, "GET", change_it, "/v1/agent/"):
        let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("SKIPPED", "changed")
    assert len(patches(sandbox)) == before


def test_number_that_is_back_already_is_not_written(
    lunch: Schedule, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    back = PhoneEdit(nickname=before_of(lunch)["nickname"], inbound=target(aurora, "Alicia", 5))
    held(sandbox, sales_phone).inbound_agent_id = before_of(lunch)["inbound"].agent_id
    held(sandbox, sales_phone).nickname = str(back.nickname)
    before = len(patches(sandbox))

    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("DONE", "same")
    assert len(patches(sandbox)) == before


def test_number_that_diga_does_not_know_any_more_is_a_problem(
    lunch: Schedule, aurora: Project, sales_phone: Phone, sandbox: Sandbox
) -> None:
    sandbox.phones.remove(sales_phone.pk)

    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("FAILED", "not_found")


@pytest.mark.parametrize("how", ["demoted", "removed", "inactive", "deleted"])
def test_author_who_lost_the_right_puts_nothing_back(
    lunch: Schedule, aurora: Project, router: User, sandbox: Sandbox, how: str
) -> None:
    match how:
        case "demoted":
            Membership.objects.filter(user=router).update(role=Role.LABELLER)
        case "removed":
            Membership.objects.filter(user=router).delete()
        case "inactive":
            User.objects.filter(pk=router.pk).update(is_active=False)
        case _:
            router.delete()
    before = len(sandbox.journal)

    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("FAILED", "no_right")
    assert len(sandbox.journal) == before


def test_version_that_was_there_before_is_published_again(
    aurora: Project, sales_phone: Phone, router: User, sandbox: Sandbox
) -> None:
    """Whoever wants it back has agreed to that; no other version is published by itself."""
    schedule = change_for_a_time(sales_phone, unassigned("inbound"), router, in_an_hour())
    was = before_of(schedule)["inbound"]
    leave_alone(sandbox, was.agent_id)

    let_it_be(aurora, schedule.due_at)

    assert ended(schedule) == ("DONE", "")
    assert sent(sandbox)[-1] == {"inbound_version_id": str(was.version_id)}
    assert sandbox.agents[was.agent_id].published_id == was.version_id


def test_number_that_was_changed_here_meanwhile_is_left_alone(
    lunch: Schedule, aurora: Project, sales_phone: Phone, router: User
) -> None:
    sales_phone.refresh_from_db()
    save(sales_phone, PhoneEdit(nickname="Third"), user=router)

    let_it_be(aurora, lunch.due_at)

    assert ended(lunch) == ("SKIPPED", "changed")
