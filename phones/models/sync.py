"""Passes over Diga's lists."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .project import Project


class SyncState(models.TextChoices):
    """The state of a pass."""

    RUNNING = "RUNNING", _("Running")
    COMPLETE = "COMPLETE", _("Complete")
    FAILED = "FAILED", _("Stopped")


class SyncRun(models.Model):
    """One pass over Diga's agents and phones. At most one runs in a project at a time."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="sync_runs")
    state = models.CharField(max_length=10, choices=SyncState, default=SyncState.RUNNING)
    started_at = models.DateTimeField()
    # The heartbeat, updated with every page: if it stops, the process died.
    heartbeat_at = models.DateTimeField()
    # Set by the process that makes the pass: a second message in the queue finds it set, and is dropped.
    is_taken = models.BooleanField(default=False)
    finished_at = models.DateTimeField(null=True, blank=True)
    agent_count = models.PositiveIntegerField(default=0)
    phone_count = models.PositiveIntegerField(default=0)
    written_count = models.PositiveIntegerField(default=0)
    malformed_count = models.PositiveIntegerField(default=0)
    new_count = models.PositiveIntegerField(default=0, db_default=0)
    # Changes made outside the desk, and phones that Diga no longer has.
    outside_count = models.PositiveIntegerField(default=0, db_default=0)
    missing_count = models.PositiveIntegerField(default=0, db_default=0)
    # The expected number of phones, for the progress bar; None if unknown.
    expected_count = models.PositiveIntegerField(null=True, blank=True)
    cause = models.CharField(max_length=24, blank=True, default="")
    message = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(state=SyncState.RUNNING), name="one_sync_a_project"
            )
        ]
        indexes = [models.Index(fields=["project", "-id"], name="sync_by_project")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.state} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def is_running(self) -> bool:
        """True until the pass has ended."""
        return self.state == SyncState.RUNNING

    @property
    def is_complete(self) -> bool:
        """True if every page was read."""
        return self.state == SyncState.COMPLETE
