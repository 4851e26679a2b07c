"""The seals of the audit log: hash chains (HMAC) over everything written to it, so that tampering is detected.

A project's chain has its id. `SITE_CHAIN` is the chain of what belongs to no project.
"""

import uuid

from django.conf import settings
from django.db import models

from phones.models.audit.act import Act
from phones.models.audit.change import Change
from phones.models.project import Project

SITE_CHAIN = uuid.UUID(int=0)


def chain_of(project: Project | None) -> uuid.UUID:
    """Return the id of the chain of a project, or of the site."""
    return SITE_CHAIN if project is None else project.pk


class SealKind(models.TextChoices):
    """What a seal is about: a state of a change, an act, or as what phones were first seen."""

    BEGUN = "BEGUN"
    SETTLED = "SETTLED"
    ACT = "ACT"
    SEEN = "SEEN"


class ChangeSeal(models.Model):
    """One link of a chain. `digest` is of what it is about at the time; `mac` covers it and the link before."""

    chain = models.UUIDField()
    number = models.PositiveBigIntegerField()
    change = models.ForeignKey(Change, null=True, on_delete=models.PROTECT, related_name="seals")
    act = models.OneToOneField(Act, null=True, on_delete=models.PROTECT, related_name="seal")
    kind = models.CharField(max_length=8, choices=SealKind)
    digest = models.CharField(max_length=64)
    mac = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "number"], name="one_seal_a_number"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["BEGUN", "SETTLED"], change__isnull=False, act__isnull=True)
                | models.Q(kind="ACT", change__isnull=True, act__isnull=False)
                | models.Q(kind="SEEN", change__isnull=True, act__isnull=True),
                name="seal_of_one_entry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.number} {self.kind}"


class ChainHead(models.Model):
    """The last link of a chain. Whoever appends locks this row."""

    chain = models.UUIDField(primary_key=True)
    number = models.PositiveBigIntegerField(default=0)
    mac = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.chain} {self.number}"


class ChainBreak(models.Model):
    """A head noted in a file that the database does not have, and who has acknowledged that.

    `noted` is the digest of the note. `noted_number` is the number of the seal it names, 0 if it was damaged;
    `found_number` is the last number in the database at that time.
    """

    chain = models.UUIDField()
    noted = models.CharField(max_length=64)
    noted_number = models.PositiveBigIntegerField()
    found_number = models.PositiveBigIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.TextField()
    acknowledged_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "noted"], name="one_break_a_note")]

    def __str__(self) -> str:
        return f"{self.chain} {self.noted_number}"
