"""Uploaded workbooks that wait until the person has chosen a sheet. One a person and project."""

import uuid
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from phones.models import Project, Upload

KEPT_FOR = timedelta(hours=12)


def keep_upload(*, project: Project, owner: User, name: str, data: bytes, now: datetime) -> Upload:
    """Store a file in place of the person's last one, and delete abandoned files of all people."""
    Upload.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    values = {"pk": uuid.uuid4(), "name": name[:200], "data": data, "created_at": now}
    Upload.objects.filter(project=project, owner=owner).delete()
    return Upload.objects.create(project=project, owner=owner, **values)


def find_upload(*, project: Project, owner: User, upload_id: uuid.UUID) -> Upload | None:
    """Return a person's own file of a project, None if it was deleted. One query."""
    return Upload.objects.filter(project=project, owner=owner, pk=upload_id).first()


def drop_uploads(*, project: Project, owner: User) -> None:
    """Delete a person's file of a project, once a plan was made from it."""
    Upload.objects.filter(project=project, owner=owner).delete()
