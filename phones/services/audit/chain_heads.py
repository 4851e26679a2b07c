"""The ends of the chains, kept in files outside the database: whoever cuts off the last entries can't hide it.

A file is replaced only while the chain holds the entry that it notes. Else the database was put back, or altered, and
the file is the only witness: it is kept until somebody has acknowledged that (`chain_breaks`).
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


class Note(NamedTuple):
    """A file as it stands: its text, and the end of the chain that it names, None where it was spoiled."""

    text: str
    head: Head | None

    @property
    def digest(self) -> str:
        """What names this very note, whatever stands in it."""
        return hashlib.sha256(self.text.encode("latin-1")).hexdigest()


class Standing(Enum):
    """What the database says of a note: it holds the entry, or not, or not and somebody has acknowledged that."""

    HELD = "held"
    LOST = "lost"
    ACKNOWLEDGED = "acknowledged"


def head_path(project_id: uuid.UUID) -> Path:
    """Return where the end of a chain is kept."""
    return Path(settings.DATA_DIR) / FOLDER / f"{project_id}.txt"


def export_head(
    project_id: uuid.UUID, head: Head, standing_of: Callable[[Note], Standing] = lambda _note: Standing.LOST
) -> None:
    """Write the end of a chain, unless the file has a later one (processes come by in any order), or one that is lost.

    A file that can't be written is logged and no more: the entry stands, and the next one writes the file again.
    """
    try:
        _write(head_path(project_id), head, standing_of)
    except OSError as error:
        logger.warning("The end of the diary of project %s was not exported: %s", project_id, error.strerror)
    except HeadSpoiled:
        logger.error("The diary of project %s does not hold the entry that %s notes", project_id, head_path(project_id))


def _write(path: Path, head: Head, standing_of: Callable[[Note], Standing]) -> None:
    """Write the file under its lock.

    :raises HeadSpoiled: it notes what the chain does not hold.
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
    """Return the end of a chain as this machine wrote it last; of a machine that never did, one of `NO_HEAD`.

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
        # It was made a moment ago, and is about to be written.
        return Note(text, NO_HEAD)
    number, mac = text[:NUMBER_LENGTH], text[NUMBER_LENGTH + 1 : -1]
    is_ours = len(text) == LINE_LENGTH and number.isascii() and number.isdecimal()
    return Note(text, Head(int(number), mac) if is_ours else None)
