"""Messages on their way: each sent once however many workers there are, tried again, and given up."""

import smtplib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from phones import tasks
from phones.models import EVENTS, ActKind, Alert, AlertKind, AlertRules, Instance, Project
from phones.services.alerting import delivery, webhook
from phones.services.alerting.delivery import WAITS, deliver_due
from phones.services.alerting.news import News, queue
from phones.services.audit.acts import record_act
from phones.wording.projects.alerts import words_for_alert, words_for_delivery
from tests.fixtures.desk import Canary
from tests.support.machine.receiver import Receiver, receiver, status

pytestmark = pytest.mark.usefixtures("one_clock")

SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
Details = dict[str, Any]
ALL: dict[AlertKind, Details] = {
    AlertKind.KEY_REJECTED: {"key": "••••1a2b"},
    AlertKind.SYNC_FAILING: {"since": "2026-11-30T09:00:00+00:00", "cause": "timeout"},
    AlertKind.CHANGED_OUTSIDE: {"count": 7, "numbers": ["+34 951 20 18 02", "+34 951 20 18 03"]},
    AlertKind.PLAN_PAUSED: {"plan": 12, "state": "PAUSED", "cause": "unreachable"},
    AlertKind.PLAN_ENDED: {"plan": 12, "state": "STOPPED", "cause": ""},
    AlertKind.OUTCOME_UNKNOWN: {"count": 1, "numbers": ["+34 951 20 18 02"]},
    AlertKind.HISTORY_BROKEN: {"faults": 2},
    AlertKind.TEST: {},
}


@pytest.fixture
def north(db: None) -> Project:
    """A project without a key that tells two addresses."""
    project = Project.objects.create(name="North\nand South", slug="north")
    mails = ["ops@example.com", "ana@example.com"]
    AlertRules.objects.create(project=project, mails=mails, kinds=list(EVENTS))
    return project


@pytest.fixture(autouse=True)
def _mail(settings: Settings) -> None:
    settings.SENDS_MAIL = True
    settings.DEFAULT_FROM_EMAIL = "Phone Desk <desk@example.com>"


@pytest.fixture
def hook(north: Project, settings: Settings) -> Iterator[Receiver]:
    """A receiver to which North sends, instead of mail."""
    settings.WEBHOOK_NETWORKS = ["127.0.0.1/32"]
    with receiver() as found:
        rules = AlertRules.objects.get()
        rules.keep_webhook(found.url, SECRET)
        rules.mails = []
        rules.save()
        yield found


def add(project: Project, kind: AlertKind = AlertKind.TEST, details: Details | None = None) -> Alert:
    rules = AlertRules.objects.get(project=project)
    (alert,) = queue(rules, [News(kind, ALL[kind] if details is None else details)], now=timezone.now())
    return alert


def deliver() -> int:
    return deliver_due(clock=timezone.now, compose=words_for_alert)


def test_mail_goes_to_all_addresses_once(north: Project) -> None:
    alert = add(north, AlertKind.CHANGED_OUTSIDE)

    assert (deliver(), deliver()) == (1, 0)

    (sent,) = mail.outbox
    assert sent.to == ["ops@example.com", "ana@example.com"]
    assert sent.from_email == "Phone Desk <desk@example.com>"
    assert sent.subject == "North and South: Numbers changed outside Phone Desk"
    assert sent.body == (
        "7 changes were made outside Phone Desk: +34 951 20 18 02, +34 951 20 18 03 ….\n\n"
        "http://127.0.0.1:8000/projects/north/changes/?source=OUTSIDE\n"
    )
    assert sent.extra_headers["Message-ID"] == f"<{alert.pk}@example.com>"
    alert.refresh_from_db()
    assert (alert.state, alert.try_count, alert.cause) == ("SENT", 1, "")


