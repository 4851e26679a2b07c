"""The key opens what is connected here under another name: nothing is sent, nothing is mixed, and it is said."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from bench.rig.plans import make_plan, phones_of, start, states
from phones import tasks
from phones.diga.sandbox import Fault, Sandbox
from phones.diga.sandbox.serving.messages import Answer, Request
from phones.models import Agent, Change, Membership, Outcome, Phone, Plan, PlanState, Project, Role
from phones.services.editing.recheck import sweep
from phones.services.projects import keys
from phones.services.projects.identity import ForeignProject
from phones.services.routing.edits import PhoneEdit
from phones.services.sync import passes
from phones.wording import causes
from phones.wording.plans.descriptions import words_for_pause
from tests.support.desk.planned import renames, work_at
from tests.support.desk.saving import before_answering, forget_waiting, patches, save, target
from tests.support.pages.pages import open_phone, result_of
from tests.support.pages.settings_pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[User], Client]
WHY = causes.words_for_cause("foreign_project")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_waiting(monkeypatch)
    monkeypatch.setattr("phones.services.running.plan_watch.POLL_SECONDS", 0.02)


@pytest.fixture
def make_foreign(aurora: Project, talleres: Project) -> Callable[[], None]:
    """Let Diga's agents of Aurora be known here as Talleres', and our copy of them be old."""

    def make() -> None:
        Agent.objects.filter(project=aurora).update(project=talleres)
        Project.objects.filter(pk=aurora.pk).update(agents_read_at=timezone.now() - timedelta(hours=1))

    return make


def test_save_says_that_nothing_was_sent_and_marks_the_project(
    client_of: SignIn,
    lead: User,
    aurora: Project,
    sandbox: Sandbox,
    sales_phone: Phone,
    make_foreign: Callable[[], None],
) -> None:
    form = open_phone(client_of(lead), sales_phone)
    make_foreign()

    answer = form.send(unassign_inbound="on", understood="on")

    assert answer.status_code == 422
    kept = "What you typed is kept in the form."
    assert result_of(answer) == f"Not saved Nothing was sent, nothing was changed. {WHY} {kept}"
    assert (patches(sandbox), Change.objects.count()) == ([], 0)
    aurora.refresh_from_db()
    assert aurora.foreign_cause == "foreign_project"
    for page in ("/projects/aurora/", "/projects/aurora/phones/"):
        assert WHY in text_of(client_of(lead).get(page))


def test_mark_goes_with_an_answer_that_is_this_project_s(aurora: Project) -> None:
    Project.objects.update(foreign_cause="foreign_project")

    assert passes.sync_project(project=aurora, clock=timezone.now).is_complete

    aurora.refresh_from_db()
    assert aurora.foreign_cause == ""


def test_plan_pauses_by_itself_and_says_why(
    aurora: Project, lead: User, sandbox: Sandbox, make_foreign: Callable[[], None]
) -> None:
    plan = start(make_plan(lead, phones_of(aurora, 8), renames("Line")), lead)
    make_foreign()

    tasks.run_plan(plan.pk)

    plan.refresh_from_db()
    assert (plan.state, plan.cause, states(plan)) == (PlanState.PAUSED, "foreign_project", {"WAITING": 8})
    assert WHY in words_for_pause(plan).text
    assert patches(sandbox) == []


def test_row_is_not_given_up_for_agents_that_could_not_be_read(
    aurora: Project, lead: User, sandbox: Sandbox, make_foreign: Callable[[], None]
) -> None:
    alicia = target(aurora, "Alicia", 5)
    phones = [phone for phone in phones_of(aurora) if phone.inbound_agent_id != alicia.agent.id][:4]
    plan = start(make_plan(lead, phones, PhoneEdit(inbound=alicia)), lead)
    theirs = sandbox.agents[alicia.agent.id]
    theirs.published_id = theirs.versions[0].id
    passes.sync_project(project=aurora, clock=timezone.now)
    make_foreign()
    Project.objects.filter(pk=aurora.pk).update(agents_read_at=timezone.now() - timedelta(seconds=30))

    work_at(plan)

    assert (plan.state, plan.cause, states(plan)) == (PlanState.PAUSED, "foreign_project", {"WAITING": 4})


def test_preview_is_made_on_our_copy(aurora: Project, lead: User, make_foreign: Callable[[], None]) -> None:
    make_foreign()

    make_plan(lead, phones_of(aurora, 3), renames("Line"))

    assert Plan.objects.count() == 1
    aurora.refresh_from_db()
    assert aurora.foreign_cause == "foreign_project"


def test_change_whose_agents_can_not_be_copied_stays_unknown(
    aurora: Project, sandbox: Sandbox, make_foreign: Callable[[], None]
) -> None:
    """Only the agents could tell: the number keeps its agent, and is given another version of it."""
    elena = target(aurora, "Elena", 2)
    phone = Phone.objects.get(inbound_agent_id=elena.agent.id)
    sandbox.faults.add(Fault("status", method="PATCH", status=502))

    with before_answering(sandbox, "PATCH", make_foreign):
        change = save(phone, PhoneEdit(inbound=elena)).change

    assert change.outcome == Outcome.UNKNOWN
    assert sweep(clock=lambda: timezone.now() + timedelta(minutes=2)) == 0


def _post_both(client_of: SignIn, person: User, sandbox: Sandbox, names: tuple[str, str]) -> list[int]:
    """Send the first run's form twice, so that neither has kept its key when the other is checked."""
    barrier, handle = threading.Barrier(2, timeout=10), sandbox.handle

    def in_step(request: Request) -> Answer:
        answer = handle(request)
        if request.path == "/v1/phone/":
            barrier.wait()
        return answer

    statuses: list[int] = []

    def post(name: str) -> None:
        try:
            answer = client_of(person).post("/connect/", {"name": name, "key": sandbox.key()})
            statuses.append(answer.status_code)
        finally:
            connections.close_all()

    sandbox.handle = in_step  # type: ignore[method-assign]
    threads = [threading.Thread(target=post, args=(name,)) for name in names]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    finally:
        sandbox.handle = handle  # type: ignore[method-assign]
    return sorted(statuses)


@pytest.mark.parametrize(
    ("names", "expected"), [(("Aurora", "Aurora"), [302, 302]), (("Aurora", "Clinics"), [302, 422])]
)
def test_two_connects_at_once_make_one_project(
    client_of: SignIn,
    superuser: User,
    diga_url: str,
    sandbox: Sandbox,
    names: tuple[str, str],
    expected: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "run_claimed_sync", lambda _run: None)

    assert _post_both(client_of, superuser, sandbox, names) == expected

    project = Project.objects.get()
    assert list(Membership.objects.values_list("project", "user", "role")) == [(project.pk, superuser.pk, Role.ADMIN)]


def test_key_of_a_project_that_has_no_phones_yet_is_not_put_in_twice(aurora: Project, sandbox: Sandbox) -> None:
    key = sandbox.keys[sandbox.key("talleres")]
    now = timezone.now()
    other, _check = keys.connect_project(name="Talleres", token=key.token, actor=None, now=now)
    empty = Project.objects.create(name="Empty", slug="empty")

    with pytest.raises(ForeignProject):
        keys.replace_key(project=empty, token=key.token, actor=None, now=now)

    empty.refresh_from_db()
    assert (other.is_connected, empty.is_connected) == (True, False)
