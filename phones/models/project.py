"""A connected Diga project, and its members."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import SealBroken, reseal, seal, unseal


class NoKey(Exception):
    """The project has no API key that can be used: none stored, or it can't be decrypted."""


class TokenState(models.TextChoices):
    """What Diga last answered about the key."""

    UNTESTED = "UNTESTED", _("Not used yet")
    ACCEPTED = "ACCEPTED", _("Accepted")
    REJECTED = "REJECTED", _("Rejected by Diga")
    ABSENT = "ABSENT", _("Disconnected")


class Role(models.TextChoices):
    """Roles of a member, each with the rights of the ones before it (see `phones.access`)."""

    VIEWER = "VIEWER", _("Viewer")
    LABELLER = "LABELLER", _("Labeller")
    ROUTER = "ROUTER", _("Router")
    LEAD = "LEAD", _("Lead")
    ADMIN = "ADMIN", _("Administrator")


class Project(models.Model):
    """One Diga project, reached by one API key. The key is stored encrypted, and `__str__` never has it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(max_length=80, unique=True)
    sealed_token = models.TextField(blank=True, default="")
    # Replaced whenever the key is stored or deleted: what an answer says is recorded for the key that got it.
    token_id = models.UUIDField(default=uuid.uuid4, null=True, editable=False)
    token_last_four = models.CharField(max_length=4, blank=True, default="")
    token_state = models.CharField(max_length=10, choices=TokenState, default=TokenState.ABSENT)
    token_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    token_at = models.DateTimeField(null=True, blank=True)
    token_accepted_at = models.DateTimeField(null=True, blank=True)
    # None means that it is not known.
    can_read_phones = models.BooleanField(null=True, default=None)
    can_write_phones = models.BooleanField(null=True, default=None)
    can_read_agents = models.BooleanField(null=True, default=None)
    can_read_calls = models.BooleanField(null=True, default=None)
    can_read_billing = models.BooleanField(null=True, default=None)
    # When the plan's minutes were read, and until when there are none: None while some are left, or if it isn't known.
    minutes_read_at = models.DateTimeField(null=True, blank=True)
    minutes_out_until = models.DateTimeField(null=True, blank=True)
    sync_interval_minutes = models.PositiveSmallIntegerField(_("minutes between syncs"), default=15)
    # Plans that change more numbers than this require a typed count, or a second person's approval; None: never.
    typed_above = models.PositiveIntegerField(
        _("type the count above"), null=True, blank=True, default=10, db_default=10
    )
    approved_above = models.PositiveIntegerField(_("second person above"), null=True, blank=True, default=None)
    synced_at = models.DateTimeField(null=True, blank=True)
    # When the newest complete pass over Diga's list began: it confirmed all rows but the unlisted ones.
    confirmed_at = models.DateTimeField(null=True, blank=True)
    sync_tried_at = models.DateTimeField(null=True, blank=True)
    # Why the last sync failed (a code for `wording`); "" after a success.
    sync_cause = models.CharField(max_length=24, blank=True, default="")
    # Why the data behind the key can't be this project's (a code as well); "" if it can.
    foreign_cause = models.CharField(max_length=24, blank=True, default="", db_default="")
    # Since when every call has remained without an answer, and why the first one did; empty while Diga answers.
    unreachable_since = models.DateTimeField(null=True, blank=True)
    unreachable_cause = models.CharField(max_length=24, blank=True, default="", db_default="")
    # The tags that its phones have, in alphabetical order: for filters and suggestions.
    tags = models.JSONField(default=list, db_default=[], blank=True)
    phone_count = models.PositiveIntegerField(default=0)
    agent_count = models.PositiveIntegerField(default=0)
    agents_read_at = models.DateTimeField(null=True, blank=True)
    # Replaced with every change of an agent or version: the cache key of the catalogue in each process.
    agents_changed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    def keep_token(self, token: str, *, by: User | None, at: datetime) -> None:
        """Encrypt the key into this row, bound to the row's id: in another project's row it can't be decrypted."""
        self.sealed_token = seal(f"{self.pk}:{token}")
        self.token_id, self.foreign_cause = uuid.uuid4(), ""
        self.token_last_four = token[-4:]
        self.token_by = by
        self.token_at = at

    def forget_token(self) -> None:
        """Delete the key from this row."""
        self.sealed_token = self.token_last_four = ""
        self.token_id, self.foreign_cause = uuid.uuid4(), ""
        self.token_state = TokenState.ABSENT

    def open_token(self) -> str:
        """Return the decrypted key.

        :raises NoKey: none is stored, or no encryption key fits it, or it was encrypted for another project.
        """
        if not self.sealed_token:
            raise NoKey
        try:
            owner, _colon, token = unseal(self.sealed_token).partition(":")
        except SealBroken:
            raise NoKey from None
        if owner != str(self.pk):
            raise NoKey
        return token

    def reseal_token(self) -> None:
        """Encrypt the key again with the newest encryption key.

        :raises SealBroken: no encryption key fits it.
        """
        self.sealed_token = reseal(self.sealed_token)

    @property
    def is_connected(self) -> bool:
        """True while a key is stored."""
        return self.token_state != TokenState.ABSENT

    @property
    def is_rejected(self) -> bool:
        """True after Diga refused the key."""
        return self.token_state == TokenState.REJECTED

    @property
    def is_writable(self) -> bool:
        """True if a key is stored that Diga has not refused."""
        return self.is_connected and not self.is_rejected

    @property
    def is_reachable(self) -> bool:
        """True unless the last call to Diga got no answer."""
        return self.unreachable_since is None

    @property
    def is_read_only(self) -> bool:
        """True after Diga refused a save to a key that it accepts, until the key is checked again or replaced."""
        return self.is_writable and self.can_write_phones is False

    @property
    def is_readable(self) -> bool:
        """True while reading makes sense: the key can be used, and Diga answers."""
        return self.is_writable and self.is_reachable

    @property
    def is_open(self) -> bool:
        """True while saving makes sense: reading does, and the key isn't known to be read-only."""
        return self.is_readable and not self.is_read_only

    @property
    def is_sync_failing(self) -> bool:
        """True when the last attempt to sync has not succeeded."""
        return bool(self.sync_cause)

    @property
    def masked_token(self) -> str:
        """The key as it is shown to people."""
        return f"••••{self.token_last_four}"

    @property
    def sync_interval(self) -> timedelta:
        """The interval between two periodic syncs."""
        return timedelta(minutes=self.sync_interval_minutes)


class Membership(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role_a_project")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.project_id}"
