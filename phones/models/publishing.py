"""The request of a plan that publishes a version: what was sent, and its outcome."""

from typing import Any

from django.db import models

from .audit.change import Outcome
from .plan import Plan


class PublishRequest(models.Model):
    """The one request of a plan that publishes a version of an agent. Added before it is sent, settled once.

    `before`, `after` and `stored` are lanes as in the audit log: the agent with a version, as they were at the time.
    `stored` is what Diga published instead, `{}` if it did as requested.
    """

    plan = models.OneToOneField(Plan, primary_key=True, on_delete=models.PROTECT, related_name="request")
    agent_id = models.UUIDField()
    before: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    after: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    stored: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.PENDING)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    # Diga's own message, and the code of the reason if there was no good answer.
    message = models.TextField(blank=True, default="")
    cause = models.CharField(max_length=24, blank=True, default="")
    request_id = models.TextField(blank=True, default="")
    sent_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    # The duration of the request in Diga, in milliseconds.
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    # When the sender gave up waiting for the answer, if it did: Diga may apply the request for a while after.
    answer_lost_at = models.DateTimeField(null=True, blank=True)
    # An unknown outcome is rechecked at growing intervals.
    next_look_at = models.DateTimeField(null=True, blank=True)
    look_count = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["sent_at"], condition=models.Q(outcome__in=["PENDING", "UNKNOWN"]), name="publish_open"
            ),
            models.Index(fields=["agent_id", "plan"], name="publish_by_agent"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["agent_id"], condition=models.Q(outcome="PENDING"), name="one_publishing_an_agent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.agent_id} {self.outcome}"

    @property
    def is_open(self) -> bool:
        """True while the outcome is not known."""
        return self.outcome in {Outcome.PENDING, Outcome.UNKNOWN}

    @property
    def is_published(self) -> bool:
        """True if Diga runs another version than before, or may: the numbers are read back."""
        return self.outcome in {Outcome.CONFIRMED, Outcome.MISMATCH}
