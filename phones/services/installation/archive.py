"""The file of a backup: a compressed tar with the database, and before it a manifest of what it is."""

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
# A manifest has a line for each migration and each chain; more is none of ours.
MANIFEST_BYTES = 10 * 1024**2


class NotABackup(Exception):
    """The file is not one of ours, or is damaged."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of.

    `vendor` is the kind of database, `migrations` are as `app.name`, `instance` is the folder it was made in. `heads`
    has the number and the HMAC of each chain's end. `proofs` tell whether keys are the right ones, and nothing of them.
    """

    version: str
    vendor: str
    made_at: str
    instance: str
    migrations: list[str]
    heads: dict[str, tuple[int, str]]
    proofs: dict[str, str]


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Give a folder on the disk of `path`, for this user alone, and remove it with all that is in it."""
    with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as name:
        yield Path(name)


def pack(path: Path, manifest: Manifest, database: Path) -> None:
    """Write a backup; the file appears whole, and for this user alone."""
    made = database.with_name("backup")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=5) as tar:
            text = json.dumps({"format": FORMAT} | asdict(manifest), indent=1).encode()
            info = tarfile.TarInfo(MANIFEST)
            info.size, info.mode = len(text), 0o600
            tar.addfile(info, BytesIO(text))
            tar.add(database, DATABASE, recursive=False)
        file.flush()
        os.fsync(file.fileno())
    made.rename(path)


def read_manifest(path: Path) -> Manifest:
    """Return what a backup is of.

    :raises NotABackup: it is none.
    """
    with _opened(path) as tar:
        info = tar.next()
        file = tar.extractfile(info) if info and info.name == MANIFEST and info.size <= MANIFEST_BYTES else None
        if file is None:
            raise NotABackup
        found = json.loads(file.read())
        if found.pop("format") != FORMAT:
            raise NotABackup
        heads = {str(UUID(chain)): (int(number), str(mac)) for chain, (number, mac) in found.pop("heads").items()}
        return Manifest(heads=heads, **found)


def unpack(path: Path, folder: Path) -> Path:
    """Take the database out of a backup, into a folder; return its path.

    :raises NotABackup: the file is damaged.
    """
    found = folder / DATABASE
    # `tar.extract` with a filter is not in Python 3.11.2, which Debian 12 has.
    with _opened(path) as tar, found.open("xb") as file:
        packed = tar.extractfile(DATABASE)
        if packed is None:
            raise NotABackup
        shutil.copyfileobj(packed, file)
    return found


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:gz") as tar:
            yield tar
    except (tarfile.TarError, EOFError, AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        # What the system says of a path stays; a damaged gzip is an OSError without a number.
        if isinstance(error, OSError) and error.errno:
            raise
        raise NotABackup from error
