"""Diga refuses to tell about one number: that is noted on it and shown, and holds up nothing else."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start
from phones.diga import DigaRejected
from phones.diga.sandbox import Fault, Sandbox
from phones.models import ItemState, Phone, PlanState, Project, SyncState
from phones.services.plan_items.following import MAX_TRIES
from phones.services.routing.edits import PhoneEdit
from phones.services.running.circuit_breaker import SAME_REFUSALS
from phones.services.sync import missing, passes
from phones.services.sync.refresh import refresh_phone
from phones.wording.plans.rows import words_for_item
from tests.support.desk.planned import renames, work_at
from tests.support.desk.published import phones_of as numbers_of
from tests.support.desk.published import publish, read_back
from tests.support.desk.saving import forget_waiting, save, stored
from tests.support.pages.pages import find, read, words

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[User], Client]
REFUSAL = "Diga refuses to tell about this number (status 409). You see our copy."


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)


def refuse(sandbox: Sandbox, phone: Phone, status: int = 409) -> None:
    """Let the stand-in refuse to tell about a phone."""
    sandbox.faults.add(Fault("status", method="GET", path=f"/v1/phone/{phone.pk}", status=status, times=None))


def hide(sandbox: Sandbox, *phones: Phone, status: int = 409) -> None:
    """Leave phones out of Diga's list, and refuse to tell about them."""
    for phone in phones:
        sandbox.phones.remove(phone.pk)
        refuse(sandbox, phone, status)


def sync(project: Project, clock: Callable[[], datetime] = timezone.now) -> tuple[str, int]:
    run = passes.sync_project(project=project, clock=clock)
    return run.state, run.missing_count


@pytest.mark.parametrize("status", [400, 405, 409, 412, 422, 451])
def test_sync_notes_it_on_that_number_and_goes_on(
    aurora: Project, sandbox: Sandbox, sales_phone: Phone, spare_phone: Phone, status: int
) -> None:
    hide(sandbox, sales_phone, status=status)
    sandbox.phones.remove(spare_phone.pk)

    assert sync(aurora) == (SyncState.COMPLETE, 1)

    refused = stored(sales_phone)
    assert (refused.is_refused, refused.refused_status, refused.refused_message) == (
        True,
        status,
        "A fault of the stand-in",
    )
    assert refused.missing_since is None
    assert stored(spare_phone).missing_since is not None
    assert Phone.objects.exclude(refused_at=None).get() == sales_phone
    assert Project.objects.get(pk=aurora.pk).sync_cause == ""


def test_number_that_is_gone_for_good_counts_as_missing(aurora: Project, sandbox: Sandbox, sales_phone: Phone) -> None:
    hide(sandbox, sales_phone, status=410)

    assert sync(aurora) == (SyncState.COMPLETE, 1)

    assert stored(sales_phone).missing_since is not None


@pytest.mark.parametrize(("status", "cause"), [(401, "auth"), (403, "forbidden"), (429, "rate_limited")])
def test_refusal_that_is_about_the_key_ends_the_pass(
    aurora: Project, sandbox: Sandbox, sales_phone: Phone, status: int, cause: str
) -> None:
    hide(sandbox, sales_phone, status=status)

    run = passes.sync_project(project=aurora, clock=timezone.now)

    assert (run.state, run.cause) == (SyncState.FAILED, cause)
    assert not stored(sales_phone).is_refused


