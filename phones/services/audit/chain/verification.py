"""Verification of the audit log: whether each entry, and the hash chain over all, is as it was written.

Entries and seals are read as two sorted streams of plain columns, so memory does not grow with the log.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import JSONField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from phones.models import (
    Act,
    ChainBreak,
    ChainHead,
    Change,
    ChangeSeal,
    Outcome,
    Project,
    SealKind,
    chain_of,
)
from phones.models.audit import append_only
from phones.services.audit.chain.breaks import standing_of
from phones.services.audit.chain.hashing import ACT_FIELDS, EVERY_FIELD, act_digest, digests_of, mac_of
from phones.services.audit.chain.heads import NO_HEAD, Head, HeadSpoiled, Note, Standing, exported_note, head_path
from phones.services.audit.chain.noted_heads import check_noted_heads
from phones.services.audit.first_seen import is_as_sealed
from phones.services.audit.plan_rows import check_plans

CHUNK = 2000
# With a wrong key every seal differs, and nobody reads 100,000 lines.
NAMED_FAULTS = 50
_ID, _OUTCOME, _ACTOR = (EVERY_FIELD.index(name) for name in ("id", "outcome", "actor_number"))


@dataclass(slots=True)
class Verdict:
    """What was verified, and the first `NAMED_FAULTS` of its `fault_count` faults as sentences."""

    faults: list[str]
    fault_count: int = 0
    change_count: int = 0
    act_count: int = 0
    seal_count: int = 0

    def add(self, faults: Iterable[str]) -> None:
        """Count faults, and keep the sentences of the first ones."""
        for fault in faults:
            self.fault_count += 1
            if self.fault_count <= NAMED_FAULTS:
                self.faults.append(fault)


@dataclass(slots=True)
class _Chain:
    """The state of following the chain: the number and the HMAC expected next."""

    last: Head = NO_HEAD


def verify_guards() -> list[str]:
    """Return a sentence for each append-only trigger that is missing or not ours: the database accepts any UPDATE."""
    missing = _("The trigger %(name)s is missing: the database no longer guards the history. “migrate” puts it back.")
    altered = _("The trigger %(name)s was altered: it no longer guards the history. “migrate” puts it back.")
    return [
        *(missing % {"name": name} for name in append_only.missing_triggers()),
        *(altered % {"name": name} for name in append_only.altered_triggers()),
    ]


def verify_log(*, project: Project | None) -> Verdict:
    """Compare each entry of a project with its seals, the seals with each other, and the last one with the noted head.

    The caller provides a transaction with one snapshot. The file is read first, so it is never ahead of the database.
    """
    chain_id = chain_of(project)
    verdict = Verdict([])
    try:
        note: Note | None = exported_note(chain_id)
    except HeadSpoiled:
        note = None
    chain = _Chain()
    verdict.add(_check_seals(chain_id, chain, verdict))
    if project:
        verdict.add(_check_entries(project, verdict))
        verdict.add(check_plans(project))
        verdict.add(_check_first_seen(project))
    verdict.add(_check_acts(project, verdict))
    verdict.add(_check_end(chain_id, chain.last))
    if is_held := note is not None and standing_of(chain_id, note) is not Standing.LOST:
        verdict.add(check_noted_heads(chain_id))
    if not is_held or (note and note.head == NO_HEAD):
        verdict.add(_check_exported(chain_id, chain.last, note))
    return verdict


def _check_seals(chain_id: UUID, chain: _Chain, verdict: Verdict) -> Iterator[str]:
    """Follow the chain from its first link."""
    seals = ChangeSeal.objects.filter(chain=chain_id).order_by("number")
    columns = ("number", "change_id", "act_id", "kind", "digest", "mac")
    for number, change_id, act_id, kind, digest, mac in seals.values_list(*columns).iterator(chunk_size=CHUNK):
        expected = chain.last.number + 1
        entry_id = act_id or change_id or 0
        if number != expected:
            yield _("Seals %(first)s to %(last)s are gone.") % {"first": expected, "last": number - 1}
        elif mac != mac_of(
            chain=chain_id, number=number, entry_id=entry_id, kind=kind, digest=digest, before=chain.last.mac
        ):
            yield _seal_fault(kind) % {"number": number, "entry": entry_id}
        chain.last = Head(number, mac)
        verdict.seal_count += 1


def _seal_fault(kind: str) -> str:
    if kind == SealKind.ACT:
        return _("Seal %(number)s, of act %(entry)s, was altered, moved or made with another key.")
    if kind == SealKind.SEEN:
        return _("Seal %(number)s, of what was first seen, was altered, moved or made with another key.")
    return _("Seal %(number)s, of change %(entry)s, was altered, moved or made with another key.")


# The JSON is compared as the text in the table, whatever was put into it. The actor's id comes last.
_AS_STORED = (
    *(Cast(name, JSONField()) if isinstance(Change._meta.get_field(name), JSONField) else name for name in EVERY_FIELD),
    "actor_id",
)


def _check_entries(project: Project, verdict: Verdict) -> Iterator[str]:
    """Compare each entry with the digests in its seals."""
    changes = Change.objects.filter(project=project).order_by("pk").values_list(*_AS_STORED)
    seals = ChangeSeal.objects.filter(chain=project.pk, change__isnull=False)
    sealed = seals.order_by("change_id", "number").values_list("change_id", "kind", "digest").iterator(chunk_size=CHUNK)
    for change_id, values, seal in _paired(changes.iterator(chunk_size=CHUNK), _by_change(sealed)):
        verdict.change_count += values is not None
        if fault := _fault_of(values, seal):
            yield fault % {"change": change_id}


Sealed = TypeVar("Sealed")
# The sealed digests of an entry's beginning and of its latest ending, None without such a seal.
_Sealed = tuple[str | None, str | None]


def _by_change(seals: Iterator[tuple[int, str, str]]) -> Iterator[tuple[int, _Sealed]]:
    for change_id, group in groupby(seals, key=itemgetter(0)):
        latest = {kind: digest for _change_id, kind, digest in group}
        yield change_id, (latest.get(SealKind.BEGUN), latest.get(SealKind.SETTLED))


def _paired(
    changes: Iterator[Sequence[Any]], seals: Iterator[tuple[int, Sealed]]
) -> Iterator[tuple[int, Sequence[Any] | None, Sealed | None]]:
    """Merge-join two streams sorted by the entry's id; None stands for a row that only one of them has."""
    values, seal = next(changes, None), next(seals, None)
    while values is not None or seal is not None:
        change_id = min([*([values[_ID]] if values else []), *([seal[0]] if seal else [])])
        has_values, has_seal = bool(values and values[_ID] == change_id), bool(seal and seal[0] == change_id)
        yield change_id, values if has_values else None, seal[1] if seal and has_seal else None
        values = next(changes, None) if has_values else values
        seal = next(seals, None) if has_seal else seal


