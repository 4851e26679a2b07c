"""The heads of the hash chains, in files outside the database, so that removing the last entries is detected.

A file has a line for each head, and is only appended to. It goes on only while the chain holds the entry of its last
line. Otherwise the database was restored or altered, and the file is the only evidence: it stays as it is until a
person acknowledges the break (`chain_breaks`).
"""

import fcntl
import hashlib
import logging
import os
import uuid
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.conf import settings

logger = logging.getLogger("phones.audit")

FOLDER = "diary-heads"
# "00000000000000000007 9f86d081…" and a line end.
NUMBER_LENGTH = 20
LINE_LENGTH = NUMBER_LENGTH + 1 + 64 + 1
# As much of the end of a file has its last line.
TAIL_LENGTH = 2 * LINE_LENGTH


class HeadSpoiled(Exception):
    """The file does not have the format that this program writes."""


class Head(NamedTuple):
    """The number and the keyed hash (HMAC) of a chain's last link."""

    number: int
    mac: str


NO_HEAD = Head(0, "")


class Note(NamedTuple):
    """The last line of a file: its text, and the head that it names, None if the text is damaged."""

    text: str
    head: Head | None

    @property
    def digest(self) -> str:
        """A digest of the text, which identifies this note even if it is damaged."""
        return _digest(self.text)

    @property
    def digests(self) -> tuple[str, str]:
        """The digest now, and the one it had while it was the last line, if that had no end."""
        return self.digest, _digest(self.text[:-1][-TAIL_LENGTH:])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("latin-1")).hexdigest()


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
    """Append a chain's head, unless the file names a later entry (processes write in any order) or one that is missing.

    A failure to write is logged only: the entry is committed, and the next one is appended as well.
    """
    try:
        _write(head_path(project_id), head, standing_of)
    except OSError as error:
        logger.warning("The end of the log of project %s was not exported: %s", project_id, error.strerror)
    except HeadSpoiled:
        logger.error("The log of project %s does not hold the entry that %s notes", project_id, head_path(project_id))


def _write(path: Path, head: Head, standing_of: Callable[[Note], Standing]) -> None:
    """Append to the file under its lock (`O_APPEND`: no program that opens it so can overwrite what is there).

    :raises HeadSpoiled: it names an entry that the chain does not hold.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = _last_line(file)
        note = _noted(text)
        standing = Standing.HELD if note.head == NO_HEAD else standing_of(note)
        if standing is Standing.LOST:
            raise HeadSpoiled
        if standing is Standing.ACKNOWLEDGED or note.head is None or note.head.number < head.number:
            start = "\n" if text and not text.endswith("\n") else ""
            file.write(f"{start}{head.number:0{NUMBER_LENGTH}d} {head.mac}\n".encode())


def _last_line(file: BinaryIO) -> str:
    """Return the last line of a file, or the end of what is too long for one."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_LENGTH))
    tail = file.read().decode("latin-1")
    return tail[tail.rfind("\n", 0, -1) + 1 :]


def exported_note(project_id: uuid.UUID) -> Note:
    """Return the head of a chain as this machine last wrote it; a note of `NO_HEAD` if it never did.

    :raises HeadSpoiled: the file can't be read.
    """
    try:
        with head_path(project_id).open("rb") as file:
            return _noted(_last_line(file))
    except FileNotFoundError:
        return Note("", NO_HEAD)
    except OSError:
        raise HeadSpoiled from None


def exported_notes(project_id: uuid.UUID) -> Iterator[Note]:
    """Yield every line of a chain's file, oldest first; none without a file, or if it can't be read."""
    try:
        with head_path(project_id).open(encoding="latin-1", newline="\n") as file:
            yield from map(_noted, file)
    except OSError:
        return


def _noted(text: str) -> Note:
    if not text:
        # The file was just created, and its content is about to be written.
        return Note(text, NO_HEAD)
    number, mac = text[:NUMBER_LENGTH], text[NUMBER_LENGTH + 1 : -1]
    is_ours = len(text) == LINE_LENGTH and number.isascii() and number.isdecimal()
    return Note(text, Head(int(number), mac) if is_ours else None)
