"""Alerts of a project: who is told of what by mail and webhook, a test, and what became of the messages."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from phones import tasks
from phones.access import Desk, DeskRequest, Right, open_desk
from phones.forms.alerts import RecipientsForm, WebhookForm
from phones.models import EVENTS, Alert, AlertKind, AlertState
from phones.services.alerting import rules
from phones.services.alerting.webhook import UnusableURL
from phones.views.post_only import post_only
from phones.wording.projects.alerts import words_for_delivery, words_for_untested, words_for_url

_TONES = {AlertState.SENT: "ok", AlertState.FAILED: "bad", AlertState.WAITING: "warn"}


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One message, as the list shows it."""

    alert: Alert
    label: str
    tone: str
    why: str

    @classmethod
    def of(cls, alert: Alert) -> "AlertLine":
        """Return the line of a message."""
        label = str(AlertKind(alert.kind).label)
        return cls(alert, label, _TONES[AlertState(alert.state)], words_for_delivery(alert))


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("url")
def project_alerts(request: DeskRequest, slug: str) -> HttpResponse:
    """Show the rules and the latest messages; change the rules, or set or remove the webhook."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    if request.method == "GET":
        return _show(request, desk)
    if "url" in request.POST:
        return _set_webhook(request, desk)
    if "remove" in request.POST:
        rules.remove_webhook(project=desk.project, actor=desk.user, now=timezone.now())
        messages.success(request, _("The webhook is removed."))
        return redirect("project_alerts", slug)
    form = RecipientsForm(request.POST)
    if not form.is_valid():
        return _show(request, desk, form=form, status=422)
    rules.set_recipients(project=desk.project, **form.cleaned_data, actor=desk.user, now=timezone.now())
    messages.success(request, _("Who is told is changed."))
    return redirect("project_alerts", slug)


@sensitive_variables("secret")
def _set_webhook(request: DeskRequest, desk: Desk) -> HttpResponse:
    """Store the address, and show its secret in this answer alone."""
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _show(request, desk, webhook_form=form, status=422)
    try:
        secret = rules.set_webhook(
            project=desk.project, url=form.cleaned_data["url"], actor=desk.user, now=timezone.now()
        )
    except UnusableURL as problem:
        form.add_error("url", words_for_url(problem))
        return _show(request, desk, webhook_form=form, status=422)
    return _show(request, desk, secret=secret)


def _show(
    request: DeskRequest,
    desk: Desk,
    *,
    form: RecipientsForm | None = None,
    webhook_form: WebhookForm | None = None,
    secret: str = "",
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    kept = rules.rules_of(desk.project)
    initial = {
        "mails": "\n".join(kept.mails),
        "kinds": kept.kinds if kept.channels else EVENTS,
        "sync_failing_minutes": kept.sync_failing_minutes,
        "language": kept.language,
    }
    context: dict[str, Any] = {
        "desk": desk,
        "section": "settings",
        "form": form or RecipientsForm(initial=initial),
        "webhook_form": webhook_form or WebhookForm(),
        "host": kept.webhook_host,
        "has_webhook": bool(kept.sealed_webhook),
        "has_channels": bool(kept.channels),
        "sends_mail": settings.SENDS_MAIL,
        "secret": secret,
        "problem": problem,
        "lines": [AlertLine.of(alert) for alert in rules.latest_alerts(desk.project)],
    }
    return render(request, "projects/project_alerts.html", context, status=status)


@post_only
def alerts_test(request: DeskRequest, slug: str) -> HttpResponse:
    """Let a worker send a test by each channel."""
    desk = open_desk(request, slug, Right.ADMINISTER)
    try:
        rules.send_test(project=desk.project, actor=desk.user, now=timezone.now())
    except (rules.NobodyIsTold, rules.TestedJustNow) as problem:
        return _show(request, desk, problem=words_for_untested(problem), status=409)
    transaction.on_commit(partial(tasks.send_alerts))
    messages.success(request, _("A worker sends the test. What became of it is in the list of messages."))
    return redirect("project_alerts", slug)
