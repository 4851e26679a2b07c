"""An uploaded file, stored until the person has chosen one of its sheets."""

import uuid

from django.conf import settings
from django.db import models

from .project import Project


class Upload(models.Model):
    """A file, stored until a plan is made of it; at most one a person and project."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="uploads")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads")
    name = models.TextField()
    data = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "owner"], name="one_upload_a_person")]

    def __str__(self) -> str:
        return self.name
