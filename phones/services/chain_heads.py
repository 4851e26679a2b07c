"""The ends of the chains, kept in files outside the database: whoever cuts off the last entries can't hide it."""

import fcntl
import logging
import os
import uuid
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

logger = logging.getLogger("phones.diary")

FOLDER = "diary-heads"
# "00000000000000000007 9f86d081…" and the end of the line.
NUMBER_LENGTH = 20
LINE_LENGTH = NUMBER_LENGTH + 1 + 64 + 1


class HeadSpoiled(Exception):
    """The file is not as this program writes it."""


class Head(NamedTuple):
    """The number and the keyed hash of a chain's last link."""

    number: int
    mac: str


NO_HEAD = Head(0, "")


def head_path(project_id: uuid.UUID) -> Path:
    """Return where the end of a chain is kept."""
    return Path(settings.DATA_DIR) / FOLDER / f"{project_id}.txt"


def export_head(project_id: uuid.UUID, head: Head) -> None:
    """Write the end of a chain, unless the file has a later one: processes come by in any order.

    A file that can't be written is logged and no more: the entry stands, and the next one writes the file again.
    """
    try:
        _write(head_path(project_id), head)
    except OSError as error:
        logger.warning("The end of the diary of project %s was not exported: %s", project_id, error.strerror)


def _write(path: Path, head: Head) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="latin-1") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            earlier = _parsed(file.read(LINE_LENGTH + 1))
        except HeadSpoiled:
            earlier = NO_HEAD
        if earlier.number < head.number:
            file.seek(0)
            file.write(f"{head.number:0{NUMBER_LENGTH}d} {head.mac}\n")
            file.truncate()


def exported_head(project_id: uuid.UUID) -> Head:
    """Return the end of a chain as this machine wrote it last; `NO_HEAD` if it never did.

    :raises HeadSpoiled: the file can't be understood.
    """
    try:
        with head_path(project_id).open(encoding="latin-1") as file:
            return _parsed(file.read(LINE_LENGTH + 1))
    except FileNotFoundError:
        return NO_HEAD
    except OSError:
        raise HeadSpoiled from None


def _parsed(text: str) -> Head:
    if not text:
        # It was made a moment ago, and is about to be written.
        return NO_HEAD
    number, mac = text[:NUMBER_LENGTH], text[NUMBER_LENGTH + 1 : -1]
    if len(text) != LINE_LENGTH or not (number.isascii() and number.isdecimal()):
        raise HeadSpoiled
    return Head(int(number), mac)
