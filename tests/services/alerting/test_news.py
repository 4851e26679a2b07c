"""What is news in a project: each thing once, whatever looks how often."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from bench.rig.plans import make_plan, start
from phones.diga.sandbox import Sandbox
from phones.models import EVENTS, Act, ActKind, Alert, AlertRules, Change, Phone, Project, SyncRun
from phones.services.alerting.news import note_news
from phones.services.audit import log
from phones.services.audit.acts import record_act
from phones.services.plans.lifecycle import pause_plan, resume_plan, stop_plan
from phones.services.projects.keys import recheck
from phones.services.routing.edits import PhoneEdit
from phones.services.sync import passes
from tests.fixtures.diary import entry, settle
from tests.support.database.history import add_changes
from tests.support.database.restoring import Backup

pytestmark = pytest.mark.usefixtures("one_clock")

Told = Callable[[], list[tuple[str, dict[str, Any]]]]


@pytest.fixture
def rules(aurora: Project) -> AlertRules:
    """Aurora tells one address of everything."""
    kinds = [kind.value for kind in EVENTS]
    return AlertRules.objects.create(project=aurora, mails=["ops@example.com"], kinds=kinds)


@pytest.fixture
def told(rules: AlertRules) -> Told:
    """Return a look for news, twice, that gives back what was found since the last; what was before is none."""
    note_news(clock=timezone.now)
    Alert.objects.all().delete()

    def look() -> list[tuple[str, dict[str, Any]]]:
        note_news(clock=timezone.now)
        note_news(clock=timezone.now)
        found = list(Alert.objects.order_by("created_at", "kind").values_list("kind", "details"))
        Alert.objects.all().delete()
        return found

    return look


def sync(project: Project) -> SyncRun:
    return passes.sync_project(project=project, clock=timezone.now)


def test_nothing_is_news_at_first(told: Told) -> None:
    assert told() == []


def test_what_was_before_somebody_is_told_is_no_news(aurora: Project, lead: User, sales_phone: Phone) -> None:
    stop_plan(plan=start(make_plan(lead, [sales_phone], PhoneEdit(nickname="Other")), lead), clock=timezone.now)
    add_changes(sales_phone, 1, source="OUTSIDE", outcome="OBSERVED")
    AlertRules.objects.create(project=aurora, mails=["ops@example.com"], kinds=list(EVENTS))

    note_news(clock=timezone.now)

    assert list(Alert.objects.all()) == []


def test_rejected_key_is_told_each_time_it_begins(told: Told, aurora: Project, sandbox: Sandbox) -> None:
    key = sandbox.keys.pop(sandbox.key())

    def ask_about_key() -> None:
        aurora.refresh_from_db()
        recheck(project=aurora, actor=None, now=timezone.now())

    ask_about_key()
    first = told()
    ask_about_key()
    again = told()
    sandbox.keys[key.token] = key
    ask_about_key()
    accepted = told()
    del sandbox.keys[key.token]
    ask_about_key()

    assert first == [("KEY_REJECTED", {"key": aurora.masked_token})]
    assert (again, accepted) == ([], [])
    assert told() == first


def test_failing_syncs_are_told_after_so_many_minutes(told: Told, aurora: Project, settings: Any) -> None:
    settings.DIGA_API_URL = "http://127.0.0.1:9"
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False) as clock:
        since = timezone.now()
        sync(aurora)
        clock.shift(timedelta(minutes=59))
        sync(aurora)
        early = told()
        clock.shift(timedelta(minutes=1))
        late = told()
        clock.shift(timedelta(days=1))

        assert early == []
        assert [(kind, datetime.fromisoformat(details["since"])) for kind, details in late] == [("SYNC_FAILING", since)]
        assert late[0][1]["cause"] == "refused"
        assert told() == []


def test_syncs_that_fail_again_after_a_good_one_are_told_again(told: Told, aurora: Project, settings: Any) -> None:
    good, bad = settings.DIGA_API_URL, "http://127.0.0.1:9"
    found = []
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False) as clock:
        for url in (bad, good, bad):
            settings.DIGA_API_URL = url
            sync(aurora)
            clock.shift(timedelta(hours=2))
            found.append([kind for kind, _details in told()])

    assert found == [["SYNC_FAILING"], [], ["SYNC_FAILING"]]


def test_changes_outside_are_one_message_a_pass(told: Told, aurora: Project, sandbox: Sandbox) -> None:
    phones = list(Phone.objects.filter(project=aurora, status="assigned").order_by("number")[:7])
    for phone in phones:
        sandbox.projects["aurora"].phone(phone.number).nickname = "By hand"
    run = passes.claim_sync(project=aurora, now=timezone.now())
    seen_meanwhile = []

    passes.run_sync(run, clock=timezone.now, on_page=lambda _run: seen_meanwhile.append(note_news(clock=timezone.now)))

    assert set(seen_meanwhile) == {0}
    ((kind, details),) = told()
    assert kind == "CHANGED_OUTSIDE"
    assert (details["count"], len(details["numbers"])) == (7, 5)
    assert set(details["numbers"]) <= {phone.shown for phone in phones}


def test_changes_here_are_no_news(told: Told, sales_phone: Phone) -> None:
    write(sales_phone)

    assert told() == []


def test_plan_is_told_when_paused_and_when_it_has_ended(told: Told, lead: User, sales_phone: Phone) -> None:
    plan = start(make_plan(lead, [sales_phone], PhoneEdit(nickname="Other")), lead)
    found = [told()]
    for _time in range(2):
        pause_plan(plan=plan, clock=timezone.now, cause="unreachable")
        found.append(told())
        resume_plan(plan=plan, by=lead, clock=timezone.now)
        found.append(told())
    stop_plan(plan=plan, clock=timezone.now)

    paused = [("PLAN_PAUSED", {"plan": plan.pk, "state": "PAUSED", "cause": "unreachable"})]
    assert found == [[], paused, [], paused, []]
    assert told() == [("PLAN_ENDED", {"plan": plan.pk, "state": "STOPPED", "cause": ""})]


def test_unknown_outcome_is_told_when_it_is_an_hour_old(told: Told, sales_phone: Phone, spare_phone: Phone) -> None:
    now = timezone.now()
    add_changes(sales_phone, 1, outcome="UNKNOWN", created_at=now)
    add_changes(spare_phone, 1, outcome="PENDING", settled_at=None, created_at=now + timedelta(minutes=5))
    found = []
    with time_machine.travel(now, tick=False) as clock:
        for minutes in (59, 2, 4, 60):
            clock.shift(timedelta(minutes=minutes))
            found.append(told())

    assert found == [
        [],
        [("OUTCOME_UNKNOWN", {"count": 1, "numbers": [sales_phone.shown]})],
        [("OUTCOME_UNKNOWN", {"count": 1, "numbers": [spare_phone.shown]})],
        [],
    ]


def verified(project: Project, faults: int) -> None:
    details = {"changes": 1, "acts": 1, "seals": 2, "faults": faults}
    record_act(kind=ActKind.VERIFIED, project=project, actor=None, at=timezone.now(), details=details)


def test_broken_history_is_told_once_until_it_is_another(told: Told, aurora: Project) -> None:
    found = []
    for faults in (0, 2, 2, 3, 0, 3):
        verified(aurora, faults)
        found.append([details["faults"] for _kind, details in told()])

    assert found == [[], [2], [], [3], [], [3]]


def test_history_that_was_cut_is_told_once(quiet_phone: Phone, written: list[Change]) -> None:
    backup = Backup()
    write(quiet_phone)
    backup.restore()
    AlertRules.objects.create(project=quiet_phone.project, mails=["ops@example.com"], kinds=list(EVENTS))

    for _time in range(2):
        note_news(clock=timezone.now)

    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.details) == ("HISTORY_BROKEN", {"noted": 8, "found": 6})


def write(phone: Phone) -> None:
    change = entry(phone)
    log.begin([change])
    settle(change)


def test_kinds_that_are_not_wanted_are_not_told_later_either(told: Told, rules: AlertRules, sales_phone: Phone) -> None:
    AlertRules.objects.update(kinds=[])
    add_changes(sales_phone, 1, outcome="UNKNOWN", created_at=timezone.now() - timedelta(minutes=59, seconds=59))
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        without = told()
        AlertRules.objects.update(kinds=list(EVENTS))

        assert (without, told()) == ([], [])


def test_each_channel_has_a_message_of_its_own(told: Told, rules: AlertRules, aurora: Project) -> None:
    rules.refresh_from_db()
    rules.keep_webhook("https://hooks.example.com/", "whsec_c2VjcmV0")
    rules.save()
    verified(aurora, 1)

    note_news(clock=timezone.now)

    assert sorted(Alert.objects.values_list("channel", flat=True)) == ["MAIL", "WEBHOOK"]


def test_project_that_tells_nobody_writes_nothing(aurora: Project) -> None:
    AlertRules.objects.create(project=aurora, kinds=list(EVENTS))
    verified(aurora, 1)

    assert note_news(clock=timezone.now) == 0
    assert AlertRules.objects.get().told == {}
    assert Act.objects.filter(kind=ActKind.VERIFIED).count() == 1
