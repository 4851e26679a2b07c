"""A backup becomes the database. From then on nothing is done by itself until a person says go on (`instances`)."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from phones.models import Act, ActKind, Project
from phones.services.audit.acts import record_act
from phones.services.audit.chain.heads import NO_HEAD, Head, HeadSpoiled, export_head, exported_note
from phones.services.installation.archive import Manifest, folder_beside, read_manifest, unpack
from phones.services.installation.engines import load
from phones.services.installation.instances import statements_to_hold
from phones.services.key_proofs import unproven


class Refused(Exception):
    """Base: the backup can't become this database, which was not changed."""


class OtherDatabase(Refused):
    """It is of the other kind of database, which `args[0]` names."""


class NewerRelease(Refused):
    """It was made by a newer release, which `args[0]` names."""


class OtherKeys(Refused):
    """The keys of these settings (`args[0]`) are not those with which it was written."""


class NotEmpty(Refused):
    """The database has content already."""


def restore_backup(path: Path, *, known: Collection[str], replaces: bool) -> Manifest:
    """Let a backup be the database; sessions and what the cache holds are not taken over.

    :param known: the migrations of this release, as `app.name`.
    :param replaces: whether what the database holds now may go.
    :raises NotABackup: the file is none, or damaged.
    :raises Refused: see its classes.
    :raises ProgramMissing: PostgreSQL's psql is not on this machine.
    :raises ProgramFailed: it failed.
    """
    manifest = read_manifest(path)
    if manifest.vendor != connection.vendor:
        raise OtherDatabase(manifest.vendor)
    if not set(manifest.migrations) <= set(known):
        raise NewerRelease(manifest.version)
    if wrong := unproven(manifest.proofs):
        raise OtherKeys(wrong)
    if not replaces and has_content():
        raise NotEmpty
    with folder_beside(settings.DATA_DIR / "restore") as folder:
        load(unpack(path, folder), statements_to_hold())
    ContentType.objects.clear_cache()
    _note_heads(manifest)
    return manifest


def has_content() -> bool:
    """Return whether the database holds people, projects or acts."""
    tables = set(connection.introspection.table_names())
    return any(model._meta.db_table in tables and model.objects.exists() for model in (User, Project, Act))


def _note_heads(manifest: Manifest) -> None:
    """Note the ends of chains as the manifest has them, where this folder has noted none: the database holds them."""
    for chain, head in manifest.heads.items():
        with suppress(HeadSpoiled):
            if exported_note(UUID(chain)).head == NO_HEAD:
                export_head(UUID(chain), Head(*head))


def note_restore(manifest: Manifest, *, now: datetime) -> None:
    """Write down in the site's chain that, and from when, the database was restored."""
    details = {"made_at": manifest.made_at, "version": manifest.version}
    record_act(kind=ActKind.RESTORED, actor=None, at=now, details=details)