def test_name_with_line_breaks_is_no_header_of_a_mail(north: Project) -> None:
    Project.objects.filter(pk=north.pk).update(name="North\r\nBcc: eve@example.com")
    add(north)

    assert deliver() == 1

    (sent,) = mail.outbox
    assert sent.message()["Subject"] == "North Bcc: eve@example.com: Test"
    assert sent.message()["Bcc"] is None


@pytest.mark.parametrize("kind", list(AlertKind))
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_kind_has_its_words(north: Project, kind: AlertKind, language: str) -> None:
    AlertRules.objects.update(language=language)
    add(north, kind)

    deliver()

    (sent,) = mail.outbox
    assert "%(" not in sent.subject + str(sent.body)
    assert ("Números cambiados" in sent.subject) == (kind == AlertKind.CHANGED_OUTSIDE and language == "es")
    assert len(str(sent.body).splitlines()) == 3


def test_message_of_the_webhook(hook: Receiver, north: Project) -> None:
    alert = add(north, AlertKind.PLAN_PAUSED)

    deliver()

    (body,) = hook.bodies
    url = "http://127.0.0.1:8000/projects/north/plans/12/"
    assert body["type"] == "phone-desk.plan_paused"
    assert body["text"].startswith("North and South: A plan is paused\nPlan 12 is paused. ")
    assert body["text"].endswith(url)
    assert body["data"] == {
        "project": "north", "url": url, "plan": 12, "state": "PAUSED", "cause": "unreachable"
    }  # fmt: skip
    assert hook.requests[0][1]["webhook-id"] == str(alert.pk)


def test_no_message_has_a_key_of_diga(hook: Receiver, canary: Canary, aurora: Project) -> None:
    rules = AlertRules.objects.get()
    AlertRules.objects.create(project=aurora, mails=["ops@example.com"], kinds=list(EVENTS))
    aurora.refresh_from_db()
    for kind in AlertKind:
        add(aurora, kind, ALL[kind] | ({"key": aurora.masked_token} if kind == AlertKind.KEY_REJECTED else {}))

    deliver()

    told = "".join(f"{each.subject}{each.body}{each.extra_headers}" for each in mail.outbox)
    assert aurora.masked_token in told
    assert canary.found_in(told) == []
    assert SECRET not in told + rules.sealed_webhook


@pytest.mark.parametrize("answer", [status(500), status(302, "Location: http://127.0.0.1:9/"), b""])
def test_failed_message_is_sent_again_at_growing_distances_and_given_up(
    hook: Receiver, north: Project, answer: bytes
) -> None:
    hook.answers.extend([answer] * 20)
    alert = add(north)
    tries = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for wait in (timedelta(0), *WAITS, timedelta(days=30)):
            clock.shift(wait - timedelta(seconds=1))
            tries.append(deliver() or len(hook.requests))
            clock.shift(timedelta(seconds=1))
            deliver()

    alert.refresh_from_db()
    assert tries == [0, 1, 2, 3, 4, 5, 6]
    assert len(hook.requests) == len(WAITS) + 1
    assert {headers["webhook-id"] for _line, headers, _body in hook.requests} == {str(alert.pk)}
    assert (alert.state, alert.try_count) == ("FAILED", 6)
    assert words_for_delivery(alert) != ""


def test_message_arrives_with_the_second_try(hook: Receiver, north: Project) -> None:
    hook.answers.append(status(503))
    alert = add(north)
    deliver()
    alert.refresh_from_db()
    before = (alert.state, alert.cause, alert.http_status, words_for_delivery(alert))

    with time_machine.travel(timezone.now() + WAITS[0]):
        deliver()

    alert.refresh_from_db()
    assert before == ("WAITING", "http_status", 503, "The receiver did not accept it. (503)")
    assert (alert.state, alert.try_count, words_for_delivery(alert)) == ("SENT", 2, "")


def test_address_that_no_resolver_takes_holds_up_no_other_project(hook: Receiver, north: Project) -> None:
    other = Project.objects.create(name="Other", slug="other")
    rules = AlertRules.objects.create(project=other, kinds=list(EVENTS))
    rules.keep_webhook("https://hooks..example.com/", SECRET)
    rules.save()
    first, second = add(other), add(north)

    assert deliver() == 1

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.cause, second.state) == ("FAILED", "address_refused", "SENT")


