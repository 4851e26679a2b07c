"""Stored lists of phones: named filters, and frozen selections."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from phones.models.project import Project


class SavedView(models.Model):
    """A named filter of the list of phones, private or shared with the project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="saved_views")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=60)
    # The query string of the list, as `list_address` writes it: criteria, order and columns.
    query = models.TextField(blank=True, default="")
    is_shared = models.BooleanField(_("shared with the project"), default=False)
    # The filter with which its owner's list opens.
    is_default = models.BooleanField(_("opens first"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "owner", "name"], name="one_view_a_name"),
            models.UniqueConstraint(
                fields=["project", "owner"], condition=models.Q(is_default=True), name="one_default_view"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Selection(models.Model):
    """A frozen list of phones that a person made, for example by pasting numbers; its id is in the address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="selections")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="selections")
    # Ids as hex texts, in the order in which they were found.
    phone_ids: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{len(self.phone_ids)} phones"
