"""The ends of the chains, kept in files outside the database: whoever cuts off the last entries can't hide it."""

import fcntl
import os
import uuid
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

FOLDER = "diary-heads"


class Head(NamedTuple):
    """The number and the keyed hash of a chain's last link."""

    number: int
    mac: str


def _path(project_id: uuid.UUID) -> Path:
    return Path(settings.DATA_DIR) / FOLDER / f"{project_id}.txt"


def export_head(project_id: uuid.UUID, head: Head) -> None:
    """Write the end of a chain, unless the file has a later one: processes come by in any order."""
    path = _path(project_id)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if _parsed(file.read()).number >= head.number:
            return
        file.seek(0)
        # Always longer than what stood there, so that nothing of it is left.
        file.write(f"{head.number:020d} {head.mac}\n")


def exported_head(project_id: uuid.UUID) -> Head:
    """Return the end of a chain as this machine wrote it last; number 0 if it never did."""
    try:
        return _parsed(_path(project_id).read_text())
    except FileNotFoundError:
        return Head(0, "")


def _parsed(text: str) -> Head:
    number, _blank, mac = text.strip().partition(" ")
    return Head(int(number), mac) if number.isdecimal() else Head(0, "")