def test_receiver_that_is_gone_is_not_asked_again(hook: Receiver, north: Project) -> None:
    hook.answers.append(status(410))
    alert = add(north)

    deliver()

    alert.refresh_from_db()
    assert (alert.state, words_for_delivery(alert)) == ("FAILED", "The receiver says that it is gone. (410)")


def test_webhook_that_was_removed_gets_nothing(hook: Receiver, north: Project) -> None:
    alert = add(north)
    AlertRules.objects.update(sealed_webhook="")

    deliver()

    alert.refresh_from_db()
    assert (alert.state, alert.cause, hook.requests) == ("FAILED", "no_channel", [])


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (smtplib.SMTPRecipientsRefused({}), "mail_recipients"),
        (smtplib.SMTPAuthenticationError(535, b"No"), "mail_sign_in"),
        (smtplib.SMTPDataError(554, b"Spam"), "mail_refused"),
        (TimeoutError(), "mail_unreachable"),
    ],
)
def test_mail_that_is_not_taken_waits(
    north: Project, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str
) -> None:
    def refuse(*_args: Any) -> None:
        raise error

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    alert = add(north)

    deliver()

    alert.refresh_from_db()
    assert (alert.state, alert.cause) == ("WAITING", cause)
    assert alert.next_try_at == pytest.approx(timezone.now() + WAITS[0], abs=timedelta(seconds=30))


def test_server_without_mail_says_so(north: Project, settings: Settings) -> None:
    settings.SENDS_MAIL = False
    alert = add(north)

    deliver()

    alert.refresh_from_db()
    assert words_for_delivery(alert) == "This server sends no mail: MAIL_URL is not set."


def test_no_transaction_is_open_while_a_message_is_sent(
    transactional_db: None, hook: Receiver, north: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(north)
    post, open_ones = webhook.post, []

    def watched(*args: Any, **kwargs: Any) -> None:
        open_ones.append(connections["default"].in_atomic_block)
        post(*args, **kwargs)

    monkeypatch.setattr(webhook, "post", watched)
    deliver()

    assert open_ones == [False]


def in_threads(count: int, act: Callable[[], object]) -> None:
    barrier = threading.Barrier(count)

    def run() -> None:
        barrier.wait()
        act()
        connections.close_all()

    threads = [threading.Thread(target=run) for _number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_workers_find_and_send_each_message_once(transactional_db: None, hook: Receiver, north: Project) -> None:
    for _number in range(4):
        add(north)
    found = {"changes": 1, "acts": 1, "seals": 2, "faults": 1}
    record_act(kind=ActKind.VERIFIED, project=north, actor=None, at=timezone.now(), details=found)

    in_threads(4, tasks.tell)

    assert len(hook.requests) == len({headers["webhook-id"] for _line, headers, _body in hook.requests}) == 5
    assert set(Alert.objects.values_list("state", "try_count")) == {("SENT", 1)}


def test_dead_worker_s_message_is_sent_by_another_after_its_lease(hook: Receiver, north: Project) -> None:
    alert = add(north)
    Alert.objects.update(leased_until=timezone.now() + delivery.LEASE)
    early = deliver()

    with time_machine.travel(timezone.now() + delivery.LEASE + timedelta(seconds=1)):
        late = deliver()

    assert (early, late) == (0, 1)
    assert hook.requests[0][1]["webhook-id"] == str(alert.pk)


def test_restored_copy_tells_nobody(north: Project) -> None:
    add(north)
    Instance.objects.create(host="other", noted_at=timezone.now(), admitted_at=timezone.now())

    tasks.tell()
    tasks.send_alerts()
    held = len(mail.outbox)
    Instance.objects.all().delete()
    tasks.tell()

    assert (held, len(mail.outbox)) == (0, 1)
