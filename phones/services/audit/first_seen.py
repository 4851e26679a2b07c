"""Entry zero in the chain: as what each phone was first seen.

A seal of kind SEEN has the sum of the digests of the phones that were stored with it, modulo 2²⁵⁶, so that all of a
project's are compared with all of its phones in one pass, in any order. The first one of a project also covers the
phones of releases that sealed none.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import JSONField, QuerySet
from django.db.models.functions import Cast

from phones.models import ChangeSeal, Phone, Project, SealKind
from phones.services.audit.chain.appending import Link, append, hold
from phones.services.audit.chain.hashing import seen_sum, seen_sum_of_texts

CHUNK = 2000
Seen = tuple[UUID, datetime, dict[str, Any]]
# The same with entry zero as `canonical_json`.
SeenText = tuple[UUID, datetime, str]


def seal_first_seen(project: Project, phones: Sequence[SeenText], *, stored_count: int) -> None:
    """Seal phones of which so many were stored in this transaction; a process may have stored the others meanwhile.

    Those are told by their times, and were sealed by that process. Two queries, and one more where the rows are read.
    """
    hold(project.pk)
    if not _seals(project).exists():
        _append(project, seen_sum(_rows(_seen(project))))
    elif stored_count == len(phones):
        _append(project, seen_sum_of_texts(phones))
    else:
        ids, times = [phone[0] for phone in phones], {phone[1] for phone in phones}
        _append(project, seen_sum(_rows(_seen(project).filter(pk__in=ids, first_seen_at__in=times))))


def seal_older_phones(project: Project) -> None:
    """Seal what was first seen of all phones of a project, unless some are sealed."""
    hold(project.pk)
    if not _seals(project).exists():
        _append(project, seen_sum(_rows(_seen(project))))


def is_as_sealed(project: Project) -> bool:
    """Return whether the phones were first seen as what was sealed. True for a project of which none was."""
    sealed = list(_seals(project).values_list("digest", flat=True))
    total = sum(int(digest, 16) for digest in sealed) % 2**256
    return not sealed or f"{total:064x}" == seen_sum(_rows(_seen(project)))


def _seals(project: Project) -> QuerySet[ChangeSeal]:
    return ChangeSeal.objects.filter(chain=project.pk, kind=SealKind.SEEN)


def _seen(project: Project) -> QuerySet[Phone]:
    return Phone.objects.filter(project=project, first_seen_at__isnull=False).order_by()


def _rows(phones: QuerySet[Phone]) -> Iterator[Seen]:
    values = phones.values_list("pk", "first_seen_at", Cast("first_seen", JSONField()))
    return values.iterator(chunk_size=CHUNK)


def _append(project: Project, digest: str) -> None:
    append(project.pk, [Link(SealKind.SEEN, digest)])