def test_refused_numbers_let_the_others_be_asked_for_first(
    aurora: Project, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = phones_of(aurora, 6)
    refused, gone = phones[:3], phones[3:]
    hide(sandbox, *refused)
    for phone in gone:
        sandbox.phones.remove(phone.pk)
    Phone.objects.filter(pk__in=[phone.pk for phone in refused]).update(fetched_at=timezone.now() - timedelta(hours=1))
    monkeypatch.setattr(missing, "ASKED_COUNT", 3)

    assert [sync(aurora)[1], sync(aurora)[1]] == [0, 3]


def test_later_answer_makes_it_void(
    aurora: Project, sandbox: Sandbox, sales_phone: Phone, client_of: SignIn, router: User
) -> None:
    refuse(sandbox, sales_phone)
    with pytest.raises(DigaRejected):
        refresh_phone(project=aurora, phone=sales_phone, clock=timezone.now)
    drawer = f"/projects/aurora/phones/{sales_phone.pk}/"
    before = read(client_of(router).get(drawer))
    sandbox.faults.clear()

    assert sync(aurora) == (SyncState.COMPLETE, 0)

    after = read(client_of(router).get(drawer))
    assert not stored(sales_phone).is_refused
    for place in ("read-state", f"phone-{sales_phone.pk}"):
        assert REFUSAL in words(find(before, place))
        assert "refuses" not in words(find(after, place))
    assert "Diga says: A fault of the stand-in" in words(find(before, "read-state"))


def test_save_says_that_nothing_was_sent_and_what_next(
    aurora: Project, sandbox: Sandbox, sales_phone: Phone, client_of: SignIn, router: User
) -> None:
    refuse(sandbox, sales_phone)
    answer = client_of(router).post(
        f"/projects/aurora/phones/{sales_phone.pk}/reread/", headers={"HX-Request": "true", "HX-Target": "read-state"}
    )

    with pytest.raises(DigaRejected):
        save(stored(sales_phone), PhoneEdit(nickname="Sales"))

    text = words(find(read(answer), "read-state"))
    assert "Diga refused to answer. Try again later; if it stays, ask Diga why." in text


def test_rows_of_a_plan_that_are_refused_end_at_once_and_the_plan_goes_on(
    aurora: Project, lead: User, sandbox: Sandbox
) -> None:
    """So many that their tries, were there any, would be as many equal refusals as pause a plan."""
    phones = phones_of(aurora, 12)
    refused = phones[-(SAME_REFUSALS // MAX_TRIES + 1) :]
    for phone in refused:
        refuse(sandbox, phone)
    plan = start(make_plan(lead, phones, renames("Line")), lead)

    work_at(plan)

    assert (plan.state, plan.cause) == (PlanState.FINISHED, "")
    items = list(plan.items.filter(state=ItemState.FAILED))
    assert {(item.phone_id, item.cause, item.try_count) for item in items} == {
        (phone.pk, "read_refused", 1) for phone in refused
    }
    said = words_for_item(items[0], timezone.now())
    assert (said.text, said.quote) == (
        "Diga refused to tell about this number. Nothing was sent.",
        "A fault of the stand-in",
    )
    assert stored(refused[0]).is_refused


def test_number_of_a_published_agent_that_is_refused_is_not_read_again(aurora: Project, sandbox: Sandbox) -> None:
    done = publish(aurora, "Alicia", 6)
    dark = numbers_of(aurora, "Alicia")[0]
    refuse(sandbox, dark)

    read_back(done)

    item = done.items.select_related("change").get(phone=dark)
    assert (item.state, item.cause, read_back(done).state) == (ItemState.UNKNOWN, "read_refused", PlanState.FINISHED)
    said = words_for_item(item, timezone.now())
    assert (said.text, said.quote) == ("Diga refused to tell about this number.", "A fault of the stand-in")
    assert stored(dark).is_refused


def test_number_that_only_our_copy_gives_an_agent_does_not_stop_publishing(aurora: Project, sandbox: Sandbox) -> None:
    hidden = numbers_of(aurora, "Alicia")[0]
    hide(sandbox, hidden)

    done = publish(aurora, "Alicia", 6)

    assert done.request.outcome == "CONFIRMED"
    assert done.items.filter(phone=hidden).exists()


@pytest.mark.parametrize(("refused", "expected"), [(1, "COMPLETE"), (3, "FAILED")])
def test_refused_number_neither_proves_nor_denies_that_the_key_is_the_project_s(
    aurora: Project, sandbox: Sandbox, refused: int, expected: str
) -> None:
    recent = list(Phone.objects.filter(project=aurora).order_by("-fetched_at", "id")[:3])
    sandbox.reset(phones=230)
    sandbox.projects["aurora"].agents.clear()
    for phone in recent[:refused]:
        refuse(sandbox, phone)

    run = passes.sync_project(project=aurora, clock=timezone.now)

    assert (run.state, run.cause) == (expected, "" if expected == "COMPLETE" else "read_refused")
    aurora.refresh_from_db()
    assert aurora.foreign_cause == ""
