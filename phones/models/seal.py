"""The seals of the audit log: a hash chain (HMAC) over everything written to it, so that tampering is detected."""

from django.conf import settings
from django.db import models

from .change import Change
from .project import Project


class SealKind(models.TextChoices):
    """The state of a change that a seal is about."""

    BEGUN = "BEGUN"
    SETTLED = "SETTLED"


class ChangeSeal(models.Model):
    """One link of a project's chain. `digest` is of the change at the time; `mac` covers it and the link before."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="seals")
    number = models.PositiveBigIntegerField()
    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="seals")
    kind = models.CharField(max_length=8, choices=SealKind)
    digest = models.CharField(max_length=64)
    mac = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="one_seal_a_number")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.number} {self.kind}"


class ChainHead(models.Model):
    """The last link of a project's chain. Whoever appends locks this row."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, primary_key=True, related_name="chain_head")
    number = models.PositiveBigIntegerField(default=0)
    mac = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.project_id} {self.number}"


class ChainBreak(models.Model):
    """A head noted in a file that the database does not have, and who has acknowledged that.

    `noted` is the digest of the note. `noted_number` is the number of the seal it names, 0 if it was damaged;
    `found_number` is the last number in the database at that time.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="chain_breaks")
    noted = models.CharField(max_length=64)
    noted_number = models.PositiveBigIntegerField()
    found_number = models.PositiveBigIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.TextField()
    acknowledged_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "noted"], name="one_break_a_note")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.noted_number}"
