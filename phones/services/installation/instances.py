"""Which folders of data (DATA_DIR) belong to this database: a restored copy runs from one that it does not know.

Each folder has an id in a file, outside the database and outside any backup; the file also names its own inode, so a
copy of the whole folder has another id. The first folder is admitted by itself, a further one by a worker that is
admitted and runs, or by a person. A copy has neither.
"""

import os
import socket
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkstemp

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from phones.models import ActKind, Instance
from phones.services.audit.acts import record_act
from phones.services.audit.chain.noted_heads import begin_notes

FILE = "instance"
# A folder that was admitted so recently, by another machine’s clock, has noted no heads yet.
BEGINS_WITHIN = timedelta(minutes=10)
HOLD = """
DELETE FROM phones_session;
DELETE FROM cache;
DELETE FROM phones_instance;
INSERT INTO phones_instance (id, host, noted_at, admitted_at) VALUES ('%(id)s', '%(host)s', CURRENT_TIMESTAMP, NULL);
"""


class NothingIsHeld(Exception):
    """No folder waits to be admitted."""


def own_id() -> uuid.UUID | None:
    """Return the id of this process's folder, None if it has none yet, or that of the folder it was copied from."""
    path = _path()
    try:
        with path.open(encoding="ascii") as file:
            text, inode = file.read().split()
            is_own = int(inode) == os.fstat(file.fileno()).st_ino
        return uuid.UUID(text) if is_own else None
    except (FileNotFoundError, ValueError):
        return None


def is_foreign() -> bool:
    """Return whether the database knows folders, and has not admitted this one. One query."""
    admitted = dict(Instance.objects.values_list("pk", "admitted_at"))
    own = own_id()
    return bool(admitted) and (own is None or admitted.get(own) is None)


def waiting_hosts() -> list[str]:
    """Return the machines of the folders that wait to be admitted. One query."""
    waiting = Instance.objects.filter(admitted_at=None).order_by("noted_at")
    return list(waiting.values_list("host", flat=True))


def note_own(now: datetime) -> None:
    """Note the folder of this worker; admit the others that wait, if it is admitted itself. Two queries.

    A further folder begins to note the heads of the chains when it is admitted, as nothing can have been cut off there
    before. Later a file that is missing is told by a verification.
    """
    own = own_id() or _make_id()
    with transaction.atomic():
        admitted = dict(Instance.objects.values_list("pk", "admitted_at"))
        if own not in admitted:
            at = None if admitted else now
            Instance.objects.create(pk=own, host=socket.gethostname(), noted_at=now, admitted_at=at)
        elif admitted[own] and None in admitted.values():
            Instance.objects.filter(admitted_at=None).update(admitted_at=now)
    admitted_at = admitted.get(own)
    if admitted_at and now - admitted_at < BEGINS_WITHIN:
        begin_notes()


def statements_to_hold() -> str:
    """Return the SQL after which nothing is done by itself from any folder, this one included, until a person says so.

    Sessions and the cache (throttles, heartbeats) are of another time.
    """
    own = own_id() or _make_id()
    return HOLD % {"id": own.hex, "host": socket.gethostname().replace("'", "")}


def go_on(*, by: User | None, now: datetime) -> list[str]:
    """Admit every folder that waits, and write down who said so; return their machines.

    :raises NothingIsHeld: none waits.
    """
    with transaction.atomic():
        hosts = waiting_hosts()
        if not hosts:
            raise NothingIsHeld
        Instance.objects.filter(admitted_at=None).update(admitted_at=now)
        record_act(kind=ActKind.COPY_RELEASED, actor=by, at=now, details={"hosts": _joined(hosts)})
    return hosts


def _joined(hosts: Iterable[str]) -> str:
    return " ".join(sorted(set(hosts)))


def _path() -> Path:
    return Path(settings.DATA_DIR) / FILE


def _make_id() -> uuid.UUID:
    """Give the folder an id. The file appears whole; of two processes at once, the later one's stays."""
    made = uuid.uuid4()
    handle, name = mkstemp(prefix=f".{FILE}-", dir=settings.DATA_DIR)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{made} {os.fstat(file.fileno()).st_ino}\n")
    Path(name).replace(_path())
    return own_id() or made
