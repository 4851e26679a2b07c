"""Who is told of what in a project: set by an administrator, each time an act. A test is one, too."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from phones.models import ActKind, Alert, AlertKind, AlertRules, Project
from phones.services.alerting.news import News, queue
from phones.services.alerting.webhook import check_url, new_secret
from phones.services.audit.acts import record_act
from phones.services.clock import has_passed

# Between two tests.
TEST_INTERVAL = timedelta(minutes=1)
SHOWN = 30


class NobodyIsTold(Exception):
    """The project has neither a mail address nor a webhook."""


class TestedJustNow(Exception):
    """The last test was less than a minute ago."""

    # pytest takes what begins like this for a class of tests.
    __test__ = False


def rules_of(project: Project) -> AlertRules:
    """Return the rules of a project; unsaved ones that tell nothing if it has none. One query."""
    return AlertRules.objects.filter(pk=project.pk).first() or AlertRules(project=project)


def latest_alerts(project: Project) -> list[Alert]:
    """Return the newest messages, newest first. One query."""
    return list(Alert.objects.filter(project=project).order_by("-created_at", "-pk")[:SHOWN])


def set_recipients(
    *,
    project: Project,
    mails: Sequence[str],
    kinds: Sequence[str],
    sync_failing_minutes: int,
    language: str,
    actor: User,
    now: datetime,
) -> None:
    """Set to which addresses mails go, and what is told of, by mail and webhook."""
    news = {
        "mails": list(mails),
        "kinds": list(kinds),
        "sync_failing_minutes": sync_failing_minutes,
        "language": language,
    }
    with transaction.atomic():
        rules = _locked(project)
        before = {name: getattr(rules, name) for name in news}
        for name, value in news.items():
            setattr(rules, name, value)
        rules.save(update_fields=list(news))
        _record(project, actor, now, before={**before}, after=news)


@sensitive_variables("url", "secret")
def set_webhook(*, project: Project, url: str, actor: User, now: datetime) -> str:
    """Store the address of a receiver; return the secret made for it, which is never shown again.

    :raises UnusableURL: it can't be one.
    """
    check_url(url)
    secret = new_secret()
    with transaction.atomic():
        rules = _locked(project)
        before = rules.webhook_host
        rules.keep_webhook(url, secret)
        rules.save(update_fields=["sealed_webhook"])
        _record(project, actor, now, before={"webhook": before}, after={"webhook": rules.webhook_host})
    return secret


def remove_webhook(*, project: Project, actor: User, now: datetime) -> None:
    """Forget the receiver. What waits for it is not delivered."""
    with transaction.atomic():
        rules = _locked(project)
        before = rules.webhook_host
        rules.sealed_webhook = ""
        rules.save(update_fields=["sealed_webhook"])
        _record(project, actor, now, before={"webhook": before}, after={"webhook": ""})


def send_test(*, project: Project, actor: User, now: datetime) -> list[Alert]:
    """Let a message be sent by each channel, and write down who has asked for it.

    :raises NobodyIsTold: there is none.
    :raises TestedJustNow: there was one within the last minute.
    """
    with transaction.atomic():
        rules = _locked(project)
        if not rules.channels:
            raise NobodyIsTold
        last = Alert.objects.filter(project=project, kind=AlertKind.TEST).order_by("-created_at").first()
        if last and not has_passed(TEST_INTERVAL, last.created_at, now):
            raise TestedJustNow
        alerts = queue(rules, [News(AlertKind.TEST, {})], now=now)
        record_act(kind=ActKind.ALERTS_TESTED, project=project, actor=actor, at=now)
    return alerts


def _locked(project: Project) -> AlertRules:
    """Return the row of the rules, locked until the transaction ends."""
    AlertRules.objects.get_or_create(project=project)
    return AlertRules.objects.select_for_update().get(pk=project.pk)


def _record(project: Project, actor: User, now: datetime, **details: dict[str, Any]) -> None:
    record_act(kind=ActKind.ALERTS_CHANGED, project=project, actor=actor, at=now, details=details)
