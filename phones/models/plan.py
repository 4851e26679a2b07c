"""A plan: one change of many phones, frozen before it runs, and a row for each phone."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .lanes import SnapshotField
from .phone import Phone
from .project import Project


class PlanKind(models.TextChoices):
    """What a plan was made from."""

    CHANGE = "CHANGE", _("change of many numbers")
    IMPORT = "IMPORT", _("file")
    REVERT = "REVERT", _("taking back")
    RETRY = "RETRY", _("second try")
    REST = "REST", _("the rest")
    PUBLISH = "PUBLISH", _("publishing a version")
    REATTACH = "REATTACH", _("giving an agent back")


class PlanState(models.TextChoices):
    """How far a plan has come. Only `RUNNING` sends anything."""

    PREVIEW = "PREVIEW", _("Preview")
    PROPOSED = "PROPOSED", _("Waiting for approval")
    RUNNING = "RUNNING", _("Running")
    PAUSED = "PAUSED", _("Paused")
    STOPPED = "STOPPED", _("Stopped")
    FINISHED = "FINISHED", _("Finished")
    DISCARDED = "DISCARDED", _("Discarded")


class Foreseen(models.TextChoices):
    """What the preview says of a row."""

    WILL_CHANGE = "WILL_CHANGE", _("Will change")
    ALREADY_SO = "ALREADY_SO", _("Already so")
    CANNOT = "CANNOT", _("Can’t be changed")
    NEEDS_LOOK = "NEEDS_LOOK", _("Needs a look")


class ItemState(models.TextChoices):
    """What became of a row. Each row has one of these at any time, so the totals always add up."""

    LEFT_OUT = "LEFT_OUT", _("Left out")
    WAITING = "WAITING", _("Waiting")
    CLAIMED = "CLAIMED", _("Being read")
    SENDING = "SENDING", _("Being sent")
    DONE = "DONE", _("Done")
    SAME = "SAME", _("Already so")
    CHANGED = "CHANGED", _("Skipped, changed meanwhile")
    REFUSED = "REFUSED", _("Refused")
    FAILED = "FAILED", _("Failed")
    MISMATCH = "MISMATCH", _("Diga stored something else")
    UNKNOWN = "UNKNOWN", _("Not known")
    NOT_TRIED = "NOT_TRIED", _("Not attempted")


class StepKind(models.TextChoices):
    """What is done with a plan as a whole; `plan_words` has the sentences."""

    PROPOSED = "PROPOSED"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    APPLIED = "APPLIED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    STOPPED = "STOPPED"
    DISCARDED = "DISCARDED"


# Rows that a plan still has to deal with.
OPEN_ITEMS = (ItemState.WAITING, ItemState.CLAIMED, ItemState.SENDING)


class Plan(models.Model):
    """One change of many phones. Its rows are frozen when it is made; nothing that matches later joins it.

    `wish` says what was asked for, for the heading: for each field `{how: SET | UNASSIGN | PATTERN, value}`, where a
    lane's value is a `LaneSnapshot`; it is empty for plans whose rows differ. A plan that publishes a version has
    `{version: {how: PUBLISH, value, before}}`, both lanes, and, where an older release had made it as an upgrade, the
    number that it had there as `upgrade`. `agreed` are the ids of the versions that applying it may publish. `problems`
    are the lines of a file that no row came from: `{line, text}`; `notes` say how it was read: `{code, …}`, with a
    code of `import_words`.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="plans")
    kind = models.CharField(max_length=8, choices=PlanKind)
    state = models.CharField(max_length=10, choices=PlanState, default=PlanState.PREVIEW)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="plans"
    )
    author_name = models.TextField(blank=True, default="")
    reason = models.TextField()
    ticket = models.TextField(blank=True, default="")
    wish = SnapshotField(default=dict)
    agreed: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    problems: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(default=list)
    notes: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list, db_default=[], blank=True
    )
    # The plan whose failed rows, rest or changes this one is about.
    origin = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="followers")
    # Whose yes started it: the author's, or a second person's where the project asks for one. It stays.
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approver_name = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    # When the preview was computed: it is computed anew if agents have moved since.
    foreseen_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    # Running time before the last pause; together with `resumed_at` it gives rate and time left.
    ran_seconds = models.FloatField(default=0.0)
    resumed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Why it paused by itself (a code that `plan_words` has words for, "" if a person paused it), and Diga's words.
    cause = models.CharField(max_length=24, blank=True, default="")
    message = models.TextField(blank=True, default="")
    # One form, one plan: the same content again gives this plan, other content is refused.
    form_token = models.UUIDField(null=True, blank=True, unique=True)
    form_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    # True once its author has seen how it ended.
    is_told = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="plan_by_project"),
            models.Index(fields=["state"], condition=models.Q(state="RUNNING"), name="plan_running"),
            models.Index(
                fields=["author", "project"],
                condition=models.Q(state__in=["STOPPED", "FINISHED", "PAUSED"], is_told=False),
                name="plan_untold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def is_publishing(self) -> bool:
        """True for a plan that publishes a version: its rows are read back, and only its head is sent."""
        return self.kind == PlanKind.PUBLISH

    @property
    def is_running(self) -> bool:
        """True while workers send its rows."""
        return self.state == PlanState.RUNNING

    @property
    def is_paused(self) -> bool:
        """True while it can be resumed."""
        return self.state == PlanState.PAUSED

    @property
    def is_over(self) -> bool:
        """True when nothing will be sent any more."""
        return self.state in {PlanState.STOPPED, PlanState.FINISHED, PlanState.DISCARDED}

    @property
    def is_proposed(self) -> bool:
        """True while it waits for a second person."""
        return self.state == PlanState.PROPOSED

    @property
    def is_preview(self) -> bool:
        """True before anything was sent."""
        return self.state in {PlanState.PREVIEW, PlanState.PROPOSED}


class PlanStep(models.Model):
    """Who did what with a plan, and when. Rows are only added; nobody did what a plan does by itself, for `cause`."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=10, choices=StepKind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.TextField(blank=True, default="")
    cause = models.CharField(max_length=24, blank=True, default="")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.plan_id} {self.kind}"


class PlanItem(models.Model):
    """One phone of a plan: what it was, what it is to be, and what became of it.

    `before` and `after` hold the fields to change, as `Change` does. `why` is a code of `plan_words` with the
    values for its sentence in `details`.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="items")
    number = models.PositiveIntegerField()
    phone = models.ForeignKey(Phone, on_delete=models.PROTECT, related_name="plan_items")
    # The line of the file, where there was one.
    line = models.PositiveIntegerField(null=True, blank=True)
    before = SnapshotField(default=dict)
    after = SnapshotField(default=dict)
    foreseen = models.CharField(max_length=12, choices=Foreseen)
    why = models.CharField(max_length=24, blank=True, default="")
    details = SnapshotField(default=dict)
    # It publishes a version: such rows run before the others, one at a time, so that the others find it live.
    goes_first = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=ItemState)
    # The worker that has it, and until when: after that another one may take it.
    owner = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    try_count = models.PositiveSmallIntegerField(default=0)
    # The newest attempt, and the change that it takes back where the plan takes back.
    change = models.OneToOneField(
        "Change", null=True, blank=True, on_delete=models.PROTECT, related_name="item", db_index=True
    )
    reverts = models.ForeignKey("Change", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Why nothing was sent, where no change says so: a code of `plan_words`, and Diga's words.
    cause = models.CharField(max_length=24, blank=True, default="")
    message = models.TextField(blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["plan", "state", "number"], name="item_by_state"),
            models.Index(fields=["plan", "foreseen", "number"], name="item_by_foreseen"),
            models.Index(fields=["plan", "-finished_at"], name="item_by_end"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="one_item_a_number"),
            models.UniqueConstraint(fields=["plan", "phone"], name="one_item_a_phone"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.number} {self.state}"

    @property
    def is_open(self) -> bool:
        """True while the plan still has to deal with it."""
        return self.state in OPEN_ITEMS
