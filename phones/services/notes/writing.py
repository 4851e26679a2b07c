"""Notes on phones: texts of this desk alone."""

from dataclasses import dataclass
from hashlib import sha256

from django.contrib.auth.models import User
from django.db import transaction

from phones.models import Act, ActKind, Phone
from phones.services.audit.acts import record_act
from phones.services.clock import Clock
from phones.services.finding.sqlite_search import index_phones
from phones.services.sync.bulk_rows import DERIVED
from phones.services.sync.merge import derive_in_memory

NOTE_LIMIT = 1000


@dataclass(slots=True)
class NoteMoved(Exception):
    """Another note was written since the person saw it; nothing was stored. `act` is who did that, if it is known."""

    note: str
    act: Act | None


def fingerprint_of(note: str) -> str:
    """Return what identifies a note that somebody saw."""
    return sha256(note.encode()).hexdigest()[:16]


def write_note(*, phone: Phone, note: str, seen: str, actor: User, clock: Clock) -> bool:
    """Store a note with its act, and return whether it differs from the stored one; `phone` is then as its row.

    :param seen: the fingerprint of the note that the person saw.
    :raises NoteMoved: it is neither the stored note nor what the person wants.
    """
    with transaction.atomic():
        row = Phone.objects.select_for_update().get(pk=phone.pk)
        phone.note = row.note
        if row.note == note:
            return False
        if fingerprint_of(row.note) != seen:
            raise NoteMoved(row.note, _last_act(phone))
        before, row.note = row.note, note
        derive_in_memory(row)
        row.save(update_fields=["note", *DERIVED])
        index_phones(row.project_id.hex, [row.pk.hex])
        details = {"phone": str(row.pk), "number": row.shown, "note": {"before": before, "after": note}}
        record_act(kind=ActKind.NOTE_CHANGED, at=clock(), actor=actor, project=phone.project, details=details)
    phone.note = note
    return True


def _last_act(phone: Phone) -> Act | None:
    """Return the act that wrote the note of a phone. It is among the newest of the project where a form was open."""
    acts = Act.objects.filter(project=phone.project, kind=ActKind.NOTE_CHANGED, details__phone=str(phone.pk))
    return acts.order_by("-id").first()
