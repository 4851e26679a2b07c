"""What a project tells by mail and webhook: to whom, about what, and each message with its delivery."""

import uuid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import SealBroken, reseal, seal, unseal
from .project import Project


class NoWebhook(Exception):
    """The project has no webhook, or its address can't be decrypted."""


class AlertKind(models.TextChoices):
    """What is told. `TEST` is sent by a click."""

    KEY_REJECTED = "KEY_REJECTED", _("Diga rejects the key")
    SYNC_FAILING = "SYNC_FAILING", _("Syncs fail")
    CHANGED_OUTSIDE = "CHANGED_OUTSIDE", _("Numbers changed outside Phone Desk")
    PLAN_PAUSED = "PLAN_PAUSED", _("A plan is paused")
    PLAN_ENDED = "PLAN_ENDED", _("A plan has ended")
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN", _("An outcome is not known after an hour")
    HISTORY_BROKEN = "HISTORY_BROKEN", _("The history is not what was written")
    TEST = "TEST", _("Test")


class AlertChannel(models.TextChoices):
    """By which way a message goes."""

    MAIL = "MAIL", _("Mail")
    WEBHOOK = "WEBHOOK", _("Webhook")


class AlertState(models.TextChoices):
    """How far a message is."""

    WAITING = "WAITING", _("Waiting")
    SENT = "SENT", _("Sent")
    FAILED = "FAILED", _("Not delivered")


# What people choose among.
EVENTS = tuple(kind for kind in AlertKind if kind is not AlertKind.TEST)


class AlertRules(models.Model):
    """What a project tells, and to whom. No row: nothing, to nobody.

    The webhook's address may itself open a channel (a chat's does), so it is encrypted with the secret that signs.
    `told` are the marks up to which everything was told, by `phones.services.alerting.news`; the row is its lock.
    """

    project = models.OneToOneField(Project, primary_key=True, on_delete=models.CASCADE, related_name="alert_rules")
    mails: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    kinds: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    sealed_webhook = models.TextField(blank=True, default="")
    sync_failing_minutes = models.PositiveSmallIntegerField(default=60)
    # In which language messages are written.
    language = models.CharField(max_length=8, default=settings.LANGUAGE_CODE)
    told: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.project_id}"

    def keep_webhook(self, url: str, secret: str) -> None:
        """Encrypt an address and its secret into this row, bound to the project."""
        self.sealed_webhook = seal(f"{self.project_id} {secret} {url}")

    def open_webhook(self) -> tuple[str, str]:
        """Return the address, and the secret that signs what is sent there.

        :raises NoWebhook: there is none, or no encryption key fits, or it was encrypted for another project.
        """
        try:
            owner, secret, url = unseal(self.sealed_webhook).split(" ", 2)
        except (SealBroken, ValueError):
            raise NoWebhook from None
        if owner != str(self.project_id):
            raise NoWebhook
        return url, secret

    def reseal_webhook(self) -> None:
        """Encrypt the address again with the newest encryption key.

        :raises SealBroken: no encryption key fits it.
        """
        self.sealed_webhook = reseal(self.sealed_webhook)

    @property
    def webhook_host(self) -> str:
        """The host of the address, as it is shown to people; "" without one that can be used."""
        try:
            return urlsplit(self.open_webhook()[0]).netloc
        except NoWebhook:
            return ""

    @property
    def channels(self) -> list[AlertChannel]:
        """By which ways the project tells."""
        found = {AlertChannel.MAIL: self.mails, AlertChannel.WEBHOOK: self.sealed_webhook}
        return [channel for channel, target in found.items() if target]


class Alert(models.Model):
    """One message by one channel, and what became of it. `details` are the values for its sentence, by its kind."""

    # Receivers tell by it that a message came twice.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=16)
    channel = models.CharField(max_length=8, choices=AlertChannel)
    details: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=AlertState, default=AlertState.WAITING)
    created_at = models.DateTimeField()
    # Failed tries are repeated at growing distances.
    try_count = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    # The end of the lease of the worker that sends it.
    leased_until = models.DateTimeField(null=True, blank=True)
    # Why the last try failed: a code for `wording`, and the status of the answer.
    cause = models.CharField(max_length=24, blank=True, default="")
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-created_at"], name="alert_by_project"),
            models.Index(fields=["next_try_at"], condition=models.Q(state="WAITING"), name="alert_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.channel} {self.state}"
