"""The acts of people (keys, members, rules, exports, sign-ins): what they do with rights beside changes of phones."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from phones.models.project import Project


class ActKind(models.TextChoices):
    """What was done. The column has no `choices`, so that a new kind needs no migration."""

    KEY_CONNECTED = "KEY_CONNECTED", _("Key connected")
    KEY_CHECKED = "KEY_CHECKED", _("Key checked")
    KEY_REPLACED = "KEY_REPLACED", _("Key replaced")
    KEY_DISCONNECTED = "KEY_DISCONNECTED", _("Key disconnected")
    MEMBER_INVITED = "MEMBER_INVITED", _("Person invited")
    INVITATION_RESENT = "INVITATION_RESENT", _("Invitation sent again")
    INVITATION_REVOKED = "INVITATION_REVOKED", _("Invitation revoked")
    MEMBER_JOINED = "MEMBER_JOINED", _("Person joined")
    ROLE_CHANGED = "ROLE_CHANGED", _("Role changed")
    MEMBER_REMOVED = "MEMBER_REMOVED", _("Person removed")
    PLAN_RULES_CHANGED = "PLAN_RULES_CHANGED", _("Plan rules changed")
    SYNC_INTERVAL_CHANGED = "SYNC_INTERVAL_CHANGED", _("Time between syncs changed")
    ALERTS_CHANGED = "ALERTS_CHANGED", _("Alerts changed")
    ALERTS_TESTED = "ALERTS_TESTED", _("Alerts tested")
    PLAN_PROPOSED = "PLAN_PROPOSED", _("Plan proposed")
    PLAN_RETURNED = "PLAN_RETURNED", _("Plan returned")
    PLAN_APPROVED = "PLAN_APPROVED", _("Plan approved")
    PLAN_APPLIED = "PLAN_APPLIED", _("Plan started")
    PLAN_PAUSED = "PLAN_PAUSED", _("Plan paused")
    PLAN_RESUMED = "PLAN_RESUMED", _("Plan resumed")
    PLAN_STOPPED = "PLAN_STOPPED", _("Plan stopped")
    PLAN_DISCARDED = "PLAN_DISCARDED", _("Plan discarded")
    VIEW_SHARED = "VIEW_SHARED", _("View shared")
    VIEW_UNSHARED = "VIEW_UNSHARED", _("View not shared any more")
    VIEW_RENAMED = "VIEW_RENAMED", _("Shared view renamed")
    VIEW_DELETED = "VIEW_DELETED", _("Shared view deleted")
    SCHEDULE_SET = "SCHEDULE_SET", _("Set for a time")
    SCHEDULE_MOVED = "SCHEDULE_MOVED", _("Moved to another time")
    SCHEDULE_HURRIED = "SCHEDULE_HURRIED", _("Done at once instead")
    SCHEDULE_CANCELLED = "SCHEDULE_CANCELLED", _("Cancelled before its time")
    SCHEDULE_SKIPPED = "SCHEDULE_SKIPPED", _("Left alone at its time")
    SCHEDULE_FAILED = "SCHEDULE_FAILED", _("Not done at its time")
    SCHEDULE_SEEN = "SCHEDULE_SEEN", _("Notice acknowledged")
    NOTE_CHANGED = "NOTE_CHANGED", _("Note changed")
    TAGS_CHANGED = "TAGS_CHANGED", _("Tags changed")
    EXPORTED = "EXPORTED", _("Exported")
    SIGNED_IN = "SIGNED_IN", _("Signed in")
    SIGN_IN_FAILED = "SIGN_IN_FAILED", _("Sign-in failed")
    SIGNED_OUT = "SIGNED_OUT", _("Signed out")
    PASSWORD_CHANGED = "PASSWORD_CHANGED", _("Password changed")
    SECOND_FACTOR_ON = "SECOND_FACTOR_ON", _("Second factor turned on")
    SECOND_FACTOR_OFF = "SECOND_FACTOR_OFF", _("Second factor turned off")
    RECOVERY_CODES_MADE = "RECOVERY_CODES_MADE", _("Recovery codes made")
    RECOVERY_CODE_USED = "RECOVERY_CODE_USED", _("Recovery code used")
    SSO_LINKED = "SSO_LINKED", _("Single sign-on linked")
    SSO_UNLINKED = "SSO_UNLINKED", _("Single sign-on unlinked")
    SESSION_ENDED = "SESSION_ENDED", _("Session ended")
    KEYS_ACCEPTED = "KEYS_ACCEPTED", _("Other keys accepted")
    ACCOUNT_DEACTIVATED = "ACCOUNT_DEACTIVATED", _("Account deactivated")
    ACCOUNT_ACTIVATED = "ACCOUNT_ACTIVATED", _("Account activated")
    PASSWORD_RESET = "PASSWORD_RESET", _("Password reset")
    RESTORED = "RESTORED", _("Restored from a backup")
    COPY_RELEASED = "COPY_RELEASED", _("Restored copy may go on")
    VERIFIED = "VERIFIED", _("History verified")
    BREAK_ACKNOWLEDGED = "BREAK_ACKNOWLEDGED", _("Break acknowledged")


class Act(models.Model):
    """One act of a person, or of the program by itself. Rows are added, never altered or deleted.

    `project` is null for what belongs to the site, such as a sign-in. `actor` is who did it, `subject` to whom, if not
    to themselves; their names are those of that time. The ids stay when an account is deleted, as they are sealed.
    `details` is a small JSON object without secrets; `address` is the client's, "" without a request.
    """

    project = models.ForeignKey(Project, null=True, on_delete=models.PROTECT, related_name="acts")
    kind = models.CharField(max_length=32)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    actor_username = models.TextField()
    actor_name = models.TextField()
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    subject_username = models.TextField()
    subject_name = models.TextField()
    details = models.JSONField()
    address = models.CharField(max_length=45)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="act_by_project"),
            models.Index(fields=["actor", "-id"], name="act_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.actor_username}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: acts are append-only."""
        raise TypeError("An act can't be deleted.")
