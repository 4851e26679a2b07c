"""Our copy of a phone register. Its Diga fields are only ever written from an answer of Diga."""

import uuid
from collections.abc import Collection
from datetime import UTC, datetime

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from .lanes import SnapshotField
from .project import Project

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


class PhoneQuerySet(models.QuerySet["Phone"]):
    """Phones of one project."""

    def using_agents(self, agent_ids: set[uuid.UUID]) -> "PhoneQuerySet":
        """Return the phones one of these agents answers or dials from, by number. Uses end when a phone leaves Diga."""
        uses = models.Q(inbound_agent_id__in=agent_ids) | models.Q(outbound_agent_id__in=agent_ids)
        return self.filter(uses, missing_since=None).order_by("number", "id")

    def split_by_use(self, agent_id: uuid.UUID) -> "tuple[PhoneQuerySet, PhoneQuerySet]":
        """Return `using_agents` of one agent in two: the phones that it answers, and the others that it dials from.

        Each is a range of one index, in the order of the numbers. With both lanes in one condition the first of them
        are found by reading and sorting all: 200 ms for 44,000.
        """
        known = self.filter(missing_since=None).order_by("number", "id")
        return (
            known.filter(inbound_agent_id=agent_id),
            known.filter(outbound_agent_id=agent_id).exclude(inbound_agent_id=agent_id),
        )


class Phone(models.Model):
    """A phone register (the assignment of one number), as Diga last returned it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="phones")
    # Diga's fields. The enumerations stay open: an unknown value is stored and shown as it is.
    number = models.TextField()
    telephony_provider = models.TextField()
    status = models.TextField()
    nickname = models.TextField(null=True, blank=True)
    assigned_at = models.DateTimeField(null=True, blank=True)
    scheduled_release_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    # No foreign keys: a phone may have an agent that Diga doesn't list.
    inbound_agent_id = models.UUIDField(null=True, blank=True)
    outbound_agent_id = models.UUIDField(null=True, blank=True)
    region_codes = models.JSONField(default=list, blank=True)
    # Fields of this desk.
    note = models.TextField(_("note"), blank=True, default="")
    # With a comma around each, in alphabetical order; null without any, for the index of those that have some.
    tags = models.TextField(null=True, blank=True)
    shown = models.TextField()
    digits = models.TextField(blank=True, default="")
    search_text = models.TextField(blank=True, default="")
    # The normal form in which nicknames are compared: folded, "" without one.
    nickname_key = models.TextField(blank=True, default="", db_default="")
    # Where lists put the phone by its agents: the sort keys of those, written with the phone and with the agents.
    inbound_key = models.TextField(editable=False, db_default="")
    outbound_key = models.TextField(editable=False, db_default="")
    # `assigned_at`, with a value for phones that were never assigned: keyset pages need columns without nulls.
    assigned_key = models.GeneratedField(
        expression=Coalesce("assigned_at", models.Value(LONG_AGO)),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    # When the answer with these values was requested. An older answer never overwrites a newer one. Answers of the list
    # that say the same are not noted here: see `read_at`.
    fetched_at = models.DateTimeField()
    # When the pass over Diga's list began that did not confirm this row; empty where the newest complete one did.
    unlisted_since = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)
    # When Diga last refused a request for this phone, with its status and message. An answer that was requested later
    # clears them.
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_status = models.PositiveSmallIntegerField(null=True, blank=True)
    refused_message = models.TextField(null=True, blank=True)
    # When a call began that another agent or version took than is configured: seen when a number is opened.
    answered_otherwise_at = models.DateTimeField(null=True, blank=True)
    # The first state in the history: the values at the first sync of the phone, in the form of a change's `before`.
    first_seen_at = models.DateTimeField(null=True, blank=True)
    first_seen = SnapshotField(default=dict, db_default={}, blank=True)

    objects = PhoneQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["project", "number", "id"], name="phone_by_number"),
            # Covering indexes: the counts of the overview read no row.
            models.Index(
                fields=[
                    "project",
                    "missing_since",
                    "status",
                    "inbound_agent_id",
                    "outbound_agent_id",
                    "scheduled_release_at",
                    "id",
                ],
                name="phone_health",
            ),
            # Partial indexes of few rows: without them a query would scan all phones.
            models.Index(
                fields=["project", "number"],
                condition=models.Q(missing_since__isnull=False),
                name="phone_missing",
            ),
            models.Index(
                fields=["project", "number"],
                condition=models.Q(answered_otherwise_at__isnull=False),
                name="phone_otherwise",
            ),
            models.Index(
                fields=["project", "number", "id", "tags"],
                condition=models.Q(tags__isnull=False),
                name="phone_tagged",
            ),
            models.Index(fields=["project", "inbound_agent_id", "number"], name="phone_by_inbound"),
            models.Index(fields=["project", "outbound_agent_id", "number"], name="phone_by_outbound"),
            # An index for each order of the list, without the id, which only separates rows of one number. None for the
            # age: beside it SQLite would read pages that are narrowed to few rows by the index of numbers.
            models.Index(fields=["project", "nickname_key", "number"], name="phone_order_nickname"),
            models.Index(fields=["project", "status", "number"], name="phone_order_status"),
            models.Index(fields=["project", "inbound_key", "number"], name="phone_order_inbound"),
            models.Index(fields=["project", "outbound_key", "number"], name="phone_order_outbound"),
            models.Index(fields=["project", "telephony_provider", "number"], name="phone_order_provider"),
            models.Index(fields=["project", "assigned_key", "number"], name="phone_order_assigned"),
        ]

    def __str__(self) -> str:
        return self.shown

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags, in alphabetical order."""
        return tuple(self.tags.strip(",").split(",")) if self.tags else ()

    @tag_names.setter
    def tag_names(self, names: Collection[str]) -> None:
        self.tags = f",{','.join(names)}," if names else None

    @property
    def read_at(self) -> datetime:
        """When Diga last said what the row says: to a read of this phone, or by a complete pass over its list."""
        confirmed_at = None if self.unlisted_since else self.project.confirmed_at
        return max(self.fetched_at, confirmed_at or self.fetched_at)

    @property
    def is_refused(self) -> bool:
        """True while Diga refuses requests for the phone, so that the age of our copy is unknown."""
        is_latest = self.refused_at is not None and self.refused_at >= self.fetched_at
        return is_latest and self.missing_since is None
