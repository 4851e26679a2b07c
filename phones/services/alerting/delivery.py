"""Sending what waits: each message by whichever worker claims it, again at growing distances, and then no more.

A message is claimed by one conditional UPDATE, and sent outside of any transaction. If a worker dies after sending and
before it has written so, the message is sent again, under the same id.
"""

import logging
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q, QuerySet
from django.utils import translation

from phones.models import Alert, AlertChannel, AlertRules, AlertState, NoWebhook
from phones.services.alerting import webhook
from phones.services.alerting.webhook import NotDelivered
from phones.services.clock import Clock, database_clock

logger = logging.getLogger("phones.alerting")

# Longer than connecting and sending may take.
LEASE = timedelta(minutes=2)
# How long after each failed try the next one is made. After the last of them it has failed for good.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480))
# What no second try changes.
FINAL = frozenset({"gone", "no_channel", "address_refused"})


@dataclass(frozen=True, slots=True)
class Text:
    """An alert in words, in one language: a sentence, what may be done, and the address of a page."""

    subject: str
    body: str
    url: str


Compose = Callable[[Alert], Text]


def due(now: datetime) -> QuerySet[Alert]:
    """Return the messages that somebody may claim now."""
    # A lease, or a next try, further ahead than any is of a clock that was set back.
    is_free = Q(leased_until=None) | Q(leased_until__lt=now) | Q(leased_until__gt=now + 2 * LEASE)
    may_try = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + 2 * WAITS[-1])
    return Alert.objects.filter(is_free, may_try, state=AlertState.WAITING)


def deliver_due(*, clock: Clock, compose: Compose) -> int:
    """Send what is due, the oldest first; return how many messages have arrived. No transaction is open meanwhile."""
    clock = database_clock(clock)
    ids = list(due(clock()).order_by("created_at").values_list("pk", flat=True))
    return sum(_deliver(alert_id, clock, compose) for alert_id in ids)


def _deliver(alert_id: Any, clock: Clock, compose: Compose) -> bool:
    if not due(clock()).filter(pk=alert_id).update(leased_until=clock() + LEASE):
        return False
    alert = Alert.objects.select_related("project").get(pk=alert_id)
    try:
        _send(alert, clock(), compose)
    except NotDelivered as error:
        _put_off(alert, error, clock())
        return False
    _store(alert, state=AlertState.SENT, ended_at=clock(), cause="", http_status=None)
    _log(alert, logging.INFO)
    return True


def _send(alert: Alert, now: datetime, compose: Compose) -> None:
    rules = AlertRules.objects.filter(pk=alert.project_id).first()
    if rules is None or alert.channel not in rules.channels:
        raise NotDelivered("no_channel")
    with translation.override(rules.language):
        text = compose(alert)
    if alert.channel == AlertChannel.MAIL:
        _send_mail(alert, rules.mails, text)
        return
    try:
        url, secret = rules.open_webhook()
    except NoWebhook:
        raise NotDelivered("no_channel") from None
    webhook.post(url, secret, message_id=str(alert.pk), at=now, payload=_payload(alert, text))


def _send_mail(alert: Alert, addresses: list[str], text: Text) -> None:
    if not settings.SENDS_MAIL:
        raise NotDelivered("mail_off")
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    message = EmailMessage(
        subject=text.subject,
        body=f"{text.body}\n\n{text.url}\n",
        to=addresses,
        headers={"Message-ID": f"<{alert.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    with _mail_failures():
        message.send()


@contextmanager
def _mail_failures() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused:
        cause = "mail_recipients"
    except smtplib.SMTPAuthenticationError:
        cause = "mail_sign_in"
    except smtplib.SMTPException:
        cause = "mail_refused"
    except OSError:
        cause = "mail_unreachable"
    else:
        return
    # Not within the handler: an exception of the library holds what was sent.
    raise NotDelivered(cause)


def _payload(alert: Alert, text: Text) -> dict[str, Any]:
    """Return the message as Standard Webhooks has it; chats show `text`."""
    return {
        "type": f"phone-desk.{alert.kind.lower()}",
        "timestamp": alert.created_at.isoformat(),
        "text": f"{text.subject}\n{text.body}\n{text.url}",
        "data": {"project": alert.project.slug, "url": text.url, **alert.details},
    }


def _put_off(alert: Alert, error: NotDelivered, now: datetime) -> None:
    """Let a message be tried again later; after the last try, or where none helps, it has failed."""
    why = {"cause": error.cause, "http_status": error.status}
    if error.cause in FINAL or alert.try_count >= len(WAITS):
        _store(alert, state=AlertState.FAILED, ended_at=now, **why)
    else:
        _store(alert, next_try_at=now + WAITS[alert.try_count], **why)
    _log(alert, logging.WARNING)


def _store(alert: Alert, **news: Any) -> None:
    Alert.objects.filter(pk=alert.pk).update(leased_until=None, try_count=F("try_count") + 1, **news)
    alert.refresh_from_db()


def _log(alert: Alert, level: int) -> None:
    values = (alert.kind, alert.project.slug, alert.channel, alert.state, alert.cause or "no fault")
    logger.log(level, "Alert %s of %s by %s: %s, %s", *values)
