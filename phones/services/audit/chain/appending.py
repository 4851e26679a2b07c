"""Appending to a hash chain: the only place that makes seals."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from phones.models import Act, ChainHead, Change, ChangeSeal, SealKind
from phones.services.audit.chain.breaks import standing_of
from phones.services.audit.chain.hashing import mac_of
from phones.services.audit.chain.heads import Head, Note, Standing, export_head


@dataclass(frozen=True, slots=True)
class Link:
    """What is to be sealed: a state of a change, an act, or what phones were first seen as, and its digest."""

    kind: SealKind
    digest: str
    change: Change | None = None
    act: Act | None = None


def hold(chain: uuid.UUID) -> ChainHead:
    """Lock the `ChainHead` row of a chain until the transaction ends, and return it: that serialises appending."""
    head = ChainHead.objects.select_for_update().filter(chain=chain).first()
    if head is None:
        ChainHead.objects.bulk_create([ChainHead(chain=chain)], ignore_conflicts=True)
        head = ChainHead.objects.select_for_update().get(chain=chain)
    return head


def append(chain: uuid.UUID, links: Iterable[Link]) -> None:
    """Append links within the caller's transaction."""
    head = hold(chain)
    before = Head(head.number, head.mac)
    seals: list[ChangeSeal] = []
    for link in links:
        head.number += 1
        seal = ChangeSeal(
            chain=chain, number=head.number, change=link.change, act=link.act, kind=link.kind, digest=link.digest
        )
        seal.mac = head.mac = mac_of(
            chain=chain,
            number=head.number,
            entry_id=seal.act_id or seal.change_id or 0,
            kind=link.kind,
            digest=link.digest,
            before=head.mac,
        )
        seals.append(seal)
    ChangeSeal.objects.bulk_create(seals)
    head.save(update_fields=["number", "mac"])

    def standing(note: Note) -> Standing:
        return Standing.HELD if note.head == before else standing_of(chain, note)

    # The entry stays even if the file can't be written.
    transaction.on_commit(partial(export_head, chain, Head(head.number, head.mac), standing), robust=True)
