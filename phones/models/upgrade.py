"""An upgrade: another saved version of an agent is published for all its numbers at once; a row for each of them."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .lanes import SnapshotField
from .phone import Phone
from .project import Project


class UpgradeOutcome(models.TextChoices):
    """How far an upgrade has come. Nothing is sent before `PENDING`."""

    PROPOSED = "PROPOSED", _("Waiting for approval")
    DISCARDED = "DISCARDED", _("Discarded")
    PENDING = "PENDING", _("Being sent")
    CONFIRMED = "CONFIRMED", _("Confirmed by Diga")
    MISMATCH = "MISMATCH", _("Diga stored something else")
    REFUSED = "REFUSED", _("Refused by Diga")
    FAILED = "FAILED", _("Not applied")
    UNKNOWN = "UNKNOWN", _("Not known")


class ReadBack(models.TextChoices):
    """What reading a number back has shown. Each number has one of these, so the totals always add up."""

    WAITING = "WAITING", _("Not read yet")
    KEPT = "KEPT", _("Still has the agent")
    DETACHED = "DETACHED", _("Lost the agent")
    MOVED = "MOVED", _("Changed here since")
    GONE = "GONE", _("Not known to Diga any more")
    UNREAD = "UNREAD", _("Could not be read")


# Diga runs something else than before, or may: the numbers have to be read back.
PUBLISHED = (UpgradeOutcome.CONFIRMED, UpgradeOutcome.MISMATCH)


class AgentUpgrade(models.Model):
    """One request to publish a version of an agent, written down before it was sent. Settled once, never deleted.

    `before`, `after` and `stored` are lanes as the diary keeps them: the agent with a version, frozen at the time.
    `stored` is what Diga published instead, `{}` where it did as asked. `agreed` is the fingerprint of what was read
    and ticked.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="upgrades")
    agent_id = models.UUIDField()
    agent_name = models.TextField()
    before: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    after: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    stored: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    phone_count = models.PositiveIntegerField()
    agreed = models.CharField(max_length=80)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.TextField(blank=True, default="")
    reason = models.TextField()
    ticket = models.TextField(blank=True, default="")
    # The second person, where the project asks for one.
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approver_name = models.TextField(blank=True, default="")
    outcome = models.CharField(max_length=12, choices=UpgradeOutcome)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    # Diga's own words, and the code of our reason where there was no good answer.
    message = models.TextField(blank=True, default="")
    cause = models.CharField(max_length=24, blank=True, default="")
    request_id = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    # When it was written down for sending, when it was known what became of it, and when every number was read back.
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    # When the answer was given up, if it was: Diga may apply the request for a while after.
    answer_lost_at = models.DateTimeField(null=True, blank=True)
    # How long Diga took for the write.
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    # The worker that reads its numbers back, and until when: after that another one may.
    owner = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    # An unknown outcome is looked at again, more and more seldom.
    next_look_at = models.DateTimeField(null=True, blank=True)
    look_count = models.PositiveSmallIntegerField(default=0)
    # One form, one upgrade.
    form_token = models.UUIDField(null=True, blank=True, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "agent_id", "-id"], name="upgrade_by_agent"),
            models.Index(
                fields=["sent_at"], condition=models.Q(outcome__in=["PENDING", "UNKNOWN"]), name="upgrade_open"
            ),
            models.Index(
                fields=["settled_at"],
                condition=models.Q(outcome__in=["CONFIRMED", "MISMATCH"], verified_at=None),
                name="upgrade_unverified",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["agent_id"], condition=models.Q(outcome="PENDING"), name="one_upgrade_an_agent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.agent_name} {self.outcome}"

    @property
    def is_proposed(self) -> bool:
        """True while a second person has to say yes."""
        return self.outcome == UpgradeOutcome.PROPOSED

    @property
    def is_open(self) -> bool:
        """True while it is not known what became of it."""
        return self.outcome in {UpgradeOutcome.PENDING, UpgradeOutcome.UNKNOWN}

    @property
    def is_unverified(self) -> bool:
        """True while its numbers have to be read back."""
        return self.outcome in PUBLISHED and self.verified_at is None

    @property
    def before_label(self) -> str:
        """The version that was live."""
        return f"v{self.before['version_number']}"

    @property
    def after_label(self) -> str:
        """The version that was to be published."""
        return f"v{self.after['version_number']}"


class UpgradeItem(models.Model):
    """One number of an upgrade, frozen before the request was sent: the lanes in which it had the agent."""

    upgrade = models.ForeignKey(AgentUpgrade, on_delete=models.PROTECT, related_name="items")
    phone = models.ForeignKey(Phone, on_delete=models.PROTECT, related_name="upgrade_items")
    before = SnapshotField()
    read_back = models.CharField(max_length=10, choices=ReadBack, default=ReadBack.WAITING)
    # The entry of the number's history.
    change = models.OneToOneField(
        "Change", null=True, blank=True, on_delete=models.PROTECT, related_name="upgrade_item"
    )
    try_count = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["upgrade", "read_back", "id"], name="upgraded_by_read_back")]
        constraints = [models.UniqueConstraint(fields=["upgrade", "phone"], name="one_upgrade_item_a_phone")]

    def __str__(self) -> str:
        return f"{self.upgrade_id} {self.phone_id} {self.read_back}"
