"""Invitations to a project."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from phones.models.project import Project, Role


class InvitationState(models.TextChoices):
    """What has become of an invitation; only a waiting one can be accepted."""

    WAITING = "WAITING", _("Waiting")
    ACCEPTED = "ACCEPTED", _("Accepted")
    REVOKED = "REVOKED", _("Revoked")
    REPLACED = "REPLACED", _("Replaced by a newer one")
    EXPIRED = "EXPIRED", _("Expired")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations, and those that nothing has ended but perhaps the time."""

    def open(self) -> "InvitationQuerySet":
        """Return those that were neither accepted nor revoked nor replaced."""
        return self.filter(accepted_at=None, revoked_at=None, replaced_by=None)


class Invitation(models.Model):
    """The offer of a role in a project to one username, whether or not there is such an account."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    # As it was typed, and in lower case.
    username = models.CharField(max_length=150)
    username_key = models.CharField(max_length=150, db_index=True)
    full_name = models.CharField(max_length=150, blank=True, default="")
    role = models.CharField(max_length=10, choices=Role)
    # The SHA-256 of the code: 256 random bits need no slow hash, and no salt.
    code_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, default=None)
    revoked_at = models.DateTimeField(null=True, default=None)
    # When whoever sent it stopped to administer the project: it stays so if they begin again.
    withdrawn_at = models.DateTimeField(null=True, default=None)
    replaced_by = models.ForeignKey("self", null=True, default=None, on_delete=models.SET_NULL, related_name="replaced")

    objects: Any = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.username} {self.role} {self.project_id}"

    def state(self, now: datetime) -> InvitationState:
        """Return what has become of it. Whether its sender may still invite is not asked here."""
        if self.accepted_at is not None:
            return InvitationState.ACCEPTED
        if self.revoked_at is not None:
            return InvitationState.REVOKED
        if self.replaced_by_id is not None:
            return InvitationState.REPLACED
        if self.withdrawn_at is not None:
            return InvitationState.WITHDRAWN
        return InvitationState.EXPIRED if self.expires_at <= now else InvitationState.WAITING