def _fault_of(values: Sequence[Any] | None, sealed: _Sealed | None) -> str:
    """Return what is wrong with an entry, as a sentence with a placeholder for its id; "" if nothing is."""
    if values is None:
        return _("Change %(change)s is gone: it was deleted, or moved to another project.")
    if sealed is None:
        return _("Change %(change)s has no seal: it was put in by other means.")
    *values, actor_id = values
    begun, settled = digests_of(values)
    sealed_begun, sealed_settled = sealed
    if sealed_begun not in {None, begun}:
        return _("Change %(change)s was altered: what was wanted is not what was written.")
    if sealed_settled is None and values[_OUTCOME] != Outcome.PENDING:
        return _("Change %(change)s was altered: it has an ending that was never written.")
    # The actor's id becomes null when their account is deleted, and never another one.
    if actor_id is not None and values[_ACTOR] not in {None, actor_id}:
        return _("Change %(change)s was altered: it is ascribed to somebody else.")
    if sealed_settled not in {None, settled}:
        return _("Change %(change)s was altered: it is not what was written when it ended.")
    return ""


def _check_acts(project: Project | None, verdict: Verdict) -> Iterator[str]:
    """Compare each act with the digest in its seal."""
    acts = Act.objects.filter(project=project).order_by("pk").values_list(*ACT_FIELDS)
    seals = ChangeSeal.objects.filter(chain=chain_of(project), act__isnull=False).order_by("act_id")
    sealed = seals.values_list("act_id", "digest").iterator(chunk_size=CHUNK)
    for act_id, values, digest in _paired(acts.iterator(chunk_size=CHUNK), sealed):
        verdict.act_count += values is not None
        if values is None:
            yield _("Act %(act)s is gone: it was deleted, or moved to another project.") % {"act": act_id}
        elif digest is None:
            yield _("Act %(act)s has no seal: it was put in by other means.") % {"act": act_id}
        elif act_digest(values) != digest:
            yield _("Act %(act)s was altered: it is not what was written.") % {"act": act_id}


def _check_first_seen(project: Project) -> Iterator[str]:
    """Compare entry zero of all phones with what was sealed of them."""
    if not is_as_sealed(project):
        yield _("What was first seen of a number was altered, or a number was put in or deleted by other means.")


def _check_end(chain_id: UUID, last: Head) -> Iterator[str]:
    """Compare the last seal with the `ChainHead` row."""
    head = ChainHead.objects.filter(chain=chain_id).values_list("number", "mac").first() or NO_HEAD
    if head != last:
        yield _("The chain ends with seal %(last)s, and was left at seal %(number)s.") % {
            "last": last.number,
            "number": head[0],
        }


def _check_exported(chain_id: UUID, last: Head, note: Note | None) -> Iterator[str]:
    """Say what is wrong with the head as noted outside the database, which the chain does not hold."""
    head = note.head if note else None
    words = {"path": head_path(chain_id), "number": head.number if head else 0, "last": last.number}
    if head == NO_HEAD and last != NO_HEAD:
        yield _("%(path)s is gone: nobody can say whether the chain was cut off.") % words
    elif head == NO_HEAD:
        return
    elif head is None:
        yield _("%(path)s can’t be read or was spoiled: nobody can say whether the chain was cut off.") % words
    elif head.number > last.number:
        yield _("The chain was cut off: it ends with seal %(last)s, and %(path)s notes seal %(number)s.") % words
    else:
        yield _("The chain was made anew: seal %(number)s is not the one that %(path)s notes.") % words


def acknowledged_breaks(*, project: Project | None) -> list[str]:
    """Return a sentence for each acknowledged break of the chain, oldest first."""
    told = _("%(time)s: %(person)s has acknowledged that seal %(number)s was noted, and the chain ended with %(last)s.")
    return [
        told
        % {
            "time": each.acknowledged_at.isoformat(timespec="seconds"),
            "person": each.actor_name,
            "number": each.noted_number,
            "last": each.found_number,
        }
        for each in ChainBreak.objects.filter(chain=chain_of(project)).order_by("pk")
    ]
