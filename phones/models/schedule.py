"""What is to be done by itself at a later time: a change is put back or sent, a plan is taken back or started."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .audit.change import Change
from .lanes import SnapshotField
from .phone import Phone
from .plan import Plan
from .project import Project


class ScheduleKind(models.TextChoices):
    """What is done at its time."""

    PUT_BACK = "PUT_BACK", _("Put back")
    CHANGE = "CHANGE", _("Change")
    PUT_BACK_PLAN = "PUT_BACK_PLAN", _("Plan put back")
    START_PLAN = "START_PLAN", _("Plan started")


class ScheduleState(models.TextChoices):
    """How far it is. `SENT` means that its write or its plan is under way, and is followed."""

    WAITING = "WAITING", _("Waiting")
    CLAIMED = "CLAIMED", _("Being done")
    SENT = "SENT", _("Under way")
    DONE = "DONE", _("Done")
    SKIPPED = "SKIPPED", _("Left alone")
    FAILED = "FAILED", _("Not done")
    CANCELLED = "CANCELLED", _("Cancelled")


# States of rows that are still to be processed.
OPEN_SCHEDULES = (ScheduleState.WAITING, ScheduleState.CLAIMED, ScheduleState.SENT)
# States that somebody has to see.
NOTICES = (ScheduleState.SKIPPED, ScheduleState.FAILED)


class Schedule(models.Model):
    """One thing that is done by itself at `due_at`, once, by whichever worker claims it first.

    `change` is the change that a `PUT_BACK` takes back, `plan` the plan that is started or taken back. A `CHANGE` has
    `phone`, with `before` and `after` as a plan's row has them; `agreed` are the ids of the versions that it may
    publish. `until_at` is when a scheduled change is put back, null if it stays. `result` is the change that was sent,
    `made_plan` the plan that does it. It is done on behalf of `author`, whose rights are asked for again then.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="schedules")
    kind = models.CharField(max_length=16, choices=ScheduleKind)
    state = models.CharField(max_length=10, choices=ScheduleState, default=ScheduleState.WAITING)
    due_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.TextField(blank=True, default="")
    reason = models.TextField(blank=True, default="")
    ticket = models.TextField(blank=True, default="")
    phone = models.ForeignKey(Phone, null=True, blank=True, on_delete=models.PROTECT, related_name="schedules")
    change = models.ForeignKey(Change, null=True, blank=True, on_delete=models.PROTECT, related_name="put_backs")
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="schedules")
    before = SnapshotField(default=dict, blank=True)
    after = SnapshotField(default=dict, blank=True)
    agreed: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list, blank=True)
    # The form that made it, so that a second send of it makes no second row.
    form_token = models.UUIDField(null=True, blank=True, unique=True)
    # The form token of its write, which is unique among changes: however many workers try, one write is made. It is
    # replaced once a write has certainly not been applied.
    send_token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    result = models.ForeignKey(Change, null=True, blank=True, on_delete=models.PROTECT, related_name="made_by")
    made_plan = models.ForeignKey(
        Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="made_by_schedules"
    )
    # The worker with the lease on the row, and the end of the lease.
    owner = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    # Failed tries are repeated at growing distances.
    try_count = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    # Why it was not done, or not yet: a code for `wording`, and Diga's message.
    cause = models.CharField(max_length=24, blank=True, default="")
    message = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # Who acknowledged that it was not done.
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    seen_by_name = models.TextField(blank=True, default="")
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="schedule_by_project"),
            # Partial indexes of few rows: what is still to be done, and what somebody has to see.
            models.Index(
                fields=["project", "due_at"],
                condition=models.Q(state__in=["WAITING", "CLAIMED", "SENT"]),
                name="schedule_open",
            ),
            models.Index(
                fields=["project", "-id"],
                condition=models.Q(state__in=["SKIPPED", "FAILED"], seen_at__isnull=True),
                name="schedule_unseen",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["change"],
                condition=models.Q(kind="PUT_BACK", state__in=["WAITING", "CLAIMED", "SENT"]),
                name="one_put_back_a_change",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.state}"

    @property
    def is_open(self) -> bool:
        """True while it is still to be done."""
        return self.state in OPEN_SCHEDULES

    @property
    def is_waiting(self) -> bool:
        """True while it can be moved or cancelled."""
        return self.state == ScheduleState.WAITING

    @property
    def is_notice(self) -> bool:
        """True until somebody acknowledges that it was not done."""
        return self.state in NOTICES and self.seen_at is None

    @property
    def is_of_plan(self) -> bool:
        """True if it is about a plan."""
        return self.kind in {ScheduleKind.PUT_BACK_PLAN, ScheduleKind.START_PLAN}

    @property
    def puts_back(self) -> bool:
        """True if it takes something back."""
        return self.kind in {ScheduleKind.PUT_BACK, ScheduleKind.PUT_BACK_PLAN}
