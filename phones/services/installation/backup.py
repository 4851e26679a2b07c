"""A backup of the database in one file, as of one moment, while the desk runs. It never has the keys."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection

from phones.services.installation.archive import DATABASE, Manifest, folder_beside, pack
from phones.services.installation.engines import Query, dumped
from phones.services.installation.instances import own_id


def make_backup(path: Path, *, now: datetime) -> Manifest:
    """Write a backup to a new file; return what it is of.

    :raises FileExistsError: the file is there.
    :raises ProgramMissing: PostgreSQL's pg_dump is not on this machine.
    :raises ProgramFailed: it failed.
    """
    if path.exists():
        raise FileExistsError(path)
    with folder_beside(path) as folder:
        database = folder / DATABASE
        with dumped(database) as query:
            manifest = _manifest_of(query, now)
        pack(path, manifest, database)
    return manifest


def _manifest_of(query: Query, now: datetime) -> Manifest:
    heads = query("SELECT chain, number, mac FROM phones_chainhead ORDER BY chain")
    return Manifest(
        version=settings.VERSION,
        vendor=connection.vendor,
        made_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        instance=str(own_id() or ""),
        migrations=[f"{app}.{name}" for app, name in query("SELECT app, name FROM django_migrations ORDER BY id")],
        heads={str(UUID(str(chain))): (number, mac) for chain, number, mac in heads},
        proofs=dict(query("SELECT setting, proof FROM phones_keyproof ORDER BY setting")),
    )
