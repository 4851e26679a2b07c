"""A plan: one change of many phones, frozen before it runs, with one row for each phone."""

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
    REVERT = "REVERT", _("undo")
    PUT_BACK = "PUT_BACK", _("putting back by itself")
    RETRY = "RETRY", _("second try")
    REST = "REST", _("the rest")
    PUBLISH = "PUBLISH", _("publishing a version")
    REATTACH = "REATTACH", _("giving an agent back")


class PlanState(models.TextChoices):
    """The state of a plan. Only in `RUNNING` anything is sent."""

    PREVIEW = "PREVIEW", _("Preview")
    PROPOSED = "PROPOSED", _("Waiting for approval")
    RUNNING = "RUNNING", _("Running")
    PAUSED = "PAUSED", _("Paused")
    STOPPED = "STOPPED", _("Stopped")
    FINISHED = "FINISHED", _("Finished")
    DISCARDED = "DISCARDED", _("Discarded")


class Foreseen(models.TextChoices):
    """The forecast of a row."""

    WILL_CHANGE = "WILL_CHANGE", _("Will change")
    ALREADY_SO = "ALREADY_SO", _("Already so")
    CANNOT = "CANNOT", _("Can’t be changed")
    NEEDS_LOOK = "NEEDS_LOOK", _("Needs a look")


class ItemState(models.TextChoices):
    """The result of a row. Each row has exactly one at any time, so the totals always add up."""

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
    """The kinds of actions on a plan; `wording` has their sentences."""

    PROPOSED = "PROPOSED"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    APPLIED = "APPLIED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    STOPPED = "STOPPED"
    DISCARDED = "DISCARDED"


# States of rows that are still to be processed.
OPEN_ITEMS = (ItemState.WAITING, ItemState.CLAIMED, ItemState.SENDING)


class Plan(models.Model):
    """One change of many phones. Its rows are frozen when it is made; phones that match later are not added.

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
    # The plan whose failed rows, remaining rows or changes this one takes up.
    origin = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="followers")
    # Who approved it: its author, or a second person if the project requires one. It is never changed.
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approver_name = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    # When the preview was computed. It is computed again if agents have changed since.
    foreseen_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    # The running time before the last pause; with `resumed_at` it gives rate and time left.
    ran_seconds = models.FloatField(default=0.0)
    resumed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Why it paused by itself (a code for `wording`, "" if a person paused it), and Diga's message.
    cause = models.CharField(max_length=24, blank=True, default="")
    message = models.TextField(blank=True, default="")
    # The form's token makes creation idempotent: the same content again returns this plan, other content is refused.
    form_token = models.UUIDField(null=True, blank=True, unique=True)
    form_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    # True once its author has seen its result.
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
    def puts_changes_back(self) -> bool:
        """True for a plan that was made by itself, of changes that were made for a time one by one."""
        return self.kind == PlanKind.PUT_BACK and self.origin_id is None

    @property
    def is_running(self) -> bool:
        """True while workers process its rows."""
        return self.state == PlanState.RUNNING

    @property
    def is_paused(self) -> bool:
        """True while it can be resumed."""
        return self.state == PlanState.PAUSED

    @property
    def is_over(self) -> bool:
        """True if nothing will be sent any more."""
        return self.state in {PlanState.STOPPED, PlanState.FINISHED, PlanState.DISCARDED}

    @property
    def is_proposed(self) -> bool:
        """True while it waits for a second person."""
        return self.state == PlanState.PROPOSED

    @property
    def is_preview(self) -> bool:
        """True until it is started."""
        return self.state in {PlanState.PREVIEW, PlanState.PROPOSED}


class PlanStep(models.Model):
    """An action on a plan: who, what and when. Rows are only added; a plan's own action has a `cause` and no person."""

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
    """One phone of a plan: its values before, the values to set, and the result.

    `before` and `after` hold the fields to change, as in `Change`. `why` is a code for `wording` with the values for
    its sentence in `details`.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="items")
    number = models.PositiveIntegerField()
    phone = models.ForeignKey(Phone, on_delete=models.PROTECT, related_name="plan_items")
    # The line of the file, if there was one.
    line = models.PositiveIntegerField(null=True, blank=True)
    before = SnapshotField(default=dict)
    after = SnapshotField(default=dict)
    foreseen = models.CharField(max_length=12, choices=Foreseen)
    why = models.CharField(max_length=24, blank=True, default="")
    details = SnapshotField(default=dict)
    # True if it publishes a version. Such rows run before the others, one at a time, so that those find it published.
    goes_first = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=ItemState)
    # The worker with the lease on the row, and the end of the lease, after which another worker may take it.
    owner = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    try_count = models.PositiveSmallIntegerField(default=0)
    # The newest attempt, and the change that it reverts if the plan reverts changes.
    change = models.OneToOneField(
        "Change", null=True, blank=True, on_delete=models.PROTECT, related_name="item", db_index=True
    )
    reverts = models.ForeignKey("Change", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Why nothing was sent, if no change says so: a code for `wording`, and Diga's message.
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
        """True while the row is still to be processed."""
        return self.state in OPEN_ITEMS
