"""What migrations compute, as the program did when they were written: it goes on changing, what they did must not."""

import hashlib
import hmac
import json
import logging
import os
import unicodedata
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import filterfalse
from pathlib import Path
from typing import Any

from django.conf import settings

logger = logging.getLogger("phones.migrations")


def folded(text: str) -> str:
    """Return the text in lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(filterfalse(unicodedata.combining, decomposed))


def nickname_key(nickname: str | None) -> str:
    """Return a nickname without case, accents and needless blanks. Of 0002."""
    return " ".join(folded(nickname or "").split())


def agent_key(agent_id: uuid.UUID, name: str | None) -> str:
    """Return the key by which phones are sorted by their agent. Of 0003."""
    return folded(name or str(agent_id)[:8])


# The columns of a change that were sealed first, of 0004: those it begins with, and those it is settled with.
BEGUN_FIELDS = (
    "id project_id phone_id number source actor_name reason ticket before after created_at form_token seen_from"
    " reverts_id"
).split()
SETTLED_FIELDS = "outcome stored http_status message cause request_id settled_at duration_ms".split()


def change_digest(change: dict[str, Any]) -> tuple[str, str]:
    """Return the kind of seal that a change gets, and its digest. Of 0004."""
    begun = _hashed([change[name] for name in BEGUN_FIELDS])
    if change["outcome"] == "PENDING":
        return "BEGUN", begun
    return "SETTLED", _hashed([begun, *(change[name] for name in SETTLED_FIELDS)])


def _hashed(values: Sequence[Any]) -> str:
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, uuid.UUID):
        return value.hex
    raise TypeError(f"Nothing of a change is a {type(value).__name__}")


def seal_mac(project_id: uuid.UUID, number: int, change_id: int, kind: str, digest: str, before: str) -> str:
    """Return the keyed hash of a seal; `before` is that of the seal before it, "" for the first. Of 0004."""
    text = f"{project_id.hex} {number} {change_id} {kind} {digest} {before}"
    return hmac.digest(settings.DIARY_KEY.encode(), text.encode(), "sha256").hex()


def export_head(project_id: uuid.UUID, number: int, mac: str) -> None:
    """Write the last seal of a project to its file, unless there is one already: that is the witness. Of 0004."""
    path = Path(settings.DATA_DIR) / "diary-heads" / f"{project_id}.txt"
    line = f"{number:020d} {mac}\n"
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            noted = file.read()
            if not noted:
                file.write(line)
            elif noted != line:
                logger.error("%s is kept: it notes an end of the history that is not there", path)
    except OSError as error:
        logger.warning("The end of the history of project %s was not exported: %s", project_id, error.strerror)
