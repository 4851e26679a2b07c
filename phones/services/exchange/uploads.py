"""Files that wait until somebody has said which of their sheets is meant. One a person and project."""

import uuid
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from phones.models import Project, Upload

KEPT_FOR = timedelta(hours=12)


def keep_upload(*, project: Project, owner: User, name: str, data: bytes, now: datetime) -> Upload:
    """Keep a file in the place of the person's last one; files that nobody came back to go."""
    Upload.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    values = {"pk": uuid.uuid4(), "name": name[:200], "data": data, "created_at": now}
    Upload.objects.filter(project=project, owner=owner).delete()
    return Upload.objects.create(project=project, owner=owner, **values)


def find_upload(*, project: Project, owner: User, upload_id: uuid.UUID) -> Upload | None:
    """Return a person's own file of a project, None where it is gone. One query."""
    return Upload.objects.filter(project=project, owner=owner, pk=upload_id).first()


def drop_uploads(*, project: Project, owner: User) -> None:
    """Forget a person's file of a project: there is a plan of it now."""
    Upload.objects.filter(project=project, owner=owner).delete()
