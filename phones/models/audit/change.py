"""The audit log: one attempted or observed change of one phone."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from phones.models.lanes import SnapshotField
from phones.models.phone import Phone
from phones.models.plan import Plan
from phones.models.project import Project


class Source(models.TextChoices):
    """Where a change came from."""

    FORM = "FORM", _("form")
    PLAN = "PLAN", _("plan")
    IMPORT = "IMPORT", _("file")
    # The code is that of its first name: a sealed entry is never altered.
    PUBLISH = "UPGRADE", _("new version of an agent")
    REVERT = "REVERT", _("undo")
    PUT_BACK = "PUT_BACK", _("put back by itself")
    SCHEDULE = "SCHEDULE", _("sent by itself at its time")
    OUTSIDE = "OUTSIDE", _("outside this desk")
    LATE = "LATE", _("applied late by Diga")


class Outcome(models.TextChoices):
    """How a change ended."""

    PENDING = "PENDING", _("Being sent")
    CONFIRMED = "CONFIRMED", _("Confirmed by Diga")
    MISMATCH = "MISMATCH", _("Diga stored something else")
    REFUSED = "REFUSED", _("Refused by Diga")
    FAILED = "FAILED", _("Not applied")
    UNKNOWN = "UNKNOWN", _("Not known")
    OBSERVED = "OBSERVED", _("Seen in Diga")


class Change(models.Model):
    """One attempted or observed change of a phone. Rows are added and settled once, never edited or deleted.

    `before`, `after` and `stored` hold the changed fields only: `nickname` as text or None, `inbound` and `outbound` as
    a `LaneSnapshot` or None. A change that was made outside (`OUTSIDE`) may also hold `status`; it happened between
    `seen_from` and `created_at`. So did a write of this desk that Diga applied after more than a minute (`LATE`): it
    has an entry of its own, as the first one is settled.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="changes")
    phone = models.ForeignKey(Phone, on_delete=models.PROTECT, related_name="changes")
    number = models.TextField()
    source = models.CharField(max_length=12, choices=Source)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.TextField(blank=True, default="")
    # Sealed with the entry, and kept when the account is deleted; null in entries of older releases.
    actor_username = models.TextField(null=True, blank=True)
    actor_number = models.BigIntegerField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")
    ticket = models.TextField(blank=True, default="")
    before = SnapshotField(default=dict)
    after = SnapshotField(default=dict)
    stored = SnapshotField(default=dict)
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.PENDING)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    # Diga's own message, or the code of the reason (`phones.diga.Reason`) if there was no answer.
    message = models.TextField(blank=True, default="")
    cause = models.CharField(max_length=24, blank=True, default="")
    request_id = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    # The duration of the write in Diga, in milliseconds.
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    # The last moment at which Diga still had `before`: only for a change made outside.
    seen_from = models.DateTimeField(null=True, blank=True)
    # When the sender gave up waiting for the answer, if it did: Diga may apply the write for a while after.
    answer_lost_at = models.DateTimeField(null=True, blank=True)
    # The change of this desk that Diga applied after it was settled as not applied: only for `LATE`.
    late_for = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="came_late")
    reverts = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reverted_by")
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="changes")
    # An unknown outcome is rechecked at growing intervals.
    next_look_at = models.DateTimeField(null=True, blank=True)
    look_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    # The unique constraint makes a form idempotent: the second save of the same form gets the first one's result.
    form_token = models.UUIDField(null=True, blank=True, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["phone", "-id"], name="change_by_phone"),
            models.Index(fields=["project", "-id"], name="change_by_project"),
            models.Index(fields=["project", "created_at", "source"], name="change_by_time"),
            models.Index(fields=["project", "actor", "-id"], name="change_by_actor"),
            models.Index(fields=["project", "outcome", "-id"], name="change_by_outcome"),
            models.Index(fields=["plan", "-id"], condition=models.Q(plan__isnull=False), name="change_by_plan"),
            # A partial index for the sweeper: few rows, and none when all is well.
            models.Index(
                fields=["created_at"], condition=models.Q(outcome__in=["PENDING", "UNKNOWN"]), name="change_open"
            ),
        ]
        constraints = [
            # A partial unique index: at most one pending write of a phone, by any process on any machine.
            models.UniqueConstraint(fields=["phone"], condition=models.Q(outcome="PENDING"), name="one_write_a_phone")
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.number} {self.outcome}"

    @property
    def is_open(self) -> bool:
        """True until the outcome is known: PENDING or UNKNOWN."""
        return self.outcome in {Outcome.PENDING, Outcome.UNKNOWN}

    @property
    def may_come_late(self) -> bool:
        """True if it was settled without the values it asked for: Diga may still apply them."""
        return self.outcome in {Outcome.FAILED, Outcome.MISMATCH}

    @property
    def is_pending(self) -> bool:
        """True while a process sends it, or died while sending."""
        return self.outcome == Outcome.PENDING

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: the audit log is append-only."""
        raise TypeError("A change can't be deleted.")


class NamedAgent(models.Model):
    """An agent that a change names in one of its lanes: the index for an agent's history."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="named_agents")
    agent_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent_id", "change"], name="one_name_a_change")]

    def __str__(self) -> str:
        return f"{self.agent_id} in {self.change_id}"
