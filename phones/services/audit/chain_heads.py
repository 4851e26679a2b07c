"""The heads of the hash chains, in files outside the database, so that removing the last entries is detected.

A file is replaced only while the chain holds the entry that it notes. Otherwise the database was restored or altered,
and the file is the only evidence: it is kept until a person acknowledges the break (`chain_breaks`).
"""

import fcntl
import hashlib
import logging
import os
import uuid
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

logger = logging.getLogger("phones.diary")

FOLDER = "diary-heads"
# "00000000000000000007 9f86d081…" and a line end.
NUMBER_LENGTH = 20
LINE_LENGTH = NUMBER_LENGTH + 1 + 64 + 1


class HeadSpoiled(Exception):
    """The file does not have the format that this program writes."""


class Head(NamedTuple):
    """The number and the keyed hash (HMAC) of a chain's last link."""

    number: int
    mac: str


NO_HEAD = Head(0, "")


class Note(NamedTuple):
    """The content of a file: its text, and the head that it names, None if the text is damaged."""

    text: str
    head: Head | None

    @property
    def digest(self) -> str:
        """A digest of the text, which identifies this note even if it is damaged."""
        return hashlib.sha256(self.text.encode("latin-1")).hexdigest()


class Standing(Enum):
    """How the database relates to a note: it holds the entry, does not, or does not and the break was acknowledged."""

    HELD = "held"
    LOST = "lost"
    ACKNOWLEDGED = "acknowledged"


def head_path(project_id: uuid.UUID) -> Path:
    """Return the path of the file with a chain's head."""
    return Path(settings.DATA_DIR) / FOLDER / f"{project_id}.txt"


def export_head(
    project_id: uuid.UUID, head: Head, standing_of: Callable[[Note], Standing] = lambda _note: Standing.LOST
) -> None:
    """Write a chain's head, unless the file names a later entry (processes write in any order) or one that is missing.

    A failure to write is logged only: the entry is committed, and the next one writes the file again.
    """
    try:
        _write(head_path(project_id), head, standing_of)
    except OSError as error:
        logger.warning("The end of the diary of project %s was not exported: %s", project_id, error.strerror)
    except HeadSpoiled:
        logger.error("The diary of project %s does not hold the entry that %s notes", project_id, head_path(project_id))


def _write(path: Path, head: Head, standing_of: Callable[[Note], Standing]) -> None:
    """Write the file under its lock.

    :raises HeadSpoiled: it names an entry that the chain does not hold.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="latin-1") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        note = _noted(file.read(LINE_LENGTH + 1))
        standing = Standing.HELD if note.head == NO_HEAD else standing_of(note)
        if standing is Standing.LOST:
            raise HeadSpoiled
        if standing is Standing.ACKNOWLEDGED or note.head is None or note.head.number < head.number:
            file.seek(0)
            file.write(f"{head.number:0{NUMBER_LENGTH}d} {head.mac}\n")
            file.truncate()


def exported_note(project_id: uuid.UUID) -> Note:
    """Return the head of a chain as this machine last wrote it; a note of `NO_HEAD` if it never did.

    :raises HeadSpoiled: the file can't be read.
    """
    try:
        with head_path(project_id).open(encoding="latin-1") as file:
            return _noted(file.read(LINE_LENGTH + 1))
    except FileNotFoundError:
        return Note("", NO_HEAD)
    except OSError:
        raise HeadSpoiled from None


def _noted(text: str) -> Note:
    if not text:
        # The file was just created, and its content is about to be written.
        return Note(text, NO_HEAD)
    number, mac = text[:NUMBER_LENGTH], text[NUMBER_LENGTH + 1 : -1]
    is_ours = len(text) == LINE_LENGTH and number.isascii() and number.isdecimal()
    return Note(text, Head(int(number), mac) if is_ours else None)
